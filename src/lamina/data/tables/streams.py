"""Tables of files: one whole, or a run of tables of so many rows, read again each time it is asked for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from lamina.data.tables.arrow import from_arrow, from_arrow_table, is_text
from lamina.data.tables.cells import LOOKED_AT, Evidence, decided, hopeless, seen_so_far
from lamina.data.tables.columns import warn_of_alike
from lamina.data.tables.csv_dialect import Dialect, find_dialect, line_of, warn_of_header
from lamina.data.tables.csv_files import CsvColumns, as_planned, find_columns, read_csv, stream_csv
from lamina.data.tables.file_formats import Format, find_format, name_of
from lamina.data.tables.reading import Reading, Written
from lamina.data.tables.table import Table, check_unique, of_columns
from lamina.errors import FileError, LaminaError, NoRowsError, SettingError

CATEGORY = "To take it as text, make it a category, as with frame[{name!r}].astype('category')"
PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # row numbers that pandas writes beside the columns


def read_file(path: str, reading: Reading) -> Table:
    """Return the rows of a CSV, Parquet or Arrow file; see `lamina.data.tables.sources.read`."""
    kind = find_format(path)
    if kind == "csv":
        dialect = find_dialect(path, reading)
        if not reading.predicting:
            warn_of_header(dialect)
        columns, written = read_csv(dialect, reading)
        for column in columns:
            warn_of_alike(column)
        return replace(of_columns(columns), reading=_kept(reading, dialect, written))
    table = of_columns(from_arrow_table(_joined(path, list(_batches(path, kind)))))
    table = text_read(table, reading)
    if table.n_rows == 0:
        raise _no_rows(path, table.names)
    return table


def place_in_file(path: str, reading: Reading, row: int) -> str:
    """See `lamina.data.tables.sources.place_of`."""
    if find_format(path) != "csv":
        return f"row {row}"
    return line_of(find_dialect(path, reading), row)


def _kept(reading: Reading, dialect: Dialect, written: dict[str, Written]) -> Reading:
    """Return what later files of the same kind are read by."""
    if dialect.decimal == ",":
        reading = replace(reading, decimal=",")
    return reading.with_written(written)


def text_read(table: Table, reading: Reading) -> Table:
    """Return a table of typed columns, those of text that spells numbers or dates read: see cells.py."""
    for column in table.columns:
        warn_of_alike(column)
    if not any(column.unread for column in table.columns):
        return replace(table, reading=reading)
    unread = {one.name: seen_so_far(None, one, reading.missing_words) for one in table.columns if one.unread}
    written = decided(unread, reading, lambda row: f"row {table.row_number(row)}", CATEGORY)
    columns = tuple(as_planned(column, written, None) for column in table.columns)
    return replace(table, columns=columns, reading=reading.with_written(written))


def _no_rows(path: str, names: Sequence[str]) -> NoRowsError:
    listed = f"{', '.join(names[:5])}{', ...' * (len(names) > 5)}"
    return NoRowsError(f"{name_of(path)} has columns ({listed}) and no rows", names)


def _joined(path: str, batches: list[Any]) -> Any:
    import pyarrow as pa

    if not batches:
        raise _no_rows(path, _names_in(path))
    return pa.Table.from_batches(batches)


def _batches(path: str, kind: Format, rows: int = 65_536) -> Iterator[Any]:
    """Yield record batches of a Parquet or Arrow file."""
    import pyarrow as pa

    try:
        for batch in _parquet(path, rows) if kind == "parquet" else _arrow(path, kind):
            batch.validate(full=True)
            check_unique(batch.schema.names)
            yield batch.select([name for name in batch.schema.names if not PANDAS_INDEX.fullmatch(name)])
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
        raise FileError(f"{name_of(path)} is a {kind} file that is damaged or cut off: {said}") from error


def _parquet(path: str, rows: int) -> Iterator[Any]:
    import pyarrow.parquet as pq

    # A buffer per column, not whole row groups ahead: memory does not grow with the file, nor with its row groups.
    with pq.ParquetFile(path, buffer_size=2**18, pre_buffer=False) as file:
        yield from file.iter_batches(batch_size=rows)


def _names_in(path: str) -> list[str]:
    """Return the columns of a Parquet or Arrow file that has no rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = find_format(path)
    if kind == "parquet":
        names = pq.read_schema(path).names
    else:
        with pa.OSFile(path) as file:
            opened = pa.ipc.open_stream(file) if kind == "arrow stream" else pa.ipc.open_file(file)
            names = opened.schema.names
    return [name for name in names if not PANDAS_INDEX.fullmatch(name)]


def _arrow(path: str, kind: Format) -> Iterator[Any]:
    import pyarrow as pa

    with pa.OSFile(path) as file:  # no memory map: another program may write the file while it is read
        if kind == "arrow stream":
            yield from pa.ipc.open_stream(file)
            return
        reader = pa.ipc.open_file(file)
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)


class Stream:
    """The rows of a file as a run of tables, in constant memory; each `for` reads the file anew.

    Attributes
    ----------
    names : tuple of str
        The columns.
    rows : int
        The number of rows of each table, but the last.
    """

    def __init__(self, path: str, rows: int = 65_536, reading: Reading | None = None) -> None:
        if rows < 1:
            raise SettingError(f"rows is 1 or more, found {rows}")
        self.path = path
        self.rows = rows
        self.reading = Reading() if reading is None else reading
        self._kind = find_format(path)
        self._dialect: Dialect | None = None
        self._columns = CsvColumns({}, {})
        if self._kind == "csv":
            self._dialect = find_dialect(path, self.reading)
            if not self.reading.predicting:
                warn_of_header(self._dialect)
            self._columns = find_columns(self._dialect, self.reading)
            self.reading = _kept(self.reading, self._dialect, self._columns.written)
            self.names = self._dialect.names
        else:
            self.names = self._first_names()
            self._columns = CsvColumns({}, self._found_in_text())
            self.reading = self.reading.with_written(self._columns.written)

    def _found_in_text(self) -> dict[str, Written]:
        """Return how the columns of text are written that are numbers or dates to us."""
        evidence: dict[str, Evidence] = {}
        first = 0
        for batch in _batches(self.path, self._kind, self.rows):
            text = [name for name, kind in zip(batch.schema.names, batch.schema.types, strict=True) if is_text(kind)]
            for name in text:
                known = evidence.get(name)
                if known is None or first < LOOKED_AT or not hopeless(known):
                    column = from_arrow(name, batch[name])
                    evidence[name] = seen_so_far(known, column, self.reading.missing_words, first)
            if not text:
                return {}
            first += batch.num_rows
        return decided(evidence, self.reading, lambda row: f"row {row}", CATEGORY)

    def _first_names(self) -> tuple[str, ...]:
        for batch in _batches(self.path, self._kind, self.rows):
            if batch.num_rows:
                return tuple(batch.schema.names)
        raise _no_rows(self.path, _names_in(self.path))

    def __iter__(self) -> Iterator[Table]:
        """Yield the tables."""
        first = 0
        for arrow in regrouped(self._record_batches(), self.rows):
            written = self._columns.written
            columns = [as_planned(column, written, self._dialect) for column in from_arrow_table(arrow)]
            table = replace(of_columns(columns, first), reading=self.reading)
            yield table
            first += table.n_rows

    def _record_batches(self) -> Iterator[Any]:
        if self._dialect is None:
            yield from _batches(self.path, self._kind, self.rows)
            return
        for batch in stream_csv(self._dialect, self._columns.types):
            yield batch.rename_columns(list(self.names))


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
