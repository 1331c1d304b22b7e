"""The lesson, and the slopes of the cost by one number."""

from typing import Any

from lamina.errors import SettingError
from lamina.glassbox.slopes import EPS
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import edits_of
from lamina.laboratory.lesson.stops import lesson_of


def lesson(bench: Bench, step: int) -> Any:
    """Return the twelve stops with the numbers of a step."""
    return lesson_of(bench.trace_at(step))


def slopes(
    bench: Bench,
    step: int,
    name: str,
    row: int,
    column: int,
    by: float | None = None,
    reach: float = 1.0,
    edits: Any = (),
) -> Any:
    """Return the slopes of J by one number; `by` is a distance that somebody chose beside the usual ones."""
    if not isinstance(name, str):
        raise SettingError(f"name={name!r}: expected the name of an array, such as 'W1'.")
    trace = bench.trace_at(step, edits_of(edits))
    eps = EPS if by is None else (*EPS, by)
    found = trace.slopes(name, row, column, eps=eps, reach=reach)
    x, ends = found.value, found.curve[0][[0, -1]]
    return {
        "name": found.name,
        "place": found.place,
        "value": x,
        "J": found.J,
        "symbol": found.symbol,
        "analytic": found.analytic,
        "heading": found.heading,
        "remarks": found.remarks,
        "verdict": found.verdict,
        "best": found.best.eps,
        "nudges": [one for one in found.nudges if one.eps in EPS],
        "chosen": next((one for one in found.nudges if one.eps == by), None),
        "curve": found.curve,
        "tangent": (ends, found.J + found.analytic * (ends - x)),
        "kinks": [{**kink._asdict(), "says": str(kink)} for kink in found.kinks],
        "n_kinks": found.n_kinks,
    }
