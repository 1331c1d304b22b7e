"""Where rows come from: `read` makes one `Table` of any source, `stream` a run of tables from a file of any size."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.columns import Column, boolean, from_numpy, number
from lamina.data.frames import from_arrow_table, from_frame, from_mapping, unmasked
from lamina.errors import ColumnError, DataError, nearest

if TYPE_CHECKING:
    from lamina.data.streams import Stream


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of named columns in memory: one matrix (dense or CSR), or one `Column` each.

    Attributes
    ----------
    names : tuple of str
        "x0", "x1", ... where the source has no names.
    named : bool
        Whether the names came from the source.
    n_rows : int
    matrix : array or CSR array of real numbers, shape (n_rows, n_columns), or None
    columns : tuple of Column
        Empty where there is a matrix.
    row_numbers : array of int, shape (n_rows,), or int
        The numbers of the rows in the source, for messages; an int is the number of the first of consecutive rows.
    """

    names: tuple[str, ...]
    named: bool
    n_rows: int
    matrix: Any = None
    columns: tuple[Column, ...] = ()
    row_numbers: NDArray[np.intp] | int = 0

    @property
    def is_sparse(self) -> bool:
        """Whether the rows are a CSR matrix."""
        return self.matrix is not None and not isinstance(self.matrix, np.ndarray)

    def row_number(self, i: int) -> int:
        """Return the number that row `i` of this table had in the source, counted from 0."""
        return self.row_numbers + i if isinstance(self.row_numbers, int) else int(self.row_numbers[i])

    def take(self, rows: slice | Sequence[int] | NDArray[Any]) -> "Table":
        """Return these rows, in this order; `rows` is a slice, an index array or a mask."""
        index = rows if isinstance(rows, slice) else _as_index(np.asarray(rows))
        matrix = None if self.matrix is None else self.matrix[index]
        columns = tuple(column.take(index) for column in self.columns)
        n_rows = len(range(*index.indices(self.n_rows)) if isinstance(index, slice) else index)
        return Table(self.names, self.named, n_rows, matrix, columns, self._numbers_at(index))

    def _numbers_at(self, index: slice | NDArray[np.intp]) -> NDArray[np.intp] | int:
        if not isinstance(self.row_numbers, int):
            return self.row_numbers[index]
        if isinstance(index, slice):
            start, _, step = index.indices(self.n_rows)
            if step == 1:
                return self.row_numbers + start
            index = np.arange(self.n_rows)[index]
        return index + self.row_numbers if self.row_numbers else index

    def select(self, names: Iterable[str]) -> "Table":
        """Return these columns, in this order."""
        wanted = tuple(names)
        if wanted == self.names:
            return self
        at = [self._find(name) for name in wanted]
        if self.matrix is not None:
            return Table(wanted, self.named, self.n_rows, self.matrix[:, at], (), self.row_numbers)
        return Table(wanted, self.named, self.n_rows, None, tuple(self.columns[j] for j in at), self.row_numbers)

    def drop(self, name: str) -> "Table":
        """Return all columns but one."""
        self._find(name)
        return self.select(other for other in self.names if other != name)

    def column(self, name: str) -> NDArray[Any]:
        """Return the values of one column, for targets and weights.

        Returns
        -------
        array, shape (n_rows,)
            Numbers with NaN where missing (dates as days since 1970), booleans, or objects with None where missing.
        """
        return self.at(self._find(name)).array()

    def at(self, j: int) -> Column:
        """Return column number `j`."""
        if self.matrix is None:
            return self.columns[j]
        values = self.matrix[:, [j]].toarray()[:, 0] if self.is_sparse else self.matrix[:, j]
        return boolean(self.names[j], values) if values.dtype.kind == "b" else number(self.names[j], values)

    def _find(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            known = ", ".join(map(repr, self.names[:20])) + (", ..." if len(self.names) > 20 else "")
            message = f"no column {name!r}.{nearest(name, self.names)} The columns are {known}"
            raise ColumnError(message) from None


def _as_index(rows: NDArray[Any]) -> NDArray[np.intp]:
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp, copy=False)


def read(source: Any, *, text: Iterable[str] = (), encoding: str = "utf-8") -> Table:
    """Return the rows of a source as a table in memory.

    Parameters
    ----------
    source : path, data frame, mapping, array or sparse matrix
        A path of a CSV, Parquet, Arrow or Feather file; a pandas, polars or Arrow table (or anything with
        `__arrow_c_stream__`); a dictionary of columns; a two-dimensional array (numbers are kept as they are, without a
        copy; of an object array each column's type is inferred); a sparse matrix (kept as CSR); another `Table`.
    text : iterable of str
        Columns of a CSV file to read as text whatever they look like ("01234" stays so).
    encoding : str
        Of a CSV file.

    Raises
    ------
    DataError
        No rows, no columns, or not a table; `ColumnError` names the column, `FileError` the file and line.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        from lamina.data.streams import read_file

        return read_file(os.fspath(source), text=tuple(text), encoding=encoding)
    table = _of_memory(source)
    check_size(table)
    return table


def check_size(table: Table, what: str = "Found array") -> None:
    """Raise a DataError for a table of no rows or no columns (in the words that scikit-learn uses)."""
    shape = (table.n_rows, len(table.names))
    if shape[1] == 0:
        raise DataError(f"{what} with 0 feature(s) (shape={shape}) while a minimum of 1 is required.")
    if shape[0] == 0:
        raise DataError(f"{what} with 0 sample(s) (shape={shape}) while a minimum of 1 is required.")


def _of_memory(source: Any) -> Table:
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


@lru_cache(maxsize=16)
def default_names(n: int) -> tuple[str, ...]:
    """Return "x0", "x1", ..., as scikit-learn names the columns of an array."""
    return tuple(f"x{j}" for j in range(n))


def _of_sparse(source: Any) -> Table:
    if len(source.shape) != 2:
        raise DataError(f"Expected 2D array, got sparse array of shape {source.shape}. Reshape your data.")
    if source.dtype.kind == "c":
        raise DataError("Complex data not supported: a sparse matrix of complex numbers")
    if source.dtype.kind not in "fiub":
        raise DataError(f"a sparse matrix of real numbers expected, found dtype {source.dtype}")
    matrix = source.tocsr()
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
    frame = nw.from_native(source, pass_through=True, allow_series=True)
    if isinstance(frame, nw.Series):
        raise DataError("Expected 2D array, got a series instead. Reshape your data: frame[['name']] has one column")
    if isinstance(frame, nw.LazyFrame):
        raise DataError("a data frame in memory expected, found a lazy one: call .collect() first")
    if not isinstance(frame, nw.DataFrame):
        return _of_arrow(source)
    columns = tuple(from_frame(frame))
    names = tuple(column.name for column in columns)
    return Table(names, _all_text(frame.columns), len(frame), None, columns)


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


def of_columns(columns: Iterable[Column], row_number: int = 0) -> Table:
    """Return the table of columns of one length, with names of their own."""
    columns = tuple(columns)
    names = tuple(column.name for column in columns)
    check_unique(names)
    return Table(names, True, len(columns[0].values) if columns else 0, None, columns, row_number)


def check_unique(names: Iterable[str]) -> None:
    """Raise a ColumnError that names the columns that occur twice."""
    seen: set[str] = set()
    twice = sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    if twice:
        raise ColumnError(f"column names occur more than once: {', '.join(map(repr, twice))}; rename or drop them")


def stream(
    path: str | os.PathLike[str], rows: int = 65_536, *, text: Iterable[str] = (), encoding: str = "utf-8"
) -> "Stream":
    """Return the rows of a file as a re-startable run of tables (see `lamina.data.streams.Stream`)."""
    from lamina.data.streams import Stream

    return Stream(os.fspath(path), rows, text=tuple(text), encoding=encoding)
