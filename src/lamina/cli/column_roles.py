"""Which columns of a file are learned from, as options name the others."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cyclopts.exceptions import CycloptsError

from lamina.cli.rows import column_of
from lamina.data.tables.table import Table
from lamina.errors import DataError


@dataclass(frozen=True)
class Columns:
    """Which columns are not learned from."""

    target: str | None
    weights: str | None
    drop: tuple[str, ...] = ()
    groups: str | None = None
    time: str | None = None

    def check_target(self, file: Any, names: Sequence[str]) -> str:
        """Return the target.

        Raises
        ------
        CycloptsError
            None was named.
        """
        if self.target is None:
            raise CycloptsError(f"which column of {file} is to be predicted? --target is one of {', '.join(names)}")
        return self.target

    def dropped(self, names: Sequence[str]) -> list[str]:
        """Return the columns that --drop names, one or several with commas between them."""
        return [one for word in self.drop for one in ([word] if word in names else _listed(word))]


def dropped_names(table: Table, file: Any, columns: Columns) -> list[str]:
    """Return the columns that --drop names, one or several with commas between them."""
    if columns.weights is not None and columns.weights == columns.target:
        raise DataError(f"--weights and --target are both {columns.target!r}: name another column of {file}")
    names = columns.dropped(table.names)
    for name in names:
        column_of(table, name, file, "--drop")
    if columns.target in names:
        raise DataError(
            f"--drop and --target are both {columns.target!r}: the target is never learned from, remove --drop"
        )
    return names


def _listed(word: str) -> list[str]:
    """Return the names in a list like a,b or "a, really",b."""
    return [name.strip() for name in next(csv.reader([word], skipinitialspace=True), [])]
