"""Where a number lies among increasing ones: the step that normal scores and splines share."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HUGE = 1e300  # from here on the difference of two numbers may leave the float range, that of their quarters not
LEAST = 5e-324  # above 0: the distance of knots whose quarters are the same


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
        return j, (x - knots[j]) / np.maximum(knots[j + 1] - knots[j], LEAST)
