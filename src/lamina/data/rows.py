"""Rows on their way to examples, in memory or not: what `fitting.prepare` asks of them, in this order."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import Examples, examples_of
from lamina.data.holding_out import By
from lamina.data.learning import Columns, Known, Task
from lamina.data.rows_in_memory import RowsInMemory
from lamina.data.source import Source
from lamina.data.splitting import Bits, Part
from lamina.data.streaming.rows_streamed import RowsStreamed
from lamina.data.streaming.segments import Workers
from lamina.data.streaming.streamed_source import StreamedSource


class Rows(Protocol):
    """The rows of a source that count."""

    @property
    def n(self) -> int:
        """How many rows there are."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to learn from."""
        ...

    @property
    def held_out_by(self) -> By | None:
        """What rows are held out by, if not at random."""
        ...

    def check_classes(self, known: Known | None, classes: Any) -> None:
        """Raise a DataError for a label that is not among the known ones."""
        ...

    def hold_out(self, fraction: float, seed: int, bits: Bits) -> "Rows":
        """Return the same rows with a part of them held out for validation."""
        ...

    def learn(
        self, settings: Mapping[str, Any], known: Known | None = None, *, classes: Any = None, log_link: bool = False
    ) -> Columns:
        """Return the way from columns to numbers and back, learned from the training rows or kept from before."""
        ...

    def targets_as_numbers(self) -> NDArray[np.float64]:
        """Return targets, the lowest among them."""
        ...

    def examples(self, columns: Columns, dtype: Any) -> tuple[Examples, Examples | None]:
        """Return the training rows and the held-out ones, encoded."""
        ...

    @property
    def fingerprint(self) -> str:
        """A word that other rows do not have."""
        ...

    @property
    def watched(self) -> Any:
        """The rows that a score looks at: their numbers, or themselves."""
        ...


def rows_of_source(source: Source | StreamedSource, task: Task, workers: Workers | None = None) -> Rows:
    """Return the rows of a source; none of them is held out yet. Workers share the passes over those of a stream."""
    return RowsStreamed(source, task, workers) if isinstance(source, StreamedSource) else RowsInMemory.of(source, task)


def validation_rows(source: Source | StreamedSource, columns: Columns, dtype: Any, task: Task) -> Examples:
    """Return all rows of a source as examples to watch."""
    if isinstance(source, StreamedSource):
        return RowsStreamed(source, task).watched_as(columns, dtype)
    return examples_of(source, Part(np.arange(source.table.n_rows), source.weights), columns, dtype)
