"""Which levels of a category get a place of their own: learned from how often each of them occurs."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.categories import BOOLEANS, CategoryColumn
from lamina.data.encoding.faults import find_fault, missing_fault, warn_of_missing
from lamina.data.encoding.plan import CategoryKind, ColumnPlan
from lamina.data.tables.alignment import cast_category, spells_number
from lamina.data.tables.columns import Column, spell
from lamina.data.tables.table import Batch
from lamina.errors import DataWarning

MOST_EMBEDDED_LEVELS = 10_000
MOST_COUNTED_LEVELS, KEPT_LEVELS = 2**17, 2**16  # of a stream


class Limits(NamedTuple):
    """Which levels get a place of their own, and how they are encoded."""

    max_categories: int
    embed_above: int | None = None
    min_frequency: int = 1

    @staticmethod
    def of(settings: Mapping[str, Any]) -> "Limits":
        """Return the limits of the settings."""
        above = settings["embed_above"]
        return Limits(
            int(settings["max_categories"]), None if above is None else int(above), int(settings["min_frequency"])
        )


@dataclass(frozen=True, eq=False)
class LevelCounts:
    """How much weight each level of a column has, gathered batch by batch.

    Where there come to be more than 131,072 levels, the lighter of them are forgotten, all but 65,536 (lossy counting,
    Manku and Motwani 2002). A count may then be too low, by at most `error`: the sum of the heaviest level that was
    forgotten each time.
    """

    counts: dict[str, float]
    missing: float
    error: float = 0.0

    def rows(self, unit: float) -> float:
        """Return how many rows have a level, where `unit` is the weight of one."""
        return sum(self.counts.values()) / unit

    def joined(self, other: "LevelCounts") -> "LevelCounts":
        """Return the counts of both runs of rows."""
        counts = dict(self.counts)
        for level, count in other.counts.items():
            counts[level] = counts.get(level, 0.0) + count
        error = self.error + other.error
        if len(counts) > MOST_COUNTED_LEVELS:
            ranked = sorted(counts, key=lambda level: (-counts[level], level))
            error += counts[ranked[KEPT_LEVELS]]
            counts = {level: counts[level] for level in ranked[:KEPT_LEVELS]}
        return LevelCounts(counts, self.missing + other.missing, error)


def count_levels(column: Column, weights: NDArray[np.float64] | None) -> LevelCounts:
    """Return the counts of one column."""
    assert column.levels is not None
    found = np.bincount(column.values.astype(np.intp) + 1, weights, len(column.levels) + 1)
    counts: dict[str, float] = {}
    for level, count in zip(column.levels.tolist(), found[1:].tolist(), strict=True):
        if count > 0:
            text = spell(level)
            counts[text] = counts.get(text, 0.0) + count
    return LevelCounts(counts, float(found[0]))


def fit_category(at: int, kind: CategoryKind, found: LevelCounts, limits: Limits, unit: float) -> CategoryColumn:
    """Return the encoding of a column whose levels were counted: the most frequent keep a place of their own.

    Parameters
    ----------
    at : int
    kind : {"category", "boolean", "number"}
    found : LevelCounts
    limits : Limits
    unit : float
        The weight that is one row.
    """
    indicator = found.missing > 0 and bool(found.counts)
    if kind == "boolean":
        return CategoryColumn(at, kind, BOOLEANS if found.counts else (), False, indicator)
    enough = [level for level, count in found.counts.items() if count >= limits.min_frequency * unit]
    kept = sorted(enough, key=lambda level: (-found.counts[level], level))
    embedded = limits.embed_above is not None and len(kept) > limits.embed_above
    most = MOST_EMBEDDED_LEVELS if embedded else limits.max_categories
    pooled = len(kept) < len(found.counts) or len(kept) > most or found.error > 0
    if len(kept) + pooled > most:
        kept = kept[: most - 1]
    return CategoryColumn(at, kind, tuple(sorted(kept)), pooled, indicator, embedded)


@dataclass(frozen=True, eq=False)
class CategorySummary:
    """What the training rows say about the columns of categories."""

    columns: tuple[LevelCounts, ...]  # of each, in the order of the plan

    @staticmethod
    def of(batch: Batch, plan: ColumnPlan) -> "CategorySummary":
        """Return what one batch says; refuse infinite numbers, and missing values where none is allowed."""
        table = batch.table
        found = []
        for j, kind in plan.categories.items():
            given = table.at(j)
            if given.kind == "number" and np.isinf(given.values).any():
                raise find_fault(table, np.array([j]), given.values[:, None], 0, np.float64)
            column = cast_category(given, kind)
            if plan.inputs.missing == "raise" and (column.values < 0).any():
                raise missing_fault(table, np.array([j]), column.values[:, None] < 0, 0)
            found.append(count_levels(column, batch.weights))
        return CategorySummary(tuple(found))

    def joined(self, other: "CategorySummary") -> "CategorySummary":
        """Return what both runs of rows say."""
        pairs = zip(self.columns, other.columns, strict=True)
        return CategorySummary(tuple(one.joined(two) for one, two in pairs))

    def among(self, plan: ColumnPlan, more: Mapping[int, LevelCounts]) -> "CategorySummary":
        """Return the summary with columns of numbers that the plan takes for categories, too."""
        rest = iter(self.columns)
        return CategorySummary(tuple(more[j] if j in more else next(rest) for j in plan.categories))

    def pieces(self, plan: ColumnPlan, unit: float, target: Any = None) -> tuple[CategoryColumn, ...]:
        """Return a piece for each column; warn of those without a value, and of those with too many levels."""
        limits = Limits.of(plan.settings)
        fitted = []
        for j, found in zip(plan.categories, self.columns, strict=True):
            column = fit_category(j, plan.categories[j], found, limits, unit)
            frequent = sum(count >= limits.min_frequency * unit for count in found.counts.values())
            if column.pooled and len(column.levels) < frequent:
                _warn_of_many(plan.inputs.names[j], column.kind, found, len(column.levels))
            warn_of_missing([] if found.counts else [plan.inputs.names[j]])
            fitted.append(column)
        return tuple(fitted)


def _warn_of_many(name: str, kind: CategoryKind, found: LevelCounts, kept: int) -> None:
    levels = list(found.counts)
    numbers = [level for level in levels if spells_number(level)]
    more = "more than " if found.error else ""
    holds = "is a category of" if kind == "number" else "is text with"
    message = f"column {name!r} {holds} {more}{len(levels)} different {'numbers' if kind == 'number' else 'values'}; "
    message += f"all but the {kept} most frequent are pooled. "
    if kind == "number":
        message += "To pool rare ones by how often they occur, set min_frequency (--min-frequency)"
    elif len(numbers) > len(levels) / 2:
        odd = next((level for level in levels if not spells_number(level)), None)
        seen = f", but {odd!r} is none" if odd is not None else ""
        message += f"Most of them spell numbers{seen}: if it is a column of numbers, convert it"
    else:
        message += "If it is free text or an identifier, drop it or encode it before, e.g. with skrub's TableVectorizer"
    warnings.warn(message, DataWarning, stacklevel=6)
