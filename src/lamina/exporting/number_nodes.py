"""Columns of numbers and dates as ONNX nodes: what `lamina.data.encoding.numbers.NumberColumns` computes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.dates import other_date
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.normal_scores import NormalScores
from lamina.data.encoding.numbers import CLIP, CLIPPED_FROM, NumberColumns
from lamina.exporting.columns import Columns
from lamina.exporting.date_nodes import Calendar
from lamina.exporting.graphs import Value, asked, assembled, beside, largest, one, smallest, where
from lamina.exporting.searching import between, looked_up

FAR = 1e290  # beyond it the difference of two numbers may leave the range of float64


def numbers(pieces: Sequence[NumberColumns], columns: Columns, encoder: Encoder) -> Value:
    """Return the scaled columns, then where numbers were missing."""
    (piece,) = pieces
    sources = columns.numbers(piece.sources.tolist())  # (m, different columns)
    at = np.searchsorted(piece.sources, piece.at)
    own = sources if np.array_equal(piece.sources, piece.at) else sources.at(at)  # (m, columns)
    block = beside(list(_expanded(piece, own))) if any(piece.parts) else own
    missing = asked("IsNaN", _own_or_difference(piece, own, block))
    Z = where(asked("IsInf", own), np.nan, _shaped(piece, block))
    Z = where(missing, [piece.fill if encoder.inputs.missing == "encode" else piece.fill * np.nan], Z)
    if not piece.indicator.any():
        return Z
    return beside([Z, missing.at(np.flatnonzero(piece.indicator)).as_type(Z.dtype)])


def _expanded(piece: NumberColumns, own: Value) -> list[Value]:
    """Return one column for each part of a date, and each number as it is."""
    found: list[Value] = []
    calendar: dict[int, Calendar] = {}
    for k, (j, part) in enumerate(zip(piece.at.tolist(), piece.parts, strict=True)):
        if j not in calendar:
            calendar[j] = Calendar(own.at([k]))
        other = other_date(part)
        found.append(calendar[j].part(part) if other is None else own.at([k]) - calendar[other].days)
    return found


def _own_or_difference(piece: NumberColumns, own: Value, block: Value) -> Value:
    """Return what is NaN where an encoded number is missing: a part of one date, or a difference of two."""
    two = [k for k, part in enumerate(piece.parts) if other_date(part) is not None]
    if not two:
        return own
    one_date = [k for k in range(len(piece.at)) if k not in two]
    return assembled([(one_date, own.at(one_date)), (two, block.at(two))])


def _shaped(piece: NumberColumns, block: Value) -> Value:
    """Return the numbers scaled, and clipped smoothly or mapped to normal scores."""
    Z = _scaled(piece, block)
    if piece.scaling == "robust":
        return _chosen(~piece.on_circle, smooth_clip(Z), Z)
    mapped = [k for k, found in enumerate(piece.quantiles) if len(found)]
    if not mapped:
        return Z
    rest = np.setdiff1d(np.arange(len(piece.at)), mapped)
    scores = _normal_scores([piece.quantiles[k] for k in mapped], block.at(mapped))
    return assembled([(mapped, scores), (rest, Z.at(rest) if len(rest) else Z)])


def _scaled(piece: NumberColumns, block: Value) -> Value:
    """Return (x - location) / scale, by quarters where the difference may leave the float range."""
    unit = 0.25 if (np.abs(piece.location) > FAR).any() else 1.0
    if unit != 1:
        block = block * unit
    return (block - [piece.location * unit]) / [np.where(piece.scale == 0, np.inf, piece.scale * unit)]


def _chosen(which: NDArray[np.bool_], yes: Value, no: Value) -> Value:
    return yes if which.all() else where(yes.graph.constant([which], bool), yes, no)


def smooth_clip(Z: Value) -> Value:
    """Return Z / sqrt(1 + (Z / 3)^2)."""
    Z = smallest(largest(Z, -CLIPPED_FROM), CLIPPED_FROM)
    root = Z * (1 / CLIP)
    return Z / one("Sqrt", root * root + 1)


def _normal_scores(quantiles: Sequence[NDArray[np.float64]], x: Value) -> Value:
    landmarks, scores = zip(*(NormalScores(found).points for found in quantiles), strict=True)
    j, t = between(x, landmarks)
    low, high = looked_up(scores, j), looked_up(scores, j + 1)
    return low + t * (high - low)
