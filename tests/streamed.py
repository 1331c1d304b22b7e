"""Tables of so many rows of a file, for tests of what reads them."""

from collections.abc import Iterator

from lamina.data.tables.reading import Reading, reading_of
from lamina.data.tables.row_streams import rows_of
from lamina.data.tables.table import Table


class stream:
    """The rows of a source, so many at a time; each `for` reads it anew."""

    def __init__(self, source, rows=65_536, *, reading: Reading | None = None, **options):
        self.run, self.rows = rows_of(source, reading=reading or reading_of(**options)), rows
        self.names = self.run.names

    def __iter__(self) -> Iterator[Table]:
        return (batch.table for batch in self.run.regrouped(self.rows))
