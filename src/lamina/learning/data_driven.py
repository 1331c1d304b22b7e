"""Data-driven initialisation: weights and biases that fit the training rows (Holzmueller et al. 2024).

weights    each row of W divided so that its Z has deviation 1 over the rows
biases     minus a random mean of five of its Z: units switch where there are rows ("he+5")

Z is a sum in a fixed order, without BLAS, whose bits depend on the processor and on the number of threads.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.equations.affine import Affine
from lamina.equations.layers import chain_predict
from lamina.equations.members import for_members
from lamina.equations.network import Network
from lamina.learning.initialisers import Draw, starting_parameters
from lamina.learning.precision import kept_type

DECIDING_ROWS = 1024  # of one member; of several the examples that decide are as many
ROWS_PER_BIAS = 5


def first_parameters(network: Network, settings: Mapping[str, Any], X: Any, seed: int) -> Any:
    """Return the parameters that a network starts from by its settings, shape (network.size,).

    Parameters
    ----------
    network : Network
    settings : mapping
        Resolved: initializer, bias_initializer, zero_last_layer and dtype.
    X : array, shape (m, n_inputs)
        Training rows in random order, for what the settings leave to the data.
    seed : int
    """
    weights, biases = (settings[name] for name in ("initializer", "bias_initializer"))
    params = starting_parameters(
        network,
        "lecun_normal" if weights == "data" else weights,
        seed,
        kept_type(settings["dtype"]),
        biases="zeros" if biases == "data" else biases,
        zero_last_layer=bool(settings["zero_last_layer"]),
    )
    if "data" in (weights, biases):
        fit_to_rows(network, params, X, seed, weights=weights == "data", biases=biases == "data")
    return params


def fit_to_rows(network: Network, params: Any, X: Any, seed: int, *, weights: bool, biases: bool) -> None:
    """Change the parameters in place, one linear layer after the other.

    Parameters
    ----------
    network : Network
    params : array, shape (network.size,)
        The initial parameters, changed in place.
    X : array, shape (m, n_inputs)
        Training rows in random order. The first 1,024 are used; of several members, as many fewer.
    """
    exact = params.astype(np.float64)
    numbers = {slot.path: number for number, slot in enumerate(network.slots) if slot.role == "b"}

    def walk(layers: Any, views: Any, A: Any, path: tuple[int, ...]) -> Any:
        for i, (layer, p) in enumerate(zip(layers, views, strict=True)):
            here = (*path, i)
            if layer.kind == "residual":
                A = A + walk(layer.layers, p["chain"], A, here)
            elif isinstance(layer, Affine):
                A = start(p, np.einsum("ij,jk->ik", p["W"], A), numbers[here])
            else:
                A = chain_predict([layer], [p], A)
        return A

    def start(p: Any, Z: Any, number: int) -> Any:
        """Change W and b, given W A; return Z = W A + b."""
        if weights:
            std = np.std(Z, axis=1, keepdims=True)  # (units, 1)
            divisor = np.where(std > 0, std, 1.0)
            p["W"][:] /= divisor
            Z /= divisor
        if biases:
            p["b"][:] = -_mean_of_some(Z, Draw(seed, number))
        Z += p["b"]
        return Z

    A = for_members(network.members, X[: max(DECIDING_ROWS // network.members, 32)].T.astype(np.float64))
    walk(network.layers, network.views(exact), A, ())
    params[:] = exact


def _mean_of_some(Z: Any, draw: Draw) -> Any:
    """Return a weighted mean of five random examples for every unit, weights uniform on the simplex, (units, 1)."""
    units, m = Z.shape
    u = draw.uniform(units * 2 * ROWS_PER_BIAS).reshape(2, units, ROWS_PER_BIAS)
    chosen = np.minimum((u[0] * m).astype(np.intp), m - 1)
    shares = -np.log(u[1])
    shares /= shares.sum(axis=1, keepdims=True)
    return np.sum(np.take_along_axis(Z, chosen, axis=1) * shares, axis=1, keepdims=True)
