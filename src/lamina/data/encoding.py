"""Columns in, A[0] out: what turns a table into numbers, learned from the training rows.

    numbers, dates        number_columns.py       scaled; missing filled, with an indicator
    categories, booleans  category_columns.py     indicator columns

The encoded columns stand in the order of the input columns. A row is encoded alike alone and among others, to the bit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data import category_columns, headers, number_columns
from lamina.data.alignment import aligned, cast_category, cast_numbers, number_blocks
from lamina.data.category_columns import CategoryColumn
from lamina.data.fitting import fit_parts
from lamina.data.number_columns import MISSINGS, SCALINGS, Missing, NumberColumns, Scaling, find_fault, missing_fault
from lamina.data.sources import Table, default_names
from lamina.errors import DataError, SettingError


@dataclass(frozen=True, eq=False)
class Encoder:
    """How rows become numbers; `Encoder.fit` learns it, `encode` does it.

    Attributes
    ----------
    names_in : tuple of str
        The input columns, in order.
    named : bool
        Whether the training rows had names.
    numbers : NumberColumns
    dates : tuple of int
        Which of the number columns are dates, as input columns.
    categories : tuple of CategoryColumn
    missing : {"encode", "raise"}
        Whether missing values are encoded or refused.
    """

    names_in: tuple[str, ...]
    named: bool
    numbers: NumberColumns
    dates: tuple[int, ...]
    categories: tuple[CategoryColumn, ...]
    missing: Missing

    @staticmethod
    def fit(
        tables: Table | Iterable[Table],
        weights: NDArray[np.float64] | None = None,
        *,
        numbers: Scaling = "standard",
        missing: Missing = "encode",
        max_categories: int = 50,
    ) -> "Encoder":
        """Learn an encoding from the training rows.

        Parameters
        ----------
        tables : Table, or iterable of Tables with the same columns
            Read once, in order.
        weights : array, shape (n_rows,), optional
            For a single table. A row of weight 2 counts as two rows, one of weight 0 is not looked at.
        numbers : {"standard", "none"}
            Scale numbers to weighted mean 0 and standard deviation 1, or leave them as they are.
        missing : {"encode", "raise"}
        max_categories : int
            Above so many levels, the rarer ones of a column share one encoded column.

        Raises
        ------
        DataError
            An infinite number, or a missing one where `missing="raise"`; it names the column and row.
        """
        if numbers not in SCALINGS or missing not in MISSINGS:
            raise SettingError(
                f"numbers is one of {SCALINGS}, missing one of {MISSINGS}; found {numbers!r}, {missing!r}"
            )
        if max_categories < 2:
            raise SettingError(f"max_categories is 2 or more, found {max_categories}")
        plan, parts = fit_parts(tables, weights, numbers, max_categories, missing)
        return Encoder(plan.names, plan.named, parts.numbers, parts.dates, parts.categories, missing)

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        """Where each input column's encoded columns start; one more entry for the end."""
        widths = np.zeros(len(self.names_in), np.intp)
        widths[self.numbers.at] = 1 + self.numbers.indicator
        for column in self.categories:
            widths[column.at] = column.width
        return np.concatenate([[0], np.cumsum(widths)]).astype(np.intp)

    @cached_property
    def origin(self) -> NDArray[np.intp]:
        """Which input column each encoded column came from, shape (n_features,)."""
        return np.repeat(np.arange(len(self.names_in)), np.diff(self._starts))

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the encoded columns: "age", "age missing", "sex=Male", ..."""
        suffixes = [[""]] * len(self.names_in)
        for j, indicator in zip(self.numbers.at, self.numbers.indicator, strict=True):
            suffixes[j] = ["", " missing"] if indicator else [""]
        for column in self.categories:
            suffixes[column.at] = column.suffixes()
        return tuple(name + suffix for name, own in zip(self.names_in, suffixes, strict=True) for suffix in own)

    @property
    def n_features(self) -> int:
        """How many columns `encode` returns."""
        return int(self._starts[-1])

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns that were categories in training: what to read as text from a file (`read(path, text=...)`)."""
        return tuple(self.names_in[column.at] for column in self.categories)

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
        self._encode_numbers(table, X)
        for column in self.categories:
            self._encode_category(table, column, X)
        return X

    def _encode_numbers(self, table: Table, X: NDArray[Any]) -> None:
        at, starts = self.numbers.at, self._starts[self.numbers.at]
        marked = np.flatnonzero(self.numbers.indicator)
        whole = len(starts) == X.shape[1]
        for first, block in number_blocks(cast_numbers(table, at, self.dates), table.n_rows):
            rows = slice(first, first + len(block))
            Z, missing = self.numbers.encode(block, X.dtype)
            if missing is not None:
                if not np.isfinite(Z).all():
                    raise find_fault(table, at, np.where(np.isfinite(Z), np.nan, block), first, X.dtype)
                if self.missing == "raise" and missing.any():
                    raise missing_fault(table, at, missing, first)
                X[rows, starts[marked] + 1] = missing[:, marked]
            X[rows, slice(None) if whole else starts] = Z

    def _encode_category(self, table: Table, column: CategoryColumn, X: NDArray[Any]) -> None:
        values = cast_category(table.at(column.at), column.kind)
        if self.missing == "raise" and (values.values < 0).any():
            missing = values.values[:, None] < 0
            raise missing_fault(table, np.array([column.at]), missing, 0)
        patterns, places = column.patterns(X.dtype), column.places(values)
        start = self._starts[column.at]
        X[:, start : start + column.width] = patterns[places[values.values]]

    def to_header(self) -> dict[str, Any]:
        """Return the encoder as plain JSON values."""
        return {
            "n_columns": len(self.names_in),
            "names": list(self.names_in) if self.names_in != default_names(len(self.names_in)) else None,
            "named": self.named,
            "missing": self.missing,
            "dates": list(self.dates),
            "numbers": number_columns.to_header(self.numbers),
            "categories": [category_columns.to_header(column) for column in self.categories],
        }

    @staticmethod
    def from_header(header: Mapping[str, Any]) -> "Encoder":
        """Return the encoder of a header.

        Raises
        ------
        DataError
            The header has unknown keys, wrong types, other lengths or numbers that are not finite.
        """
        keys = ("n_columns", "names", "named", "missing", "dates", "numbers", "categories")
        header = headers.fields(header, "encoder", keys)
        n = headers.whole(header["n_columns"], "encoder n_columns", 1, 2**31)
        numbers = number_columns.from_header(header["numbers"], n)
        listed = headers.listed(header["categories"], "encoder categories")
        categories = tuple(category_columns.from_header(one, n) for one in listed)
        at = np.concatenate([numbers.at, np.array([column.at for column in categories], np.intp)])
        if len(at) != n or len(np.unique(at)) != n:
            raise DataError(f"encoder: each of {n} columns expected once, found {len(at)}")
        dates = tuple(
            headers.whole(j, "encoder dates", 0, n - 1) for j in headers.listed(header["dates"], "encoder dates")
        )
        if len(set(dates)) != len(dates) or not set(dates) <= set(numbers.at.tolist()):
            raise DataError("encoder dates: different number columns expected")
        names = default_names(n) if header["names"] is None else headers.texts(header["names"], "encoder names", n)
        named = headers.flag(header["named"], "encoder named")
        missing: Missing = (
            "raise" if headers.choice(header["missing"], "encoder missing", MISSINGS) == "raise" else "encode"
        )
        return Encoder(names, named, numbers, dates, categories, missing)
