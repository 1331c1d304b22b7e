"""Where a number lies among increasing ones, and sums over the basis of linear splines that has these for its knots."""

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.moments import sums

Array = NDArray[np.float64]

MOST_KNOTS = 48  # of a spline
HUGE = 1e300  # from here on the difference of two numbers may leave the float range, that of their quarters not
SMALLEST_DISTANCE = 5e-324  # of knots whose quarters are the same
WORTH_A_GRID = 256  # numbers at a time


class Knots:
    """Increasing numbers, two or more."""

    def __init__(self, knots: Array) -> None:
        self._unit = 0.25 if np.abs(knots[[0, -1]]).max() > HUGE else 1.0
        self._knots = knots * self._unit
        self._distances = np.maximum(np.diff(self._knots), SMALLEST_DISTANCE)

    def between(self, x: Array) -> tuple[NDArray[np.intp], Array]:
        """Return between which knots each number lies, j and j + 1, and how far it is on its way there, 0 to 1.

        Numbers beyond the first or the last knot count as that knot; NaN is between some, and nowhere on its way, NaN.
        """
        knots = self._knots
        x = np.clip(x * self._unit, knots[0], knots[-1])
        few = np.size(x) < WORTH_A_GRID
        j = np.searchsorted(knots, x, "right") - 1 if few else self._grid.last_below(x)
        j = np.minimum(j, len(knots) - 2)  # NaN is sorted last
        return j, (x - knots[j]) / self._distances[j]

    def between_of_one(self, x: float) -> tuple[int, float]:
        """Return the same of one number that is not NaN, in a hundredth of the time."""
        knots, distances = self._listed
        x = min(max(x * self._unit, knots[0]), knots[-1])
        j = min(bisect_right(knots, x) - 1, len(knots) - 2)
        return j, (x - knots[j]) / distances[j]

    @cached_property
    def _listed(self) -> tuple[list[float], list[float]]:
        return self._knots.tolist(), self._distances.tolist()

    @cached_property
    def _grid(self) -> "Grid":
        return Grid(self._knots)


class Grid:
    """The same answers as a binary search, from even cells that know how many knots lie before them.

    A search in a thousand knots takes ten steps that the processor cannot foresee. A cell and one more knot decide for
    nearly all numbers; the others, where knots are crowded or lie far out, are searched for.
    """

    def __init__(self, knots: Array) -> None:
        self._knots = knots
        self._following = np.append(knots[1:], np.inf)
        self._cells = 8 * len(knots)
        outside = len(knots) // 100  # the tails may reach far
        self._start = knots[outside]
        with np.errstate(over="ignore", divide="ignore"):
            self._per_unit = self._cells / (knots[-1 - outside] - self._start)
        counts = np.bincount(self._cell_of(knots), minlength=self._cells)
        self._before = np.maximum(np.cumsum(counts) - counts - 1, 0)

    def _cell_of(self, x: Array) -> NDArray[np.intp]:
        """Return the cell of each number, one that never falls as numbers grow; NaN is in the first."""
        with np.errstate(over="ignore", invalid="ignore"):
            cells = x - self._start
            cells *= self._per_unit
        np.fmax(cells, 0.0, out=cells)
        np.minimum(cells, self._cells - 1, out=cells)
        return cells.astype(np.intp)

    def last_below(self, x: Array) -> NDArray[np.intp]:
        """Return the last knot that is no larger, for numbers from the first knot on."""
        j: NDArray[np.intp] = self._before.take(self._cell_of(x))
        j += self._following.take(j) <= x
        beyond = np.flatnonzero(self._following.take(j) <= x)
        if len(beyond):
            j[beyond] = np.searchsorted(self._knots, x[beyond], "right") - 1
        return j


def evenly_spaced(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return up to `most` of the increasing values, evenly spaced by rank, the first and the last among them."""
    if len(values) <= most:
        return values
    return values[np.round(np.linspace(0, len(values) - 1, most)).astype(np.intp)]


def basis_sums(j: NDArray[np.intp], at_j: Any, at_next: Any, n: int) -> NDArray[np.float64]:
    """Return for each of n basis functions the sum over the rows: a row is on functions j and j + 1."""
    return sums(j, at_j, n) + sums(j + 1, at_next, n)
