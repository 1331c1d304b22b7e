"""A replay: every equation computed again from the named arrays alone, and compared with what the trace holds.

A number may be off by what rounding explains: some roundings of the terms that were added up to it (`Value.size`). An
array that was altered breaks the equation that gives it and those that read it; the array that all broken equations
share, and that would break none of the sound ones, is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.glassbox.cells import as_html, lined
from lamina.glassbox.equation import Array, Equation, Named
from lamina.glassbox.step_equations import ROUNDINGS

NEAR = 1e-6  # of the largest finite number: from here on overflow explains a difference


class Line(NamedTuple):
    """One equation of the report."""

    result: str
    equation: str
    difference: float  # the largest |in the trace - computed again|
    allowed: float  # by rounding, at that place
    agrees: bool


@dataclass(frozen=True)
class Replay:
    """The report; `print` it.

    Attributes
    ----------
    lines : tuple of Line
    suspects : tuple of str
        The arrays that are not what their equations say: "A1", or "v_W1, s_W1 or W1_new" where the equations cannot
        tell which; empty where all agree.
    engine : str
        What the trace was compared with besides.
    comparisons : tuple
    """

    lines: tuple[Line, ...]
    suspects: tuple[str, ...] = ()
    engine: str = ""
    comparisons: tuple[Any, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every equation holds, and the engine's numbers agree."""
        return all(line.agrees for line in self.lines) and all(one.agrees for one in self.comparisons)

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        if broken := [line.result for line in self.lines if not line.agrees]:
            found = " and ".join(self.suspects)
            verb = "is" if len(self.suspects) == 1 else "are"
            return (
                f"{len(broken)} of {len(self.lines)} equations do not hold ({', '.join(broken)}): "
                f"{found} {verb} not what the equations say"
            )
        off = [one for one in self.comparisons if not one.agrees]
        if off:
            names = ", ".join(one.name for one in off)
            return f"all {len(self.lines)} equations hold, but the engine ({self.engine}) gives another {names}"
        return f"all {len(self.lines)} equations hold"

    @property
    def of_engine(self) -> str:
        """What the engine gave, in a sentence; empty where it was not asked."""
        if not self.comparisons:
            return ""
        worst = max(self.comparisons, key=lambda one: one.difference)
        names = ", ".join(one.name for one in self.comparisons)
        return (
            f"the engine ({self.engine}) gives the same {names}; the largest difference is {worst.difference:.1e}, in "
            f"{worst.name}"
        )

    def cells(self) -> list[tuple[str, str, str, str]]:
        """Return heading and lines as strings."""
        rows = [
            (line.equation, f"{line.difference:.1e}", f"{line.allowed:.1e}", "holds" if line.agrees else "BROKEN")
            for line in self.lines
        ]
        return [("equation", "largest difference", "rounding", ""), *rows]

    def __str__(self) -> str:
        ends = [self.verdict, *([self.of_engine] if self.comparisons and self.agrees else [])]
        return "\n".join([*lined(self.cells(), left=(0, 3)), *ends])

    def _repr_html_(self) -> str:
        return as_html(self.verdict, self.cells())


def replayed(trace: Any, equations: Sequence[Equation]) -> Replay:
    """Return the report on a trace."""
    arrays = {name: np.asarray(array, np.float64) for name, array in trace.arrays.items()}
    types = {name: array.dtype for name, array in trace.arrays.items()}
    with np.errstate(all="ignore"):  # what is not finite is compared as it is
        found = {one.result: compared(one, arrays[one.result], arrays, types[one.result]) for one in equations}
        lines = tuple(_line(equation, found[equation.result]) for equation in equations)
        broken = {name: ~one.agrees for name, one in found.items() if not one.agrees.all()}
        suspects = tuple(_suspects(equations, arrays, types, broken)) if broken else ()
    return Replay(lines, suspects, trace.engine, trace.comparisons)


class Compared(NamedTuple):
    """An array and what its equation gives, number by number."""

    difference: Array
    allowed: Array
    agrees: NDArray[np.bool_]


def compared(equation: Equation, there: Array, arrays: Named, dtype: Any) -> Compared:
    """Return how far the numbers of an array are from what its equation gives, and how far they may be."""
    found = equation.statement.compute(arrays)
    value = np.asarray(found.value)
    if value.shape != there.shape:
        off = np.full(there.shape, np.inf)
        return Compared(off, np.zeros_like(off), np.zeros(there.shape, bool))
    kind = np.finfo(dtype)
    allowed = np.broadcast_to(ROUNDINGS * kind.eps * found.size + found.slack + float(kind.tiny), value.shape)
    same = (there == value) | _overflown(there, kind.max) & _overflown(np.maximum(np.abs(value), found.size), kind.max)
    same |= ~np.isfinite(there) & ~np.isfinite(value)
    difference = np.where(same, 0.0, np.abs(there - value))
    return Compared(difference, allowed, same | (difference <= allowed))


def _overflown(values: Array, largest: float) -> NDArray[np.bool_]:
    """Return which numbers are infinite, or so large that some term of theirs may be."""
    return np.asarray(~np.isfinite(values) | (np.abs(values) >= NEAR * largest))


def _line(equation: Equation, found: Compared) -> Line:
    if found.agrees.size == 0:
        return Line(equation.result, equation.text, 0.0, 0.0, True)
    holds = bool(found.agrees.all())
    looked_at = found.difference if holds else np.where(found.agrees, -1.0, found.difference)
    worst = np.unravel_index(int(np.argmax(looked_at)), looked_at.shape)
    sizes = float(found.difference[worst]), float(found.allowed[worst])
    return Line(equation.result, equation.text, *sizes, holds)


# ---- which array was altered ----


def _suspects(
    equations: Sequence[Equation], arrays: Named, types: Mapping[str, Any], broken: Mapping[str, NDArray[np.bool_]]
) -> Iterator[str]:
    """Yield the fewest arrays that explain the broken equations; several names where the equations cannot tell."""
    touches: dict[str, list[Equation]] = {}
    for equation in equations:
        for name in dict.fromkeys((equation.result, *equation.statement.inputs)):
            touches.setdefault(name, []).append(equation)
    left = set(broken)
    while left:
        explained = {name: len(left.intersection(one.result for one in of)) for name, of in touches.items()}
        most = max(explained.values())
        against = {
            name: _against(name, touches[name], arrays, types, broken)
            for name, count in explained.items()
            if count == most
        }
        names = [name for name, count in against.items() if count == min(against.values())]
        yield " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        left.difference_update(one.result for name in names for one in touches[name])


def _against(
    name: str,
    equations: Sequence[Equation],
    arrays: Named,
    types: Mapping[str, Any],
    broken: Mapping[str, NDArray[np.bool_]],
) -> int:
    """Return how many sound equations would be broken, were it this array that was altered."""
    array = arrays[name]
    places = [mask for mask in broken.values() if mask.shape == array.shape]
    where = np.logical_or.reduce(places) if places else np.ones(array.shape, bool)
    step = 1e-2 * (np.max(np.abs(array[np.isfinite(array)]), initial=0.0) or 1.0)
    altered = {**arrays, name: array + step * where}
    sound = [one for one in equations if one.result not in broken]
    return sum(not compared(one, altered[one.result], altered, types[one.result]).agrees.all() for one in sound)
