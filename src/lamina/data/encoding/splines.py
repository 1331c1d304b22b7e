"""Linear splines: a number whose exact value counts brings a spline basis with a knot at each of up to 48 values.

    basis function k    1 at knot k, down to 0 at the knots beside it; level beyond the first and the last
    encoded as          (it - mean) * min(3, 1 / deviation), over the training rows; 0 where the number is missing

It is the piecewise-linear encoding of Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features", in the
basis of B-splines of degree 1: a linear layer on it is any function that bends at the knots. The knots are quantiles of
the different values, not of the rows, so that values of few rows get some too.

Columns are named by the setting `splines`, or those that are jagged (see jagged.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data import headers
from lamina.data.encoding.identifiers import looks_like_identifier, warn_of_identifier
from lamina.data.encoding.jagged import MOST_ROWS, is_jagged, rows_looked_at
from lamina.data.encoding.knots import MOST_KNOTS, Knots, basis_sums, evenly_spaced
from lamina.data.encoding.pieces import BESIDE, InputColumns, Piece, run
from lamina.data.encoding.plan import ColumnPlan, listed, positions
from lamina.data.encoding.samples import RowSample
from lamina.data.tables.alignment import column_blocks
from lamina.data.tables.columns import spell
from lamina.data.tables.table import Batch, Table
from lamina.data.targets import Labels, Numbers
from lamina.errors import ColumnError, DataError

Look = tuple[int, NDArray[np.float64], NDArray[Any], NDArray[np.float64] | None]

HIGHEST_FACTOR = 3.0  # of a basis function: rare ones are not blown up


@dataclass(frozen=True, eq=False)
class Spline(Piece):
    """The spline basis of one column; each array has shape (knots,)."""

    at: int  # which input column
    knots: NDArray[np.float64]
    mean: NDArray[np.float64]
    factor: NDArray[np.float64]

    @cached_property
    def origin(self) -> NDArray[np.intp]:
        """See `Piece`."""
        return np.full(len(self.knots), self.at, np.intp)

    @cached_property
    def ranks(self) -> NDArray[np.intp]:
        """See `Piece`."""
        return np.full(len(self.knots), BESIDE, np.intp)

    def suffixes(self) -> list[str]:
        """See `Piece`."""
        return [f" near {spell(knot)}" for knot in self.knots.tolist()]

    def encode(self, table: Table, inputs: InputColumns, X: NDArray[Any], places: NDArray[np.intp]) -> None:
        """See `Piece`."""
        where = run(places)
        for first, x in column_blocks(table, self.at):
            X[first : first + len(x), where] = self.basis(x)

    def basis(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the encoded columns of the numbers x (m,), shape (m, knots)."""
        j, f = self._places.between(x)
        B, rows = np.zeros((len(x), self.width)), np.arange(len(x))
        B[rows, j], B[rows, j + 1] = 1 - f, f
        B -= self.mean
        B *= self.factor
        B[np.isnan(x)] = 0.0
        return B

    def of_one(self, x: float) -> tuple[int, float, float]:
        """Return where `basis` of one number differs from that of none: column j, what it holds, what j + 1 holds."""
        j, f = self._places.between_of_one(x)
        mean, factor = self._listed
        return j, (1 - f - mean[j]) * factor[j], (f - mean[j + 1]) * factor[j + 1]

    @cached_property
    def of_none(self) -> NDArray[np.float64]:
        """What every basis function holds where it is 0, shape (knots,)."""
        return (np.zeros(self.width) - self.mean) * self.factor

    @cached_property
    def _listed(self) -> tuple[list[float], list[float]]:
        return self.mean.tolist(), self.factor.tolist()

    @cached_property
    def _places(self) -> Knots:
        return Knots(self.knots)

    def to_header(self) -> dict[str, Any]:
        """Return the spline as plain JSON values."""
        return {
            "at": self.at,
            "knots": self.knots.tolist(),
            "mean": self.mean.tolist(),
            "factor": self.factor.tolist(),
        }

    @staticmethod
    def from_header(header: Mapping[str, Any], n_columns: int) -> "Spline":
        """Return the spline of a header, checked."""
        what = "encoder splines"
        header = headers.fields(header, what, ("at", "knots", "mean", "factor"))
        knots = headers.finite(header["knots"], f"{what} knots")
        if not 3 <= len(knots) <= MOST_KNOTS or (np.diff(knots) <= 0).any():
            raise DataError(f"{what} knots: 3 to {MOST_KNOTS} increasing numbers expected")
        mean, factor = (headers.finite(header[key], f"{what} {key}", len(knots)) for key in ("mean", "factor"))
        at = headers.whole(header["at"], f"{what} at", 0, n_columns - 1)
        return Spline(at, knots, mean, factor)


def fit_spline(at: int, x: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Spline | None:
    """Return the spline of a column of the training rows, x (m,); None where it has fewer than three values."""
    known = np.isfinite(x)
    x, w = x[known], np.ones(known.sum()) if weights is None else weights[known]
    knots = evenly_spaced(np.unique(x), MOST_KNOTS)
    if len(knots) < 3:
        return None
    j, f = Knots(knots).between(x)
    mean = basis_sums(j, w * (1 - f), w * f, len(knots)) / w.sum()
    square = basis_sums(j, w * (1 - f) ** 2, w * f**2, len(knots)) / w.sum()
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))  # the functions are 0 to 1: the difference is exact enough
    return Spline(at, knots, mean, 1 / np.maximum(deviation, 1 / HIGHEST_FACTOR))


@dataclass(frozen=True, eq=False)
class SplineSummary:
    """What the training rows say about columns that may bring a spline: rows of theirs, of several batches a sample."""

    sample: RowSample

    @staticmethod
    def of(batch: Batch, plan: ColumnPlan) -> "SplineSummary":
        """Return what one batch says.

        Raises
        ------
        ColumnError
            The setting names a column that is not there, or one that holds no numbers.
        """
        columns = _wanted(plan)
        return SplineSummary(RowSample.of(batch, plan.plain_numbers if plan.finds_identifiers else columns))

    def joined(self, other: "SplineSummary") -> "SplineSummary":
        """Return what both runs of rows say."""
        return SplineSummary(self.sample.joined(other.sample))

    def pieces(self, plan: ColumnPlan, unit: float, target: Labels | Numbers | None = None) -> tuple[Spline, ...]:
        """Return a spline for each column that is to have one, and has three values or more."""
        sample, wanted = self.sample, _wanted(plan)
        columns = [k for k, j in enumerate(sample.columns) if j in wanted]
        if plan.settings["splines"] == "jagged":
            looks = list(self._looks(columns, target))
            columns = [k for k, x, Y, weights in looks if is_jagged(x, Y, weights)]
            if not plan.finds_identifiers:
                self._warn(k for k, x, Y, _ in looks if looks_like_identifier(x, Y))
        fitted = (fit_spline(sample.columns[k], sample.numbers(k), sample.weights) for k in columns)
        return tuple(spline for spline in fitted if spline is not None)

    def identifiers(self, plan: ColumnPlan, target: Labels | Numbers | None) -> list[int]:
        """Return which input columns look like identifiers; one that `splines` names is a number because it says so."""
        named = () if plan.settings["splines"] == "jagged" else _wanted(plan)
        looks = self._looks([k for k, j in enumerate(self.sample.columns) if j not in named], target)
        return [self.sample.columns[k] for k, x, Y, _ in looks if looks_like_identifier(x, Y)]

    def _looks(self, columns: Iterable[int], target: Labels | Numbers | None) -> Iterator[Look]:
        """Yield columns of the sample with their first rows that are known: numbers, encoded targets, weights."""
        sample = self.sample
        if not sample.columns:
            return
        if target is None or sample.y is None:
            raise DataError(
                'splines="jagged" and categorical="identifiers" look at the targets: there are none beside the rows'
            )
        Y = target.encode(sample.y[:MOST_ROWS])
        most = rows_looked_at(Y.shape[1])
        for k in columns:
            x = sample.numbers(k)
            known = np.flatnonzero(np.isfinite(x))[:most]
            if len(known) and known[-1] >= len(Y):
                Y = target.encode(sample.y[: known[-1] + 1])
            yield k, x[known], Y[known], None if sample.weights is None else sample.weights[known]

    def _warn(self, columns: Iterable[int]) -> None:
        for k in columns:
            x = self.sample.numbers(k)
            found = x[np.isfinite(x)]
            warn_of_identifier(self.sample.table.names[self.sample.at[k]], len(np.unique(found)), len(found))


def _wanted(plan: ColumnPlan) -> tuple[int, ...]:
    """Return the columns that may have a spline."""
    columns, names = plan.plain_numbers, plan.inputs.names
    if plan.settings["splines"] == "jagged":
        return columns
    wanted = sorted(positions(listed(plan.settings["splines"]), names, "splines"))
    for j in set(wanted) - set(columns):
        raise ColumnError(f"splines: column {names[j]!r} holds no numbers")
    return tuple(wanted)
