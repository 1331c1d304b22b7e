"""Which columns of numbers are jagged: their exact values say more about the targets than where they lie.

Two linear splines are fitted by least squares to every second row and tried on the others, and the other way round. One
has knots at quantiles of the different values, the other, coarser one at quantiles of the rows; that is about what a
network makes of the scaled number. A column is jagged where the finer one leaves less of the variance of the targets of
the rows it has not seen.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.knots import MOST_KNOTS, Knots, basis_sums, evenly_spaced
from lamina.data.moments import sums

COARSE_KNOTS = 16
MOST_ROWS = 20_000  # that are looked at; fewer where there are many targets
FEWEST_ROWS = 1_000
PRIOR_ROWS = 3.0  # of the mean of the targets, that every knot starts with
LEAST_GAIN = 0.01  # of the variance of the targets
SURE_STANDARD_ERRORS = 5.0  # that the gain is above 0


def rows_looked_at(n_targets: int) -> int:
    """Return how many rows the test looks at, at most."""
    return min(MOST_ROWS, 100 * MOST_ROWS // n_targets)


def is_jagged(x: NDArray[np.float64], Y: NDArray[Any], weights: NDArray[np.float64] | None = None) -> bool:
    """Return whether a column is jagged: by 1 % of the variance of the targets and by five standard errors.

    Parameters
    ----------
    x : array, shape (m,)
    Y : array, shape (m, targets)
        Encoded targets.
    weights : array, shape (m,), optional
    """
    known = np.flatnonzero(np.isfinite(x))[: rows_looked_at(Y.shape[1])]
    if len(known) < FEWEST_ROWS:
        return False
    x, Y, w = x[known], Y[known].astype(np.float64), np.ones(len(known)) if weights is None else weights[known]
    in_order = np.sort(x)
    values = in_order[np.append(True, in_order[1:] > in_order[:-1])]
    fine, coarse = evenly_spaced(values, MOST_KNOTS), np.unique(evenly_spaced(in_order, COARSE_KNOTS))
    if len(fine) < 3 or np.array_equal(fine, coarse):
        return False
    gain = w * (errors_of_unseen(x, Y, w, coarse) - errors_of_unseen(x, Y, w, fine))
    variance = np.average((Y - np.average(Y, axis=0, weights=w)) ** 2, axis=0, weights=w).sum()
    of_mean = np.sqrt(np.sum((gain - gain.mean()) ** 2)) / len(x)
    return bool(gain.mean() > LEAST_GAIN * variance * w.mean() and gain.mean() > SURE_STANDARD_ERRORS * of_mean)


def errors_of_unseen(
    x: NDArray[np.float64], Y: NDArray[np.float64], w: NDArray[np.float64], knots: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return every row's squared error under the spline that was fitted to the rows of the other half."""
    if len(knots) < 2:
        knots = np.array([knots[0], np.nextafter(knots[0], np.inf)])
    j, f = Knots(knots).between(x)
    errors, half = np.empty(len(x)), np.arange(len(x)) % 2 == 0
    for seen in (half, ~half):
        js, fs, ws = j[seen], f[seen], w[seen]
        mean = np.average(Y[seen], axis=0, weights=ws)
        between = sums(js, ws * fs * (1 - fs), len(knots))[:-1]  # H^T H is tridiagonal
        diagonal = basis_sums(js, ws * (1 - fs) ** 2, ws * fs**2, len(knots))
        HY = [basis_sums(js, ws * (1 - fs) * y, ws * fs * y, len(knots)) for y in (Y[seen] - mean).T]
        B = _solved(diagonal + PRIOR_ROWS, between, np.stack(HY, axis=1))  # (knots, targets)
        ju, fu = j[~seen], f[~seen, None]
        errors[~seen] = np.sum(((1 - fu) * B[ju] + fu * B[ju + 1] + mean - Y[~seen]) ** 2, axis=1)
    return errors


def _solved(diagonal: NDArray[np.float64], beside: NDArray[np.float64], right: NDArray[np.float64]) -> Any:
    """Return the solution of a symmetric tridiagonal system, by elimination down and substitution up."""
    diagonal, right = diagonal.copy(), right.copy()
    for k, b in enumerate(beside):
        diagonal[k + 1] -= b * b / diagonal[k]
        right[k + 1] -= b / diagonal[k] * right[k]
    right[-1] /= diagonal[-1]
    for k in range(len(beside) - 1, -1, -1):
        right[k] = (right[k] - beside[k] * right[k + 1]) / diagonal[k]
    return right
