"""Rows with their targets and weights, checked against one another: what a fit starts from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.holding_out import By
from lamina.data.roles import NO_ROLES, Roles, taken_apart
from lamina.data.splitting import Part, check_weights
from lamina.data.streaming.streamed_source import StreamedSource, way_of
from lamina.data.tables.columns import Column
from lamina.data.tables.reading import Reading
from lamina.data.tables.row_streams import is_stream, rows_of
from lamina.data.tables.sources import read
from lamina.data.tables.table import Batch, Table
from lamina.data.target_values import plain
from lamina.errors import DataError

ROWS_TO_LEARN = ("X", "y")


class HeldOutBy(NamedTuple):
    """What decides which rows are held out."""

    what: By
    column: Column


@dataclass(frozen=True, eq=False)
class Source:
    """Rows in memory, which are read as a single batch.

    Attributes
    ----------
    table : Table
    y : array, shape (rows,) or (rows, targets)
        As `target_values.plain` returns them.
    weights : array, shape (rows,), or None
        As `check_weights` returns them.
    held_out_by : HeldOutBy, optional
        The groups or times of the rows.
    """

    table: Table
    y: NDArray[Any]
    weights: NDArray[np.float64] | None = None
    held_out_by: HeldOutBy | None = None

    def batches(self, part: Part) -> Iterator[Batch]:
        """Yield the rows of a part, in its order and with its weights."""
        yield Batch(self.table.take(part.rows), self.y[part.rows], part.weights)


def opened(
    X: Any,
    y: Any = None,
    weights: Any = None,
    *,
    roles: Roles = NO_ROLES,
    names: tuple[str, str] = ROWS_TO_LEARN,
    reading: Reading | None = None,
) -> Source | StreamedSource:
    """Return rows with their targets and weights; files too large for the memory are streamed.

    Parameters
    ----------
    X : rows
        Anything that `lamina.data.tables.sources.read` or `lamina.data.tables.row_streams.rows_of` reads, or a
        `StreamedSource`, which is returned as it is.
    y : array, shape (rows,) or (rows, targets), optional
    weights : array, shape (rows,), optional
    roles : Roles
        Which columns of X are the target, the weights, groups or times, in place of `y` and `weights`.
    names : (str, str)
        What X and y are called in messages.
    reading : Reading, optional
        How other rows of the same columns were read.

    Raises
    ------
    DataError
        Rows, targets or weights that cannot be used, or not as many of one as of another.
    """
    if isinstance(X, StreamedSource) or (is_stream(X) and y is None and weights is None):
        source = X if isinstance(X, StreamedSource) else StreamedSource(rows_of(X, reading=reading), roles)
        if y is not None or weights is not None:
            raise DataError(
                f"{names[0]} is a stream: name its columns, target='...' and weight='...', or give batches of (X, y, "
                "weights)"
            )
        if names != ROWS_TO_LEARN:
            source = replace(source, roles=roles.where_there(source.stream.names))
        if isinstance(X, StreamedSource) or way_of(source.stream).streamed:
            return source
        X, y, weights, _ = source.stream.everything()
    check_roles(roles, y, weights, names)
    table = X if isinstance(X, Table) else read(X, reading=reading)
    taken = taken_apart(table, roles if names == ROWS_TO_LEARN else roles.where_there(table.names))
    table, y = taken.X, plain(y if taken.y is None else taken.y)
    if len(y) != table.n_rows:
        rows, targets = names
        raise DataError(f"{targets} has {len(y)} values and {rows} has {table.n_rows} rows: expected one for each.")
    weights = weights if taken.weights is None else taken.weights
    by = None if roles.by is None or taken.key is None else HeldOutBy(roles.by, taken.key)
    return Source(table, y, None if weights is None else check_weights(weights, table.n_rows), by)


def check_roles(roles: Roles, y: Any, weights: Any, names: tuple[str, str] = ROWS_TO_LEARN) -> None:
    """Raise a DataError where targets or weights are given twice, or no targets at all."""
    rows, targets = names
    if roles.target is None and y is None:
        raise DataError(
            f"{rows} was given without {targets}: both are needed, or name a column of {rows}: target='...'"
        )
    if roles.target is not None and y is not None:
        raise DataError(f"target={roles.target!r} names a column of {rows}, and {targets} is given too: one expected")
    if roles.weight is not None and weights is not None:
        raise DataError(f"weight={roles.weight!r} names a column of {rows}, and weights are given too: one expected")
