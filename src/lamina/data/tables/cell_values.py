"""The numbers and dates that cells of text spell, once it is known how they are written."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.cell_styles import ISO, MICROSECONDS_PER_DAY, NUMBERS, PERCENT, STYLES
from lamina.data.tables.columns import Column, Kind
from lamina.data.tables.reading import Written

MINUS = "−", "-"
BLANKS = r"[\s\x{a0}\x{202f}]*"


def as_read(column: Column, written: Written) -> Column:
    """Return the numbers or dates of a column of text; a cell that is none is missing."""
    assert column.levels is not None
    cells = [cell.strip().replace(*MINUS) for cell in column.levels.tolist()]
    values = _numbers(cells, written) if written.style in NUMBERS else _others(cells, written)
    return Column(column.name, kind_of(written), np.append(values, np.nan)[column.values])  # code -1 is the last


def kind_of(written: Written) -> Kind:
    """Return the kind of a column that is written so."""
    return "date" if STYLES[written.style].kind == "date" else "number"


def _numbers(cells: list[str], written: Written) -> NDArray[np.float64]:
    """Return the numbers of cells; Arrow's parser finds the nearest float64, as Python's does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    style = STYLES[written.style]
    before, behind = (re.escape(one) for one in (written.prefix, written.suffix))
    sign = "[+-]?" if before or behind else ""
    pattern = rf"^(?P<sign>{sign}){before}{BLANKS}(?P<core>{style.pattern}){BLANKS}{behind}$"
    parts = pc.extract_regex(pa.array(cells, pa.string()), pattern)
    core = pc.utf8_ltrim(pc.struct_field(parts, "core"), "+")
    for given, plain in style.signs:
        core = pc.replace_substring(core, given, plain)
    values = np.array(core.cast(pa.float64()).to_numpy(zero_copy_only=False))  # null: NaN
    minus = pc.equal(pc.struct_field(parts, "sign"), "-").fill_null(False)
    values[np.asarray(minus.to_numpy(zero_copy_only=False), bool)] *= -1.0
    return values / 100 if written.suffix == PERCENT else values


def _others(cells: list[str], written: Written) -> NDArray[np.float64]:
    if written.style == ISO:
        days = _iso_days(cells)
        if days is not None:
            return days
    return np.array([read_cell(cell, written.style) for cell in cells], np.float64)


def _iso_days(cells: list[str]) -> NDArray[np.float64] | None:
    """Return days since 1970 where all cells are dates that Arrow knows too, of microseconds at most."""
    import pyarrow as pa

    try:
        moments: Any = pa.array(cells, pa.string()).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    return np.asarray(moments.cast(pa.int64()).to_numpy(zero_copy_only=False) / MICROSECONDS_PER_DAY, np.float64)


def read_cell(cell: str, style: str) -> float:
    """Return the date or the span of time of a cell; NaN where it only looks like one."""
    try:
        return STYLES[style].read(cell)
    except (ValueError, OverflowError):
        return float("nan")
