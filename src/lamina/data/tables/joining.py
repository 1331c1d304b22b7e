"""Tables one below the other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.columns import Column
from lamina.data.tables.table import Table


def joined_tables(tables: Sequence[Table]) -> Table:
    """Return tables of the same columns, of the same kinds, as one; its rows keep their numbers."""
    first = tables[0]
    if len(tables) == 1:
        return first
    numbers = np.concatenate([_row_numbers(table) for table in tables])
    n_rows = len(numbers)
    if first.matrix is not None:
        matrix = np.concatenate([table.matrix for table in tables])
        return replace(first, n_rows=n_rows, matrix=matrix, row_numbers=numbers)
    columns = tuple(joined_columns([table.columns[j] for table in tables]) for j in range(len(first.names)))
    return replace(first, n_rows=n_rows, columns=columns, row_numbers=numbers)


def joined_columns(columns: Sequence[Column]) -> Column:
    """Return columns of one name and kind as one; levels in the order in which they first occur."""
    first = columns[0]
    if first.levels is None:
        return replace(first, values=np.concatenate([column.values for column in columns]))
    place: dict[Any, int] = {}
    values = []
    for column in columns:
        assert column.levels is not None
        at = [place.setdefault(level, len(place)) for level in column.levels.tolist()]
        values.append(np.array([*at, -1], np.intp)[column.values])  # code -1 is the last
    levels: NDArray[Any] = np.array([*place, None], object)[:-1] if first.levels.dtype == object else np.array([*place])
    return replace(first, values=np.concatenate(values), levels=levels.astype(first.levels.dtype))


def _row_numbers(table: Table) -> NDArray[np.intp]:
    if isinstance(table.row_numbers, int):
        return np.arange(table.row_numbers, table.row_numbers + table.n_rows)
    return table.row_numbers
