"""Examples that are read as they are needed: rows on disk, in an order that is a function of (seed, epoch) alone.

    stretches    neighbouring rows that can be read on their own, like a row group of Parquet: their order is shuffled
    stripes      16,384 neighbouring rows of a stretch; four stretches are read in turn, a stripe of each
    windows      2**18 training rows of this sequence, in memory together: shuffled

How many training rows each stripe has is known from the first pass. So the place of every row in every pass is known
without reading it: a pass goes on in its middle with the bits of an undisturbed one. While the kernels train on a
window, a thread reads and encodes the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import Block, Chunk, InMemory, Ordering
from lamina.data.splitting import shuffled
from lamina.data.streaming.read_ahead import ReadAhead

STRIPE_ROWS = 16_384
STRETCHES_AT_ONCE = 4
WINDOW_ROWS = 2**18
WINDOW_BYTES = 2**27  # of very many columns a window has fewer rows
BLOCK_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class Stripes:
    """Neighbouring rows of one stretch each, in the order of the source; every array has shape (stripes,)."""

    stretch: NDArray[np.intp]  # which stretch
    start: NDArray[np.int64]  # its first row within the stretch
    first: NDArray[np.int64]  # its first row within the source
    rows: NDArray[np.int64]
    count: NDArray[np.int64]  # how many of them are examples

    @staticmethod
    def of(stretches: Sequence[Any]) -> "Stripes":
        """Return the stripes of stretches; the counts are 0."""
        parts = [
            (k, start, one.first + start, min(STRIPE_ROWS, one.rows - start))
            for k, one in enumerate(stretches)
            for start in range(0, one.rows, STRIPE_ROWS)
        ]
        stretch, start, first, rows = np.array(parts, np.int64).reshape(-1, 4).T
        return Stripes(stretch.astype(np.intp), start, first, rows, np.zeros(len(parts), np.int64))

    def at(self, row_numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return which stripe each row of the source is in."""
        return np.searchsorted(self.first, row_numbers, side="right") - 1

    @property
    def n(self) -> int:
        """How many examples there are."""
        return int(self.count.sum())

    def sequence(self, order: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the stripes in the order of a pass: stretches in this order, a few of them in turn."""
        starts = np.searchsorted(self.stretch, np.arange(len(order) + 1))
        waiting = [iter(range(starts[k], starts[k + 1])) for k in order[::-1]]
        found: list[int] = []
        being_read: list[Iterator[int]] = []
        while waiting or being_read:
            while waiting and len(being_read) < STRETCHES_AT_ONCE:
                being_read.append(waiting.pop())
            for one in list(being_read):
                stripe = next(one, None)
                if stripe is None:
                    being_read.remove(one)
                else:
                    found.append(stripe)
        return np.array(found, np.intp)


class Encoded(Protocol):
    """Where the encoded examples of stripes come from: the source, or a file on disk."""

    def read(self, stripes: Stripes, sequence: NDArray[np.intp]) -> Iterator[Block]:
        """Yield the examples of each stripe of a sequence."""
        ...


@dataclass(frozen=True, eq=False)
class Streamed:
    """Examples of a source of any size.

    Attributes
    ----------
    stripes : Stripes
    encoded : Encoded
    sample : InMemory
        Some of the examples, in random order: to look at.
    width : int
        Columns of X.
    n_bytes : int, optional
        Size of the source, for progress.
    """

    stripes: Stripes
    encoded: Encoded
    sample: InMemory
    width: int
    n_bytes: int | None = None

    @property
    def n(self) -> int:
        return self.stripes.n

    def chunks(self, how: Ordering, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """See `Examples`."""
        size = window_rows(self.width, how.batch_size)
        sequence = self._sequence(how, epoch)
        first = start // size
        ahead = ReadAhead(lambda: self._windows(sequence, size, first))
        try:
            for w, block in enumerate(ahead, first):
                yield Chunk(*block, self._order(len(block.X), how, epoch, w)[max(start - w * size, 0) :])
        finally:
            ahead.close()

    def _sequence(self, how: Ordering, epoch: int) -> NDArray[np.intp]:
        if not how.shuffle:
            return np.arange(len(self.stripes.count))
        n = int(self.stripes.stretch[-1]) + 1
        return self.stripes.sequence(shuffled(n, lambda count: how.words(count, epoch, 1)))

    @staticmethod
    def _order(n: int, how: Ordering, epoch: int, window: int) -> NDArray[np.intp]:
        if not how.shuffle:
            return np.arange(n)
        return shuffled(n, lambda count: how.words(count, epoch, 2 + window))

    def _windows(self, sequence: NDArray[np.intp], size: int, first: int) -> Iterator[Block]:
        """Yield the windows of a pass from number `first` on."""
        ends = np.cumsum(self.stripes.count[sequence])
        begin = int(np.searchsorted(ends, first * size, side="right"))
        skip = first * size - (int(ends[begin - 1]) if begin else 0)  # examples of the first stripe that are done
        left = self.n - first * size
        yield from _cut(_without(self.encoded.read(self.stripes, sequence[begin:]), skip), size, left)

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        """Yield the examples in the order of the source; of the `first` so many, a random sample."""
        if first is not None and first <= self.sample.n:
            yield from self.sample.blocks(first)
            return
        n = self.n if first is None else min(first, self.n)
        ahead = ReadAhead(
            lambda: _cut(self.encoded.read(self.stripes, np.arange(len(self.stripes.count))), BLOCK_ROWS, n)
        )
        try:
            yield from ahead
        finally:
            ahead.close()


def window_rows(width: int, batch_size: int = 1) -> int:
    """Return how many rows of so many numbers are shuffled together: whole batches."""
    rows = min(WINDOW_ROWS, max(WINDOW_BYTES // (4 * width), 1))
    return -(-rows // batch_size) * batch_size


def _without(blocks: Iterator[Block], skip: int) -> Iterator[Block]:
    """Yield examples without the first so many."""
    for block in blocks:
        if skip < len(block.X):
            yield Block(*(None if array is None else array[skip:] for array in block)) if skip else block
        skip = max(skip - len(block.X), 0)


def _cut(blocks: Iterator[Block], size: int, n: int) -> Iterator[Block]:
    """Yield the first n examples of some blocks in new blocks of one size; the last may be smaller."""
    made: Block | None = None
    filled = 0
    for block in blocks:
        at = 0
        while at < len(block.X) and n > 0:
            if made is None:
                made, filled = _empty_like(block, min(size, n)), 0
            take = min(len(made.X) - filled, len(block.X) - at)
            for into, array in zip(made, block, strict=True):
                if into is not None:
                    into[filled : filled + take] = array[at : at + take]
            filled, at = filled + take, at + take
            if filled == len(made.X):
                n -= filled
                yield made
                made = None
        if n <= 0:
            return


def _empty_like(block: Block, rows: int) -> Block:
    return Block(*(None if array is None else np.empty((rows, *array.shape[1:]), array.dtype) for array in block))
