"""How many different values there are, and how often each occurs: exact up to a bound, then estimated from a sample.

Every value has a random word, made of itself. The `room` values with the smallest words are kept, each with its count.
While all values are kept, everything is exact. Beyond, with u the largest word kept as a part of all words,

    (room - 1) / u        different values, with a standard error of 1 / sqrt(room - 2) of them: 0.8 % for 16,384

(Bar-Yossef and others 2002; Beyer and others 2007 show that it is unbiased.) The kept values are a random sample of the
different ones, each with its full count: a value that is kept in the end was kept from its first row on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.row_hash import words

Words = NDArray[np.uint64]

ROOM = 2**14
ALL_WORDS = 2.0**64


@dataclass(frozen=True, eq=False)
class DistinctValues:
    """The kept values of a run of rows."""

    kept: Words  # (d,), increasing: the random words of the values
    counts: NDArray[np.int64]  # (d,)
    labels: NDArray[Any]  # (d,), what each stands for; empty where nobody asked
    room: int = ROOM
    is_exact: bool = True  # whether no value was let go

    @staticmethod
    def of(
        bits: Words, counts: NDArray[np.int64] | None = None, labels: Sequence[str] = (), room: int = ROOM
    ) -> "DistinctValues":
        """Return the values of some rows.

        Parameters
        ----------
        bits : array, shape (m,)
            Equal for equal values, different for different ones: see `row_hash.column_words`.
        counts : array, shape (m,), optional
            How many rows have each value; 1 by default.
        labels : sequence of str, optional
            What each value is called.
        room : int
        """
        nothing = DistinctValues(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, object), room)
        return nothing.with_rows(bits, counts, labels)

    def with_rows(
        self, bits: Words, counts: NDArray[np.int64] | None = None, labels: Sequence[str] = ()
    ) -> "DistinctValues":
        """Return the values of these rows and of further ones; see `of`."""
        drawn, exact = words(bits), True
        if len(self.kept) == self.room:  # nothing beyond the largest word will be kept
            near = drawn <= self.kept[-1]
            exact, drawn, counts = bool(near.all()), drawn[near], None if counts is None else counts[near]
            labels = np.array([*labels, None], object)[:-1][near] if len(labels) else ()
        if counts is None:
            kept, found = np.unique(drawn, return_counts=True)
            return self.joined(DistinctValues(kept, found, np.zeros(0, object), self.room, exact))
        kept, first, place = np.unique(drawn, return_index=True, return_inverse=True)
        found = np.bincount(place, counts, len(kept)).astype(np.int64)
        named = np.array([*labels, None], object)[:-1][first] if len(labels) else np.zeros(0, object)
        return self.joined(DistinctValues(kept, found, named, self.room, exact))

    def joined(self, other: "DistinctValues") -> "DistinctValues":
        """Return the values of both runs of rows."""
        exact = self.is_exact and other.is_exact
        if not len(self.kept) or not len(other.kept):
            some = other if len(other.kept) else self
            return replace(some, is_exact=exact)._cut()
        kept, first, place = np.unique(np.concatenate([self.kept, other.kept]), return_index=True, return_inverse=True)
        counts = np.bincount(place, np.concatenate([self.counts, other.counts]), len(kept)).astype(np.int64)
        labels = np.concatenate([self.labels, other.labels])
        return DistinctValues(kept, counts, labels[first] if len(labels) else labels, self.room, exact)._cut()

    def _cut(self) -> "DistinctValues":
        if len(self.kept) <= self.room:
            return self
        some = slice(0, self.room)
        return DistinctValues(self.kept[some], self.counts[some], self.labels[some], self.room, False)

    @property
    def number(self) -> int:
        """How many different values there are, or about."""
        if self.is_exact:
            return len(self.kept)
        return round((self.room - 1) / (float(self.kept[-1]) / ALL_WORDS))

    @property
    def standard_error(self) -> float:
        """The standard error of `number`, as a part of it."""
        return 0.0 if self.is_exact else 1 / sqrt(self.room - 2)

    @property
    def repeated(self) -> float:
        """The part of the rows whose value stands in another row before; exact, or that of the kept values."""
        total = int(self.counts.sum())
        return (total - len(self.counts)) / total if total else 0.0

    def most_frequent(self, most: int) -> list[tuple[str, int]]:
        """Return the values of most rows with their counts; none where not all values are known."""
        if not self.is_exact or not len(self.labels):
            return []
        pairs = zip(self.labels.tolist(), self.counts.tolist(), strict=True)
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:most]
