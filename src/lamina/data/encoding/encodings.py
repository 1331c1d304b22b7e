"""The table of encodings. A new one is a file with a piece and a summary, and a row here."""

from typing import Any, NamedTuple, Protocol, Self

from lamina.data.encoding.categories import CategoryColumn
from lamina.data.encoding.category_summaries import CategorySummary
from lamina.data.encoding.number_summaries import NumberSummary
from lamina.data.encoding.numbers import NumberColumns
from lamina.data.encoding.pieces import Piece
from lamina.data.encoding.plan import ColumnPlan
from lamina.data.encoding.splines import Spline, SplineSummary
from lamina.data.tables.table import Batch
from lamina.data.targets import Labels, Numbers


class Summary(Protocol):
    """What training rows say about the columns of one encoding. It takes what it needs from `plan.settings`."""

    @staticmethod
    def of(batch: Batch, plan: ColumnPlan) -> "Summary":
        """Return what one batch of rows says."""

    def joined(self, other: Self) -> "Summary":
        """Return what both runs of rows say."""

    def pieces(self, plan: ColumnPlan, unit: float, target: Labels | Numbers | None) -> tuple[Piece, ...]:
        """Return the pieces that were learned; `unit` is the weight of one row, `target` encodes the targets."""


class Encoding(NamedTuple):
    """One kind of encoding."""

    piece: type[Piece]
    summary: type[Any]  # a Summary
    always: bool = False  # whether the header has its key even where there is no piece


# In the order in which they are learned; the kind is the key of the pieces in the header.
ENCODINGS = {
    "numbers": Encoding(NumberColumns, NumberSummary, always=True),
    "categories": Encoding(CategoryColumn, CategorySummary, always=True),
    "splines": Encoding(Spline, SplineSummary, always=True),
}
