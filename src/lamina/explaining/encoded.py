"""Rows as the numbers that a network computes with, and which column of the table each number came from."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.tables.row_streams import RowStream, is_stream, rows_of
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.equations.embeddings import Embedding
from lamina.equations.network import Network
from lamina.equations.types import Array
from lamina.errors import SettingError
from lamina.model import ROWS_PER_BLOCK, Model

NUMBERS = 2**24  # float64 numbers that a block of rows may take in all layers together: 128 MiB


def opened(model: Any, X: Any) -> tuple[Model, Table | RowStream]:
    """Return the Model within an estimator, and the rows checked as `predict` checks them."""
    if isinstance(model, Model):
        return model, (rows_of if is_stream(X) else read)(X, reading=model.encoder.reading)
    if isinstance(model, type) or not hasattr(model, "_checked_rows"):
        found = model.__name__ if isinstance(model, type) else type(model).__name__
        raise SettingError(
            f"expected a fitted DeepClassifier, DeepRegressor or Model, found {found}. For a search pass "
            "search.best_estimator_; for a pipeline pass its last step and the transformed rows."
        )
    fitted: Model = model._fitted()
    return fitted, model._checked_rows(X)


def blocks(model: Model, table: Table) -> Iterator[Array]:
    """Yield A[0] block by block, (n_inputs, m)."""
    network = model.network
    per_row = 2 * network.members * (network.n_inputs + sum(network.widths))  # A and dA
    rows = min(ROWS_PER_BLOCK, max(NUMBERS // per_row, 1))
    for start in range(0, table.n_rows, rows):
        yield model.encoder.encode(table.take(slice(start, start + rows)), model.params.dtype).T.astype(np.float64)


def origin_of(model: Model) -> NDArray[np.intp]:
    """Return which column of the table each number of A came from, shape (numbers,)."""
    origin, first = model.encoder.origin, model.network.layers[0]
    if not isinstance(first, Embedding):
        return origin
    embedded = list(first.columns)
    return np.concatenate([np.delete(origin, embedded), np.repeat(origin[embedded], first.size)])


def slopes(model: Model) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns of the table that are one number, and which number of A that is."""
    encoder, first = model.encoder, model.network.layers[0]
    values = encoder.values_per_column
    places = np.array([j for j in encoder.number_positions if values[encoder.origin[j]] == 1], np.intp)
    embedded = first.columns if isinstance(first, Embedding) else ()
    return encoder.origin[places], places - np.searchsorted(embedded, places)


def numbers_of(network: Network, params: Array, A0: Array) -> Array:
    """Return A, (numbers, m): the encoded columns, those of the embedding replaced by what it gives."""
    first = network.layers[0]
    return first.forward(network.views(params)[0], A0, None)[0] if isinstance(first, Embedding) else A0
