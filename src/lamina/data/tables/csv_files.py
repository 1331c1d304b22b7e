"""Rows of CSV files, whole or in a stream; types are those that fit the whole file, not its beginning."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any, NoReturn

import numpy as np

from lamina.data.tables.arrow import from_arrow_table
from lamina.data.tables.columns import Column
from lamina.data.tables.csv_dialect import MISSING, Dialect, check_bytes, numbered_rows, options
from lamina.data.tables.file_formats import name_of
from lamina.errors import FileError

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
CONVERSION = re.compile(r"In CSV column #(\d+): .*?CSV conversion error to (.+?): invalid value '(.*)'", re.DOTALL)


def read_csv(dialect: Dialect, text: tuple[str, ...]) -> list[Column]:
    """Return the columns of a whole file."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    try:
        table = pa_csv.read_csv(dialect.path, **options(dialect, _text_types(dialect, text)))
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        _explain(dialect, error)
    _check_quotes(dialect)
    return _columns(dialect, table)


def stream_csv(dialect: Dialect, types: dict[str, Any]) -> Iterator[Any]:
    """Yield record batches of a file whose types are known."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    try:
        yield from pa_csv.open_csv(dialect.path, **options(dialect, types))
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        _explain(dialect, error)


def find_types(dialect: Dialect, text: tuple[str, ...]) -> dict[str, Any]:
    """Return the type of each column that fits the whole file, in constant memory.

    pyarrow's stream takes the types of its first block. Where a later cell does not fit, the type is widened, as
    `pyarrow.csv.read_csv` would, and the file is read again.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    types = _text_types(dialect, text)
    while True:
        try:
            reader = pa_csv.open_csv(dialect.path, **options(dialect, types))
            _check_text(dialect, reader.schema)
            types = {field.name: field.type for field in reader.schema}
            for _ in reader:
                pass
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            unfit = CONVERSION.search(str(error))
            if unfit is None or unfit[2] not in EXAMPLES:
                _explain(dialect, error)
            types[dialect.header[int(unfit[1])]] = _wider(dialect, unfit[2], unfit[3])
        else:
            _check_quotes(dialect)
            return types


def _wider(dialect: Dialect, kind: str, cell: str) -> Any:
    """Return the type that fits a cell of this kind and another cell."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    example = EXAMPLES[kind].replace(".", dialect.decimal)
    lines = "\n".join('"' + one.replace('"', '""') + '"' for one in ("name", example, cell))
    small = replace(dialect, encoding="utf-8", quotes=6, header=("name",))
    found = pa_csv.read_csv(BytesIO(lines.encode()), **options(small, {})).schema.field(0).type
    return pa.string() if str(found) == kind else found


def _text_types(dialect: Dialect, text: tuple[str, ...]) -> dict[str, Any]:
    import pyarrow as pa

    return {raw: pa.string() for raw, name in zip(dialect.header, dialect.names, strict=True) if name in text}


def _check_text(dialect: Dialect, schema: Any) -> None:
    """Raise a FileError where pyarrow took cells for bytes, because they are no text in the file's encoding."""
    import pyarrow as pa

    if any(pa.types.is_binary(field.type) for field in schema):
        _explain(dialect, None)


def _columns(dialect: Dialect, table: Any) -> list[Column]:
    _check_text(dialect, table.schema)
    return [tidy(column) for column in from_arrow_table(table.rename_columns(list(dialect.names)))]


def tidy(column: Column) -> Column:
    """Take the blanks around text away, and see missing values that blanks hid (" ?")."""
    if column.kind != "category" or column.levels is None:
        return column
    stripped = [level.strip() for level in column.levels.tolist()]
    if stripped == column.levels.tolist():
        return column
    levels = [level for level in dict.fromkeys(stripped) if level not in MISSING]
    place = {level: code for code, level in enumerate(levels)}
    codes = np.array([*(place.get(level, -1) for level in stripped), -1])
    return Column(column.name, "category", codes[column.values], np.array(levels, object))


def _explain(dialect: Dialect, error: Exception | None) -> NoReturn:
    """Raise the FileError for what pyarrow could not read, with the line of the file."""
    name = name_of(dialect.path)
    check_bytes(dialect.path, dialect.encoding)
    width = len(dialect.header)
    try:
        for line, row in numbered_rows(dialect):
            if len(row) != width:
                start = dialect.separator.join(row)[:60]
                raise FileError(
                    f"{name}, line {line}: {width} fields expected, as in the header, found {len(row)}: {start!r}"
                )
    except csv.Error as fault:
        raise FileError(f"{name}: {fault}") from error
    raise FileError(f"{name}: {error}") from error


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
