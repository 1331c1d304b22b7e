"""Gradient descent and momentum, step by step, and what goes wrong in them and in any update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lamina.glassbox.doctor.scopes import within
from lamina.glassbox.doctor.steps import Mistake, Program, run


def named_arrays(parameters: Any) -> list[str]:
    layers = sum(str(name).startswith("W") for name in parameters)
    return [f"{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb"]


def each_array(inner: Program, *memories: str, **settings: str) -> Callable[[Any], dict[str, Any]]:
    """Return the step that updates every array with the inner program; results are named W1, v[dW1], ..."""

    def update(s: Any) -> dict[str, Any]:
        new: dict[str, Any] = {}
        for name in named_arrays(s.parameters):
            around = {"array": name, "L": len(named_arrays(s.parameters)) // 2, "moving": name in s.names}
            around |= {memory: getattr(s, memory)[f"d{name}"] for memory in memories}
            around |= {setting: getattr(s, given) for setting, given in settings.items()}
            done = run(inner, s.parameters[name], s.grads[f"d{name}"], mistakes=s.mistakes, **around)
            new |= {key.format(name=name): value for key, value in inner.outputs(done).items()}
        return new

    return update


def moved(s: Any, step: Any) -> Any:
    return s.old + s.sign * step if s.moving else s.old


MOVE: dict[str, Any] = {"sign": lambda s: -1.0, "rate": lambda s: s.learning_rate}

_DESCENT = Program(
    "descent",
    lambda old, grad: {"old": old, "grad": grad},
    {**MOVE, "step": lambda s: s.rate * s.grad, "new": lambda s: moved(s, s.step)},
    lambda s: {"{name}": s.new},
)

_MOMENTUM = Program(
    "momentum",
    lambda old, grad: {"old": old, "grad": grad},
    {
        **MOVE,
        "kept": lambda s: s.beta,
        "added": lambda s: 1 - s.beta,
        "new_v": lambda s: s.kept * s.v + s.added * s.grad,
        "step": lambda s: s.rate * s.new_v,
        "new": lambda s: moved(s, s.step),
        "stored_v": lambda s: s.new_v,
    },
    lambda s: {"{name}": s.new, "v[d{name}]": s.stored_v},
)


def update_program(name: str, inner: Program, arguments: Callable[..., dict[str, Any]], each: Any) -> Program:
    steps = {"names": lambda s: named_arrays(s.parameters), "new": each, "returned": lambda s: s.new}
    return Program(name, arguments, steps, lambda s: s.returned)


def _gd_arguments(params: Any, grads: Any, learning_rate: Any) -> dict[str, Any]:
    return {"parameters": params, "grads": grads, "learning_rate": learning_rate}


UPDATE = update_program("update", _DESCENT, _gd_arguments, each_array(_DESCENT, learning_rate="learning_rate"))

MOMENTUM = update_program(
    "update",
    _MOMENTUM,
    lambda parameters, grads, v, beta, learning_rate: {
        "parameters": parameters,
        "grads": grads,
        "v": v,
        "beta": beta,
        "learning_rate": learning_rate,
    },
    each_array(_MOMENTUM, "v", beta="beta", learning_rate="learning_rate"),
)

GD = "W = W - α dW, b = b - α db"
V = "v = β v + (1 - β) dW"
WV = "W = W - α v"


def of(
    inner: str, equation: str, name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any
) -> Mistake:
    return Mistake(name, sentence, equation, sign, {f"{inner}.{step}": how for step, how in steps.items()}, look)


def either(mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
    """Each mistake as made everywhere, for W only and for b only."""
    for mistake in mistakes:
        yield mistake
        yield within(mistake, "W", "in the update of W", lambda s: s.array[0] == "W")
        yield within(mistake, "b", "in the update of b", lambda s: s.array[0] == "b")


def moves(inner: str, equation: str) -> tuple[Mistake, ...]:
    """What goes wrong in any update."""
    constants = (1.0, 0.1, 0.01, 0.001, 0.0075, 0.5, 1.2, 0.0007, 0.3, 0.05)
    return (
        *either((
            of(inner, equation, "update-sign", "The step is added: it goes uphill. Expected minus.",
            "the parameters move the wrong way", ("parameters",), sign=lambda s: 1.0),
            of(inner, equation, "rate-missing", "The learning rate is not multiplied in.",
            "the step is 1/α times too large",
            ("parameters",), rate=lambda s: 1.0),
            of(inner, equation, "rate-squared", "The learning rate is multiplied in twice.",
            "the step is α times too large",
            ("parameters",), rate=lambda s: s.was() ** 2),
            of(inner, equation, "rate-divides", "The step is divided by the learning rate: expected multiplied.",
            "the step is 1/α² times too large", ("parameters",), rate=lambda s: 1 / s.was()),
            of(inner, equation, "step-is-parameter", "The step is α W: expected α dW.",
            "the parameters shrink whatever dW is",
            ("parameters",), step=lambda s: s.rate * s.old),
            of(inner, equation, "step-alone", "The step itself is returned: it must be subtracted from the parameter.",
            "the parameters are about α times too small", ("parameters",), new=lambda s: s.step),
            of(inner, equation, "step-multiplied", "The parameter is multiplied by the step: expected minus.",
            "the parameters are about 0", ("parameters",), new=lambda s: s.old * s.step),
            of(inner, equation, "step-twice", "The step is taken twice.", "the step is twice what it should be",
            ("parameters",), step=lambda s: 2 * s.was()),
        )),
            *(of(inner, equation, "rate-ignored",
            f"The learning rate is always {rate:g}: the argument learning_rate is not used.",
            "the step does not change with α", ("parameters", "learning_rate"), rate=lambda s, rate=rate: rate)
            for rate in constants[1:]),
        of("update", equation, "b-not-updated", "b is not updated.", "b stays as it was", ("parameters",),
            names=lambda s: [name for name in s.was() if name[0] == "W"]),
        of("update", equation, "W-not-updated", "W is not updated.", "W stays as it was", ("parameters",),
            names=lambda s: [name for name in s.was() if name[0] == "b"]),
        of("update", equation, "last-layer-not-updated",
            "The last layer is not updated: the loop ends one layer too early.",
            "the last W and b stay as they were", ("range", "for"), names=lambda s: s.was()[:-2]),
        of("update", equation, "first-layer-not-updated",
            "Layer 1 is not updated: the loop begins one layer too late.",
            "W1 and b1 stay as they were", ("range", "for"), names=lambda s: s.was()[2:]),
        of("update", equation, "only-first-layer-updated", "Only layer 1 is updated.", "W2 and b2 stay as they were",
            ("range", "for", "return"), names=lambda s: s.was()[:2]),
        of("update", equation, "not-updated", "Nothing is updated: the parameters come back as they were.",
            "no parameter changes", ("parameters", "return"), names=lambda s: []),
        of("update", equation, "last-layer-not-returned", "The last layer is missing in what is returned.",
            "the last W and b are missing", ("range", "for"), new=lambda s: _without_last(s.was())),
        of("update", equation, "gradients-returned", "The gradients are returned: expected the parameters.",
            "there is no W1",
            ("return",), new=lambda s: {f"d{n}": s.grads[f"d{n}"] for n in named_arrays(s.parameters)}),
    )  # fmt: skip


def _without_last(new: dict[str, Any]) -> dict[str, Any]:
    last = max(int(name[1:]) for name in new if "[" not in name)
    return {name: array for name, array in new.items() if not name.rstrip("]").endswith(str(last))}


UPDATE_MISTAKES = moves("descent", GD)

MOMENTUM_MISTAKES = (
    *either((
        of("momentum", V, "1-beta-missing", "The factor (1 - β) of the gradient is left out.",
            "v is 1/(1-β) times too large at the start",
            ("v",), added=lambda s: 1.0),
        of("momentum", V, "betas-swapped", "β and 1 - β have changed places.", "v forgets at once", ("v",),
            kept=lambda s: 1 - s.beta, added=lambda s: s.beta),
        of("momentum", V, "beta-for-1-beta", "The gradient is multiplied by β: expected by 1 - β.",
            "v is β/(1-β) times too large",
            ("v",), added=lambda s: s.beta),
        of("momentum", V, "beta-missing", "The factor β of v is left out.", "v never forgets", ("v",),
            kept=lambda s: 1.0),
        of("momentum", V, "1-beta-for-beta", "v is multiplied by 1 - β: expected by β.", "v forgets at once", ("v",),
            kept=lambda s: 1 - s.beta),
        of("momentum", V, "v-forgotten", "The old v is left out: v is (1 - β) dW.", "v does not remember", ("v",),
            kept=lambda s: 0.0),
        of("momentum", V, "v-sign", "The gradient is subtracted in v: expected + (1 - β) dW.", "v points uphill",
            ("v",),
            added=lambda s: -s.was()),
        of("momentum", V, "gradient-squared", "The gradient is squared in v.", "v is never negative at the start",
            ("v",),
            new_v=lambda s: s.kept * s.v + s.added * s.grad**2),
        of("momentum", WV, "gradient-for-v", "The step is α dW: expected α v.", "the step does not remember",
            ("parameters",),
            step=lambda s: s.rate * s.grad),
        of("momentum", WV, "old-v", "The step is taken with the old v: v must be updated first.",
            "the first step is 0",
            ("parameters", "v"), step=lambda s: s.rate * s.v),
        of("momentum", WV, "v-not-stored", "v is not updated: it comes back as it was.", "v stays 0", ("v",
            "parameters"),
            new_v=lambda s: s.v),
        of("momentum", WV, "v-not-stored", "The new v is used and then lost: v comes back as it was.",
            "v stays 0", ("v", "parameters"), stored_v=lambda s: s.v),
        of("momentum", V, "rate-in-v", "The learning rate stands in v: it belongs to the step alone.",
            "v is α times what it should be",
            ("v",), added=lambda s: s.was() * s.rate),
        of("momentum", V, "rate-in-v", "The learning rate stands in v (v = β v + α dW): expected (1 - β).", "v is off",
            ("v",), added=lambda s: s.rate),
        of("momentum", V, "rate-in-v", "The learning rate stands in v (v = β v - α dW), and the step is added.",
            "v is off",
            ("v",), new_v=lambda s: s.beta * s.v - s.rate * s.grad, step=lambda s: -s.new_v),
        of("momentum", WV, "nesterov", "The step is that of Nesterov's momentum.", "the step is off", ("parameters",),
            step=lambda s: s.rate * (s.kept * s.new_v + s.added * s.grad)),
        of("momentum", V, "bias-corrected", "v is divided by 1 - β: that correction belongs to Adam.",
            "v is 1/(1-β) times too large",
            ("v",), new_v=lambda s: s.was() / (1 - s.beta)),
    )),
    *(of("momentum", V, "beta-ignored", f"β is always {beta:g}: the argument beta is not used.",
        "v does not change with β",
          ("v", "beta"), kept=lambda s, beta=beta: beta, added=lambda s, beta=beta: 1 - beta) for beta in (0.9, 0.99,
          0.5)),
    *moves("momentum", WV),
)  # fmt: skip
