"""One named column, and what a column can be.

    number     real numbers                values (n,), NaN where missing
    date       dates and times             values (n,), days since 1970-01-01 (UTC), NaN where missing
    boolean    yes or no                   values (n,) codes into levels (False, True), -1 where missing
    category   text and other levels       values (n,) codes into levels, -1 where missing

Missing is one thing, however it was spelled: NaN, None, NaT, pandas' NA, an Arrow null.
"""

import datetime
import decimal
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.errors import ColumnError, ColumnTypeError

Kind = Literal["number", "date", "boolean", "category"]

BOOLEAN_LEVELS = np.array([False, True])
DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
MISSING_NAMES = {"NoneType", "NAType", "NaTType"}  # pandas' NA and NaT, known by name: pandas need not be there


@dataclass(frozen=True, eq=False)
class Column:
    """A name, a kind and the values (see the top of the file)."""

    name: str
    kind: Kind
    values: NDArray[Any]  # (n,)
    levels: NDArray[Any] | None = None  # what the codes stand for; None for numbers and dates

    def take(self, rows: slice | NDArray[Any]) -> "Column":
        """Return the same column at these rows."""
        return Column(self.name, self.kind, self.values[rows], self.levels)

    def array(self) -> NDArray[Any]:
        """Return plain values, as targets need them: numbers, booleans or objects (levels, None where missing)."""
        if self.levels is None:
            return self.values
        known = self.levels
        if (self.values < 0).any():
            known = np.array([*self.levels.tolist(), None], object)  # code -1 is the last
        return np.take(known, self.values)


def number(name: str, values: NDArray[Any]) -> Column:
    """Return a column of real numbers."""
    return Column(name, "number", values)


def boolean(name: str, values: NDArray[Any]) -> Column:
    """Return a column of an array of bool."""
    return Column(name, "boolean", values.astype(np.int8), BOOLEAN_LEVELS)


def spell(level: object) -> str:
    """Return a level as text, the same for 1, 1.0 and "1"; so that a file read anew means what it meant in training."""
    if isinstance(level, str):
        return str(level)
    if not isinstance(level, float | np.floating):
        return str(level)
    number = float(level)
    return str(int(number)) if number.is_integer() and abs(number) < 1e16 else repr(number)


def as_category(column: Column) -> Column:
    """Return a number column as a category: its levels are the distinct numbers."""
    levels, codes = np.unique(column.values, return_inverse=True)
    missing = np.isnan(levels) if levels.dtype.kind == "f" else np.zeros(len(levels), bool)
    codes = np.where(missing[codes], -1, codes)  # NaN sorts last
    return Column(column.name, "category", codes, levels[~missing])


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
        return Column(name, "category", codes, levels.astype(object))
    if kind in "Mm":
        return _from_times(name, values)
    if kind == "c":
        raise ColumnError(
            f"Complex data not supported: column {name!r} holds {values.dtype}; pass real and imaginary parts"
        )
    raise ColumnTypeError(unusable(name, str(values.dtype)))


def unusable(name: str, what: str) -> str:
    """Return the message for a column that is no number, text, boolean or date."""
    return f"column {name!r} holds {what}: the argument must be a string or a real number, a boolean or a date"


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
        return _dates(name, values)
    bad = next(i for i, value in enumerate(values) if not is_missing(value) and not _usable(type(value)))
    raise ColumnTypeError(unusable(name, f"{type(values[bad]).__name__} objects (row {bad}: {short(values[bad])})"))


def is_number(kind: type) -> bool:
    """Return whether objects of this class are real numbers."""
    return issubclass(kind, numbers.Real | np.bool_ | decimal.Decimal)


def is_missing(value: object) -> bool:
    """Return whether an object stands for a missing value."""
    return type(value).__name__ in MISSING_NAMES or (isinstance(value, float | np.floating) and bool(value != value))


def _usable(kind: type) -> bool:
    return issubclass(kind, str) or is_number(kind)


def short(value: object) -> str:
    """Return a value as text of at most 40 characters, for messages."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _numbers(name: str, values: NDArray[Any], types: set[type]) -> Column:
    plain = [np.nan if is_missing(value) else value for value in values]
    whole = types and all(issubclass(kind, numbers.Integral) for kind in types)
    try:
        if whole and all(type(value) is not float for value in plain):
            return number(name, np.array(plain, np.int64))
    except OverflowError:
        pass  # beyond 64 bits: as float64
    try:
        return number(name, np.array([float(value) for value in plain]))
    except OverflowError:
        raise ColumnError(f"column {name!r} holds a whole number too large for float64") from None


def _levels(name: str, values: Sequence[Any] | NDArray[Any]) -> Column:
    index: dict[str, int] = {}
    codes = [-1 if is_missing(value) else index.setdefault(spell(value), len(index)) for value in values]
    return Column(name, "category", np.array(codes, np.int64), np.array(list(index), object))


def _dates(name: str, values: NDArray[Any]) -> Column:
    import pyarrow as pa

    from lamina.data.frames import from_arrow

    try:
        return from_arrow(name, pa.array(list(values), from_pandas=True))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ColumnTypeError(unusable(name, f"a mixture of dates that cannot be one column ({error})")) from error
