"""What training would learn of the columns, from the same rows and by the same code: `data.encoding.learning`."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import ColumnSummary
from lamina.data.tables.table import Batch
from lamina.data.targets import Labels, Numbers
from lamina.errors import DataError, DataWarning


class LearnedColumns:
    """The encoder that training would learn, gathered batch by batch.

    Attributes
    ----------
    refused : DataError or None
        Why training would not take these rows; then nothing more is learned.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.refused: DataError | None = None
        self._settings = settings
        self._summary: ColumnSummary | None = None

    def look(self, batch: Batch) -> None:
        """Look at some rows."""
        if self.refused is not None or not batch.table.n_rows or not batch.table.names:
            return
        try:
            here = ColumnSummary.of(batch, self._settings, None if self._summary is None else self._summary.plan)
            self._summary = here if self._summary is None else self._summary.joined(here)
        except DataError as problem:
            self.refused, self._summary = problem, None

    def encoder(self, target: Labels | Numbers | None) -> tuple[Encoder | None, list[str]]:
        """Return the encoder, and what training would warn of; None where training would refuse the rows."""
        summary = self._summary
        if summary is None:
            return None, []
        if target is None:  # which columns are jagged is not known without one
            summary = replace(summary, kinds={kind: one for kind, one in summary.kinds.items() if kind != "splines"})
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", DataWarning)
            try:
                return summary.encoder(target), [str(one.message) for one in told]
            except DataError as problem:
                self.refused = problem
                return None, []
