"""What each column contributed to one prediction: gradients added up along straight ways from other rows to it.

A are the numbers that the network computes with (see `strengths`). From row b of the background to row i, for number j,

    contribution_ij = mean over b of (A_ij - A_bj) ∫ dO_i/dA_j (A_b + t (A_i - A_b)) dt,  t from 0 to 1

The contribution of a column of the table is the sum over its numbers. Over all columns the contributions sum to O of
the row less the mean of O over the background, whatever the network is: a gradient integrated along a way is the
difference of its ends. From one row this is integrated gradients (Sundararajan, Taly, Yan 2017), from several expected
gradients (Erion et al. 2021), here by Gauss-Legendre quadrature in place of random points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.row_streams import RowStream
from lamina.data.tables.table import Table
from lamina.equations.embeddings import Embedding
from lamina.equations.layers import chain_backward, chain_forward
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.types import Array, Arrays, Layer
from lamina.errors import DataError, SettingError
from lamina.explaining.cells import as_html, as_text
from lamina.explaining.encoded import NUMBERS, blocks, numbers_of, opened, origin_of
from lamina.explaining.outcomes import Outcome, outcome_of
from lamina.model import Model
from lamina.plots import draw_bars

POINTS = (4, 16, 64, 256)  # on a way: the next number where the contributions of a row do not add up yet


@dataclass(frozen=True, eq=False)
class Contributions:
    """What each column contributed to each prediction; `print` it, or `plot` a row.

    Attributes
    ----------
    columns : tuple of str
        The columns of the table, in its order.
    values : array, shape (m, columns)
        In units of the outcome.
    base : array, shape (m,)
        The mean of the outcome over the background. It differs between rows where the outcome is the predicted class.
    outcomes : array, shape (m,)
        The outcome of each row: base + the sum of its values, but for the gap.
    outcome : str
        What is explained: "price", "Z[L] of '>50K'", ...
    n_background : int
        The number of rows that the predictions are compared with.
    """

    columns: tuple[str, ...]
    values: NDArray[np.float64]
    base: NDArray[np.float64]
    outcomes: NDArray[np.float64]
    outcome: str
    n_background: int

    @property
    def gap(self) -> NDArray[np.float64]:
        """What is missing to the sum, shape (m,): outcomes - base - the sum of the values."""
        return self.outcomes - self.base - self.values.sum(axis=1)

    @property
    def heading(self) -> str:
        """What is explained, and what it is compared with."""
        rows, others = len(self.values), self.n_background
        whose = (
            f"one row: {self.outcomes[0]:.4g}" if rows == 1 else f"{rows:,} rows: {self.outcomes.mean():.4g} on average"
        )
        beside = f"{self.base.mean():.4g} for {f'{others:,} other rows' if others > 1 else 'the other row'}"
        return f"what made {self.outcome} of {whose}, beside {beside}"

    @property
    def order(self) -> NDArray[np.intp]:
        """The columns from the one that contributed most to the one that contributed least, whatever the sign."""
        return np.argsort(-np.abs(self.values).mean(axis=0), kind="stable")

    def cells(self) -> list[tuple[str, str]]:
        """Return heading and rows as strings: the contributions of one row, or the mean of their sizes."""
        one = len(self.values) == 1
        found = self.values[0] if one else np.abs(self.values).mean(axis=0)
        rows = [(self.columns[j], f"{found[j]:+.4g}" if one else f"{found[j]:.4g}") for j in self.order]
        return [("column", "contribution" if one else "mean |contribution|"), *rows]

    def __str__(self) -> str:
        return as_text(self.heading, self.cells())

    def _repr_html_(self) -> str:
        return as_html(self.heading, self.cells())

    def to_frame(self) -> Any:
        """Return the values as a pandas data frame, a row for each row and a column for each column."""
        import pandas

        return pandas.DataFrame(self.values, columns=list(self.columns))

    def plot(self, row: int = 0, axes: Any = None, top: int = 20) -> Any:
        """Draw the `top` largest contributions to a row as horizontal bars; return the axes.

        Raises
        ------
        SettingError
            There is no such row.
        MissingExtraError
            matplotlib is not installed.
        """
        if not 0 <= row < len(self.values):
            raise SettingError(f"row={row}: expected a number from 0 to {len(self.values) - 1}.")
        found = self.values[row]
        chosen = np.argsort(-np.abs(found), kind="stable")[:top]
        return draw_bars([self.columns[j] for j in chosen], found[chosen], f"contribution to {self.outcome}", axes)


def contributions(
    model: Any,
    X: Any,
    background: Any = None,
    outcome: Any = None,
    *,
    most: int = 100,
    tolerance: float = 0.01,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Contributions:
    """Say what each column contributed to each prediction, beside the predictions for other rows.

    The contributions of a row sum to its outcome less the mean outcome of the background.

    Parameters
    ----------
    model : DeepClassifier, DeepRegressor or Model
        Fitted.
    X : array, data frame or CSR matrix, shape (m, n)
        The rows to explain, as `predict` takes them. With 100 rows in the background, each takes at least 400 passes
        through the network.
    background : rows, optional
        What the predictions are compared with, such as training rows, or one row; those of X where not given.
    outcome : label or int, optional
        As in `explain`: a class, or the number of an output. Of more than two classes by default the one that is
        predicted for the row.
    most : int
        Of a larger background, so many rows are drawn.
    tolerance : float
        How much of the mean distance between outcomes and base may be missing to the sum of a row. Where more is, the
        ways to it are taken in shorter steps, up to 256; `gap` says what is missing in the end.
    seed : int
        Which rows of the background are drawn.
    progress : function, optional
        Called with 1 after each row.

    Returns
    -------
    Contributions

    Raises
    ------
    SettingError
        Not a model, no such outcome, or a number out of range.
    DataError
        Rows with other columns than in training, or none.
    """
    model, rows = opened(model, X)
    if not isinstance(most, int | np.integer) or most < 1:
        raise SettingError(f"most={most!r}: expected a whole number of at least 1.")
    if not tolerance > 0:
        raise SettingError(f"tolerance={tolerance}: expected a number above 0.")
    others = rows if background is None else opened(model, background)[1]
    if others.n_rows > most:
        others = others.take(np.sort(np.random.default_rng(seed).choice(others.n_rows, most, replace=False)))
    table, beside = (_in_memory(model, one) for one in (rows, others))
    if not (table.n_rows and beside.n_rows):
        raise DataError("contributions: at least one row expected, and one to compare with; found none.")
    asked = outcome_of(model, outcome)
    bags = [_Ways.of(model.bag(i), asked, beside) for i in range(model.bags)]
    spreads = _spreads(asked, bags)
    found = []
    for A0 in blocks(model, table):
        for A in zip(*(one.numbers(A0).T for one in bags), strict=True):  # of a row, as each bag sees it
            Z = [one.through(A_i[:, None])[0][-1] for one, A_i in zip(bags, A, strict=True)]
            c = asked.weights(*Z)  # the class that is predicted here, all the way
            of_each = [one.to(A[i], Z[i], c, tolerance, spreads[i]) for i, one in enumerate(bags)]
            found.append(_Of(*(np.mean(each, axis=0) for each in zip(*of_each, strict=True))))
            if progress is not None:
                progress(1)
    of_numbers, base, outcomes = (np.array(each) for each in zip(*found, strict=True))
    values = np.zeros((len(found), len(model.encoder.names_in)))
    np.add.at(values.T, origin_of(model), of_numbers.T)
    return Contributions(model.encoder.names_in, values, base, outcomes, asked.name, beside.n_rows)


def _spreads(asked: Outcome, bags: "Sequence[_Ways]") -> list[float]:
    """Return how far outcomes of the background lie apart, of each bag."""
    c = asked.weights(*(one.Z for one in bags))
    found = [asked.value(c, one.Z) for one in bags]
    return [float(np.abs(one - one.mean()).mean()) for one in found]


def _in_memory(model: Model, rows: Table | RowStream) -> Table:
    return model.encoder.align(rows.whole() if isinstance(rows, RowStream) else rows)


class _Of(NamedTuple):
    """What was found of a row."""

    values: Array  # (numbers,)
    base: float
    outcome: float


@dataclass(frozen=True)
class _Ways:
    """The ways from the background to a row, through the layers after the embedding."""

    model: Model
    outcome: Outcome
    layers: tuple[Layer, ...]
    p: list[Arrays]
    start: Array  # A of the background, (numbers, b)
    Z: Array  # Z[L] of the background

    @staticmethod
    def of(model: Model, outcome: Outcome, background: Table) -> "_Ways":
        network = model.network
        skipped = int(isinstance(network.layers[0], Embedding))
        p = network.views(model.params.astype(np.float64))[skipped:]
        ways = _Ways(model, outcome, tuple(network.layers[skipped:]), p, *2 * (np.empty((0, 0)),))
        start = np.concatenate([ways.numbers(A0) for A0 in blocks(model, background)], axis=1)
        return replace(ways, start=start, Z=ways.through(start)[0][-1])

    def numbers(self, A0: Array) -> Array:
        return numbers_of(self.model.network, self.model.params.astype(np.float64), A0)

    def to(self, A_i: Array, Z_i: Array, c: Array, tolerance: float, spread: float) -> _Of:
        """Return the contributions to a row, with as many points on each way as it takes for them to add up."""
        o, base = (float(self.outcome.value(c, Z).mean()) for Z in (Z_i, self.Z))
        enough = tolerance * max(abs(o - base), spread)
        for points in POINTS:
            values = self._integrated(A_i[:, None], c, points)
            if abs(o - base - values.sum()) <= enough:
                break
        return _Of(values, base, o)

    def _integrated(self, A_i: Array, c: Array, points: int) -> Array:
        """Return the mean over the background of (A_i - A_b) ∫ dO/dA dt, shape (numbers,)."""
        t, weight = np.polynomial.legendre.leggauss(points)  # on (-1, 1), with weights that sum to 2
        total, n = np.zeros(len(A_i)), self.start.shape[1]
        network = self.model.network
        per_way = 2 * points * network.members * (len(A_i) + sum(network.widths))
        some = max(NUMBERS // per_way, 1)
        for first in range(0, n, some):
            way = A_i - self.start[:, first : first + some]  # (numbers, b)
            along = self.start[:, first : first + some, None] + (t + 1) / 2 * way[:, :, None]  # (numbers, b, points)
            A, caches = self.through(along.reshape(len(A_i), -1))
            dZ = self.outcome.derivative(c, A[-1])
            dA = mean_of_members(network.members, chain_backward(self.layers, self.p, dZ, caches)[0])
            total += (way * (dA.reshape(along.shape) @ (weight / 2))).sum(axis=1)
        return total / n

    def through(self, A: Array) -> tuple[list[Array], list[Arrays]]:
        return chain_forward(self.layers, self.p, for_members(self.model.network.members, A), None)
