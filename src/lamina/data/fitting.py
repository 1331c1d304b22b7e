"""Learning an encoding: every table of the training rows is looked at once, in blocks, and what it says is joined."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.alignment import aligned, cast_category, cast_numbers, number_blocks, spells_number
from lamina.data.category_columns import CategoryColumn, LevelCounts, count_levels, fit_category
from lamina.data.columns import Kind
from lamina.data.moments import Moments, moments, sparse_moments
from lamina.data.number_columns import Missing, NumberColumns, Scaling, find_fault, fit_numbers, missing_fault
from lamina.data.sources import Table, check_size
from lamina.errors import DataError, DataWarning

Weights = NDArray[np.float64] | None


class Parts(NamedTuple):
    """What an encoder is made of."""

    numbers: NumberColumns
    dates: tuple[int, ...]
    categories: tuple[CategoryColumn, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The kinds of the training columns."""

    names: tuple[str, ...]
    named: bool
    kinds: tuple[Kind, ...]
    missing: Missing

    def at(self, *kinds: Kind) -> list[int]:
        """Return the columns of these kinds."""
        return [j for j, kind in enumerate(self.kinds) if kind in kinds]


class Found(NamedTuple):
    """What a table says about the columns."""

    numbers: Moments
    levels: list[LevelCounts]

    def joined(self, other: "Found") -> "Found":
        """Return what both tables say."""
        levels = [one.joined(two) for one, two in zip(self.levels, other.levels, strict=True)]
        return Found(self.numbers.joined(other.numbers), levels)


def fit_parts(
    tables: Table | Iterable[Table], weights: Weights, numbers: Scaling, max_categories: int, missing: Missing
) -> tuple[Plan, Parts]:
    """Return the kinds of the columns and their encodings."""
    if not isinstance(tables, Table) and weights is not None:
        raise DataError("weights are for a single table of training rows")
    plan, found = None, None
    for table in [tables] if isinstance(tables, Table) else tables:
        table, w = _counted(table, weights)
        plan = plan or _plan(table, missing)
        table = aligned(table, plan.names, plan.named)
        here = Found(_find_numbers(table, w, plan), _find_levels(table, w, plan))
        found = here if found is None else found.joined(here)
    if plan is None or found is None:
        raise DataError("training rows expected, found none")
    at = plan.at("number", "date")
    empty = [plan.names[at[k]] for k in np.flatnonzero(found.numbers.weight == 0)]
    if empty:
        _warn_of_missing(empty)
    parts = Parts(
        fit_numbers(np.array(at, np.intp), found.numbers, numbers),
        tuple(plan.at("date")),
        tuple(
            _fit_category(plan, j, levels, max_categories) for j, levels in zip(_coded(plan), found.levels, strict=True)
        ),
    )
    return plan, parts


def _plan(table: Table, missing: Missing) -> Plan:
    kinds: list[Kind] = [column.kind for column in table.columns] or ["number"] * len(table.names)
    return Plan(table.names, table.named, tuple(kinds), missing)


def _coded(plan: Plan) -> list[int]:
    return plan.at("category", "boolean")


def _counted(table: Table, weights: Weights) -> tuple[Table, Weights]:
    """Leave out rows of weight 0, and scale the others into the middle of the float range."""
    check_size(table)
    if weights is None:
        return table, None
    if len(weights) != table.n_rows:
        raise DataError(f"{table.n_rows} rows, but {len(weights)} weights")
    counts = weights > 0
    if not counts.any():
        raise DataError("all weights are zero: at least one positive weight expected")
    if not counts.all():
        table, weights = table.take(counts), weights[counts]
    return table, weights / weights.max()


def _find_numbers(table: Table, weights: Weights, plan: Plan) -> Moments:
    at = np.array(plan.at("number", "date"), np.intp)
    source = cast_numbers(table, at, plan.at("date"))
    if table.is_sparse:
        _check_sparse(table, plan)
        return sparse_moments(source, weights)
    found = None
    for first, block in number_blocks(source, table.n_rows):
        _check(table, at, block, first, plan)
        here = moments(block, None if weights is None else weights[first : first + len(block)])
        found = here if found is None else found.joined(here)
    return found or moments(np.zeros((1, 0)), None)


def _check(table: Table, at: NDArray[np.intp], block: NDArray[np.float64], first: int, plan: Plan) -> None:
    if np.isfinite(block).all():
        return
    if np.isinf(block).any():
        raise find_fault(table, at, block, first, np.float64)
    if plan.missing == "raise":
        raise missing_fault(table, at, np.isnan(block), first)


def _check_sparse(table: Table, plan: Plan) -> None:
    faulty = ~np.isfinite(table.matrix.data)
    if not faulty.any():
        return
    if plan.missing == "encode":
        faulty = np.isinf(table.matrix.data)
    for k in np.flatnonzero(faulty)[:1]:
        i = int(np.searchsorted(table.matrix.indptr, k, side="right")) - 1
        block = np.asarray(table.matrix[[i]].toarray(), np.float64)
        _check(table, np.arange(len(table.names)), block, i, plan)


def _find_levels(table: Table, weights: Weights, plan: Plan) -> list[LevelCounts]:
    found = []
    for j in _coded(plan):
        column = cast_category(table.at(j), plan.kinds[j])
        if plan.missing == "raise" and (column.values < 0).any():
            raise missing_fault(table, np.array([j]), column.values[:, None] < 0, 0)
        found.append(count_levels(column, weights))
    return found


def _fit_category(plan: Plan, j: int, found: LevelCounts, max_categories: int) -> CategoryColumn:
    fitted = fit_category(j, "boolean" if plan.kinds[j] == "boolean" else "category", found, max_categories)
    if fitted.pooled:
        _warn_of_many(plan.names[j], found, max_categories)
    if not found.counts:
        _warn_of_missing([plan.names[j]])
    return fitted


def _warn_of_many(name: str, found: LevelCounts, max_categories: int) -> None:
    levels = list(found.counts)
    numbers = [level for level in levels if spells_number(level)]
    message = f"column {name!r} is text with {len(levels)} different values; "
    message += f"all but the {max_categories - 1} most frequent are pooled. "
    if len(numbers) > len(levels) / 2:
        odd = next((level for level in levels if not spells_number(level)), None)
        seen = f", but {odd!r} is none" if odd is not None else ""
        message += f"Most of them spell numbers{seen}: if it is a column of numbers, convert it"
    else:
        message += "If it is free text or an identifier, drop it or encode it before, e.g. with skrub's TableVectorizer"
    warnings.warn(message, DataWarning, stacklevel=6)


def _warn_of_missing(names: list[str]) -> None:
    listed = ", ".join(map(repr, names[:10]))
    warnings.warn(f"no value in any training row in column {listed}: encoded as 0", DataWarning, stacklevel=6)
