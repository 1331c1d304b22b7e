"""One column of categories, encoded as indicator columns.

two levels        one column: -1 for the first, +1 for the second
more levels       one column each, 1 where the row has it; the rarest, above a limit, share one column "(other)"
missing           0 in all of them; one more column says where, if some training rows had it missing
unknown           a level never seen: 0 in all of them, or "(other)" where there is one
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.columns import Column, spell
from lamina.errors import DataError

CategoryKind = Literal["category", "boolean"]
CATEGORY_KINDS = ("category", "boolean")
BOOLEANS = ("False", "True")
SPELLINGS = {"false": "False", "0": "False", "true": "True", "1": "True"}  # of a boolean, as files and frames have them


@dataclass(frozen=True)
class CategoryColumn:
    """One input column of text, levels or booleans."""

    at: int  # which input column it is
    kind: CategoryKind
    levels: tuple[str, ...]  # sorted; those that have a place of their own
    pooled: bool  # whether the other, rarer levels share a column
    indicator: bool  # whether some training rows, not all, had it missing

    @property
    def width(self) -> int:
        """How many columns it is encoded as."""
        return len(self.suffixes())

    def suffixes(self) -> list[str]:
        """Return what follows the column's name in the names of the encoded columns."""
        own = [self.levels[1]] if self._two else list(self.levels)
        names = [f"={level}" for level in own] + ["=(other)"] * self.pooled + [" missing"] * self.indicator
        return names or [" missing"]  # nothing but missing values in training: one column of zeros

    @property
    def _two(self) -> bool:
        return len(self.levels) == 2 and not self.pooled

    def patterns(self, dtype: Any) -> NDArray[Any]:
        """Return what is written for each place: unknown, missing, then the levels; shape (2 + levels, width)."""
        n = len(self.levels)
        patterns = np.zeros((2 + n, self.width), dtype)
        if self._two:
            patterns[2:, 0] = -1, 1
        else:
            patterns[2:, :n] = np.eye(n)
        if self.pooled:
            patterns[0, n] = 1
        if self.indicator:
            patterns[1, -1] = 1
        return patterns

    def places(self, column: Column) -> NDArray[np.intp]:
        """Return for each code of a column the row of `patterns`; the last is for code -1, missing."""
        assert column.levels is not None
        place = {level: 2 + i for i, level in enumerate(self.levels)}
        found = [place.get(self._known_as(level), 0) for level in column.levels]
        return np.array([*found, 1], np.intp)

    def _known_as(self, level: object) -> str:
        text = spell(level)
        return SPELLINGS.get(text.casefold(), text) if self.kind == "boolean" else text


@dataclass(frozen=True, eq=False)
class LevelCounts:
    """How much weight each level of a column has, gathered table by table."""

    counts: dict[str, float]
    missing: float

    def joined(self, other: "LevelCounts") -> "LevelCounts":
        """Return the counts of both runs of rows."""
        counts = dict(self.counts)
        for level, count in other.counts.items():
            counts[level] = counts.get(level, 0.0) + count
        return LevelCounts(counts, self.missing + other.missing)


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


def fit_category(at: int, kind: CategoryKind, found: LevelCounts, max_categories: int) -> CategoryColumn:
    """Return the encoding of a column whose levels were counted: the most frequent keep a column of their own."""
    pooled = len(found.counts) > max_categories
    by_count = sorted(found.counts, key=lambda level: (-found.counts[level], level))
    kept = by_count[: max_categories - 1] if pooled else by_count
    levels = BOOLEANS if kind == "boolean" and found.counts else tuple(sorted(kept))
    return CategoryColumn(at, kind, levels, pooled and kind != "boolean", found.missing > 0 and bool(found.counts))


def to_header(column: CategoryColumn) -> dict[str, Any]:
    """Return a column as plain JSON values."""
    return {
        "at": column.at,
        "kind": column.kind,
        "levels": list(column.levels),
        "pooled": column.pooled,
        "indicator": column.indicator,
    }


def from_header(header: Mapping[str, Any], n_columns: int) -> CategoryColumn:
    """Return the column of a header, checked."""
    what = "encoder categories"
    header = headers.fields(header, what, ("at", "kind", "levels", "pooled", "indicator"))
    kind = headers.choice(header["kind"], f"{what} kind", CATEGORY_KINDS)
    levels = headers.texts(header["levels"], f"{what} levels")
    pooled = headers.flag(header["pooled"], f"{what} pooled")
    if kind == "boolean" and (pooled or levels not in ((), BOOLEANS)):
        raise DataError(f"{what} levels: a boolean column has the levels False and True, found {levels}")
    at = headers.whole(header["at"], f"{what} at", 0, n_columns - 1)
    indicator = headers.flag(header["indicator"], f"{what} indicator")
    return CategoryColumn(at, "boolean" if kind == "boolean" else "category", levels, pooled, indicator)
