"""Quantiles of one column, gathered table by table: exact while it can be, within a stated rank error beyond.

Exact        the distinct values in order, and how much weight each has
Sketch       buffers of values that each stand for 2**level rows. A full buffer is sorted, and every second value of it
             moves up a level, the first and the second of each pair in turn (Manku, Rajagopalan, Lindsay 1998). Nothing
             is drawn at random: the same tables in the same order give the same bits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROOM = 2**15  # values in a buffer of a sketch
EXACT = 3  # a stream is exact up to so many times as many distinct values
SHARED = 2**21  # values in one buffer of all columns together: a stream of very many columns has smaller buffers
SMALLEST = 2**10


@dataclass(frozen=True, eq=False)
class Distribution:
    """The values of a column and how often each occurs."""

    values: Array  # (d,), increasing
    counts: Array  # (d,), positive

    def quantiles(self, levels: Array, row: float = 1.0) -> Array:
        """Return quantiles: those of NumPy (linear) of a column in which a value of count c stands c times.

        Counts need not be whole: the column is then read at the middle of every stretch of one row.

        Parameters
        ----------
        levels : array, shape (k,)
            From 0 to 1.
        row : float
            The count that is one row.
        """
        ends = np.cumsum(self.counts)
        position = levels * max(ends[-1] / row - 1, 0.0)  # as if the rows were numbered from 0
        first = np.floor(position)
        low, high = self._at((first + 0.5) * row, ends), self._at((first + 1.5) * row, ends)
        t = position - first
        return np.clip((1 - t) * low + t * high, low, high)

    def _at(self, height: Array, ends: Array) -> Array:
        return self.values[np.minimum(np.searchsorted(ends, height), len(ends) - 1)]


def distribution(values: Array, weights: Array | None) -> Distribution:
    """Return the distribution of numbers that are there, in any order, to the same bits."""
    values = values + 0.0  # -0 becomes 0
    if weights is None:
        values.sort()
    else:
        order = np.lexsort((weights, values))
        values, weights = values[order], weights[order]
    if len(values) == 0:
        return Distribution(values, values)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    if weights is None:
        return Distribution(values[starts], np.diff(starts, append=len(values)).astype(np.float64))
    return Distribution(values[starts], np.add.reduceat(weights, starts))


@dataclass(frozen=True, eq=False)
class Summary:
    """What a stream says about one column; every row counts once.

    A quantile of a sketch is off by at most `rank_error()` of the rows. With n rows and buffers of k values, at most
    L = 1 + log2(n / k) levels are ever full, level h at most n / (k 2**h) times, and each time moves a rank by 2**h, up
    and down in turn: together (L + 1) / 2k. Of a billion rows and the largest buffers that is 0.00026.
    """

    exact: Distribution | None
    buffers: tuple[Array, ...] = ()  # values of buffer h stand for 2**h rows each
    turns: tuple[bool, ...] = ()  # whether the next time the second of each pair moves up
    room: int = ROOM

    def joined(self, other: "Summary") -> "Summary":
        """Return the summary of both runs of rows."""
        if self.exact is not None and other.exact is not None:
            both = distribution(
                np.concatenate([self.exact.values, other.exact.values]),
                np.concatenate([self.exact.counts, other.exact.counts]),
            )
            if len(both.values) <= EXACT * self.room:
                return Summary(both, room=self.room)
        one, two = self._buffers(), other._buffers()
        n = max(len(one), len(two))
        none = np.zeros(0)
        one, two = one + [none] * (n - len(one)), two + [none] * (n - len(two))
        turns = [self.turns[h] if h < len(self.turns) else False for h in range(n)]
        return _compacted([np.concatenate(pair) for pair in zip(one, two, strict=True)], turns, self.room)

    def _buffers(self) -> list[Array]:
        """Return the values by level: one that occurs 5 times is one of level 0 and one of level 2."""
        if self.exact is None:
            return list(self.buffers)
        counts = self.exact.counts.astype(np.int64)
        return [self.exact.values[counts >> h & 1 == 1] for h in range(int(counts.max(initial=0)).bit_length())]

    def distribution(self) -> Distribution:
        """Return the distribution that the summary stands for."""
        if self.exact is not None:
            return self.exact
        weights = [np.full(len(values), 2.0**h) for h, values in enumerate(self.buffers)]
        return distribution(np.concatenate(self.buffers), np.concatenate(weights))

    def rank_error(self) -> float:
        """Return the largest part of the rows by which a quantile may be off, besides what lies between two rows."""
        return 0.0 if self.exact is not None else (len(self.buffers) + 1) / (2 * self.room)


def _compacted(buffers: list[Array], turns: list[bool], room: int) -> Summary:
    for h, values in enumerate(buffers):  # grows while it runs
        if len(values) <= room:
            continue
        values = np.sort(values)
        even = len(values) // 2 * 2
        if h + 1 == len(buffers):
            buffers.append(np.zeros(0))
            turns.append(False)
        buffers[h + 1] = np.concatenate([buffers[h + 1], values[int(turns[h]) : even : 2]])
        buffers[h], turns[h] = values[even:], not turns[h]
    return Summary(None, tuple(buffers), tuple(turns), room)


def room_for(n_columns: int) -> int:
    """Return the size of the buffers of each of so many columns."""
    return int(np.clip(SHARED // max(n_columns, 1), SMALLEST, ROOM))
