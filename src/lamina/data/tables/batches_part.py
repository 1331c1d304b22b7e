"""Batches from an iterable that can be begun anew, or from a function that returns one; and rows in memory as parts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from lamina.data.tables.agreement import CATEGORY, listed
from lamina.data.tables.cells import LOOKED_AT, Evidence, decided, hopeless, seen_so_far
from lamina.data.tables.kinds import Sighting, group_of_column, joined_groups
from lamina.data.tables.parts import CHANGED, MOST_ROWS, Span
from lamina.data.tables.reading import Reading, Written
from lamina.data.tables.sources import unread
from lamina.data.tables.table import Batch, Table
from lamina.data.target_values import plain
from lamina.errors import ColumnError, DataError, NoRowsError

ONCE = (
    "can be read only once, and rows are read several times: pass the function that makes it, without calling it, or "
    "an object whose iter() begins anew"
)


class BatchesPart:
    """The rows of batches.

    Attributes
    ----------
    written : dict of str to Written
        How columns of text are written that are numbers or dates.
    """

    name = "the batches"
    changed = "every pass is to give the same rows: pass a function that makes a new iterator, with the same order"

    def __init__(self, source: Callable[[], Any] | Iterable[Any], reading: Reading) -> None:
        if isinstance(source, Iterator):
            raise DataError(f"a {type(source).__name__} {ONCE}")
        self._source, self._reading = source, reading
        self._seen: dict[str, Sighting] = {}
        self.names: tuple[str, ...] = ()
        self._is_matrix = self._has_targets = self._has_weights = False
        evidence: dict[str, Evidence] = {}
        rows = 0
        for number, batch in enumerate(self._batches()):
            self._agree(batch, number)
            self._look(batch.table, rows, evidence)
            rows += batch.table.n_rows
        if not self.names:
            raise NoRowsError("no batches: the iterable ended at once. If it was used before, it can be read only once")
        self.spans: list[Span] = [Span(rows, None)] if rows else []
        self.written: dict[str, Written] = decided(evidence, reading, lambda row: f"row {row}", CATEGORY)

    def _batches(self) -> Iterator[Batch]:
        source = self._source() if callable(self._source) else self._source
        for number, given in enumerate(source):
            try:
                batch = _taken_apart(given)
            except DataError as problem:
                raise type(problem)(f"batch {number}: {problem}") from problem
            table = batch.table
            if self.names and table.names != self.names and set(table.names) == set(self.names):
                batch = batch._replace(table=table.select(self.names))
            yield batch

    def _agree(self, batch: Batch, number: int) -> None:
        table = batch.table
        told = table.matrix is not None, batch.y is not None, batch.weights is not None
        if not self.names:
            self.names = table.names
            self._is_matrix, self._has_targets, self._has_weights = told
        if table.names != self.names:
            raise ColumnError(
                f"batch {number} has the columns {listed(table.names)}, the first batch {listed(self.names)}: the same "
                "are expected in every batch, in any order"
            )
        if told != (self._is_matrix, self._has_targets, self._has_weights):
            raise DataError(
                f"batch {number} is of another kind than the first: only frames or only arrays are expected, all "
                "with targets (X, y), all with weights (X, y, weights), or none"
            )

    def _look(self, table: Table, row: int, evidence: dict[str, Evidence]) -> None:
        for column in table.columns:
            here = Sighting(group_of_column(column), column.kind, f"row {row}" if row else "the first batch")
            self._seen[column.name] = joined_groups(column.name, self._seen.get(column.name), here)
            known = evidence.get(column.name)
            if not column.unread or (self._reading.predicting and not self._reading.knows(column.name)):
                continue
            if known is None or row < LOOKED_AT or not hopeless(known):
                before = Evidence() if known is None and row >= LOOKED_AT else known
                evidence[column.name] = seen_so_far(before, column, self._reading.missing_words, row)

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""
        return self._seen

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """See `lamina.data.tables.parts.Part`."""
        for number, batch in enumerate(self._batches()):
            self._agree(batch, number)
            n = batch.table.n_rows
            for at in range(start, n, rows):
                yield _rows(batch, slice(at, min(at + rows, n)), names)
            start = max(start - n, 0)

    def check_unchanged(self) -> None:
        """Do nothing: another number of rows is noticed."""

    def line(self, row: int) -> None:
        """See `lamina.data.tables.parts.Part`."""


def _rows(batch: Batch, at: slice, names: Sequence[str]) -> Batch:
    y, weights = batch.y, batch.weights
    table = batch.table.select(names).take(at)
    return Batch(table, None if y is None else y[at], None if weights is None else weights[at])


def _taken_apart(given: Any) -> Batch:
    """Return a batch of a frame or an array, or of (X, y), or (X, y, weights)."""
    X, y, weights = given, None, None
    if isinstance(given, tuple) or (isinstance(given, list) and given and is_rows(given[0])):
        if len(given) not in (2, 3):
            raise DataError(f"a batch is X, (X, y) or (X, y, weights), found {len(given)} parts")
        X, y, weights = (*given, None)[:3]
    table = unread(X)
    targets = None if y is None else plain(y)
    counts = None if weights is None else np.asarray(weights, np.float64)
    for what, part in (("targets", targets), ("weights", counts)):
        if part is not None and len(part) != table.n_rows:
            raise DataError(f"{table.n_rows} rows and {len(part)} {what}: one for each row expected")
    return Batch(table, targets, counts)


def is_rows(value: Any) -> bool:
    """Return whether this is a table of rows: a data frame, an Arrow table, an array or tensor of two dimensions."""
    return len(getattr(value, "shape", ())) == 2


class TablePart:
    """Rows in memory."""

    name = "the table"
    changed = CHANGED

    def __init__(self, table: Table) -> None:
        self._table, self.names = table, table.names
        firsts = range(0, table.n_rows, MOST_ROWS)
        self.spans = [Span(min(MOST_ROWS, table.n_rows - first), first) for first in firsts]

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""
        return {one.name: Sighting(group_of_column(one), one.kind, self.name) for one in self._table.columns}

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """See `lamina.data.tables.parts.Part`."""
        table = self._table.select(names)
        end = min(key + MOST_ROWS, table.n_rows)
        for first in range(key + start, end, rows):
            yield Batch(table.take(slice(first, min(first + rows, end))))

    def check_unchanged(self) -> None:
        """Do nothing: it is not read from anywhere."""

    def line(self, row: int) -> None:
        """See `lamina.data.tables.parts.Part`."""
