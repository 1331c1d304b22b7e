"""The certificate of a loss of somebody's own, before the first step: its derivative against central differences.

It is asked about rows of the fit at the network's first predictions, and about the same rows at predictions spread
around those, as training may come to them. Each entry has its own difference; one that disagrees is looked at closer
(equations/differences.py), and is left alone where the loss has a kink or its rounding hides the derivative.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.differences import Vector, compare
from lamina.equations.own_loss import FunctionLoss
from lamina.equations.types import Array
from lamina.errors import DataWarning, SettingError
from lamina.learning.run import Run
from lamina.learning.state import State

CHECKED_ROWS = 256
SPREADS = (0.0, 1.0, 3.0)  # of Z around the first predictions
H = 1e-5  # of Z
NEAR = 1e-4  # what a first difference may be off, as a part; more is looked at closer
LOOKED_AT = 20  # entries at most
SMALL = 1e-4  # of a derivative by Z
WRONG = 1e-4  # what a closer look may be off


class _Points(NamedTuple):
    """What the function is asked about."""

    P: Array  # (rows, outputs)
    Y: Array  # (rows, targets)
    h: Array  # (rows, outputs), a step that is small for each entry


def check_own_loss(run: Run, state: State) -> None:
    """Find out before training whether a loss of somebody's own is what it says; others are what the tests say.

    Raises
    ------
    SettingError
        The function raises or returns what it must not, rows depend on one another, or the derivative is wrong: says at
        which entry, what was found and what was expected.
    """
    loss, network = run.network.loss, run.network
    if not isinstance(loss, FunctionLoss):
        return
    block = next(iter(run.examples.blocks(CHECKED_ROWS)))
    X, Y = block.X, np.asarray(block.Y, np.float64).T
    Z = loss.link(np.asarray(run.engine.predict(network, state.evaluated, X), np.float64).T)
    draw = np.random.default_rng(0)
    points = [_points(loss, Z + spread * draw.standard_normal(Z.shape), Y) for spread in SPREADS]
    _check_finite(loss, points[0])
    _check_rows_apart(loss, points[0])
    _warn_of_small(loss, points[1].P, points[1].Y)
    with np.errstate(all="ignore"):
        _check_derivative(loss, _Points(*(np.concatenate(parts) for parts in zip(*points, strict=True))))


def _points(loss: FunctionLoss, Z: Array, Y: Array) -> _Points:
    P, rows = loss.given(Z, Y)
    h = np.full(P.shape, H)
    if loss.of == "A":
        A = loss.output(Z).T
        h *= {"identity": np.ones_like(A), "exp": A}.get(loss.output_name, A * (1 - A))
        h *= np.array(loss.scale) if loss.scale else 1.0
    return _Points(P, rows, np.maximum(h, 1e-300))


def _check_finite(loss: FunctionLoss, at: _Points) -> None:
    for what, found in (("L", loss.value(at.P, at.Y)[:, None]), (f"d{loss.of}", loss.slope(at.P, at.Y))):
        wrong = np.argwhere(~np.isfinite(found))
        if len(wrong):
            i, j = wrong[0].tolist()
            cure = " For predictions above 0 use lamina.OwnLoss(function, output='exp')." if _below_0(loss, at) else ""
            raise SettingError(
                f"loss={loss.called} returned {what}={found[i, j]} for {_entry(loss, at, i, j)}: expected finite "
                f"numbers, whatever a network predicts before it has learned.{cure}"
            )


def _below_0(loss: FunctionLoss, at: _Points) -> bool:
    return loss.output_name == "identity" and bool((at.P <= 0).any() and (at.Y >= 0).all())


def _warn_of_small(loss: FunctionLoss, P: Array, Y: Array) -> None:
    """Warn of derivatives that the epsilon of Adam and its like would drown: those of targets in very small units."""
    d = np.abs(loss.slope(P, Y)) * (np.array(loss.scale) if loss.scale and loss.of == "A" else 1.0)
    largest = float(np.max(d, where=np.isfinite(d), initial=0.0))
    if largest < SMALL:
        factor = (
            f"multiply the loss by {10.0 ** -np.floor(np.log10(largest)):.0e}" if largest > 0 else "is it constant?"
        )
        warnings.warn(
            f"loss={loss.called}: its derivative by the network's output is at most {largest:.1e}, so small that "
            f"optimisers like Adam, whose epsilon is 1e-8, hardly move: {factor}.",
            DataWarning,
            stacklevel=2,
        )


def _check_rows_apart(loss: FunctionLoss, at: _Points) -> None:
    """Half of the rows must have the losses that they have among all of them."""
    half = max(len(at.P) // 2, 1)
    whole, alone = loss.value(at.P, at.Y)[:half], loss.value(at.P[:half], at.Y[:half])
    off = np.abs(whole - alone) > 1e-9 * (np.abs(whole) + np.abs(alone))
    if off.any():
        i = int(np.argmax(off))
        raise SettingError(
            f"loss={loss.called}: the loss of row {i} is {whole[i]:.6g} among {len(at.P)} rows and {alone[i]:.6g} "
            f"among {half} of them: expected one that other rows do not change. Means over rows are lamina's."
        )


def _check_derivative(loss: FunctionLoss, at: _Points) -> None:
    d, L = loss.slope(at.P, at.Y), loss.value(at.P, at.Y)
    seen = np.isfinite(L) & np.isfinite(d).all(axis=1)
    at, d = _Points(*(part[seen] for part in at)), d[seen]
    approx = _differences(loss, at)
    size = np.abs(d) + np.abs(approx)
    gap = np.where(np.isfinite(approx), np.abs(d - approx), 0.0) * at.h / H  # in the measure of Z, as L is
    allowed = NEAR * (size * at.h / H) + 1e-6 * np.sqrt(np.mean((np.where(np.isfinite(size), size, 0) * at.h / H) ** 2))
    rows = np.unique(np.argwhere(gap > allowed)[:, 0])
    worst = rows[np.argsort(-gap[rows].max(axis=1), kind="stable")][:LOOKED_AT] if len(rows) else rows
    for i in worst.tolist():
        expected, wrong = _closer(loss, at, d, i)
        if wrong.any():
            j = int(np.argmax(np.where(wrong, gap[i], -1.0)))
            own, true = (_in_full(loss, at, one) for one in (d[i, j], expected[j]))
            raise SettingError(
                f"loss={loss.called}: the derivative is wrong. For {_entry(loss, at, i, j)} it is {own}, and L changes "
                f"by {true} for each 1 of {loss.of}[{j}] (central differences).{_hint(d, approx)}"
            )


def _differences(loss: FunctionLoss, at: _Points) -> Array:
    approx = np.empty_like(at.P)
    for j in range(at.P.shape[1]):
        step = np.zeros_like(at.P)
        step[:, j] = at.h[:, j]
        above, below = at.P + step, at.P - step
        approx[:, j] = (loss.value(above, at.Y) - loss.value(below, at.Y)) / (above - below)[:, j]
    return approx


def _closer(loss: FunctionLoss, at: _Points, d: Array, i: int) -> tuple[Array, Any]:
    """Return the derivatives of one row, as far as its loss tells, and which of the function's are others."""
    P, Y, unit = at.P[i : i + 1], at.Y[i : i + 1], at.h[i] / H

    def L(moved: Vector) -> float:
        return float(loss.value(P + moved * unit, Y)[0])

    def slope(moved: Vector) -> Vector:
        return np.asarray(loss.slope(P + moved * unit, Y)[0] * unit, np.float64)

    own = d[i] * unit
    found = compare(L, np.zeros(P.shape[1]), own, H, WRONG, gradient=slope)
    off = np.abs(own - found.approx) > WRONG * np.maximum(np.max(np.abs(own)), np.max(np.abs(found.approx)))
    return found.approx / unit, off & found.compared


def _in_full(loss: FunctionLoss, at: _Points, share: float) -> str:
    """Return a derivative of what the function returns, not of the mean over the outputs."""
    return f"{share * (at.P.shape[1] if loss.L_by_output(at.P, at.Y) else 1):.6g}"


def _entry(loss: FunctionLoss, at: _Points, i: int, j: int) -> str:
    """Return where an entry stands, in words: the row is one of those that were asked about."""
    if at.Y.shape[1] == at.P.shape[1]:
        return f"{loss.of}[{j}] = {at.P[i, j]:.6g} and Y[{j}] = {at.Y[i, j]:.6g}"
    return f"{loss.of}[{j}] = {at.P[i, j]:.6g} and Y = {at.Y[i].tolist()}"


def _hint(d: Array, approx: Array) -> str:
    """Say what the whole of it looks like: the other sign, or a factor."""
    some = np.isfinite(approx) & (np.abs(approx) > 1e-9 * np.max(np.abs(approx[np.isfinite(approx)]), initial=0.0))
    if not some.any():
        return ""
    ratio = d[some] / approx[some]
    middle = float(np.median(ratio))
    if np.quantile(np.abs(ratio - middle), 0.9) > 1e-3 * abs(middle):
        return ""
    if abs(middle + 1) < 1e-3:
        return " Everywhere it has the other sign: is it the derivative by Y, or of Y - A?"
    if np.isfinite(middle) and middle != 0:
        return f" Everywhere it is {middle:.4g} times what it should be."
    return " Everywhere it is 0." if middle == 0 else ""
