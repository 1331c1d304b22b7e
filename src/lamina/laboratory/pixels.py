"""Rows whose columns are pixels, as small grey pictures; and the first layer's units, whose weights are pictures."""

from math import isqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.encoder import Encoder
from lamina.data.tables.table import Table

SMALLEST_SIDE, LARGEST_SIDE = 4, 64
SHADES = 255


class Pictures(NamedTuple):
    """Square pictures of one size."""

    side: int
    shades: NDArray[np.uint8]  # (pictures, side ** 2), 0 is the lowest value
    low: float
    high: float


def side_of_pictures(table: Table) -> int:
    """Return how many pixels a side has where the columns are the pixels of a square; 0 where they are none.

    They are where all are numbers, their count is a square, and all share one range: none lies below 0, and the largest
    of most columns is that of a few.
    """
    n = len(table.names)
    side = isqrt(n)
    if side * side != n or not SMALLEST_SIDE <= side <= LARGEST_SIDE:
        return 0
    if any(table.at(j).kind != "number" for j in range(n)):
        return 0
    values = _values(table)
    if not np.isfinite(values).all() or values.min() < 0:
        return 0
    largest = values.max(axis=0)
    return side if largest.max() > 0 and np.mean(largest >= largest.max() / 2) >= 0.3 else 0


def pictures_of_rows(table: Table, rows: NDArray[np.intp]) -> Pictures:
    """Return these rows as pictures, on the scale of the whole table."""
    values = _values(table)
    return _pictures(values[rows], float(values.min()), float(values.max()))


def pictures_of_units(W1: NDArray[Any], encoder: Encoder) -> Pictures | None:
    """Return the rows of W1 as pictures: what each unit of the first layer looks for.

    Where columns have more than one encoded value, there is no pixel for each weight: None.
    """
    n = W1.shape[1]
    if len(encoder.names_in) != n or not (np.bincount(encoder.origin, minlength=n) == 1).all():
        return None
    placed = np.empty_like(W1, np.float64)
    placed[:, encoder.origin] = W1
    largest = float(np.abs(placed[np.isfinite(placed)]).max(initial=0.0)) or 1.0
    return _pictures(placed, -largest, largest)


def _values(table: Table) -> NDArray[np.float64]:
    return np.stack([np.asarray(table.at(j).values, np.float64) for j in range(len(table.names))], axis=1)


def _pictures(values: NDArray[np.float64], low: float, high: float) -> Pictures:
    span = (high - low) or 1.0
    shades = np.clip(np.rint((np.nan_to_num(values, nan=low) - low) / span * SHADES), 0, SHADES)
    return Pictures(isqrt(values.shape[1]), shades.astype(np.uint8), low, high)
