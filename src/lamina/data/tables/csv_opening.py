"""The pass over CSV files that finds what each column is, over all of them, and where rows can be read on their own.

A column has the first of pyarrow's types that fits every cell of every file, as if the files were one and read whole.
Where a cell does not fit the type so far, the type is widened; what the rows before it say as text is looked up at the
end, as are columns that look like numbers and may be identifiers.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np

from lamina.data.tables.arrow import from_arrow
from lamina.data.tables.cells import LOOKED_AT, Evidence, decide, hopeless, seen_so_far, tell
from lamina.data.tables.csv_cells import tidy
from lamina.data.tables.csv_dialect import Dialect, options
from lamina.data.tables.csv_part import Chunk, CsvPart
from lamina.data.tables.csv_words import tell_of_rows, tell_of_words, words_bare, words_quoted
from lamina.data.tables.reading import Reading, Written

# A cell of each type that pyarrow infers: with it and another cell pyarrow says which type fits both.
EXAMPLES = {
    "null": "NA",
    "int64": "5",
    "bool": "true",
    "date32[day]": "2020-01-31",
    "time32[s]": "10:00:00",
    "timestamp[s]": "2020-01-31 10:00:00",
    "timestamp[ns]": "2020-01-31 10:00:00.5",
    "double": "0.5",
}
LARGEST_EXACT = 2.0**53  # whole numbers beyond are not all told apart by float64
PADDED, HEXADECIMAL = r"^\s*0[0-9xX]", r"^\s*[+-]?0[xX]"
CONVERSION = re.compile(r"In CSV column #(\d+): .*?CSV conversion error to (.+?): invalid value '(.*)'", re.DOTALL)
Place = Callable[[int], str]
Limits = tuple[float, float]
Keep = Callable[[CsvPart, Any], None]


def find_columns(
    parts: Sequence[CsvPart], reading: Reading, place: Place, called: str, keep: Keep | None = None
) -> dict[str, Written]:
    """Find chunks and types of all parts, and return how columns of text are written that are numbers or dates.

    Parameters
    ----------
    parts : sequence of CsvPart
        Their `chunks` and `types` are filled in.
    reading : Reading
    place : callable
        Where a row stands, counted over all parts.
    called : str
        What all parts together are called in messages.
    keep : callable, optional
        Given the rows of each chunk.
    """
    columns = _Columns(parts[0].names, reading)
    left_out: list[tuple[int, str, tuple[int, str]]] = []  # rows, file, and what is wrong with the first
    row = number = 0
    for part in parts:
        part.check_quotes()
        for chunk, data in part.found_chunks():
            table, bad = _parsed(columns, part, chunk, data, number)
            if bad:
                left_out.append((bad, part.name, part.first_bad(chunk, data)))
            columns.look(part, chunk, data, table, row, number)
            if keep is not None:
                keep(part, table)
            part.chunks.append(chunk._replace(rows=table.num_rows))
            row += table.num_rows
            number += 1
        part.check_unchanged()
    _look_back(columns, parts, number)
    for part in parts:
        part.types = {name: columns.types[name] for name in part.names if name in columns.types}
    tell_of_rows(left_out)
    return columns.written(place, called)


def _parsed(columns: "_Columns", part: CsvPart, chunk: Chunk, data: bytes, number: int) -> tuple[Any, int]:
    """Return the rows of a chunk, types widened where a cell asks for it, and how many were left out."""
    import pyarrow as pa

    while True:
        try:
            return part.parsed(chunk, data, columns.types)
        except pa.ArrowInvalid as error:
            unfit = CONVERSION.search(str(error))
            if unfit is None or unfit[2] not in EXAMPLES:
                part.explain(chunk, data, error)
            columns.widen(part.names[int(unfit[1])], part.dialect, unfit[2], unfit[3], number)


def _look_back(columns: "_Columns", parts: Sequence[CsvPart], chunks: int) -> None:
    """Read columns again as text: rows before the one that made text of them, and numbers that may be identifiers."""
    import pyarrow as pa

    suspects = columns.suspects()
    wanted = {name: first for name, first in columns.started.items() if first and columns.asked(name)}
    wanted |= dict.fromkeys(suspects, chunks)
    hexadecimal: set[str] = set()
    row = number = 0
    for part in parts:
        if number >= max(wanted.values(), default=0):
            break
        for chunk, data in part.known_chunks():
            names = [name for name, end in wanted.items() if number < end]
            if names:
                table, _ = part.parsed(chunk, data, dict.fromkeys(names, pa.string()), names)
                for name in names:
                    array = table[name]
                    columns.look_at_text(name, part, chunk, data, array, row, always=True)
                    if name in suspects and name not in hexadecimal and _any_matches(array, HEXADECIMAL):
                        hexadecimal.add(name)
            row += chunk.rows
            number += 1
    for name in suspects:
        if name in hexadecimal or columns.evidence[name].identifies:
            columns.types[name] = pa.string()
        else:
            columns.forget(name)


def _any_matches(array: Any, pattern: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(array, pattern)).as_py())


class _Columns:
    """What the columns are so far."""

    def __init__(self, names: Sequence[str], reading: Reading) -> None:
        import pyarrow as pa

        self.names, self.reading = tuple(names), reading
        asked = [name for name in names if name in reading.text or name in reading.written]
        self.types: dict[str, Any] = dict.fromkeys(asked, pa.string())
        self.started: dict[str, int] = dict.fromkeys(asked, 0)  # the chunk from which on a column is read as text
        self.evidence: dict[str, Evidence] = {}
        self.gaps: set[str] = set()  # columns of text with missing cells
        self.words: dict[str, Counter[str]] = {}  # taken as missing
        self.limits: dict[str, Limits] = {}  # of columns of numbers
        self.padded: set[str] = set()  # columns of numbers with 007 or 0x1F among them

    def widen(self, name: str, dialect: Dialect, kind: str, cell: str, number: int) -> None:
        """Take the type that fits a cell too, seen in the chunk of this number."""
        import pyarrow as pa

        low, high = self.limits.get(name, (0.0, 9.0))
        example = "1" if kind == "int64" and low >= 0 and high <= 1 else EXAMPLES[kind]  # 0 and 1 may be booleans
        self.types[name] = _wider(dialect, kind, example, cell)
        if pa.types.is_string(self.types[name]):
            self.started[name] = number

    def look(self, part: CsvPart, chunk: Chunk, data: bytes, table: Any, row: int, number: int) -> None:
        """Look at the rows of a chunk."""
        import pyarrow.types as t

        padded = []
        for name in self.names:
            array = table[name]
            if not t.is_null(array.type) and name not in self.types:
                self.types[name] = array.type
                if t.is_string(array.type):
                    self.started[name] = number
            if t.is_string(array.type) and not self.asked(name):
                continue
            if t.is_string(array.type):
                self.look_at_text(name, part, chunk, data, array, row, always=self.started[name] > 0)
            elif t.is_integer(array.type) or t.is_floating(array.type):
                self.limits[name] = _limits(self.limits.get(name), array)
                if part.dialect.padded and name not in self.padded and name not in self.reading.numbers:
                    padded.append(name)
        self._look_for_padded(padded, part, chunk, data)

    def _look_for_padded(self, names: list[str], part: CsvPart, chunk: Chunk, data: bytes) -> None:
        import pyarrow as pa

        if names:
            table, _ = part.parsed(chunk, data, dict.fromkeys(names, pa.string()), names)
            self.padded |= {name for name in names if _any_matches(table[name], PADDED)}

    def asked(self, name: str) -> bool:
        """Return whether it matters what a column of text spells: of rows to predict, where training had no text."""
        return not self.reading.predicting or self.reading.knows(name)

    def suspects(self) -> list[str]:
        """Return the columns that look like numbers and may be names: 007, 0x1F, numbers of 20 digits."""
        import pyarrow.types as t

        found = []
        for name in self.names:
            kind = self.types.get(name)
            if kind is None or name in self.reading.numbers or not (t.is_integer(kind) or t.is_floating(kind)):
                continue
            large = t.is_floating(kind) and max(map(abs, self.limits[name])) >= LARGEST_EXACT
            if large or name in self.padded:
                found.append(name)
        return found

    def forget(self, name: str) -> None:
        """Take a column of numbers for one, whatever it says as text."""
        self.evidence.pop(name, None)
        self.words.pop(name, None)

    def look_at_text(
        self, name: str, part: CsvPart, chunk: Chunk, data: bytes, array: Any, row: int, always: bool
    ) -> None:
        """Look at some rows of a column of text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        known, dialect = self.evidence.get(name), part.dialect
        done = known is not None and hopeless(known) and row >= LOOKED_AT and not always
        if done and array.null_count == 0:
            words = [blank + word for word in dialect.words for blank in ("", " ")]
            if not pc.any(pc.is_in(array, pa.array(words))).as_py():
                return
        given = from_arrow(name, array)
        column = tidy(given, dialect)
        if (column.values < 0).any():
            self.gaps.add(name)
            if not self.reading.predicting and len(dialect.words) > 1:
                counts = self.words.setdefault(name, Counter())
                counts.update(
                    words_quoted(name, part, chunk, data, array) if dialect.quotes else words_bare(given, dialect)
                )
        if always:
            here = Evidence.of(column, dialect.words, row)
            self.evidence[name] = here if known is None else known.joined(here)
        elif not done:
            self.evidence[name] = seen_so_far(known, column, dialect.words, row)

    def written(self, place: Place, called: str) -> dict[str, Written]:
        """Return how the columns of text are written that are numbers or dates, and tell what does not fit."""
        written, text = {}, []
        for name in [one for one in self.names if one in self.evidence]:
            evidence = self.evidence[name]
            found = decide(name, evidence, self.reading, typed=False)
            cure = f"To take the column as text: text=[{name!r}], on the command line --text {name!r}"
            tell(name, found, evidence.total, self.reading, place, cure)
            if found.written is not None:
                written[name] = found.written
            elif name in self.gaps:
                text.append(name)
        if not self.reading.predicting:
            tell_of_words(called, self.words, text)
        return written


def _limits(before: Limits | None, array: Any) -> Limits:
    """Return the least and the greatest of the finite numbers so far."""
    import pyarrow.compute as pc

    low, high = (one or 0 for one in pc.min_max(array).as_py().values())
    if np.inf in (abs(low), abs(high)):
        low, high = (one or 0 for one in pc.min_max(array.filter(pc.is_finite(array))).as_py().values())
    return (low, high) if before is None else (min(low, before[0]), max(high, before[1]))


def _wider(dialect: Dialect, kind: str, example: str, cell: str) -> Any:
    """Return the type that fits a cell of this kind and another cell."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    example = example.replace(".", dialect.decimal)
    lines = "\n".join('"' + one.replace('"', '""') + '"' for one in ("name", example, cell))
    small = replace(dialect, encoding="utf-8", quotes=6, header=("name",), skipped=0)
    found = pa_csv.read_csv(BytesIO(lines.encode()), **options(small, {})).schema.field(0).type
    return pa.string() if str(found) == kind else found
