"""Cells as an aligned text and as an HTML table; what stands in a cell is escaped."""

from collections.abc import Collection, Sequence
from html import escape

Cells = Sequence[Sequence[str]]


def lined(cells: Cells, left: Collection[int] = ()) -> list[str]:
    """Return the lines of a table, a rule under its heading; the columns of `left` stand to the left."""
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    lines = ["  ".join(_placed(row[k], widths[k], k in left) for k in range(len(row))) for row in cells]
    return [line.rstrip() for line in (lines[0], "-" * len(lines[0]), *lines[1:])]


def _placed(cell: str, width: int, to_the_left: bool) -> str:
    return cell.ljust(width) if to_the_left else cell.rjust(width)


def as_html(caption: str, cells: Cells) -> str:
    """Return a table with a caption."""
    heading, *rows = cells
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heading)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table>"
