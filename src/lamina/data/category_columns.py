"""One column of categories, encoded as indicator columns or as one whole number.

two levels        one column: -1 for the first, +1 for the second
more levels       one column each, 1 where the row has it; the rarest share one column "(other)"
missing           0 in all of them; one more column says where, if some training rows had it missing
unknown           a level never seen: 0 in all of them, or "(other)" where there is one
embedded          one column that holds the place: 0 unknown or rare, 1 missing, 2 and up the levels; for a layer that
                  looks numbers up by it
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.tables.columns import Column, spell
from lamina.errors import DataError

CategoryKind = Literal["category", "boolean", "number"]
CATEGORY_KINDS: tuple[CategoryKind, ...] = ("category", "boolean", "number")
EMBEDDED_LEVELS = 10_000  # most levels of an embedded column
BOOLEANS = ("False", "True")
BITS = {"False": "0", "True": "1"}
SPELLINGS = {"false": "False", "0": "False", "true": "True", "1": "True"}  # of a boolean, as files and frames have them


@dataclass(frozen=True)
class CategoryColumn:
    """One input column of text, levels, booleans, or numbers that are to be categories."""

    at: int  # which input column it is
    kind: CategoryKind
    levels: tuple[str, ...]  # sorted; those that have a place of their own
    pooled: bool  # whether the other, rarer levels share a column
    indicator: bool  # whether some training rows, not all, had it missing
    embedded: bool = False  # whether it is encoded as one column of places

    @property
    def width(self) -> int:
        """How many columns it is encoded as."""
        return len(self.suffixes())

    def suffixes(self) -> list[str]:
        """Return what follows the column's name in the names of the encoded columns."""
        if self.embedded:
            return [""]
        own = [self.levels[1]] if self._two else list(self.levels)
        names = [f"={level}" for level in own] + ["=(other)"] * self.pooled + [" missing"] * self.indicator
        return names or [" missing"]  # nothing but missing values in training: one column of zeros

    @property
    def _two(self) -> bool:
        return len(self.levels) == 2 and not self.pooled

    def patterns(self, dtype: Any) -> NDArray[Any]:
        """Return what is written for each place: unknown, missing, then the levels; shape (2 + levels, width)."""
        n = len(self.levels)
        if self.embedded:
            return np.arange(2 + n, dtype=dtype)[:, None]
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
        if self.kind == "number":
            return _as_number(BITS.get(text, text))
        return SPELLINGS.get(text.casefold(), text) if self.kind == "boolean" else text


def _as_number(text: str) -> str:
    """Return the shortest spelling of a text that spells a number, so that "07" is 7."""
    try:
        return spell(float(text)) if text.strip("-0123456789") else str(int(text))
    except ValueError:
        return text


class Limits(NamedTuple):
    """Which levels get a place of their own, and how they are encoded."""

    max_categories: int
    embed_above: int | None = None
    min_frequency: int = 1


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


def fit_category(at: int, kind: CategoryKind, found: LevelCounts, limits: Limits, row: float) -> CategoryColumn:
    """Return the encoding of a column whose levels were counted: the most frequent keep a place of their own.

    Parameters
    ----------
    at : int
    kind : {"category", "boolean", "number"}
    found : LevelCounts
    limits : Limits
    row : float
        The weight that is one row.
    """
    indicator = found.missing > 0 and bool(found.counts)
    if kind == "boolean":
        return CategoryColumn(at, kind, BOOLEANS if found.counts else (), False, indicator)
    enough = [level for level, count in found.counts.items() if count >= limits.min_frequency * row]
    kept = sorted(enough, key=lambda level: (-found.counts[level], level))
    embedded = limits.embed_above is not None and len(kept) > limits.embed_above
    most = EMBEDDED_LEVELS if embedded else limits.max_categories
    pooled = len(kept) < len(found.counts) or len(kept) > most
    if len(kept) + pooled > most:
        kept = kept[: most - 1]
    return CategoryColumn(at, kind, tuple(sorted(kept)), pooled, indicator, embedded)


def to_header(column: CategoryColumn) -> dict[str, Any]:
    """Return a column as plain JSON values."""
    return {
        "at": column.at,
        "kind": column.kind,
        "levels": list(column.levels),
        "pooled": column.pooled,
        "indicator": column.indicator,
        "embedded": column.embedded,
    }


def from_header(header: Mapping[str, Any], n_columns: int) -> CategoryColumn:
    """Return the column of a header, checked."""
    what = "encoder categories"
    header = headers.fields(header, what, ("at", "kind", "levels", "pooled", "indicator", "embedded"))
    named = headers.choice(header["kind"], f"{what} kind", CATEGORY_KINDS)
    kind: CategoryKind = next(one for one in CATEGORY_KINDS if one == named)
    levels = headers.texts(header["levels"], f"{what} levels")
    pooled = headers.flag(header["pooled"], f"{what} pooled")
    embedded = headers.flag(header["embedded"], f"{what} embedded")
    if kind == "boolean" and (pooled or embedded or levels not in ((), BOOLEANS)):
        raise DataError(f"{what} levels: a boolean column has the levels False and True, found {levels}")
    if embedded and not levels:
        raise DataError(f"{what} levels: an embedded column has some, found none")
    at = headers.whole(header["at"], f"{what} at", 0, n_columns - 1)
    indicator = headers.flag(header["indicator"], f"{what} indicator")
    return CategoryColumn(at, kind, levels, pooled, indicator, embedded)
