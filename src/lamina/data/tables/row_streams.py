"""Placeholder: Parquet files as a stream."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from glob import glob
from typing import Any, NamedTuple

from lamina.data.tables.arrow import from_arrow_table
from lamina.data.tables.joining import joined_tables
from lamina.data.tables.reading import Reading
from lamina.data.tables.streams import regrouped
from lamina.data.tables.table import Batch, Table, of_columns


class Stretch(NamedTuple):
    first: int
    rows: int
    path: str
    group: int


class RowStream:
    def __init__(self, paths: list[str], reading: Reading | None) -> None:
        import pyarrow.parquet as pq

        self.reading = reading or Reading()
        found, first = [], 0
        self._stats = [os.stat(path) for path in paths]
        self._paths = paths
        for path in paths:
            with pq.ParquetFile(path) as file:
                self.names: tuple[str, ...] = tuple(file.schema_arrow.names)
                for g in range(file.num_row_groups):
                    n = file.metadata.row_group(g).num_rows
                    found.append(Stretch(first, n, path, g))
                    first += n
        self.stretches = tuple(found)
        self.n_rows = first
        self.n_bytes: int | None = sum(s.st_size for s in self._stats)
        self.described = f"{len(paths)} Parquet files"

    def _arrow(self, stretch: Stretch, columns: Any, rows: int) -> Iterator[Any]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(stretch.path, buffer_size=2**18, pre_buffer=False) as file:
            yield from file.iter_batches(batch_size=rows, row_groups=[stretch.group], columns=columns)

    def tables(
        self, stretch: Stretch, *, start: int = 0, columns: Sequence[str] | None = None, rows: int = 65_536
    ) -> Iterator[Batch]:
        at = 0
        for arrow in self._arrow(stretch, columns and list(columns), rows):
            skip = max(min(start - at, arrow.num_rows), 0)
            part = arrow.slice(skip)
            if part.num_rows:
                first = stretch.first + at + skip
                yield self._batch(part, first)
            at += arrow.num_rows

    def _batch(self, arrow: Any, first: int) -> Batch:
        columns = [replace(column, unread=False) for column in from_arrow_table(arrow)]
        return Batch(replace(of_columns(columns, first), reading=self.reading), None, None, first)

    def __iter__(self) -> Iterator[Batch]:
        first = 0
        for arrow in regrouped((a for s in self.stretches for a in self._arrow(s, None, 65_536)), 65_536):
            yield self._batch(arrow, first)
            first += arrow.num_rows

    def check_unchanged(self) -> None: ...

    def place_of(self, row: int) -> str:
        return f"row {row}"

    def whole(self) -> Table:
        return joined_tables([batch.table for batch in self])


def rows_of(source: Any, *, reading: Reading | None = None, on_error: str = "raise") -> RowStream:
    return RowStream(sorted(glob(os.path.join(source, "*.parquet"))) if os.path.isdir(source) else [source], reading)


def is_stream(source: Any) -> bool:
    return isinstance(source, str | os.PathLike) and (os.path.isdir(source) or str(source).endswith(".parquet"))
