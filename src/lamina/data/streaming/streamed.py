"""Examples that are read as they are needed: rows on disk, in an order that is a function of (seed, epoch) alone.

    stretches    neighbouring rows that can be read on their own, like a row group of Parquet: their order is shuffled
    stripes      16,384 neighbouring rows of a stretch; two stretches are read in turn, a stripe of each
    windows      2**18 training rows of this sequence, in memory together: shuffled, then encoded in this order
    lanes        parts of the sequence, where workers share the reading: lanes.py

How many training rows each stripe has is known from the first pass. So the place of every row in every pass is known
without reading it: a pass goes on in its middle with the bits of an undisturbed one. While the kernels train, a thread
reads and encodes the rows that come next.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import Block, Chunk, InMemory, Ordering, Share, needed, order_within
from lamina.data.splitting import shuffled
from lamina.data.streaming.lanes import PassInLanes
from lamina.data.streaming.passage import Passage, Rows, Window
from lamina.data.streaming.read_ahead import ReadAhead
from lamina.data.streaming.stripes import STRIPE_ROWS, Stripes

WINDOW_ROWS = 2**18
WINDOW_BYTES = 2**27  # of very many columns a window has fewer rows
PIECES_AHEAD = 4  # of 16,384 rows


@dataclass(frozen=True, eq=False)
class Streamed:
    """Examples of a source of any size.

    Attributes
    ----------
    stripes : Stripes
    rows : Rows
    sample : InMemory
        Some of the examples, in random order: to look at.
    width : int
        Columns of X.
    n_bytes : int, optional
        Size of the source, for progress.
    most_lanes : int
        Into how many parts the source can be cut for workers that share the reading: a power of two.
    """

    stripes: Stripes
    rows: Rows
    sample: InMemory
    width: int
    n_bytes: int | None = None
    most_lanes: int = 1

    @property
    def n(self) -> int:
        return self.stripes.n

    def chunks(self, how: Ordering, epoch: int, start: int = 0, share: Share | None = None) -> Iterator[Chunk]:
        """See `Examples`."""
        ahead = ReadAhead(lambda: self._pieces(how, epoch, start, share), PIECES_AHEAD)
        try:
            yield from ahead
        finally:
            ahead.close()

    def _pieces(self, how: Ordering, epoch: int, start: int, share: Share | None) -> Iterator[Chunk]:
        """Yield the examples of a pass from number `start` on, in their order, some whole batches at a time."""
        lanes = 1 if share is None or not how.shuffle else min(share.leaves(how.batch_size), self.most_lanes)
        if share is not None and lanes > 1:
            yield from self._in_lanes(how, epoch, share, lanes).chunks(start)
            return
        size = window_rows(self.width, how.batch_size)
        piece = max(STRIPE_ROWS // how.batch_size, 1) * how.batch_size
        w = start // size
        for window, n in self._windows(self._sequence(how, epoch), size, w):
            order = self._order(n, how, epoch, w)[max(start - w * size, 0) :]
            for at in range(0, len(order), piece):
                rows = order[at : at + piece]
                here = needed(len(rows), how.batch_size, share)
                yield Chunk(*window.block(rows[here]), order_within(here))
            w += 1
            del window  # the next one is filled without it

    def _in_lanes(self, how: Ordering, epoch: int, share: Share, lanes: int) -> PassInLanes:
        sequence = self.stripes.sequence(self._stretches(how, epoch), at_once=1)  # a batch is of as many as lanes
        window = window_rows(self.width, how.batch_size) // how.batch_size
        nothing = next(self.sample.blocks(0))
        return PassInLanes(self.rows, self.stripes, sequence, how, epoch, share, lanes, window, nothing)

    def _sequence(self, how: Ordering, epoch: int) -> NDArray[np.intp]:
        if not how.shuffle:
            return np.arange(len(self.stripes.count))
        return self.stripes.sequence(self._stretches(how, epoch))

    def _stretches(self, how: Ordering, epoch: int) -> NDArray[np.intp]:
        """Return the order of the stretches in a pass."""
        n = int(self.stripes.stretch[-1]) + 1
        return shuffled(n, lambda count: how.words(count, epoch, 1))

    @staticmethod
    def _order(n: int, how: Ordering, epoch: int, window: int) -> NDArray[np.intp]:
        if not how.shuffle:
            return np.arange(n)
        return shuffled(n, lambda count: how.words(count, epoch, 2 + window))

    def _windows(self, sequence: NDArray[np.intp], size: int, first: int) -> Iterator[tuple[Window, int]]:
        """Yield the windows of a pass from number `first` on, each with the number of its rows."""
        passage = Passage(self.rows, self.stripes, sequence, first * size, self.n)
        for at in range(first * size, self.n, size):
            n = min(size, self.n - at)
            window = self.rows.window(n)
            for part in passage.take(n):
                window.add(part)
            yield window, n

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        """Yield the examples in the order of the source; of the `first` so many, a random sample."""
        if first is not None and first <= self.sample.n:
            yield from self.sample.blocks(first)
            return
        everything, left = np.arange(len(self.stripes.count)), self.n if first is None else min(first, self.n)
        ahead = ReadAhead(lambda: map(self.rows.block, self.rows.read(self.stripes, everything)), PIECES_AHEAD)
        try:
            for block in ahead:
                if len(block.X) > left:
                    block = Block(*(None if array is None else array[:left] for array in block))
                left -= len(block.X)
                yield block
                if not left:
                    return
        finally:
            ahead.close()


def window_rows(width: int, batch_size: int = 1) -> int:
    """Return how many rows of so many numbers are shuffled together: whole batches."""
    rows = min(WINDOW_ROWS, max(WINDOW_BYTES // (4 * width), 1))
    return -(-rows // batch_size) * batch_size
