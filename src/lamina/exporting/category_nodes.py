"""Columns of categories as ONNX nodes: what `lamina.data.encoding.categories.CategoryColumn` computes.

A value becomes the number of its pattern: 0 unknown or rare, 1 missing, 2 and up the levels. The pattern says which
encoded column is not 0, and what it holds. Text counts as a level only where it is spelled like one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.categories import CategoryColumn, plain_value
from lamina.data.encoding.encoder import Encoder
from lamina.exporting.columns import Columns
from lamina.exporting.graphs import ML, TEXT, Value, asked, assembled, beside, repeated, where
from lamina.exporting.searching import last_not_above, looked_up

UNKNOWN, MISSING, FIRST = 0, 1, 2  # patterns; the levels follow from FIRST on


def categories(pieces: Sequence[CategoryColumn], columns: Columns, encoder: Encoder) -> Value:
    """Return the indicator columns or places of the columns, one after the other."""
    text = [k for k, piece in enumerate(pieces) if piece.kind == "category"]
    others = [k for k, piece in enumerate(pieces) if piece.kind != "category"]
    found = [(text, beside([_of_text(pieces[k], columns) for k in text]))] if text else []
    found += [(others, _of_numbers([pieces[k] for k in others], columns))] if others else []
    pattern = assembled(found)  # (m, columns)
    where_, written = zip(*map(_marks, pieces), strict=True)
    if encoder.inputs.missing == "raise":
        for one in written:
            one[MISSING] = np.nan
    widths = [piece.width for piece in pieces]
    places = looked_up(where_, pattern, np.int64) + (np.cumsum(widths) - widths)
    marks = looked_up(written, pattern)  # (m, columns)
    return pattern.graph.node("ScatterElements", repeated(np.zeros((1, sum(widths))), marks), places, marks, axis=1)


def _marks(piece: CategoryColumn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each pattern which encoded column is not 0, and what it holds."""
    if piece.embedded:
        return np.zeros(piece.n_places), np.arange(piece.n_places, dtype=np.float64)
    at, written = piece.marks(np.float64)
    return at.astype(np.float64), written


def _of_text(piece: CategoryColumn, columns: Columns) -> Value:
    keys = {"": MISSING}
    for place, level in reversed(list(enumerate(piece.levels, FIRST))):
        keys[plain_value(level)] = place
    keys |= {level: place for place, level in enumerate(piece.levels, FIRST)}
    spelled, places = [*keys], [*keys.values()]
    text = columns.text(piece.at)
    assert text.dtype == TEXT
    return text.graph.node(
        "LabelEncoder",
        text,
        dtype=np.int64,
        domain=ML,
        keys_strings=spelled,
        values_int64s=places,
        default_int64=UNKNOWN,
    )


def _of_numbers(pieces: Sequence[CategoryColumn], columns: Columns) -> Value:
    """Return the patterns of numbers and booleans: a level where a number is equal to one."""
    x = columns.numbers([piece.at for piece in pieces])  # (m, columns)
    levels = [level_numbers(piece) for piece in pieces]
    order = [np.argsort(found, kind="stable") for found in levels]
    known = [found[at] for found, at in zip(levels, order, strict=True)]
    known = [one if len(one) else np.array([np.inf]) for one in known]
    patterns = [np.append(at + FIRST, UNKNOWN) for at in order]  # where there is no level, no number is one
    j = last_not_above(x, known)
    here = where(x.equals(looked_up(known, j)), looked_up(patterns, j, np.int64), UNKNOWN)
    return where(asked("IsNaN", x), MISSING, here)


def level_numbers(piece: CategoryColumn) -> NDArray[np.float64]:
    """Return the levels of a column of numbers or booleans as numbers, in their order."""
    if piece.kind == "boolean":
        return np.arange(len(piece.levels), dtype=np.float64)  # False, True
    return np.array([float(level) for level in piece.levels], np.float64)
