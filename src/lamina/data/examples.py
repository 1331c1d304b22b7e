"""Encoded rows that know their own order: a pass over them to learn, and one as they stand to look at them.

What decides the order of a pass is the recipe's: rows of a batch, shuffling, and random words of (seed, epoch).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.data.class_weights import row_factors
from lamina.data.learning import Columns
from lamina.data.source import Source
from lamina.data.splitting import Part, Rows, shuffled

ENCODED_ROWS = 4096  # rows that are encoded together where they cannot all be


class Ordering(Protocol):
    """What a pass asks of a recipe."""

    @property
    def batch_size(self) -> int: ...
    @property
    def shuffle(self) -> bool: ...
    def words(self, n: int, epoch: int, part: int = 0) -> NDArray[np.unsignedinteger[Any]]: ...


ELSEWHERE = -1  # in the order of a chunk, in the place of a row that is not needed here


class Share(NamedTuple):
    """What is needed here of a batch, which workers share."""

    rows: Callable[[int], slice]  # from the rows of a batch to those that are needed
    leaves: Callable[[int], int]  # into how many leaves a batch is cut; a worker takes neighbours


class Chunk(NamedTuple):
    """Rows that are in memory together, and the order in which to take them."""

    X: Any  # (rows, n_inputs)
    Y: Any  # (rows, targets)
    weights: Any  # (rows,) or None
    order: Any  # row numbers; ELSEWHERE where another worker has the row


class Block(NamedTuple):
    """Neighbouring rows, in their own order."""

    X: Any  # (rows, n_inputs)
    Y: Any  # (rows, targets)
    weights: Any  # (rows,) or None


class Examples(Protocol):
    """Encoded rows."""

    @property
    def n(self) -> int: ...

    def chunks(self, how: Ordering, epoch: int, start: int = 0, share: Share | None = None) -> Iterator[Chunk]:
        """Yield pass number `epoch` from its row `start` on, the beginning of a batch; chunks are whole batches.

        Of each batch at least the rows of the share are there.
        """
        ...

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        """Yield the rows, or the `first` so many, as they stand."""
        ...


def order_of(n: int, how: Ordering, epoch: int) -> Rows:
    """Return the order of n rows in a pass: a function of the recipe's seed and the number of the pass alone."""
    return shuffled(n, lambda count: how.words(count, epoch)) if how.shuffle else np.arange(n)


def needed(rows: int, batch_size: int, share: Share | None) -> NDArray[np.bool_]:
    """Return which of some rows, a batch after the other, are in the share, and one row at least; shape (rows,)."""
    found = np.full(rows, share is None)
    for at in range(0, 0 if share is None else rows, batch_size):
        batch = found[at : at + batch_size]
        batch[share.rows(len(batch))] = True  # type: ignore[union-attr]
    found[:1] |= not found.any()  # encodings expect a row
    return found


def order_within(here: NDArray[np.bool_]) -> Rows:
    """Return the order of rows of which only some are here, in their own order."""
    return np.where(here, np.cumsum(here) - 1, ELSEWHERE)


@dataclass(frozen=True)
class InMemory:
    """Encoded rows in memory: X (n, n_inputs), Y (n, targets), weights (n,) of mean 1 or None."""

    X: Any
    Y: Any
    weights: Any = None

    @property
    def n(self) -> int:
        return len(self.X)

    def chunks(self, how: Ordering, epoch: int, start: int = 0, share: Share | None = None) -> Iterator[Chunk]:
        yield Chunk(self.X, self.Y, self.weights, order_of(self.n, how, epoch)[start:])

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        rows = slice(0, first)
        yield Block(self.X[rows], self.Y[rows], None if self.weights is None else self.weights[rows])


@dataclass(frozen=True)
class Sparse:
    """Rows that are encoded only when their turn comes: a sparse matrix stays sparse.

    `encode(rows)` gives the encoded rows, shape (len(rows), n_inputs).
    """

    encode: Callable[[Any], Any]
    Y: Any
    weights: Any = None

    @property
    def n(self) -> int:
        return len(self.Y)

    def chunks(self, how: Ordering, epoch: int, start: int = 0, share: Share | None = None) -> Iterator[Chunk]:
        size = max(ENCODED_ROWS // how.batch_size, 1) * how.batch_size
        order = order_of(self.n, how, epoch)
        for at in range(start, self.n, size):
            rows = order[at : at + size]
            here = needed(len(rows), how.batch_size, share)
            yield Chunk(*self.block(rows[here]), order_within(here))

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        n = self.n if first is None else min(first, self.n)
        for start in range(0, n, ENCODED_ROWS):
            yield self.block(np.arange(start, min(start + ENCODED_ROWS, n)))

    def block(self, rows: Any) -> Block:
        """Return some rows, by their numbers."""
        return Block(self.encode(rows), self.Y[rows], None if self.weights is None else self.weights[rows])


def examples_of(source: Source, part: Part, columns: Columns, dtype: Any) -> InMemory | Sparse:
    """Return rows of a source as examples; their weights, those of classes included, have mean 1.

    Parameters
    ----------
    source : Source
    part : Part
        Which of its rows.
    columns : Columns
        The encodings.
    dtype : dtype
        float32 or float64.
    """
    rows, encoder, table = part.rows, columns.encoder, columns.encoder.align(source.table)
    Y, w = columns.target.encode(source.y[rows]), part.weights
    if columns.class_factors is not None:
        factors = row_factors(columns.class_factors, Y)
        w = factors if w is None else w * factors
    w = None if w is None or not w.any() else (w / w.mean()).astype(dtype)
    Y = np.array(Y, dtype, order="C")
    if table.is_sparse:
        return Sparse(lambda at: encoder.encode(table.take(rows[at]), dtype), Y, w)
    return InMemory(*map(read_only, (encoder.encode(table.take(rows), dtype), Y, w)))


def read_only(array: Any) -> Any:
    """Return an array that nobody can write to any more: an engine may keep a copy of it on its device."""
    if array is not None:
        array.flags.writeable = False
    return array
