"""What the training columns are: numbers, dates or categories, as the first batch of rows has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lamina.data.encoding.pieces import InputColumns
from lamina.data.tables.columns import Kind
from lamina.data.tables.table import Table
from lamina.errors import ColumnError, nearest

IDENTIFIERS = "identifiers"  # of `categorical`: the columns that identifiers.py finds
CategoryKind = Literal["category", "boolean", "number"]


@dataclass(frozen=True, eq=False)
class ColumnPlan:
    """The training columns, and the settings by which each encoding looks at those that are its own."""

    inputs: InputColumns
    numbers: tuple[int, ...]  # columns of numbers and dates
    categories: dict[int, CategoryKind]  # all other columns, and what they hold
    settings: Mapping[str, Any]

    @staticmethod
    def of(table: Table, settings: Mapping[str, Any]) -> "ColumnPlan":
        """Return the plan that the kinds of the columns and the setting `categorical` give."""
        kinds: list[Kind] = [column.kind for column in table.columns] or ["number"] * len(table.names)
        finds = settings["categorical"] == IDENTIFIERS
        chosen = set() if finds else positions(listed(settings["categorical"]), table.names, "categorical")
        categories: dict[int, CategoryKind] = {}
        for j, kind in enumerate(kinds):
            if kind == "category" or kind == "boolean":
                categories[j] = kind
            elif j in chosen:
                categories[j] = "number"
                if kind == "date":
                    raise ColumnError(f"column {table.names[j]!r} holds dates: leave it out of categorical")
        numbers = tuple(j for j in range(len(kinds)) if j not in categories)
        dates = tuple(j for j in numbers if kinds[j] == "date")
        return ColumnPlan(
            InputColumns(table.names, table.named, dates, settings["missing"], table.reading),
            numbers,
            categories,
            {
                **{name: value for name, value in settings.items() if _is_plain(value)},
                "categorical": IDENTIFIERS if finds and not table.is_sparse else sorted(chosen),
            },
        )

    def with_categories(self, columns: Iterable[int]) -> "ColumnPlan":
        """Return the plan with some columns of numbers taken for categories."""
        more: dict[int, CategoryKind] = dict.fromkeys(columns, "number")
        numbers = tuple(j for j in self.numbers if j not in more)
        return replace(self, numbers=numbers, categories=dict(sorted((self.categories | more).items())))

    @property
    def finds_identifiers(self) -> bool:
        """Whether columns of numbers that turn out to be identifiers become categories."""
        return bool(self.settings["categorical"] == IDENTIFIERS)

    @property
    def plain_numbers(self) -> tuple[int, ...]:
        """Columns of numbers that are no dates."""
        return tuple(j for j in self.numbers if j not in self.inputs.dates)


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


def listed(columns: Any) -> tuple[Any, ...]:
    """Return the columns of a setting: none, one, or a list."""
    return () if columns is None else (columns,) if isinstance(columns, str | int) else tuple(columns)


def _is_plain(value: Any) -> bool:
    """Return whether another worker can be told a setting: encodings look at no other ones."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | np.ndarray)
