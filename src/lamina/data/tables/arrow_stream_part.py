"""Whatever gives its rows as an Arrow stream, anew each time it is asked: relations of DuckDB, polars' lazy frames."""

from collections.abc import Iterator, Sequence
from typing import Any

from lamina.data.tables.kinds import Sighting
from lamina.data.tables.parts import Span, damaged, sightings, tables_of
from lamina.data.tables.table import Batch
from lamina.errors import DataError


class ArrowStreamPart:
    """The rows of an object with `__arrow_c_stream__`, or of a lazy frame of polars."""

    changed = "every time it is read it is to give the same rows (of a query: sort them)"

    def __init__(self, source: Any) -> None:
        import pyarrow as pa

        if isinstance(source, pa.RecordBatchReader):
            raise DataError(
                "a RecordBatchReader can be read only once, and rows are read several times: pass what it was made of, "
                "or a function without arguments that returns a new one"
            )
        self.name, self._source = f"the {type(source).__name__}", source
        with damaged(self.name, "stream"):
            schema = self._opened(1)[0]
            self._seen = sightings(schema, self.name)
            self.names = tuple(self._seen)
            rows = sum(batch.num_rows for batch in self._opened(2**16)[1])
        self.spans = [Span(rows, None)] if rows else []

    def _opened(self, rows: int, names: Sequence[str] | None = None) -> tuple[Any, Iterator[Any]]:
        """Return the schema and the record batches; of a lazy frame only these columns are computed."""
        import pyarrow as pa

        if not is_lazy(self._source):
            reader = pa.RecordBatchReader.from_stream(self._source)
            return reader.schema, iter(reader)
        frame = self._source if names is None else self._source.select(list(names))
        schema = frame.collect_schema().to_frame(eager=True).to_arrow().schema
        return schema, _batches(frame, rows)

    def seen(self) -> dict[str, Sighting]:
        """Return what each column holds."""
        return self._seen

    def read(self, key: Any, start: int, names: Sequence[str], rows: int) -> Iterator[Batch]:
        """See `lamina.data.tables.parts.Part`."""
        yield from tables_of(self._arrow(names, rows), names, start, rows, frozenset())

    def _arrow(self, names: Sequence[str], rows: int) -> Iterator[Any]:
        with damaged(self.name, "stream"):
            for batch in self._opened(rows, names)[1]:
                yield batch.select(list(names))

    def check_unchanged(self) -> None:
        """Do nothing: another number of rows is noticed."""

    def line(self, row: int) -> None:
        """See `lamina.data.tables.parts.Part`."""


def is_lazy(source: Any) -> bool:
    """Return whether this is a lazy frame of polars."""
    return type(source).__module__.partition(".")[0] == "polars" and type(source).__name__ == "LazyFrame"


def _batches(frame: Any, rows: int) -> Iterator[Any]:
    """Yield the record batches of a lazy frame, computed piece by piece where its version can."""
    if hasattr(frame, "collect_batches"):
        for piece in frame.collect_batches(chunk_size=rows, maintain_order=True):
            yield from piece.to_arrow().to_batches()
    else:
        yield from frame.collect().to_arrow().to_batches()
