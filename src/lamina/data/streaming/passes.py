"""What passes over a streamed source give: the rows of a batch by the side they are on, and a word for some of them."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.data.learning import Task
from lamina.data.row_hash import hash_rows
from lamina.data.streaming.streamed_source import StreamedSource
from lamina.data.streaming.stripes import Stripes
from lamina.data.tables.kinds import joined
from lamina.data.tables.table import Batch, Table


class Sides(NamedTuple):
    """The rows of a batch that count."""

    train: Batch
    held: Batch


class Passes(Protocol):
    """Rows that are passed over again and again, the same ones on the same sides."""

    source: StreamedSource
    task: Task
    stripes: Stripes

    @property
    def first_stripe(self) -> str | None:
        """A word for the training rows of the first stripe, as the first pass found them."""
        ...

    def passed(self, rows: range | None = None) -> Iterator[Batch]:
        """Yield all rows in order, or those of these numbers."""
        ...

    def sides(self, batch: Batch) -> Sides:
        """Return which rows of a batch count, by the side they are on."""
        ...


class RowWord:
    """A word for some rows in their order, however they are cut into batches."""

    def __init__(self) -> None:
        self._seen = blake2b(digest_size=16)

    def add(self, batch: Batch) -> None:
        """Take note of more rows."""
        self._seen.update(hash_rows(batch.table).data)

    @property
    def word(self) -> str:
        """The word so far."""
        return self._seen.hexdigest()


def stacked(batches: list[Batch]) -> Table:
    """Return the rows of some batches as one table; they keep their numbers."""
    numbers = np.concatenate([batch.row_numbers for batch in batches])
    return replace(joined([batch.table for batch in batches]), row_numbers=numbers)


def some_of(batch: Batch, mask: NDArray[np.bool_]) -> Batch:
    """Return some rows of a batch."""
    if mask.all():
        return batch
    w = None if batch.weights is None else batch.weights[mask]
    return Batch(batch.table.take(np.flatnonzero(mask)), batch.y[mask], w, batch.first)
