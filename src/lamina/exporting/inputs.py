"""Rows as onnxruntime takes them, by the name of each input."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.categories import CategoryColumn
from lamina.data.tables.alignment import cast_numbers
from lamina.data.tables.columns import spell
from lamina.data.tables.days import MICROSECONDS_PER_DAY
from lamina.data.tables.table import Table
from lamina.errors import SettingError, nearest
from lamina.exporting.category_nodes import FIRST, MISSING, level_numbers
from lamina.exporting.columns import LAYOUTS, Layout, inputs_of
from lamina.model import Model


def onnx_inputs(model: Any, X: Any, *, inputs: Layout = "columns") -> dict[str, NDArray[Any]]:
    """Return rows as the exported model takes them: `session.run(None, onnx_inputs(model, X))`.

    Parameters
    ----------
    model : Model, DeepClassifier or DeepRegressor
        The one that was exported.
    X : rows
        As `predict` takes them.
    inputs : {"columns", "matrix"}
        As given to `to_onnx`.

    Returns
    -------
    dict of str to array
        float64 or objects (text), each (m, 1), or one (m, columns).

    Raises
    ------
    lamina.errors.ColumnError
        Columns are missing, or of another kind than in training.
    """
    if inputs not in LAYOUTS:
        raise SettingError(f"inputs={inputs!r}: expected one of {', '.join(LAYOUTS)}.{nearest(inputs, LAYOUTS)}")
    known: Model = getattr(model, "model_", model)
    listed = inputs_of(known.encoder, inputs)
    parts = [_columns(known, table) for table in known.tables(X)]
    columns = [np.concatenate(column)[:, None] for column in zip(*parts, strict=True)]
    if inputs == "matrix":
        return {listed[0].name: np.concatenate(columns, axis=1)}
    return {one.name: column for one, column in zip(listed, columns, strict=True)}


def _columns(model: Model, table: Table) -> list[NDArray[Any]]:
    categories = {piece.at: piece for piece in model.encoder.categories}
    dates = model.encoder.dates
    return [
        _category(categories[j], table) if j in categories else _number(table, j, dates)
        for j in range(len(model.encoder.names_in))
    ]


def _number(table: Table, j: int, dates: Sequence[int]) -> NDArray[np.float64]:
    source = cast_numbers(table, np.array([j]), [j] if j in dates else [])
    found = source[0] if isinstance(source, list) else source if isinstance(source, np.ndarray) else source.toarray()
    values = np.asarray(found, np.float64).reshape(table.n_rows)
    return np.rint(values * MICROSECONDS_PER_DAY) / 1e6 if j in dates else values


def _category(piece: CategoryColumn, table: Table) -> NDArray[Any]:
    """Return text, or numbers: levels as they were spelled in training, others as they come."""
    column = piece.as_levels(table.at(piece.at))
    assert column.levels is not None
    pattern = piece.pattern_of(column)
    others = [spell(level) for level in column.levels.tolist()]
    if piece.kind == "category":
        levels: list[Any] = [_text(piece, p, other) for p, other in zip(pattern.tolist(), others, strict=False)]
        return np.array([*levels, "", None], object)[:-1].take(column.values, mode="wrap")
    numbers = level_numbers(piece)
    known = [numbers[p - FIRST] if p >= FIRST else np.nan if p == MISSING else np.inf for p in pattern.tolist()]
    return np.array(known).take(column.values, mode="wrap")


def _text(piece: CategoryColumn, pattern: int, other: str) -> str:
    return piece.levels[pattern - FIRST] if pattern >= FIRST else other
