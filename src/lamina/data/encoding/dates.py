"""Numbers out of dates: the date itself as days since 1970, and the parts of the calendar (UTC) that vary in training.

    number   the date
    parts    the date, year, month (1 to 12), weekday (0 is Monday), hour
    cyclic   the date, year; month, weekday and hour as points of a circle: sin and cos of 2 pi k / period
    auto     parts, of a column whose hour or year varies; else the date alone: in days of a single year, what looks
             like a weekday or a month may be the days of one event

Times are taken to the millisecond: that is what days as float64 hold safely.
"""

from collections.abc import Sequence
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
    pairs = [(j, part) for j in at for part in ("", *(split if j in dates else ()))]
    return np.array([j for j, _ in pairs], np.intp), tuple(part for _, part in pairs)


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
    source = np.unique(at, return_inverse=True)[1]
    for j in range(block.shape[1]):
        columns = np.flatnonzero(source == j)
        wide[:, columns] = _parts(block[:, j], [parts[int(k)] for k in columns])
    return wide


def _parts(days: Array, parts: Sequence[str]) -> Array:
    """Return parts of dates, shape (m, parts); NaN where the date is missing."""
    if list(parts) == [""]:
        return days[:, None]
    there = np.isfinite(days)
    ticks = np.rint(np.clip(np.where(there, days, 0.0), -FARTHEST_DAYS, FARTHEST_DAYS) * MS_PER_DAY).astype(np.int64)
    day = ticks // MS_PER_DAY
    months = day.view("M8[D]").astype("M8[M]").astype(np.int64)
    calendar: dict[str, NDArray[Any]] = {
        "": days,
        "year": 1970 + months // 12,
        "month": 1 + months % 12,
        "weekday": (day + 3) % 7,  # 1970-01-01 was a Thursday
        "hour": (ticks - day * MS_PER_DAY) // MS_PER_HOUR,
    }
    found = np.stack(
        [_on_circle(part, calendar) if part in POINTS_ON_CIRCLE else calendar[part] for part in parts], axis=1
    )
    return np.where(there[:, None], found, days[:, None])


def _on_circle(part: str, calendar: dict[str, NDArray[Any]]) -> Array:
    name = part.partition(" ")[0]
    return np.asarray(POINTS_ON_CIRCLE[part][calendar[name] - (name == "month")], np.float64)
