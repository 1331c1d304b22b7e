"""Quantiles of one column, gathered batch by batch: exact while it can be, within a stated rank error beyond.

Exact        the distinct values in order, and how much weight each has
Sketch       buffers of values that each stand for 2**level quanta of weight. A full buffer is sorted, and every second
             value of it moves up a level, the first and the second of each pair in turn (Manku, Rajagopalan, Lindsay
             1998). Nothing is drawn at random: the same batches in the same order give the same bits.

A quantum is one row. Where weights are no whole numbers it is the mean weight of a value, or a little less, and at most
1 / 2048 of a batch; weights are rounded to it so that their running sum is never off by more than half of it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

VALUES_PER_BUFFER = 2**15
EXACT_BUFFERS = 3  # a stream is exact up to so many buffers of distinct values
VALUES_OF_ALL_COLUMNS = 2**21  # in one buffer each: a stream of very many columns has smaller buffers
FEWEST_VALUES_PER_BUFFER = 2**10
LARGEST_EXACT = 2**53  # float64 tells whole numbers up to here apart
FEWEST_QUANTA = 2**11  # of a batch, where weights are no whole numbers


@dataclass(frozen=True, eq=False)
class Distribution:
    """The values of a column and how often each occurs."""

    values: Array  # (d,), increasing
    counts: Array  # (d,), positive

    def quantiles(self, levels: Array, unit: float = 1.0) -> Array:
        """Return quantiles: those of NumPy (linear) of a column in which a value of count c stands c times.

        Counts need not be whole: the column is then read at the middle of every stretch of one row.

        Parameters
        ----------
        levels : array, shape (k,)
            From 0 to 1.
        unit : float
            The count that is one row.
        """
        ends = np.cumsum(self.counts)
        position = levels * max(ends[-1] / unit - 1, 0.0)  # as if the rows were numbered from 0
        first = np.floor(position)
        low, high = self._at((first + 0.5) * unit, ends), self._at((first + 1.5) * unit, ends)
        t = position - first
        return np.clip((1 - t) * low + t * high, low, high)

    def _at(self, height: Array, ends: Array) -> Array:
        return self.values[np.minimum(np.searchsorted(ends, height), len(ends) - 1)]


def distribution(values: NDArray[Any], weights: Array | None) -> Distribution:
    """Return the distribution of real numbers that are there, in any order, to the same bits."""
    values = values if values.dtype == np.float32 else values.astype(np.float64)  # the shorter are sorted faster
    values = values + 0.0  # -0 becomes 0
    if weights is not None:
        order = np.lexsort((weights, values))
        return _counted(values[order], weights[order])
    whole = _of_whole_numbers(values)
    if whole is not None:
        return whole
    if not (values[1:] >= values[:-1]).all():
        values.sort()
    return _counted(values, None)


def _of_whole_numbers(values: NDArray[Any]) -> Distribution | None:
    """Return the distribution of whole numbers of a narrow range: counted, which is faster than sorted."""
    if len(values) == 0:
        return None
    low, high = float(values.min()), float(values.max())
    if not (high - low < len(values) and max(-low, high) < LARGEST_EXACT and low.is_integer()):
        return None
    above = values - values.dtype.type(low)
    places = above.astype(np.intp)
    if (places != above).any():
        return None
    counts = np.bincount(places)
    there = np.flatnonzero(counts)
    return Distribution(there.astype(np.float64) + low, counts[there].astype(np.float64))


def _counted(values: NDArray[Any], weights: Array | None) -> Distribution:
    """Return the distribution of numbers in order."""
    if len(values) == 0:
        return Distribution(np.zeros(0), np.zeros(0))
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    there = values[starts].astype(np.float64)
    if weights is None:
        return Distribution(there, np.diff(starts, append=len(values)).astype(np.float64))
    return Distribution(there, np.add.reduceat(weights, starts))


def _merged(one: Distribution, two: Distribution) -> Distribution:
    """Return the distribution of both: a stable sort merges what is in order."""
    values = np.concatenate([one.values, two.values])
    order = np.argsort(values, kind="stable")
    return _counted(values[order], np.concatenate([one.counts, two.counts])[order])


@dataclass(frozen=True, eq=False)
class QuantileSketch:
    """What a run of rows says about one column.

    A quantile of a sketch is off by at most `rank_error()` of the weight. With n quanta and buffers of k values, at
    most L = 1 + log2(n / k) levels are ever full, level h at most n / (k 2**h) times, and each time moves a rank by
    2**h, up and down in turn: together (L + 1) / 2k. Of a billion rows and the largest buffers that is 0.00026. Joining
    sketches of many rows each adds 1 / 2k for each such join that lies one above the other, since turns are taken apart
    before it. Weights that are no whole numbers add the rounding of each batch, at most 1 / 4096 of its weight, less
    where it has many values.
    """

    exact: Distribution | None
    buffers: tuple[Array, ...] = ()  # values of buffer h stand for 2**h quanta each
    turns: tuple[bool, ...] = ()  # whether the next time the second of each pair moves up
    room: int = VALUES_PER_BUFFER
    quantum: float = 1.0  # a power of 2
    joins: int = 0  # of sketches that are not exact, one above the other

    def joined(self, other: "QuantileSketch") -> "QuantileSketch":
        """Return the sketch of both runs of rows."""
        if self.exact is not None and other.exact is not None:
            both = _merged(self.exact, other.exact)
            if len(both.values) <= EXACT_BUFFERS * self.room:
                return QuantileSketch(both, room=self.room)
        quantum = min(self._own_quantum(), other._own_quantum())
        one, turns = self._buffers(quantum)
        two, others = other._buffers(quantum)
        n = max(len(one), len(two))
        one, two = ([*buffers, *[np.zeros(0)] * (n - len(buffers))] for buffers in (one, two))
        turns += [*others, *[False] * n][len(turns) : n]
        joins = max(self.joins, other.joins) + (self.exact is None and other.exact is None)
        buffers = [np.concatenate(pair) for pair in zip(one, two, strict=True)]
        return replace(_compacted(buffers, turns, self.room, quantum), joins=joins)

    def _own_quantum(self) -> float:
        if self.exact is None:
            return self.quantum
        counts = self.exact.counts
        if (counts == np.floor(counts)).all():
            return 1.0
        return min(1.0, 2.0 ** np.floor(np.log2(counts.sum() / max(len(counts), FEWEST_QUANTA))))

    def _buffers(self, quantum: float) -> tuple[list[Array], list[bool]]:
        """Return the values by level, 5 quanta of a value as one of level 0 and one of level 2; and the turns."""
        if self.exact is None:
            finer = int(np.log2(self.quantum / quantum))
            return [*[np.zeros(0)] * finer, *self.buffers], [*[False] * finer, *self.turns]
        counts = self.exact.counts
        if quantum != 1 or (counts != np.floor(counts)).any():
            counts = np.diff(np.rint(np.cumsum(counts / quantum)), prepend=0.0)
        buffers = []
        while counts.any():  # floats: beyond 64 bits too
            halves = np.floor(counts / 2)
            buffers.append(self.exact.values[counts != 2 * halves])
            counts = halves
        return buffers, []

    def distribution(self) -> Distribution:
        """Return the distribution that the sketch stands for."""
        if self.exact is not None:
            return self.exact
        weights = [np.full(len(values), self.quantum * 2.0**h) for h, values in enumerate(self.buffers)]
        return distribution(np.concatenate(self.buffers), np.concatenate(weights))

    def rank_error(self) -> float:
        """Return the largest part of the weight by which a quantile may be off, besides what lies between two rows."""
        if self.exact is not None:
            return 0.0
        rounding = 0.0 if self.quantum == 1 else 0.5 / FEWEST_QUANTA
        return (len(self.buffers) + 1 + self.joins) / (2 * self.room) + rounding


def _compacted(buffers: list[Array], turns: list[bool], room: int, quantum: float) -> QuantileSketch:
    for h, values in enumerate(buffers):  # grows while it runs
        if len(values) <= room:
            continue
        values = np.sort(values, kind="stable")  # merges runs that are in order
        even = len(values) // 2 * 2
        if h + 1 == len(buffers):
            buffers.append(np.zeros(0))
            turns.append(False)
        buffers[h + 1] = np.concatenate([buffers[h + 1], values[int(turns[h]) : even : 2]])
        buffers[h], turns[h] = values[even:], not turns[h]
    return QuantileSketch(None, tuple(buffers), tuple(turns), room, quantum)


def room_for(n_columns: int) -> int:
    """Return how many values a buffer of each of so many columns has."""
    return int(np.clip(VALUES_OF_ALL_COLUMNS // max(n_columns, 1), FEWEST_VALUES_PER_BUFFER, VALUES_PER_BUFFER))
