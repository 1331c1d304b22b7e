"""Which columns of a table are the target, the weights, the groups, the time; all others are learned from."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.holding_out import By
from lamina.data.tables.columns import Column
from lamina.data.tables.sources import of_array
from lamina.data.tables.table import Table
from lamina.errors import ColumnError, DataError, SettingError, nearest


class Roles(NamedTuple):
    """Names of columns that are not inputs.

    `groups` and `time` may also hold a value per row, for rows in memory. The time stays among the inputs.
    """

    target: str | Sequence[str] | None = None
    weight: str | None = None
    groups: Any = None
    time: Any = None
    drop: Sequence[str] = ()

    @property
    def by(self) -> By | None:
        """What rows are held out by, if not at random.

        Raises
        ------
        SettingError
            Groups and time both.
        """
        if self.groups is not None and self.time is not None:
            raise SettingError("groups and time both say which rows are held out: give one of them")
        return "groups" if self.groups is not None else "time" if self.time is not None else None

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns."""
        return () if self.target is None else (self.target,) if isinstance(self.target, str) else tuple(self.target)

    def where_there(self, names: Sequence[str]) -> "Roles":
        """Return the roles for rows to watch: they need not have the columns that are dropped, nor groups or times."""
        groups, time = (one if isinstance(one, str) and one in names else None for one in (self.groups, self.time))
        return self._replace(drop=[name for name in self.drop if name in names], groups=groups, time=time)

    @property
    def named(self) -> bool:
        """Whether some column has a role by its name."""
        return bool(self.targets or self.drop) or any(isinstance(one, str) for one in self[1:4])

    def inputs(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return which of the columns are learned from.

        Raises
        ------
        ColumnError
            A role names a column that is not there; the message gives the nearest name.
        DataError
            A column has two roles, or none is left.
        """
        given = [("target", name) for name in self.targets]
        given += [(role, name) for role, name in (("weight", self.weight), ("groups", self.groups)) if name is not None]
        given += [("drop", name) for name in self.drop]
        named = [(role, name) for role, name in given if isinstance(name, str)]
        for role, name in [*named, *([("time", self.time)] if isinstance(self.time, str) else [])]:
            if name not in names:
                known = ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")
                raise ColumnError(f"{role}: no column {name!r}.{nearest(name, names)} The columns are {known}")
        roles: dict[str, str] = {}
        for role, name in named:
            if roles.setdefault(name, role) != role:
                raise DataError(f"{roles[name]} and {role} are both {name!r}: name another column")
        if isinstance(self.time, str) and roles.get(self.time) in ("target", "weight"):
            raise DataError(f"{roles[self.time]} and time are both {self.time!r}: name another column")
        left = tuple(name for name in names if name not in roles)
        if not left:
            raise DataError("no column is left to learn from")
        return left


NO_ROLES = Roles()


class Taken(NamedTuple):
    """A table taken apart."""

    X: Table
    y: NDArray[Any] | None
    weights: NDArray[np.float64] | None
    key: Column | None  # of groups or time


def taken_apart(table: Table, roles: Roles) -> Taken:
    """Return the inputs, and the columns that have another role.

    Raises
    ------
    DataError
        A column is not there, or cannot have this role.
    """
    X = table.select(roles.inputs(table.names))
    ys = [_target(table.at(table.names.index(name))) for name in roles.targets]
    y = None if not ys else ys[0] if isinstance(roles.target, str) else np.stack(ys, axis=1)
    weights = None if roles.weight is None else _weights(table.at(table.names.index(roles.weight)))
    return Taken(X, y, weights, _key(table, roles))


def _target(column: Column) -> NDArray[Any]:
    if column.kind == "date":
        raise DataError(
            f"target: column {column.name!r} holds dates, and classes or numbers are predicted: write it as a number, "
            "such as the days since a day of your choice"
        )
    return column.array()


def _weights(column: Column) -> NDArray[np.float64]:
    if column.kind not in ("number", "boolean"):
        held = "dates" if column.kind == "date" else "text"
        raise DataError(f"weight: column {column.name!r} holds {held}: numbers of at least 0 expected")
    return np.asarray(column.array(), np.float64) if column.kind == "number" else column.array()


def _key(table: Table, roles: Roles) -> Column | None:
    """Return the column of groups or times, which may also be given as values."""
    given = roles.groups if roles.by == "groups" else roles.time
    if given is None:
        return None
    if isinstance(given, str):
        return table.at(table.names.index(given))
    values = given.to_numpy() if hasattr(given, "to_numpy") else np.asarray(given)
    if values.ndim != 1 or len(values) != table.n_rows:
        expected = f"a column's name or {table.n_rows} values, one per row"
        raise DataError(f"{roles.by} is {expected}; found shape {values.shape}")
    plain = values if values.dtype.kind in "fiub" else values.astype(object)
    column = of_array(plain.reshape(-1, 1)).at(0)
    return Column(str(roles.by), column.kind, column.values, column.levels)
