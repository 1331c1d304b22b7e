"""What a run of rows says about one column: how much is missing, how many values differ, where they lie."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.moments import Moments, moments
from lamina.data.row_hash import NAN_BITS, words
from lamina.data.tables.columns import Column, Kind, spell
from lamina.profiling.distinct import DistinctValues

Words = NDArray[np.uint64]

LONGEST_LABEL = 60  # characters of a level that are kept to be shown


@dataclass(frozen=True, eq=False)
class ColumnCounts:
    """What is known of a column."""

    name: str
    kind: Kind
    rows: int
    missing: int
    infinite: int
    whole: bool  # whether every number is a whole one
    moments: Moments  # of the finite numbers and dates, shape (1,)
    values: DistinctValues
    fingerprint: int  # of the values at their places: equal for columns that are copies

    @staticmethod
    def of(
        column: Column, row_numbers: NDArray[np.int64], bits: Words, before: "ColumnCounts | None" = None
    ) -> "ColumnCounts":
        """Return what some rows say, and those before them.

        Parameters
        ----------
        column : Column
        row_numbers : array, shape (m,)
        bits : array, shape (m,)
            Those of `column_words(column)`.
        before : ColumnCounts, optional
        """
        numbers = column.values if column.levels is None else np.zeros(0)
        numbers = np.asarray(numbers, np.float64)
        infinite = np.isinf(numbers)
        finite = numbers[np.isfinite(numbers)]
        nothing = DistinctValues.of(bits[:0])
        here = ColumnCounts(
            name=column.name,
            kind=column.kind,
            rows=len(bits),
            missing=int(np.count_nonzero(bits == NAN_BITS)),
            infinite=int(np.count_nonzero(infinite)),
            whole=bool((finite == np.rint(finite)).all()),
            moments=moments(finite[:, None] if len(finite) else np.full((1, 1), np.nan), None),
            values=_with_values(nothing if before is None else before.values, column, bits),
            fingerprint=int(words(bits ^ words(row_numbers)).sum(dtype=np.uint64)),
        )
        return here if before is None else before._with(here)

    def _with(self, other: "ColumnCounts") -> "ColumnCounts":
        """Return what both runs of rows say; `other` knows the values of both."""
        return ColumnCounts(
            self.name,
            self.kind,
            self.rows + other.rows,
            self.missing + other.missing,
            self.infinite + other.infinite,
            self.whole and other.whole,
            self.moments.joined(other.moments),
            other.values,
            (self.fingerprint + other.fingerprint) % 2**64,
        )

    @property
    def known(self) -> int:
        """How many rows have a value."""
        return self.rows - self.missing

    @property
    def levels_counted(self) -> bool:
        """Whether the values are levels, with names."""
        return self.kind in ("category", "boolean")

    @property
    def low(self) -> float | None:
        """The smallest number or the earliest date that is finite."""
        return float(self.moments.low[0]) if self.moments.weight[0] else None

    @property
    def high(self) -> float | None:
        """The largest number or the latest date that is finite."""
        return float(self.moments.high[0]) if self.moments.weight[0] else None


def _with_values(before: DistinctValues, column: Column, bits: Words) -> DistinctValues:
    """Return the different values so far; those of text are counted by their levels."""
    if column.levels is None:
        return before.with_rows(bits[bits != NAN_BITS])
    counts = np.bincount(column.values.astype(np.intp) + 1, minlength=len(column.levels) + 1)[1:]
    there = np.flatnonzero(counts)
    levels = column.levels[there]
    a_row = np.zeros(len(column.levels) + 1, np.intp)  # of each level, and of those that are missing
    a_row[column.values + 1] = np.arange(len(column.values))
    labels = [spell(level) for level in levels.tolist()]
    shown = [label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 3] + "..." for label in labels]
    return before.with_rows(bits[a_row[there + 1]], counts[there], shown)


def numbers_of(bits: Words) -> NDArray[Any]:
    """Return the numbers that bits are those of."""
    return bits.view(np.float64)
