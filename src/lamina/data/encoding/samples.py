"""A bounded sample of rows, chosen by row number: the same rows, however they were cut into batches.

Each row has a random word, made of its number; those with the smallest words are kept. So the sample of two runs of
rows is the sample of their samples. The rows of a single batch are all kept, as they are, without a copy.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.row_hash import words
from lamina.data.tables.alignment import column_blocks
from lamina.data.tables.table import Batch, Table

SAMPLE_ROWS = 20_000
SAMPLE_NUMBERS = 2**24  # of very many columns fewer rows are kept: 128 MiB


@dataclass(frozen=True, eq=False)
class RowSample:
    """Some columns of numbers of some rows, with targets and weights, in the order of their numbers."""

    columns: tuple[int, ...]  # input columns
    at: tuple[int, ...]  # where they stand in the table
    table: Table
    y: Any  # (rows,) or (rows, targets), or None
    weights: NDArray[np.float64] | None
    row_numbers: NDArray[np.int64]

    @staticmethod
    def of(batch: Batch, columns: tuple[int, ...]) -> "RowSample":
        """Return all the rows of one batch."""
        if not columns:
            batch = Batch(batch.table.take(slice(0, 0)))  # nothing is kept
        return RowSample(columns, columns, batch.table, batch.y, batch.weights, batch.row_numbers)

    def joined(self, other: "RowSample") -> "RowSample":
        """Return the sample of both runs of rows."""
        if not self.columns:
            return self
        most = min(SAMPLE_ROWS, SAMPLE_NUMBERS // len(self.columns))
        other = other._before(self, most)
        row_numbers = np.concatenate([self.row_numbers, other.row_numbers])
        order = np.argsort(words(row_numbers), kind="stable")[:most]
        n = len(self.row_numbers)
        one, two = self._at(np.sort(order[order < n])), other._at(np.sort(order[order >= n]) - n)
        weights = None
        if one.weights is not None or two.weights is not None:
            given = [np.ones(part.table.n_rows) if part.weights is None else part.weights for part in (one, two)]
            weights = np.concatenate(given)
        row_numbers = np.concatenate([one.row_numbers, two.row_numbers])
        matrix = np.concatenate([one.table.matrix, two.table.matrix])
        y = None if self.y is None else np.concatenate([one.y, two.y])
        table = Table(one.table.names, one.table.named, len(matrix), matrix)
        both = RowSample(self.columns, one.at, table, y, weights, row_numbers)
        return both._at(np.argsort(row_numbers, kind="stable"))

    def _before(self, full: "RowSample", most: int) -> "RowSample":
        """Return the rows that may get into a sample: of one that is full, those of smaller words than its largest."""
        if len(full.row_numbers) < most:
            return self
        return self._at(np.flatnonzero(words(self.row_numbers) < words(full.row_numbers).max()))

    def numbers(self, k: int) -> NDArray[np.float64]:
        """Return column `k` of the sample, shape (rows,)."""
        return np.concatenate([np.empty(0), *(x for _, x in column_blocks(self.table, self.at[k]))])

    def _at(self, rows: NDArray[np.intp]) -> "RowSample":
        """Return these rows, as a table that holds the columns of the sample and no others."""
        table = self.table.take(rows)
        matrix = np.empty((table.n_rows, len(self.at)))
        for k, j in enumerate(self.at):
            for first, x in column_blocks(table, j):
                matrix[first : first + len(x), k] = x
        names = tuple(self.table.names[j] for j in self.at)
        return RowSample(
            self.columns,
            tuple(range(len(self.at))),
            Table(names, self.table.named, len(matrix), matrix),
            None if self.y is None else self.y[rows],
            None if self.weights is None else self.weights[rows],
            self.row_numbers[rows],
        )
