"""The layers as ONNX nodes, as they predict, and the table of them: the rows of `lamina.equations.layers.LAYERS`.

An example is a row here: A is (m, units), the transpose of the lecture's. The rows of an ensemble of several members
stand as in members.py: example e belongs to member e % members.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.equations.rounding import bfloat16
from lamina.equations.types import Arrays
from lamina.errors import ExportError
from lamina.exporting.activation_nodes import ACTIVATIONS
from lamina.exporting.graphs import Value, as_bfloat16, asked, beside, largest, one, smallest, where


def linear(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    """Z = A_prev Wᵀ + bᵀ, with W as lamina stores it."""
    W, b = A.like(p["W"]), A.like(p["b"].T[0])
    return A.graph.node("Gemm", A, W, b, transB=1)


def rounded_linear(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    """W is stored as rounded; A_prev is cast to bfloat16 and back."""
    return linear(layer, {**p, "W": bfloat16(p["W"])}, as_bfloat16(A), n)


def activation(layer: Any, p: Arrays, Z: Value, n: int) -> Value:
    return known(ACTIVATIONS, layer.function, "activation")(Z)


def dropout(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    """It keeps everything when predicting."""
    return A


def layer_norm(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    gamma, beta = A.like(p["gamma"].T[0]), A.like(p["beta"].T[0])
    return A.graph.node("LayerNormalization", A, gamma, beta, axis=-1, epsilon=layer.epsilon)


def batch_norm(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    """gamma (A_prev - mean) / sqrt(var + eps) + beta, with the running statistics."""
    factor = _wide(p["gamma"]) / np.sqrt(_wide(p["var"]) + layer.epsilon)
    return (A - p["mean"].T) * factor.T + p["beta"].T


def scale(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    return A * p["s"].T


def parametric_activation(layer: Any, p: Arrays, Z: Value, n: int) -> Value:
    return Z + (known(ACTIVATIONS, layer.function, "activation")(Z) - Z) * p["mix"].T


def residual(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    return A + chain(layer.layers, p["chain"], A, n)


def embedding(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    """Vectors by place behind the units that stay; the levels of one column stand after those of another in E."""
    levels = np.array(layer.levels)
    places = A.at(layer.columns)  # (m, columns)
    places = smallest(largest(where(asked("IsNaN", places), 0, places), 0), levels - 1).as_type("i8")
    looked_up = A.like(p["E"].T).at(places + (np.cumsum(levels) - levels), axis=0)  # (m, columns, size)
    looked_up = looked_up.shaped(0, len(levels) * layer.size)
    kept = np.delete(np.arange(n), layer.columns)
    return beside([A.at(kept), looked_up]) if len(kept) else looked_up


def periodic(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    """V cos(2 pi F x + phi) + c behind all units; the first new unit of all numbers before the second of any.

    It is the sine of a quarter turn more: onnxruntime 1.18 has no cosine in double precision.
    """
    numbers = len(layer.columns)
    x = A.graph.node("Transpose", A.at(layer.columns), perm=[1, 0]).shaped(numbers, -1, 1)
    F, phi = (_wide(p[role])[:, None, :] for role in ("F", "phi"))  # (numbers, 1, frequencies)
    waves = one("Sin", x * (2 * np.pi * F) + (phi + np.pi / 2))  # (numbers, m, frequencies)
    V = p["V"].reshape(numbers, layer.outputs, layer.frequencies).transpose(0, 2, 1)
    U = A.graph.node("Transpose", waves @ V, perm=[1, 2, 0]) + p["c"].T  # (m, outputs, numbers)
    return beside([A, U.shaped(0, layer.outputs * numbers)])


def member_scale(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    return (A.shaped(-1, layer.members, n) * p["R"].T).shaped(-1, n)


def member_choice(layer: Any, p: Arrays, A: Value, n: int) -> Value:
    """Of row j the outputs for member j: in a block of all (row, member) pairs they stand on the diagonal."""
    members, units = layer.members, n // layer.members
    pairs = A.shaped(-1, members * members, units)
    return pairs.at(np.arange(members) * (members + 1)).shaped(-1, units)


def chain(layers: Sequence[Any], p: Sequence[Arrays], A: Value, n: int) -> Value:
    """Take A[0], of n units, through the layers."""
    for layer, arrays in zip(layers, p, strict=True):
        A = known(LAYERS, layer.kind, "layer")(layer, arrays, A, n)
        n = layer.width(n)
    return A


def known(table: Mapping[str, Any], name: str, what: str) -> Any:
    """Return a row of a table of this room.

    Raises
    ------
    ExportError
        There is none.
    """
    if name not in table:
        raise ExportError(
            f"the {what} {name} has no form in ONNX yet: lamina exports {', '.join(table)}. Train without it, or give "
            "it a row in lamina.exporting (docs/adding-a-part.md)"
        )
    return table[name]


def _wide(array: Any) -> NDArray[np.float64]:
    return np.asarray(array, np.float64)


# (layer, its arrays, A_prev, units of A_prev) -> A
LAYERS: dict[str, Callable[[Any, Arrays, Value, int], Value]] = {
    "linear": linear,
    "rounded_linear": rounded_linear,
    "activation": activation,
    "dropout": dropout,
    "layer_norm": layer_norm,
    "batch_norm": batch_norm,
    "scale": scale,
    "parametric_activation": parametric_activation,
    "residual": residual,
    "embedding": embedding,
    "periodic": periodic,
    "member_scale": member_scale,
    "member_choice": member_choice,
}
