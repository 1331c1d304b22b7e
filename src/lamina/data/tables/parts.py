"""What a run of rows is made of: a part is a file, or what else gives rows of its own columns and types."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np

from lamina.data.tables.arrow import from_arrow
from lamina.data.tables.columns import Column
from lamina.data.tables.kinds import Sighting, sighted
from lamina.data.tables.table import Batch, check_unique, of_columns
from lamina.errors import FileError, LaminaError

MOST_ROWS = 2**20  # of a span that could be smaller
CHANGED = "it changed while it was being read"
FEW_ROWS = 2**16  # neighbours are one span until they have so many
PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # row numbers that pandas writes beside the columns


class Span(NamedTuple):
    """Neighbouring rows of a part that can be read on their own."""

    rows: int
    key: Any  # the part's own: where they lie


class Part(Protocol):
    """A source of rows with columns of its own."""

    name: str  # as messages show it
    names: tuple[str, ...]
    changed: str  # what may be the matter where another reading gives other rows

    @property
    def spans(self) -> Sequence[Span]:
        """All rows, in order."""

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """Yield the rows of a span from row `start` on, at most so many at a time; text is not read yet."""

    def check_unchanged(self) -> None:
        """Raise a FileError if it is not what it was when it was opened."""

    def line(self, row: int) -> int | None:
        """Return the line of a row of the part, from 1; nothing where rows are no lines."""


def merged(counts: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return rows, first and end of runs of neighbours with at least FEW_ROWS rows together."""
    found, first, rows = [], 0, 0
    for i, count in enumerate(counts):
        rows += count
        if rows >= FEW_ROWS or (i == len(counts) - 1 and rows):
            found.append((rows, first, i + 1))
            first, rows = i + 1, 0
    return found


def sightings(schema: Any, where: str) -> dict[str, Sighting]:
    """Return what the columns of an Arrow schema hold."""
    check_unique(schema.names)
    return {
        name: sighted(kind, where)
        for name, kind in zip(schema.names, schema.types, strict=True)
        if not PANDAS_INDEX.fullmatch(name)
    }


def tables_of(
    arrow: Iterator[Any], names: Sequence[str], start: int, rows: int, text: frozenset[str]
) -> Iterator[Batch]:
    """Yield the rows of record batches.

    Parameters
    ----------
    arrow : iterator of pyarrow.RecordBatch
    names : sequence of str
        The columns, in this order.
    start, rows : int
        The first row, and how many at most at a time.
    text : frozenset of str
        Columns of text that come as dictionaries: their levels are put in the order in which they appear, as those of
        plain text are.
    """
    for table in regrouped(_from_row(arrow, start), rows):
        yield Batch(of_columns((_text_of if name in text else from_arrow)(name, table[name]) for name in names))


def _from_row(arrow: Iterator[Any], start: int) -> Iterator[Any]:
    for batch in arrow:
        if batch.num_rows <= start:
            start -= batch.num_rows
            continue
        yield batch.slice(start) if start else batch
        start = 0


def _text_of(name: str, array: Any) -> Column:
    """Return a column of text that came as a dictionary: its levels those that it has, in the order of first rows."""
    import pyarrow as pa

    array = array.combine_chunks()
    indices = array.indices.cast(pa.int64()).fill_null(-1)
    codes = np.asarray(indices.to_numpy(zero_copy_only=False))
    first = np.full(len(array.dictionary) + 1, len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    used = np.flatnonzero(first[:-1] < len(codes))
    order = used[np.argsort(first[used])]
    place = np.full(len(first), -1, np.int32)  # code -1 is the last
    place[order] = np.arange(len(order))
    levels = array.dictionary.take(pa.array(order)).to_pylist()
    return Column(name, "category", place[codes], np.array([*levels, None], object)[:-1], unread=True)


def regrouped(batches: Iterator[Any], rows: int) -> Iterator[Any]:
    """Yield pyarrow tables of so many rows from record batches of any size."""
    import pyarrow as pa

    waiting: list[Any] = []
    count = 0
    for batch in batches:
        while batch.num_rows:
            part = batch.slice(0, rows - count)
            batch = batch.slice(part.num_rows)
            waiting.append(part)
            count += part.num_rows
            if count == rows:
                yield pa.Table.from_batches(waiting)
                waiting, count = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


@contextmanager
def damaged(name: str, kind: str) -> Iterator[None]:
    """Turn whatever reading a file of a format raises into a FileError."""
    import pyarrow as pa

    try:
        yield
    except LaminaError:
        raise
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        OverflowError,
        MemoryError,
    ) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise FileError(f"{name} is a {kind} file that is damaged or cut off: {said}") from error
