"""What each loss computes: A[L] from Z[L], the loss of every example, dA[L] and dZ[L]; and the table of losses.

With K outputs a loss is the mean over them (log loss of classes: the sum). Weights w multiply what an example counts.
The lecture begins its way back with dA[L] and goes on to dZ[L] = dA[L] * g'(Z[L]); the library begins with dZ[L], which
is finite where dA[L] is not.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lamina.glassbox.activation_equations import sigmoid, softplus
from lamina.glassbox.equation import Array, Value, latex_of

Formula = Callable[[Any, str, str], str]  # loss, name of A[L] or Z[L], Y


class Phrase(NamedTuple):
    """A formula of a loss, of one output."""

    text: Formula
    latex: Formula
    compute: Callable[[Any, Array, Array], Value]  # loss, Z or A (units, m), Y (targets, m) -> (units, m)
    of: str  # whether it is computed from "Z" or "A"


class LossEquations(NamedTuple):
    """One row of the table."""

    loss: Phrase
    dA: Phrase
    dZ: Phrase
    sums: bool = False  # whether outputs are summed instead of averaged
    kinked: bool = False  # whether dA jumps where A passes Y


class OutputEquations(NamedTuple):
    """A[L] from Z[L]."""

    text: Callable[[str], str]
    latex: Callable[[str], str]
    compute: Callable[[Array], Value]
    of_all_outputs: bool = False  # whether an output depends on the Z of all


def of_terms(*terms: Array) -> Value:
    """Return the sum of terms, and of their sizes."""
    return Value(np.sum(terms, axis=0), np.sum(np.abs(terms), axis=0))


# ---- targets ----


def smoothed(loss: Any, Y: Array) -> Array:
    """Return the targets that label smoothing makes."""
    s = getattr(loss, "label_smoothing", 0.0)
    classes = 2 if loss.kind == "binary_log_loss" else len(Y)
    return Y * (1 - s) + s / classes


def smooth_text(loss: Any, Y: str, classes: int) -> str:
    """Return the targets in text: "Y", or "(0.9 Y + 0.05)"."""
    s = getattr(loss, "label_smoothing", 0.0)
    classes = 2 if loss.kind == "binary_log_loss" else classes
    return f"({1 - s:g} {Y} + {s / classes:g})" if s else Y


def repeated(loss: Any, Y: Array) -> tuple[Array, Array]:
    """Return the targets once for each quantile, and the quantiles, both by unit."""
    k = len(loss.quantiles)
    return np.repeat(Y, k, axis=0), np.tile(np.array(loss.quantiles), len(Y))[:, None]


# ---- losses in terms of Z or A ----


def _binary(loss: Any, Z: Array, Y: Array) -> Value:
    return of_terms(softplus(Z), -Y * Z)  # -(Y log A + (1 - Y) log(1 - A)), written in Z


def _d_binary(loss: Any, A: Array, Y: Array) -> Value:
    with np.errstate(divide="ignore"):
        terms = np.where(Y == 0, 0.0, -Y / A), np.where(Y == 1, 0.0, (1 - Y) / (1 - A))
    return of_terms(*terms)


def _categorical(loss: Any, Z: Array, Y: Array) -> Value:
    top = Z.max(axis=0)
    log_sum = top + np.log(np.exp(Z - top).sum(axis=0))
    return Value(Y * (log_sum - Z), Y * (np.abs(log_sum) + np.abs(Z)))


def _d_categorical(loss: Any, A: Array, Y: Array) -> Value:
    with np.errstate(divide="ignore"):
        return of_terms(np.where(Y == 0, 0.0, -Y / A))


def _dZ_categorical(loss: Any, A: Array, Y: Array) -> Value:
    return of_terms(A * Y.sum(axis=0), -Y)


def _difference(loss: Any, A: Array, Y: Array) -> Value:
    return of_terms(A, -Y)


def _squared(loss: Any, A: Array, Y: Array) -> Value:
    return Value((A - Y) ** 2 / 2, (np.abs(A) + np.abs(Y)) ** 2)


def _absolute(loss: Any, A: Array, Y: Array) -> Value:
    return Value(np.abs(A - Y), np.abs(A) + np.abs(Y))


def _sign(loss: Any, A: Array, Y: Array) -> Value:
    return of_terms(1.0 * (A > Y) - (A < Y))


def _huber(loss: Any, A: Array, Y: Array) -> Value:
    far = np.abs(A - Y)
    value = np.where(far <= loss.delta, far**2 / 2, loss.delta * (far - loss.delta / 2))
    return Value(value, (np.abs(A) + np.abs(Y)) * (np.minimum(far, loss.delta) + np.abs(A) + np.abs(Y)))


def _d_huber(loss: Any, A: Array, Y: Array) -> Value:
    return Value(np.clip(A - Y, -loss.delta, loss.delta), np.abs(A) + np.abs(Y))


def _pinball(loss: Any, A: Array, Y: Array) -> Value:
    Y, q = repeated(loss, Y)
    missed = Y - A
    return Value(missed * np.where(missed > 0, q, q - 1), np.abs(Y) + np.abs(A))


def _d_pinball(loss: Any, A: Array, Y: Array) -> Value:
    Y, q = repeated(loss, Y)
    return of_terms(np.where(A < Y, -q, 0.0) + np.where(A > Y, 1 - q, 0.0))


def _poisson(loss: Any, Z: Array, Y: Array) -> Value:
    return of_terms(np.where(Y > 0, Y * np.log(np.where(Y > 0, Y, 1)), 0), -Y * Z, -Y, np.exp(Z))


def _d_poisson(loss: Any, A: Array, Y: Array) -> Value:
    return of_terms(np.ones_like(A), -Y / A)


def _gamma(loss: Any, Z: Array, Y: Array) -> Value:
    found = of_terms(Z, -np.log(Y), Y * np.exp(-Z), -np.ones_like(Z))
    return found._replace(size=found.size + np.abs(Y * np.exp(-Z) * Z))


def _d_gamma(loss: Any, A: Array, Y: Array) -> Value:
    return of_terms(1 / A, -Y / A**2)


def _dZ_gamma(loss: Any, A: Array, Y: Array) -> Value:
    found = of_terms(np.ones_like(A), -Y / A)
    return found._replace(size=found.size * (1 + np.abs(np.log(A))))


def _phrase(text: str, latex: str, compute: Callable[[Any, Array, Array], Value], of: str) -> Phrase:
    """Return a formula in which A, Y, q and δ stand for what they are called."""

    def filled(pattern: str, loss: Any, A: str, Y: str) -> str:
        quantiles: tuple[float, ...] = getattr(loss, "quantiles", ())
        q = f"{quantiles[0]:g}" if len(quantiles) == 1 else "q"
        found = pattern.replace("{A}", A).replace("{Y}", Y).replace("{q}", q)
        return found.replace("{delta}", f"{getattr(loss, 'delta', 0):g}")

    return Phrase(
        lambda loss, A, Y: filled(text, loss, A, Y), lambda loss, A, Y: filled(latex, loss, A, Y), compute, of
    )


DIFFERENCE = _phrase("{A} - {Y}", "{A} - {Y}", _difference, "A")
SIGN = _phrase("sign({A} - {Y})", r"\mathrm{sign}({A} - {Y})", _sign, "A")
CLIPPED = _phrase("clip({A} - {Y}, -{delta}, {delta})", r"\mathrm{clip}({A} - {Y}, -{delta}, {delta})", _d_huber, "A")
SLOPES = _phrase(
    "-{q} where {A} < {Y}, 1 - {q} where {A} > {Y}",
    r"\begin{cases} -{q} & {A} < {Y} \\ 1 - {q} & {A} > {Y} \end{cases}",
    _d_pinball,
    "A",
)

LOSS_EQUATIONS: Mapping[str, LossEquations] = {
    "binary_log_loss": LossEquations(
        _phrase(
            "-({Y} log {A} + (1 - {Y}) log(1 - {A}))",
            r"-\left({Y} \log {A} + (1 - {Y}) \log(1 - {A})\right)",
            _binary,
            "Z",
        ),
        _phrase("-({Y} / {A}) + (1 - {Y}) / (1 - {A})", r"-\frac{{Y}}{{A}} + \frac{1 - {Y}}{1 - {A}}", _d_binary, "A"),
        DIFFERENCE,
    ),
    "categorical_log_loss": LossEquations(
        _phrase("-{Y} log {A}", r"-{Y} \log {A}", _categorical, "Z"),
        _phrase("-{Y} / {A}", r"-\frac{{Y}}{{A}}", _d_categorical, "A"),
        _phrase("{A} Σ{Y} - {Y}", r"{A} \sum {Y} - {Y}", _dZ_categorical, "A"),
        sums=True,
    ),
    "squared_error": LossEquations(
        _phrase("({A} - {Y})² / 2", r"\frac{1}{2} ({A} - {Y})^2", _squared, "A"), DIFFERENCE, DIFFERENCE
    ),
    "absolute_error": LossEquations(_phrase("|{A} - {Y}|", r"|{A} - {Y}|", _absolute, "A"), SIGN, SIGN, kinked=True),
    "huber": LossEquations(
        _phrase(
            "({A} - {Y})² / 2 within {delta}, {delta} (|{A} - {Y}| - {delta}/2) beyond",
            r"\begin{cases} \frac{1}{2} ({A} - {Y})^2 & |{A} - {Y}| \leq {delta} \\ "
            r"{delta}\,(|{A} - {Y}| - {delta}/2) & \text{else} \end{cases}",
            _huber,
            "A",
        ),
        CLIPPED,
        CLIPPED,
    ),
    "quantile": LossEquations(
        _phrase(
            "max({q} ({Y} - {A}), ({q} - 1) ({Y} - {A}))",
            r"\max({q}\,({Y} - {A}), ({q} - 1)({Y} - {A}))",
            _pinball,
            "A",
        ),
        SLOPES,
        SLOPES,
        kinked=True,
    ),
    "poisson": LossEquations(
        _phrase("{Y} log({Y} / {A}) - ({Y} - {A})", r"{Y} \log\frac{{Y}}{{A}} - ({Y} - {A})", _poisson, "Z"),
        _phrase("1 - {Y} / {A}", r"1 - \frac{{Y}}{{A}}", _d_poisson, "A"),
        DIFFERENCE,
    ),
    "gamma": LossEquations(
        _phrase("log({A} / {Y}) + {Y} / {A} - 1", r"\log\frac{{A}}{{Y}} + \frac{{Y}}{{A}} - 1", _gamma, "Z"),
        _phrase("1 / {A} - {Y} / {A}²", r"\frac{1}{{A}} - \frac{{Y}}{({A})^2}", _d_gamma, "A"),
        _phrase("1 - {Y} / {A}", r"1 - \frac{{Y}}{{A}}", _dZ_gamma, "A"),
    ),
}


def _softmax(Z: Array) -> Value:
    e = np.exp(Z - Z.max(axis=0))
    A = e / e.sum(axis=0)
    return Value(A, A * (1 + np.abs(Z - Z.max(axis=0))) + A * np.abs(Z).max(axis=0))


OUTPUT_EQUATIONS: Mapping[str, OutputEquations] = {
    "sigmoid": OutputEquations(
        lambda z: f"1 / (1 + e^-{z})",
        lambda z: rf"\frac{{1}}{{1 + e^{{-{z}}}}}",
        lambda Z: Value(sigmoid(Z), sigmoid(Z) * (1 + np.abs(Z))),
    ),
    "softmax": OutputEquations(
        lambda z: f"e^{z} / Σ e^{z} over the classes",
        lambda z: rf"\frac{{e^{{{z}}}}}{{\sum e^{{{z}}}}}",
        _softmax,
        of_all_outputs=True,
    ),
    "identity": OutputEquations(lambda z: z, lambda z: z, lambda Z: Value(Z, np.abs(Z))),
    "exp": OutputEquations(
        lambda z: f"e^{z}",
        lambda z: f"e^{{{z}}}",
        lambda Z: Value(np.exp(Z), np.exp(Z) * (1 + np.abs(Z))),
    ),
}


def mean_text(outputs: int, sums: bool, text: str, latex: str) -> tuple[str, str]:
    """Return text and LaTeX of the mean (or the sum) over the outputs."""
    if outputs == 1:
        return text, latex
    if sums:
        return f"Σ over the classes of {text}", rf"\sum_k {latex}"
    return f"(1/{outputs}) Σ over the outputs of {text}", rf"\frac{{1}}{{{outputs}}} \sum_k {latex}"


def latex_Y(loss: Any, classes: int) -> str:
    """Return the targets in LaTeX, smoothed where they are."""
    return smooth_text(loss, latex_of("Y"), classes)
