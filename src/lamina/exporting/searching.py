"""A binary search as ONNX nodes: where numbers lie among increasing knots, for all columns at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.knots import HUGE, SMALLEST_DISTANCE
from lamina.exporting.graphs import Value, largest, smallest, where

Knots = Sequence[NDArray[np.float64]]  # increasing; one array for each column


def looked_up(tables: Knots, j: Value, dtype: type = np.float64) -> Value:
    """Return entry `j` (m, columns) of each column's own table."""
    longest = max(map(len, tables))
    flat = np.concatenate([np.pad(one, (0, longest - len(one))) for one in tables])
    first = np.arange(len(tables)) * longest
    return j.graph.constant(flat, dtype).at(j + first, axis=0)


def padded(knots: Knots) -> Knots:
    """Return knots with infinity behind them, which is above every number; all of one length, a power of two."""
    longest = 2 ** int(np.ceil(np.log2(max(2, *map(len, knots)))))
    return [np.append(one, np.full(longest - len(one), np.inf)) for one in knots]


def last_not_above(x: Value, knots: Knots) -> Value:
    """Return which knot is the last that is not above each number of x (m, columns); 0 where none is, or for NaN."""
    tables = padded(knots)
    step = len(tables[0]) // 2
    j = where(x >= np.array([one[step] for one in tables]), x.graph.constant(step, np.int64), 0)
    while step > 1:
        step //= 2
        further = j + step
        j = where(x >= looked_up(tables, further), further, j)
    return smallest(j, [len(one) - 1 for one in knots])


def between(x: Value, knots: Knots) -> tuple[Value, Value]:
    """Return between which knots each number lies, j and j + 1, and how far it is on its way there, 0 to 1.

    As `lamina.data.encoding.knots.Knots.between`, but for NaN, which comes back as anything.
    """
    units = np.array([0.25 if np.abs(one[[0, -1]]).max() > HUGE else 1.0 for one in knots])
    if (units != 1).any():
        x, knots = x * units, [one * unit for one, unit in zip(knots, units, strict=True)]
    x = smallest(largest(x, [one[0] for one in knots]), [one[-1] for one in knots])
    j = smallest(last_not_above(x, knots), [len(one) - 2 for one in knots])
    low, high = looked_up(padded(knots), j), looked_up(padded(knots), j + 1)
    return j, (x - low) / largest(high - low, SMALLEST_DISTANCE)
