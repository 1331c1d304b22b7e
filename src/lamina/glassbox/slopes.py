"""The slope of the cost by one number: the analytic derivative beside differences at many eps, and what rules each.

    two-sided    (J(x + eps) - J(x - eps)) / 2 eps       off by J''' eps² / 6, and by the rounding of J over eps
    one-sided    (J(x + eps) - J(x)) / eps               off by J'' eps / 2, and by the same rounding

A kink within eps (relu where Z passes 0) is one more reason for a difference that is no derivative.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.equations.affine import RoundedLinear
from lamina.equations.differences import EPSILON, compare, relative_difference
from lamina.errors import DataError, SettingError, nearest
from lamina.glassbox.along import Crossing, Kink, Line, nearest_kinks
from lamina.glassbox.cells import as_html, lined

EPS = tuple(10.0**-k for k in range(1, 13))
LARGEST = 1e6  # distance
POINTS = 81  # of the curve
USUAL = 1e-5  # eps of the verdict, as in `gradient_check`
TOLERANCE = {"float64": 1e-6, "float32": 1e-3}  # by the type of the trace, whose derivative is one of its numbers
SHOWN = 5  # kinks that are printed


class Nudge(NamedTuple):
    """Differences at one eps."""

    eps: float
    J_above: float
    J_below: float
    two_sided: float
    right: float  # the one-sided slope upwards
    left: float
    error: float  # |two-sided - analytic|
    relative: float  # |two-sided - analytic| / (|two-sided| + |analytic|)
    one_sided_error: float  # |right - analytic|
    kinks: int  # within eps
    rules: str  # what most of the error comes from: "truncation", "rounding", "kink"; "" of none


@dataclass(frozen=True)
class Slopes:
    """The answer; `print` it.

    Attributes
    ----------
    name : str
        "W1".
    place : tuple of two int
    value : float
    analytic : float
        The derivative of J by this number, from the trace.
    symbol : str
        What it is called there: "dW1[0, 2]"; "dA0[0, 2] / m", as dA and dZ are per example.
    J : float
        The cost as it is.
    nudges : tuple of Nudge
        From the largest eps to the smallest.
    curve : array, shape (2, points)
        Values of the number, and J there.
    kinks : tuple of Kink
        The nearest ones on the curve, from the nearest on.
    n_kinks : int
        All of them, those that are not listed too.
    verdict : str
        Whether derivative and differences agree, in words.
    """

    name: str
    place: tuple[int, int]
    value: float
    analytic: float
    symbol: str
    J: float
    nudges: tuple[Nudge, ...]
    curve: NDArray[np.float64]
    kinks: tuple[Kink, ...]
    n_kinks: int
    verdict: str

    @property
    def best(self) -> Nudge:
        """The eps at which the two-sided slope comes nearest to the derivative."""
        return min(self.nudges, key=lambda one: (np.nan_to_num(one.error, nan=np.inf), one.eps))

    @property
    def heading(self) -> str:
        """What was nudged, in a line."""
        return (
            f"{entry(self.name, self.place)} = {self.value:.6g}, J = {self.J:.6g}: {self.symbol} = {self.analytic:.8g}"
        )

    def cells(self) -> list[tuple[str, ...]]:
        """Return heading and rows as strings."""
        head = ("eps", "J(+eps)", "J(-eps)", "two-sided", "one-sided", "error", "relative", "mostly")
        return [head, *map(_cells, self.nudges)]

    @property
    def remarks(self) -> list[str]:
        """What stands below the table: the verdict, and the kinks."""
        found = [self.verdict]
        if self.kinks:
            more = self.n_kinks - min(len(self.kinks), SHOWN)
            listed = "; ".join(map(str, self.kinks[:SHOWN])) + (f"; {more} more" if more else "")
            found.append(f"kinks on the way, the nearest first: {listed}")
        return found

    def __str__(self) -> str:
        return "\n".join([self.heading, *lined(self.cells(), left=(0, 7)), *self.remarks])

    def _repr_html_(self) -> str:
        return as_html("; ".join([self.heading, *self.remarks]), self.cells())


def entry(name: str, place: tuple[int, int]) -> str:
    """Return what a number of an array is called."""
    return f"{name}[{place[0]}, {place[1]}]"


def _cells(one: Nudge) -> tuple[str, ...]:
    kinks = f" ({one.kinks} within)" if one.rules == "kink" else ""
    return (
        f"{one.eps:.0e}",
        f"{one.J_above:.13g}",
        f"{one.J_below:.13g}",
        f"{one.two_sided:.8g}",
        f"{one.right:.8g}",
        f"{one.error:.1e}",
        f"{one.relative:.1e}",
        one.rules + kinks,
    )


def slopes_of(trace: Any, name: str, row: int, column: int, eps: Sequence[float], reach: float) -> Slopes:
    """Return the slopes of the cost by one number of a trace."""
    name, place = _checked(trace, name, row, column)
    sizes = sorted({_checked_size("eps", one) for one in eps}, reverse=True)
    reach = _checked_size("reach", reach)
    line, per_example = Line(trace, name, place), name not in {slot.name for slot in trace.network.slots}
    analytic = float(trace[f"d{name}"][place]) / (trace.m if per_example else 1) + 0.0  # -0 is 0
    symbol = entry(f"d{name}", place) + " / m" * per_example
    x = line.value
    ends = [x + side * one for one in sizes for side in (1, -1)]
    across = np.linspace(x - reach, x + reach, POINTS)
    crossings = line.crossings(sorted({x, *ends, *across.tolist()}))
    nudges = tuple(_ruled([_nudge(line, analytic, one, crossings) for one in sizes]))
    curve = np.array([across, [line.J(value) for value in across.tolist()]])
    reached = [one for one in crossings if x - reach <= one.low and one.high <= x + reach]
    verdict = _verdict(line, analytic, TOLERANCE[trace[name].dtype.name])
    kinks = nearest_kinks(line, reached)
    return Slopes(name, place, x, analytic, symbol, line.J(x), nudges, curve, kinks, len(reached), verdict)


def _nudge(line: Line, analytic: float, eps: float, crossings: list[Crossing]) -> Nudge:
    x = line.value
    above, below = x + eps, x - eps
    J, J_above, J_below = line.J(x), line.J(above), line.J(below)
    with np.errstate(all="ignore"):  # an eps below the spacing of numbers at x gives 0 / 0
        two_sided = float(np.float64(J_above - J_below) / (above - below))
        right, left = float(np.float64(J_above - J) / (above - x)), float(np.float64(J - J_below) / (x - below))
    relative = relative_difference(np.array([analytic]), np.array([two_sided]))
    within = sum(below <= one.low and one.high <= above for one in crossings)
    error, one_sided = abs(two_sided - analytic), abs(right - analytic)
    return Nudge(eps, J_above, J_below, two_sided, right, left, error, relative, one_sided, within, "")


def _ruled(nudges: list[Nudge]) -> Iterator[Nudge]:
    """Yield the nudges with what rules each, by what J alone says of truncation and rounding."""
    bend = _bend(nudges)
    for one in nudges:
        truncation, rounding = bend * one.eps**2, _rounding(one)
        if one.error == 0:
            yield one
        elif one.kinks and not one.error <= 2 * (truncation + rounding):
            yield one._replace(rules="kink")
        else:
            yield one._replace(rules="truncation" if truncation > rounding else "rounding")


def _rounding(one: Nudge) -> float:
    """Return how far a slope is off where each J is off by one rounding."""
    return EPSILON * max(abs(one.J_above), abs(one.J_below)) / one.eps


def _bend(nudges: list[Nudge]) -> float:
    """Return J'''/6 by the slopes at the two largest eps without a kink within; 0 where rounding hides it."""
    smooth = [one for one in nudges if not one.kinks and np.isfinite(one.two_sided)]
    if len(smooth) < 2:
        return 0.0
    one, other = smooth[:2]
    change = abs(one.two_sided - other.two_sided)
    return change / (one.eps**2 - other.eps**2) if change > 4 * _rounding(other) else 0.0


def _verdict(line: Line, analytic: float, tolerance: float) -> str:
    """Return whether the derivative can be the slope of J."""
    x, grad = np.array([line.value]), np.array([analytic])
    found = compare(lambda value: line.J(float(value[0])), x, grad, USUAL, tolerance)
    if found.kink[0]:
        return "no derivative here: the slope to the left is not that to the right, and the network takes one of them"
    if found.rounding[0]:
        return "nothing can be said: the rounding of J hides so small a derivative"
    difference = relative_difference(grad, found.approx)
    if difference < tolerance:
        return f"derivative and differences agree: relative difference {difference:.1e}"
    return f"the derivative is WRONG: differences give {found.approx[0]:.8g}, relative difference {difference:.1e}"


# ---- what can be nudged ----


def nudgeable(trace: Any) -> tuple[str, ...]:
    """Return the arrays of whose numbers the cost has a slope: those with a derivative, but for A[L].

    The cost is computed from Z[L], where it loses no digits; so A[L] moves nothing.
    """
    return tuple(one for one in trace.arrays if f"d{one}" in trace.arrays and one != trace.sites.A)


def _checked(trace: Any, name: str, row: int, column: int) -> tuple[str, tuple[int, int]]:
    if not trace.setting.targets:
        raise SettingError("slopes are slopes of the cost, which needs targets: trace(X, y).")
    name = {"X": "A0", "ZL": trace.sites.Z}.get(name, name)
    known = nudgeable(trace)
    if name not in known:
        raise SettingError(
            f"no slope along {name!r}.{nearest(str(name), known)} There is one along each number of {', '.join(known)}."
        )
    shape, place = trace[name].shape, []
    for axis, index, n in (("row", row, shape[0]), ("column", column, shape[1])):
        if isinstance(index, bool) or not isinstance(index, int | np.integer) or not -n <= index < n:
            raise SettingError(f"{axis}={index!r}: {name} has {n} {axis}s, expected a whole number from 0 to {n - 1}.")
        place.append(int(index) % n)
    _check_smooth(trace, name, place[0])
    return name, (place[0], place[1])


def _checked_size(name: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | np.number) or not 0 < given < LARGEST:
        raise SettingError(f"{name}={given!r}: expected a number above 0, a distance to either side.")
    return float(given)


def _check_smooth(trace: Any, name: str, row: int) -> None:
    for site in trace.sites.every:
        if site.layer.kind == "embedding" and site.before == name and row in site.layer.columns:
            raise SettingError(
                f"row {row} of {name} holds the number of a category, which has no slope: nudge a number of "
                f"{site.p['E']}, from which the category is looked up."
            )
        if isinstance(site.layer, RoundedLinear):
            raise SettingError(
                f"{site.out} is a product of numbers rounded to bfloat16, so the cost is stairs, of which a nudge says "
                "nothing: trace a network that was trained with dtype='float32' or 'float64'."
            )
    if not np.isfinite(trace["cost"]):
        raise DataError(f"the cost of this trace is {float(trace['cost'])}: only a finite cost has slopes.")
