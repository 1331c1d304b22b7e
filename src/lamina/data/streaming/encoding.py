"""Streamed rows become examples: read stripe by stripe, kept as they were read, encoded when their turn comes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.class_weights import row_factors
from lamina.data.examples import Block, InMemory
from lamina.data.learning import Columns
from lamina.data.streaming.passes import Passes, RowWord
from lamina.data.streaming.stripes import Stripes
from lamina.data.tables.kinds import Joined
from lamina.data.tables.stretches import split
from lamina.data.tables.table import Batch
from lamina.errors import FileError


@dataclass(frozen=True, eq=False)
class Encoding:
    """Rows become examples as they are read."""

    rows: Passes
    columns: Columns
    dtype: np.dtype[Any]
    mean_weight: float | None

    def read(self, stripes: Stripes, sequence: NDArray[np.intp]) -> Iterator[Batch]:
        """Yield the training rows of each stripe of a sequence, read from the source.

        Raises
        ------
        FileError
            The rows are no longer those of the first pass.
        """
        stream, first_stripe = self.rows.source.stream, RowWord()
        stream.check_unchanged()
        being_read: dict[int, _Reader] = {}
        for i in sequence:
            k, start = int(stripes.stretch[i]), int(stripes.start[i])
            if k not in being_read:
                being_read[k] = _Reader(stream.tables(stream.stretches[k], start=start, rows=int(stripes.rows[i])))
            n = 0
            for batch in being_read[k].take(int(stripes.rows[i])):
                train = self.rows.sides(batch).train
                if train.table.n_rows:
                    n += train.table.n_rows
                    if i == 0:
                        first_stripe.add(train)
                    yield train
            if i == 0 and self.rows.first_stripe not in (None, first_stripe.word):
                raise FileError(
                    f"{stream.described} gives other rows, or another order of them, than in the first pass: sort what "
                    "it is made of, or write its rows to a file"
                )
            if n != stripes.count[i]:
                first, stop = int(stripes.first[i]), int(stripes.first[i] + stripes.rows[i])
                raise FileError(
                    f"{stream.described} changed while it was read: rows {first:,} to {stop:,} held "
                    f"{int(stripes.count[i]):,} training rows in the first pass, now {n:,}. Train on files that nobody "
                    "writes to"
                )
            if start + stripes.rows[i] >= stream.stretches[k].rows:
                del being_read[k]

    def block(self, batch: Batch) -> Block:
        """Return a batch as examples."""
        Y = self.columns.target.encode(batch.y)
        w = weights_of(batch, self.columns, Y)
        if w is not None:
            w = (w / (w.mean() if self.mean_weight is None else self.mean_weight)).astype(self.dtype)
        return Block(self.columns.encoder.encode(batch.table, self.dtype), np.ascontiguousarray(Y, self.dtype), w)

    def size(self, part: Batch) -> int:
        """Return how many rows a batch has."""
        return part.table.n_rows

    def split(self, part: Batch, rows: int) -> tuple[Batch, Batch]:
        """Return the first rows of a batch, at most so many, and the others."""
        return split(part, rows)

    def window(self, rows: int) -> "BatchWindow":
        """Return a window that has room for so many rows."""
        return BatchWindow(self, rows)

    def in_memory(self, batches: list[Batch]) -> InMemory:
        """Return some batches as examples in memory; without a mean weight, their weights have mean 1 over them."""
        encoding = self if self.mean_weight is not None else replace(self, mean_weight=1.0)
        blocks = [encoding.block(batch) for batch in batches]
        X, Y = (np.concatenate([block[i] for block in blocks]) for i in (0, 1))
        w = None if blocks[0].weights is None else np.concatenate([block.weights for block in blocks])
        if w is not None and self.mean_weight is None:
            w = (w / w.mean(dtype=np.float64)).astype(self.dtype)
        return InMemory(X, Y, w)


class BatchWindow:
    """Rows as they were read, encoded when they are taken."""

    def __init__(self, encoding: Encoding, rows: int) -> None:
        self._encoding, self._tables = encoding, Joined(rows)
        self._y: list[NDArray[Any]] = []
        self._weights: list[NDArray[np.float64]] = []

    def add(self, part: Batch) -> None:
        """Put rows behind those that are there."""
        self._tables.add(part.table)
        self._y.append(part.y)
        if part.weights is not None:
            self._weights.append(part.weights)

    @cached_property
    def _whole(self) -> Batch:
        weights = np.concatenate(self._weights) if self._weights else None
        return Batch(self._tables.table(), np.concatenate(self._y), weights)

    def block(self, rows: NDArray[np.intp]) -> Block:
        """Return these rows as examples."""
        whole = self._whole
        w = None if whole.weights is None else whole.weights[rows]
        return self._encoding.block(Batch(whole.table.take(rows), whole.y[rows], w))


class _Reader:
    """Batches of one stretch, handed out so many rows at a time."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._left: Batch | None = None

    def take(self, rows: int) -> Iterator[Batch]:
        """Yield the next so many rows; fewer where there are no more."""
        while rows > 0:
            batch = self._left if self._left is not None else next(self._batches, None)
            self._left = None
            if batch is None:
                return
            if batch.table.n_rows > rows:
                batch, self._left = split(batch, rows)
            rows -= batch.table.n_rows
            yield batch


def weights_of(batch: Batch, columns: Columns, Y: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return the weights of rows, those of their classes included; None where all count alike."""
    w = batch.weights
    if columns.class_factors is not None:
        factors = row_factors(columns.class_factors, Y)
        w = factors if w is None else w * factors
    return w
