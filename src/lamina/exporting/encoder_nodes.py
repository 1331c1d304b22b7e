"""Columns to A[0] as ONNX nodes, and the table of encodings: the rows of `lamina.data.encoding.encodings.ENCODINGS`.

What the encoder refuses with an error, a graph cannot: an infinite number, and a missing value where the model was
trained with missing="raise". There A[0] is NaN, and so is all that is predicted for the row.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.encodings import ENCODINGS as KINDS
from lamina.exporting.category_nodes import categories
from lamina.exporting.columns import Columns
from lamina.exporting.graphs import Value, asked, assembled, total
from lamina.exporting.layer_nodes import known
from lamina.exporting.number_nodes import numbers
from lamina.exporting.spline_nodes import splines


def encoded(encoder: Encoder, columns: Columns, dtype: Any) -> tuple[Value, Value]:
    """Return A[0] (m, n_features), and which rows the encoder would refuse, (m, 1)."""
    blocks = []
    for kind, encoding in KINDS.items():
        own = [
            (piece, places)
            for piece, places in zip(encoder.pieces, encoder.places, strict=True)
            if isinstance(piece, encoding.piece)
        ]
        if sum(len(places) for _, places in own):
            block = known(ENCODINGS, kind, "encoding")([piece for piece, _ in own], columns, encoder)
            blocks.append((np.concatenate([places for _, places in own]), block.as_type(dtype)))
    A = assembled(blocks)
    return A, asked("IsNaN", total(A * 0, 1))  # 0 times infinity is NaN too


# (the pieces of this kind, the columns, the encoder) -> their encoded columns side by side
ENCODINGS: dict[str, Callable[[Sequence[Any], Columns, Encoder], Value]] = {
    "numbers": numbers,
    "categories": categories,
    "splines": splines,
}
