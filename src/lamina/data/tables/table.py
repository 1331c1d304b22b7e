"""Rows of named columns in memory, and batches of them with their targets and weights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.columns import Column, boolean, number
from lamina.data.tables.reading import Reading
from lamina.errors import ColumnError, DataError, nearest


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
    reading : Reading
        How text was read, for rows that are to be read the same.
    """

    names: tuple[str, ...]
    named: bool
    n_rows: int
    matrix: Any = None
    columns: tuple[Column, ...] = ()
    row_numbers: NDArray[np.intp] | int = 0
    reading: Reading = field(default_factory=Reading)

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
        return Table(self.names, self.named, n_rows, matrix, columns, self._numbers_at(index), self.reading)

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
        place = {name: j for j, name in enumerate(self.names)}
        at = [place[name] if name in place else self._find(name) for name in wanted]
        if self.matrix is not None:
            return replace(self, names=wanted, matrix=self.matrix[:, at])
        return replace(self, names=wanted, columns=tuple(self.columns[j] for j in at))

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


class Batch(NamedTuple):
    """Some of the training rows."""

    table: Table
    y: Any = None  # plain targets of these rows, as `target_values.plain` returns them
    weights: Any = None  # (rows,) float64, all above 0, or None where all count alike
    first: int = 0  # the number of the first row in the source

    @property
    def row_numbers(self) -> NDArray[np.int64]:
        """The numbers of the rows in the source; rows that `Table.take` picked keep theirs."""
        if isinstance(self.table.row_numbers, int):
            return np.arange(self.first, self.first + self.table.n_rows)
        return self.table.row_numbers


def check_size(table: Table, what: str = "Found array") -> None:
    """Raise a DataError for a table of no rows or no columns (in the words that scikit-learn uses)."""
    shape = (table.n_rows, len(table.names))
    if shape[1] == 0:
        raise DataError(f"{what} with 0 feature(s) (shape={shape}) while a minimum of 1 is required.")
    if shape[0] == 0:
        raise DataError(f"{what} with 0 sample(s) (shape={shape}) while a minimum of 1 is required.")


@lru_cache(maxsize=16)
def default_names(n: int) -> tuple[str, ...]:
    """Return "x0", "x1", ..., as scikit-learn names the columns of an array."""
    return tuple(f"x{j}" for j in range(n))


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
