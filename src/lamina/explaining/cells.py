"""A heading and rows of strings, the first column to the left and the others to the right, as text and as HTML."""

from collections.abc import Sequence
from html import escape


def as_text(title: str, cells: Sequence[tuple[str, ...]]) -> str:
    """Return a table for the terminal; the first of the cells are the heading."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    heading, *rows = (_line(row, widths) for row in cells)
    return "\n".join([title, heading, "-" * (sum(widths) + 2 * (len(widths) - 1)), *rows])


def _line(row: tuple[str, ...], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()


def as_html(title: str, cells: Sequence[tuple[str, ...]]) -> str:
    """Return a table for a notebook."""
    heading, *rows = cells
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    head = f"<tr>{''.join(f'<th>{cell}</th>' for cell in heading)}</tr>"
    return f"<table><caption>{escape(title)}</caption>{head}{body}</table>"
