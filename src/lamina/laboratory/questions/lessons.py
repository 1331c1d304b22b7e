"""The lesson, and the slopes of the cost by one number."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.errors import SettingError
from lamina.glassbox.slopes import EPS, nudgeable
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import edits_of
from lamina.laboratory.lesson.stops import lesson_of
from lamina.laboratory.questions.numbers import MOST_NUMBERS


def lesson(bench: Bench, step: int) -> Any:
    """Return the twelve stops with the numbers of a step."""
    return lesson_of(bench.trace_at(step))


def slopes(
    bench: Bench,
    step: int,
    name: str,
    row: int,
    column: int,
    by: float = 0.5,
    reach: float = 1.0,
    edits: Any = (),
) -> Any:
    """Return the slopes of J by one number; `by` is a distance that is looked at beside the usual ones."""
    if not isinstance(name, str):
        raise SettingError(f"name={name!r}: expected the name of an array, such as 'W1'.")
    trace = bench.trace_at(step, edits_of(edits))
    found = trace.slopes(name, row, column, eps=(*EPS, by), reach=reach)
    across, chosen = found.curve[0], next(one for one in found.nudges if one.eps == by)
    return {
        "name": found.name,
        "place": found.place,
        "value": found.value,
        "J": found.J,
        "symbol": found.symbol,
        "analytic": found.analytic,
        "heading": found.heading,
        "remarks": found.remarks,
        "verdict": found.verdict,
        "best": found.best.eps,
        "nudges": [one for one in found.nudges if one.eps in EPS],
        "chosen": chosen,
        "across": across,
        "curve": found.curve[1],
        "tangent": _line(across, found.value, found.J, found.analytic),
        "two_sided": _line(across, found.value - chosen.eps, chosen.J_below, chosen.two_sided),
        "one_sided": _line(across, found.value, found.J, chosen.right),
        "kinks": [{**kink._asdict(), "says": str(kink)} for kink in found.kinks],
        "n_kinks": found.n_kinks,
    }


def _line(across: NDArray[np.float64], x: float, J: float, slope: float) -> NDArray[np.float64]:
    """Return a straight line through a point, for the picture."""
    return J + slope * (across - x)


def nudge(bench: Bench, step: int, edits: Any = ()) -> Any:
    """Return the arrays whose numbers can be nudged, with their numbers where an array is not large."""
    trace = bench.trace_at(step, edits_of(edits))
    return [
        {"name": name, "shape": trace[name].shape, "values": trace[name] if trace[name].size <= MOST_NUMBERS else None}
        for name in nudgeable(trace)
    ]
