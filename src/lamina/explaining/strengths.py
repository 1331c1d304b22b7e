"""What moves the predictions: input gradients, put together for every column of the table.

A are the numbers that the network computes with: the encoded columns, and what an embedding gives for a category (whose
place in the embedding has no slope). Of row i and number j, to first order around the mean of the rows,

    effect_ij = dO_i/dA_ij (A_ij - mean_j)

The effect of a column of the table is the sum over its numbers j; its strength is the mean of |effect| over the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.row_streams import RowStream
from lamina.equations.embeddings import Embedding
from lamina.equations.layers import chain_predict
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.types import Array
from lamina.equations.walk import walk
from lamina.errors import DataError, SettingError
from lamina.explaining.cells import as_html, as_text
from lamina.explaining.encoded import blocks, numbers_of, opened, origin_of, slopes
from lamina.explaining.outcomes import Outcome, outcome_of
from lamina.plots import draw_bars


@dataclass(frozen=True, eq=False)
class Explanation:
    """How strongly each column moves the outcome; `print` it, or `plot` it.

    Attributes
    ----------
    columns : tuple of str
        The columns of the table, in its order.
    strength : array, shape (columns,)
        The mean over the rows of |effect|, in units of the outcome: comparable between columns of any kind.
    slope : array, shape (columns,)
        The mean over the rows of the outcome's gradient per unit of the encoded number; NaN for categories, for dates
        that were taken apart, and for what was constant in training.
    outcome : str
        What is explained: "price", "Z[L] of '>50K'", ...
    n_rows, of_rows : int
        How many rows were looked at, of how many.
    """

    columns: tuple[str, ...]
    strength: NDArray[np.float64]
    slope: NDArray[np.float64]
    outcome: str
    n_rows: int = 0
    of_rows: int = 0

    @property
    def heading(self) -> str:
        """What is explained, and of how many rows, where they are a sample."""
        some = f", on a sample of {self.n_rows:,} of {self.of_rows:,} rows" if self.n_rows < self.of_rows else ""
        return f"what moves {self.outcome}{some}"

    @property
    def order(self) -> NDArray[np.intp]:
        """The columns from the strongest to the weakest."""
        return np.argsort(-self.strength, kind="stable")

    def cells(self) -> list[tuple[str, str, str]]:
        """Return heading and rows as strings, the strongest column first."""
        rows = [(self.columns[j], f"{self.strength[j]:.4g}", _number(self.slope[j])) for j in self.order]
        return [("column", "strength", "slope"), *rows]

    def __str__(self) -> str:
        return as_text(self.heading, self.cells())

    def _repr_html_(self) -> str:
        return as_html(self.heading, self.cells())

    def to_frame(self) -> Any:
        """Return a pandas data frame with the columns column, strength and slope, the strongest first."""
        import pandas

        names = [self.columns[j] for j in self.order]
        return pandas.DataFrame(
            {"column": names, "strength": self.strength[self.order], "slope": self.slope[self.order]}
        )

    def plot(self, axes: Any = None, top: int = 20) -> Any:
        """Draw the strength of the `top` strongest columns as horizontal bars; return the axes.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        chosen = self.order[:top]
        names = [self.columns[j] for j in chosen]
        return draw_bars(names, self.strength[chosen], f"mean |effect| on {self.outcome}", axes)


def _number(value: float) -> str:
    return "" if isnan(value) else f"{value:+.4g}"


ROWS = 20_000  # of more, a sample says the same to about a part in a hundred


def explain(
    model: Any,
    X: Any,
    outcome: Any = None,
    *,
    most: int | None = ROWS,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Explanation:
    """Say how strongly each column moves what a model predicts for these rows, by gradients.

    It is a first-order look at the model, not at the world: of two columns that say the same, it shows which one the
    network leans on. Of several bags the effects of each are averaged.

    Parameters
    ----------
    model : DeepClassifier, DeepRegressor or Model
        Fitted.
    X : array, data frame or CSR matrix, shape (m, n)
        Two rows or more, as `predict` takes them. Effects are measured from their mean.
    outcome : label or int, optional
        A class (for several labels, a label's number). By default the second of two classes; of more, for each row the
        predicted one. For regression the number of an output, counted from 0, where there are several.
    most : int, optional
        Of more rows, so many are drawn; None: all are looked at.
    seed : int
        Which rows are drawn.
    progress : function, optional
        Called with the number of rows that were gone through; they are gone through twice.

    Returns
    -------
    Explanation

    Raises
    ------
    SettingError
        Not a model, or no such outcome.
    DataError
        Rows with other columns than in training, or fewer than two.
    """
    model, rows = opened(model, X)
    of_rows = rows.n_rows
    if of_rows < 2:
        raise DataError("explain measures effects from the mean of the rows: two rows or more expected, found 1.")
    if most is not None and most < 2:
        raise SettingError(f"most={most}: expected a whole number of at least 2, or None for all rows.")
    if most is not None and of_rows > most:
        rows = rows.take(np.sort(np.random.default_rng(seed).choice(of_rows, most, replace=False)))
    table = model.encoder.align(rows.whole() if isinstance(rows, RowStream) else rows)
    asked = outcome_of(model, outcome)
    bags = np.atleast_2d(model.params).astype(np.float64)
    told = progress or (lambda rows: None)
    total_A: Any = 0
    for A0 in blocks(model, table):
        numbers = (numbers_of(model.network, params, A0).sum(axis=1, keepdims=True) for params in bags)
        total_A = total_A + np.stack([*numbers])
        told(A0.shape[1])
    means = total_A / table.n_rows  # (bags, numbers, 1)
    origin, (at, places) = origin_of(model), slopes(model)
    strength, total = np.zeros(len(table.names)), np.zeros(len(places))
    for A0 in blocks(model, table):
        effects = np.zeros((len(strength), A0.shape[1]))
        derivative = _derivative(model.network, asked, bags, A0)
        for params, mean in zip(bags, means, strict=True):
            A, dA = _numbers_and_gradient(model.network, params, A0, derivative)
            np.add.at(effects, origin, dA * (A - mean) / len(bags))
            total += dA[places].sum(axis=1) / len(bags)
        strength += np.abs(effects).sum(axis=1)
        told(A0.shape[1])
    slope = np.full(len(strength), np.nan)
    slope[at] = total / table.n_rows
    return Explanation(model.encoder.names_in, strength / table.n_rows, slope, asked.name, table.n_rows, of_rows)


def _derivative(network: Network, asked: Outcome, bags: Array, A0: Array) -> Callable[[Array], Array]:
    """Return what gives dO/dZ[L] of a bag; which class is predicted, all bags say together."""
    if len(bags) == 1:
        return lambda Z: asked.derivative(asked.weights(Z), Z)
    A = for_members(network.members, A0)
    c = asked.weights(*(chain_predict(network.layers, network.views(params), A) for params in bags))
    return lambda Z: asked.derivative(c, Z)


def _numbers_and_gradient(
    network: Network, params: Array, A0: Array, derivative: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """Return A and dO/dA, the mean over the members, both (numbers, m)."""
    there = walk(network, params, for_members(network.members, A0), derivative)
    at = int(isinstance(network.layers[0], Embedding))
    return numbers_of(network, params, A0), mean_of_members(network.members, there.dA[at])
