"""The cost along one number of one array, and the kinks on the way: everything else stands still, dropout's masks too.

The equations of a trace say what follows from the array that is moved: they are computed again, in double precision.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.equation import Array, Named
from lamina.glassbox.loss_equations import LOSS_EQUATIONS, repeated

MOST_LISTED = 24  # kinks whose place is looked for: the nearest
LOOKS = 12  # for one place
NEAR = 1e-6  # of the distance: how well a place is known


class Kink(NamedTuple):
    """A place on the way where a slope jumps."""

    away: float  # from the value of the trace
    what: str  # "relu", "absolute error", "penalty"
    array: str  # "Z1", of which one number passes `level`
    unit: int
    example: int  # its column
    level: float

    def __str__(self) -> str:
        passed = "changes its sign" if self.level == 0 else f"passes {self.level:g}"
        return f"{self.away:+.3g} {self.array}[{self.unit}, {self.example}] {passed} ({self.what})"


class Bend(NamedTuple):
    """Numbers that are 0 where a slope jumps."""

    what: str
    array: str
    level: float
    distance: Callable[[Named], Array]  # (units, m)


class Crossing(NamedTuple):
    """A number of a bend that passes 0 between two values of the entry."""

    bend: int
    place: tuple[int, int]
    low: float
    high: float
    at_low: float
    at_high: float


@dataclass(frozen=True, eq=False)
class Line:
    """The way along one number: J and the arrays that bend it, at any value of the entry.

    Parameters
    ----------
    trace : Trace
    name : str
        Of an array of the way forward: "W1", "b2", "A0", "Z1".
    place : tuple of two int
    """

    trace: Any
    name: str
    place: tuple[int, int]
    _costs: dict[float, float] = field(default_factory=dict, repr=False)

    @property
    def value(self) -> float:
        """The entry as it stands in the trace."""
        return float(self.trace[self.name][self.place])

    def J(self, value: float) -> float:
        """Return the cost where the entry has another value."""
        if value not in self._costs:
            self.arrays(value)
        return self._costs[value]

    def arrays(self, value: float) -> dict[str, Array]:
        """Return the arrays of the way forward where the entry has another value, up to the cost."""
        found = {name: np.asarray(array, np.float64) for name, array in self.trace.arrays.items()}
        found[self.name] = found[self.name].copy()
        found[self.name][self.place] = value
        with np.errstate(all="ignore"):  # what is not finite is shown
            for one in self.trace.equations():
                if one.part in ("forward", "cost") and one.result != self.name:
                    found[one.result] = np.asarray(one.statement.compute(found).value)
        self._costs[value] = float(found["cost"])
        return found

    def crossings(self, values: Sequence[float]) -> list[Crossing]:
        """Return what passes a kink between two neighbours of these rising values of the entry."""
        bends = list(_bends(self.trace, self.name, self.place))
        found, before = [], None
        for value in values:
            arrays = self.arrays(value)
            now = value, [bend.distance(arrays) for bend in bends]
            if before is not None:
                found += list(_passed(before, now))
            before = now
        return found

    def kink(self, crossing: Crossing) -> Kink:
        """Return where a crossing lies, by false position (the Illinois rule: Dowell and Jarratt 1971)."""
        bend = list(_bends(self.trace, self.name, self.place))[crossing.bend]
        low, high, at_low, at_high = crossing[2:]
        found, kept = low if at_low == 0 else high, 0
        for _ in range(LOOKS if at_low and at_high else 0):
            found = high - at_high * (high - low) / (at_high - at_low)
            here = float(bend.distance(self.arrays(found))[crossing.place])
            if (here > 0) == (at_high > 0):
                high, at_high, at_low, kept = found, here, at_low / (2 if kept == 1 else 1), 1
            else:
                low, at_low, at_high, kept = found, here, at_high / (2 if kept == -1 else 1), -1
            if here == 0 or high - low <= NEAR * abs(found - self.value):
                break
        return Kink(found - self.value, bend.what, bend.array, *crossing.place, bend.level)


def nearest_kinks(line: Line, crossings: Sequence[Crossing]) -> tuple[Kink, ...]:
    """Return the places of the nearest crossings, from the nearest on."""
    x = line.value
    by_distance = sorted(crossings, key=lambda one: min(abs(one.low - x), abs(one.high - x)))
    return tuple(sorted((line.kink(one) for one in by_distance[:MOST_LISTED]), key=lambda kink: abs(kink.away)))


def _bends(trace: Any, name: str, place: tuple[int, int]) -> Iterator[Bend]:
    """Yield what can bend the cost: activations, the loss, and the penalty on the number itself."""
    network = trace.network
    for site in trace.sites.every:
        function = str(getattr(site.layer, "function", "identity"))
        for level in ACTIVATION_EQUATIONS[function].kinks:
            yield Bend(function, site.before, level, _past(site.before, level))
    if LOSS_EQUATIONS[network.loss.kind].kinked:
        yield Bend(network.loss.kind.replace("_", " "), f"{trace.sites.A} - Y", 0.0, _missed(trace))
    step = trace.setting.step
    weights = {slot.name for slot in network.slots if slot.group == "weights"}
    if step is not None and network.l1 and name in weights:
        yield Bend("the penalty |W|", name, 0.0, lambda a: _alone(a[name], place))


def _past(Z: str, level: float) -> Callable[[Named], Array]:
    return lambda a: a[Z] - level


def _missed(trace: Any) -> Callable[[Named], Array]:
    loss, A = trace.network.loss, trace.sites.A
    many = hasattr(loss, "quantiles")
    return lambda a: a[A] - (repeated(loss, a["Y"])[0] if many else a["Y"])


def _alone(array: Array, place: tuple[int, int]) -> Array:
    """Return one number where it stands, and 1 elsewhere."""
    found = np.ones_like(array)
    found[place] = array[place]
    return found


def _passed(before: tuple[float, list[Array]], now: tuple[float, list[Array]]) -> Iterator[Crossing]:
    for k, (one, other) in enumerate(zip(before[1], now[1], strict=True)):
        for unit, example in np.argwhere((one > 0) != (other > 0)).tolist():
            at = unit, example
            yield Crossing(k, at, before[0], now[0], float(one[at]), float(other[at]))
