"""Learning an encoding: every table of the training rows is looked at once, and what it says is joined."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.category_columns import (
    CategoryColumn,
    CategoryKind,
    LevelCounts,
    Limits,
    count_levels,
    fit_category,
)
from lamina.data.date_columns import Dates
from lamina.data.moments import Moments
from lamina.data.number_columns import Missing, NumberColumns, Scaling, find_fault, missing_fault
from lamina.data.number_fitting import (
    NumberPlan,
    Rows,
    distributions,
    find_moments,
    fit_numbers,
    needed_quantiles,
    summaries,
)
from lamina.data.quantiles import Distribution, Summary
from lamina.data.tables.alignment import aligned, cast_category, spells_number
from lamina.data.tables.columns import Kind
from lamina.data.tables.table import Table, check_size
from lamina.errors import ColumnError, DataError, DataWarning, nearest

Weights = NDArray[np.float64] | None


class Choices(NamedTuple):
    """How an encoding is to be: the arguments of `Encoder.fit`."""

    numbers: Scaling
    missing: Missing
    dates: Dates
    categorical: Sequence[str | int]
    limits: Limits


class Parts(NamedTuple):
    """What an encoder is made of."""

    numbers: NumberColumns
    dates: tuple[int, ...]
    categories: tuple[CategoryColumn, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The training columns: what each is, and how the numbers among them are looked at."""

    names: tuple[str, ...]
    named: bool
    categories: dict[int, CategoryKind]
    numbers: NumberPlan

    @staticmethod
    def of(table: Table, choices: Choices) -> "Plan":
        """Return the plan that the kinds of the first table's columns give."""
        kinds: list[Kind] = [column.kind for column in table.columns] or ["number"] * len(table.names)
        chosen = positions(choices.categorical, table.names, "categorical")
        categories: dict[int, CategoryKind] = {}
        for j, kind in enumerate(kinds):
            if kind == "category" or kind == "boolean":
                categories[j] = kind
            elif j in chosen:
                categories[j] = "number"
                if kind == "date":
                    raise ColumnError(f"column {table.names[j]!r} holds dates: leave it out of categorical")
        at = [j for j in range(len(kinds)) if j not in categories]
        dates = [j for j in at if kinds[j] == "date"]
        numbers = NumberPlan.of(at, dates, choices.dates, choices.numbers, choices.missing)
        return Plan(table.names, table.named, categories, numbers)


def positions(columns: Iterable[str | int], names: tuple[str, ...], setting: str) -> set[int]:
    """Return which columns the names and positions of a setting mean."""
    found = set()
    for column in columns:
        if isinstance(column, str) and column in names:
            found.add(names.index(column))
        elif not isinstance(column, str) and 0 <= column < len(names):
            found.add(int(column))
        else:
            hint = nearest(column, names) if isinstance(column, str) else f" Positions are 0 to {len(names) - 1}."
            raise ColumnError(f"{setting}: there is no column {column!r}.{hint}")
    return found


class Found(NamedTuple):
    """What a table says about the columns."""

    numbers: Moments
    levels: list[LevelCounts]

    def joined(self, other: "Found") -> "Found":
        """Return what both tables say."""
        levels = [one.joined(two) for one, two in zip(self.levels, other.levels, strict=True)]
        return Found(self.numbers.joined(other.numbers), levels)


def fit_parts(tables: Table | Iterable[Table], weights: Weights, choices: Choices) -> tuple[Plan, Parts]:
    """Return the training columns and their encodings."""
    if isinstance(tables, Table):
        rows = _counted(tables, weights)
        plan = Plan.of(rows.table, choices)
        return plan, _parts(plan, choices, _look(rows, plan), rows.row, distributions(rows, plan.numbers))
    if weights is not None:
        raise DataError("weights are for a single table of training rows")
    streamed: Plan | None = None
    found: Found | None = None
    sketches: list[Summary] | None = None
    for table in tables:
        streamed = streamed or Plan.of(table, choices)
        rows = _counted(aligned(table, streamed.names, streamed.named), None)
        here = _look(rows, streamed)
        found = here if found is None else found.joined(here)
        if streamed.numbers.needs_quantiles:
            seen = summaries(rows, streamed.numbers)
            sketches = [a.joined(b) for a, b in zip(sketches, seen, strict=True)] if sketches else seen
    if streamed is None or found is None:
        raise DataError("training rows expected, found none")
    return streamed, _parts(streamed, choices, found, 1.0, (one.distribution() for one in sketches or ()))


def _parts(plan: Plan, choices: Choices, found: Found, row: float, spread: Iterable[Distribution]) -> Parts:
    """Return the encodings; `spread` is looked at, column by column, only where the scaling needs quantiles."""
    numbers = plan.numbers
    empty = [plan.names[numbers.at[k]] for k in np.flatnonzero(found.numbers.weight == 0) if not numbers.parts[k]]
    if empty:
        _warn_of_missing(empty)
    quantiles, medians = [], np.zeros(len(numbers.at))
    for k, one in enumerate(spread if numbers.needs_quantiles else ()):
        quantiles.append(needed_quantiles(numbers, k, one, found.numbers, row))
        medians[k] = one.quantiles(np.array([0.5]), row)[0] if len(one.values) else 0.0
    categories = tuple(
        _fit_category(plan, j, levels, choices.limits, row)
        for j, levels in zip(plan.categories, found.levels, strict=True)
    )
    return Parts(fit_numbers(numbers, found.numbers, quantiles, medians), numbers.dates, categories)


def _counted(table: Table, weights: Weights) -> Rows:
    """Leave out rows of weight 0, and scale the others, exactly, into the middle of the float range.

    A weight of 1 is one row; where weights are less than 1 in the mean, the mean weight is.
    """
    check_size(table)
    if weights is None:
        return Rows(table, None, 1.0)
    if len(weights) != table.n_rows:
        raise DataError(f"{table.n_rows} rows, but {len(weights)} weights")
    counts = weights > 0
    if not counts.any():
        raise DataError("all weights are zero: at least one positive weight expected")
    if not counts.all():
        table, weights = table.take(counts), weights[counts]
    exponent = int(np.frexp(weights.max())[1])
    weights = np.ldexp(weights, -exponent)
    mean = float(np.mean(np.sort(weights)))  # sorted: the same bits in any order of the rows
    with np.errstate(over="ignore"):
        one = float(np.ldexp(1.0, -exponent))
    return Rows(table, weights, max(min(one, mean), mean * 1e-9))


def _look(rows: Rows, plan: Plan) -> Found:
    return Found(find_moments(rows, plan.numbers), _find_levels(rows, plan))


def _find_levels(rows: Rows, plan: Plan) -> list[LevelCounts]:
    found, table = [], rows.table
    for j, kind in plan.categories.items():
        given = table.at(j)
        if given.kind == "number" and np.isinf(given.values).any():
            raise find_fault(table, np.array([j]), given.values[:, None], 0, np.float64)
        column = cast_category(given, kind)
        if plan.numbers.missing == "raise" and (column.values < 0).any():
            raise missing_fault(table, np.array([j]), column.values[:, None] < 0, 0)
        found.append(count_levels(column, rows.weights))
    return found


def _fit_category(plan: Plan, j: int, found: LevelCounts, limits: Limits, row: float) -> CategoryColumn:
    fitted = fit_category(j, plan.categories[j], found, limits, row)
    frequent = sum(count >= limits.min_frequency * row for count in found.counts.values())
    if fitted.pooled and len(fitted.levels) < frequent:
        _warn_of_many(plan.names[j], found, len(fitted.levels))
    if not found.counts:
        _warn_of_missing([plan.names[j]])
    return fitted


def _warn_of_many(name: str, found: LevelCounts, kept: int) -> None:
    levels = list(found.counts)
    numbers = [level for level in levels if spells_number(level)]
    message = f"column {name!r} is text with {len(levels)} different values; "
    message += f"all but the {kept} most frequent are pooled. "
    if len(numbers) > len(levels) / 2:
        odd = next((level for level in levels if not spells_number(level)), None)
        seen = f", but {odd!r} is none" if odd is not None else ""
        message += f"Most of them spell numbers{seen}: if it is a column of numbers, convert it"
    else:
        message += "If it is free text or an identifier, drop it or encode it before, e.g. with skrub's TableVectorizer"
    warnings.warn(message, DataWarning, stacklevel=7)


def _warn_of_missing(names: list[str]) -> None:
    listed = ", ".join(map(repr, names[:10]))
    warnings.warn(f"no value in any training row in column {listed}: encoded as 0", DataWarning, stacklevel=6)
