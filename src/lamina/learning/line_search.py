"""A step along a direction that meets the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6).

    cost(t)     <= cost(0) + ENOUGH t slope(0)        it falls enough
    |slope(t)|  <= FLAT |slope(0)|                    and becomes flat enough

The interval from `low`, the best step so far, to `high` holds a step that meets both. Steps are tried at the lowest
point of the cubic through both ends; until there is a `high`, they grow. An interval that has become narrow is not
searched further: at a kink, such as relu makes, nothing may be flat enough.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ENOUGH, FLAT = 1e-3, 0.9  # as in L-BFGS-B (Zhu et al. 1997)
MOST_EVALUATIONS = 20
NARROW_RELATIVE_WIDTH = 0.1  # of an interval that is not searched further
LEAST_GROWTH, MOST_GROWTH = 1.1, 4.0  # of a step, in units of the last interval
MARGIN_SHARE = 0.1  # of the interval, kept from both ends
SHARE_OF_A_FAILED_STEP = 0.25  # that is tried next, where the cost was not finite


class Point(NamedTuple):
    """A point on the line."""

    step: float
    cost: float
    slope: float  # of the cost along the line
    theta: NDArray[np.float64]
    gradient: NDArray[np.float64]

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.cost) and np.isfinite(self.slope))  # no slope is, where an element is not


def search(along: Callable[[float], Point], start: Point, step: float) -> Point | None:
    """Return a point that meets both conditions, or the lowest that fell enough where none was found in time.

    Parameters
    ----------
    along : callable
        The point at a step.
    start : Point
        At step 0; its slope is below 0.
    step : float
        To try first.

    Returns
    -------
    Point or None
        None where no step made the cost fall enough.
    """
    low, high, before = start, None, start
    for _ in range(MOST_EVALUATIONS):
        point = along(step)
        if not point.finite:
            step = low.step + SHARE_OF_A_FAILED_STEP * (step - low.step)
            continue
        if point.cost > start.cost + ENOUGH * point.step * start.slope or point.cost >= low.cost:
            high = point
        elif abs(point.slope) <= FLAT * -start.slope:
            return point
        else:
            beyond = point.slope * ((high.step if high else np.inf) - low.step) >= 0
            before, low, high = low, point, low if beyond else high
        if high is None:
            step = _longer(before, low)
        elif low is not start and abs(high.step - low.step) <= NARROW_RELATIVE_WIDTH * max(high.step, low.step):
            break
        else:
            step = _between(low, high)
    return None if low is start else low


def _longer(before: Point, low: Point) -> float:
    """Return a step beyond `low`."""
    width = low.step - before.step
    least, most = low.step + (LEAST_GROWTH - 1) * width, low.step + MOST_GROWTH * width
    lowest = _lowest_of_cubic(before, low)
    return min(max(lowest, least), most) if lowest > low.step else most


def _between(low: Point, high: Point) -> float:
    """Return a step within the interval, away from its ends."""
    width = high.step - low.step
    share = (_lowest_of_cubic(low, high) - low.step) / width
    return low.step + width * (min(max(share, MARGIN_SHARE), 1 - MARGIN_SHARE) if np.isfinite(share) else 0.5)


def _lowest_of_cubic(a: Point, b: Point) -> float:
    """Return where the cubic through costs and slopes of two points is lowest (their equation 3.59); NaN: nowhere."""
    d1 = a.slope + b.slope - 3 * (a.cost - b.cost) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return np.nan
    d2 = np.copysign(np.sqrt(square), b.step - a.step)
    below = b.slope - a.slope + 2 * d2
    return b.step - (b.step - a.step) * (b.slope + d2 - d1) / below if below else np.nan
