"""How the cells of a column of text may be written: numbers, dates and spans of time, each style with its own reader.

A number is  sign, prefix, core, suffix:  "-$1,234.50"  "5 kg"  "12 %"  "1.234,5 €". The styles of the core:

    1.5         1,5         the decimal sign alone
    1,234.5     1.234,5     a sign between thousands
    1 234,5     1 234.5     1'234.5

Dates are written 2020-01-31 (with a time, with a zone), 2020/1/31, 31.1.2020, 31/1/2020 or 1/31/2020, 31-1-2020 or
1-31-2020; spans of time as pandas prints them, "1 days 06:00:00"; times of the day 6:30 or 06:30:00.
"""

import datetime
import re
from collections.abc import Callable
from typing import NamedTuple

GROUP = r"[1-9][0-9]{0,2}"
CLOCK = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
CURRENCIES = r"[$€£¥₹]|USD|EUR|GBP|CHF|JPY|INR"
NUMBER = (
    rf"^(?P<sign>[+-]?)(?P<prefix>{CURRENCIES})?\s?"
    r"(?P<core>[+-]?[0-9.,][0-9.,'’ \x{a0}\x{202f}]*(?:[eE][+-]?[0-9]+)?)"
    r"\s?(?P<suffix>[^0-9.,'’\s+-][^0-9\s]{0,4})?$"  # more than are taken: see `is_suffix`
)
BEHIND_LETTERS = frozenset("²³/")  # "m²", "km/h"
EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)
MICROSECONDS_PER_DAY = 86_400 * 10**6
PERCENT = "%"


def is_suffix(text: str) -> bool:
    """Return whether this may stand behind a number: nothing, "%", a currency or a unit.

    Classes of letters in a pattern of RE2 take milliseconds to compile; suffixes are few.
    """
    if not text or text == PERCENT or re.fullmatch(CURRENCIES, text):
        return True
    return text[0] not in BEHIND_LETTERS and all(one.isalpha() or one == "°" or one in BEHIND_LETTERS for one in text)


class Style(NamedTuple):
    """A way to write numbers or dates."""

    kind: str  # "number" or "date"
    pattern: str  # of RE2, for the whole core or cell
    read: Callable[[str], float]  # raises ValueError for what only looks like one
    signs: tuple[tuple[str, str], ...] = ()  # of numbers: what stands for what in plain ones


def _with_signs(decimal: str, thousands: str) -> Style:
    d, t = re.escape(decimal), f"[{thousands}]"
    whole = rf"(?:[0-9]+|{GROUP}(?:{t}[0-9]{{3}})+)" if thousands else "[0-9]+"
    signs = (*((one, "") for one in thousands), *(((decimal, "."),) if decimal != "." else ()))
    pattern = rf"[+-]?(?:{whole}(?:{d}[0-9]*)?|{d}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    return Style("number", pattern, float, signs)


def _days(moment: datetime.datetime) -> float:
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return ((moment - EPOCH) // MICROSECOND) / MICROSECONDS_PER_DAY


def _iso(text: str) -> float:
    if "/" in text:
        year, month, day = map(int, text.split("/"))
        return _days(datetime.datetime(year, month, day))
    return _days(datetime.datetime.fromisoformat(text))


def _date(separator: str, day_first: bool) -> Style:
    def read(text: str) -> float:
        day, _, clock = text.partition(" ")
        a, b, year = map(int, day.split(separator))
        hours = _hours(clock) / 24 if clock else 0.0
        return _days(datetime.datetime(year, b, a) if day_first else datetime.datetime(year, a, b)) + hours

    s, day, month = re.escape(separator), "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])"
    first, second = (day, month) if day_first else (month, day)
    return Style("date", rf"{first}{s}{second}{s}[12][0-9]{{3}}(?: {CLOCK})?", read)


def _hours(text: str) -> float:
    hours, minutes, seconds = [*map(float, text.split(":")), 0.0][:3]
    return (hours * 3600 + minutes * 60 + seconds) / 3600


def _span(text: str) -> float:
    days, _, clock = re.sub(r" days?", "", text).partition(" ")
    sign = -1.0 if clock.startswith("-") else 1.0
    seconds = _hours(clock.lstrip("+-")) * 3600 if clock else 0.0
    return (int(days) * 86_400 + sign * seconds) / 86_400


PLAIN, COMMA = "1.5", "1,5"
NUMBERS = {  # the first of equals is taken
    PLAIN: _with_signs(".", ""),
    COMMA: _with_signs(",", ""),
    "1,234.5": _with_signs(".", ","),
    "1.234,5": _with_signs(",", "."),
    "1 234,5": _with_signs(",", " \u00a0\u202f"),
    "1 234.5": _with_signs(".", " \u00a0\u202f"),
    "1'234.5": _with_signs(".", "'’"),
}
ISO = "2020-01-31"
OTHERS = {
    ISO: Style(
        "date",
        rf"[12][0-9]{{3}}(?:-[0-9]{{2}}-[0-9]{{2}}(?:[ T]{CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
        r"|/[0-9]{1,2}/[0-9]{1,2})",
        _iso,
    ),
    "31.1.2020": _date(".", True),
    "31/1/2020": _date("/", True),
    "1/31/2020": _date("/", False),
    "31-1-2020": _date("-", True),
    "1-31-2020": _date("-", False),
    "06:30:00": Style("number", CLOCK, _hours),
    "1 days 06:30:00": Style("number", rf"-?[0-9]+ days?(?: [+-]?{CLOCK})?", _span),
}
STYLES = {**NUMBERS, **OTHERS}
# Two readings of the same cells, and what tells them apart.
TWINS = {
    COMMA: ("1,234.5", "1,234 may be one and a fraction, or a thousand: decimal=',' or thousands=',' says which"),
    "31/1/2020": ("1/31/2020", "1/2/2020 may be in January or February: write dates as 2020-01-31"),
    "31-1-2020": ("1-31-2020", "1-2-2020 may be in January or February: write dates as 2020-01-31"),
}
