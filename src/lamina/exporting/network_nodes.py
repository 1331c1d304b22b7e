"""A network as ONNX nodes, from A[0] to A[L], and the table of output functions.

A network that predicts with several members takes every row once for each, and gives the mean.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.equations.network import Network
from lamina.equations.types import Array
from lamina.exporting.activation_nodes import identity, sigmoid
from lamina.exporting.graphs import Value, largest, one, smallest, total
from lamina.exporting.layer_nodes import chain, known


def softmax(Z: Value) -> Value:
    return Z.graph.node("Softmax", Z, axis=-1)


def exp(Z: Value) -> Value:
    """e^Z, held just below the largest finite number."""
    top = np.nextafter(np.log(np.finfo(Z.dtype).max), 0)
    return one("Exp", smallest(Z, top))


def last_layer(network: Network, params: Array, A: Value) -> Value:
    """Return Z[L] of A[0] (m, n_inputs), once for each member: (m * members, n_outputs)."""
    layers, views, members = network.layers, network.views(params), network.members
    alike = next((i for i, layer in enumerate(layers) if _knows_members(layer)), len(layers))
    n = [network.n_inputs, *network.widths][alike]
    A = chain(layers[:alike], views[:alike], A, network.n_inputs)
    if members > 1:  # up to here all members are alike
        shape = A.graph.constant([1, members, 1], np.int64)
        A = A.graph.node("Expand", A.shaped(-1, 1, n), shape).shaped(-1, n)
    return chain(layers[alike:], views[alike:], A, n)


def output_of(network: Network, Z: list[Value]) -> Value:
    """Return A[L] (m, n_outputs), the mean over the bags, each of which has a Z[L]."""
    A, *others = (_of_members(network, of_bag) for of_bag in Z)
    for other in others:
        A = A + other
    return A / len(Z) if others else A


def _of_members(network: Network, Z: Value) -> Value:
    """Return A[L] of one bag, the mean over the members."""
    A, members = known(OUTPUTS, network.loss.output_name, "output function")(Z), network.members
    if members > 1:
        A = (total(A.shaped(-1, members, network.n_outputs), 1) / members).shaped(-1, network.n_outputs)
    return A


def logits_of(network: Network, Z: list[Value]) -> Value:
    """Return Z[L] of a classifier, (m, n_outputs); of several members or bags, what gives the mean of their outputs."""
    if network.members == 1 and len(Z) == 1:
        return Z[0]
    near = np.finfo(Z[0].dtype).eps
    A = smallest(largest(output_of(network, Z), near), 1 - near)
    return one("Log", A / (1 - A)) if network.loss.output_name == "sigmoid" else one("Log", A)


def _knows_members(layer: Any) -> bool:
    return hasattr(layer, "members") or any(map(_knows_members, getattr(layer, "layers", ())))


# By the `output_name` of a loss: Z[L] -> A[L].
OUTPUTS: dict[str, Callable[[Value], Value]] = {
    "sigmoid": sigmoid,
    "softmax": softmax,
    "identity": identity,
    "exp": exp,
}
