"""Spline bases as ONNX nodes: what `lamina.data.encoding.splines.Spline` computes."""

from collections.abc import Sequence

import numpy as np

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.splines import Spline
from lamina.exporting.columns import Columns
from lamina.exporting.graphs import Value, asked, largest, one, where
from lamina.exporting.searching import between


def splines(pieces: Sequence[Spline], columns: Columns, encoder: Encoder) -> Value:
    """Return the bases of the columns, one after the other.

    Counted in knots, a number lies at j + f, and basis function k is a hat of width 1 around k.
    """
    x = columns.numbers([piece.at for piece in pieces])
    j, f = between(x, [piece.knots for piece in pieces])
    owner = np.repeat(np.arange(len(pieces)), [piece.width for piece in pieces])
    knot = np.concatenate([np.arange(piece.width) for piece in pieces])
    place = (j.as_type(np.float64) + f).at(owner)  # (m, all knots)
    hats = largest(1 - one("Abs", place - [knot]), 0)
    mean, factor = (np.concatenate([getattr(piece, key) for piece in pieces]) for key in ("mean", "factor"))
    return where(asked("IsNaN", x).at(owner), 0, (hats - [mean]) * [factor])
