"""A table that arrives, made to fit the training columns: in their order, of their kinds, or refused by name."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.columns import Column, as_category, short, spell
from lamina.data.tables.table import Table, default_names
from lamina.errors import ColumnError, nearest

NUMBERS_PER_BLOCK = 65_536  # of rows: float64 copies stay in the processor's cache


def aligned(table: Table, names_in: tuple[str, ...], named: bool) -> Table:
    """Return the table with these columns in this order; by position where either side has no names."""
    if table.names == names_in:
        return table
    if named and table.named:
        check_present(table.names, names_in)
        return table.select(names_in)
    if table.names != default_names(len(table.names)) and set(names_in) <= set(table.names):
        return table.select(names_in)
    if len(table.names) != len(names_in):
        raise ColumnError(
            f"X has {len(table.names)} features, but lamina is expecting {len(names_in)} features as input: "
            f"trained on {_listed(names_in)}; these rows have {_listed(table.names)}"
        )
    columns = tuple(replace(column, name=name) for column, name in zip(table.columns, names_in, strict=False))
    return replace(table, names=names_in, columns=columns)


def check_present(names: Sequence[str], names_in: Sequence[str]) -> None:
    """Raise a ColumnError that names the training columns that are not among the names of some rows."""
    here = set(names)
    missing = [name for name in names_in if name not in here]
    if missing:
        extra = sorted(here - set(names_in))
        hints = "".join(nearest(name, extra) for name in missing[:3])
        counts = f"trained on {len(names_in)} columns, these rows have {len(names)}"
        raise ColumnError(
            f"{counts}; missing: {_listed(missing)}.{hints}"
            + (f" Not known from training: {_listed(extra)}." if extra else "")
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f", ... ({len(names)} in all)" if len(names) > 10 else "")


def cast_numbers(table: Table, at: NDArray[np.intp], dates: Sequence[int], needed: Sequence[int] | None = None) -> Any:
    """Return what `number_blocks` reads, the columns `at` of one matrix or a list of arrays; refuse other kinds.

    Of columns that are not `needed` another kind is no fault: what was empty in training may hold anything later.
    """
    if table.matrix is None:
        wanted, known = set(at.tolist() if needed is None else needed), set(dates)
        return [_cast_number(table, j, j in known, j in wanted) for j in at.tolist()]
    for j in dates:
        _refuse(table.at(j), "dates", "numbers")
    return table.matrix if len(at) == len(table.names) else table.matrix[:, at]


def _cast_number(table: Table, j: int, date: bool, needed: bool) -> NDArray[Any]:
    column = table.columns[j]
    if not needed and column.kind != ("date" if date else "number"):
        return np.full(len(column.values), np.nan)
    if column.kind in ("number", "date"):
        if date != (column.kind == "date") and not np.isnan(column.values).all():
            _refuse(column, *(("dates", "numbers") if date else ("numbers", "dates")))
        return column.values
    if column.kind == "boolean" and not date:
        return np.where(column.values < 0, np.nan, column.values)
    if (column.values < 0).all():
        return np.full(len(column.values), np.nan)
    raise _text_found(table, column, "dates" if date else "numbers")


def _refuse(column: Column, trained: str, found: str) -> None:
    raise ColumnError(f"column {column.name!r} held {trained} in training, here it holds {found}")


def _text_found(table: Table, column: Column, trained: str) -> ColumnError:
    """Return the error that shows the first text that is no number, or the first text if all spell numbers."""
    assert column.levels is not None
    no_number = np.array([not spells_number(spell(level)) for level in column.levels], bool)
    offending = (column.values >= 0) & no_number[column.values]
    i = int(np.argmax(offending if offending.any() else column.values >= 0))
    value, place = short(spell(column.levels[column.values[i]])), f"row {table.row_number(i)}"
    start = f"column {column.name!r} held {trained} in training, here it holds text: {value} in {place}"
    if offending.any() or trained == "dates":
        return ColumnError(f"{start}. Correct it, or leave it empty to have it encoded as missing")
    return ColumnError(
        f"{start}, which spells a number. Convert the column, e.g. pandas.to_numeric(frame[{column.name!r}])"
    )


def spells_number(text: str) -> bool:
    """Return whether text is a number to Python."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def cast_category(column: Column, trained: str) -> Column:
    """Return a column as categories: numbers by their shortest spelling, so that 1, 1.0 and "1" are one level."""
    if column.levels is not None:
        return column
    if column.kind == "date" and not np.isnan(column.values).all():
        kinds = {"category": "text", "boolean": "booleans", "number": "numbers"}
        _refuse(column, kinds[trained], "dates")
    return as_category(column)


def number_blocks(source: Any, n_rows: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the number of the first row and the rows, as float64, block by block.

    Parameters
    ----------
    source : array or CSR array, shape (n_rows, columns), or list of arrays, shape (n_rows,)
    n_rows : int
    """
    width = len(source) if isinstance(source, list) else source.shape[1]
    step = max(16, NUMBERS_PER_BLOCK // max(width, 1))
    for first in range(0, n_rows if width else 0, step):
        stop = min(first + step, n_rows)
        with np.errstate(over="ignore"):  # longdouble beyond float64 becomes an infinity, which is refused
            yield first, _block(source, first, stop)


def column_blocks(table: Table, j: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the number of the first row and the numbers of one column, as float64, block by block."""
    for first, block in number_blocks(cast_numbers(table, np.array([j]), ()), table.n_rows):
        yield first, block[:, 0]


def _block(source: Any, first: int, stop: int) -> NDArray[np.float64]:
    if isinstance(source, list):
        block = np.empty((stop - first, len(source)))
        for j, values in enumerate(source):
            block[:, j] = values[first:stop]
        return block
    rows = source[first:stop] if isinstance(source, np.ndarray) else source[first:stop].toarray()
    return np.asarray(rows, np.float64)
