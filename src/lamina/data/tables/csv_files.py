"""Rows of CSV files, whole or in a stream; types are those that fit the whole file, not its beginning."""

import csv
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any, NamedTuple, NoReturn

import numpy as np

from lamina.data.tables.arrow import from_arrow
from lamina.data.tables.cell_values import as_read
from lamina.data.tables.cells import LOOKED_AT, Evidence, decide, hopeless, seen_so_far, tell
from lamina.data.tables.columns import Column, short
from lamina.data.tables.csv_dialect import Dialect, check_bytes, line_of, numbered_rows, options
from lamina.data.tables.file_formats import name_of
from lamina.data.tables.reading import Reading, Written
from lamina.errors import DataWarning, FileError

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


class CsvColumns(NamedTuple):
    """What the columns of a file are."""

    types: dict[str, Any]  # pyarrow's, by the file's own names
    written: dict[str, Written]  # columns of text that are numbers or dates


def read_csv(dialect: Dialect, reading: Reading) -> tuple[list[Column], dict[str, Written]]:
    """Return the columns of a whole file, and how those were written that are numbers or dates to us only."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    try:
        table = pa_csv.read_csv(dialect.opened(), **options(dialect, _text_types(dialect, reading)))
    except (pa.ArrowInvalid, OSError, UnicodeError) as error:
        _explain(dialect, error)
    check_quotes(dialect)
    _check_text(dialect, table.schema)
    names = _identifiers(dialect, reading, table.schema, _large(table))
    if names:
        again = pa.Table.from_batches(_batches(dialect, dict.fromkeys(names, pa.string()), names))
        for name in names:
            table = table.set_column(table.schema.get_field_index(name), name, again[name])
    columns = {name: from_arrow(own, table[name]) for name, own in _pairs(dialect)}
    seen = _Seen(dialect, reading)
    for name, column in columns.items():
        if pa.types.is_string(table[name].type):
            seen.look(name, table[name], 0, column)
    written = _decided(seen)
    return [as_planned(column, written, dialect) for column in columns.values()], written


def _pairs(dialect: Dialect) -> Iterator[tuple[str, str]]:
    yield from zip(dialect.header, dialect.names, strict=True)


def as_planned(column: Column, written: dict[str, Written], dialect: Dialect | None) -> Column:
    """Return a column as the whole file has it: text, or the numbers or dates that it spells."""
    if dialect is not None:
        column = tidy(column, dialect)
    return as_read(column, written[column.name]) if column.name in written else replace(column, unread=False)


def stream_csv(dialect: Dialect, types: dict[str, Any]) -> Iterator[Any]:
    """Yield record batches of a file whose types are known."""
    yield from _batches(dialect, types)


def _batches(dialect: Dialect, types: dict[str, Any], only: list[str] | None = None) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    try:
        yield from pa_csv.open_csv(dialect.opened(), **options(dialect, types, only))
    except (pa.ArrowInvalid, OSError, UnicodeError) as error:
        _explain(dialect, error)


def find_columns(dialect: Dialect, reading: Reading) -> CsvColumns:
    """Return what each column of the whole file is, in constant memory.

    pyarrow's stream takes the types of its first block. Where a later cell does not fit, the type is widened, as
    `pyarrow.csv.read_csv` would, and the file is read again.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    types = _text_types(dialect, reading)
    while True:
        seen = _Seen(dialect, reading)
        large: set[str] = set()
        row = 0
        try:
            reader = pa_csv.open_csv(dialect.opened(), **options(dialect, types))
            _check_text(dialect, reader.schema)
            types = {field.name: field.type for field in reader.schema}
            strings = [name for name, kind in types.items() if pa.types.is_string(kind)]
            for batch in reader:
                large |= _large(batch)
                for name in strings:
                    seen.look(name, batch[name], row)
                row += batch.num_rows
        except (pa.ArrowInvalid, OSError, UnicodeError) as error:
            unfit = CONVERSION.search(str(error))
            if unfit is None or unfit[2] not in EXAMPLES:
                _explain(dialect, error)
            types[dialect.header[int(unfit[1])]] = _wider(dialect, unfit[2], unfit[3])
            continue
        check_quotes(dialect)
        names = _identifiers(dialect, reading, reader.schema, large)
        return CsvColumns(types | dict.fromkeys(names, pa.string()), _decided(seen))


class _Seen:
    """What the columns of text say, batch by batch."""

    def __init__(self, dialect: Dialect, reading: Reading) -> None:
        self.dialect, self.reading = dialect, reading
        self.evidence: dict[str, Evidence] = {}
        self.gaps: set[str] = set()  # columns with missing cells
        self.words: dict[str, Counter[str]] = {}  # taken as missing, where no cell is quoted

    def look(self, name: str, array: Any, row: int, given: Column | None = None) -> None:
        """Look at some rows of a column, by the name as it stands in the file."""
        import pyarrow as pa
        import pyarrow.compute as pc

        known, dialect, reading = self.evidence.get(name), self.dialect, self.reading
        own = dict(_pairs(dialect))[name]
        if reading.predicting and not reading.knows(own):
            return
        if known is not None and hopeless(known) and row >= LOOKED_AT:
            words = [blank + word for word in dialect.words for blank in ("", " ")]
            if array.null_count == 0 and not pc.any(pc.is_in(array, pa.array(words))).as_py():
                return
        given = from_arrow(own, array) if given is None else given
        column = tidy(given, dialect)
        if (column.values < 0).any():
            self.gaps.add(name)
        if not dialect.quotes:
            self._count(name, given)
        if known is None or not hopeless(known) or row < LOOKED_AT:
            self.evidence[name] = seen_so_far(known, column, dialect.words, row)

    def _count(self, name: str, given: Column) -> None:
        assert given.levels is not None
        words = [(code, level.strip()) for code, level in enumerate(given.levels.tolist())]
        words = [(code, word) for code, word in words if word and word in self.dialect.words]
        if words:
            counts = np.bincount(given.values[given.values >= 0], minlength=len(given.levels))
            for code, word in words:
                self.words.setdefault(name, Counter())[word] += int(counts[code])


def _large(batch: Any) -> set[str]:
    """Return the columns of floats that hold finite numbers beyond those that float64 tells apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = set()
    for name, kind in zip(batch.schema.names, batch.schema.types, strict=True):
        if pa.types.is_floating(kind):
            column = batch.column(batch.schema.get_field_index(name))
            limits = pc.min_max(column).as_py()
            if np.inf in map(abs, (one or 0 for one in limits.values())):
                limits = pc.min_max(column.filter(pc.is_finite(column))).as_py()
            if any(one is not None and abs(one) >= LARGEST_EXACT for one in limits.values()):
                found.add(name)
    return found


def _identifiers(dialect: Dialect, reading: Reading, schema: Any, large: set[str]) -> list[str]:
    """Return the columns that look like numbers to pyarrow and are none: 007, 0x1F, whole numbers of 20 digits."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    own = dict(_pairs(dialect))
    numbers = [one.name for one in schema if t.is_integer(one.type) or t.is_floating(one.type)]
    suspects = [name for name in numbers if dialect.padded or name in large]
    suspects = _padded(dialect, [name for name in suspects if own[name] not in reading.numbers], large)
    evidence: dict[str, Evidence] = {}
    hexadecimal: set[str] = set()
    row = 0
    if suspects:
        for batch in _batches(dialect, dict.fromkeys(suspects, pa.string()), suspects):
            for name in suspects:
                column = tidy(from_arrow(own[name], batch[name]), dialect)
                evidence[name] = seen_so_far(evidence.get(name), column, dialect.words, row)
                if pc.any(pc.match_substring_regex(batch[name], HEXADECIMAL)).as_py():
                    hexadecimal.add(name)
            row += batch.num_rows
    return [name for name in suspects if name in hexadecimal or evidence[name].identifies]


def _padded(dialect: Dialect, names: list[str], large: set[str]) -> list[str]:
    """Return those of the columns that hold a whole number that begins with 0 or 0x, or are large."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = set(names) & large
    left = [name for name in names if name not in found]
    for batch in _batches(dialect, dict.fromkeys(left, pa.string()), left) if left else ():
        here = [name for name in left if name not in found]
        found |= {n for n in here if pc.any(pc.match_substring_regex(batch[n], PADDED)).as_py()}
        if found.issuperset(left):
            break
    return [name for name in names if name in found]


def _decided(seen: _Seen) -> dict[str, Written]:
    """Return how the columns of text are written that are numbers or dates, and tell what does not fit."""
    dialect, reading = seen.dialect, seen.reading
    own, written, text = dict(_pairs(dialect)), {}, []
    for name, evidence in seen.evidence.items():
        found = decide(own[name], evidence, reading, typed=False)
        cure = f"To take the column as text: text=[{own[name]!r}], on the command line --text {own[name]!r}"

        def place(row: int) -> str:
            return f"{name_of(dialect.path)}, {line_of(dialect, row)}"

        tell(own[name], found, evidence.total, reading, place, cure)
        if found.written is not None:
            written[own[name]] = found.written
        elif name in seen.gaps:
            text.append(name)
    if not reading.predicting:
        _tell_of_words(dialect, _quoted_words(dialect, text) if dialect.quotes else seen.words, text)
    return written


def _quoted_words(dialect: Dialect, names: list[str]) -> dict[str, Counter[str]]:
    """Return how often which word was taken as missing, where some cells are quoted and so are text."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv

    counts: dict[str, Counter[str]] = {}
    if not names or len(dialect.words) < 2:
        return counts
    types = dict.fromkeys(names, pa.string())
    asking = options(dialect, types, names)
    asking["convert_options"].strings_can_be_null = False
    pairs = zip(pa_csv.open_csv(dialect.opened(), **asking), _batches(dialect, types, names), strict=True)
    for as_text, batch in pairs:
        for name in names:
            given = as_text[name]
            plain = pc.utf8_trim_whitespace(given)
            behind_blanks = pc.and_(pc.not_equal(plain, given), pc.is_in(plain, pa.array(dialect.words)))
            words = plain.filter(pc.or_(batch[name].is_null(), behind_blanks)).value_counts()
            counts.setdefault(name, Counter()).update({w["values"]: w["counts"] for w in words.to_pylist()})
    return counts


def _tell_of_words(dialect: Dialect, counts: dict[str, Counter[str]], names: list[str]) -> None:
    """Say once which words were taken as missing in columns of text, and how often."""
    own = dict(_pairs(dialect))
    found = {own[name]: +counts[name] for name in names if name in counts}
    for words in found.values():
        words.pop("", None)
    shown = "; ".join(
        f"{name!r}: " + ", ".join(f"{short(word)} {n:,} time{'s' * (n > 1)}" for word, n in words.most_common(5))
        for name, words in found.items()
        if words
    )
    if shown:
        warnings.warn(
            f"words taken as missing values in {name_of(dialect.path)}: {shown}. Quoted they are text; "
            "missing_words=(), on the command line --missing-words '', takes all as they are",
            DataWarning,
            stacklevel=5,
        )


def _wider(dialect: Dialect, kind: str, cell: str) -> Any:
    """Return the type that fits a cell of this kind and another cell."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    example = EXAMPLES[kind].replace(".", dialect.decimal)
    lines = "\n".join('"' + one.replace('"', '""') + '"' for one in ("name", example, cell))
    small = replace(dialect, encoding="utf-8", quotes=6, header=("name",), skipped=0)
    found = pa_csv.read_csv(BytesIO(lines.encode()), **options(small, {})).schema.field(0).type
    return pa.string() if str(found) == kind else found


def _text_types(dialect: Dialect, reading: Reading) -> dict[str, Any]:
    import pyarrow as pa

    return {raw: pa.string() for raw, name in _pairs(dialect) if name in reading.text or name in reading.written}


def _check_text(dialect: Dialect, schema: Any) -> None:
    """Raise a FileError where pyarrow took cells for bytes, because they are no text in the file's encoding."""
    import pyarrow as pa

    if any(pa.types.is_binary(field.type) for field in schema):
        _explain(dialect, None)


def tidy(column: Column, dialect: Dialect) -> Column:
    """Take the blanks around text away, and the words that mean a missing value.

    Where cells are quoted these are null already, but for those that blanks hid (" ?"): a quoted word is text.
    """
    if column.kind != "category" or column.levels is None:
        return column
    given, words = column.levels.tolist(), frozenset(dialect.words)
    stripped = [level.strip() for level in given]
    gone = [one in words and (one != level or not dialect.quotes) for level, one in zip(given, stripped, strict=True)]
    if stripped == given and not any(gone):
        return column
    levels = list(dict.fromkeys(one for one, without in zip(stripped, gone, strict=True) if not without))
    place = {level: code for code, level in enumerate(levels)}
    codes = np.array([*(-1 if without else place[one] for one, without in zip(stripped, gone, strict=True)), -1])
    return Column(column.name, "category", codes[column.values], np.array([*levels, None], object)[:-1], column.unread)


def _explain(dialect: Dialect, error: Exception | None) -> NoReturn:
    """Raise the FileError for what pyarrow could not read, with the line of the file."""
    name = name_of(dialect.path)
    check_bytes(dialect.path, dialect.encoding)
    width = len(dialect.header)
    line = 0
    try:
        for line, row in numbered_rows(dialect):
            if len(row) != width and "".join(row).strip():
                start = dialect.separator.join(row)[:60]
                raise FileError(
                    f"{name}, line {line}: {width} fields expected, as in the header, found {len(row)}: {start!r}"
                )
    except csv.Error as fault:
        words = "a quote is never closed" if "unexpected end" in str(fault) else f"{fault} (an open quote?)"
        raise FileError(f"{name}, after line {line}: {words}") from error
    except (OSError, EOFError):
        pass
    if isinstance(error, OSError):
        raise FileError(f"{name} is damaged or cut off: {error}") from error
    raise FileError(f"{name}: {' '.join(str(error).split())}") from error


def check_quotes(dialect: Dialect) -> None:
    """Raise a FileError for a quote that is never closed: everything after it would be one cell."""
    if dialect.quotes % 2 == 0:
        return
    line = 1
    try:
        for line, row in numbered_rows(dialect):  # noqa: B007
            pass
    except csv.Error:
        raise FileError(f"{name_of(dialect.path)}: a quote after line {line} is never closed") from None
