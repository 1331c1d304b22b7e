"""A pass that several workers read together: each lane is a part of the source, and gives some rows of every batch.

    sequence     all examples of a pass, stretch after stretch in shuffled order
    beginning    the last batch of the pass, where it is incomplete: every worker with rows in it reads it
    lanes        the rest, cut into parts: whole batches times the rows of a batch that come from the lane
    windows      as many batches at a time as fit in the memory: of each lane these rows, shuffled among themselves

With four lanes the second quarter of each batch comes from the second quarter of the sequence. A worker takes
neighbouring rows of each batch, so it reads the lanes that these are from, and no others. No lane drifts: all have as
many batches. Where they lie follows from source, batch size, seed and epoch alone, so that any number of workers takes
the same batches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import ELSEWHERE, Block, Chunk, Ordering, Share
from lamina.data.splitting import shuffled
from lamina.data.streaming.passage import Passage, Rows, Window
from lamina.data.streaming.stripes import STRIPE_ROWS, Stripes

MOST_LANES = 16
STRETCHES_OF_A_LANE = 4  # about: one in which a lane begins is read by two
LANE_BYTES = 2**29  # of stretches that are open together
# Of each column a stretch of Parquet holds a page, its dictionary, and what they were packed in: 20 bytes for each of
# the values that a page of a megabyte has, measured with random numbers.
BYTES_OF_A_VALUE, VALUES_OF_A_PAGE = 20, 2**17


class Lane(NamedTuple):
    """A part of a pass."""

    number: int
    rows: slice  # of every batch


def most_lanes(stretches: Sequence[int], columns: int) -> int:
    """Return into how many lanes a source can be cut: a power of two.

    Parameters
    ----------
    stretches : sequence of int
        How many rows each has.
    columns : int
        Of the source: a lane has buffers for each of them.
    """
    largest = max(stretches)
    of_one = columns * BYTES_OF_A_VALUE * min(largest, VALUES_OF_A_PAGE)
    most = min(MOST_LANES, sum(stretches) // (STRETCHES_OF_A_LANE * largest), LANE_BYTES // of_one)
    return 1 << max(most, 1).bit_length() - 1


def cut(batch_size: int, lanes: int) -> list[Lane]:
    """Return the lanes of batches of so many rows; a lane is some whole leaves of the batch."""
    bounds = [batch_size * number // lanes for number in range(lanes + 1)]
    return [Lane(number, slice(bounds[number], bounds[number + 1])) for number in range(lanes)]


@dataclass(frozen=True, eq=False)
class PassInLanes:
    """A pass as one worker reads it.

    Attributes
    ----------
    rows : Rows
    stripes : Stripes
    sequence : array of int
        Numbers of the stripes in the order of the pass.
    how : Ordering
    epoch : int
    share : Share
        What this worker takes of a batch.
    lanes : int
    window : int
        Batches of a window.
    nothing : Block
        No rows at all.
    """

    rows: Rows
    stripes: Stripes
    sequence: NDArray[np.intp]
    how: Ordering
    epoch: int
    share: Share
    lanes: int
    window: int
    nothing: Block

    def chunks(self, start: int) -> Iterator[Chunk]:
        """Yield the pass from its row `start` on, the beginning of a batch: some whole batches at a time."""
        batches, left = divmod(self.stripes.n, self.how.batch_size)
        begin = start // self.how.batch_size
        if begin < batches:
            yield from self._whole_batches(begin, batches, left)
        if left:
            yield self._incomplete(left)

    def _whole_batches(self, begin: int, batches: int, before: int) -> Iterator[Chunk]:
        """Yield batches from number `begin` on; so many rows of the sequence are no part of them."""
        own, first = self.share.rows(self.how.batch_size), begin // self.window
        lanes = [lane for lane in cut(self.how.batch_size, self.lanes) if _overlap(lane.rows, own)]
        passages = [self._passage(lane, first * self.window, batches, before) for lane in lanes]
        piece = max(STRIPE_ROWS // self.how.batch_size, 1)
        for w in range(first, -(-batches // self.window)):
            n = min(self.window, batches - w * self.window)
            window = self._filled(list(zip(lanes, passages, strict=True)), n)
            places = self._places(lanes, own, n, w)
            for at in range(max(begin - w * self.window, 0), n, piece):
                yield self._chunk(window, places[at : at + piece], own)
            del window  # the next one is filled without it

    def _passage(self, lane: Lane, begin: int, batches: int, before: int) -> Passage:
        start, rows = before + batches * lane.rows.start, _count(lane.rows)
        stop = start + batches * rows
        return Passage(self.rows, self.stripes, self.sequence, start + begin * rows, stop)

    def _filled(self, sources: list[tuple[Lane, Passage]], batches: int) -> Window | None:
        """Return the rows of so many batches that come from some lanes, one lane after the other; None of no lane."""
        if not sources:
            return None
        window = self.rows.window(batches * sum(_count(lane.rows) for lane, _ in sources))
        for lane, passage in sources:
            for part in passage.take(batches * _count(lane.rows)):
                window.add(part)
        return window

    def _places(self, lanes: list[Lane], own: slice, batches: int, w: int) -> NDArray[np.intp]:
        """Return where in a window the rows of this worker lie, shape (batches, own rows of a batch)."""
        found, first = [np.empty((batches, 0), np.intp)], 0
        for lane in lanes:
            n, part = batches * _count(lane.rows), 2 + w * self.lanes + lane.number
            order = self._order(n, part).reshape(batches, -1)
            here = slice(max(own.start - lane.rows.start, 0), max(own.stop - lane.rows.start, 0))
            found.append(first + order[:, here])
            first += n
        return np.concatenate(found, axis=1)

    def _order(self, n: int, part: int) -> NDArray[np.intp]:
        return shuffled(n, lambda count: self.how.words(count, self.epoch, part))

    def _chunk(self, window: Window | None, places: NDArray[np.intp], own: slice) -> Chunk:
        """Return some batches, in each of which only the rows of this worker are there."""
        order = np.full((len(places), self.how.batch_size), ELSEWHERE)
        order[:, own] = np.arange(places.size).reshape(places.shape)
        block = self.nothing if window is None else window.block(places.ravel())
        return Chunk(*block, order.ravel())

    def _incomplete(self, rows: int) -> Chunk:
        """Return the last batch of the pass, which stands at the beginning of the sequence."""
        own = self.share.rows(rows)
        if own.start == own.stop:
            return Chunk(*self.nothing, np.full(rows, ELSEWHERE))
        window, order = self.rows.window(rows), np.full(rows, ELSEWHERE)
        for part in Passage(self.rows, self.stripes, self.sequence, 0, rows).take(rows):
            window.add(part)
        order[own] = np.arange(_count(own))
        return Chunk(*window.block(self._order(rows, 0)[own]), order)


def _overlap(one: slice, other: slice) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _count(rows: slice) -> int:
    return int(rows.stop - rows.start)
