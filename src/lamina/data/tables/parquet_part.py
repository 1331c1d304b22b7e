"""Parquet files as parts: spans are row groups, small ones together; only the columns asked for are decoded."""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

from lamina.data.tables.arrow import is_text
from lamina.data.tables.kinds import Sighting
from lamina.data.tables.parts import CHANGED, Span, damaged, merged, sightings, tables_of
from lamina.data.tables.table import Batch
from lamina.data.tables.table_files import TableFile
from lamina.data.tables.uris import open_anywhere

# A buffer per column, not whole row groups ahead: memory does not grow with the file, nor with its row groups.
IN_PIECES: dict[str, Any] = {"buffer_size": 2**18, "pre_buffer": False}


DICTIONARY_BYTES, BYTES_OF_A_CODE = 2**21, 3


@lru_cache(maxsize=16)
def _metadata(file: TableFile) -> Any:
    import pyarrow.parquet as pq

    with open_anywhere(file.path) as opened:
        return pq.read_metadata(opened)


def _large(metadata: Any, names: set[str]) -> set[str]:
    """Return the columns with more different values in some row group than its dictionary has room for.

    Read as dictionaries, they would be in memory as a whole.
    """
    leaves = {metadata.schema.column(j).path: j for j in range(metadata.num_columns)}
    found: set[str] = set()
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        most = DICTIONARY_BYTES + BYTES_OF_A_CODE * group.num_rows
        found |= {one for one in names - found if group.column(leaves[one]).total_uncompressed_size > most}
    return found


class ParquetPart:
    """The rows of a Parquet file."""

    changed = CHANGED

    def __init__(self, file: TableFile) -> None:
        import pyarrow.parquet as pq

        self.file, self.name = file, file.name
        with damaged(repr(self.name), "parquet"), open_anywhere(file.path) as opened:
            metadata = _metadata(file)
            schema = pq.ParquetFile(opened, metadata=metadata).schema_arrow
            self._groups = tuple(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
            text = {name for name, kind in zip(schema.names, schema.types, strict=True) if is_text(kind)}
            self._dictionaries = frozenset(text - _large(metadata, text))
        self._seen = sightings(schema, repr(self.name))
        self.names = tuple(self._seen)

    @cached_property
    def spans(self) -> list[Span]:
        """Runs of row groups."""
        return [Span(rows, (first, end)) for rows, first, end in merged(self._groups)]

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""
        return self._seen

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """See `lamina.data.tables.parts.Part`."""
        first, end = key
        while first < end - 1 and start >= self._groups[first]:
            start -= self._groups[first]
            first += 1
        yield from tables_of(self._arrow(range(first, end), names, rows), names, start, rows, self._dictionaries)

    def _arrow(self, groups: range, names: Sequence[str], rows: int) -> Iterator[Any]:
        import pyarrow.parquet as pq

        text = [name for name in names if name in self._dictionaries]
        with damaged(repr(self.name), "parquet"), open_anywhere(self.file.path) as opened:
            file = pq.ParquetFile(opened, metadata=_metadata(self.file), read_dictionary=text, **IN_PIECES)
            for batch in file.iter_batches(rows, list(groups), list(names)):
                batch.validate(full=True)
                yield batch

    def check_unchanged(self) -> None:
        """See `lamina.data.tables.parts.Part`."""
        self.file.check_unchanged()

    def line(self, row: int) -> None:
        """See `lamina.data.tables.parts.Part`."""
