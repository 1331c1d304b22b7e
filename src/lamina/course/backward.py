"""Back: from dA[L] to the derivatives of the cost by every parameter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lamina.course.activations import deactivate, pair_of
from lamina.course.arguments import Arrays, check_same, floats, predictions_and_labels, warn_of_labels
from lamina.course.caches import LayerCache, LinearCache, layer_cache, layer_caches, linear_cache
from lamina.equations.layers import Linear
from lamina.equations.types import Array
from lamina.errors import DataError


def linear_backward(dZ: ArrayLike, cache: LinearCache) -> tuple[Array, Array, Array]:
    """dW = (1/m) dZ A_prevᵀ, db = (1/m) Σ dZ, dA_prev = Wᵀ dZ.

    Parameters
    ----------
    dZ : array, shape (n, m)
    cache : (A_prev, W, b)

    Returns
    -------
    dA_prev, dW, db : array
        Of the shapes of A_prev, W and b.
    """
    A_prev, W, b = linear_cache(cache)
    dZ, W, A_prev, b = floats(dZ=dZ, W=W, A_prev=A_prev, b=b)
    check_same("dZ", dZ, "W A_prev + b", (len(W), A_prev.shape[1]))
    if dZ.shape[1] == 0:
        raise DataError(f"dZ is {dZ.shape}: expected at least one example")
    layer, p, kept = Linear(len(W)), {"W": W, "b": b}, {"A_prev": A_prev}
    grads = layer.gradients(p, dZ, kept)
    return layer.backward(p, dZ, kept), grads["W"], grads["b"]


def linear_activation_backward(dA: ArrayLike, cache: LayerCache, activation: str) -> tuple[Array, Array, Array]:
    """dZ = dA * g'(Z), then `linear_backward`.

    Parameters
    ----------
    dA : array, shape (n, m)
    cache : ((A_prev, W, b), Z)
    activation : str
        The one that `linear_activation_forward` was given.

    Returns
    -------
    dA_prev, dW, db : array
        Of the shapes of A_prev, W and b.
    """
    pair_of(activation)
    linear, Z = layer_cache(cache)
    return linear_backward(deactivate(activation, dA, Z), linear)


def L_model_backward(AL: ArrayLike, Y: ArrayLike, caches: Sequence[LayerCache]) -> Arrays:
    """Go back from dA[L] = -(Y/AL) + (1-Y)/(1-AL).

    AL need not come from the forward pass: g' is taken at the last Z.

    Parameters
    ----------
    AL, Y : array, shape (n_L, m)
    caches : list
        ((A_prev, W, b), Z) of every layer, from `L_model_forward`.

    Returns
    -------
    grads : dict
        dA0 .. dA{L-1}, dW1 .. dW{L}, db1 .. db{L}. dA{l} is the derivative
        by A[l]: dA0 is that by X.
    """
    layers = layer_caches(caches)
    AL, Y = predictions_and_labels(AL, Y, from_caches=True)
    warn_of_labels(Y)
    return backward(AL, Y, layers)


def backward(AL: Array, Y: Array, caches: Sequence[LayerCache]) -> Arrays:
    """Go back through the layers, with arguments that were looked at."""
    L, (linear, Z) = len(caches), caches[-1]
    back, grads = linear_backward(_dZ_of_log_loss(AL, Y, floats(Z=Z)[0]), linear), Arrays()
    for layer in range(L, 0, -1):
        if layer < L:
            back = linear_activation_backward(grads[f"dA{layer}"], caches[layer - 1], "relu")
        grads[f"dA{layer - 1}"], grads[f"dW{layer}"], grads[f"db{layer}"] = back
    return grads


def _dZ_of_log_loss(AL: Array, Y: Array, Z: Array) -> Array:
    """(-(Y/AL) + (1-Y)/(1-AL)) * g'(Z), where 0/0 is 0.

    Where the sigmoid rounds to 0 or 1 and AL is that sigmoid, this would be infinity times 0: its limit is AL - Y.
    """
    check_same("AL", AL, "Z of the last cache", Z.shape)
    g, dg = pair_of("sigmoid")
    A = g(Z)
    with np.errstate(divide="ignore", invalid="ignore"):
        dAL = np.where(Y == 1, 0, (1 - Y) / (1 - AL)) - np.where(Y == 0, 0, Y / AL)
        dZ = dAL * dg(Z, A)
    return np.where((AL == A) & ((A == 0) | (A == 1)), AL - Y, dZ)
