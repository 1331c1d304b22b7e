"""One kind for a column over files and batches that have types of their own, and tables put together into one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.arrow import is_text
from lamina.data.tables.columns import Column, Kind, as_category
from lamina.data.tables.table import Table, of_columns
from lamina.errors import ColumnError

NOTHING, NUMBERS, DATES, TEXT, OTHER = "nothing", "numbers", "dates", "text", "values of an unusable type"
KINDS: dict[str, Kind] = {
    NUMBERS: "number",
    "booleans": "boolean",
    DATES: "date",
    "times of the day": "number",
    "durations": "number",
    TEXT: "category",
}
OF_COLUMNS = {"number": NUMBERS, "date": DATES, "boolean": "booleans", "category": TEXT}


class Group(NamedTuple):
    """What a column holds; columns of one group can be one column."""

    what: str  # a key of KINDS, or NOTHING
    category: bool = False  # a dictionary: its levels are never looked into

    @property
    def kind(self) -> Kind:
        """The kind that the column has."""
        return "category" if self.category else KINDS.get(self.what, "number")


def group_of(kind: Any) -> Group:
    """Return the group of an Arrow type."""
    import pyarrow.types as t

    if t.is_dictionary(kind):
        return Group(group_of(kind.value_type).what, True)
    if t.is_null(kind):
        return Group(NOTHING)
    if t.is_boolean(kind):
        return Group("booleans")
    if t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind):
        return Group(NUMBERS)
    if is_text(kind):
        return Group(TEXT)
    if t.is_date(kind) or t.is_timestamp(kind):
        return Group(DATES)
    if t.is_time(kind):
        return Group("times of the day")
    return Group("durations") if t.is_duration(kind) else Group(OTHER)


def group_of_column(column: Column) -> Group:
    """Return the group of a column whose source had no Arrow types; without a value it goes with any other."""
    if missing(column).all():
        return Group(NOTHING, column.kind == "category" and not column.unread)
    return Group(OF_COLUMNS[column.kind], column.kind == "category" and not column.unread)


class Sighting(NamedTuple):
    """The group of a column, and where it was seen first."""

    group: Group
    spelled: str  # the type as its library calls it
    where: str  # the file or batch


def sighted(kind: Any, where: str) -> Sighting:
    """Return what a column of an Arrow type holds."""
    return Sighting(group_of(kind), str(kind), where)


def joined_groups(name: str, before: Sighting | None, here: Sighting) -> Sighting:
    """Return what a column is over both.

    Raises
    ------
    ColumnError
        They cannot be one column: dates in one, numbers in the other.
    """
    if before is None or before.group == here.group:
        return before or here
    a, b = before.group, here.group
    if NOTHING not in (a.what, b.what) and a.what != b.what:
        raise ColumnError(
            f"column {name!r} holds {a.what} in {before.where} ({before.spelled}), and {b.what} in {here.where} "
            f"({here.spelled}): one kind expected. Write the files with the same types, or read them apart"
        )
    first = before if a.what != NOTHING else here
    return first._replace(group=Group(first.group.what, a.category or b.category))


def missing(column: Column) -> NDArray[np.bool_]:
    """Return which values are missing, shape (n,)."""
    x = column.values
    return x < 0 if column.levels is not None else np.isnan(x) if x.dtype.kind == "f" else np.zeros(len(x), bool)


def fitted(column: Column, kind: Kind) -> Column:
    """Return a column of numbers, or of nothing but missing values, as one of this kind."""
    if column.kind == kind or (kind == "category" and column.kind == "number" and not missing(column).all()):
        return column if column.kind == kind else as_category(column)
    if not missing(column).all():
        held = OF_COLUMNS[column.kind], OF_COLUMNS[kind]
        raise ColumnError(f"column {column.name!r} holds {held[0]} here, and {held[1]} elsewhere: one kind expected")
    if kind in ("number", "date"):
        return Column(column.name, kind, np.full(len(column.values), np.nan))
    levels = np.array([False, True]) if kind == "boolean" else np.array([], object)
    return Column(column.name, kind, np.full(len(column.values), -1, np.int8), levels)


class Joined:
    """Tables of the same columns put together one by one, in memory for one of them only."""

    def __init__(self, n_rows: int) -> None:
        self.n_rows, self._filled = n_rows, 0
        self._start: Table | None = None
        self._sparse: list[Any] = []
        self._values: list[NDArray[Any]] = []
        self._levels: list[list[NDArray[Any]]] = []  # of each column those of all tables
        self._ends: list[int] = []

    def add(self, table: Table) -> None:
        """Put rows behind those that are there."""
        self._filled += table.n_rows
        self._ends.append(self._filled)
        if table.is_sparse:
            self._start = self._start or table
            self._sparse.append(table.matrix)
            return
        sources = [table.matrix] if table.matrix is not None else [column.values for column in table.columns]
        if self._start is None:
            self._start = table
            self._values = [np.empty((self.n_rows, *one.shape[1:]), one.dtype) for one in sources]
            self._levels = [[] for _ in table.columns]
        for j, values in enumerate(sources):
            kind = np.promote_types(self._values[j].dtype, values.dtype)
            if kind != self._values[j].dtype:
                wider = np.empty(self._values[j].shape, kind)
                before = self._filled - table.n_rows  # behind them stands what was there by chance
                wider[:before] = self._values[j][:before]
                self._values[j] = wider
            self._values[j][self._filled - table.n_rows : self._filled] = values
        for levels, column in zip(self._levels, table.columns, strict=True):
            if column.levels is not None:
                levels.append(column.levels)

    def table(self, row_number: int = 0) -> Table:
        """Return the rows so far as one table."""
        start = self._start
        assert start is not None
        if self._sparse:
            from scipy.sparse import vstack

            matrix = vstack(self._sparse, format="csr")
            return replace(start, matrix=matrix, n_rows=self._filled, row_numbers=row_number)
        values = [one[: self._filled] for one in self._values]
        if start.matrix is not None:
            return replace(start, matrix=values[0], n_rows=self._filled, row_numbers=row_number)
        columns = []
        for column, here, levels in zip(start.columns, values, self._levels, strict=True):
            codes, known = (here, column.levels) if column.kind != "category" else self._joined(here, levels)
            columns.append(replace(column, values=codes, levels=known))
        return replace(of_columns(columns, row_number), reading=start.reading)

    def _joined(self, codes: NDArray[Any], levels: list[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return codes into the levels of all tables, which are in the order in which they come, and these levels."""
        places, known = _distinct(levels)
        if len(known) > np.iinfo(codes.dtype).max:
            codes = codes.astype(np.int64)
        first = start = 0
        for end, one in zip(self._ends, levels, strict=True):
            here = np.append(places[first : first + len(one)], -1)  # code -1 is the last
            if not np.array_equal(here[:-1], np.arange(len(one))):
                codes[start:end] = here[codes[start:end]]
            first, start = first + len(one), end
        return codes, known


def _distinct(levels: list[NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the place of every level among the distinct ones, and these; both in the order in which they come."""
    import pyarrow as pa

    if all(one.dtype.kind in "iuf" for one in levels):
        found = pa.array(np.concatenate(levels)).dictionary_encode()
        return found.indices.to_numpy().astype(np.int64), found.dictionary.to_numpy(zero_copy_only=False)
    plain = [level for one in levels for level in one.tolist()]
    if set(map(type, plain)) <= {str}:
        found = pa.array(plain, pa.large_string()).dictionary_encode()
        listed = found.dictionary.to_pylist()
        return found.indices.to_numpy().astype(np.int64), np.array([*listed, None], object)[:-1]
    index: dict[Any, int] = {}
    places = np.array([index.setdefault(level, len(index)) for level in plain], np.int64)
    return places, np.array([*index, None], object)[:-1]


def joined(tables: Sequence[Table]) -> Table:
    """Return tables of the same columns as one."""
    if len(tables) == 1:
        return tables[0]
    whole = Joined(sum(table.n_rows for table in tables))
    for table in tables:
        whole.add(table)
    return whole.table(tables[0].row_number(0))
