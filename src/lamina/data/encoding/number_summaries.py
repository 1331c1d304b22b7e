"""How numbers are scaled: learned from the moments of every number and date part and, where needed, from quantiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.category_summaries import LevelCounts
from lamina.data.encoding.dates import CIRCLES, PERIODS, TELLING, Dates, candidates, expanded, other_date
from lamina.data.encoding.faults import find_fault, missing_fault, warn_of_missing
from lamina.data.encoding.normal_scores import NormalScores, landmarks
from lamina.data.encoding.numbers import AskedScaling, NumberColumns, Scaling
from lamina.data.encoding.pieces import InputColumns
from lamina.data.encoding.plan import ColumnPlan
from lamina.data.moments import Moments, moments, sparse_moments
from lamina.data.quantiles import EXACT_BUFFERS, Distribution, QuantileSketch, distribution, room_for
from lamina.data.tables.alignment import cast_numbers, number_blocks
from lamina.data.tables.columns import spell
from lamina.data.tables.table import Batch, Table

Array = NDArray[np.float64]

QUARTILES = np.array([0.25, 0.5, 0.75])
OF_QUANTILES: tuple[AskedScaling, ...] = ("robust", "quantile", "suited")  # scalings that are made of them
FEWEST_ALIKE = 8  # columns
LARGEST = np.finfo(np.float64).max


@dataclass(frozen=True, eq=False)
class NumberPlan:
    """Which numbers to look at, and what for."""

    at: NDArray[np.intp]  # input columns; a date stands once for each of its parts
    parts: tuple[str, ...]
    inputs: InputColumns
    scaling: AskedScaling
    dates: Dates  # how dates are encoded
    identifiers: bool  # whether some may turn out to be identifiers, whose numbers are counted

    @staticmethod
    def of(plan: ColumnPlan) -> "NumberPlan":
        """Return what to look at in the columns of numbers and dates."""
        at, parts = candidates(plan.numbers, plan.inputs.dates, plan.settings["dates"])
        return NumberPlan(
            at, parts, plan.inputs, plan.settings["scaling"], plan.settings["dates"], plan.finds_identifiers
        )

    @property
    def needs_quantiles(self) -> bool:
        """Whether quantiles are looked at: the scaling is made of them, or of how often each number occurs."""
        return self.scaling in OF_QUANTILES or self.identifiers

    @property
    def sources(self) -> NDArray[np.intp]:
        """The different input columns."""
        return np.unique(self.at)


@dataclass(frozen=True, eq=False)
class NumberSummary:
    """What the training rows say about columns of numbers and dates.

    Quantiles of a single batch are exact: they are taken from its rows. Those of several are exact up to about 100,000
    different values in a column, and beyond that within the error that `QuantileSketch` states.
    """

    plan: NumberPlan
    moments: Moments
    batch: Batch | None  # where there is one only, and quantiles are needed
    sketches: tuple[QuantileSketch, ...] | None

    @staticmethod
    def of(batch: Batch, plan: ColumnPlan) -> "NumberSummary":
        """Return what one batch says; refuse infinite numbers, and missing ones where none is allowed."""
        numbers = NumberPlan.of(plan)
        found = find_moments(batch, numbers)
        return NumberSummary(numbers, found, batch if numbers.needs_quantiles else None, None)

    def joined(self, other: "NumberSummary") -> "NumberSummary":
        """Return what both runs of rows say."""
        sketches = None
        if self.plan.needs_quantiles:
            pairs = zip(self._sketches(), other._sketches(), strict=True)
            sketches = tuple(one.joined(two) for one, two in pairs)
        return NumberSummary(self.plan, self.moments.joined(other.moments), None, sketches)

    def counts(self, column: int) -> LevelCounts | None:
        """Return how often each number of an input column occurs; None where there are too many to know."""
        k = int(np.flatnonzero(self.plan.at == column)[0])
        if self.batch is None and (self.sketches is None or self.sketches[k].exact is None):
            return None
        found = next(islice(self._distributions(), k, None))
        if len(found.values) > EXACT_BUFFERS * room_for(len(self.plan.at)):  # which a stream would not know
            return None
        levels = zip(found.values.tolist(), found.counts.tolist(), strict=True)
        return LevelCounts({spell(value): count for value, count in levels}, float(self.moments.missing[k]))

    def without_rows(self) -> "NumberSummary":
        """Return the same without the rows of its only batch: sketches say what they say."""
        if self.batch is None:
            return self
        return NumberSummary(self.plan, self.moments, None, self._sketches())

    def _sketches(self) -> tuple[QuantileSketch, ...]:
        if self.batch is None:
            return self.sketches or ()
        room = room_for(len(self.plan.at))
        return tuple(QuantileSketch(found, room=room) for found in distributions(self.batch, self.plan))

    def _distributions(self) -> Iterator[Distribution]:
        """Yield the distribution of each column, in order; none where the scaling needs none."""
        if self.batch is not None:
            yield from distributions(self.batch, self.plan)
        for sketch in self.sketches or ():
            yield sketch.distribution()

    def pieces(self, plan: ColumnPlan, unit: float, target: Any = None) -> tuple[NumberColumns]:
        """Return the one piece of all numbers but those that are categories now; warn of columns without any."""
        at, parts, found = self.plan.at, self.plan.parts, self.moments
        empty = [plan.inputs.names[at[k]] for k in np.flatnonzero(found.weight == 0) if not parts[k]]
        warn_of_missing(empty)
        asked = self.plan.scaling
        quantiles: dict[Scaling, list[Array]] = {"robust": [], "quantile": []} if asked == "suited" else {asked: []}
        medians, compared = np.zeros(len(at)), np.isin(at, plan.plain_numbers) & (found.weight > 0)
        for k, one in enumerate(self._distributions() if asked in OF_QUANTILES else ()):
            for scaling, those in quantiles.items():
                those.append(needed_quantiles(scaling, k, one, found, unit))
            medians[k] = one.quantiles(np.array([0.5]), unit)[0] if len(one.values) else 0.0
            compared[k] &= len(one.values) > 2
        suited: Scaling = "robust" if are_alike(_difference(found.high[compared], found.low[compared])) else "quantile"
        chosen = suited if asked == "suited" else asked
        return (fit_numbers(self.plan, chosen, found, quantiles[chosen], medians).among(plan.numbers),)


# ---- looking at rows ----


def find_moments(batch: Batch, plan: NumberPlan) -> Moments:
    """Return the moments of one table's columns; refuse infinite numbers, and missing ones where none is allowed."""
    table, weights = batch.table, batch.weights
    source = cast_numbers(table, plan.sources, plan.inputs.dates)
    if table.is_sparse:
        _check_sparse(table, plan)
        return sparse_moments(source, weights)
    found = None
    for first, block in number_blocks(source, table.n_rows):
        _check(table, plan.sources, block, first, plan)
        block = expanded(block, plan.at, plan.parts)
        here = moments(block, None if weights is None else weights[first : first + len(block)])
        found = here if found is None else found.joined(here)
    return found or moments(np.zeros((1, 0)), None)


def _check(table: Table, at: NDArray[np.intp], block: Array, first: int, plan: NumberPlan) -> None:
    if np.isfinite(block).all():
        return
    if np.isinf(block).any():
        raise find_fault(table, at, block, first, np.float64)
    if plan.inputs.missing == "raise":
        raise missing_fault(table, at, np.isnan(block), first)


def _check_sparse(table: Table, plan: NumberPlan) -> None:
    faulty = ~np.isfinite(table.matrix.data)
    if not faulty.any():
        return
    if plan.inputs.missing == "encode":
        faulty = np.isinf(table.matrix.data)
    for k in np.flatnonzero(faulty)[:1]:
        i = int(np.searchsorted(table.matrix.indptr, k, side="right")) - 1
        block = np.asarray(table.matrix[[i]].toarray(), np.float64)
        _check(table, np.arange(len(table.names)), block, i, plan)


def distributions(batch: Batch, plan: NumberPlan) -> Iterator[Distribution]:
    """Yield the distribution of each column of one batch, in order."""
    source = cast_numbers(batch.table, plan.sources, plan.inputs.dates)
    if batch.table.is_sparse:
        yield from _sparse_distributions(source.tocsc(), batch.weights)
        return
    ends = np.searchsorted(plan.at, plan.sources, "right").tolist()  # `at` increases
    for k, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        values = source[k] if isinstance(source, list) else source[:, k]
        if end - start == 1:
            yield _of_those_there(values, batch.weights)
            continue
        days = np.asarray(values, np.float64)
        calendar = [part for part in plan.parts[start:end] if other_date(part) is None]
        for column in expanded(days[:, None], plan.at[start : start + len(calendar)], calendar).T:
            yield _of_those_there(column, batch.weights)
        for part in plan.parts[start + len(calendar) : end]:
            other = int(np.searchsorted(plan.sources, other_date(part) or 0))
            before = source[other] if isinstance(source, list) else source[:, other]
            yield _of_those_there(days - np.asarray(before, np.float64), batch.weights)


def _of_those_there(values: NDArray[Any], weights: Array | None) -> Distribution:
    there = ~np.isnan(values)
    if there.all():
        return distribution(values, weights)
    return distribution(values[there], None if weights is None else weights[there])


def _sparse_distributions(matrix: Any, weights: Array | None) -> Iterator[Distribution]:
    """Yield the distributions of a CSC matrix: its stored numbers, and one 0 for all that are not."""
    n_rows = matrix.shape[0]
    for start, stop in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        values, at = matrix.data[start:stop].astype(np.float64), matrix.indices[start:stop]
        w = np.ones(len(at)) if weights is None else weights[at]
        if len(at) < n_rows:
            zeros = n_rows - len(at) if weights is None else np.delete(weights, at).sum()
            values, w = np.append(values, 0.0), np.append(w, zeros)
        yield _of_those_there(values, w)


# ---- from what was found to an encoding ----


def are_alike(ranges: Array) -> bool:
    """Return whether columns of numbers are measurements of one kind: pixels, points of a spectrum, angles of joints.

    There are eight or more of them, and four in five have a range between half and twice the median of all ranges.
    """
    ranges = ranges[ranges > 0]
    if len(ranges) < FEWEST_ALIKE:
        return False
    beside = ranges / np.median(ranges)
    return bool(np.mean((beside >= 0.5) & (beside <= 2)) >= 0.8)


def needed_quantiles(scaling: Scaling, k: int, found: Distribution, seen: Moments, unit: float) -> Array:
    """Return the quantiles that column `k` is scaled by: quartiles, or landmarks; none of a constant column."""
    if not seen.low[k] < seen.high[k]:  # one number, or none
        return np.zeros(0)
    if scaling == "robust":
        return found.quantiles(QUARTILES, unit)
    return landmarks(found, seen.low[k], seen.high[k], unit)


def fit_numbers(
    plan: NumberPlan, scaling: Scaling, found: Moments, quantiles: list[Array], medians: Array
) -> NumberColumns:
    """Return the encoding of number columns.

    Parameters
    ----------
    plan : NumberPlan
    scaling : {"standard", "minmax", "robust", "quantile", "none"}
    found : Moments
    quantiles : list of array
        What `needed_quantiles` returned for each column; empty where the scaling needs none.
    medians : array, shape (columns,)
        Of the columns that have quantiles.
    """
    known = found.weight > 0
    mean, low = found.location(), np.where(known, found.low, 0.0)
    zeros, ones = np.zeros_like(mean), np.where(known, 1.0, 0.0)
    maps: tuple[Array, ...] = ()
    if scaling == "standard":
        location, scale, fill = mean, found.scale(), zeros
    elif scaling == "none":
        location, scale, fill = zeros, ones, mean
    elif scaling == "minmax":
        location, scale = low, _range(found)
        fill = np.divide(_difference(mean, low), scale, out=zeros, where=scale > 0)
    elif scaling == "robust":
        location, scale, fill = medians, _robust_scale(found, quantiles), zeros
    else:
        location, scale, maps = medians, _range(found), tuple(quantiles)
        fill = np.array([NormalScores(q)(m) if len(q) else 0.0 for q, m in zip(quantiles, medians, strict=True)])
    indicator = (found.missing > 0) & known & np.array([part == "" for part in plan.parts], bool)
    fitted = NumberColumns(scaling, plan.at, plan.parts, location, scale, fill, indicator, maps)
    return _varying(fitted, ~found.constant, plan.dates)


def _range(found: Moments) -> Array:
    """Return highest minus lowest; 0 for a constant column."""
    high, low = (np.where(found.constant, 0.0, end) for end in (found.high, found.low))
    return _difference(high, low)


def _difference(high: Array, low: Array) -> Array:
    """Return high - low, but no more than the largest float."""
    with np.errstate(over="ignore"):
        return np.minimum(high - low, LARGEST)


def _robust_scale(found: Moments, quantiles: list[Array]) -> Array:
    scale = np.zeros(len(quantiles))
    for k, quartiles in enumerate(quantiles):
        if len(quartiles):
            distance = _difference(quartiles[2], quartiles[0])
            scale[k] = distance or max(found.high[k] / 2 - found.low[k] / 2, np.nextafter(0, 1))
    return scale


def _varying(fitted: NumberColumns, varies: NDArray[np.bool_], choice: Dates) -> NumberColumns:
    """Return the columns without the parts of dates that did not vary, and with circles where they are wanted."""
    if not any(fitted.parts):
        return fitted
    picked: list[tuple[int, str]] = []
    telling = np.array([part in TELLING for part in fitted.parts], bool) & varies
    apart = set(fitted.at[telling if choice == "auto" else varies].tolist())
    moving = {int(j) for j, part, moves in zip(fitted.at, fitted.parts, varies, strict=True) if moves and not part}
    for k, part in enumerate(fitted.parts):
        other = other_date(part)
        tells = fitted.at[k] in apart if other is None else {other, int(fitted.at[k])} <= moving
        if part == "" or (varies[k] and tells):
            circle = choice == "cyclic" and part in PERIODS
            picked += [(k, f"{part} sin"), (k, f"{part} cos")] if circle else [(k, part)]
    at = np.array([k for k, _ in picked], np.intp)
    parts = tuple(part for _, part in picked)
    on_circle = np.array([part in CIRCLES for part in parts], bool)
    maps = [np.zeros(0) if on_circle[i] else fitted.quantiles[k] for i, k in enumerate(at if fitted.quantiles else ())]
    return NumberColumns(
        fitted.scaling,
        fitted.at[at],
        parts,
        location=np.where(on_circle, 0.0, fitted.location[at]),
        scale=np.where(on_circle, 1.0, fitted.scale[at]),
        fill=np.where(on_circle, 0.0, fitted.fill[at]),
        indicator=fitted.indicator[at],
        quantiles=tuple(maps),
    )
