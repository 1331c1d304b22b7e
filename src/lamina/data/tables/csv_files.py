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
from lamina.data.tables.cells import Evidence, as_read, decide, tell
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
    _check_quotes(dialect)
    _check_text(dialect, table.schema)
    names = _identifiers(dialect, reading, table.schema, _large(table))
    if names:
        again = pa.Table.from_batches(_batches(dialect, dict.fromkeys(names, pa.string()), names))
        for name in names:
            table = table.set_column(table.schema.get_field_index(name), name, again[name])
    columns = {name: from_arrow(own, table[name]) for name, own in _pairs(dialect)}
    found: dict[str, Evidence] = {}
    gaps: set[str] = set()
    for name, column in columns.items():
        if pa.types.is_string(table[name].type):
            _add(found, gaps, name, tidy(column, dialect.words), dialect, 0)
    written = _decided(dialect, reading, found, gaps)
    del table
    return [as_planned(column, written, dialect.words) for column in columns.values()], written


def _pairs(dialect: Dialect) -> Iterator[tuple[str, str]]:
    yield from zip(dialect.header, dialect.names, strict=True)


def as_planned(column: Column, written: dict[str, Written], words: tuple[str, ...]) -> Column:
    """Return a column as the whole file has it: text, or the numbers or dates that it spells."""
    column = tidy(column, words)
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
    own = dict(_pairs(dialect))
    while True:
        evidence: dict[str, Evidence] = {}
        large: set[str] = set()
        gaps: set[str] = set()
        row = 0
        try:
            reader = pa_csv.open_csv(dialect.opened(), **options(dialect, types))
            _check_text(dialect, reader.schema)
            types = {field.name: field.type for field in reader.schema}
            strings = [name for name, kind in types.items() if pa.types.is_string(kind)]
            for batch in reader:
                large |= _large(batch)
                for name in strings:
                    _add(evidence, gaps, name, tidy(from_arrow(own[name], batch[name]), dialect.words), dialect, row)
                row += batch.num_rows
        except (pa.ArrowInvalid, OSError, UnicodeError) as error:
            unfit = CONVERSION.search(str(error))
            if unfit is None or unfit[2] not in EXAMPLES:
                _explain(dialect, error)
            types[dialect.header[int(unfit[1])]] = _wider(dialect, unfit[2], unfit[3])
            continue
        _check_quotes(dialect)
        names = _identifiers(dialect, reading, reader.schema, large)
        return CsvColumns(types | dict.fromkeys(names, pa.string()), _decided(dialect, reading, evidence, gaps))


def _add(evidence: dict[str, Evidence], gaps: set[str], name: str, column: Column, dialect: Dialect, row: int) -> None:
    """Note what some rows of a column say, and whether cells are missing."""
    if (column.values < 0).any():
        gaps.add(name)
    here = Evidence.of(column, dialect.words, row)
    evidence[name] = evidence[name].joined(here) if name in evidence else here


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
    if suspects:
        for batch in _batches(dialect, dict.fromkeys(suspects, pa.string()), suspects):
            for name in suspects:
                _add(evidence, set(), name, tidy(from_arrow(own[name], batch[name]), dialect.words), dialect, 0)
                if pc.any(pc.match_substring_regex(batch[name], HEXADECIMAL)).as_py():
                    hexadecimal.add(name)
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


def _decided(dialect: Dialect, reading: Reading, evidence: dict[str, Evidence], gaps: set[str]) -> dict[str, Written]:
    """Return how the columns of text are written that are numbers or dates, and tell what does not fit."""
    own, written, text = dict(_pairs(dialect)), {}, []
    for name, seen in evidence.items():
        found = decide(own[name], seen, reading, typed=False)
        cure = f"To take the column as text: text=[{own[name]!r}], on the command line --text {own[name]!r}"

        def place(row: int) -> str:
            return f"{name_of(dialect.path)}, {line_of(dialect, row)}"

        tell(own[name], found, seen.total, reading, place, cure)
        if found.written is not None:
            written[own[name]] = found.written
        elif name in gaps:
            text.append(name)
    if not reading.predicting:
        _tell_of_words(dialect, text)
    return written


def _tell_of_words(dialect: Dialect, names: list[str]) -> None:
    """Say once which words were taken as missing in columns of text, and how often."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv

    if not names or len(dialect.words) < 2:
        return
    types = dict.fromkeys(names, pa.string())
    asking = options(dialect, types, names)
    asking["convert_options"].strings_can_be_null = False
    counts: dict[str, Counter[str]] = {}
    for as_text, batch in zip(
        pa_csv.open_csv(dialect.opened(), **asking), _batches(dialect, types, names), strict=True
    ):
        for name in names:
            given = as_text[name]
            plain = pc.utf8_trim_whitespace(given)
            behind_blanks = pc.and_(pc.not_equal(plain, given), pc.is_in(plain, pa.array(dialect.words)))
            words = plain.filter(pc.or_(batch[name].is_null(), behind_blanks)).value_counts()
            for one in words.to_pylist():
                if one["values"]:
                    counts.setdefault(name, Counter())[one["values"]] += one["counts"]
    if not counts:
        return
    own = dict(_pairs(dialect))
    shown = "; ".join(
        f"{own[name]!r}: " + ", ".join(f"{short(word)} {n:,} time{'s' * (n > 1)}" for word, n in words.most_common(5))
        for name, words in list(counts.items())[:10]
    )
    warnings.warn(
        f"words taken as missing values in {name_of(dialect.path)}: {shown}. Quoted they are text; missing_words=(), "
        "on the command line --missing-words '', takes all as they are",
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


def tidy(column: Column, words: tuple[str, ...]) -> Column:
    """Take the blanks around text away, and see missing values that blanks hid (" ?"); quoted words are text."""
    if column.kind != "category" or column.levels is None:
        return column
    given = column.levels.tolist()
    stripped = [level.strip() for level in given]
    if stripped == given:
        return column
    kept = [one for level, one in zip(given, stripped, strict=True) if one == level or one not in words]
    levels = list(dict.fromkeys(kept))
    place = {level: code for code, level in enumerate(levels)}
    hidden = [one != level and one in words for level, one in zip(given, stripped, strict=True)]
    codes = np.array([*(-1 if gone else place[one] for one, gone in zip(stripped, hidden, strict=True)), -1])
    return Column(column.name, "category", codes[column.values], np.array(levels, object), column.unread)


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


def _check_quotes(dialect: Dialect) -> None:
    """Raise a FileError for a quote that is never closed: everything after it would be one cell."""
    if dialect.quotes % 2 == 0:
        return
    line = 1
    try:
        for line, row in numbered_rows(dialect):  # noqa: B007
            pass
    except csv.Error:
        raise FileError(f"{name_of(dialect.path)}: a quote after line {line} is never closed") from None
