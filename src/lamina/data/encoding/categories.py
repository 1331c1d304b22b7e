"""One column of categories, encoded as indicator columns or as one whole number.

two levels        one column: -1 for the first, +1 for the second
more levels       one column each, 1 where the row has it; the rarest share one column "(other)"
missing           0 in all of them; one more column says where, if some training rows had it missing
unknown           a level never seen: 0 in all of them, or "(other)" where there is one
embedded          one column that holds the place: 0 unknown or rare, 1 missing, 2 and up the levels; for a layer that
                  looks numbers up by it
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data import headers
from lamina.data.encoding.faults import missing_fault
from lamina.data.encoding.pieces import MISSING, VALUE, InputColumns, Piece
from lamina.data.encoding.plan import CategoryKind
from lamina.data.tables.alignment import cast_category
from lamina.data.tables.columns import Column, spell
from lamina.data.tables.days import spell_date
from lamina.data.tables.table import Table
from lamina.errors import DataError

CATEGORY_KINDS: tuple[CategoryKind, ...] = ("category", "boolean", "number")
MOST_SEEN = 2**16  # texts of a column whose patterns are remembered
BOOLEANS = ("False", "True")
BITS = {"False": "0", "True": "1"}
SPELLINGS = {"false": "False", "0": "False", "true": "True", "1": "True"}  # of a boolean, as files and frames have them


@dataclass(frozen=True)
class CategoryColumn(Piece):
    """One input column of text, levels, booleans, or numbers that are to be categories."""

    at: int  # which input column it is
    kind: CategoryKind
    levels: tuple[str, ...]  # sorted; those that have a place of their own
    pooled: bool  # whether the other, rarer levels share a column
    indicator: bool  # whether some training rows, not all, had it missing
    embedded: bool = False  # whether it is encoded as one column of places

    @cached_property
    def origin(self) -> NDArray[np.intp]:
        """See `Piece`."""
        return np.full(len(self.suffixes()), self.at, np.intp)

    @cached_property
    def ranks(self) -> NDArray[np.intp]:
        """See `Piece`."""
        marked = self.indicator and not self.embedded and self.width > 1
        return np.array([VALUE] * (self.width - marked) + [MISSING] * marked, np.intp)

    @property
    def n_places(self) -> int:
        """Unknown, missing, and the levels."""
        return 2 + len(self.levels) if self.embedded else 0

    def suffixes(self) -> list[str]:
        """See `Piece`."""
        if self.embedded:
            return [""]
        own = [self.levels[1]] if self._two else list(self.levels)
        names = [f"={level}" for level in own] + ["=(other)"] * self.pooled + [" missing"] * self.indicator
        return names or [" missing"]  # nothing but missing values in training: one column of zeros

    @property
    def _two(self) -> bool:
        return len(self.levels) == 2 and not self.pooled

    def encode(self, table: Table, inputs: InputColumns, X: NDArray[Any], places: NDArray[np.intp]) -> None:
        """See `Piece`."""
        column = self.as_levels(table.at(self.at))
        if inputs.missing == "raise" and (column.values < 0).any():
            raise missing_fault(table, np.array([self.at]), column.values[:, None] < 0, 0)
        pattern = self.pattern_of(column).take(column.values, mode="wrap")  # code -1 is the last
        if self.embedded:
            X[:, places[0]] = pattern
            return
        where, written = self.marks(X.dtype)
        X[np.arange(len(X)), places.take(where.take(pattern))] = written.take(pattern)

    def as_levels(self, column: Column) -> Column:
        """Return a column as categories; dates as text where the levels are dates."""
        if column.kind == "date" and self.kind == "category" and any(map(ISO_DATE.match, self.levels)):
            levels, codes = np.unique(column.values, return_inverse=True)
            spelled = [spell_date(days) for days in levels[~np.isnan(levels)].tolist()]
            codes = np.where(np.isnan(column.values), -1, codes)
            return Column(column.name, "category", codes, np.array([*spelled, None], object)[:-1])
        return cast_category(column, self.kind)

    def marks(self, dtype: Any) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """Return for each pattern (unknown, missing, then the levels) which encoded column is not 0, and what it holds.

        Where all of them are 0, it is the first, which holds 0.
        """
        n = len(self.levels)
        levels = [(0, -1), (0, 1)] if self._two else [(k, 1) for k in range(n)]
        unknown = (n, 1) if self.pooled else (0, 0)
        missing = (self.width - 1, 1) if self.indicator else (0, 0)
        where, written = zip(unknown, missing, *levels, strict=True)
        return np.array(where, np.intp), np.array(written, dtype)

    def pattern_of(self, column: Column) -> NDArray[np.intp]:
        """Return for each code of a column its pattern: 0 unknown or rare, 1 missing, 2 and up the levels.

        The last is for code -1, missing.
        """
        assert column.levels is not None
        return np.array([*map(self.pattern_of_level, column.levels), 1], np.intp)

    def pattern_of_level(self, level: object) -> int:
        """Return the pattern of one level; of text without blanks around it."""
        if not isinstance(level, str):  # True, 1 and 1.0 would be one key
            return self._looked_up(level)
        found = self._seen.get(level)
        if found is None:
            found = self._looked_up(level)
            if len(self._seen) < MOST_SEEN:
                self._seen[level] = found
        return found

    def _looked_up(self, level: object) -> int:
        spelled = self._known_as(level)
        place = self._places.get(spelled, 0)
        # The same value as another source spells it: 1.0 for 1, 2020-01-31T00:00 for 2020-01-31.
        return place or (self._plain_places.get(plain_value(spelled), 0) if self.kind == "category" else 0)

    @cached_property
    def _seen(self) -> dict[str, int]:
        """The patterns of texts that were looked up before: every batch of rows has about the same."""
        return {}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {level: 2 + i for i, level in enumerate(self.levels)}

    @cached_property
    def _plain_places(self) -> dict[str, int]:
        return {plain_value(level): place for level, place in reversed(self._places.items())}

    def _known_as(self, level: object) -> str:
        text = spell(level)
        if self.kind == "number":
            return _as_number(BITS.get(text, text))
        return SPELLINGS.get(text.casefold(), text) if self.kind == "boolean" else text

    def to_header(self) -> dict[str, Any]:
        """Return the column as plain JSON values."""
        return {
            "at": self.at,
            "kind": self.kind,
            "levels": list(self.levels),
            "pooled": self.pooled,
            "indicator": self.indicator,
            "embedded": self.embedded,
        }

    @staticmethod
    def from_header(header: Mapping[str, Any], n_columns: int) -> "CategoryColumn":
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


ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0+)?)?$")
FRACTION = re.compile(r"[+-]?(0|[1-9]\d*)\.\d*")


def plain_value(text: str) -> str:
    """Return the shortest spelling of a number with a fraction or of a date with a time; other text as it is."""
    if FRACTION.fullmatch(text):
        return text.rstrip("0").rstrip(".")
    if ISO_DATE.match(text):
        return MIDNIGHT.sub("", text.replace("T", " "))
    return text


def _as_number(text: str) -> str:
    """Return the shortest spelling of a text that spells a number, so that "07" is 7."""
    try:
        return spell(float(text)) if text.strip("-0123456789") else str(int(text))
    except ValueError:
        return text
