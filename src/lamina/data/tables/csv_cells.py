"""Cells of text of CSV files: without the blanks around them, and without the words that mean a missing value."""

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.data.tables.arrow import from_arrow
from lamina.data.tables.columns import Column
from lamina.data.tables.csv_dialect import Dialect


def read_cells(name: str, array: Any, dialect: Dialect) -> Column:
    """Return the column of cells, tidied; where there is nothing to tidy, Arrow sees it sooner."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(array.type):
        return from_arrow(name, array)
    cells = array.combine_chunks().cast(pa.large_string()).dictionary_encode()
    different = cells.dictionary
    clean = different.equals(pc.utf8_trim_whitespace(different))
    if clean and not dialect.quotes:
        clean = not pc.any(pc.is_in(different, pa.array(dialect.words, pa.large_string()))).as_py()
    column = replace(from_arrow(name, cells), unread=True)
    return column if clean else tidy(column, dialect)


def tidy(column: Column, dialect: Dialect) -> Column:
    """Take the blanks around text away, and the words that mean a missing value.

    Where cells are quoted these are null already, but for those that blanks hid (" ?"): a quoted word is text.
    """
    if column.kind != "category" or column.levels is None:
        return column
    given, words = column.levels.tolist(), frozenset(dialect.words)
    stripped = [level.strip() for level in given]
    gone = [one in words and (one != level or not dialect.quotes) for level, one in zip(given, stripped, strict=True)]
    if stripped == given and not any(gone):
        return column
    levels = list(dict.fromkeys(one for one, without in zip(stripped, gone, strict=True) if not without))
    place = {level: code for code, level in enumerate(levels)}
    codes = np.array([*(-1 if without else place[one] for one, without in zip(stripped, gone, strict=True)), -1])
    return Column(column.name, "category", codes[column.values], np.array([*levels, None], object)[:-1], column.unread)
