"""Columns of numbers, encoded together as one matrix.

    Z = (x - location) / scale
        standard     weighted mean and standard deviation
        minmax       lowest number and range: the training rows lie in [0, 1]
        robust       median and distance of the quartiles; where that is 0, half the range
        none         0 and 1
    robust           then Z / sqrt(1 + (Z / 3)^2), a smooth clip to ±3
    quantile         the map of normal_scores.py instead
    a constant column is 0, a missing number is `fill`; an indicator column says where it was missing

A missing number is filled with the median where that is known (robust, quantile), else with the mean. The sine and
cosine of a date's part are left as they are, and 0 where the date is missing: the middle of the circle.

Everything is computed in float64, then rounded to the dtype of the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.date_columns import CIRCLES, PARTS
from lamina.data.normal_scores import LANDMARKS, NormalScores
from lamina.data.tables.table import Table
from lamina.errors import DataError

Scaling = Literal["standard", "minmax", "robust", "quantile", "none"]
SCALINGS: tuple[Scaling, ...] = ("standard", "minmax", "robust", "quantile", "none")
Missing = Literal["encode", "raise"]
MISSINGS = ("encode", "raise")

CLIP = 3.0  # how far out the smooth clip lets numbers be
FLAT = 1e9  # from here on Z / sqrt(1 + (Z / 3)^2) is 3 to the bit


@dataclass(frozen=True, eq=False)
class NumberColumns:
    """The columns of numbers and dates; each array has shape (columns,)."""

    scaling: Scaling
    at: NDArray[np.intp]  # which input columns they are; a date stands once for each of its parts
    parts: tuple[str, ...]  # "", or the part of a date: see date_columns.py
    location: NDArray[np.float64]
    scale: NDArray[np.float64]  # 0: constant in training, encoded as 0
    fill: NDArray[np.float64]  # what a missing number is encoded as
    indicator: NDArray[np.bool_]  # whether some training rows, not all, had it missing; for the part "" only
    quantiles: tuple[NDArray[np.float64], ...] = ()  # landmarks of each column where scaling="quantile"

    @cached_property
    def on_circle(self) -> NDArray[np.bool_]:
        """Which columns are a sine or cosine."""
        return np.array([part in CIRCLES for part in self.parts], bool)

    @cached_property
    def sources(self) -> NDArray[np.intp]:
        """The different input columns, increasing."""
        return np.unique(self.at)

    @cached_property
    def _maps(self) -> list[tuple[int, NormalScores]]:
        return [(k, NormalScores(found)) for k, found in enumerate(self.quantiles) if len(found)]

    def encode(self, block: NDArray[np.float64], dtype: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Return the encoded numbers and, if any is missing, where.

        Results that are not finite stay so, for `find_fault` to explain.

        Parameters
        ----------
        block : array, shape (m, columns)

        Returns
        -------
        Z : array, shape (m, columns)
        missing : array of bool, shape (m, columns), or None
        """
        divisor = np.where(self.scale == 0, np.inf, self.scale)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            Z = (block - self.location) / divisor
            if self.scaling in ("robust", "quantile"):
                if np.isfinite(Z).all():
                    return self._shaped(block, Z).astype(dtype, copy=False), None
            else:
                encoded = Z.astype(dtype, copy=False)
                if np.isfinite(encoded).all():
                    return encoded, None
            missing = np.isnan(block)
            if not (np.isfinite(Z) | missing).all():
                # The difference of two huge numbers may leave the float range where the quotient does not.
                quarters = (block / 4 - self.location / 4) / (divisor / 4)
                quarters[:, self.scale == 0] = block[:, self.scale == 0] * 0.0  # infinity times 0 is NaN, still a fault
                Z = np.where(np.isfinite(Z), Z, quarters)
            Z = np.where(np.isinf(block), np.nan, self._shaped(block, Z))  # NaN that is not missing is a fault
            return np.where(missing, self.fill, Z).astype(dtype), missing

    def _shaped(self, block: NDArray[np.float64], Z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Z with the smooth clip, or with the normal scores in place of it; Z itself is overwritten."""
        if self.scaling == "quantile":
            for k, scores in self._maps:
                Z[:, k] = scores(block[:, k])
        elif self.scaling == "robust" and not self.on_circle.any():
            smooth_clip(Z)
        elif self.scaling == "robust":
            Z[:, ~self.on_circle] = smooth_clip(Z[:, ~self.on_circle])
        return Z


def smooth_clip(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Z / sqrt(1 + (Z / 3)^2), computed in place (Holzmüller, Grinsztajn, Steinwart 2024)."""
    np.clip(Z, -FLAT, FLAT, out=Z)
    root = Z * (1 / CLIP)
    root *= root
    root += 1.0
    np.sqrt(root, out=root)
    Z /= root
    return Z


def find_fault(table: Table, at: NDArray[np.intp], block: NDArray[np.float64], first: int, dtype: Any) -> DataError:
    """Return the error for the first number of a block that is infinite, or too far out for the dtype."""
    infinite = np.isinf(block)
    i, j = np.argwhere(infinite if infinite.any() else ~np.isnan(block))[0]
    place = f"column {table.names[at[j]]!r}, row {table.row_number(first + int(i))}"
    if infinite.any():
        return DataError(
            f"Input X contains infinity or a value too large for float64: {place}. Infinity is not allowed; "
            "replace it by NaN to have it encoded as missing"
        )
    return DataError(f"Input X contains a value too large for {np.dtype(dtype)}: {place}: {block[i, j]:g}")


def missing_fault(table: Table, at: NDArray[np.intp], missing: NDArray[np.bool_], first: int) -> DataError:
    """Return the error for the first missing number where none is allowed."""
    i, j = np.argwhere(missing)[0]
    return DataError(
        f"Input X contains NaN: column {table.names[at[j]]!r}, row {table.row_number(first + int(i))}. "
        'Missing values are not allowed here; fill them, drop the rows, or choose missing="encode"'
    )


def to_header(numbers: NumberColumns) -> dict[str, Any]:
    """Return the columns as plain JSON values."""
    return {
        "scaling": numbers.scaling,
        "at": numbers.at.tolist(),
        "parts": list(numbers.parts),
        "location": numbers.location.tolist(),
        "scale": numbers.scale.tolist(),
        "fill": numbers.fill.tolist(),
        "indicator": numbers.indicator.tolist(),
        "quantiles": [found.tolist() for found in numbers.quantiles],
    }


def from_header(header: Mapping[str, Any], n_columns: int) -> NumberColumns:
    """Return the columns of a header, checked."""
    what = "encoder numbers"
    keys = ("scaling", "at", "parts", "location", "scale", "fill", "indicator", "quantiles")
    header = headers.fields(header, what, keys)
    named = headers.choice(header["scaling"], f"{what} scaling", SCALINGS)
    scaling: Scaling = next(one for one in SCALINGS if one == named)
    at = [headers.whole(j, f"{what} at", 0, n_columns - 1) for j in headers.listed(header["at"], f"{what} at")]
    parts = tuple(
        headers.choice(part, f"{what} parts", PARTS)
        for part in headers.listed(header["parts"], f"{what} parts", len(at))
    )
    _check_order(at, parts)
    location, scale, fill = (
        headers.finite(header[key], f"{what} {key}", len(at)) for key in ("location", "scale", "fill")
    )
    if (scale < 0).any():
        raise DataError(f"{what} scale: no negative number expected, found {scale.min()}")
    indicator = headers.flags(header["indicator"], f"{what} indicator", len(at))
    if any(marked and part for marked, part in zip(indicator, parts, strict=True)):
        raise DataError(f"{what} indicator: true for a part of a date")
    n_maps = len(at) if scaling == "quantile" else 0
    quantiles = tuple(
        headers.finite(one, f"{what} quantiles")
        for one in headers.listed(header["quantiles"], f"{what} quantiles", n_maps)
    )
    numbers = NumberColumns(scaling, np.array(at, np.intp), parts, location, scale, fill, indicator, quantiles)
    _check_quantiles(numbers)
    return numbers


def _check_order(at: list[int], parts: tuple[str, ...]) -> None:
    """Raise a DataError unless columns increase, each begins with itself, and its parts follow in their order."""
    pairs = list(zip(at, map(PARTS.index, parts), strict=True))
    if sorted(set(pairs)) != pairs or {j for j, place in pairs if place == 0} != set(at):
        raise DataError("encoder numbers at: increasing column numbers expected, and parts in their order")


def _check_quantiles(numbers: NumberColumns) -> None:
    what = "encoder numbers quantiles"
    for k, found in enumerate(numbers.quantiles):
        if numbers.scale[k] == 0 or numbers.on_circle[k]:
            if len(found):
                raise DataError(f"{what}: none expected for a column without a scale, found {len(found)}")
        elif not 2 <= len(found) <= LANDMARKS or (np.diff(found) < 0).any() or found[0] == found[-1]:
            raise DataError(f"{what}: 2 to {LANDMARKS} increasing numbers expected")
