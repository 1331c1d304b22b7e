"""A run of rows: stretches that can be read on their own, and the tables of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.agreement import as_planned, listed, where_in
from lamina.data.tables.cell_values import kind_of
from lamina.data.tables.columns import Kind
from lamina.data.tables.kinds import Joined, fitted, joined
from lamina.data.tables.parts import Part
from lamina.data.tables.reading import Reading, Written
from lamina.data.tables.table import Batch, Table
from lamina.errors import ColumnError, DataError, FileError, SettingError, nearest

ROWS_AT_ONCE = 65_536


class Stretch(NamedTuple):
    """Neighbouring rows that can be read on their own: Parquet row groups, a range of a CSV file, a whole .gz file."""

    first: int  # the number of its first row, counted over all files
    rows: int
    part: int
    key: Any  # the part's own


class RowStream:
    """The rows of files or other sources, read anew each time they are asked for.

    Attributes
    ----------
    names : tuple of str
        The columns, in the order of the first file.
    reading : Reading
        How text was read, for rows that are to be read the same.
    n_rows : int
    n_bytes : int or None
        On disk; None where rows do not come from files.
    stretches : tuple of Stretch
        In order; all rows.
    described : str
        "12 Parquet files in 'flights' (3,000,000 rows, 13.5 MB)".
    """

    def __init__(
        self,
        parts: Sequence[Part],
        reading: Reading,
        kinds: Mapping[str, Kind],
        written: Mapping[str, Written],
        called: str,
        n_bytes: int | None,
    ) -> None:
        self.names = parts[0].names
        self.reading = reading.with_written(written)
        self.n_bytes = n_bytes
        self.parts, self._written = tuple(parts), written
        self._kinds = {**kinds, **{name: kind_of(one) for name, one in written.items()}}
        self.stretches = _stretches(parts)
        self.n_rows = sum(one.rows for one in self.stretches)
        size = "" if n_bytes is None else f", {megabytes(n_bytes)}"
        self.described = f"{called} ({self.n_rows:,} row{'s' * (self.n_rows != 1)}{size})"

    def tables(
        self, stretch: Stretch, *, start: int = 0, columns: Sequence[str] | None = None, rows: int = ROWS_AT_ONCE
    ) -> Iterator[Batch]:
        """Yield rows of a stretch, in order.

        Parameters
        ----------
        stretch : Stretch
            One of `stretches`.
        start : int
            The first row, counted in the stretch.
        columns : sequence of str, optional
            The columns to decode, in this order.
        rows : int
            How many at most at a time.

        Raises
        ------
        FileError
            A file is damaged, or changed since it was opened.
        ColumnError
            There is no such column.
        """
        if rows < 1:
            raise SettingError(f"rows is 1 or more, found {rows}")
        names = self.names if columns is None else tuple(columns)
        self._check_known(names)
        part = self.parts[stretch.part]
        row = start
        for batch in _unchanged(part, part.read(stretch.key, start, names, rows)):
            if row + batch.table.n_rows > stretch.rows:
                raise _changed(part)
            first = stretch.first + row
            yield batch._replace(table=self.planned(batch.table, first), first=first)
            row += batch.table.n_rows
        if row != max(stretch.rows, start):
            raise _changed(part)

    def __iter__(self) -> Iterator[Batch]:
        """Yield all rows in order, 65,536 at a time, however they are split into files."""
        return self.regrouped(ROWS_AT_ONCE)

    def regrouped(
        self, rows: int, columns: Sequence[str] | None = None, within: range | None = None
    ) -> Iterator[Batch]:
        """Yield all rows in order, or those of these numbers, so many at a time; the last batch has what is left."""
        if rows < 1:
            raise SettingError(f"rows is 1 or more, found {rows}")
        waiting: list[Batch] = []
        count = 0
        for batch in self._rows_of(range(self.n_rows) if within is None else within, columns, rows):
            while batch.table.n_rows:
                taken, batch = split(batch, rows - count)
                waiting.append(taken)
                count += taken.table.n_rows
                if count == rows:
                    yield together(waiting)
                    waiting, count = [], 0
        if waiting:
            yield together(waiting)

    def _rows_of(self, within: range, columns: Sequence[str] | None, rows: int) -> Iterator[Batch]:
        """Yield the rows of these numbers, of no more stretches than have them."""
        for stretch in self.stretches:
            start, left = max(within.start - stretch.first, 0), within.stop - stretch.first
            if start >= min(stretch.rows, left):
                continue
            for batch in self.tables(stretch, start=start, columns=columns, rows=rows):
                batch, _ = split(batch, within.stop - batch.first)
                yield batch
                if batch.first + batch.table.n_rows >= within.stop < stretch.first + stretch.rows:
                    break

    def whole(self) -> Table:
        """Return all rows in memory."""
        return self.everything().table

    def gathered(self, tables: Iterable[Table]) -> Table:
        """Return all rows as one table, from tables as the parts give them."""
        whole, first = Joined(self.n_rows), 0
        for table in tables:
            whole.add(self.planned(table, first))
            first += table.n_rows
        return whole.table()

    def everything(self) -> Batch:
        """Return all rows in memory, with the targets and weights that batches bring."""
        rows, y, weights = Joined(self.n_rows), list[Any](), list[Any]()
        for batch in (one for stretch in self.stretches for one in self.tables(stretch)):
            rows.add(batch.table)
            y += [] if batch.y is None else [batch.y]
            weights += [] if batch.weights is None else [batch.weights]
        return Batch(rows.table(), np.concatenate(y) if y else None, np.concatenate(weights) if weights else None)

    def check_unchanged(self) -> None:
        """Raise a FileError for a file whose size or time of modification is not as it was when it was opened."""
        for part in self.parts:
            part.check_unchanged()

    def take(self, rows: NDArray[np.int64]) -> Table:
        """Return some rows in memory, by their numbers in ascending order; of no more stretches than have them."""
        found: list[Table] = []
        for stretch in self.stretches:
            low, high = np.searchsorted(rows, (stretch.first, stretch.first + stretch.rows))
            for batch in self.tables(stretch, start=int(rows[low]) - stretch.first) if low < high else ():
                end = np.searchsorted(rows, batch.first + batch.table.n_rows)
                if low < end:
                    found.append(batch.table.take(rows[low:end] - batch.first))
                low = max(low, end)
                if low >= high:
                    break
        if not found:
            raise DataError("no rows asked for: one or more expected")
        return replace(joined(found), row_numbers=rows)

    def place_of(self, row: int, first: int = 0) -> str:
        """Return where a row stands: "a.csv, line 12", "b.parquet, row 17 (row 1,017 in all)".

        Parameters
        ----------
        row : int
            Counted from 0.
        first : int
            The number that the first row has in the answer, for readers who count from 1.
        """
        stretch = next((one for one in self.stretches if one.first <= row < one.first + one.rows), None)
        if stretch is None:
            raise DataError(f"no row {row:,}: there are {self.n_rows:,}, counted from 0")
        before = min(one.first for one in self.stretches if one.part == stretch.part)
        part = self.parts[stretch.part]
        found = where_in(part, row - before, first)
        in_all = f" (row {row + first:,} in all)" if found.startswith("row") and before else ""
        return f"{part.name}, {found}{in_all}"

    def _check_known(self, names: Sequence[str]) -> None:
        if not names:
            raise ColumnError("no columns asked for: one or more expected")
        for name in names if names is not self.names else ():
            if name not in self.names:
                raise ColumnError(
                    f"no column {name!r}.{nearest(name, self.names)} The columns are {listed(self.names)}"
                )

    def planned(self, table: Table, first: int) -> Table:
        """Return rows of a part as those of the run: every column of its kind, the first row with this number."""
        if table.matrix is not None:
            return replace(table, row_numbers=first, reading=self.reading)
        columns = tuple(fitted(as_planned(one, self._written), self._kinds[one.name]) for one in table.columns)
        return replace(table, columns=columns, row_numbers=first, reading=self.reading)


def _stretches(parts: Sequence[Part]) -> tuple[Stretch, ...]:
    spans = [(i, span) for i, part in enumerate(parts) for span in part.spans]
    firsts = accumulate((span.rows for _, span in spans), initial=0)
    return tuple(Stretch(first, span.rows, i, span.key) for first, (i, span) in zip(firsts, spans, strict=False))


def split(batch: Batch, rows: int) -> tuple[Batch, Batch]:
    """Return the first rows of a batch, at most so many, and the others."""
    if batch.table.n_rows <= rows:
        return batch, batch._replace(table=batch.table.take(slice(0, 0)))
    head, tail = slice(0, rows), slice(rows, None)
    y, w = batch.y, batch.weights
    return (
        Batch(batch.table.take(head), None if y is None else y[head], None if w is None else w[head], batch.first),
        Batch(
            batch.table.take(tail), None if y is None else y[tail], None if w is None else w[tail], batch.first + rows
        ),
    )


def together(batches: Sequence[Batch]) -> Batch:
    """Return neighbouring batches as one."""
    if len(batches) == 1:
        return batches[0]
    first = batches[0]
    y = None if first.y is None else np.concatenate([one.y for one in batches])
    weights = None if first.weights is None else np.concatenate([one.weights for one in batches])
    return Batch(joined([one.table for one in batches]), y, weights, first.first)


def _unchanged(part: Part, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches of a part; that it changed is said rather than what is wrong with it because of that."""
    part.check_unchanged()
    try:
        yield from batches
    except FileError:
        part.check_unchanged()
        raise
    part.check_unchanged()


def _changed(part: Part) -> FileError:
    part.check_unchanged()
    return FileError(f"{part.name}: other rows than when it was opened; {part.changed}")


def megabytes(size: int) -> str:
    """Return a number of bytes as text."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000  # type: ignore[assignment]
    return f"{size} bytes" if unit == "bytes" else f"{size:,.1f} {unit}"
