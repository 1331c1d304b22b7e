"""Which rows are held out by a key: those with the lowest. Of equal keys all rows are on one side.

    the row's number      a random word of (seed, row number): the same rows, however they are batched
    its group             a random word of (seed, group): the rows of a group stay together
    its time              the latest rows are held out

A word depends on values only, so memory and streams hold out the same groups and times.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data.row_hash import column_words, finished, mixed, words
from lamina.data.tables.columns import Column
from lamina.errors import DataError

Words = NDArray[np.uint64]
By = Literal["groups", "time"]

MOST_HELD_OUT = 100_000  # rows: enough to stop by
NEVER = np.uint64(2**64 - 1)  # the key of rows that are not held out
SIGN = np.uint64(2**63)


def capped(fraction: float, n: int) -> float:
    """Return which part of n rows to hold out: the fraction, or what MOST_HELD_OUT rows are of them."""
    return min(fraction, MOST_HELD_OUT / max(n, 1))


def row_keys(row_numbers: NDArray[np.int64], seed: int) -> Words:
    """Return a random word for each row number."""
    return words(row_numbers.astype(np.uint64) ^ words(np.array([seed & (2**64 - 1)], np.uint64)))


def group_keys(column: Column, seed: int) -> Words:
    """Return a random word for each row, the same for the rows of a group; missing is a group, too."""
    return finished(mixed(column_words(column)) + words(np.array([seed & (2**64 - 1)], np.uint64)))


def time_keys(column: Column) -> Words:
    """Return the lower words the later a row is; rows without a time are never held out.

    Raises
    ------
    DataError
        It is a column of text.
    """
    if column.levels is not None:
        raise DataError(f"time: column {column.name!r} holds text: dates or numbers expected")
    bits = (column.values.astype(np.float64) + 0.0).view(np.uint64)
    rising = np.where(bits >= SIGN, ~bits, bits | SIGN)  # in the order of the numbers
    return np.where(np.isnan(column.values), NEVER, ~rising)


def keys_of(by: By, column: Column, seed: int) -> Words:
    """Return the keys of a column of groups or times."""
    return group_keys(column, seed) if by == "groups" else time_keys(column)


@dataclass(frozen=True, eq=False)
class LowestKeys:
    """The lowest different keys of a run of rows, as many as it takes for `wanted` rows."""

    wanted: int
    keys: Words
    counts: NDArray[np.int64]
    n_rows: int  # in the run

    @staticmethod
    def of(keys: Words, wanted: int) -> "LowestKeys":
        """Return the lowest of some rows' keys."""
        different, counts = np.unique(keys[keys != NEVER], return_counts=True)
        return LowestKeys(wanted, different, counts, len(keys))._cut()

    def joined(self, other: "LowestKeys") -> "LowestKeys":
        """Return the lowest of both runs of rows."""
        keys, at = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        counts = np.bincount(at, np.concatenate([self.counts, other.counts]), len(keys)).astype(np.int64)
        return LowestKeys(self.wanted, keys, counts, self.n_rows + other.n_rows)._cut()

    def _cut(self) -> "LowestKeys":
        most = int(np.searchsorted(np.cumsum(self.counts), self.wanted)) + 1
        return LowestKeys(self.wanted, self.keys[:most], self.counts[:most], self.n_rows)


def rows_wanted(fraction: float, n: int) -> int:
    """Return how many of n rows to hold out, at least."""
    return min(max(round(capped(fraction, n) * n), 1), n)


def highest_key(by: By, name: str, found: LowestKeys) -> np.uint64:
    """Return the highest key that is held out, from the lowest keys of the rows that count.

    Raises
    ------
    DataError
        All rows would be, or none.
    """
    if not len(found.keys):
        raise DataError(f"{by}: column {name!r} has no value: nothing can be held out by it")
    if found.counts.sum() > 2 * MOST_HELD_OUT:
        raise DataError(
            f"{by}: column {name!r} would hold out {found.counts.sum():,} rows at once, where {found.wanted:,} are "
            "wanted: name a column with finer values, or pass validation data (X_val)"
        )
    if found.counts.sum() == found.n_rows:
        what = "a single group" if by == "groups" else "a single time"
        few = what if len(found.keys) == 1 else f"{len(found.keys)} different values, too few for two parts"
        raise DataError(
            f"{by}: column {name!r} has {few}: nothing would be left to train on. Pass validation data (X_val), "
            "or set early_stopping=False"
        )
    return found.keys[-1]
