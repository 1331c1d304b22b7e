"""Planes through the space of the inputs: what a picture of a network's answers is drawn on.

    columns       two columns in their own units; all others stand at their medians, or at their commonest levels
    components    the two first principal components of A[0]: for more inputs than a page has directions

A plane knows its rows of A[0] at the nodes of a grid, so a network answers there as it answers for any row.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.encoding.encoder import Encoder
from lamina.data.tables.columns import Column, number
from lamina.data.tables.table import Table
from lamina.errors import SettingError, nearest
from lamina.learning.vital_signs import one_thread

MOST_POINTS = 2_000
TAIL = 0.01  # of the rows at either end, that decide the picture's edges with room beside them
ROOM = 0.5  # of the range between the tails
MARGIN = 0.06
MOST_PLANES = 64
LARGEST = float(np.finfo(float).max) / 8  # on an axis


class Axis(NamedTuple):
    """One direction of a plane."""

    name: str
    low: float
    high: float
    is_column: bool  # in the column's own unit


class Plane(NamedTuple):
    """A plane, the rows that were chosen to be drawn on it, and a grid."""

    axes: tuple[Axis, Axis]
    rows: NDArray[np.intp]  # the numbers of the rows, (points,)
    points: NDArray[np.float64]  # where they lie, (points, 2)
    grid: NDArray[Any]  # A[0] at the nodes, (resolution ** 2, n_inputs): from the lowest value of the second axis up
    resolution: int
    held: dict[str, str]  # the other columns, and where they stand
    share: float  # of the variance of A[0] that the plane shows; NaN for two columns


def chosen_rows(n: int) -> NDArray[np.intp]:
    """Return which rows are drawn: all, or 2,000 of them, always the same."""
    if n <= MOST_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MOST_POINTS, replace=False))


def axes_of(table: Table) -> tuple[str, ...]:
    """Return the columns that can be an axis: those of numbers, where there are some."""
    columns = ((name, table.at(j)) for j, name in enumerate(table.names))
    return tuple(name for name, column in columns if column.kind == "number" and np.isfinite(column.values).any())


def plane_of_columns(table: Table, encoder: Encoder, names: Sequence[str], resolution: int, dtype: Any) -> Plane:
    """Return the plane of two columns in their own units."""
    _check_axes(table, names)
    at = [table.names.index(name) for name in names]
    rows = chosen_rows(table.n_rows)
    points = np.stack([np.asarray(table.at(j).values, np.float64)[rows] for j in at], axis=1)
    there = np.isfinite(points).all(axis=1)
    rows, points = rows[there], points[there]
    axes = [Axis(name, *_range(points[:, k]), True) for k, name in enumerate(names)]
    nodes = _nodes(axes[0], axes[1], resolution)
    moving = dict(zip(at, nodes.T, strict=True))
    columns, held = [], {}
    for j, name in enumerate(table.names):
        column = table.at(j)
        if j in moving:
            columns.append(number(name, moving[j]))
            continue
        value, held[name] = typical(column)
        columns.append(Column(name, column.kind, np.full(len(nodes), value), column.levels))
    grid = encoder.encode(Table(table.names, table.named, len(nodes), None, tuple(columns)), dtype)
    return Plane((axes[0], axes[1]), rows, points, grid, resolution, held, float("nan"))


class Components(NamedTuple):
    """The two first principal components of A[0], and where the chosen rows lie along them."""

    rows: NDArray[np.intp]
    points: NDArray[np.float64]  # (points, 2)
    mean: NDArray[np.float64]  # (n_inputs,)
    directions: NDArray[np.float64]  # (2, n_inputs)
    share: float  # of the variance


def components_of(table: Table, encoder: Encoder, dtype: Any) -> Components:
    """Return the principal components of A[0], by the singular values of its centred rows."""
    rows = chosen_rows(table.n_rows)
    A0 = encoder.encode(table.take(rows), dtype).astype(np.float64)
    mean = A0.mean(axis=0)
    with one_thread():
        values, directions = np.linalg.svd(A0 - mean, full_matrices=False)[1:]
    directions = np.vstack([directions, np.zeros((2, A0.shape[1]))])[:2]  # a single input, or a single row
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.where(directions[[0, 1], largest] < 0, -1.0, 1.0)[:, None]  # a direction has no sign of its own
    variances = values**2
    share = float(variances[:2].sum() / (variances.sum() or 1.0))
    return Components(rows, (A0 - mean) @ directions.T, mean, directions, share)


def plane_of_components(found: Components, resolution: int, dtype: Any) -> Plane:
    """Return the plane through the mean of A[0] along its two first principal components."""
    axes = [Axis(f"principal component {k + 1}", *_range(found.points[:, k]), False) for k in range(2)]
    grid = (found.mean + _nodes(axes[0], axes[1], resolution) @ found.directions).astype(dtype)
    return Plane((axes[0], axes[1]), found.rows, found.points, grid, resolution, {}, found.share)


def typical(column: Column) -> tuple[Any, str]:
    """Return a column's median or commonest level, as it is stored and in words; missing where all are."""
    values = column.values
    if column.levels is None:
        known = values[np.isfinite(values)]
        median = float(np.median(known)) if len(known) else float("nan")
        return median, f"{median:g}" if len(known) else "missing"
    codes = values[values >= 0]
    if not len(codes):
        return -1, "missing"
    code = int(np.bincount(codes).argmax())
    return code, str(column.levels[code])


def _check_axes(table: Table, names: Sequence[str]) -> None:
    numbers = axes_of(table)
    if len(names) != 2 or names[0] == names[1]:
        raise SettingError(f"columns={list(names)}: expected two different columns of numbers.")
    for name in names:
        if name not in table.names:
            raise SettingError(f"no column {name!r}.{nearest(name, table.names)}")
        if name not in numbers:
            known = ", ".join(map(repr, numbers)) or "none"
            raise SettingError(f"column {name!r} holds no numbers, so it has no axis. Columns of numbers: {known}.")


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return where an axis begins and ends: around all values, but not as far as a few that lie far out."""
    if not len(values):
        return 0.0, 1.0
    values = np.clip(values, -LARGEST, LARGEST)  # a picture has room around them
    low, high = float(values.min()), float(values.max())
    first, last = np.quantile(values, [TAIL, 1 - TAIL])
    if first < last:
        low, high = max(low, first - ROOM * (last - first)), min(high, last + ROOM * (last - first))
    if low == high:
        low, high = low - 1.0, high + 1.0
    margin = MARGIN * (high - low)
    return float(low - margin), float(high + margin)


def _nodes(x: Axis, y: Axis, resolution: int) -> NDArray[np.float64]:
    """Return the nodes of the grid, (resolution ** 2, 2)."""
    along = [np.linspace(axis.low, axis.high, resolution) for axis in (x, y)]
    X, Y = np.meshgrid(*along)  # (resolution, resolution), a row for each value of y
    return np.stack([X.ravel(), Y.ravel()], axis=1)


class Planes:
    """The planes of a table, each made once.

    Parameters
    ----------
    table : Table
        The rows that are learned from, without the target.
    encoder : Encoder
    dtype : dtype
        Of A[0].
    """

    def __init__(self, table: Table, encoder: Encoder, dtype: Any) -> None:
        self.table, self.encoder, self.dtype = encoder.align(table), encoder, dtype
        self._made: dict[tuple[Any, int], Plane] = {}

    def of(self, names: Sequence[str] | None, resolution: int) -> Plane:
        """Return the plane to draw on.

        Parameters
        ----------
        names : sequence of str, optional
            Two columns of numbers. Without them these are the only two columns, where there are two; else the plane is
            that of the principal components, unless columns are embedded: a place between two levels means nothing,
            so the first two columns of numbers are taken.
        resolution : int
            Nodes of the grid in each direction.

        Raises
        ------
        SettingError
            A column is not there, or holds no numbers.
        """
        names = self._suited() if names is None else tuple(names)
        if (names, resolution) not in self._made:
            if len(self._made) >= MOST_PLANES:
                self._made.clear()
            self._made[names, resolution] = (
                plane_of_components(self._components, resolution, self.dtype)
                if names is None
                else plane_of_columns(self.table, self.encoder, names, resolution, self.dtype)
            )
        return self._made[names, resolution]

    def inputs(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """Return A[0] of some rows of the table, (rows, n_inputs)."""
        return self.encoder.encode(self.table.take(rows), self.dtype)

    @cached_property
    def chosen_inputs(self) -> NDArray[Any]:
        """A[0] of the rows that are drawn, (points, n_inputs)."""
        return self.inputs(chosen_rows(self.table.n_rows))

    @cached_property
    def _components(self) -> Components:
        return components_of(self.table, self.encoder, self.dtype)

    def _suited(self) -> tuple[str, ...] | None:
        numbers = axes_of(self.table)
        if len(self.table.names) == len(numbers) == 2 or (self.encoder.embedded and len(numbers) >= 2):
            return numbers[:2]
        return None
