"""What stands before A[0] and after A[L]: columns of the table, how they were encoded, and what the outputs mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina.data.encoding.descriptions import columns
from lamina.data.encoding.encoder import Encoder
from lamina.data.tables.columns import Column, spell
from lamina.data.tables.days import spell_date
from lamina.data.tables.table import Table
from lamina.data.targets import Labels, Numbers
from lamina.equations.affine import Affine
from lamina.equations.layers import Embedding, Periodic
from lamina.equations.losses import Quantile
from lamina.equations.network import Network
from lamina.glassbox.cells import as_html, lined

MISSING = "(missing)"
MOST_VALUES = 100_000  # cells of the table that a trace keeps


class Origin(NamedTuple):
    """One column of the table, and the rows of A[0] that it became."""

    column: str
    kind: str  # "number", "date", "category", "boolean"
    how: str  # "(x - 38.5) / 20", "3 levels: Basel, Bern, Zürich"
    rows: tuple[int, ...]  # of A[0]
    values: tuple[str, ...] = ()  # of the rows that were traced; empty where they came encoded


@dataclass(frozen=True)
class Origins:
    """What the inputs and the outputs of a network are.

    Attributes
    ----------
    features : tuple of str
        Names of the rows of A[0]; empty where the rows came encoded.
    columns : tuple of Origin
        The columns of the table, in order.
    outputs : tuple of str
        What each row of A[L] stands for.
    """

    features: tuple[str, ...] = ()
    columns: tuple[Origin, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """What stands before A[0], a row for each column of the table; `print` it.

    Attributes
    ----------
    heading : str
    columns : tuple of Origin
    row : int or None
        Whose values are shown.
    """

    heading: str
    columns: tuple[Origin, ...]
    row: int | None = None

    def cells(self) -> list[tuple[str, ...]]:
        """Return heading and rows as strings."""
        shown = self.row is not None and any(one.values for one in self.columns)
        heading = ("column", *["value"] * shown, "kind", "becomes", "rows of A0")
        return [heading, *(self._cells(one, shown) for one in self.columns)]

    def _cells(self, one: Origin, shown: bool) -> tuple[str, ...]:
        value = [one.values[self.row]] if shown and self.row is not None else []
        return (one.column, *value, one.kind, one.how, runs(one.rows))

    def __str__(self) -> str:
        if not self.columns:
            return self.heading
        return "\n".join([self.heading, *lined(self.cells(), left=range(5))])

    def _repr_html_(self) -> str:
        return as_html(self.heading, self.cells())


def runs(rows: Sequence[int]) -> str:
    """Return row numbers as they are sliced: "3", "3:6", "0, 4:7"."""
    pieces: list[list[int]] = []
    for row in rows:
        if pieces and row == pieces[-1][1]:
            pieces[-1][1] += 1
        else:
            pieces.append([row, row + 1])
    return ", ".join(str(a) if b == a + 1 else f"{a}:{b}" for a, b in pieces)


def origins_of(encoder: Encoder, target: Labels | Numbers, target_name: str, network: Network, table: Any) -> Origins:
    """Return what inputs and outputs are.

    Parameters
    ----------
    encoder : Encoder
    target : Labels or Numbers
    target_name : str
    network : Network
    table : Table or None
        The rows that are traced, with the training columns.
    """
    keep = isinstance(table, Table) and table.n_rows * len(encoder.names_in) <= MOST_VALUES
    rows = _rows_of_each(encoder)
    embedded, periodic = _embedded(network)
    found = [
        Origin(
            name,
            kind,
            how + _learned(rows[j], embedded) + _learned(rows[j], periodic),
            tuple(rows[j].tolist()),
            tuple(_spelled(table.at(j))) if keep else (),
        )
        for j, (name, kind, how) in enumerate(columns(encoder))
    ]
    return Origins(encoder.feature_names, tuple(found), outputs_of(target, target_name, network))


def _rows_of_each(encoder: Encoder) -> list[Any]:
    """Return for each column the rows of A[0] that it became; they stand together."""
    ends = np.searchsorted(encoder.origin, np.arange(1, len(encoder.names_in)))
    return np.split(np.arange(encoder.n_features), ends)


class Learned(NamedTuple):
    """What a layer in front of the first linear one adds to some rows of A[0]."""

    rows: frozenset[int] = frozenset()
    what: str = ""


def _embedded(network: Network) -> tuple[Learned, Learned]:
    """Return which rows of A[0] an embedding looks up, and which a periodic embedding takes."""
    left, found = list(range(network.n_inputs)), [Learned(), Learned()]
    for layer in network.layers:
        if isinstance(layer, Embedding):
            rows = frozenset(left[j] for j in layer.columns)
            found[0] = Learned(rows, f"; the level's number, looked up: {layer.size} learned numbers")
            left = [j for j in left if j not in rows]
        elif isinstance(layer, Periodic):
            rows = frozenset(left[j] for j in layer.columns if j < len(left))
            found[1] = Learned(rows, f"; {layer.outputs} more from {layer.frequencies} learned waves")
        elif isinstance(layer, Affine):
            break
    return found[0], found[1]


def _learned(rows: Any, by: Learned) -> str:
    return by.what if by.rows.intersection(rows.tolist()) else ""


def _spelled(column: Column) -> list[str]:
    values = column.array()
    if column.kind == "date":
        return [MISSING if np.isnan(days) else spell_date(days) for days in values.tolist()]
    if column.kind == "number":
        return [MISSING if value != value else f"{value:.6g}" for value in np.asarray(values, np.float64).tolist()]
    return [MISSING if value is None else spell(value) for value in values.tolist()]


def outputs_of(target: Labels | Numbers, name: str, network: Network) -> tuple[str, ...]:
    """Return what each row of A[L] stands for."""
    if isinstance(target, Labels):
        classes = [str(one) for one in target.classes.tolist()]
        if target.task == "binary":
            return (f"{name} is {classes[-1]}",)
        return tuple(f"label {one}" if target.task == "multilabel" else f"{name} is {one}" for one in classes)
    names = [name] if target.n_targets == 1 else [f"{name}[{k}]" for k in range(target.n_targets)]
    names = [f"{one}{_in_units_of(target, k)}" for k, one in enumerate(names)]
    if isinstance(network.loss, Quantile):
        return tuple(f"{q:g}-quantile of {one}" for one in names for q in network.loss.quantiles)
    return tuple(names)


def _in_units_of(target: Numbers, k: int) -> str:
    """Return how the network sees a target, where that is not as it is: ", as (y - 206000) / 115000"."""
    location, scale = float(target.location[k]), float(target.scale[k])
    if location == 0 and scale == 1:
        return ""
    return f", as y / {scale:.4g}" if location == 0 else f", as (y - {location:.4g}) / {scale:.4g}"
