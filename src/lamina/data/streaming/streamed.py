"""Examples that are read as they are needed: rows on disk, in an order that is a function of (seed, epoch) alone.

    stretches    neighbouring rows that can be read on their own, like a row group of Parquet: their order is shuffled
    stripes      16,384 neighbouring rows of a stretch; two stretches are read in turn, a stripe of each
    windows      2**18 training rows of this sequence, in memory together: shuffled, then encoded in this order

How many training rows each stripe has is known from the first pass. So the place of every row in every pass is known
without reading it: a pass goes on in its middle with the bits of an undisturbed one. While the kernels train, a thread
reads and encodes the rows that come next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import Block, Chunk, InMemory, Ordering, Share, needed, order_within
from lamina.data.splitting import shuffled
from lamina.data.streaming.read_ahead import ReadAhead

STRIPE_ROWS = 16_384
STRETCHES_AT_ONCE = 2  # each has buffers and pages of every column in memory
WINDOW_ROWS = 2**18
WINDOW_BYTES = 2**27  # of very many columns a window has fewer rows
PIECES_AHEAD = 4  # of 16,384 rows


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
        """Return the stripes in the order of a pass: stretches in this order, two of them in turn."""
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


class Window(Protocol):
    """Rows that are in memory together: filled part by part, then taken in any order."""

    def add(self, part: Any) -> None:
        """Put some rows behind those that are there."""
        ...

    def block(self, rows: NDArray[np.intp]) -> Block:
        """Return these rows as examples."""
        ...


class Rows(Protocol):
    """Where the examples come from: the source, or a file on disk."""

    def read(self, stripes: Stripes, sequence: NDArray[np.intp]) -> Iterator[Any]:
        """Yield the rows of each stripe of a sequence that are examples, in parts of any size."""
        ...

    def size(self, part: Any) -> int:
        """Return how many rows a part has."""
        ...

    def split(self, part: Any, rows: int) -> tuple[Any, Any]:
        """Return the first rows of a part, so many, and the others."""
        ...

    def block(self, part: Any) -> Block:
        """Return a part as examples."""
        ...

    def window(self, rows: int) -> Window:
        """Return a window that has room for so many rows."""
        ...


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
    """

    stripes: Stripes
    rows: Rows
    sample: InMemory
    width: int
    n_bytes: int | None = None

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

    def _windows(self, sequence: NDArray[np.intp], size: int, first: int) -> Iterator[tuple[Window, int]]:
        """Yield the windows of a pass from number `first` on, each with the number of its rows."""
        ends = np.cumsum(self.stripes.count[sequence])
        begin = int(np.searchsorted(ends, first * size, side="right"))
        skip = first * size - (int(ends[begin - 1]) if begin else 0)  # examples of the first stripe that are done
        left = self.n - first * size
        window, filled = self.rows.window(min(size, left)), 0
        for part in self._without(self.rows.read(self.stripes, sequence[begin:]), skip):
            while self.rows.size(part):
                here, part = self.rows.split(part, min(size, left) - filled)
                window.add(here)
                filled += self.rows.size(here)
                if filled == min(size, left):
                    yield window, filled
                    left -= filled
                    window, filled = self.rows.window(min(size, left)), 0

    def _without(self, parts: Iterator[Any], skip: int) -> Iterator[Any]:
        """Yield rows without the first so many."""
        for part in parts:
            here, rest = self.rows.split(part, skip) if skip else (None, part)
            skip -= 0 if here is None else self.rows.size(here)
            if self.rows.size(rest):
                yield rest

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
