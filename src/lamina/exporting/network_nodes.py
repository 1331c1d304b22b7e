"""A network as ONNX nodes, from A[0] to A[L], and the table of output functions.

A network that predicts with several members takes every row once for each, and gives the mean.
"""

from collections.abc import Callable

import numpy as np

from lamina.equations.network import Network
from lamina.equations.types import Array
from lamina.exporting.activation_nodes import identity, sigmoid
from lamina.exporting.graphs import Value, one, smallest, total
from lamina.exporting.layer_nodes import chain, known


def softmax(Z: Value) -> Value:
    return Z.graph.node("Softmax", Z, axis=-1)


def exp(Z: Value) -> Value:
    """e^Z, held just below the largest finite number."""
    top = np.nextafter(np.log(np.finfo(Z.dtype).max), 0)
    return one("Exp", smallest(Z, top))


def output_of(network: Network, params: Array, A: Value) -> Value:
    """Return A[L] (m, n_outputs) of A[0] (m, n_inputs)."""
    members = network.members
    if members > 1:
        shape = A.graph.constant([1, members, 1], np.int64)
        A = A.graph.node("Expand", A.shaped(-1, 1, network.n_inputs), shape).shaped(-1, network.n_inputs)
    Z = chain(network.layers, network.views(params), A, network.n_inputs)
    A = known(OUTPUTS, network.loss.output_name, "output function")(Z)
    if members > 1:
        A = (total(A.shaped(-1, members, network.n_outputs), 1) / members).shaped(-1, network.n_outputs)
    return A


# By the `output_name` of a loss: Z[L] -> A[L].
OUTPUTS: dict[str, Callable[[Value], Value]] = {
    "sigmoid": sigmoid,
    "softmax": softmax,
    "identity": identity,
    "exp": exp,
}
