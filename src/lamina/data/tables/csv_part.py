"""CSV files as parts: a plain file is read by ranges of bytes that end with a record; others in one go."""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Any, NamedTuple, NoReturn

from lamina.data.tables.columns import Column
from lamina.data.tables.csv_bytes import as_utf8
from lamina.data.tables.csv_cells import read_cells
from lamina.data.tables.csv_chunks import in_records, lines_in
from lamina.data.tables.csv_dialect import UTF_8, Dialect, check_bytes, numbered_rows, options, rows_within
from lamina.data.tables.file_formats import COMPRESSED
from lamina.data.tables.kinds import Sighting, sighted
from lamina.data.tables.parts import CHANGED, Span, damaged
from lamina.data.tables.table import Batch, of_columns
from lamina.data.tables.table_files import TableFile
from lamina.data.tables.uris import open_anywhere
from lamina.errors import FileError

CHUNK_BYTES = 2**23  # that are read and parsed together
LINE_END = re.compile(rb"\r\n|\r|\n")
ALL = -1  # the key of a file in one span


class Chunk(NamedTuple):
    """Whole records of a file."""

    start: int  # its first byte; of what is decompressed or decoded, where that is to be done
    stop: int
    line: int  # the number of its first line, from 1
    rows: int = 0


class CsvPart:
    """The rows of a CSV file.

    Attributes
    ----------
    types : dict of str to pyarrow.DataType
        By name; set by who opens the file.
    skipping : bool
        Whether rows of another number of cells than the header are left out.
    """

    changed = CHANGED

    def __init__(self, file: TableFile, dialect: Dialect, skipping: bool) -> None:
        self.file, self.name, self.dialect, self.skipping = file, file.name, dialect, skipping
        self.names = dialect.names
        self.types: dict[str, Any] = {}
        self.chunks: list[Chunk] = []
        compressed = file.path.lower().endswith(tuple(COMPRESSED.values()))
        self.in_ranges = not compressed and dialect.encoding.lower() in UTF_8

    @property
    def spans(self) -> list[Span]:
        """The chunks of a plain file, else all rows."""
        if self.in_ranges:
            return [Span(one.rows, i) for i, one in enumerate(self.chunks) if one.rows]
        rows = sum(one.rows for one in self.chunks)
        return [Span(rows, ALL)] if rows else []

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""
        import pyarrow as pa

        return {name: sighted(self.types.get(name, pa.null()), repr(self.name)) for name in self.names}

    def found_chunks(self) -> Iterator[tuple[Chunk, bytes]]:
        """Yield the chunks of the file, whose rows are not counted yet, and their bytes."""
        dialect = self.dialect
        blocks = as_utf8(dialect.path, dialect.encoding, max(CHUNK_BYTES, dialect.block))
        start, line = 0, 1
        for data in in_records(blocks, dialect.separator, dialect.quotes > 0):
            if line == 1:
                end, line = self._end_of_header(data)
                start, data = end, data[end:]
                if not data:
                    continue
            yield Chunk(start, start + len(data), line), data
            start += len(data)
            line += lines_in(data)

    def _end_of_header(self, data: bytes) -> tuple[int, int]:
        """Return where the first row begins, and the number of its line."""
        text = StringIO(data.decode("utf-8-sig", "replace"), newline="")
        for _ in range(self.dialect.skipped):
            text.readline()
        next(rows_within(self.dialect, text, 1))
        line = lines_in(text.getvalue()[: text.tell()].encode()) + 1
        ends = (one.end() for one in LINE_END.finditer(data))
        return next(islice(ends, line - 2, None), len(data)), line

    def known_chunks(self, start: int = 0) -> Iterator[tuple[Chunk, bytes]]:
        """Yield the chunks of the file, from one of them on, and their bytes."""
        if self.in_ranges:
            yield from ((chunk, self.bytes_of(chunk)) for chunk in self.chunks[start:])
            return
        found = self.found_chunks()
        for i, chunk in enumerate(self.chunks):
            at, data = next(found, (None, b""))
            if at is None or (at.start, at.stop) != (chunk.start, chunk.stop):
                self._changed()
            if i >= start:
                yield chunk, data

    def bytes_of(self, chunk: Chunk) -> bytes:
        """Return the bytes of a range."""
        with damaged(repr(self.name), "CSV"), open_anywhere(self.file.path) as opened:
            opened.seek(chunk.start)
            data: bytes = opened.read(chunk.stop - chunk.start)
        if len(data) != chunk.stop - chunk.start:
            self._changed()
        return data

    def parsed(
        self, chunk: Chunk, data: bytes, types: dict[str, Any], names: Sequence[str] = (), plain: bool = False
    ) -> tuple[Any, int]:
        """Return the rows of a chunk as a pyarrow table, and how many were left out.

        Parameters
        ----------
        chunk, data : Chunk, bytes
        types : dict of str to pyarrow.DataType
            By name; of others the type is found.
        names : sequence of str
            The columns to read; none: all.
        plain : bool
            Whether words for missing values are to stay where they are.

        Raises
        ------
        pyarrow.ArrowInvalid
            A cell is not of its column's type.
        FileError
            A row of another number of cells, or no text.
        """
        import pyarrow as pa
        import pyarrow.csv as pa_csv

        bad: list[Any] = []

        def handle(row: Any) -> str:
            if row.text is not None and not row.text.strip():
                return "skip"
            bad.append(row)
            return "skip" if self.skipping else "error"

        asked = options(self.dialect, types, list(names))
        asked["parse_options"].invalid_row_handler = handle
        asked["convert_options"].strings_can_be_null &= not plain
        reading = asked["read_options"]
        reading.skip_rows, reading.column_names = 0, list(self.names)
        if self.dialect.quotes and self.dialect.returns:
            # of a line feed at the start of a block behind a carriage return pyarrow thinks that it ends the same line
            reading.block_size = len(data) + 1
        try:
            table = pa_csv.read_csv(pa.BufferReader(data), **asked)
        except (pa.ArrowInvalid, UnicodeError) as error:
            if "straddling" in str(error) and reading.block_size <= len(data):
                bad.clear()
                reading.block_size = len(data) + 1
                table = pa_csv.read_csv(pa.BufferReader(data), **asked)
            elif "conversion error to" in str(error) and "invalid UTF8" not in str(error):
                raise
            else:
                self.explain(chunk, data, error)
        if any(pa.types.is_binary(kind) for kind in table.schema.types):
            self.explain(chunk, data, None)
        return table, len(bad)

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """See `lamina.data.tables.parts.Part`."""
        import pyarrow as pa

        first = 0 if key == ALL else key
        last = len(self.chunks) - 1 if key == ALL else key
        while first < last and start >= self.chunks[first].rows:
            start -= self.chunks[first].rows
            first += 1
        types = {name: self.types[name] for name in names if name in self.types}
        for chunk, data in self.known_chunks(first):
            try:
                table, _ = self.parsed(chunk, data, types, names)
            except pa.ArrowInvalid as error:
                self.check_unchanged()
                self.explain(chunk, data, error)
            if table.num_rows != chunk.rows:
                self._changed()
            for at in range(start, table.num_rows, rows):
                part = table.slice(at, rows)
                yield Batch(of_columns(self.columns_of(part, names)))
            start = 0
            if first == last:
                return
            first += 1

    def columns_of(self, table: Any, names: Sequence[str]) -> list[Column]:
        """Return the columns of rows that were parsed."""
        return [read_cells(name, table[name], self.dialect) for name in names]

    def check_unchanged(self) -> None:
        """See `lamina.data.tables.parts.Part`."""
        self.file.check_unchanged()

    def _changed(self) -> NoReturn:
        self.file.check_unchanged()
        raise FileError(f"{self.name}: other rows than when it was opened; {self.changed}")

    def line(self, row: int) -> int | None:
        """See `lamina.data.tables.parts.Part`."""
        i = 0
        while i < len(self.chunks) - 1 and row >= self.chunks[i].rows:
            row -= self.chunks[i].rows
            i += 1
        chunk, data = next(self.known_chunks(i))
        try:
            for n, (line, _) in enumerate(self.good_rows(chunk, data)):
                if n == row:
                    return line
        except csv.Error:  # a cell longer than Python's parser takes
            pass
        return None

    def good_rows(self, chunk: Chunk, data: bytes) -> Iterator[tuple[int, list[str]]]:
        """Yield line and cells of the rows that count; slow, for looking one up."""
        yield from (one for one in self._rows(chunk, data) if not self.skipping or len(one[1]) == len(self.names))

    def _rows(self, chunk: Chunk, data: bytes) -> Iterator[tuple[int, list[str]]]:
        yield from rows_within(self.dialect, StringIO(data.decode("utf-8", "replace"), newline=""), chunk.line)

    def check_quotes(self) -> None:
        """Raise a FileError for a quote that is never closed: everything after it would be one cell."""
        if self.dialect.quotes % 2 == 0:
            return
        line = 1
        try:
            for line, _ in numbered_rows(self.dialect):  # noqa: B007
                pass
        except csv.Error:
            raise FileError(f"{self.name!r}: a quote after line {line} is never closed") from None

    def first_bad(self, chunk: Chunk, data: bytes) -> tuple[int, str]:
        """Return the line of the first row of another number of cells than the header, and what is wrong with it."""
        width, line = len(self.names), chunk.line - 1
        try:
            for line, row in self._rows(chunk, data):
                if len(row) != width and "".join(row).strip():
                    start = self.dialect.separator.join(row)[:60]
                    return line, f"{width} fields expected, as in the header, found {len(row)}: {start!r}"
        except csv.Error as fault:
            return line + 1, f"{fault} (an open quote?)"
        return 0, ""

    def explain(self, chunk: Chunk, data: bytes, error: Exception | None) -> NoReturn:
        """Raise the FileError for what pyarrow could not read, with the line of the file."""
        check_bytes(self.dialect.path, self.dialect.encoding)
        line, words = self.first_bad(chunk, data)
        if not words:
            raise FileError(f"{self.name!r}: {' '.join(str(error).split())}") from error
        cure = ". Correct the file, or read it with on_error='skip'" if "fields" in words else ""
        raise FileError(f"{self.name!r}, line {line}: {words}{cure}") from error
