"""An order of the rows that depends on how their values rank, and not on their units.

A number counts as its place among the different numbers of its column: targets in dollars or cents, lengths in inches
or centimetres, and one constant column more or less, are the same order, and with it the same split. Columns are looked
at one after another, targets first, until all rows that differ are told apart.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.row_hash import Words, column_words, finished, mixed, words
from lamina.data.tables.columns import Column
from lamina.data.tables.table import Table

MISSING_RANK = np.uint64(2**63)


def order_words(X: Any, Y: NDArray[Any] | None, n_different: int) -> Words:
    """Return a 64-bit number for each row: equal rows have equal ones, different rows different ones.

    Parameters
    ----------
    X : Table, array or CSR array, shape (m, n)
    Y : array of real numbers, shape (m, k), or None
    n_different : int
        How many different rows there are.
    """
    n_rows = X.n_rows if isinstance(X, Table) else X.shape[0]
    total, look_at = np.zeros(n_rows, np.uint64), 1
    for known, column in enumerate(_varying(X, Y), start=1):
        total += mixed(column) * (words(np.array([known])) | np.uint64(1))
        if known == look_at:  # 1, 2, 4, 8, ... columns
            look_at *= 2
            if len(np.unique(total)) == n_different:
                break
    return finished(total)


def _varying(X: Any, Y: NDArray[Any] | None) -> Iterator[Words]:
    """Yield a word for each row, column by column: those of Y, then those of X; constant ones are passed over."""
    for found in _words(X, Y):
        if len(found) and (found != found[0]).any():
            yield found


def _words(X: Any, Y: NDArray[Any] | None) -> Iterator[Words]:
    for values in () if Y is None else Y.T:
        yield _ranks(values)
    if isinstance(X, Table) and X.matrix is None:
        for column in X.columns:
            yield _of_column(column)
        return
    matrix = X.matrix if isinstance(X, Table) else X
    if isinstance(matrix, np.ndarray):
        for values in matrix.T:
            yield _ranks(values)
        return
    by_column = matrix.tocsc()
    for start, stop in zip(by_column.indptr[:-1], by_column.indptr[1:], strict=True):
        values = np.zeros(matrix.shape[0])
        values[by_column.indices[start:stop]] = by_column.data[start:stop]
        yield _ranks(values)


def _of_column(column: Column) -> Words:
    return _ranks(column.values) if column.levels is None else column_words(column)


def _ranks(values: NDArray[Any]) -> Words:
    """Return the place of each number among the different ones, as a word."""
    with np.errstate(over="ignore"):
        values = np.asarray(values, np.float64)
    different = np.unique(values)  # NaN comes last
    ranks = words(np.searchsorted(different, values))
    missing = np.isnan(values)
    ranks[missing] = MISSING_RANK
    return ranks
