"""What each loss computes, as NumPy: A[L] from Z[L], the loss of every example, and dZ[L]; and the table of losses.

The losses are written in Z[L], as the library computes them: no digits are lost, and there is no log of 0.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

LossText = Callable[[Any], str]


class LossCode(NamedTuple):
    """One row of the table; the names A, Z and Y stand for A[L], Z[L] and the targets."""

    losses: str  # (units, m) -> of every output and example; or (m,) where `summed`
    dZ: str
    formula: str  # the lecture's, for a docstring
    summed: bool = False  # over the outputs, instead of averaged


OUTPUT_CODE: Mapping[str, str] = {
    "sigmoid": "sigmoid({Z})",
    "softmax": "softmax({Z})",
    "identity": "{Z}",
    "exp": "np.exp({Z})",
}

SOFTMAX = '''def softmax(Z):
    """e^Z / the sum of e^Z over the classes."""
    e = np.exp(Z - Z.max(axis=0))
    return e / e.sum(axis=0)'''

LOSS_CODE: Mapping[str, LossCode] = {
    "binary_log_loss": LossCode(
        "np.maximum({Z}, 0) - {Y} * {Z} + np.log1p(np.exp(-np.abs({Z})))",
        "{A} - {Y}",
        "-(Y log A + (1 - Y) log(1 - A))",
    ),
    "categorical_log_loss": LossCode(
        "np.sum({Y} * (np.log(np.exp({Z} - {Z}.max(axis=0)).sum(axis=0)) - ({Z} - {Z}.max(axis=0))), axis=0)",
        "{A} * {Y}.sum(axis=0) - {Y}",
        "-Y log A, summed over the classes",
        summed=True,
    ),
    "squared_error": LossCode("0.5 * ({Z} - {Y}) ** 2", "{A} - {Y}", "(A - Y)² / 2"),
    "absolute_error": LossCode("np.abs({Z} - {Y})", "np.sign({A} - {Y})", "|A - Y|"),
    "huber": LossCode(
        "np.minimum(np.abs({Z} - {Y}), {delta}) * (np.abs({Z} - {Y}) - 0.5 * np.minimum(np.abs({Z} - {Y}), {delta}))",
        "np.clip({A} - {Y}, -{delta}, {delta})",
        "(A - Y)² / 2 within delta, delta (|A - Y| - delta/2) beyond",
    ),
    "quantile": LossCode(
        "np.maximum({q} * ({Y} - {Z}), ({q} - 1) * ({Y} - {Z}))",
        "np.where({Y} > {A}, -{q}, np.where({Y} < {A}, 1 - {q}, 0)).astype({A}.dtype)",
        "max(q (Y - A), (q - 1) (Y - A))",
    ),
    "poisson": LossCode(
        "np.where({Y} > 0, {Y} * np.log(np.maximum({Y}, 1e-300)), 0) - {Y} * {Z} - {Y} + np.exp({Z})",
        "{A} - {Y}",
        "Y log(Y / A) - (Y - A)",
    ),
    "gamma": LossCode("{Z} - np.log({Y}) + {Y} * np.exp(-{Z}) - 1", "1 - {Y} / {A}", "log(A / Y) + Y / A - 1"),
}


def targets_code(loss: Any, Y: str, outputs: int) -> str:
    """Return what is learned in place of Y: smoothed labels, or a target for each quantile; Y itself else."""
    smoothing = getattr(loss, "label_smoothing", 0.0)
    if smoothing:
        classes = 2 if loss.kind == "binary_log_loss" else outputs
        return f"{Y} * (1 - {smoothing!r}) + {smoothing!r} / {classes}"
    quantiles = getattr(loss, "quantiles", ())
    return f"np.repeat({Y}, {len(quantiles)}, axis=0)" if len(quantiles) > 1 else Y


def filled(pattern: str, loss: Any, names: Mapping[str, str], outputs: int) -> str:
    """Return a pattern with the names of this network."""
    values = {**names, "delta": repr(getattr(loss, "delta", 0.0)), "q": _quantiles(loss, outputs)}
    for name, value in values.items():
        pattern = pattern.replace("{" + name + "}", value)
    return pattern


def _quantiles(loss: Any, outputs: int) -> str:
    quantiles: tuple[float, ...] = getattr(loss, "quantiles", ())
    if len(quantiles) <= 1:
        return "".join(map(repr, quantiles))
    return f"np.array([{list(quantiles) * (outputs // len(quantiles))}]).T"
