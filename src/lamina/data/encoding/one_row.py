"""One row of plain values, encoded without a table: the same bits in a tenth of the time.

    number              5, 5.0, True, None
    date                ISO 8601 text, None
    category, boolean   text, 5, 5.0, True, None

Other values are left to the table's way, which reads them or says what is wrong. So this file may know less than the
table's way, but nothing else.
"""

import re
from collections.abc import Callable, Mapping
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.categories import CategoryColumn
from lamina.data.encoding.dates import expanded
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.numbers import NumberColumns
from lamina.data.encoding.splines import Spline
from lamina.data.tables.cell_styles import ISO
from lamina.data.tables.cell_values import read_cell
from lamina.data.tables.columns import LARGEST_EXACT

MISSING_PATTERN = 1  # see `CategoryColumn.pattern_of`
LARGEST = 1e38  # that float32 holds for sure
USUAL = 1e15  # numbers up to here, shifted by no more and divided by no less than its inverse, stay far from the limits
MOMENT = re.compile(
    r"(?:1[7-9]|2[01])[0-9]{2}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)

Row = Mapping[str, Any]
Entries = dict[int, float]  # encoded columns that differ from those of the row without values
Write = Callable[[Row, Entries], None]


class NotPlain(Exception):
    """A value is for the table's way."""


class RowEncoder:
    """An encoder made ready for single rows.

    Parameters
    ----------
    encoder : Encoder
    dtype : dtype
        float32 or float64, as given to `Encoder.encode`.
    """

    def __init__(self, encoder: Encoder, dtype: Any) -> None:
        self._start = np.zeros((1, encoder.n_features), dtype)
        self._writers: list[Write] = []
        for piece, places in zip(encoder.pieces, encoder.places, strict=True):
            writer: Callable[..., Write] = WRITERS.get(type(piece), _of_unknown_piece)
            self._writers.append(writer(piece, encoder, places.tolist(), self._start[0]))
        self._affine = _affine(encoder)

    def encode(self, row: Row) -> NDArray[Any] | None:
        """Return A[0] of a row, shape (1, n_features), with the bits of `Encoder.encode`; None for the table's way.

        Parameters
        ----------
        row : mapping of str to value
            With every column of training; others are left alone.
        """
        entries: Entries = {}
        try:
            for write in self._writers:
                write(row, entries)
        except NotPlain:
            return None
        X = self._start.copy()
        X[0, list(entries)] = list(entries.values())
        return X

    def encode_array(self, X: NDArray[Any]) -> NDArray[Any] | None:
        """Return A[0] of a row that is an array of numbers, shape (1, n_columns), all at once; None for `encode`."""
        if self._affine is None or X.dtype.char not in "fdil":
            return None
        sources, location, divisor = self._affine
        x = X[0].astype(np.float64)
        if not np.maximum.reduce(np.abs(x)) < USUAL:  # a missing one among them too
            return None
        Z: NDArray[Any] = ((x[sources] - location) / divisor)[None]
        return Z.astype(self._start.dtype)


def _affine(encoder: Encoder) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return sources, locations and divisors where all that encoding does is to shift and divide numbers."""
    if len(encoder.pieces) != 1 or not isinstance(piece := encoder.pieces[0], NumberColumns):
        return None
    plain = piece.scaling not in ("robust", "quantile") and not any(piece.parts) and not encoder.dates
    in_order = encoder.places[0][: len(piece.at)].tolist() == list(range(encoder.n_features))
    divisor = np.where(piece.scale == 0, np.inf, piece.scale)
    usual = bool((np.abs(piece.location) < USUAL).all() and (divisor > 1 / USUAL).all())
    if not (plain and in_order and usual):
        return None
    sources = piece.sources.tolist()
    whole = sources == list(range(len(encoder.names_in)))
    return slice(None) if whole else sources, piece.location, divisor


# ---- where a single row comes from ----


def single_row(X: Any, encoder: Encoder) -> dict[str, Any] | None:
    """Return the only row of an array of numbers, or of a pandas or polars frame, as plain values; None of all else."""
    if not hasattr(X, "shape") or len(X.shape) != 2 or X.shape[0] != 1:
        return None
    kinds = X.dtypes if hasattr(X, "dtypes") else [getattr(X, "dtype", "")]
    if encoder.categories and any(map(_is_narrow, kinds)):
        return None  # as a category 0.1 in single precision is 0.1, as a plain value 0.10000000149
    if type(X) is np.ndarray:
        fits = X.dtype.kind in "fiu" and not encoder.named and X.shape[1] == len(encoder.names_in)
        return dict(zip(encoder.names_in, X[0].tolist(), strict=True)) if fits else None
    of_library = ROW_OF.get(type(X).__module__.partition(".")[0])
    if of_library is None or not encoder.named or tuple(X.columns) != encoder.names_in:
        return None
    return of_library(X)


def _is_narrow(kind: Any) -> bool:
    """Whether a type of NumPy, pandas or polars has floats of less than 64 bits."""
    letter = getattr(kind, "kind", None)
    return str(kind) in ("Float32", "Float16") if letter is None else bool(letter == "f" and kind.itemsize < 8)


def _of_pandas(frame: Any) -> dict[str, Any] | None:
    row = {}
    for name, column in frame.items():
        if column.dtype == "category":  # whose numbers are words
            return None
        cell = column.iat[0]
        row[name] = cell.item() if isinstance(cell, np.generic) else cell
    return row


def _of_polars(frame: Any) -> dict[str, Any]:
    row: dict[str, Any] = frame.row(0, named=True)
    return row


ROW_OF: dict[str, Callable[[Any], dict[str, Any] | None]] = {"pandas": _of_pandas, "polars": _of_polars}


def _of_unknown_piece(piece: Any, encoder: Encoder, places: list[int], start: NDArray[Any]) -> Write:
    """An encoding without a row in WRITERS."""

    def write(row: Row, entries: Entries) -> None:
        raise NotPlain

    return write


# ---- numbers and dates ----


def _of_numbers(piece: NumberColumns, encoder: Encoder, places: list[int], start: NDArray[Any]) -> Write:
    sources = [(encoder.names_in[j], _reader_of(encoder, j)) for j in piece.sources.tolist()]
    marks = iter(places[len(piece.at) :])
    indicators = [next(marks) if marked else None for marked in piece.indicator.tolist()]
    shapes = [piece.of_one(k) for k in range(len(piece.at))]
    columns = list(zip(places, shapes, piece.fill.tolist(), indicators, strict=False))
    refuses_missing, has_parts = encoder.inputs.missing == "raise", any(piece.parts)

    def write(row: Row, entries: Entries) -> None:
        found = [read(row[name]) for name, read in sources]
        if has_parts:
            found = expanded(np.array([found]), piece.at, piece.parts)[0].tolist()
        for x, (place, shaped, fill, indicator) in zip(found, columns, strict=True):
            if x == x:
                entries[place] = z = shaped(x)
                if not -LARGEST < z < LARGEST:
                    raise NotPlain
            elif refuses_missing:
                raise NotPlain
            else:
                entries[place] = fill
                if indicator is not None:
                    entries[indicator] = 1.0

    return write


def _reader_of(encoder: Encoder, j: int) -> Callable[[Any], float]:
    if j not in encoder.dates:
        return number_of if j in encoder.numbers.needed else _anything
    written = encoder.reading.written.get(encoder.names_in[j])
    return date_of if written is None or written.style == ISO else _no_date


def number_of(value: Any) -> float:
    """Return a plain value as a number; NaN where it is missing."""
    kind = type(value)
    if kind is float and (-LARGEST < value < LARGEST or value != value):
        return float(value)
    if kind is int and -LARGEST_EXACT <= value <= LARGEST_EXACT:
        return float(value)
    if value is None:
        return nan
    if kind is bool:
        return float(value)
    raise NotPlain


def date_of(value: Any) -> float:
    """Return ISO 8601 text as days since 1970; NaN where it is missing."""
    if value is None:
        return nan
    if type(value) is str and MOMENT.fullmatch(value):
        days = read_cell(value, ISO)
        if days == days:
            return days
    raise NotPlain


def _anything(value: Any) -> float:
    """Return a number of a column that never moves a feature: there, booleans are none."""
    if type(value) is bool:
        raise NotPlain
    return number_of(value)


def _no_date(value: Any) -> float:
    """Dates that were written in another way in training."""
    if value is None:
        return nan
    raise NotPlain


def _of_spline(piece: Spline, encoder: Encoder, places: list[int], start: NDArray[Any]) -> Write:
    name = encoder.names_in[piece.at]
    start[places] = piece.of_none
    missing = dict.fromkeys(places, 0.0)

    def write(row: Row, entries: Entries) -> None:
        x = number_of(row[name])
        if x != x:
            entries.update(missing)
            return
        j, here, next_to_it = piece.of_one(x)
        entries[places[j]] = here
        entries[places[j + 1]] = next_to_it

    return write


# ---- categories ----


def _of_category(piece: CategoryColumn, encoder: Encoder, places: list[int], start: NDArray[Any]) -> Write:
    name = encoder.names_in[piece.at]
    refuses_missing = encoder.inputs.missing == "raise"
    takes_text = piece.kind != "number" and name not in encoder.reading.written
    if piece.embedded:
        entries_of = [(places[0], float(pattern)) for pattern in range(piece.n_places)]
    else:
        where, written = piece.marks(np.float64)
        entries_of = [(places[k], one) for k, one in zip(where.tolist(), written.tolist(), strict=True)]

    def write(row: Row, entries: Entries) -> None:
        value = row[name]
        if type(value) is str:
            if not takes_text:
                raise NotPlain
            pattern = piece.pattern_of_level(value.strip())
        else:
            x = number_of(value)
            if x != x and refuses_missing:
                raise NotPlain
            pattern = piece.pattern_of_level(value) if x == x else MISSING_PATTERN
        place, written = entries_of[pattern]
        entries[place] = written

    return write


WRITERS: dict[type[Any], Callable[..., Write]] = {
    NumberColumns: _of_numbers,
    CategoryColumn: _of_category,
    Spline: _of_spline,
}
