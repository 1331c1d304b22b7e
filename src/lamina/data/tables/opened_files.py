"""Table files opened together: one format, the same columns; those without rows are left out."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from lamina.data.tables.agreement import check_names, kinds_of, place_in, written_in
from lamina.data.tables.arrow_part import ArrowPart
from lamina.data.tables.columns import warn_of_alike
from lamina.data.tables.csv_dialect import find_dialect, warn_of_header
from lamina.data.tables.csv_opening import find_columns
from lamina.data.tables.csv_part import CsvPart
from lamina.data.tables.csv_whole import Kept
from lamina.data.tables.file_formats import find_format
from lamina.data.tables.parquet_part import ParquetPart
from lamina.data.tables.parts import Part
from lamina.data.tables.reading import Reading
from lamina.data.tables.stretches import RowStream
from lamina.data.tables.table import Table
from lamina.data.tables.table_files import TableFile, files_of
from lamina.errors import DataWarning, FileError, NoRowsError

OnError = Literal["raise", "skip"]


def of_files(
    files: Sequence[TableFile], source: Any, reading: Reading, on_error: OnError, kept: Kept | None = None
) -> RowStream:
    """Return the rows of files, as `lamina.data.tables.row_streams.rows_of` does."""
    parts, kind = _opened(files, reading, on_error)
    files = [part.file for part in parts]
    called = _called(files, kind, source)
    size = sum(file.size for file in files)
    check_names(parts)
    if kind != "csv":
        kinds = kinds_of(parts)
        return RowStream(parts, reading, kinds, written_in(parts, kinds, reading), called, size)
    short = repr(files[0].name) if len(files) == 1 else called
    written = find_columns(parts, reading, lambda row: place_in(parts, row), short, kept)
    if not any(part.spans for part in parts):
        raise NoRowsError(f"{short}: no rows are left", parts[0].names)
    if any(part.dialect.decimal == "," for part in parts):
        reading = replace(reading, decimal=",")
    return RowStream(parts, reading, kinds_of(parts), written, called, size)


def read_files(source: Any, reading: Reading) -> Table:
    """Return the rows of files in memory; see `lamina.data.tables.sources.read`."""
    kept = Kept()
    run = of_files(files_of(source), source, reading, "raise", kept)
    parts = [part for part in run.parts if isinstance(part, CsvPart)]
    table = run.gathered(kept.tables(parts)) if parts else run.whole()
    for column in table.columns:
        warn_of_alike(column)
    return table


def _opened(files: Sequence[TableFile], reading: Reading, on_error: OnError) -> tuple[list[Any], str]:
    """Return the parts of files with rows, and their format."""
    parts: list[Any] = []
    empty: list[str] = []
    names: tuple[str, ...] = ()
    first: tuple[str, str] | None = None
    for file in files:
        try:
            if file.size == 0 and len(files) > 1:
                raise NoRowsError(f"{file.name!r} is empty")
            kind = find_format(file.path)
            family = kind.split()[0]
            if first is not None and family != first[0]:
                raise FileError(
                    f"files of several formats: {first[1]!r} is {first[0]}, {file.name!r} is {family}. One format is "
                    "expected: name the files of one, as with a glob ('*.parquet')"
                )
            first = first or (family, file.name)
            part = _part(file, kind, reading, on_error, bool(parts))
            if kind != "csv" and not part.spans:
                raise NoRowsError(_no_rows(file.name, part.names), part.names)
            parts.append(part)
        except NoRowsError as problem:
            if len(files) == 1:
                raise
            empty.append(file.name)
            names = names or problem.names
    if not parts:
        raise NoRowsError(f"{len(files)} files have no rows: {', '.join(map(repr, empty[:3]))}", names)
    if empty:
        more = f" and {len(empty) - 3} more" if len(empty) > 3 else ""
        listed = ", ".join(map(repr, empty[:3])) + more
        warnings.warn(f"left out, for they have no rows: {listed}", DataWarning, stacklevel=4)
    return parts, "csv" if isinstance(parts[0], CsvPart) else "parquet" if isinstance(
        parts[0], ParquetPart
    ) else "arrow"


def _no_rows(name: str, names: Sequence[str]) -> str:
    return f"{name!r} has columns ({', '.join(names[:5])}{', ...' * (len(names) > 5)}) and no rows"


def _part(file: TableFile, kind: str, reading: Reading, on_error: OnError, later: bool) -> Part:
    if kind == "parquet":
        return ParquetPart(file)
    if kind != "csv":
        return ArrowPart(file, kind)  # type: ignore[arg-type]
    dialect = find_dialect(file.path, reading)
    if not (reading.predicting or later):
        warn_of_header(dialect)
    return CsvPart(file, dialect, on_error == "skip")


def _called(files: Sequence[TableFile], kind: str, source: Any) -> str:
    if len(files) == 1:
        return files[0].name
    what = {"csv": "CSV", "parquet": "Parquet", "arrow": "Arrow"}[kind]
    where = f" in {os.fspath(source)}" if isinstance(source, str | os.PathLike) else ""
    return f"{len(files):,} {what} files{where}"
