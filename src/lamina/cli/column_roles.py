"""Which columns of a file are learned from, as options name the others."""

import csv
from dataclasses import dataclass
from pathlib import Path

from lamina.cli.rows import column_of
from lamina.data.tables.table import Table
from lamina.errors import DataError


@dataclass(frozen=True)
class Columns:
    """Which columns are not learned from."""

    target: str | None
    weights: str | None
    drop: tuple[str, ...] = ()


def dropped_names(table: Table, file: Path, columns: Columns) -> list[str]:
    """Return the columns that --drop names, one or several with commas between them."""
    if columns.weights is not None and columns.weights == columns.target:
        raise DataError(f"--weights and --target are both {columns.target!r}: name another column of {file}")
    names = [one for word in columns.drop for one in ([word] if word in table.names else _listed(word))]
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
