"""A bounded sample of whole rows, chosen by row number: the same rows, however they were cut into batches.

Each row has a random word, made of its number; those with the smallest words are kept, and of each value 64 bits: those
of the number, or a hash of the text. That is enough to see which columns say the same, and what one says of another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.data.row_hash import words

Words = NDArray[np.uint64]

SAMPLE_ROWS = 20_000
SAMPLE_VALUES = 2**23  # of very many columns fewer rows are kept: 64 MiB


@dataclass(frozen=True, eq=False)
class WordSample:
    """Rows of a sample, in the order of their random words."""

    drawn: Words  # (rows,), increasing
    row_numbers: NDArray[np.int64]  # (rows,)
    bits: Words  # (rows, columns), see `row_hash.column_words`

    @staticmethod
    def empty(n_columns: int) -> "WordSample":
        """Return the sample of no rows."""
        return WordSample(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros((0, n_columns), np.uint64))

    @property
    def most(self) -> int:
        """How many rows are kept."""
        return max(min(SAMPLE_ROWS, SAMPLE_VALUES // max(self.bits.shape[1], 1)), 1)

    def wanted(self, row_numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return which of further rows may be kept."""
        if len(self.drawn) < self.most:
            return np.arange(len(row_numbers))
        return np.flatnonzero(words(row_numbers) < self.drawn[-1])

    def joined(self, row_numbers: NDArray[np.int64], bits: Words) -> "WordSample":
        """Return the sample of these rows and of further ones."""
        drawn = np.concatenate([self.drawn, words(row_numbers)])
        order = np.argsort(drawn)[: self.most]
        row_numbers = np.concatenate([self.row_numbers, row_numbers])[order]
        return WordSample(drawn[order], row_numbers, np.concatenate([self.bits, bits])[order])

    def in_order(self) -> Words:
        """Return the values of the rows in the order of the table, shape (rows, columns)."""
        return self.bits[np.argsort(self.row_numbers)]
