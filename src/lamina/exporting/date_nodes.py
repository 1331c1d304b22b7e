"""Parts of the calendar out of days since 1970, as ONNX nodes: what `lamina.data.encoding.dates` computes.

Year and month follow from the number of the day alone, counted from the first of March of the year 0, so that a leap
day is the last of its year (Hinnant 2013, "chrono-compatible low-level date algorithms").
"""

import numpy as np

from lamina.data.encoding.dates import FARTHEST_DAYS, MS_PER_DAY, MS_PER_HOUR, POINTS_ON_CIRCLE
from lamina.exporting.graphs import Value, largest, one, smallest, where

DAYS_TO_1970 = 719_468  # from 0000-03-01
DAYS_OF_ERA = 146_097  # 400 years


class Calendar:
    """The parts of moments, in days since 1970; each is (m, 1), and means nothing where the moment is missing."""

    def __init__(self, days: Value) -> None:
        known = where(days.graph.node("IsNaN", days, dtype=bool), 0, days)  # NaN cannot be looked up
        known = smallest(largest(known, -FARTHEST_DAYS), FARTHEST_DAYS)
        ticks = one("Round", known * MS_PER_DAY)  # whole milliseconds
        self.days, self._day = days, _floor(ticks / MS_PER_DAY)
        self._ms = ticks - self._day * MS_PER_DAY
        self._year_and_month: tuple[Value, Value] | None = None

    def part(self, name: str) -> Value:
        """Return one of `lamina.data.encoding.dates.PARTS`."""
        what, _, axis = name.partition(" ")
        number = {
            "": lambda: self.days,
            "year": lambda: self._counted()[0],
            "month": lambda: self._counted()[1],
            "weekday": lambda: self._day + 3 - 7 * _floor((self._day + 3) / 7),  # 1970-01-01 was a Thursday
            "hour": lambda: _floor(self._ms / MS_PER_HOUR),
        }[what]()
        if not axis:
            return number
        points = number.graph.constant(POINTS_ON_CIRCLE[name], np.float64)
        return points.at((number - (what == "month")).as_type("i8"), axis=0)

    def _counted(self) -> tuple[Value, Value]:
        if self._year_and_month is None:
            self._year_and_month = _year_and_month(self._day)
        return self._year_and_month


def _year_and_month(day: Value) -> tuple[Value, Value]:
    from_start = day + DAYS_TO_1970
    era = _floor(from_start / DAYS_OF_ERA)
    in_era = from_start - era * DAYS_OF_ERA  # 0 to 146,096
    leap_days = _floor(in_era / 1460) - _floor(in_era / 36_524) + _floor(in_era / 146_096)
    year = _floor((in_era - leap_days) / 365)  # of the era
    in_year = in_era - (365 * year + _floor(year / 4) - _floor(year / 100))  # 0 is the first of March
    since_march = _floor((5 * in_year + 2) / 153)
    in_next = (since_march >= 10).as_type(day.dtype)  # January and February
    return year + 400 * era + in_next, since_march + 3 - 12 * in_next


def _floor(value: Value) -> Value:
    return one("Floor", value)
