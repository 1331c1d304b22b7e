"""Rows from anywhere as one run of tables that can be read again and again, in constant memory.

rows_of(source)          opens files, data sets, Arrow streams, batches: parts with columns of their own
RowStream.stretches      neighbouring rows that can be read on their own, in any order
RowStream.tables(...)    the rows of one of them; every column of the kind that it has over all parts
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lamina.data.tables.agreement import kinds_of, written_in
from lamina.data.tables.arrow_stream_part import ArrowStreamPart, is_lazy
from lamina.data.tables.batches_part import BatchesPart, TablePart, is_rows
from lamina.data.tables.dataset_part import parts_of_dataset, size_of
from lamina.data.tables.opened_files import OnError, of_files
from lamina.data.tables.reading import Reading
from lamina.data.tables.sources import read
from lamina.data.tables.stretches import RowStream, Stretch
from lamina.data.tables.table import Table
from lamina.data.tables.table_files import files_of
from lamina.errors import NoRowsError, SettingError

__all__ = ["RowStream", "Stretch", "is_stream", "rows_of"]


def is_stream(source: Any) -> bool:
    """Return whether rows come from files or piece by piece, and not from one table in memory."""
    if isinstance(source, np.ndarray):
        return False
    if isinstance(source, str | os.PathLike) or is_dataset(source) or is_lazy(source) or is_relation(source):
        return True
    if isinstance(source, list | tuple):
        if source and all(isinstance(one, str | os.PathLike) for one in source):
            return True
        return bool(source) and all(is_rows(one[0] if isinstance(one, tuple) and one else one) for one in source)
    if isinstance(source, Mapping | Table | bytes) or hasattr(source, "__array__") or hasattr(source, "shape"):
        return False
    return hasattr(source, "__arrow_c_stream__") or isinstance(source, Iterable) or callable(source)


def is_relation(source: Any) -> bool:
    """Return whether this is a query of DuckDB, which has a shape as frames have, and computes it."""
    return type(source).__name__ == "DuckDBPyRelation"


def is_dataset(source: Any) -> bool:
    """Return whether this is a pyarrow data set, without importing what it is made of."""
    return any(one.__module__ == "pyarrow._dataset" and one.__name__ == "Dataset" for one in type(source).__mro__)


def rows_of(source: Any, *, reading: Reading | None = None, on_error: OnError = "raise") -> RowStream:
    """Return the rows of a source as a run of tables.

    Parameters
    ----------
    source : path, list of paths, data set, Arrow stream, iterable or function
        - A file, a folder (searched with all below it), a glob pattern, a URI that `pyarrow.fs` takes, or several of
          them: CSV (also .gz, .bz2, .zst, .lz4), Parquet or Arrow files with the same columns.
        - A `pyarrow.dataset.Dataset`, a lazy frame of polars, a relation of DuckDB, anything with `__arrow_c_stream__`.
        - An iterable whose `iter()` begins anew, or a function without arguments that returns an iterator: of data
          frames, Arrow tables, arrays, or tuples (X, y) or (X, y, weights) of them.
        - Rows in memory, as `lamina.data.tables.sources.read` takes them.
    reading : Reading, optional
        How text is to be read: what the user asked for, or how a model's training rows were read.
    on_error : {"raise", "skip"}
        What becomes of rows of a CSV file whose number of cells is not that of the header.

    Raises
    ------
    FileError
        A file is missing, damaged, or no table; `NoRowsError` where there are no rows at all.
    ColumnError
        The files have different columns, or one with types that are no one kind.
    DataError
        What can be read only once.
    """
    if on_error not in ("raise", "skip"):
        raise SettingError(f"on_error is 'raise' or 'skip', found {on_error!r}")
    if isinstance(source, RowStream):
        return source
    reading = Reading() if reading is None else reading
    if not is_stream(source):
        return _of_memory(source, reading)
    if isinstance(source, str | os.PathLike):
        return of_files(files_of(source), source, reading, on_error)
    if isinstance(source, list | tuple) and isinstance(source[0], str | os.PathLike):
        return of_files(files_of(source), source, reading, on_error)
    if is_dataset(source):
        return _of_dataset(source, reading)
    if is_lazy(source) or hasattr(source, "__arrow_c_stream__"):
        part = ArrowStreamPart(source)
        if not part.spans:
            raise NoRowsError(f"{part.name} has no rows", part.names)
        kinds = kinds_of([part])
        return RowStream([part], reading, kinds, written_in([part], kinds, reading), part.name, None)
    batches = BatchesPart(source, reading)
    if not batches.spans:
        raise NoRowsError(f"{batches.name} have no rows", batches.names)
    return RowStream([batches], reading, kinds_of([batches]), batches.written, batches.name, None)


def _of_memory(source: Any, reading: Reading) -> RowStream:
    table = read(source, reading=reading)
    part = TablePart(table)
    return RowStream([part], table.reading, {one.name: one.kind for one in table.columns}, {}, part.name, None)


def _of_dataset(source: Any, reading: Reading) -> RowStream:
    parts = parts_of_dataset(source)
    if not any(part.spans for part in parts):
        raise NoRowsError("the data set has no rows", source.schema.names)
    kinds = kinds_of(parts)
    called = f"a data set of {len(parts):,} part{'s' * (len(parts) != 1)}"
    return RowStream(parts, reading, kinds, written_in(parts, kinds, reading), called, size_of(parts))
