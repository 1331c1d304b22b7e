"""How a CSV file is written, seen from its first lines: separator, decimal sign, quotes, names."""

import codecs
import csv
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from typing import Any

import numpy as np

from lamina.data.tables.csv_bytes import as_utf8, encoding_of
from lamina.data.tables.file_formats import name_of, open_bytes
from lamina.data.tables.reading import Reading
from lamina.data.tables.table import check_unique
from lamina.errors import DataWarning, FileError, NoRowsError

SEPARATORS = ",;\t|"
ROWS_LOOKED_AT = 50
BYTES_LOOKED_AT = 65_536
MOST_BYTES_OF_A_LINE = 2**29
BLOCK_BYTES = 2**20  # that pyarrow converts together
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
DECIMAL_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*")
THOUSANDS = re.compile(r"\s*[+-]?\d{1,3},\d{3}\s*")
SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n|$)")  # Excel's first line
UTF_8 = ("utf-8", "utf8", "ascii", "utf-8-sig")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    path: str
    encoding: str
    separator: str
    decimal: str
    quotes: int  # how many there are; if any, a line break may stand inside a cell
    header: tuple[str, ...]  # as it stands in the file
    skipped: int = 0  # lines before the header: comments, Excel's separator
    returns: bool = False  # whether there are carriage returns
    padded: bool = False  # whether a cell may be a whole number that begins with 0
    words: tuple[str, ...] = ()  # that mean a missing value
    block: int = BLOCK_BYTES

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, without blanks around them."""
        return tuple(name.strip() or f"unnamed_{j}" for j, name in enumerate(self.header))


def find_dialect(path: str, reading: Reading) -> Dialect:
    """Return how a file is written.

    Raises
    ------
    FileError
        It is binary, in another encoding, or has a header only.
    ColumnError
        Names occur twice.
    """
    encoding = encoding_of(path, reading.encoding)
    lines = _first_lines(path, encoding)
    skipped, separator = _before_header(lines)
    lines = "".join(lines.splitlines(keepends=True)[skipped:]) if skipped else lines
    separator = separator or _separator(lines)
    rows = _rows(lines, separator)
    if len(rows) < 2:
        listed = ", ".join(rows[0][:5]) if rows else ""
        names = (name.strip() for row in rows for name in row)
        raise NoRowsError(f"{name_of(path)} has a header ({listed}) and no rows", names)
    quotes, returns, padded = _looked_through(path, encoding, separator)
    dialect = Dialect(
        path,
        encoding,
        separator,
        _decimal(rows[1:], separator, reading),
        quotes,
        tuple(rows[0]),
        skipped,
        returns,
        padded,
        ("", *reading.missing_words),
        max(BLOCK_BYTES, 4 * max(len(line) for line in lines.splitlines())),
    )
    if "\ufffd" in "".join(dialect.header):
        check_bytes(path, encoding)
    check_unique(dialect.names)
    return dialect


def _first_lines(path: str, encoding: str) -> str:
    """Return the beginning of the file as text, two lines at least, without a line that the sample cut off."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces: list[str] = []
    ends, size, whole = 0, 0, True
    for chunk in as_utf8(path, encoding, BYTES_LOOKED_AT, errors="replace"):
        pieces.append(decoder.decode(chunk))
        ends += max(chunk.count(b"\n"), chunk.count(b"\r"))
        size += len(chunk)
        whole = False
        if ends > 2 and size >= BYTES_LOOKED_AT:
            break
        if size > MOST_BYTES_OF_A_LINE:
            raise FileError(f"{name_of(path)}: no end of a line in {MOST_BYTES_OF_A_LINE:,} bytes: is it a table?")
        whole = True
    text = "".join(pieces)
    if "\0" in text:
        raise FileError(f"{name_of(path)} is no CSV, Parquet or Arrow table: it is binary (there are zero bytes in it)")
    text = text.removeprefix("\ufeff")
    cut = max(text.rfind("\n"), text.rfind("\r"))
    return text if whole or cut < 0 else text[:cut]


def _before_header(lines: str) -> tuple[int, str]:
    """Return how many lines stand before the header, and the separator if one of them says it."""
    named = SEPARATOR_LINE.match(lines)
    if named:
        return 1, named[1]
    all_lines = lines.splitlines()
    comments = 0
    while comments < len(all_lines) and all_lines[comments].startswith("#"):
        comments += 1
    if comments == 0 or comments == len(all_lines):
        return 0, ""
    rest = "\n".join(all_lines[comments:])
    separator = _separator(rest)
    width, above = len(_rows(rest, separator)[0]), len(next(csv.reader([all_lines[comments - 1]], delimiter=separator)))
    names = above == width > 1 and not all_lines[comments - 1].startswith(("# ", "##"))
    return comments - names, ""


def _rows(lines: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(StringIO(lines, newline=""), delimiter=separator):
            if not _blank(row):
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


def _blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _decimal(rows: list[list[str]], separator: str, reading: Reading) -> str:
    """Return "," where numbers are written 3,5: as they are where the comma does not separate cells."""
    if reading.decimal and not reading.predicting:
        return reading.decimal
    if separator == ",":
        return "."
    cells = [cell for row in rows for cell in row]
    commas = [cell for cell in cells if DECIMAL_COMMA.fullmatch(cell)]
    thousands = all(THOUSANDS.fullmatch(cell) for cell in commas) and reading.decimal != ","
    return "," if commas and not thousands and not any(map(DECIMAL_POINT.fullmatch, cells)) else "."


def warn_of_header(dialect: Dialect) -> None:
    """Warn of names that are none."""
    name, blank = name_of(dialect.path), [j for j, cell in enumerate(dialect.header) if not cell.strip()]
    if blank:
        called = dialect.names[blank[0]]
        message = f"column {blank[0] + 1} of {name} has no name: it is called {called!r}; "
        message += "drop it if it counts rows, or is empty"
        warnings.warn(message, DataWarning, stacklevel=5)
    if dialect.header[0] == "Unnamed: 0":
        message = f"column 'Unnamed: 0' of {name} is a table's row numbers, as pandas wrote them: drop it"
        warnings.warn(message, DataWarning, stacklevel=5)
    if any(re.fullmatch(r"\s*[+-]?\d+([.,]\d+)?\s*", cell) for cell in dialect.header):
        message = (
            f"the first line of {name} has numbers in it ({', '.join(dialect.header[:3])}, ...): a header expected"
        )
        warnings.warn(message, DataWarning, stacklevel=5)


def _looked_through(path: str, encoding: str, separator: str) -> tuple[int, bool, bool]:
    """Return how many quotes there are; whether there are carriage returns; whether a cell may begin with 0 or 0x."""
    quotes, returns, padded, last = 0, False, False, b"\n\n\n"
    for chunk in as_utf8(path, encoding, 2**18, errors="replace"):
        quotes += chunk.count(b'"')
        returns = returns or b"\r" in chunk
        padded = padded or _may_be_padded(last + chunk, separator)
        last = (last + chunk)[-3:]  # what stands before a 0, and before that
    return quotes, returns, padded


def _may_be_padded(chunk: bytes, separator: str) -> bool:
    """Return whether a 0 with a digit or an x behind it stands where a cell may begin; no pass over it is slow."""
    a = np.frombuffer(chunk, np.uint8)
    before, after = a[:-2], a[2:]
    found = a[1:-1] == ord("0")
    found[:1] = False  # seen with what stands before it, at the end of the chunk before
    ends = before < ord("0")
    if ord(separator) > ord("0"):
        ends |= before == ord(separator)
    found &= ends
    found &= before != ord(".")
    digit = (after - np.uint8(ord("0"))) < 10
    if b"x" in chunk or b"X" in chunk:
        digit |= (after | np.uint8(32)) == ord("x")
    found &= digit
    at = np.flatnonzero(found)
    before = a[at]
    within = (before == ord("-")) | (before == ord("/")) | (before == ord(" "))  # a date, or the time behind it
    earlier = a[at - 1]
    inside = (earlier - np.uint8(ord("0")) < 10) | ((earlier | np.uint8(32)) == ord("e"))  # 1e-05
    return bool((~(within & inside)).any())


def numbered_rows(dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the cells of each row, header included; slow, for looking a fault up."""
    encoding = "utf-8-sig" if dialect.encoding.lower() in UTF_8 else dialect.encoding
    with open_bytes(dialect.path) as raw, TextIOWrapper(raw, encoding, "replace", newline="") as text:
        for _ in range(dialect.skipped):
            text.readline()
        yield from rows_within(dialect, text, 1 + dialect.skipped)


def rows_within(dialect: Dialect, text: Iterable[str], line: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the cells of each row of some text, whose first line has this number."""
    reader = csv.reader(text, delimiter=dialect.separator, strict=True)
    first = 0
    for row in reader:
        if not _blank(row) or (row and len(dialect.header) == 1):
            yield line + first, row
        first = reader.line_num


def line_of(dialect: Dialect, row: int) -> str:
    """Return where a row stands: "line 7"."""
    number = next((line for i, (line, _) in enumerate(numbered_rows(dialect)) if i == row + 1), None)
    return f"row {row}" if number is None else f"line {number}"


def check_bytes(path: str, encoding: str) -> None:
    """Raise a FileError for the first line that is not text in the file's encoding."""
    if encoding.lower() not in UTF_8:
        return
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                place = f"{name_of(path)}, line {number}"
                raise FileError(
                    f"{place}: no {encoding} text (byte 0x{line[error.start]:02x}). Save the file as UTF-8, or read it "
                    "with encoding='latin-1' or 'cp1252' (on the command line --encoding latin-1)"
                ) from None


def options(dialect: Dialect, types: dict[str, Any], only: list[str] | None = None) -> dict[str, Any]:
    """Return pyarrow's options for this file.

    Parameters
    ----------
    dialect : Dialect
    types : dict
        Types known beforehand, by the file's own names.
    only : list of str, optional
        The columns to read.
    """
    import pyarrow.csv as pa_csv

    return {
        "read_options": pa_csv.ReadOptions(block_size=dialect.block, skip_rows=dialect.skipped),
        "parse_options": pa_csv.ParseOptions(
            delimiter=dialect.separator,
            newlines_in_values=dialect.quotes > 0,
            invalid_row_handler=lambda row: "error" if row.text is None or row.text.strip() else "skip",
        ),
        "convert_options": pa_csv.ConvertOptions(
            column_types=types,
            null_values=list(dialect.words),
            strings_can_be_null=dialect.quotes > 0,  # else `tidy` finds them, and counts them for nothing
            quoted_strings_can_be_null=False,
            decimal_point=dialect.decimal,
            include_columns=only or [],
        ),
    }
