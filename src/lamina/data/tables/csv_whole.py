"""Whole CSV files in memory, parsed once: the columns that the pass over them sees are kept."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lamina.data.tables.columns import Column
from lamina.data.tables.csv_part import CsvPart
from lamina.data.tables.table import Table, of_columns


class _Seen(NamedTuple):
    """The columns of a chunk, and the types that they had then."""

    columns: dict[str, Column]
    types: dict[str, Any]


class Kept:
    """The chunks of files as they were parsed."""

    def __init__(self) -> None:
        self._chunks: list[_Seen] = []

    def __call__(self, part: CsvPart, table: Any) -> None:
        """Keep the rows of a chunk."""
        columns = {column.name: column for column in part.columns_of(table, part.names)}
        self._chunks.append(_Seen(columns, dict(zip(table.schema.names, table.schema.types, strict=True))))

    def tables(self, parts: Sequence[CsvPart]) -> Iterator[Table]:
        """Yield the rows of all chunks, which are forgotten; columns whose type was widened later are parsed again."""
        self._chunks.reverse()
        for part in parts:
            stale = any(self._stale(part, seen) for seen in self._chunks[-len(part.chunks) :])
            again = part.known_chunks() if stale else iter(())
            for _ in part.chunks:
                seen = self._chunks.pop()
                chunk, data = next(again, (None, b""))
                names = self._stale(part, seen)
                if names and chunk is not None:
                    table, _ = part.parsed(chunk, data, {name: part.types[name] for name in names}, names)
                    seen.columns.update({column.name: column for column in part.columns_of(table, names)})
                yield of_columns(seen.columns[name] for name in parts[0].names)

    @staticmethod
    def _stale(part: CsvPart, seen: _Seen) -> list[str]:
        return [name for name, kind in seen.types.items() if name in part.types and kind != part.types[name]]
