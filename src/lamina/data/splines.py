"""Linear splines: a number whose exact value counts brings a hat for each of up to 48 values.

    hat k         1 at knot k, down to 0 at the knots beside it; level beyond the first and the last
    encoded as    (hat - mean) * min(3, 1 / deviation), both over the training rows; 0 where the number is missing

It is the piecewise-linear encoding of Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features", in the
basis of B-splines of degree 1: a linear layer on it is any function that bends at the knots. The knots are quantiles of
the different values, not of the rows, so that values of few rows get some too.

A column is jagged where such a function of it predicts the targets of rows it has not seen better than one that bends
at quantiles of the rows, which is about what a network makes of the scaled number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.knots import Knots
from lamina.data.moments import sums
from lamina.errors import DataError

MOST = 48  # knots
HIGHEST = 3.0  # factor of a hat: rare ones are not blown up

# Of the test for jagged columns:
COARSE = 16  # knots of the smoother function
SEEN = 20_000  # rows looked at, fewer where there are many targets
TOO_FEW = 1_000  # rows
PRIOR = 3.0  # rows, of the mean of the targets, that every knot starts with
GAIN = 0.01  # of the variance of the targets
SURE = 5.0  # standard errors that the gain is above 0


@dataclass(frozen=True, eq=False)
class Spline:
    """One column's hats; each array has shape (knots,)."""

    at: int  # which input column
    knots: NDArray[np.float64]
    mean: NDArray[np.float64]
    factor: NDArray[np.float64]

    @property
    def width(self) -> int:
        """How many encoded columns it makes."""
        return len(self.knots)

    def encode(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the encoded columns of the numbers x (m,), shape (m, knots)."""
        j, f = self._places.between(x)
        H, rows = np.zeros((len(x), self.width)), np.arange(len(x))
        H[rows, j], H[rows, j + 1] = 1 - f, f
        H -= self.mean
        H *= self.factor
        H[np.isnan(x)] = 0.0
        return H

    @cached_property
    def _places(self) -> Knots:
        return Knots(self.knots)


def fit_spline(at: int, x: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Spline | None:
    """Return the spline of a column of the training rows, x (m,); None where it has fewer than three values."""
    known = np.isfinite(x)
    x, w = x[known], np.ones(known.sum()) if weights is None else weights[known]
    knots = _some(np.unique(x), MOST)
    if len(knots) < 3:
        return None
    j, f = Knots(knots).between(x)
    mean = _of_hats(j, w * (1 - f), w * f, len(knots)) / w.sum()
    square = _of_hats(j, w * (1 - f) ** 2, w * f**2, len(knots)) / w.sum()
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))  # a hat is 0 to 1: the difference is exact enough
    return Spline(at, knots, mean, 1 / np.maximum(deviation, 1 / HIGHEST))


def is_jagged(x: NDArray[np.float64], Y: NDArray[Any], weights: NDArray[np.float64] | None = None) -> bool:
    """Return whether the exact values of a column say more about the targets than where they lie.

    Two splines are fitted by least squares to every second row and tried on the others, and the other way round. The
    column is jagged where the finer one leaves less of the variance of the targets, by 1 % of it and by five standard
    errors.

    Parameters
    ----------
    x : array, shape (m,)
    Y : array, shape (m, targets)
        Encoded targets.
    weights : array, shape (m,), optional
    """
    known = np.flatnonzero(np.isfinite(x))[: min(SEEN, 100 * SEEN // Y.shape[1])]
    if len(known) < TOO_FEW:
        return False
    x, Y, w = x[known], Y[known].astype(np.float64), np.ones(len(known)) if weights is None else weights[known]
    values = np.unique(x)
    fine, coarse = _some(values, MOST), np.unique(_some(np.sort(x), COARSE))
    if len(fine) < 3 or np.array_equal(fine, coarse):
        return False
    gain = w * (_errors(x, Y, w, coarse) - _errors(x, Y, w, fine))
    variance = np.average((Y - np.average(Y, axis=0, weights=w)) ** 2, axis=0, weights=w).sum()
    of_mean = np.sqrt(np.sum((gain - gain.mean()) ** 2)) / len(x)
    return bool(gain.mean() > GAIN * variance * w.mean() and gain.mean() > SURE * of_mean)


def _some(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return up to `most` of the increasing values, evenly spaced by rank, the first and the last among them."""
    if len(values) <= most:
        return values
    return values[np.round(np.linspace(0, len(values) - 1, most)).astype(np.intp)]


def _errors(
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
        diagonal = _of_hats(js, ws * (1 - fs) ** 2, ws * fs**2, len(knots))
        HH = np.diag(diagonal + PRIOR) + np.diag(between, 1) + np.diag(between, -1)
        HY = [_of_hats(js, ws * (1 - fs) * y, ws * fs * y, len(knots)) for y in (Y[seen] - mean).T]
        B = np.linalg.solve(HH, np.stack(HY, axis=1))  # (knots, targets)
        ju, fu = j[~seen], f[~seen, None]
        errors[~seen] = np.sum(((1 - fu) * B[ju] + fu * B[ju + 1] + mean - Y[~seen]) ** 2, axis=1)
    return errors


def _of_hats(j: NDArray[np.intp], at_j: Any, at_next: Any, n: int) -> NDArray[np.float64]:
    """Return for each of n hats the sum of the terms of the rows on it: a row is on hats j and j + 1."""
    return sums(j, at_j, n) + sums(j + 1, at_next, n)


def to_header(spline: Spline) -> dict[str, Any]:
    """Return a spline as plain JSON values."""
    return {
        "at": spline.at,
        "knots": spline.knots.tolist(),
        "mean": spline.mean.tolist(),
        "factor": spline.factor.tolist(),
    }


def from_header(header: Mapping[str, Any], n_columns: int) -> Spline:
    """Return the spline of a header, checked."""
    what = "encoder splines"
    header = headers.fields(header, what, ("at", "knots", "mean", "factor"))
    knots = headers.finite(header["knots"], f"{what} knots")
    if not 3 <= len(knots) <= MOST or (np.diff(knots) <= 0).any():
        raise DataError(f"{what} knots: 3 to {MOST} increasing numbers expected")
    mean, factor = (headers.finite(header[key], f"{what} {key}", len(knots)) for key in ("mean", "factor"))
    return Spline(headers.whole(header["at"], f"{what} at", 0, n_columns - 1), knots, mean, factor)
