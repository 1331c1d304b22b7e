"""One named column, and what a column can be.

    number     real numbers                values (n,), NaN where missing
    date       dates and times             values (n,), days since 1970-01-01 (UTC), NaN where missing
    boolean    yes or no                   values (n,) codes into levels (False, True), -1 where missing
    category   text and other levels       values (n,) codes into levels, -1 where missing

Missing is one thing, however it was spelled: NaN, None, NaT, pandas' NA, an Arrow null.
"""

import decimal
import numbers
import warnings
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.errors import DataWarning

Kind = Literal["number", "date", "boolean", "category"]

LARGEST_EXACT = 2**53  # float64 tells whole numbers up to here apart
LONG_BYTES = 8  # of a whole number that may be larger
BOOLEAN_LEVELS = np.array([False, True])
MISSING_NAMES = {"NoneType", "NAType", "NaTType"}  # pandas' NA and NaT, known by name: pandas need not be there


@dataclass(frozen=True, eq=False)
class Column:
    """A name, a kind and the values (see the top of the file)."""

    name: str
    kind: Kind
    values: NDArray[Any]  # (n,)
    levels: NDArray[Any] | None = None  # what the codes stand for; None for numbers and dates
    unread: bool = False  # text that may spell numbers or dates, and nobody looked yet: see cells.py

    def take(self, rows: slice | NDArray[Any]) -> "Column":
        """Return the same column at these rows."""
        return Column(self.name, self.kind, self.values[rows], self.levels, self.unread)

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
        return level.strip()
    if isinstance(level, decimal.Decimal):
        return spell(int(level)) if level == level.to_integral_value() else format(level.normalize(), "f")
    if not isinstance(level, float | np.floating):
        return str(level)
    number = float(level)
    if number.is_integer() and abs(number) < 1e16:
        return str(int(number))
    return repr(number) if isinstance(level, float) else str(level)  # of float32 the shortest, 0.1


def as_levels(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as levels: those of float32 and float16 as the float64 that is spelled the same, 0.1 as 0.1."""
    if values.dtype.kind != "f" or values.dtype.itemsize >= np.dtype(np.float64).itemsize:
        return values
    return np.array([float(str(value)) for value in values], np.float64)


def as_category(column: Column) -> Column:
    """Return a number column as a category: its levels are the distinct numbers."""
    levels, codes = np.unique(column.values, return_inverse=True)
    missing = np.isnan(levels) if levels.dtype.kind == "f" else np.zeros(len(levels), bool)
    codes = np.where(missing[codes], -1, codes)  # NaN sorts last
    return Column(column.name, "category", codes, as_levels(levels[~missing]))


def unusable(name: str, what: str, cure: str = "") -> str:
    """Return the message for a column that is no number, text, boolean or date, and the cure where there is one."""
    message = f"column {name!r} holds {what}: the argument must be a string or a real number, a boolean or a date"
    return f"{message}. {cure}" if cure else message


def cure_for(name: str, kind: str) -> str:
    """Return what makes a usable column of one of this type; the type is named as its library names it."""
    kind = kind.lower()
    cures = {
        "period": f"Convert it: frame[{name!r}].dt.to_timestamp()",
        "interval": f"Convert it to text: frame[{name!r}].astype(str), or to its ends: .array.left, .array.right",
        "list": "Make columns of its elements, or drop it (on the command line --drop)",
        "struct": "Make columns of its fields, or drop it (on the command line --drop)",
        "map": "Make columns of its values, or drop it (on the command line --drop)",
        "binary": f"Decode it to text: frame[{name!r}].str.decode('utf-8'), or drop it",
    }
    return next((cure for word, cure in cures.items() if word in kind), "")


def warn_of_alike(column: Column) -> None:
    """Warn where whole numbers are so large that float64 makes one of some of them: identifiers, most likely."""
    x = column.values
    if column.kind != "number" or x.dtype.kind not in "iu" or x.dtype.itemsize < LONG_BYTES or not len(x):
        return
    if max(-int(x.min()), int(x.max())) <= LARGEST_EXACT:
        return
    different, told_apart = len(np.unique(x)), len(np.unique(x.astype(np.float64)))
    if told_apart < different:
        warnings.warn(
            f"column {column.name!r}: of {different:,} different whole numbers, some beyond 2**53, float64 tells "
            f"{told_apart:,} apart. If it is an identifier, drop it or convert it to text, as with .astype(str)",
            DataWarning,
            stacklevel=5,
        )


def is_number(kind: type) -> bool:
    """Return whether objects of this class are real numbers."""
    return issubclass(kind, numbers.Real | np.bool_ | decimal.Decimal)


def is_missing(value: object) -> bool:
    """Return whether an object stands for a missing value."""
    if isinstance(value, Decimal):
        return value.is_nan()  # a signalling one cannot be compared
    return type(value).__name__ in MISSING_NAMES or (isinstance(value, float | np.floating) and bool(value != value))


def short(value: object) -> str:
    """Return a value as text of at most 40 characters, for messages."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
