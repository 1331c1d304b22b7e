"""The updates (gradient descent, momentum, Adam) and their memories, step by step, and what goes wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from lamina.glassbox.doctor.scopes import within
from lamina.glassbox.doctor.steps import Mistake, Program, run


def _named(parameters: Any) -> list[str]:
    layers = sum(str(name).startswith("W") for name in parameters)
    return [f"{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb"]


def _each(inner: Program, *memories: str, **settings: str) -> Callable[[Any], dict[str, Any]]:
    """Return the step that updates every array with the inner program; results are named W1, v[dW1], ..."""

    def update(s: Any) -> dict[str, Any]:
        new: dict[str, Any] = {}
        for name in _named(s.parameters):
            around = {"array": name, "L": len(_named(s.parameters)) // 2, "moving": name in s.names}
            around |= {memory: getattr(s, memory)[f"d{name}"] for memory in memories}
            around |= {setting: getattr(s, given) for setting, given in settings.items()}
            done = run(inner, s.parameters[name], s.grads[f"d{name}"], mistakes=s.mistakes, **around)
            new |= {key.format(name=name): value for key, value in inner.outputs(done).items()}
        return new

    return update


def _moved(s: Any, step: Any) -> Any:
    return s.old + s.sign * step if s.moving else s.old


_MOVE: dict[str, Any] = {"sign": lambda s: -1.0, "rate": lambda s: s.learning_rate}

_DESCENT = Program(
    "descent",
    lambda old, grad: {"old": old, "grad": grad},
    {**_MOVE, "step": lambda s: s.rate * s.grad, "new": lambda s: _moved(s, s.step)},
    lambda s: {"{name}": s.new},
)

_MOMENTUM = Program(
    "momentum",
    lambda old, grad: {"old": old, "grad": grad},
    {
        **_MOVE,
        "kept": lambda s: s.beta,
        "added": lambda s: 1 - s.beta,
        "new_v": lambda s: s.kept * s.v + s.added * s.grad,
        "step": lambda s: s.rate * s.new_v,
        "new": lambda s: _moved(s, s.step),
        "stored_v": lambda s: s.new_v,
    },
    lambda s: {"{name}": s.new, "v[d{name}]": s.stored_v},
)

_ADAM = Program(
    "adam",
    lambda old, grad: {"old": old, "grad": grad},
    {
        **_MOVE,
        "time": lambda s: s.t,
        "v_kept": lambda s: s.beta1,
        "v_added": lambda s: 1 - s.beta1,
        "new_v": lambda s: s.v_kept * s.v + s.v_added * s.grad,
        "v_shrunk": lambda s: 1 - s.beta1**s.time,
        "v_corrected": lambda s: s.new_v / s.v_shrunk,
        "squared": lambda s: s.grad**2,
        "s_kept": lambda s: s.beta2,
        "s_added": lambda s: 1 - s.beta2,
        "new_s": lambda s: s.s_kept * s.s + s.s_added * s.squared,
        "s_shrunk": lambda s: 1 - s.beta2**s.time,
        "s_corrected": lambda s: s.new_s / s.s_shrunk,
        "over": lambda s: s.v_corrected,
        "under": lambda s: np.sqrt(s.s_corrected) + s.epsilon,
        "step": lambda s: s.rate * s.over / s.under,
        "new": lambda s: _moved(s, s.step),
        "stored_v": lambda s: s.new_v,
        "stored_s": lambda s: s.new_s,
    },
    lambda s: {
        "{name}": s.new,
        "v[d{name}]": s.stored_v,
        "s[d{name}]": s.stored_s,
        "v_corrected[d{name}]": s.v_corrected,
        "s_corrected[d{name}]": s.s_corrected,
    },
)


def _update(name: str, inner: Program, arguments: Callable[..., dict[str, Any]], each: Any) -> Program:
    steps = {"names": lambda s: _named(s.parameters), "new": each, "returned": lambda s: s.new}
    return Program(name, arguments, steps, lambda s: s.returned)


def _gd_arguments(params: Any, grads: Any, learning_rate: Any) -> dict[str, Any]:
    return {"parameters": params, "grads": grads, "learning_rate": learning_rate}


UPDATE = _update("update", _DESCENT, _gd_arguments, _each(_DESCENT, learning_rate="learning_rate"))

MOMENTUM = _update(
    "update",
    _MOMENTUM,
    lambda parameters, grads, v, beta, learning_rate: {
        "parameters": parameters,
        "grads": grads,
        "v": v,
        "beta": beta,
        "learning_rate": learning_rate,
    },
    _each(_MOMENTUM, "v", beta="beta", learning_rate="learning_rate"),
)

ADAM = _update(
    "update",
    _ADAM,
    lambda parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8: {
        "parameters": parameters,
        "grads": grads,
        "v": v,
        "s": s,
        "t": t,
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
    },
    _each(_ADAM, "v", "s", **{name: name for name in ("t", "learning_rate", "beta1", "beta2", "epsilon")}),
)


def _memory(*kinds: str) -> Program:
    def zeros(s: Any) -> dict[str, Any]:
        return {f"{kind}[d{name}]": s.filled(s.parameters[name]) for kind in kinds for name in s.names}

    steps: dict[str, Any] = {
        "names": lambda s: _named(s.parameters),
        "filled": lambda s: np.zeros_like,
        "memory": zeros,
    }
    return Program("memory", lambda parameters: {"parameters": parameters}, steps, lambda s: s.memory)


VELOCITY = _memory("v")
ADAM_MEMORY = _memory("v", "s")

GD = "W = W - α dW, b = b - α db"
V = "v = β v + (1 - β) dW"
WV = "W = W - α v"
AV = "v = β₁ v + (1 - β₁) dW"
AS = "s = β₂ s + (1 - β₂) dW²"
AC = "v_corrected = v / (1 - β₁ᵗ), s_corrected = s / (1 - β₂ᵗ), with t counted from 1"
AW = "W = W - α v_corrected / (sqrt(s_corrected) + ε)"
ZEROS = "v = 0, s = 0, of the shapes of W and b, under the keys dW1, db1, ..."


def _of(
    inner: str, equation: str, name: str, sentence: str, sign: str, look: tuple[str, ...], /, **steps: Any
) -> Mistake:
    return Mistake(name, sentence, equation, sign, {f"{inner}.{step}": how for step, how in steps.items()}, look)


def _either(mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
    """Each mistake as made everywhere, for W only and for b only."""
    for mistake in mistakes:
        yield mistake
        yield within(mistake, "W", "in the update of W", lambda s: s.array[0] == "W")
        yield within(mistake, "b", "in the update of b", lambda s: s.array[0] == "b")


def _moves(inner: str, equation: str) -> tuple[Mistake, ...]:
    """What goes wrong in any update."""
    constants = (1.0, 0.1, 0.01, 0.001, 0.0075, 0.5, 1.2, 0.0007, 0.3, 0.05)
    return (
        *_either((
            _of(inner, equation, "update-sign", "The step is added: it goes uphill. Expected minus.",
                "the parameters move the wrong way", ("parameters",), sign=lambda s: 1.0),
            _of(inner, equation, "rate-missing", "The learning rate is not multiplied in.",
                "the step is 1/α times too large",
                ("parameters",), rate=lambda s: 1.0),
            _of(inner, equation, "rate-squared", "The learning rate is multiplied in twice.",
                "the step is α times too large",
                ("parameters",), rate=lambda s: s.was() ** 2),
            _of(inner, equation, "rate-divides", "The step is divided by the learning rate: expected multiplied.",
                "the step is 1/α² times too large", ("parameters",), rate=lambda s: 1 / s.was()),
            _of(inner, equation, "step-is-parameter", "The step is α W: expected α dW.",
                "the parameters shrink whatever dW is",
                ("parameters",), step=lambda s: s.rate * s.old),
            _of(inner, equation, "step-alone", "The step itself is returned: it must be subtracted from the parameter.",
                "the parameters are about α times too small", ("parameters",), new=lambda s: s.step),
            _of(inner, equation, "step-multiplied", "The parameter is multiplied by the step: expected minus.",
                "the parameters are about 0", ("parameters",), new=lambda s: s.old * s.step),
            _of(inner, equation, "step-twice", "The step is taken twice.", "the step is twice what it should be",
                ("parameters",), step=lambda s: 2 * s.was()),
        )),
        *(_of(inner, equation, "rate-ignored",
            f"The learning rate is always {rate:g}: the argument learning_rate is not used.",
              "the step does not change with α", ("parameters", "learning_rate"), rate=lambda s, rate=rate: rate)
          for rate in constants[1:]),
        _of("update", equation, "b-not-updated", "b is not updated.", "b stays as it was", ("parameters",),
            names=lambda s: [name for name in s.was() if name[0] == "W"]),
        _of("update", equation, "W-not-updated", "W is not updated.", "W stays as it was", ("parameters",),
            names=lambda s: [name for name in s.was() if name[0] == "b"]),
        _of("update", equation, "last-layer-not-updated",
            "The last layer is not updated: the loop ends one layer too early.",
            "the last W and b stay as they were", ("range", "for"), names=lambda s: s.was()[:-2]),
        _of("update", equation, "first-layer-not-updated",
            "Layer 1 is not updated: the loop begins one layer too late.",
            "W1 and b1 stay as they were", ("range", "for"), names=lambda s: s.was()[2:]),
        _of("update", equation, "only-first-layer-updated", "Only layer 1 is updated.", "W2 and b2 stay as they were",
            ("range", "for", "return"), names=lambda s: s.was()[:2]),
        _of("update", equation, "not-updated", "Nothing is updated: the parameters come back as they were.",
            "no parameter changes", ("parameters", "return"), names=lambda s: []),
        _of("update", equation, "last-layer-not-returned", "The last layer is missing in what is returned.",
            "the last W and b are missing", ("range", "for"), new=lambda s: _without_last(s.was())),
        _of("update", equation, "gradients-returned", "The gradients are returned: expected the parameters.",
            "there is no W1",
            ("return",), new=lambda s: {f"d{n}": s.grads[f"d{n}"] for n in _named(s.parameters)}),
    )  # fmt: skip


def _without_last(new: dict[str, Any]) -> dict[str, Any]:
    last = max(int(name[1:]) for name in new if "[" not in name)
    return {name: array for name, array in new.items() if not name.rstrip("]").endswith(str(last))}


UPDATE_MISTAKES = _moves("descent", GD)

MOMENTUM_MISTAKES = (
    *_either((
        _of("momentum", V, "1-beta-missing", "The factor (1 - β) of the gradient is left out.",
            "v is 1/(1-β) times too large at the start",
            ("v",), added=lambda s: 1.0),
        _of("momentum", V, "betas-swapped", "β and 1 - β have changed places.", "v forgets at once", ("v",),
            kept=lambda s: 1 - s.beta, added=lambda s: s.beta),
        _of("momentum", V, "beta-for-1-beta", "The gradient is multiplied by β: expected by 1 - β.",
            "v is β/(1-β) times too large",
            ("v",), added=lambda s: s.beta),
        _of("momentum", V, "beta-missing", "The factor β of v is left out.", "v never forgets", ("v",),
            kept=lambda s: 1.0),
        _of("momentum", V, "1-beta-for-beta", "v is multiplied by 1 - β: expected by β.", "v forgets at once", ("v",),
            kept=lambda s: 1 - s.beta),
        _of("momentum", V, "v-forgotten", "The old v is left out: v is (1 - β) dW.", "v does not remember", ("v",),
            kept=lambda s: 0.0),
        _of("momentum", V, "v-sign", "The gradient is subtracted in v: expected + (1 - β) dW.", "v points uphill",
            ("v",),
            added=lambda s: -s.was()),
        _of("momentum", V, "gradient-squared", "The gradient is squared in v.", "v is never negative at the start",
            ("v",),
            new_v=lambda s: s.kept * s.v + s.added * s.grad**2),
        _of("momentum", WV, "gradient-for-v", "The step is α dW: expected α v.", "the step does not remember",
            ("parameters",),
            step=lambda s: s.rate * s.grad),
        _of("momentum", WV, "old-v", "The step is taken with the old v: v must be updated first.",
            "the first step is 0",
            ("parameters", "v"), step=lambda s: s.rate * s.v),
        _of("momentum", WV, "v-not-stored", "v is not updated: it comes back as it was.", "v stays 0", ("v",
            "parameters"),
            new_v=lambda s: s.v),
        _of("momentum", WV, "v-not-stored", "The new v is used and then lost: v comes back as it was.",
            "v stays 0", ("v", "parameters"), stored_v=lambda s: s.v),
        _of("momentum", V, "rate-in-v", "The learning rate stands in v: it belongs to the step alone.",
            "v is α times what it should be",
            ("v",), added=lambda s: s.was() * s.rate),
        _of("momentum", V, "rate-in-v", "The learning rate stands in v (v = β v + α dW): expected (1 - β).", "v is off",
            ("v",), added=lambda s: s.rate),
        _of("momentum", V, "rate-in-v", "The learning rate stands in v (v = β v - α dW), and the step is added.",
            "v is off",
            ("v",), new_v=lambda s: s.beta * s.v - s.rate * s.grad, step=lambda s: -s.new_v),
        _of("momentum", WV, "nesterov", "The step is that of Nesterov's momentum.", "the step is off", ("parameters",),
            step=lambda s: s.rate * (s.kept * s.new_v + s.added * s.grad)),
        _of("momentum", V, "bias-corrected", "v is divided by 1 - β: that correction belongs to Adam.",
            "v is 1/(1-β) times too large",
            ("v",), new_v=lambda s: s.was() / (1 - s.beta)),
    )),
    *(_of("momentum", V, "beta-ignored", f"β is always {beta:g}: the argument beta is not used.",
        "v does not change with β",
          ("v", "beta"), kept=lambda s, beta=beta: beta, added=lambda s, beta=beta: 1 - beta) for beta in (0.9, 0.99,
          0.5)),
    *_moves("momentum", WV),
)  # fmt: skip

ADAM_MISTAKES = (
    *_either((
        _of("adam", AC, "no-correction", "The correction is missing: v and s are used as they are.",
            "the first steps are off",
            ("parameters", "v_corrected"), over=lambda s: s.new_v, under=lambda s: np.sqrt(s.new_s) + s.epsilon),
        _of("adam", AC, "no-correction", "The correction is missing: v_corrected is v, s_corrected is s.",
            "the first steps are off",
            ("v_corrected",), v_shrunk=lambda s: 1.0, s_shrunk=lambda s: 1.0),
        _of("adam", AC, "no-correction-of-v", "v is not corrected.", "v_corrected equals v", ("v_corrected",),
            v_shrunk=lambda s: 1.0),
        _of("adam", AC, "no-correction-of-s", "s is not corrected.", "s_corrected equals s", ("s_corrected",),
            s_shrunk=lambda s: 1.0),
        _of("adam", AW, "v-for-v_corrected", "The step is taken with v: expected v_corrected.",
            "the first steps are too short",
            ("parameters",), over=lambda s: s.new_v),
        _of("adam", AW, "s-for-s_corrected", "The step is taken with s: expected s_corrected.",
            "the first steps are too long",
            ("parameters",), under=lambda s: np.sqrt(s.new_s) + s.epsilon),
        _of("adam", AC, "t-missing", "The correction divides by 1 - β: expected 1 - βᵗ.", "right at t = 1 alone",
            ("v_corrected",),
            time=lambda s: 1),
        _of("adam", AC, "t-missing-in-v", "The correction of v divides by 1 - β₁: expected 1 - β₁ᵗ.",
            "right at t = 1 alone",
            ("v_corrected",), v_shrunk=lambda s: 1 - s.beta1),
        _of("adam", AC, "t-missing-in-s", "The correction of s divides by 1 - β₂: expected 1 - β₂ᵗ.",
            "right at t = 1 alone",
            ("s_corrected",), s_shrunk=lambda s: 1 - s.beta2),
        _of("adam", AC, "t-from-0", "The correction uses t - 1: t is counted from 1 already.",
            "infinite or NaN at t = 1",
            ("v_corrected", "t"), time=lambda s: s.t - 1),
        _of("adam", AC, "t-plus-1", "The correction uses t + 1: t is counted from 1 already.",
            "the correction is too weak",
            ("v_corrected", "t"), time=lambda s: s.t + 1),
        _of("adam", AC, "beta-times-t", "The correction uses β t: expected βᵗ.", "negative at large t", ("v_corrected",
            ),
            v_shrunk=lambda s: 1 - s.beta1 * s.t, s_shrunk=lambda s: 1 - s.beta2 * s.t),
        _of("adam", AC, "beta2-in-v_corrected", "The correction of v uses β₂: expected β₁.", "v_corrected is too large",
            ("v_corrected",), v_shrunk=lambda s: 1 - s.beta2**s.time),
        _of("adam", AC, "beta1-in-s_corrected", "The correction of s uses β₁: expected β₂.", "s_corrected is too small",
            ("s_corrected",), s_shrunk=lambda s: 1 - s.beta1**s.time),
        _of("adam", AC, "correction-multiplies", "The correction multiplies by 1 - βᵗ: expected a division.",
            "the steps are off",
            ("v_corrected",), v_shrunk=lambda s: 1 / s.was(), s_shrunk=lambda s: 1 / s.was()),
        _of("adam", AC, "correction-power-first", "The correction divides by (1 - β)ᵗ: expected 1 - βᵗ.",
            "right at t = 1 alone",
            ("v_corrected",), v_shrunk=lambda s: (1 - s.beta1) ** s.t, s_shrunk=lambda s: (1 - s.beta2) ** s.t),
        _of("adam", AC, "correction-stored",
            "The corrected v and s are stored: the next step would correct them again.",
            "v equals v_corrected", ("v", "v_corrected"), new_v=lambda s: s.was() / (1 - s.beta1**s.time),
            v_shrunk=lambda s: 1.0,
            new_s=lambda s: s.was() / (1 - s.beta2**s.time), s_shrunk=lambda s: 1.0),
        _of("adam", AW, "epsilon-inside-root", "ε stands inside the root: expected sqrt(s_corrected) + ε.",
            "the step is too short",
            ("parameters",), under=lambda s: np.sqrt(s.s_corrected + s.epsilon)),
        _of("adam", AW, "epsilon-missing", "ε is missing.", "0 / 0 where dW is always 0", ("parameters",),
            under=lambda s: np.sqrt(s.s_corrected)),
        _of("adam", AW, "epsilon-outside", "ε is added to the quotient: it belongs to the denominator.",
            "the step is off by α ε",
            ("parameters",), step=lambda s: s.rate * (s.over / np.sqrt(s.s_corrected) + s.epsilon)),
        _of("adam", AW, "root-missing", "The root of s is missing.", "the step is off by a factor sqrt(s)",
            ("parameters",),
            under=lambda s: s.s_corrected + s.epsilon),
        _of("adam", AW, "v-and-s-swapped", "v and s have changed places in the step.", "NaN where v is negative",
            ("parameters",),
            over=lambda s: s.s_corrected, under=lambda s: np.sqrt(s.v_corrected) + s.epsilon),
        _of("adam", AW, "gradient-for-v", "The step uses dW: expected v_corrected.", "the step does not remember",
            ("parameters",), over=lambda s: s.grad),
        _of("adam", AS, "square-missing", "dW is not squared in s.", "s can be negative, its root NaN", ("s",),
            squared=lambda s: s.grad),
        _of("adam", AS, "v-squared", "s holds the square of v: expected that of dW.", "s is too small", ("s",),
            squared=lambda s: s.new_v**2),
        _of("adam", AS, "s-absolute", "s holds |dW|: expected dW².", "s is off", ("s",),
            squared=lambda s: np.abs(s.grad)),
        _of("adam", AS, "s-product", "s holds a matrix product: expected dW², number by number.",
            "shapes do not fit, unless dW is square",
            ("s",), squared=lambda s: s.grad @ s.grad),
        _of("adam", AV, "1-beta1-missing", "The factor (1 - β₁) is left out in v.", "v is 1/(1-β₁) times too large",
            ("v",),
            v_added=lambda s: 1.0),
        _of("adam", AS, "1-beta2-missing", "The factor (1 - β₂) is left out in s.", "s is 1/(1-β₂) times too large",
            ("s",),
            s_added=lambda s: 1.0),
        _of("adam", AV, "1-beta-missing", "The factors (1 - β₁) and (1 - β₂) are left out.", "v and s are too large",
            ("v", "s"),
            v_added=lambda s: 1.0, s_added=lambda s: 1.0),
        _of("adam", AV, "betas-swapped", "β₁ and β₂ have changed places.", "v and s are off", ("v", "s"),
            v_kept=lambda s: s.beta2, v_added=lambda s: 1 - s.beta2, s_kept=lambda s: s.beta1,
            s_added=lambda s: 1 - s.beta1,
            v_shrunk=lambda s: 1 - s.beta2**s.time, s_shrunk=lambda s: 1 - s.beta1**s.time),
        _of("adam", AV, "betas-swapped", "β₁ and β₂ have changed places in v and s.", "v and s are off", ("v", "s"),
            v_kept=lambda s: s.beta2, v_added=lambda s: 1 - s.beta2, s_kept=lambda s: s.beta1,
            s_added=lambda s: 1 - s.beta1),
        _of("adam", AS, "beta1-in-s", "s uses β₁: expected β₂.", "s is off", ("s",),
            s_kept=lambda s: s.beta1, s_added=lambda s: 1 - s.beta1),
        _of("adam", AS, "beta1-in-s", "s uses β₁, and so does its correction: expected β₂.", "s is off", ("s",),
            s_kept=lambda s: s.beta1, s_added=lambda s: 1 - s.beta1, s_shrunk=lambda s: 1 - s.beta1**s.time),
        _of("adam", AV, "beta2-in-v", "v uses β₂: expected β₁.", "v is off", ("v",),
            v_kept=lambda s: s.beta2, v_added=lambda s: 1 - s.beta2),
        _of("adam", AV, "v-turned-round", "β₁ and 1 - β₁ have changed places in v.", "v forgets at once", ("v",),
            v_kept=lambda s: 1 - s.beta1, v_added=lambda s: s.beta1),
        _of("adam", AS, "s-turned-round", "β₂ and 1 - β₂ have changed places in s.", "s forgets at once", ("s",),
            s_kept=lambda s: 1 - s.beta2, s_added=lambda s: s.beta2),
        _of("adam", AV, "v-forgotten", "The old v is left out: v is (1 - β₁) dW.", "v does not remember", ("v",),
            v_kept=lambda s: 0.0),
        _of("adam", AS, "s-forgotten", "The old s is left out: s is (1 - β₂) dW².", "s does not remember", ("s",),
            s_kept=lambda s: 0.0),
        _of("adam", AV, "v-not-stored", "The new v and s are used and then lost: they come back as they were.",
            "v and s stay 0", ("v", "s"), stored_v=lambda s: s.v, stored_s=lambda s: s.s),
        _of("adam", AV, "v-for-s", "s is computed from the old v: expected from the old s.", "s is off", ("s",),
            new_s=lambda s: s.s_kept * s.v + s.s_added * s.squared),
    )),
    *(_of("adam", AW, "epsilon-ignored", f"ε is always {epsilon:g}: the argument epsilon is not used.",
          "the step does not change with ε", ("parameters", "epsilon"),
          under=lambda s, epsilon=epsilon: np.sqrt(s.s_corrected) + epsilon) for epsilon in (1e-8, 1e-7)),
    *(_of("adam", AV, "betas-ignored", "β₁ and β₂ are always 0.9 and 0.999: the arguments are not used.",
          "v and s do not change with β₁ and β₂", ("v", "s"),
          v_kept=lambda s: 0.9, v_added=lambda s: 0.1, s_kept=lambda s: 0.999, s_added=lambda s: 1 - 0.999,
          v_shrunk=lambda s: 1 - 0.9**s.time, s_shrunk=lambda s: 1 - 0.999**s.time) for _ in (1,)),
    *_moves("adam", AW),
)  # fmt: skip

# ---- memories ----


def _start(name: str, sentence: str, sign: str, /, **steps: Any) -> Mistake:
    return Mistake(name, sentence, ZEROS, sign, {f"memory.{step}": how for step, how in steps.items()}, ("v", "zeros"))


def _memories(kinds: tuple[str, ...]) -> tuple[Mistake, ...]:
    return (
        _start("memory-of-ones", "The memory starts at 1: expected 0.", "every number is 1",
            filled=lambda s: np.ones_like),
        _start("memory-of-parameters", "The memory starts as a copy of the parameters: expected zeros.",
               "v equals the parameters", filled=lambda s: np.copy),
        _start("memory-keys", "The keys are those of the parameters, W1: expected those of the gradients, dW1.",
               "there is no dW1", memory=lambda s: {name.replace("[d", "["): array for name, array in s.was().items()}),
        _start("memory-flat", "The zeros are flat: expected the shapes of W and b.", "dW1 has one axis",
               filled=lambda s: lambda array: np.zeros(array.size)),
        _start("memory-scalars", "The zeros are single numbers: expected the shapes of W and b.", "dW1 has no shape",
               filled=lambda s: lambda array: 0.0),
        _start("memory-rows", "The zeros are flat, (n,): expected the shapes of W and b.", "dW1 is (n,)",
               filled=lambda s: lambda array: np.zeros(len(array))),
        _start("memory-transposed", "The zeros have the transposed shapes.", "dW1 is (n_prev, n)",
               filled=lambda s: lambda array: np.zeros_like(array.T)),
        _start("last-layer-missing", "The last layer has no memory: the loop ends one layer too early.",
            "the last dW is missing",
               names=lambda s: s.was()[:-2]),
        _start("first-layer-missing", "Layer 1 has no memory: the loop begins one layer too late.", "dW1 is missing",
               names=lambda s: s.was()[2:]),
        _start("memory-without-b", "b has no memory.", "db1 is missing",
               names=lambda s: [name for name in s.was() if name[0] == "W"]),
        _start("memory-keys-off-by-one", "The keys are off by one: layers count from 1.", "there is a dW0",
               memory=lambda s: {_shifted(name): array for name, array in s.was().items()}),
        _start("memory-b-like-W", "db has the shape of W: expected that of b.", "db1 is (n, n_prev)",
               memory=lambda s: {name: np.zeros_like(s.parameters["W" + name[4:-1]]) for name in s.was()}),
    )  # fmt: skip


def _shifted(name: str) -> str:
    return f"{name[:4]}{int(name[4:-1]) - 1}]"


VELOCITY_MISTAKES = _memories(("v",))
ADAM_MEMORY_MISTAKES = (
    *_memories(("v", "s")),
    _start("s-of-ones", "s starts at 1: expected 0.", "every number of s is 1",
           memory=lambda s: {name: array + (name[0] == "s") for name, array in s.was().items()}),
)  # fmt: skip
