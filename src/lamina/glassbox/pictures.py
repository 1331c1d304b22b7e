"""A trace in a notebook: its table with a small heat picture of every array, in plain HTML that loads nothing."""

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_ROWS, MOST_COLUMNS = 12, 32  # cells of a picture; more numbers are averaged into one
MOST_INPUTS = 200  # columns of the table that are listed below
CELL = 5  # pixels
LEVELS = 6  # shades on either side of 0
BLUE, RED, BROKEN = (33, 102, 172), (178, 24, 43), "#fff200"


def html_of(trace: Any) -> str:
    """Return the table of a trace as HTML, a picture in each row: blue above 0, red below, the largest is darkest."""
    heading, *rows = trace.table().cells()
    head = "".join(f"<th>{escape(cell)}</th>" for cell in (*heading, "picture"))
    body = "".join(_row(row, trace.arrays[name]) for row, name in zip(rows, trace.arrays, strict=True))
    inputs = trace.inputs()._repr_html_() if 0 < len(trace.origins.columns) <= MOST_INPUTS else ""
    return f"<table><caption>{escape(trace.heading)}</caption><tr>{head}</tr>{body}</table>{inputs}"


def _row(cells: tuple[str, ...], array: NDArray[Any]) -> str:
    text = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr>{text}<td>{heat(array)}</td></tr>"


def heat(array: NDArray[Any]) -> str:
    """Return a small picture of an array as inline SVG; a single number as text."""
    values = np.asarray(array, np.float64)
    if values.ndim != 2 or values.size == 0:
        return escape(f"{values.item():.6g}") if values.size == 1 else ""
    values = _shrunk(_shrunk(values, MOST_ROWS, 0), MOST_COLUMNS, 1)
    rows, columns = values.shape
    body = "".join(_paths(values))
    size = f'width="{columns * CELL}" height="{rows * CELL}" viewBox="0 0 {columns} {rows}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} shape-rendering="crispEdges">{body}</svg>'


def _shrunk(values: NDArray[np.float64], most: int, axis: int) -> NDArray[np.float64]:
    """Return at most so many rows or columns, each the mean of those that it stands for."""
    n = values.shape[axis]
    if n <= most:
        return values
    starts = np.arange(most) * n // most
    sums = np.add.reduceat(values, starts, axis=axis)
    counts = np.diff([*starts, n])
    return sums / (counts[:, None] if axis == 0 else counts)


def _paths(values: NDArray[np.float64]) -> Iterator[str]:
    """Yield a path for each shade that occurs: all of its cells."""
    finite = np.isfinite(values)
    largest = np.max(np.abs(values[finite]), initial=0.0)
    levels = np.zeros(values.shape, int)
    if largest > 0:
        scaled = np.where(finite, values, 0.0) / largest
        levels = np.rint(np.sign(scaled) * np.sqrt(np.abs(scaled)) * LEVELS).astype(int)
    yield f'<rect width="{values.shape[1]}" height="{values.shape[0]}" fill="#f4f4f4"/>'
    for level in np.unique(levels[levels != 0]).tolist():
        yield f'<path fill="{_shade(level)}" d="{_cells(levels == level)}"/>'
    if not finite.all():
        yield f'<path fill="{BROKEN}" d="{_cells(~finite)}"/>'


def _cells(chosen: NDArray[np.bool_]) -> str:
    return "".join(f"M{x} {y}h1v1h-1z" for y, x in np.argwhere(chosen).tolist())


def _shade(level: int) -> str:
    full, share = BLUE if level > 0 else RED, abs(level) / LEVELS
    return "#" + "".join(f"{round(244 + (part - 244) * share):02x}" for part in full)
