"""Whether rows are the very ones that a model was trained on: their scores would be too good."""

import warnings
from typing import Any

from lamina.data.labels import Labels
from lamina.data.number_targets import Numbers
from lamina.data.splitting import canonical_rows
from lamina.data.tables.table import Table
from lamina.errors import DataWarning
from lamina.model import Model
from lamina.reporting.of_model import training_rows


def may_be_training_rows(model: Model, n_rows: int) -> bool:
    """Return whether as many rows were trained on, held-out ones included: else a look at their values is idle."""
    known = training_rows(model)
    return known is not None and sum(known) == n_rows and bool(_fingerprint(model))


def are_training_rows(model: Model, table: Table, y: Any) -> bool:
    """Return whether these rows with their targets, in any order, are all that the model was trained on.

    Rows that came with weights, or as a stream, are never recognised: their fingerprints are of another kind.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        labels = isinstance(model.target, Labels)
        Y = (Labels.fit(y) if labels else Numbers.fit(y, standardise=False)).encode(y)
    return canonical_rows(model.encoder.align(table), Y)[1] == _fingerprint(model)


def _fingerprint(model: Model) -> str:
    found: str = (model.signs or {}).get("recipe", {}).get("data", "")
    return found
