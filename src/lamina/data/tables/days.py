"""Days since 1970 and what they stand for: dates, spans of time, times of the day, as text and as Python's objects."""

import datetime
from typing import Any

import numpy as np

EPOCH = datetime.datetime(1970, 1, 1)
SECONDS_PER_DAY = 86_400
MICROSECONDS_PER_DAY = SECONDS_PER_DAY * 10**6
HOURS_PER_DAY = 24


def spell_date(days: float) -> str:
    """Return "2020-01-31", or "2020-01-31 06:00:00" where there is a time of the day."""
    try:
        moment = EPOCH + datetime.timedelta(microseconds=round(days * MICROSECONDS_PER_DAY))
    except OverflowError:
        return str(np.datetime64(int(days // 1), "D"))
    return str(moment.date() if moment.time() == datetime.time() else moment)


def spell_span(days: float) -> str:
    """Return "1 days 06:00:00", as pandas prints it."""
    whole = int(days // 1)
    return f"{whole} days {spell_hours((days - whole) * HOURS_PER_DAY).replace('24:00:00', '00:00:00')}"


def spell_hours(hours: float) -> str:
    """Return "06:30:00"."""
    microseconds = round(hours * MICROSECONDS_PER_DAY / HOURS_PER_DAY)
    seconds, rest = divmod(microseconds, 10**6)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{clock}.{rest:06d}" if rest else clock


def days_of(value: Any) -> float:
    """Return the days since 1970 of a date (UTC where it has a zone), or of a span of time."""
    if isinstance(value, np.timedelta64):
        return float(value / np.timedelta64(1, "D"))  # NaT is NaN
    if isinstance(value, np.datetime64):
        return float("nan") if np.isnat(value) else int(value.astype("M8[us]").astype(np.int64)) / MICROSECONDS_PER_DAY
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return ((value - EPOCH) // datetime.timedelta(microseconds=1)) / MICROSECONDS_PER_DAY
    if isinstance(value, datetime.date):
        return float(value.toordinal() - EPOCH.toordinal())
    span: datetime.timedelta = value
    return (span // datetime.timedelta(microseconds=1)) / MICROSECONDS_PER_DAY
