"""What a step computes: every array by the lecture's name."""

from typing import Any

from lamina.errors import SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import edits_of

MOST_NUMBERS = 4096  # of an array that are sent whole; of a larger one the page asks for windows


def trace(bench: Bench, step: int, edits: Any = ()) -> Any:
    """Return every array of a step: shape, axes, statistics, and its numbers where it is not large."""
    found = bench.trace_at(step, edits_of(edits))
    entries = {entry.name: entry for entry in found.table().entries}
    return {
        "step": step,
        "heading": found.heading,
        "m": found.m,
        "arrays": [
            {
                **entries[name]._asdict(),
                "values": array if array.size <= MOST_NUMBERS else None,
                "size": array.size,
            }
            for name, array in found.arrays.items()
        ],
        "features": found.origins.features,
    }


def array(bench: Bench, step: int, name: str, rows: Any = (0, 64), columns: Any = (0, 64), edits: Any = ()) -> Any:
    """Return a window of an array: rows and columns from and to."""
    return window_of(name, bench.trace_at(step, edits_of(edits))[name], rows, columns)


def window_of(name: str, values: Any, rows: Any, columns: Any) -> Any:
    """Return a window of an array as an answer."""
    if values.ndim != 2:
        return {"name": name, "shape": values.shape, "values": values}
    (top, bottom), (left, right) = _range(rows, "rows"), _range(columns, "columns")
    if (bottom - top) * (right - left) > MOST_NUMBERS:
        raise SettingError(f"a window of at most {MOST_NUMBERS:,} numbers.")
    return {
        "name": name,
        "shape": values.shape,
        "rows": (top, bottom),
        "columns": (left, right),
        "values": values[top:bottom, left:right],
    }


def _range(given: Any, name: str) -> tuple[int, int]:
    if isinstance(given, list | tuple) and len(given) == 2 and all(type(one) is int for one in given):
        start, stop = given
        if 0 <= start <= stop:
            return start, stop
    raise SettingError(f"{name}={given!r}: expected [from, to].")
