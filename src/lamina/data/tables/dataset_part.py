"""A pyarrow data set as parts: one for each of its fragments, most often files; one for all where it is filtered."""

from collections.abc import Iterator, Sequence
from typing import Any

from lamina.data.tables.kinds import Sighting
from lamina.data.tables.parts import CHANGED, Span, damaged, merged, sightings, tables_of
from lamina.data.tables.table import Batch
from lamina.errors import FileError

BOUNDED: dict[str, Any] = {"batch_readahead": 2, "fragment_readahead": 1}


def parts_of_dataset(dataset: Any) -> list["DatasetPart"]:
    """Return the parts of a data set that have rows."""
    try:
        fragments = list(dataset.get_fragments())
    except ValueError:  # of a filtered one they are not to be had
        return [DatasetPart(dataset.schema, dataset)]
    return [part for part in (DatasetPart(dataset.schema, one) for one in fragments) if part.spans]


def size_of(parts: Sequence["DatasetPart"]) -> int | None:
    """Return the bytes of all files; nothing where some part is no file."""
    sizes = [part.size for part in parts]
    return None if None in sizes else sum(size or 0 for size in sizes)


class DatasetPart:
    """The rows of a data set or a fragment of one."""

    changed = CHANGED

    def __init__(self, schema: Any, source: Any) -> None:
        self._schema, self._source = schema, source
        self._path = getattr(source, "path", "")
        self.name = self._path.rpartition("/")[2] or "the data set"
        self._seen = sightings(schema, repr(self.name))
        self.names = tuple(self._seen)
        with damaged(repr(self.name), "data set's"):
            self._file = self._stat()
            self.spans = self._found_spans()

    def _found_spans(self) -> list[Span]:
        import pyarrow.dataset as ds

        if isinstance(self._source, ds.ParquetFileFragment):
            self._source.ensure_complete_metadata()
            counts = [one.num_rows for one in self._source.row_groups]
            ids = [one.id for one in self._source.row_groups]
            return [Span(rows, ids[first:end]) for rows, first, end in merged(counts)]
        rows = self._source.count_rows()
        return [Span(rows, None)] if rows else []

    @property
    def size(self) -> int | None:
        """The bytes of the file."""
        return self._file and self._file[1]

    def _stat(self) -> Any:
        if not self._path:
            return None
        info = self._source.filesystem.get_file_info(self._path)
        return info.type, info.size, info.mtime_ns

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""
        return self._seen

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """See `lamina.data.tables.parts.Part`."""
        yield from tables_of(self._arrow(key, list(names), rows), names, start, rows, frozenset())

    def _arrow(self, key: Any, names: list[str], rows: int) -> Iterator[Any]:
        import pyarrow.dataset as ds

        asked: dict[str, Any] = {"columns": names, "batch_size": rows, **BOUNDED}
        with damaged(repr(self.name), "data set's"):
            if isinstance(self._source, ds.Dataset):
                scanner = self._source.scanner(**asked)
            else:
                source = self._source if key is None else self._source.subset(row_group_ids=key)
                scanner = ds.Scanner.from_fragment(source, schema=self._schema, **asked)
            yield from scanner.to_batches()

    def check_unchanged(self) -> None:
        """See `lamina.data.tables.parts.Part`."""
        if self._stat() != self._file:
            raise FileError(f"{self.name} changed while it was being read (size or time of modification): start again")

    def line(self, row: int) -> None:
        """See `lamina.data.tables.parts.Part`."""
