"""Weighted mean and standard deviation of columns, gathered batch by batch and stable over the whole float range.

Within a block      mean = Σ w x / Σ w           spread = Σ w (x - mean)²
Joining two         delta = mean_b - mean_a      mean = mean_a + delta W_b / W
                    spread = spread_a + spread_b + delta² W_a W_b / W        (Chan, Golub, LeVeque 1983)

Where numbers are so large or so small that a square would leave the float range, a column is in units of a power of 2.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WIDE = 64  # columns, from which on NumPy goes along the rows as fast as along the columns
SAFE_EXPONENT = 400  # squares and sums of numbers within 2**±400 stay far inside 2**±1022


@dataclass(frozen=True, eq=False)
class Moments:
    """What a run of rows says about its columns; each array has shape (columns,)."""

    weight: Array  # Σ w of the numbers that are there
    exponent: NDArray[np.int32]  # mean and spread are in units of 2**exponent and its square
    mean: Array
    spread: Array  # Σ w (x - mean)²
    low: Array
    high: Array
    missing: Array  # Σ w of the numbers that are not

    def joined(self, other: "Moments") -> "Moments":
        """Return the moments of both runs of rows."""
        only_a, only_b = other._empty & ~self._empty, self._empty & ~other._empty
        larger = np.maximum(self.exponent, other.exponent)
        exponent = np.where(only_a, self.exponent, np.where(only_b, other.exponent, larger))
        a, b = self._in_units(exponent), other._in_units(exponent)
        weight = a.weight + b.weight
        share = np.divide(b.weight, weight, out=np.zeros_like(weight), where=weight > 0)
        delta = b.mean - a.mean
        return Moments(
            weight,
            exponent,
            a.mean + delta * share,
            a.spread + b.spread + delta**2 * (a.weight * share),
            np.minimum(a.low, b.low),
            np.maximum(a.high, b.high),
            a.missing + b.missing,
        )

    def _in_units(self, exponent: NDArray[np.int32]) -> "Moments":
        if np.array_equal(exponent, self.exponent):
            return self
        shift = np.where(self._empty, 0, self.exponent - exponent)
        mean, spread = np.ldexp(self.mean, shift), np.ldexp(self.spread, 2 * shift)
        return Moments(self.weight, exponent, mean, spread, self.low, self.high, self.missing)

    def weighted_by(self, factor: float) -> "Moments":
        """Return the moments of the same rows, each of so many times its weight."""
        if factor == 1:
            return self
        return replace(self, weight=self.weight * factor, spread=self.spread * factor, missing=self.missing * factor)

    @property
    def _empty(self) -> NDArray[np.bool_]:
        """Columns without a number other than 0: their unit is no unit."""
        nothing: NDArray[np.bool_] = (self.weight == 0) | ((self.low == 0) & (self.high == 0))
        return nothing

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Columns that hold one number (or none at all)."""
        return np.logical_not(self.low < self.high)

    def location(self) -> Array:
        """Return the weighted means; exactly the number of a constant column, 0 for a column without numbers."""
        mean = np.clip(np.ldexp(self.mean, self.exponent), self.low, self.high)
        return np.where(self.weight > 0, mean, 0.0)

    def scale(self) -> Array:
        """Return the weighted standard deviations; 0 for a constant column."""
        variance = np.divide(self.spread, self.weight, out=np.zeros_like(self.spread), where=self.weight > 0)
        return np.where(self.constant, 0.0, np.ldexp(np.sqrt(variance), self.exponent))


def moments(block: Array, weights: Array | None) -> Moments:
    """Return the moments of rows of finite numbers and NaN.

    Sums are made without BLAS, whose bits depend on the processor and on the number of threads.

    Parameters
    ----------
    block : array, shape (m, columns)
        NaN is missing; no infinities.
    weights : array, shape (m,), or None
        All positive.
    """
    low, high = _ends(block)
    weight = np.full(len(low), float(len(block)) if weights is None else weights.sum())
    missing = np.zeros(len(low))
    nan = np.isnan(block)
    gaps = nan.any(axis=0)
    if gaps.any():
        block = np.where(nan, 0.0, block)
        some = ~nan.all(axis=0)
        low, high = np.where(some, low, np.inf), np.where(some, high, -np.inf)
        w = 1.0 if weights is None else weights[:, None]
        weight[gaps], missing[gaps] = ((rows[:, gaps] * w).sum(axis=0) for rows in (~nan, nan))
    exponent = _exponents(low, high)
    z = block if not exponent.any() else block * np.ldexp(1.0, -exponent)
    terms = z if weights is None else z * weights[:, None]
    mean = _divided(terms.sum(axis=0), weight)
    terms = np.subtract(z, mean, out=None if weights is None else terms)
    if gaps.any():
        terms[nan] = 0.0
    terms *= terms
    if weights is not None:
        terms *= weights[:, None]
    return Moments(weight, exponent, mean, terms.sum(axis=0), low, high, missing)


def sparse_moments(matrix: Any, weights: Array | None) -> Moments:
    """Return the moments of a CSR matrix, from the stored numbers and the count of the zeros."""
    n_rows, n_columns = matrix.shape
    w_rows = np.ones(n_rows) if weights is None else weights
    at, x = matrix.indices, matrix.data.astype(np.float64)
    w = np.repeat(w_rows, np.diff(matrix.indptr))
    there = ~np.isnan(x)
    missing = sums(at[~there], w[~there], n_columns)
    at, x, w = at[there], x[there], w[there]
    total = w_rows.sum()
    stored = sums(at, w, n_columns)
    zeros = np.bincount(matrix.indices, minlength=n_columns) < n_rows  # columns with a zero that is not stored
    low, high = np.where(zeros, 0.0, np.inf), np.where(zeros, 0.0, -np.inf)
    np.minimum.at(low, at, x)
    np.maximum.at(high, at, x)
    weight = np.where(zeros, total - missing, stored)
    exponent = _exponents(low, high)
    z = x * np.ldexp(1.0, -exponent)[at]
    mean = _divided(sums(at, w * z, n_columns), weight)
    spread = sums(at, w * (z - mean[at]) ** 2, n_columns) + np.where(zeros, weight - stored, 0.0) * mean**2
    return Moments(weight, exponent, mean, spread, low, high, missing)


def _ends(block: Array) -> tuple[Array, Array]:
    """Return the lowest and the highest number of each column; -0 as 0, so that the order of the rows says nothing."""
    axis = 0
    if block.shape[1] <= WIDE:
        block, axis = np.ascontiguousarray(block.T), 1  # several numbers at a time, where rows are short
    return np.fmin.reduce(block, axis=axis) + 0.0, np.fmax.reduce(block, axis=axis) + 0.0


def _exponents(low: Array, high: Array) -> NDArray[np.int32]:
    """Return 0 for ordinary columns, else the exponent of the largest magnitude."""
    with np.errstate(invalid="ignore"):
        largest = np.maximum(np.abs(low), np.abs(high))
    exponent = np.frexp(np.where(np.isfinite(largest), largest, 0.0))[1].astype(np.int32)
    return np.where(np.abs(exponent) > SAFE_EXPONENT, np.maximum(exponent, -1000), 0)


def _divided(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def sums(at: NDArray[Any], terms: Array, n: int) -> Array:
    """Return the sum of the terms at each of n places."""
    return np.bincount(at, terms, n).astype(np.float64)
