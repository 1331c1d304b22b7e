"""Where rows come from: `read` makes one `Table` of any source; row_streams.py has what is larger than memory."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.agreement import text_read
from lamina.data.tables.arrays import from_numpy
from lamina.data.tables.arrow import from_arrow_table
from lamina.data.tables.csv_dialect import find_dialect, line_of
from lamina.data.tables.file_formats import find_format
from lamina.data.tables.frames import from_frame, from_mapping, unmasked
from lamina.data.tables.opened_files import read_files
from lamina.data.tables.reading import Reading, reading_of
from lamina.data.tables.table import Table, check_size, check_unique, default_names, of_columns
from lamina.errors import ColumnError, DataError


def read(
    source: Any,
    *,
    text: Iterable[str] = (),
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    missing_words: Iterable[str] | None = None,
    reading: Reading | None = None,
) -> Table:
    """Return the rows of a source as a table in memory.

    Parameters
    ----------
    source : path, data frame, mapping, array or sparse matrix
        A path of a CSV, Parquet, Arrow or Feather file, of a folder of them, or a glob pattern; a pandas, polars or
        Arrow table (or anything with `__arrow_c_stream__`); a dictionary of columns; a two-dimensional array (numbers
        are kept as they are, without a copy; of an object array each column's type is inferred); a sparse matrix (kept
        as CSR); another `Table`.
    text : iterable of str
        Columns to read as text whatever they look like ("01234" stays so).
    encoding : str, optional
        Of a CSV file; found where it is UTF-8 or UTF-16.
    decimal, thousands : str, optional
        The decimal sign ("." or ","), and the sign between thousands, of numbers in text; found where they are clear.
    missing_words : iterable of str, optional
        Cells of a CSV file that mean a missing value unless they are quoted, in place of `reading.MISSING_WORDS`.
    reading : Reading, optional
        In place of these options: how a model's training rows were read.

    Raises
    ------
    DataError
        No rows, no columns, or not a table; `ColumnError` names the column, `FileError` the file and line.
    """
    if isinstance(source, Table):
        return source
    if reading is None:
        reading = reading_of(text, encoding, decimal, thousands, missing_words)
    if isinstance(source, str | os.PathLike):
        return read_files(source, reading)
    table = text_read(unread(source), reading)
    check_size(table)
    return table


def unread(source: Any) -> Table:
    """Return the table of rows in memory, whose columns of text nobody has looked at yet."""
    if hasattr(source, "tocsr"):
        return _of_sparse(source)
    if isinstance(source, Mapping):
        return of_columns(from_mapping(source))
    if not isinstance(source, np.ndarray | list | tuple) and _is_frame(source):
        return _of_frame(source)
    if isinstance(source, np.ma.MaskedArray):
        source = unmasked(source)
    return of_array(_as_array(source))


def _as_array(source: Any) -> NDArray[Any]:
    if source is None or isinstance(source, str | bytes):
        raise DataError(
            f"rows expected: a path, a data frame or a two-dimensional array; found {type(source).__name__}"
        )
    try:
        array = np.asarray(source)
    except ValueError as error:
        raise DataError(f"rows of one length expected: {error}") from error
    if isinstance(source, list | tuple) and array.dtype.kind == "U":
        array = np.array(source, object)  # a list of mixed rows: np.asarray makes text of its numbers
    return array


def of_array(array: NDArray[Any]) -> Table:
    """Return the table of a two-dimensional array; real numbers stay one matrix."""
    if array.dtype.names is not None and array.ndim == 1:
        return of_columns([from_numpy(name, array[name]) for name in array.dtype.names])
    if array.ndim != 2:
        raise DataError(
            f"Expected 2D array, got {_dimensions(array)} instead (shape={array.shape}). Reshape your data either "
            "using array.reshape(-1, 1) if it has a single column or array.reshape(1, -1) if it is a single row."
        )
    if array.dtype.kind == "c":
        raise DataError(
            f"Complex data not supported: an array of {array.dtype}; pass real and imaginary parts as columns"
        )
    names = default_names(array.shape[1])
    if array.dtype.kind in "fiub":
        return Table(names, False, array.shape[0], array)
    columns = tuple(from_numpy(name, array[:, j]) for j, name in enumerate(names))
    return Table(names, False, array.shape[0], None, columns)


def _dimensions(array: NDArray[Any]) -> str:
    return "scalar array" if array.ndim == 0 else f"{array.ndim}D array"


def _of_sparse(source: Any) -> Table:
    if len(source.shape) != 2:
        raise DataError(f"Expected 2D array, got sparse array of shape {source.shape}. Reshape your data.")
    if source.dtype.kind == "c":
        raise DataError("Complex data not supported: a sparse matrix of complex numbers")
    if source.dtype.kind not in "fiub":
        raise DataError(f"a sparse matrix of real numbers expected, found dtype {source.dtype}")
    matrix = source.tocsr()
    if matrix.nnz and not (matrix.indices.min() >= 0 and matrix.indices.max() < matrix.shape[1]):
        raise DataError(
            f"a sparse matrix with a column number of {matrix.indices.min()} or {matrix.indices.max()}, but it has "
            f"{matrix.shape[1]} columns: its indices are damaged"
        )
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return Table(default_names(matrix.shape[1]), False, matrix.shape[0], matrix)


def _is_frame(source: Any) -> bool:
    return hasattr(source, "__arrow_c_stream__") or _library(source) in ("pandas", "polars", "pyarrow", "narwhals")


def _library(source: Any) -> str:
    return type(source).__module__.partition(".")[0]


def _of_frame(source: Any) -> Table:
    import narwhals as nw

    if _library(source) == "pyarrow":
        return _of_arrow(source)
    if _library(source) == "pandas" and hasattr(source, "columns"):
        check_unique(map(str, source.columns))  # narwhals takes none twice
        if len(source.columns) and all(isinstance(kind, pandas_sparse()) for kind in source.dtypes):
            return _of_sparse_frame(source)
    frame = nw.from_native(source, pass_through=True, allow_series=True)
    if isinstance(frame, nw.Series):
        raise DataError(
            "Expected 2D array, got a series instead. Reshape your data: frame[['name']] has one column, "
            "frame.iloc[[0]] (polars: frame[[0]]) is one row"
        )
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()  # of DuckDB, polars and others: its query is run
    if not isinstance(frame, nw.DataFrame):
        return _of_arrow(source)
    columns = tuple(from_frame(frame))
    names = tuple(column.name for column in columns)
    return Table(names, _all_text(frame.columns), len(frame), None, columns)


def pandas_sparse() -> Any:
    """Return pandas' type of sparse columns; pandas is there, for its frame is."""
    import pandas

    return pandas.SparseDtype


def _of_sparse_frame(source: Any) -> Table:
    """Return the CSR matrix of a pandas frame whose columns are all sparse, with its names; dense if zeros are not."""
    if any(kind.fill_value != 0 or kind.subtype.kind not in "fiub" for kind in source.dtypes):
        return _of_frame(source.sparse.to_dense())
    matrix = source.sparse.to_coo().tocsr()
    names = tuple(str(name) for name in source.columns)
    return Table(names, _all_text(source.columns), matrix.shape[0], matrix)


def _of_arrow(source: Any) -> Table:
    """Return the table of a pyarrow table or of anything that gives its rows as an Arrow stream."""
    import pyarrow as pa

    if isinstance(source, pa.Array | pa.ChunkedArray):
        raise DataError("Expected 2D array, got an Arrow array instead. Reshape your data: a table has named columns")
    arrow = source if isinstance(source, pa.Table) else pa.table(source)
    check_unique(arrow.schema.names)
    return of_columns(from_arrow_table(arrow))


def _all_text(names: Any) -> bool:
    kinds = {isinstance(name, str) for name in names}
    if len(kinds) > 1:
        raise ColumnError(
            "column names are partly text and partly not; convert them: frame.columns = frame.columns.astype(str)"
        )
    return kinds == {True}


def place_of(path: str | os.PathLike[str], reading: Reading, row: int) -> str:
    """Return where a row of a file stands: "line 7" of a CSV file, else "row 5", counted from 0."""
    file = os.fspath(path)
    return line_of(find_dialect(file, reading), row) if find_format(file) == "csv" else f"row {row}"
