"""What parts with columns of their own agree on: names, one kind for each column, how text is written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lamina.data.tables.cell_values import as_read
from lamina.data.tables.cells import LOOKED_AT, Evidence, decided, hopeless, seen_so_far
from lamina.data.tables.columns import Column, Kind, warn_of_alike
from lamina.data.tables.kinds import TEXT, Sighting, fitted, joined_groups
from lamina.data.tables.parts import Part
from lamina.data.tables.reading import Reading, Written
from lamina.data.tables.table import Table
from lamina.errors import ColumnError, nearest

ROWS_OF_TEXT = 2**18  # that are looked at together
CATEGORY = "To take it as text, make it a category, as with frame[{name!r}].astype('category')"


def listed(names: Sequence[str]) -> str:
    """Return names as messages show them."""
    return ", ".join(map(repr, names[:10])) + (f", ... ({len(names)} in all)" if len(names) > 10 else "")


def check_names(parts: Sequence[Part]) -> None:
    """Raise a ColumnError for a part with other columns than the first; their order may differ."""
    first = parts[0]
    for part in parts[1:]:
        missing = [name for name in first.names if name not in part.names]
        extra = [name for name in part.names if name not in first.names]
        if missing or extra:
            found = [f"{word} {listed(names)}" for word, names in (("lacks", missing), ("has also", extra)) if names]
            hint = nearest(missing[0], extra) if missing and extra else ""
            raise ColumnError(
                f"{part.name!r} has other columns than {first.name!r}: it {' and '.join(found)}.{hint} The same "
                "columns are expected in every file, in any order: rename or add them, or leave the file out"
            )


def place_in(parts: Sequence[Part], row: int) -> str:
    """Return the part that a row stands in, counted over all, and where: "'a.csv', line 12"."""
    for part in parts:
        rows = sum(span.rows for span in part.spans)
        if row < rows:
            return f"{part.name!r}, {where_in(part, row)}"
        row -= rows
    return f"row {row}"


def where_in(part: Part, row: int, first: int = 0) -> str:
    """Return where a row of a part stands; `first` is the number of the first row, where rows are no lines."""
    line = part.line(row)
    return f"row {row + first:,}" if line is None else f"line {line}"


def kinds_of(parts: Sequence[Part]) -> dict[str, Kind]:
    """Return the kind of each column over all parts.

    Raises
    ------
    ColumnError
        A column holds in one part what it does not in another.
    """
    return {name: seen.group.kind for name, seen in _seen(parts).items()}


def _seen(parts: Sequence[Part]) -> dict[str, Sighting]:
    found: dict[str, Sighting] = {}
    for part in parts:
        for name, here in part.seen().items():
            found[name] = joined_groups(name, found.get(name), here)
    return found


def written_in(parts: Sequence[Part], kinds: Mapping[str, Kind], reading: Reading) -> dict[str, Written]:
    """Return how columns of text are written that are numbers or dates; the parts have types of their own.

    Of a column without a number or date in its first rows no more is read.
    """
    text = [name for name, seen in _seen(parts).items() if seen.group.what == TEXT and not seen.group.category]
    asked = [name for name in text if not reading.predicting or reading.knows(name)]
    evidence: dict[str, Evidence] = {}
    row = 0
    for part in parts:
        for span in part.spans:
            at = 0
            while at < span.rows and asked:
                first_rows = max(LOOKED_AT - row, 0)
                step = first_rows or max(ROWS_OF_TEXT // len(asked), 2**14)
                for batch in part.read(span.key, at, asked, step):
                    for given in batch.table.columns:
                        column = fitted(given, "category")
                        evidence[column.name] = seen_so_far(
                            evidence.get(column.name), column, reading.missing_words, row
                        )
                    at += batch.table.n_rows
                    row += batch.table.n_rows
                    left = [name for name in asked if row < LOOKED_AT or not hopeless(evidence[name])]
                    if left != asked or first_rows:
                        asked = left
                        break
    return decided(evidence, reading, lambda row: place_in(parts, row), CATEGORY)


def text_read(table: Table, reading: Reading) -> Table:
    """Return a table of typed columns, those of text that spells numbers or dates read: see cells.py."""
    for column in table.columns:
        warn_of_alike(column)
    text = [one for one in table.columns if one.unread and (not reading.predicting or reading.knows(one.name))]
    evidence = {one.name: seen_so_far(None, one, reading.missing_words) for one in text}
    written = decided(evidence, reading, lambda row: f"row {table.row_number(row)}", CATEGORY)
    columns = tuple(as_planned(column, written) for column in table.columns)
    return replace(table, columns=columns, reading=reading.with_written(written))


def as_planned(column: Column, written: Mapping[str, Written]) -> Column:
    """Return a column of text as what it is over all rows: text, or the numbers or dates that it spells."""
    if column.name in written and column.kind == "category":
        return as_read(column, written[column.name])
    return replace(column, unread=False)
