"""Arrow files as parts: of the file format runs of record batches are spans, of the stream format all rows are one."""

from collections.abc import Iterator, Sequence
from typing import Any

from lamina.data.tables.file_formats import Format
from lamina.data.tables.kinds import Sighting
from lamina.data.tables.parts import CHANGED, Span, damaged, merged, sightings, tables_of
from lamina.data.tables.table import Batch
from lamina.data.tables.table_files import TableFile
from lamina.data.tables.uris import open_anywhere


class ArrowPart:
    """The rows of an Arrow or Feather file."""

    changed = CHANGED

    def __init__(self, file: TableFile, kind: Format) -> None:
        import pyarrow as pa

        self.file, self.name, self._kind = file, file.name, kind
        with damaged(repr(self.name), kind), open_anywhere(file.path) as opened:
            schema = (pa.ipc.open_stream if self._streamed else pa.ipc.open_file)(opened).schema
            self._seen = sightings(schema, repr(self.name))
            self.names = tuple(self._seen)
            self._place = {name: i for i, name in enumerate(schema.names)}
            narrow = min(range(len(schema)), key=lambda i: _width(schema.field(i).type), default=None)
            counts = [batch.num_rows for batch in self._batches([] if narrow is None else [narrow])]
        runs = [(sum(counts), 0, len(counts))] if self._streamed and sum(counts) else merged(counts)
        self.spans = [Span(rows, (first, end)) for rows, first, end in ([] if not sum(counts) else runs)]

    @property
    def _streamed(self) -> bool:
        return self._kind == "arrow stream"

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""
        return self._seen

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """See `lamina.data.tables.parts.Part`."""
        yield from tables_of(self._checked(range(*key), names), names, start, rows, frozenset())

    def _checked(self, numbers: range, names: Sequence[str]) -> Iterator[Any]:
        with damaged(repr(self.name), self._kind):
            for batch in self._batches(sorted(self._place[name] for name in names), numbers):
                batch.validate(full=True)
                yield batch

    def _batches(self, fields: list[int], numbers: range | None = None) -> Iterator[Any]:
        """Yield record batches of some fields, by their places."""
        import pyarrow as pa

        options = pa.ipc.IpcReadOptions(included_fields=fields)
        with open_anywhere(self.file.path) as opened:
            if self._streamed:
                yield from pa.ipc.open_stream(opened, options=options)
                return
            reader = pa.ipc.open_file(opened, options=options)
            for i in range(reader.num_record_batches) if numbers is None else numbers:
                yield reader.get_batch(i)

    def check_unchanged(self) -> None:
        """See `lamina.data.tables.parts.Part`."""
        self.file.check_unchanged()

    def line(self, row: int) -> None:
        """See `lamina.data.tables.parts.Part`."""


def _width(kind: Any) -> int:
    """Return the bits of a value; those that have no fixed number last."""
    try:
        return int(kind.bit_width)
    except ValueError:
        return 2**31
