"""How a CSV file is written, seen from its first lines: separator, decimal sign, quotes, names."""

import csv
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from typing import Any

from lamina.data.tables.file_formats import first_bytes, name_of, open_bytes
from lamina.data.tables.table import check_unique
from lamina.errors import DataWarning, FileError, NoRowsError, SettingError

SEPARATORS = ",;\t|"
ROWS_LOOKED_AT = 50
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "null", "NULL", "None", "?")
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
DECIMAL_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*")
THOUSANDS = re.compile(r"\s*[+-]?\d{1,3},\d{3}\s*")
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    path: str
    encoding: str
    separator: str
    decimal: str
    quotes: int  # how many there are; if any, a line break may stand inside a cell
    header: tuple[str, ...]  # as it stands in the file

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, without blanks around them."""
        return tuple(name.strip() or f"unnamed_{j}" for j, name in enumerate(self.header))


def find_dialect(path: str, encoding: str) -> Dialect:
    """Return how a file is written.

    Raises
    ------
    FileError
        It is binary, in another encoding, or has a header only.
    ColumnError
        Names occur twice.
    """
    lines = _first_lines(path, encoding)
    separator = _separator(lines)
    rows = _rows(lines, separator)
    if len(rows) < 2:
        listed = ", ".join(rows[0][:5]) if rows else ""
        names = (name.strip() for row in rows for name in row)
        raise NoRowsError(f"{name_of(path)} has a header ({listed}) and no rows", names)
    dialect = Dialect(path, encoding, separator, _decimal(rows[1:], separator), _count_quotes(path), tuple(rows[0]))
    if "\ufffd" in "".join(dialect.header):
        check_bytes(path, encoding)
    check_unique(dialect.names)
    _warn_of_header(dialect)
    return dialect


def _first_lines(path: str, encoding: str) -> str:
    """Return the beginning of the file as text, without a line that the sample cut off."""
    head = first_bytes(path)
    for mark, other in BYTE_ORDER_MARKS.items():
        if head.startswith(mark) and not encoding.lower().startswith("utf-16"):
            raise FileError(
                f"{name_of(path)} is {other.upper()} text: read it with encoding={other!r}, or save it as UTF-8"
            )
    try:
        text = head.decode(encoding, errors="replace")
    except LookupError:
        raise SettingError(f"unknown encoding {encoding!r}; for example 'utf-8', 'latin-1', 'cp1252'") from None
    if "\0" in text:
        raise FileError(f"{name_of(path)} is no CSV, Parquet or Arrow table: it is binary (there are zero bytes in it)")
    text = text.removeprefix("\ufeff")
    cut = max(text.rfind("\n"), text.rfind("\r"))
    whole = cut < 0 or len(head) < 65_536
    return text if whole else text[:cut]


def _rows(lines: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(StringIO(lines, newline=""), delimiter=separator):
            if row:
                rows.append(row)
            if len(rows) > ROWS_LOOKED_AT:
                break
    except csv.Error:
        pass  # a cell longer than Python's parser takes: what was read so far is enough to guess from
    return rows


def _separator(lines: str) -> str:
    """Return the separator that gives the same number of cells in most rows, then the most cells."""

    def score(separator: str) -> tuple[bool, float, int]:
        widths = [len(row) for row in _rows(lines, separator)]
        width = widths[0] if widths else 0
        return width > 1, sum(w == width for w in widths) / max(len(widths), 1), width

    return max(SEPARATORS, key=score)  # the first of equals


def _decimal(rows: list[list[str]], separator: str) -> str:
    """Return "," where numbers are written 3,5: as they are where the comma does not separate cells."""
    if separator == ",":
        return "."
    cells = [cell for row in rows for cell in row]
    commas = [cell for cell in cells if DECIMAL_COMMA.fullmatch(cell)]
    thousands = all(THOUSANDS.fullmatch(cell) for cell in commas)
    return "," if commas and not thousands and not any(map(DECIMAL_POINT.fullmatch, cells)) else "."


def _warn_of_header(dialect: Dialect) -> None:
    name, blank = name_of(dialect.path), [j for j, cell in enumerate(dialect.header) if not cell.strip()]
    if blank:
        called = dialect.names[blank[0]]
        message = f"column {blank[0] + 1} of {name} has no name: it is called {called!r}; drop it if it counts rows"
        warnings.warn(message, DataWarning, stacklevel=5)
    if any(re.fullmatch(r"\s*[+-]?\d+([.,]\d+)?\s*", cell) for cell in dialect.header):
        message = (
            f"the first line of {name} has numbers in it ({', '.join(dialect.header[:3])}, ...): a header expected"
        )
        warnings.warn(message, DataWarning, stacklevel=5)


def _count_quotes(path: str) -> int:
    count = 0
    with open_bytes(path) as file:
        while chunk := file.read(2**24):
            count += chunk.count(b'"')
    return count


def numbered_rows(dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the cells of each row, header included; slow, for looking a fault up."""
    with open_bytes(dialect.path) as raw, TextIOWrapper(raw, dialect.encoding, "replace", newline="") as text:
        reader = csv.reader(text, delimiter=dialect.separator, strict=True)
        first = 1
        for row in reader:
            if row:
                yield first, row
            first = reader.line_num + 1


def check_bytes(path: str, encoding: str) -> None:
    """Raise a FileError for the first line that is not text in the file's encoding."""
    if encoding.lower() not in ("utf-8", "utf8", "ascii"):
        return
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                place = f"{name_of(path)}, line {number}"
                raise FileError(
                    f"{place}: no {encoding} text (byte 0x{line[error.start]:02x}). "
                    "Save the file as UTF-8, or read it with encoding='latin-1' or 'cp1252'"
                ) from None


def options(dialect: Dialect, types: dict[str, Any]) -> dict[str, Any]:
    """Return pyarrow's options for this file; `types` are those known beforehand, by the file's own names."""
    import pyarrow.csv as pa_csv

    return {
        "read_options": pa_csv.ReadOptions(encoding=dialect.encoding),
        "parse_options": pa_csv.ParseOptions(delimiter=dialect.separator, newlines_in_values=dialect.quotes > 0),
        "convert_options": pa_csv.ConvertOptions(
            column_types=types,
            null_values=list(MISSING),
            strings_can_be_null=True,
            decimal_point=dialect.decimal,
        ),
    }
