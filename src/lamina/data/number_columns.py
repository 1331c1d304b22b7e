"""Columns of numbers, encoded together as one matrix.

    Z = (x - location) / scale          standard: weighted mean and standard deviation; none: 0 and 1
    a constant column is 0, a missing number is `fill`; an indicator column says where it was missing

Everything is computed in float64, then rounded to the dtype of the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.moments import Moments
from lamina.data.sources import Table
from lamina.errors import DataError

Scaling = Literal["standard", "none"]
SCALINGS = ("standard", "none")
Missing = Literal["encode", "raise"]
MISSINGS = ("encode", "raise")


@dataclass(frozen=True, eq=False)
class NumberColumns:
    """The columns of numbers and dates; each array has shape (columns,)."""

    at: NDArray[np.intp]  # which input columns they are
    location: NDArray[np.float64]
    scale: NDArray[np.float64]  # 0: constant in training, encoded as 0
    fill: NDArray[np.float64]  # what a missing number is encoded as
    indicator: NDArray[np.bool_]  # whether some training rows, not all, had it missing

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
        with np.errstate(over="ignore", invalid="ignore"):
            Z = (block - self.location) / divisor
            encoded = Z.astype(dtype, copy=False)
            if np.isfinite(encoded).all():
                return encoded, None
            missing = np.isnan(block)
            if not (np.isfinite(Z) | missing).all():
                # The difference of two huge numbers may leave the float range where the quotient does not.
                quarters = (block / 4 - self.location / 4) / (divisor / 4)
                quarters[:, self.scale == 0] = block[:, self.scale == 0] * 0.0  # infinity times 0 is NaN, still a fault
                Z = np.where(np.isfinite(Z), Z, quarters)
            return np.where(missing, self.fill, Z).astype(dtype), missing


def fit_numbers(at: NDArray[np.intp], found: Moments, scaling: Scaling) -> NumberColumns:
    """Return the encoding of number columns whose moments were found."""
    location, scale = found.location(), found.scale()
    indicator = (found.missing > 0) & (found.weight > 0)
    if scaling == "none":
        return NumberColumns(at, np.zeros_like(location), np.where(found.weight > 0, 1.0, 0.0), location, indicator)
    return NumberColumns(at, location, scale, np.zeros_like(location), indicator)


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
        "at": numbers.at.tolist(),
        "location": numbers.location.tolist(),
        "scale": numbers.scale.tolist(),
        "fill": numbers.fill.tolist(),
        "indicator": numbers.indicator.tolist(),
    }


def from_header(header: Mapping[str, Any], n_columns: int) -> NumberColumns:
    """Return the columns of a header, checked."""
    what = "encoder numbers"
    header = headers.fields(header, what, ("at", "location", "scale", "fill", "indicator"))
    at = [headers.whole(j, f"{what} at", 0, n_columns - 1) for j in headers.listed(header["at"], f"{what} at")]
    if sorted(set(at)) != at:
        raise DataError(f"{what} at: increasing column numbers expected")
    location, scale, fill = (
        headers.finite(header[key], f"{what} {key}", len(at)) for key in ("location", "scale", "fill")
    )
    if (scale < 0).any():
        raise DataError(f"{what} scale: no negative number expected, found {scale.min()}")
    indicator = headers.flags(header["indicator"], f"{what} indicator", len(at))
    return NumberColumns(np.array(at, np.intp), location, scale, fill, indicator)
