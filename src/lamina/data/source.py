"""Rows with their targets and weights, checked against one another: what a fit starts from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.splitting import Part, check_weights
from lamina.data.tables.reading import Reading
from lamina.data.tables.sources import read
from lamina.data.tables.table import Batch, Table
from lamina.data.target_values import plain
from lamina.errors import DataError


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
    """

    table: Table
    y: NDArray[Any]
    weights: NDArray[np.float64] | None = None

    def batches(self, part: Part) -> Iterator[Batch]:
        """Yield the rows of a part, in its order and with its weights."""
        yield Batch(self.table.take(part.rows), self.y[part.rows], part.weights)


def opened(
    X: Any, y: Any, weights: Any = None, *, names: tuple[str, str] = ("X", "y"), reading: Reading | None = None
) -> Source:
    """Return rows with their targets and weights.

    Parameters
    ----------
    X : rows
        Anything that `lamina.data.tables.sources.read` reads.
    y : array, shape (rows,) or (rows, targets)
    weights : array, shape (rows,), optional
    names : (str, str)
        What X and y are called in messages.
    reading : Reading, optional
        How other rows of the same columns were read.

    Raises
    ------
    DataError
        Rows, targets or weights that cannot be used, or not as many of one as of another.
    """
    table, y = X if isinstance(X, Table) else read(X, reading=reading), plain(y)
    if len(y) != table.n_rows:
        rows, targets = names
        raise DataError(f"{targets} has {len(y)} values and {rows} has {table.n_rows} rows: expected one for each.")
    return Source(table, y, None if weights is None else check_weights(weights, table.n_rows))
