"""Numbers out of dates: the date itself as days since 1970, and the parts of the calendar (UTC) that vary in training.

    number   the date
    parts    the date, year, month (1 to 12), weekday (0 is Monday), hour
    cyclic   the date, year; month, weekday and hour as points of a circle: sin and cos of 2 pi k / period
    auto     parts, of a column whose hour or year varies; else the date alone: in days of a single year, what looks
             like a weekday or a month may be the days of one event. And of the first five columns of dates, the days
             from each to each later one, where both vary: how long something took is true at any time, when it was is
             over

Times are taken to the millisecond: that is what days as float64 hold safely.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import cos, pi, sin
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Dates = Literal["auto", "number", "parts", "cyclic"]
DATE_CHOICES = ("auto", "number", "parts", "cyclic")

CALENDAR = ("year", "month", "weekday", "hour")
TELLING = ("year", "hour")  # where one of them varies, "auto" takes a date apart
PERIODS = {"month": 12, "weekday": 7, "hour": 24}
CIRCLES = tuple(f"{part} {axis}" for part in PERIODS for axis in ("sin", "cos"))
PARTS = ("", *CALENDAR, *CIRCLES)  # in the order of the encoded columns; "" is the date itself, or a plain number
SINCE = "since "  # and the number of another column: days since that date; these come last
MOST_COMPARED = 5  # dates, the first of a table: ten pairs

MS_PER_DAY, MS_PER_HOUR = 86_400_000, 3_600_000
FARTHEST_DAYS = 1e11  # NumPy's calendar goes no further than its 64 bits
POINTS_ON_CIRCLE = {
    f"{part} {name}": np.array([axis(2 * pi * k / n) for k in range(n)])  # a table: the same bits in any row
    for part, n in PERIODS.items()
    for name, axis in (("sin", sin), ("cos", cos))
}


def candidates(at: Sequence[int], dates: Sequence[int], choice: Dates) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the columns to look at, as input columns and parts of them: every part of every date."""
    split = () if choice == "number" else CALENDAR
    compared = sorted(dates)[:MOST_COMPARED] if choice == "auto" else []
    pairs: list[tuple[int, str]] = []
    for j in at:
        pairs += [(j, part) for part in ("", *(split if j in dates else ()))]
        pairs += [(j, f"{SINCE}{i}") for i in compared if i < j and j in compared]
    return np.array([j for j, _ in pairs], np.intp), tuple(part for _, part in pairs)


def other_date(part: str) -> int | None:
    """Return the column that a part counts days from, or None for other parts."""
    return int(part.removeprefix(SINCE)) if part.startswith(SINCE) else None


def rank(part: str) -> int:
    """Return where a part stands among those of its column."""
    other = other_date(part)
    return PARTS.index(part) if other is None else len(PARTS) + other


def expanded(block: Array, at: NDArray[np.intp], parts: Sequence[str]) -> Array:
    """Return a block of the number columns with the parts of dates as columns of their own.

    Parameters
    ----------
    block : array, shape (m, different columns in `at`)
    at : array, shape (columns,), increasing, a column as often as it has parts
    parts : sequence of str, shape (columns,)
    """
    if not any(parts):
        return block
    wide = np.empty((len(block), len(at)))
    sources, source = np.unique(at, return_inverse=True)
    for j in range(block.shape[1]):
        columns = np.flatnonzero(source == j).tolist()
        _write_parts(block[:, j], {k: parts[k] for k in columns if other_date(parts[k]) is None}, wide)
    for k, part in enumerate(parts):
        other = other_date(part)
        if other is not None:
            wide[:, k] = block[:, source[k]] - block[:, np.searchsorted(sources, other)]
    return wide


def _write_parts(days: Array, parts: Mapping[int, str], wide: Array) -> None:
    """Write parts of dates into these columns of `wide`; NaN where the date is missing."""
    if not any(parts.values()):
        for k in parts:
            wide[:, k] = days
        return
    there = np.isfinite(days)
    missing = np.flatnonzero(~there)
    known = np.where(there, days, 0.0) if len(missing) else days
    ticks = np.rint(np.clip(known, -FARTHEST_DAYS, FARTHEST_DAYS) * MS_PER_DAY).astype(np.int64)
    day = ticks // MS_PER_DAY
    months = _months(day) if any(part.startswith(("year", "month")) for part in parts.values()) else day
    of_calendar: dict[str, Callable[[], NDArray[Any]]] = {
        "": lambda: days,
        "year": lambda: 1970 + months // 12,
        "month": lambda: 1 + months % 12,
        "weekday": lambda: (day + 3) % 7,  # 1970-01-01 was a Thursday
        "hour": lambda: (ticks - day * MS_PER_DAY) // MS_PER_HOUR,
    }
    for k, part in parts.items():
        name = part.partition(" ")[0]
        found = of_calendar[name]()
        wide[:, k] = POINTS_ON_CIRCLE[part][found - (name == "month")] if part in POINTS_ON_CIRCLE else found
        wide[missing, k] = days[missing]


def _months(day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the months since January 1970: looked up for two centuries, which NumPy's calendar takes 40 times for."""
    first, table = _months_at_hand()
    if len(day) and first <= day.min() and day.max() < first + len(table):
        return table.take(day - first)
    return _counted_months(day)


@lru_cache(maxsize=1)
def _months_at_hand() -> tuple[int, NDArray[np.int64]]:
    first, last = (int(np.datetime64(f"{year}-01-01").astype(np.int64)) for year in (1900, 2100))
    return first, _counted_months(np.arange(first, last))


def _counted_months(day: NDArray[np.int64]) -> NDArray[np.int64]:
    months: NDArray[np.int64] = day.view("M8[D]").astype("M8[M]").astype(np.int64)
    return months
