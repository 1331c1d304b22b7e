"""Where a number lies among increasing ones, and sums over the basis of linear splines that has these for its knots."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.moments import sums

Array = NDArray[np.float64]

MOST_KNOTS = 48  # of a spline
HUGE = 1e300  # from here on the difference of two numbers may leave the float range, that of their quarters not
SMALLEST_DISTANCE = 5e-324  # of knots whose quarters are the same


class Knots:
    """Increasing numbers, two or more."""

    def __init__(self, knots: Array) -> None:
        self._unit = 0.25 if np.abs(knots[[0, -1]]).max() > HUGE else 1.0
        self._knots = knots * self._unit

    def between(self, x: Array) -> tuple[NDArray[np.intp], Array]:
        """Return between which knots each number lies, j and j + 1, and how far it is on its way there, 0 to 1.

        Numbers beyond the first or the last knot count as that knot; NaN is nowhere on its way, NaN.
        """
        knots, x = self._knots, np.clip(x * self._unit, self._knots[0], self._knots[-1])
        j = np.clip(np.searchsorted(knots, x, "right") - 1, 0, len(knots) - 2)  # NaN is sorted last
        return j, (x - knots[j]) / np.maximum(knots[j + 1] - knots[j], SMALLEST_DISTANCE)


def evenly_spaced(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return up to `most` of the increasing values, evenly spaced by rank, the first and the last among them."""
    if len(values) <= most:
        return values
    return values[np.round(np.linspace(0, len(values) - 1, most)).astype(np.intp)]


def basis_sums(j: NDArray[np.intp], at_j: Any, at_next: Any, n: int) -> NDArray[np.float64]:
    """Return for each of n basis functions the sum over the rows: a row is on functions j and j + 1."""
    return sums(j, at_j, n) + sums(j + 1, at_next, n)
