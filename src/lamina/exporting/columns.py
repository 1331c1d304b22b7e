"""The columns of the training rows as inputs of a graph: what a caller hands in for each, and how pieces get at them.

    number     double      NaN where missing
    boolean    double      1 and 0, NaN where missing
    date       double      seconds since 1970-01-01 00:00 UTC, NaN where missing
    text       string      "" where missing

Each input has the shape (rows, 1). Double is what the encoder computes in: it holds whole numbers up to 2**53, and
moments to the microsecond. Rows without text may also come as one matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from lamina.computed_once import cached_property
from lamina.data.encoding.encoder import Encoder
from lamina.data.tables.days import SECONDS_PER_DAY
from lamina.errors import ExportError
from lamina.exporting.graphs import TEXT, Graph, Value, beside

InputKind = Literal["number", "boolean", "date", "text"]
Layout = Literal["columns", "matrix"]
LAYOUTS: tuple[Layout, ...] = ("columns", "matrix")

MEANING: dict[InputKind, str] = {
    "number": "a number; NaN where missing",
    "boolean": "1 or 0; NaN where missing",
    "date": "seconds since 1970-01-01 00:00 UTC; NaN where missing",
    "text": 'text; "" where missing',
}


class Input(NamedTuple):
    """One input of a graph."""

    name: str
    kind: InputKind
    width: int = 1  # columns

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Text, or float64."""
        return TEXT if self.kind == "text" else np.dtype(np.float64)


def kinds_of(encoder: Encoder) -> list[InputKind]:
    """Return what each column of the training rows is to a caller."""
    found: list[InputKind] = ["number"] * len(encoder.names_in)
    for j in encoder.dates:
        found[j] = "date"
    for column in encoder.categories:
        found[column.at] = "text" if column.kind == "category" else column.kind
    return found


def inputs_of(encoder: Encoder, layout: Layout) -> list[Input]:
    """Return the inputs of a graph, one for each column in the order of training, or one matrix.

    Raises
    ------
    ExportError
        A column has no name that a graph can hold, or a matrix cannot hold text.
    """
    kinds = kinds_of(encoder)
    if layout == "matrix":
        text = [name for name, kind in zip(encoder.names_in, kinds, strict=True) if kind == "text"]
        if text:
            raise ExportError(f'a matrix holds numbers, and the column {text[0]!r} is text: choose inputs="columns"')
        return [Input("X", "number", len(kinds))]
    for j, name in enumerate(encoder.names_in):
        if not name or not _is_utf8(name):
            raise ExportError(
                f"column {j} is named {name!r}: an input of an ONNX graph needs a name in valid Unicode. Rename the "
                "column and train again"
            )
    return [Input(name, kind) for name, kind in zip(encoder.names_in, kinds, strict=True)]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, eq=False)
class Columns:
    """The inputs of a graph by the number of their column.

    Parameters
    ----------
    graph : Graph
    values : sequence of Value
        One for each column, (m, 1), or a single matrix, (m, columns); numbers are float64.
    kinds : sequence
        What each column is.
    """

    graph: Graph
    values: Sequence[Value]
    kinds: Sequence[InputKind]

    def numbers(self, at: Sequence[int]) -> Value:
        """Return some columns of numbers side by side, (m, len(at)); dates as days since 1970."""
        chosen = self._matrix if list(at) == self._of_numbers else self._matrix.at([self._place[j] for j in at])
        units = np.array([[SECONDS_PER_DAY if self.kinds[j] == "date" else 1.0 for j in at]])
        return chosen / units if (units != 1).any() else chosen

    def text(self, at: int) -> Value:
        """Return a column of text, (m, 1)."""
        return self.values[at]

    @cached_property
    def _of_numbers(self) -> list[int]:
        return [j for j, kind in enumerate(self.kinds) if kind != "text"]

    @cached_property
    def _place(self) -> dict[int, int]:
        return {j: place for place, j in enumerate(self._of_numbers)}

    @cached_property
    def _matrix(self) -> Value:
        """All columns of numbers, side by side."""
        if len(self.values) == 1 < len(self.kinds):
            return self.values[0]
        return beside([self.values[j] for j in self._of_numbers])
