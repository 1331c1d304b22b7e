"""A script in the course's own functions, for networks that the assignments can express."""

from collections.abc import Iterator
from typing import Any

from lamina.equations.layers import Activation, Linear
from lamina.equations.network import Network
from lamina.errors import SettingError
from lamina.laboratory.writing.episode import Episode
from lamina.laboratory.writing.episode_code import (
    constants_code,
    edits_code,
    library_order,
    parameters_code,
    printing,
    rates_code,
    rows_code,
    varies,
)
from lamina.laboratory.writing.line import INDENT
from lamina.laboratory.writing.literals import Numbers
from lamina.laboratory.writing.script import Script

RULES = {"gradient_descent", "momentum", "adam"}


def course_script(episode: Episode) -> Script:
    """Return the steps of an episode as a script in the course's functions.

    Raises
    ------
    SettingError
        The network or its training has a part that these functions lack; the message names it.
    """
    missing = [*_missing_of_network(episode.network), *_missing_of_training(episode)]
    if missing:
        raise SettingError(
            f"the course's functions cannot say this: they have no {', no '.join(missing)}. "
            "Copy it as plain NumPy, or as lamina."
        )
    numbers = Numbers()
    data = [
        *constants_code(episode),
        "",
        *rows_code(episode, numbers),
        "",
        *parameters_code(episode, numbers),
        *rates_code(episode),
        *_memory(episode, numbers),
    ]
    names, (imports, order) = [*_functions(episode)], library_order(episode)
    lines = [
        f'"""A network of {episode.heading} in the course\'s functions, and its derivatives at step {episode.last:,}.',
        "",
        "They are those of the assignments (`lamina.course`); put your own in their place.",
        '"""',
        "",
        "import numpy as np",
        "",
        f"from lamina.course import {', '.join(names)}" if len(names) < 4 else _imports(names),
        *imports,
        "",
        *numbers.loading,
        *data,
        *order,
        "",
        *_loop(episode),
        "",
        *printing(),
    ]
    return Script("course", "\n".join(lines) + "\n", numbers.files())


def _imports(names: list[str]) -> str:
    return "\n".join(["from lamina.course import (", *(f"{INDENT}{name}," for name in names), ")"])


def _missing_of_network(network: Network) -> Iterator[str]:
    loss, layers = network.loss, network.layers
    if loss.kind != "binary_log_loss" or network.n_outputs > 1:
        yield f"loss but the log loss of one sigmoid unit ({loss.kind}, {network.n_outputs} outputs)"
    elif getattr(loss, "label_smoothing", 0.0):
        yield "smoothed labels"
    kinds = dict.fromkeys(network.layer_at(path).kind for path in network.numbers)
    other = [kind.replace("_", " ") for kind in kinds if kind not in (Linear.kind, Activation.kind)]
    yield from other
    functions = dict.fromkeys(layer.function for layer in layers if isinstance(layer, Activation))
    yield from (f"hidden layers of {name}" for name in functions if name != "relu")
    pairs = [layer.kind for layer in layers]
    if not other and pairs != [*[Linear.kind, Activation.kind] * (len(pairs) // 2), Linear.kind]:
        yield "linear layers without an activation between them"
    if network.l1:
        yield "L1 penalty"
    if network.l2 and len(pairs) != 5:
        yield "L2 penalty but for three layers"


def _missing_of_training(episode: Episode) -> Iterator[str]:
    rule, network = episode.recipe.optimiser, episode.network
    if rule.kind not in RULES:
        yield f"{rule.kind}"
    elif rule.kind == "momentum" and rule.dampening != rule.beta1:
        yield f"momentum without the factor 1 - beta (set optimizer='momentum(dampening={rule.beta1:g})')"
    if rule.clip_norm is not None:
        yield "clipping of gradients"
    if rule.weight_decay:
        yield "weight decay"
    if episode.weights is not None:
        yield "weights of rows"
    if any(slot.rate != 1 for slot in network.slots):
        yield "learning rates that differ between arrays"


def _functions(episode: Episode) -> Iterator[str]:
    yield "L_model_forward"
    if episode.network.l2:
        yield from ("backward_propagation_with_regularization", "compute_cost_with_regularization")
    else:
        yield from ("L_model_backward", "compute_cost")
    yield _update(episode)


def _update(episode: Episode) -> str:
    kind = episode.recipe.optimiser.kind
    return "update_parameters" if kind == "gradient_descent" else f"update_parameters_with_{kind}"


def _memory(episode: Episode, numbers: Numbers) -> Iterator[str]:
    network = episode.network
    for role, row in zip(episode.recipe.optimiser.remembers, episode.memory, strict=True):
        if not row.any():
            yield f'{role} = {{"d" + name: np.zeros_like(array) for name, array in parameters.items()}}'
            continue
        yield f"{role} = {{"
        for name, array in network.named(row).items():
            yield f'{INDENT}"d{name}": {numbers.text(f"{role}_{name}", array, len(name) + 9)},'
        yield "}"


def _loop(episode: Episode) -> Iterator[str]:
    rule, l2 = episode.recipe.optimiser, episode.network.l2
    at = "" if episode.whole else "[rows_of(step)]"
    yield "for step in range(FIRST, LAST + 1):"
    yield f"{INDENT}A0, Y0 = X{at}.T, Y{at}.T  # examples are columns"
    yield from edits_code(episode)
    yield f"{INDENT}AL, caches = L_model_forward(A0, parameters)"
    if l2:
        yield from _regularised(episode, l2)
    else:
        yield f"{INDENT}cost = compute_cost(AL, Y0)"
        yield f"{INDENT}grads = L_model_backward(AL, Y0, caches)"
    rate = "rates[step - FIRST]" if varies(episode.rates) else "LEARNING_RATE"
    yield f"{INDENT}if step < LAST:"
    yield f"{INDENT * 2}{_call(rule, rate)}"
    yield ""
    yield 'grads = {"d" + name: grads["d" + name] for name in parameters}'


def _call(rule: Any, rate: str) -> str:
    if rule.kind == "gradient_descent":
        return f"parameters = update_parameters(parameters, grads, {rate})"
    if rule.kind == "momentum":
        return f"parameters, v = update_parameters_with_momentum(parameters, grads, v, {rule.beta1!r}, {rate})"
    settings = f"{rate}, {rule.beta1!r}, {rule.beta2!r}, {rule.epsilon!r}"
    return (
        f"parameters, v, s, _, _ = update_parameters_with_adam(\n{INDENT * 3}parameters, grads, v, s, step + 1, "
        f"{settings}\n{INDENT * 2})"
    )


def _regularised(episode: Episode, l2: float) -> Iterator[str]:
    """Yield the course's L2, whose m is that of the batch: lambda is scaled to the m of all rows."""
    lambd = f"{l2!r}" if episode.whole or episode.batches == 1 else f"{l2!r} * A0.shape[1] / len(X)"
    yield f"{INDENT}lambd = {lambd}"
    yield f"{INDENT}(A0, W1, b1), Z1 = caches[0]"
    yield f"{INDENT}(A1, W2, b2), Z2 = caches[1]"
    yield f"{INDENT}(A2, W3, b3), Z3 = caches[2]"
    yield f"{INDENT}cache = (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, AL, W3, b3)"
    yield f"{INDENT}cost = compute_cost_with_regularization(AL, Y0, parameters, lambd)"
    yield f"{INDENT}grads = backward_propagation_with_regularization(A0, Y0, cache, lambd)"
