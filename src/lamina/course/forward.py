"""Forward: from X to A[L], and the cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py, xlogy

from lamina.course.activations import activate, pair_of
from lamina.course.arguments import (
    Arrays,
    Named,
    arrays_of,
    check_layer,
    floats,
    predictions_and_labels,
    warn,
    warn_of_labels,
)
from lamina.course.caches import LayerCache, LinearCache
from lamina.equations.layers import Linear
from lamina.equations.types import Array


def linear_forward(A: ArrayLike, W: ArrayLike, b: ArrayLike) -> tuple[Array, LinearCache]:
    """Z = W A + b. Return Z, of shape (n, m), and the cache (A, W, b).

    Parameters
    ----------
    A : array, shape (n_prev, m)
        The layer below, or X: features down, examples across.
    W : array, shape (n, n_prev)
    b : array, shape (n, 1)
    """
    A, W, b = floats(A=A, W=W, b=b)
    check_layer(A, W, b, "A")
    return _linear(A, W, b), (A, W, b)


def linear_activation_forward(
    A_prev: ArrayLike, W: ArrayLike, b: ArrayLike, activation: str
) -> tuple[Array, LayerCache]:
    """Z = W A_prev + b, A = g(Z). Return A and ((A_prev, W, b), Z).

    Parameters
    ----------
    A_prev : array, shape (n_prev, m)
    W : array, shape (n, n_prev)
    b : array, shape (n, 1)
    activation : str
        "sigmoid", "relu" or any other name of
        `lamina.equations.activations.ACTIVATIONS`.
    """
    pair_of(activation)
    A_prev, W, b = floats(A_prev=A_prev, W=W, b=b)
    check_layer(A_prev, W, b)
    A, Z = activate(activation, _linear(A_prev, W, b))
    return A, ((A_prev, W, b), Z)


def L_model_forward(X: ArrayLike, parameters: Named) -> tuple[Array, list[LayerCache]]:
    """Go through relu layers 1 to L-1 and a sigmoid layer.

    Parameters
    ----------
    X : array, shape (n_x, m)
    parameters : dict
        W1, b1, ..., WL, bL.

    Returns
    -------
    AL : array, shape (n_L, m)
    caches : list
        ((A_prev, W, b), Z) of every layer.
    """
    parameters = arrays_of(parameters)
    X = floats(X=X, **parameters)[0]
    AL, caches = forward(X, parameters)
    if not np.isfinite(X).all():
        at = np.argwhere(~np.isfinite(X))[0].tolist()
        warn(f"X is {X[tuple(at)]} at {at}, and so is what follows from it: expected finite numbers.")
    return AL, caches


def forward(X: Array, parameters: Arrays) -> tuple[Array, list[LayerCache]]:
    """Go through the layers, with arguments that were looked at."""
    L = len(parameters) // 2
    A, caches = X, []
    for layer in range(1, L + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        check_layer(A, W, b, "X" if layer == 1 else f"A{layer - 1}", str(layer))
        A_prev, Z = A, _linear(A, W, b)
        A, _ = activate("relu" if layer < L else "sigmoid", Z)
        caches.append(((A_prev, W, b), Z))
    return A, caches


def _linear(A: Array, W: Array, b: Array) -> Array:
    return Linear(len(W)).forward({"W": W, "b": b}, A, None)[0]  # (n, m)


def compute_cost(AL: ArrayLike, Y: ArrayLike) -> np.floating[Any]:
    """J = -(1/m) Σ Y log(AL) + (1 - Y) log(1 - AL), with 0 log 0 = 0.

    Parameters
    ----------
    AL, Y : array, shape (1, m)
        With several rows, their costs are added.

    Warns
    -----
    DataWarning
        J is infinite (AL is 0 or 1 against its label) or not a number (AL
        outside 0 to 1, or NaN); labels are neither 0 nor 1; AL and Y stand
        upright, as (m, 1).
    """
    AL, Y = predictions_and_labels(AL, Y)
    J = cost(AL, Y)
    if _swapped(AL, Y):
        warn(f"the cost is {J}: AL holds 0 and 1 only, and Y what lies between. Are they swapped? Expected (AL, Y).")
        return J
    warn_of_labels(Y)
    if not np.isfinite(J) and not np.isnan(Y).any():
        why = "AL is exactly 0 or 1 where Y says otherwise" if np.isinf(J) else "AL leaves 0 to 1, or there is a NaN"
        warn(f"the cost is {J}: {why}; expected 0 < AL < 1")
    return J


def _swapped(AL: Array, Y: Array) -> bool:
    return bool(np.isin(AL, (0, 1)).all() and ((Y > 0) & (Y < 1)).all())


def cost(AL: Array, Y: Array) -> np.floating[Any]:
    loss = -(xlogy(Y, AL) + xlog1py(1 - Y, -AL))  # (1, m)
    J: np.floating[Any] = AL.dtype.type(np.sum(np.where((AL < 0) | (AL > 1), np.nan, loss)) / AL.shape[1])
    return J
