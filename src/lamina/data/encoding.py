"""Columns in, A[0] out: what turns a table into numbers, learned from the training rows.

    numbers               number_columns.py       scaled; missing filled, with an indicator
    dates                 date_columns.py         as numbers, and parts of the calendar on request
    categories, booleans  category_columns.py     indicator columns, or places for an embedding
    jagged numbers        splines.py              hats besides the scaled number

The encoded columns stand in the order of the input columns. A row is encoded alike alone and among others, to the bit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data import category_columns, headers, number_columns, splines
from lamina.data.category_columns import CategoryColumn, Limits
from lamina.data.date_columns import DATE_CHOICES, Dates, expanded
from lamina.data.fitting import Choices, fit_parts, positions
from lamina.data.number_columns import MISSINGS, SCALINGS, Missing, NumberColumns, Scaling, find_fault, missing_fault
from lamina.data.splines import Spline, fit_spline, is_jagged
from lamina.data.tables.alignment import aligned, cast_category, cast_numbers, number_blocks
from lamina.data.tables.columns import spell
from lamina.data.tables.table import Table, default_names
from lamina.errors import ColumnError, DataError, SettingError


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
    splines : tuple of Spline
        Of number columns, increasing; see `with_splines`.
    """

    names_in: tuple[str, ...]
    named: bool
    numbers: NumberColumns
    dates: tuple[int, ...]
    categories: tuple[CategoryColumn, ...]
    missing: Missing
    splines: tuple[Spline, ...] = ()

    @staticmethod
    def fit(
        tables: Table | Iterable[Table],
        weights: NDArray[np.float64] | None = None,
        *,
        numbers: Scaling = "standard",
        missing: Missing = "encode",
        max_categories: int = 50,
        dates: Dates = "number",
        embed_above: int | None = None,
        min_frequency: int = 1,
        categorical: Sequence[str | int] = (),
    ) -> "Encoder":
        """Learn an encoding from the training rows.

        Parameters
        ----------
        tables : Table, or iterable of Tables with the same columns
            Read once, in order. Quantiles of a single Table are exact; those of several are exact up to about 100,000
            different values in a column, and beyond that off by at most 0.03 % of a billion rows, more where there are
            over 64 columns (see `quantiles.Summary`).
        weights : array, shape (n_rows,), optional
            For a single table. A row of weight 2 counts as two rows, one of weight 0 is not looked at.
        numbers : {"standard", "minmax", "robust", "quantile", "none"}
            To mean 0 and standard deviation 1; to [0, 1]; by median and quartiles with a smooth clip to ±3; to a
            standard normal through up to 1,000 quantiles; or as they are. A missing number is filled with the median
            (robust, quantile) or the mean.
        missing : {"encode", "raise"}
        max_categories : int
            Above so many levels, the rarer ones of a column share one encoded column.
        dates : {"number", "parts", "cyclic"}
            A date is one scaled number; or also year, month, weekday and hour (UTC), those that vary; or month, weekday
            and hour as sine and cosine.
        embed_above : int, optional
            A column of more levels becomes one column of whole numbers, for a layer that looks them up. Then not
            `max_categories` but 10,000 levels are the limit.
        min_frequency : int
            Levels of fewer rows share one encoded column.
        categorical : sequence of str or int
            Columns of numbers, by name or position, whose different numbers are levels.

        Raises
        ------
        DataError
            An infinite number, or a missing one where `missing="raise"`; it names the column and row.
        ColumnError
            `categorical` names a column that is not there, or one of dates.
        """
        if numbers not in SCALINGS or missing not in MISSINGS or dates not in DATE_CHOICES:
            raise SettingError(
                f"numbers is one of {SCALINGS}, missing one of {MISSINGS}, dates one of {DATE_CHOICES}; "
                f"found {numbers!r}, {missing!r}, {dates!r}"
            )
        limits = Limits(max_categories, embed_above, min_frequency)
        for name, least in (("max_categories", 2), ("embed_above", 2), ("min_frequency", 1)):
            limit = getattr(limits, name)
            if limit is not None and limit < least:
                raise SettingError(f"{name} is {least} or more, found {limit}")
        plan, parts = fit_parts(tables, weights, Choices(numbers, missing, dates, categorical, limits))
        return Encoder(plan.names, plan.named, parts.numbers, parts.dates, parts.categories, missing)

    def jagged(
        self, table: Table, targets: NDArray[Any], weights: NDArray[np.float64] | None = None
    ) -> tuple[int, ...]:
        """Return which columns of numbers are jagged, by position: their exact values say more about the targets.

        Parameters
        ----------
        table : Table
            The training rows, or some of them, in random order.
        targets : array, shape (n_rows, targets)
            Encoded targets.
        weights : array, shape (n_rows,), optional
        """
        return tuple(j for j in self._plain_numbers if is_jagged(self._numbers_of(table, j), targets, weights))

    def with_splines(
        self, table: Table, columns: Sequence[str | int], weights: NDArray[np.float64] | None = None
    ) -> "Encoder":
        """Return the encoder with hats besides some columns of numbers (`splines`).

        Parameters
        ----------
        table : Table
            The training rows, or some of them, in random order.
        columns : sequence of str or int
            By name or position; one of fewer than three values gets none.
        weights : array, shape (n_rows,), optional

        Raises
        ------
        ColumnError
            A column is not there, or holds no numbers.
        """
        wanted = sorted(positions(columns, self.names_in, "splines"))
        for j in wanted:
            if j not in self._plain_numbers:
                raise ColumnError(f"splines: column {self.names_in[j]!r} holds no numbers")
        found = (fit_spline(j, self._numbers_of(table, j), weights) for j in wanted)
        return replace(self, splines=tuple(spline for spline in found if spline is not None))

    @property
    def _plain_numbers(self) -> list[int]:
        """The input columns that hold numbers, no dates."""
        return [j for j in self.numbers.sources.tolist() if j not in self.dates]

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        """Where each input column's encoded columns start; one more entry for the end."""
        widths = np.bincount(self.numbers.at, 1.0 + self.numbers.indicator, len(self.names_in)).astype(np.intp)
        for column in self.categories:
            widths[column.at] = column.width
        for spline in self.splines:
            widths[spline.at] += spline.width
        return np.concatenate([[0], np.cumsum(widths)]).astype(np.intp)

    @cached_property
    def origin(self) -> NDArray[np.intp]:
        """Which input column each encoded column came from, shape (n_features,)."""
        return np.repeat(np.arange(len(self.names_in)), np.diff(self._starts))

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the encoded columns: "age", "age near 30", "age missing", "sex=Male", ..."""
        suffixes: list[list[str]] = [[] for _ in self.names_in]
        for j, part in zip(self.numbers.at, self.numbers.parts, strict=True):
            suffixes[j].append(f" {part}" if part else "")
        for spline in self.splines:
            suffixes[spline.at] += [f" near {spell(knot)}" for knot in spline.knots.tolist()]
        for j in self.numbers.at[self.numbers.indicator]:
            suffixes[j].append(" missing")
        for column in self.categories:
            suffixes[column.at] = column.suffixes()
        return tuple(name + suffix for name, own in zip(self.names_in, suffixes, strict=True) for suffix in own)

    @property
    def n_features(self) -> int:
        """How many columns `encode` returns."""
        return int(self._starts[-1])

    @cached_property
    def number_positions(self) -> tuple[int, ...]:
        """The encoded columns that are scaled numbers, dates and their parts among them.

        Not those that are always 0, nor the sines and cosines of dates, nor what says where a number was missing.
        """
        numbers = self.numbers
        return tuple(self._number_places[(numbers.scale > 0) & ~numbers.on_circle].tolist())

    @cached_property
    def embedded(self) -> tuple[tuple[int, int], ...]:
        """The encoded columns that hold places of levels, each with the number of places: 0 to that number - 1."""
        columns = sorted((column for column in self.categories if column.embedded), key=lambda column: column.at)
        return tuple((int(self._starts[column.at]), 2 + len(column.levels)) for column in columns)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns that held no numbers or dates in training: what to read as text (`read(path, text=...)`)."""
        return tuple(self.names_in[column.at] for column in self.categories if column.kind != "number")

    @cached_property
    def _number_places(self) -> NDArray[np.intp]:
        """Which encoded column each of the number columns is."""
        at = self.numbers.at
        nth = np.arange(len(at)) - np.searchsorted(at, at)  # of its input column
        return np.asarray(self._starts[at] + nth, np.intp)

    @cached_property
    def _indicator_places(self) -> NDArray[np.intp]:
        """Where it says that a number was missing: behind all else of the input column."""
        return np.asarray(self._starts[self.numbers.at[self.numbers.indicator] + 1] - 1, np.intp)

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
        for spline in self.splines:
            start = self._starts[spline.at] + 1
            for first, x in self._number_blocks_of(table, spline.at):
                X[first : first + len(x), start : start + spline.width] = spline.encode(x)
        for column in self.categories:
            self._encode_category(table, column, X)
        return X

    def _encode_numbers(self, table: Table, X: NDArray[Any]) -> None:
        at, places = self.numbers.at, self._number_places
        whole = len(places) == X.shape[1]
        source = cast_numbers(table, self.numbers.sources, self.dates)
        for first, block in number_blocks(source, table.n_rows):
            rows = slice(first, first + len(block))
            block = expanded(block, at, self.numbers.parts)
            Z, missing = self.numbers.encode(block, X.dtype)
            if missing is not None:
                if not np.isfinite(Z).all():
                    raise find_fault(table, at, np.where(np.isfinite(Z), np.nan, block), first, X.dtype)
                if self.missing == "raise" and missing.any():
                    raise missing_fault(table, at, missing, first)
                X[rows, self._indicator_places] = missing[:, self.numbers.indicator]
            X[rows, slice(None) if whole else places] = Z

    def _numbers_of(self, table: Table, j: int) -> NDArray[np.float64]:
        """Return a column of numbers of a table that may not be aligned yet."""
        blocks = self._number_blocks_of(self.align(table), j)
        return np.concatenate([np.empty(0), *(x for _, x in blocks)])

    @staticmethod
    def _number_blocks_of(table: Table, j: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield the first row and the numbers of a column, block by block."""
        for first, block in number_blocks(cast_numbers(table, np.array([j]), ()), table.n_rows):
            yield first, block[:, 0]

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
            "splines": [splines.to_header(spline) for spline in self.splines],
        }

    @staticmethod
    def from_header(header: Mapping[str, Any]) -> "Encoder":
        """Return the encoder of a header.

        Raises
        ------
        DataError
            The header has unknown keys, wrong types, other lengths or numbers that are not finite.
        """
        keys = ("n_columns", "names", "named", "missing", "dates", "numbers", "categories", "splines")
        header = headers.fields(header, "encoder", keys)
        n = headers.whole(header["n_columns"], "encoder n_columns", 1, 2**31)
        numbers = number_columns.from_header(header["numbers"], n)
        listed = headers.listed(header["categories"], "encoder categories")
        categories = tuple(category_columns.from_header(one, n) for one in listed)
        at = np.concatenate([numbers.sources, np.array([column.at for column in categories], np.intp)])
        if len(at) != n or len(np.unique(at)) != n:
            raise DataError(f"encoder: each of {n} columns expected once, found {len(at)}")
        dates = tuple(
            headers.whole(j, "encoder dates", 0, n - 1) for j in headers.listed(header["dates"], "encoder dates")
        )
        if len(set(dates)) != len(dates) or not set(dates) <= set(numbers.at.tolist()):
            raise DataError("encoder dates: different number columns expected")
        if not {j for j, part in zip(numbers.at.tolist(), numbers.parts, strict=True) if part} <= set(dates):
            raise DataError("encoder numbers parts: only dates have some")
        names = default_names(n) if header["names"] is None else headers.texts(header["names"], "encoder names", n)
        named = headers.flag(header["named"], "encoder named")
        missing: Missing = (
            "raise" if headers.choice(header["missing"], "encoder missing", MISSINGS) == "raise" else "encode"
        )
        bent = tuple(splines.from_header(one, n) for one in headers.listed(header["splines"], "encoder splines"))
        bases = [spline.at for spline in bent]
        if sorted(set(bases)) != bases or not set(bases) <= set(numbers.at.tolist()) - set(dates):
            raise DataError("encoder splines: different number columns expected, in their order")
        return Encoder(names, named, numbers, dates, categories, missing, bent)
