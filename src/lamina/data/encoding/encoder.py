"""Columns in, A[0] out: what turns a table into numbers, learned from the training rows.

    numbers, dates        numbers.py       scaled; missing filled, with an indicator; parts of the calendar on request
    categories, booleans  categories.py    indicator columns, or places for an embedding
    splines               splines.py       a spline basis besides the scaled number

Each is a row of the table in encodings.py. The encoded columns stand in the order of the input columns. A row is
encoded alike alone and among others, to the bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data import headers
from lamina.data.encoding.categories import CategoryColumn
from lamina.data.encoding.encodings import ENCODINGS
from lamina.data.encoding.faults import MISSINGS, Missing
from lamina.data.encoding.numbers import NumberColumns
from lamina.data.encoding.pieces import BESIDE, MISSING, VALUE, InputColumns, Piece
from lamina.data.encoding.splines import Spline
from lamina.data.tables.alignment import aligned
from lamina.data.tables.reading import Reading
from lamina.data.tables.table import Table, default_names
from lamina.errors import DataError


@dataclass(frozen=True, eq=False)
class Encoder:
    """How rows become numbers: learned by `learn`, or by `learn_encoder`; `encode` does it.

    Attributes
    ----------
    inputs : InputColumns
        The columns of the training rows.
    pieces : tuple of Piece
        What becomes of them; together they encode every input column.
    """

    inputs: InputColumns
    pieces: tuple[Piece, ...]

    @property
    def names_in(self) -> tuple[str, ...]:
        """The input columns, in order."""
        return self.inputs.names

    @property
    def named(self) -> bool:
        """Whether the training rows had names."""
        return self.inputs.named

    @property
    def dates(self) -> tuple[int, ...]:
        """Which input columns are dates."""
        return self.inputs.dates

    @property
    def numbers(self) -> NumberColumns:
        """The piece of all numbers and dates."""
        return next(piece for piece in self.pieces if isinstance(piece, NumberColumns))

    @property
    def categories(self) -> tuple[CategoryColumn, ...]:
        """The pieces of categories and booleans."""
        return tuple(piece for piece in self.pieces if isinstance(piece, CategoryColumn))

    @property
    def splines(self) -> tuple[Spline, ...]:
        """The pieces of columns of numbers that bring a spline basis, in the order of the columns."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Spline))

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        """Where each encoded column stands among those of all pieces, shape (n_features,)."""
        origin, ranks = (np.concatenate([getattr(p, key) for p in self.pieces]) for key in ("origin", "ranks"))
        return np.lexsort((ranks, origin))

    def _ordered(self, of_pieces: list[Any]) -> NDArray[Any]:
        return np.concatenate(of_pieces)[self._order]

    @cached_property
    def places(self) -> tuple[NDArray[np.intp], ...]:
        """Which encoded columns each piece makes."""
        places = np.empty(len(self._order), np.intp)
        places[self._order] = np.arange(len(self._order))
        return tuple(np.split(places, np.cumsum([piece.width for piece in self.pieces])[:-1]))

    @cached_property
    def origin(self) -> NDArray[np.intp]:
        """Which input column each encoded column came from, shape (n_features,)."""
        return self._ordered([piece.origin for piece in self.pieces])

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the encoded columns: "age", "age near 30", "age missing", "sex=Male", ..."""
        named = [piece.suffixes_among(self.names_in) for piece in self.pieces]
        suffixes = self._ordered([np.array([*suffixes, None], object)[:-1] for suffixes in named])
        return tuple(self.names_in[j] + suffix for j, suffix in zip(self.origin, suffixes, strict=True))

    @property
    def n_features(self) -> int:
        """How many columns `encode` returns."""
        return len(self._order)

    @cached_property
    def number_positions(self) -> tuple[int, ...]:
        """The encoded columns that are scaled numbers, dates and their parts among them.

        Not those that are always 0, nor the sines and cosines of dates, nor what says where a number was missing.
        """
        return tuple(np.flatnonzero(self._ordered([piece.is_number for piece in self.pieces])).tolist())

    @cached_property
    def embedded(self) -> tuple[tuple[int, int], ...]:
        """The encoded columns that hold places of levels, each with the number of places: 0 to that number - 1."""
        pairs = zip(self.pieces, self.places, strict=True)
        return tuple(sorted((int(places[0]), piece.n_places) for piece, places in pairs if piece.n_places))

    @cached_property
    def values_per_column(self) -> NDArray[np.intp]:
        """How many encoded columns each input column has, without those that say where it was missing."""
        origin = np.concatenate([piece.origin[piece.ranks != MISSING] for piece in self.pieces])
        return np.bincount(origin, minlength=len(self.names_in))

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns that held no numbers or dates in training: what to read as text (`read(path, text=...)`)."""
        return tuple(self.names_in[column.at] for column in self.categories if column.kind != "number")

    @cached_property
    def reading(self) -> Reading:
        """How to read rows to predict: as those of training were, and columns as what they were."""
        dates = frozenset(self.names_in[j] for j in self.dates)
        numbers = frozenset(self.names_in[j] for j in self.numbers.needed) - dates
        exact = {self.names_in[column.at] for column in self.categories if column.kind == "number"}
        text = tuple(dict.fromkeys([*self.text_columns, *(n for n in self.inputs.reading.text if n not in exact)]))
        return replace(self.inputs.reading, text=text, numbers=numbers, dates=dates)

    def align(self, table: Table) -> Table:
        """Return the table with the training columns in training order; others are dropped.

        Where the table or the training rows had no names, columns are taken by position.

        Raises
        ------
        ColumnError
            Columns are missing; it names them.
        """
        return aligned(table, self.names_in, self.named)

    def encode(self, table: Table, dtype: Any = np.float32) -> NDArray[Any]:
        """Return A[0], transposed: the rows as numbers.

        Parameters
        ----------
        table : Table
            Rows with the columns of training, in any order. Of a sparse table these rows, and only these, become dense.
        dtype : dtype
            float32 or float64.

        Returns
        -------
        array, shape (n_rows, n_features), C-contiguous

        Raises
        ------
        DataError
            An infinite number, a missing one where `missing="raise"`, or one too large for the dtype.
        ColumnError
            Columns are missing, or of another kind than in training.
        """
        table = self.align(table)
        X = np.zeros((table.n_rows, self.n_features), dtype)
        for piece, places in zip(self.pieces, self.places, strict=True):
            piece.encode(table, self.inputs, X, places)
        return X

    def to_header(self) -> dict[str, Any]:
        """Return the encoder as plain JSON values."""
        names, named, dates, missing, reading = self.inputs
        header: dict[str, Any] = {
            "n_columns": len(names),
            "names": list(names) if names != default_names(len(names)) else None,
            "named": named,
            "missing": missing,
            "dates": list(dates),
        }
        if reading.to_header():
            header["reading"] = reading.to_header()
        for kind, encoding in ENCODINGS.items():
            own = [piece.to_header() for piece in self.pieces if isinstance(piece, encoding.piece)]
            if own or encoding.always:
                header[kind] = own[0] if encoding.piece.ALONE else own
        return header

    @staticmethod
    def from_header(header: Mapping[str, Any]) -> "Encoder":
        """Return the encoder of a header.

        Raises
        ------
        DataError
            The header has unknown keys, wrong types, other lengths or numbers that are not finite.
        """
        since = ["reading"] if isinstance(header, dict) and "reading" in header else []
        kinds = [kind for kind, one in ENCODINGS.items() if one.always or (isinstance(header, dict) and kind in header)]
        header = headers.fields(header, "encoder", ("n_columns", "names", "named", "missing", "dates", *kinds, *since))
        n = headers.whole(header["n_columns"], "encoder n_columns", 1, 2**31)
        pieces: list[Piece] = []
        for kind in kinds:
            piece = ENCODINGS[kind].piece
            own = [header[kind]] if piece.ALONE else headers.listed(header[kind], f"encoder {kind}")
            pieces += [piece.from_header(one, n) for one in own]
        _check_values(pieces, n)
        dates = tuple(
            headers.whole(j, "encoder dates", 0, n - 1) for j in headers.listed(header["dates"], "encoder dates")
        )
        names = default_names(n) if header["names"] is None else headers.texts(header["names"], "encoder names", n)
        raises = headers.choice(header["missing"], "encoder missing", MISSINGS) == "raise"
        missing: Missing = "raise" if raises else "encode"
        reading = Reading.from_header(header["reading"]) if since else Reading()
        inputs = InputColumns(names, headers.flag(header["named"], "encoder named"), dates, missing, reading)
        encoder = Encoder(inputs, tuple(pieces))
        _check_dates(encoder.numbers, dates)
        _check_beside(pieces, set(encoder.numbers.at.tolist()) - set(dates))
        return encoder


def _check_values(pieces: list[Piece], n: int) -> None:
    """Raise a DataError unless each input column has its value in one piece."""
    at = np.concatenate([np.unique(piece.origin[piece.ranks == VALUE]) for piece in pieces])
    if len(at) != n or len(np.unique(at)) != n:
        raise DataError(f"encoder: each of {n} columns expected once, found {len(at)}")


def _check_dates(numbers: NumberColumns, dates: tuple[int, ...]) -> None:
    """Raise a DataError unless dates are number columns, and they alone have parts."""
    if len(set(dates)) != len(dates) or not set(dates) <= set(numbers.at.tolist()):
        raise DataError("encoder dates: different number columns expected")
    if not {j for j, part in zip(numbers.at.tolist(), numbers.parts, strict=True) if part} <= set(dates):
        raise DataError("encoder numbers parts: only dates have some")


def _check_beside(pieces: list[Piece], plain_numbers: set[int]) -> None:
    """Raise a DataError unless pieces that stand beside a value stand beside a number, each kind once, in order."""
    for kind, encoding in ENCODINGS.items():
        mine = [piece for piece in pieces if isinstance(piece, encoding.piece)]
        beside = [int(j) for piece in mine for j in np.unique(piece.origin[piece.ranks == BESIDE])]
        if sorted(set(beside)) != beside or not set(beside) <= plain_numbers:
            raise DataError(f"encoder {kind}: different number columns expected, in their order")
