"""Columns from NumPy arrays of any type, Python objects among them."""

import datetime
import numbers
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.arrow import from_arrow
from lamina.data.tables.columns import (
    BOOLEAN_LEVELS,
    MISSING_NAMES,
    Column,
    boolean,
    cure_for,
    is_missing,
    is_number,
    number,
    short,
    spell,
    unusable,
)
from lamina.data.tables.days import days_of
from lamina.errors import ColumnError, ColumnTypeError

DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
TIMES: tuple[Any, ...] = (datetime.date | np.datetime64, datetime.timedelta | np.timedelta64, datetime.time)
DATE, TIME_OF_DAY = 0, 2  # places in TIMES


def from_numpy(name: str, values: NDArray[Any]) -> Column:
    """Return the column of a one-dimensional array of any type."""
    kind = values.dtype.kind
    if kind in "fiu":
        return number(name, values)
    if kind == "b":
        return boolean(name, values)
    if kind == "O":
        return from_objects(name, values)
    if kind == "U":
        levels, codes = np.unique(values, return_inverse=True)
        return Column(name, "category", codes, levels.astype(object), unread=True)
    if kind in "Mm":
        return _from_times(name, values)
    if kind == "c":
        raise ColumnError(
            f"Complex data not supported: column {name!r} holds {values.dtype}; pass real and imaginary parts"
        )
    raise ColumnTypeError(unusable(name, str(values.dtype)))


def _from_times(name: str, values: NDArray[Any]) -> Column:
    """Dates become days since 1970, durations days."""
    missing = np.isnat(values)
    unit, count = np.datetime_data(values.dtype)
    if unit in ("Y", "M"):  # months have no fixed length: count the days of the calendar
        values, unit, count = values.astype("M8[D]"), "D", 1
    ticks = values.astype(np.int64).astype(np.float64) * count
    per_day = float(np.timedelta64(1, "D") / np.ones((), f"m8[{unit}]"))
    days = np.where(missing, np.nan, ticks / per_day)
    return Column(name, "date" if values.dtype.kind == "M" else "number", days)


def from_objects(name: str, values: NDArray[Any]) -> Column:
    """Return the column of Python objects: booleans, numbers or dates if all of them are, text if any is text."""
    types = {kind for kind in set(map(type, values)) if kind.__name__ not in MISSING_NAMES}
    if any(issubclass(kind, complex | np.complexfloating) for kind in types):
        raise ColumnError(
            f"Complex data not supported: column {name!r} holds complex numbers; pass real and imaginary parts"
        )
    if types and types <= {bool, np.bool_}:
        codes = np.array([-1 if is_missing(value) else int(value) for value in values], np.int8)
        return Column(name, "boolean", codes, BOOLEAN_LEVELS)
    if all(is_number(kind) for kind in types):
        return _numbers(name, values, types)
    if all(issubclass(kind, str) or is_number(kind) for kind in types):
        return _levels(name, values)
    if all(issubclass(kind, DATES) for kind in types):
        return _dates(name, values, types)
    bad = next(i for i, value in enumerate(values) if not is_missing(value) and not _usable(type(value)))
    kind, cure = type(values[bad]).__name__, cure_for(name, type(values[bad]).__name__)
    if any(issubclass(one, DATES) for one in types):
        cure = f"A column of dates holds nothing else: convert it, as with pandas.to_datetime(frame[{name!r}])"
    raise ColumnTypeError(unusable(name, f"{kind} objects (row {bad}: {short(values[bad])})", cure))


def _usable(kind: type) -> bool:
    return issubclass(kind, str) or is_number(kind)


def _numbers(name: str, values: NDArray[Any], types: set[type]) -> Column:
    plain = [np.nan if is_missing(value) else value for value in values]
    found = [value for value in plain if value == value]
    whole = types and all(issubclass(kind, numbers.Integral) for kind in types)
    try:
        if whole and len(found) == len(plain):
            return number(name, np.array(plain, np.int64))
    except OverflowError:
        pass  # beyond 64 bits: as float64
    try:
        if whole and len({*map(int, found)}) > len({*map(float, found)}):
            # beyond 64 bits: identifiers, which float64 does not tell apart
            return replace(_levels(name, values), unread=False)
        return number(name, np.array([float(value) for value in plain]))
    except OverflowError:
        raise ColumnError(f"column {name!r} holds a whole number too large for float64") from None


def _levels(name: str, values: Sequence[Any] | NDArray[Any]) -> Column:
    index: dict[str, int] = {}
    codes = [-1 if is_missing(value) else index.setdefault(spell(value), len(index)) for value in values]
    return Column(name, "category", np.array(codes, np.int64), np.array(list(index), object), unread=True)


def _dates(name: str, values: NDArray[Any], types: set[type]) -> Column:
    import pyarrow as pa

    kinds = {next(i for i, kind in enumerate(TIMES) if issubclass(one, kind)) for one in types}
    if len(kinds) > 1:
        listed = " and ".join(sorted(kind.__name__ for kind in types))
        raise ColumnTypeError(
            unusable(name, f"a mixture of {listed}, which cannot be one column: convert some of them")
        )
    mixed = len(types) > 1 or any(issubclass(kind, np.datetime64 | np.timedelta64) for kind in types)
    if mixed and kinds != {TIME_OF_DAY}:
        days = np.array([np.nan if is_missing(value) else days_of(value) for value in values])
        return Column(name, "date" if kinds == {DATE} else "number", days)
    try:
        return from_arrow(name, pa.array(list(values), from_pandas=True))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ColumnTypeError(unusable(name, f"a mixture of dates that cannot be one column ({error})")) from error
