"""Rows of the user's files, and where in a file a fault is, as its reader counts: lines from 1, the header included."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from lamina.cli.files import shown
from lamina.data.tables.file_formats import find_format
from lamina.data.tables.reading import Reading
from lamina.data.tables.row_streams import RowStream, rows_of
from lamina.data.tables.sources import place_of, read
from lamina.data.tables.table import Table
from lamina.errors import ColumnError, DataError, FileError, LaminaError, nearest

ROWS_AT_ONCE = 16_384
AS_IT_IS = Reading()
IN_COLUMN = re.compile(r"\bcolumn '((?:[^'\\]|\\.)*)'")
IN_ROW = re.compile(r"(?:,| in| is|\() ?row (\d+)\b")


class Place(NamedTuple):
    """A file, or a stream of them, whose rows are part of a larger numbering."""

    file: Path | RowStream
    first: int = 0  # the number of its first row
    reading: Reading = AS_IT_IS

    def of(self, row: int) -> str:
        """Return where a row stands, counted from 0: "people.csv, line 7"."""
        return self.file.place_of(row, 1) if isinstance(self.file, RowStream) else f"{self.file}, {line_of(self, row)}"

    @property
    def shown(self) -> str:
        """The file, or what the stream is of."""
        return self.file.described if isinstance(self.file, RowStream) else str(self.file)


def placed(where: Path | RowStream, reading: Reading) -> Place:
    """Return the place of rows that begin with number 0."""
    return Place(where, 0, reading)


def in_stream(stream: RowStream) -> AbstractContextManager[None]:
    """Let errors that name a row of a stream name file, line and column instead."""
    return located(placed(stream, stream.reading))


def all_of(file: Path, reading: Reading = AS_IT_IS) -> Table:
    """Return the rows of a file.

    Raises
    ------
    FileError
        It cannot be read, whatever the library below says of it.
    """
    with _whatever_is_wrong(file):
        return read(file, reading=reading)


def stream_of(files: Sequence[str], reading: Reading = AS_IT_IS) -> RowStream:
    """Return the rows of files, folders and globs, to be read piece by piece.

    Raises
    ------
    FileError
        They cannot be read, whatever the library below says of it.
    """
    with _whatever_is_wrong(shown(files)):
        return rows_of(files[0] if len(files) == 1 else list(files), reading=reading)


def pieces_of(stream: RowStream, columns: Sequence[str]) -> Iterator[Table]:
    """Yield the rows piece by piece, in constant memory; of the columns only these, where all of them are there."""
    wanted = list(dict.fromkeys(columns))
    pieces = stream.regrouped(ROWS_AT_ONCE, wanted if set(wanted) <= set(stream.names) else None)
    while True:
        with _whatever_is_wrong(stream.described):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece.table


@contextmanager
def _whatever_is_wrong(file: Path | str) -> Iterator[None]:
    try:
        yield
    except (LaminaError, MemoryError):
        raise
    except Exception as problem:
        raise FileError(f"{file} cannot be read: {' '.join(str(problem).split())}") from problem


def column_of(table: Table, name: str, file: Path | str, option: str) -> Any:
    """Return the values of a column that an option names.

    Raises
    ------
    ColumnError
        There is none (the message gives the nearest name).
    """
    if name not in table.names:
        found = f"{file} has no column {name!r}.{nearest(name, table.names)} It has {_listed(table.names)}"
        raise ColumnError(f"{option}: {found}")
    return table.column(name)


def weights_of(table: Table, name: str, file: Path | str) -> Any:
    """Return the weights of the rows.

    Raises
    ------
    DataError
        There is no such column, or it holds no numbers.
    """
    weights = column_of(table, name, file, "--weights")
    kind = table.at(table.names.index(name)).kind
    if kind not in ("number", "boolean"):
        held = "dates" if kind == "date" else "text"
        raise DataError(f"--weights: column {name!r} of {file} holds {held}: numbers of at least 0 expected")
    return weights


def _listed(names: Sequence[str], most: int = 20) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f", ... ({more} more)" if more > 0 else "")


@contextmanager
def located(*places: Place, column: str | None = None) -> Iterator[None]:
    """Let errors that name a row name file, line and column instead.

    Parameters
    ----------
    *places : Place
        The files that the rows came from, in the order of the numbers of their first rows.
    column : str, optional
        The column that is looked at, where the errors do not know it.
    """
    try:
        yield
    except (FileError, MemoryError):
        raise
    except DataError as problem:
        raise in_file(problem, places, column) from problem


def in_file(problem: DataError, places: Sequence[Place], column: str | None = None) -> DataError:
    """Return the same error with file, line and column in front."""
    message = str(problem)
    rows = [int(one) for one in IN_ROW.findall(message)]
    named = IN_COLUMN.search(message)
    column = column if named is None else named[1]
    if not rows and column is None and len(places) > 1:
        return problem
    row = rows[-1] if rows else 0
    place = max((one for one in places if one.first <= row), key=lambda one: one.first, default=places[0])
    where = place.of(row - place.first) if rows else place.shown
    start = ", ".join([where, *([] if column is None else [f"column {column!r}"])])
    return type(problem)(f"{start}: {_without_place(message)}")


def _without_place(message: str) -> str:
    """Return what is wrong, without the words that say where."""
    for pattern, words in (
        (r"^(Input [Xy]|y|column '(?:[^'\\]|\\.)*') (?=holds|held|contains)", ""),
        (r":? column '(?:[^'\\]|\\.)*', row \d+", ""),
        (r", the first is row \d+", ", this is the first"),
        (r",? in row \d+", ""),
    ):
        message = re.sub(pattern, words, message)
    return message


def line_of(place: Place, row: int) -> str:
    """Return where a row stands, counted from 0: "line 7" of a CSV file, else "row 6" counted from 1."""
    assert isinstance(place.file, Path)
    is_csv = find_format(str(place.file)) == "csv"
    return place_of(place.file, place.reading, row) if is_csv else f"row {row + 1}"
