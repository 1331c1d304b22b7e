"""Tables of files: one whole, or a run of tables of so many rows, read again each time it is asked for."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from lamina.data.tables.arrow import from_arrow_table
from lamina.data.tables.csv_dialect import Dialect, find_dialect
from lamina.data.tables.csv_files import find_types, read_csv, stream_csv, tidy
from lamina.data.tables.file_formats import Format, find_format, name_of
from lamina.data.tables.table import Table, check_unique, of_columns
from lamina.errors import FileError, NoRowsError, SettingError

PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # row numbers that pandas writes beside the columns


def read_file(path: str, *, text: tuple[str, ...], encoding: str) -> Table:
    """Return the rows of a CSV, Parquet or Arrow file; see `lamina.data.tables.sources.read`."""
    kind = find_format(path)
    if kind == "csv":
        table = of_columns(read_csv(find_dialect(path, encoding), text))
    else:
        batches = list(_batches(path, kind))
        table = of_columns(from_arrow_table(_joined(path, batches)))
    if table.n_rows == 0:
        raise _no_rows(path, table.names)
    return table


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
            check_unique(batch.schema.names)
            yield batch.select([name for name in batch.schema.names if not PANDAS_INDEX.fullmatch(name)])
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{name_of(path)} is a {kind} file that is damaged or cut off: {error}") from error


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

    with pa.memory_map(path) as file:
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

    def __init__(self, path: str, rows: int = 65_536, *, text: tuple[str, ...] = (), encoding: str = "utf-8") -> None:
        if rows < 1:
            raise SettingError(f"rows is 1 or more, found {rows}")
        self.path = path
        self.rows = rows
        self._kind = find_format(path)
        self._dialect: Dialect | None = None
        self._types: dict[str, Any] = {}
        if self._kind == "csv":
            self._dialect = find_dialect(path, encoding)
            self._types = find_types(self._dialect, text)
        self.names = self._dialect.names if self._dialect else self._first_names()

    def _first_names(self) -> tuple[str, ...]:
        for batch in _batches(self.path, self._kind, self.rows):
            if batch.num_rows:
                return tuple(batch.schema.names)
        raise _no_rows(self.path, _names_in(self.path))

    def __iter__(self) -> Iterator[Table]:
        """Yield the tables."""
        first = 0
        for arrow in regrouped(self._record_batches(), self.rows):
            columns = from_arrow_table(arrow)
            if self._dialect is not None:
                columns = [tidy(column) for column in columns]
            table = of_columns(columns, first)
            yield table
            first += table.n_rows

    def _record_batches(self) -> Iterator[Any]:
        if self._dialect is None:
            yield from _batches(self.path, self._kind, self.rows)
            return
        for batch in stream_csv(self._dialect, self._types):
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
