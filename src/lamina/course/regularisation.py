"""L2 and dropout, for three layers (relu, relu, sigmoid)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina.course.activations import relu_backward
from lamina.course.arguments import (
    Arrays,
    Named,
    arrays_of,
    check_layer,
    floats,
    legacy_generator,
    listed,
    penalty,
    predictions_and_labels,
    probability,
    warn_of_labels,
)
from lamina.course.backward import linear_backward
from lamina.course.caches import CACHE, DROPOUT_CACHE, named_cache
from lamina.course.forward import compute_cost, linear_activation_forward
from lamina.equations.layers import Dropout
from lamina.equations.types import Array
from lamina.errors import DataError


def compute_cost_with_regularization(A3: ArrayLike, Y: ArrayLike, parameters: Named, lambd: float) -> np.floating[Any]:
    """J = compute_cost(A3, Y) + (lambd / 2m) Σ W².

    The sum is over all the matrices of `parameters`, W1 to WL.
    """
    lambd = penalty(lambd)
    weights = [array for name, array in arrays_of(parameters).items() if name[0] == "W"]
    J = compute_cost(A3, Y)
    m = np.shape(A3)[1]
    return type(J)(J + lambd / (2 * m) * sum(np.sum(W**2) for W in weights))


def backward_propagation_with_regularization(
    X: ArrayLike, Y: ArrayLike, cache: Sequence[ArrayLike], lambd: float
) -> Arrays:
    """Go back with (lambd / m) W added to every dW.

    Return dZ3, dW3, db3, dA2, dZ2, ..., db1, with dZ3 = A3 - Y. The cache is
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3).
    """
    return _three_back(X, Y, named_cache(cache, CACHE, ""), lambd=penalty(lambd))


def forward_propagation_with_dropout(
    X: ArrayLike, parameters: Named, keep_prob: float = 0.5, *, seed: int | None = 1
) -> tuple[Array, tuple[Any, ...]]:
    """Forward, where each relu is followed by A = A D / keep_prob.

    D is True with probability keep_prob. Return A3, of shape (1, m), and the
    cache (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3).
    """
    p, keep_prob, rng = arrays_of(parameters), probability(keep_prob), legacy_generator(seed)
    if len(p) != 6:
        raise DataError(f"parameters has {listed(p)}: expected W1, b1, W2, b2, W3, b3")
    A, cache = floats(X=X, **p)[0], list[Any]()
    check_layer(A, p["W1"], p["b1"], "X", "1")
    for layer in (1, 2):
        A, ((_, W, b), Z) = linear_activation_forward(A, p[f"W{layer}"], p[f"b{layer}"], "relu")
        D = rng.rand(*A.shape) < keep_prob
        A = _dropped(A, D, keep_prob)
        cache += [Z, D, A, W, b]
    A3, ((_, W3, b3), Z3) = linear_activation_forward(A, p["W3"], p["b3"], "sigmoid")
    return A3, (*cache, Z3, A3, W3, b3)


def backward_propagation_with_dropout(
    X: ArrayLike, Y: ArrayLike, cache: Sequence[ArrayLike], keep_prob: float
) -> Arrays:
    """Go back with dA{l} = Wᵀ dZ D{l} / keep_prob.

    Return dZ3, dW3, db3, dA2, dZ2, ..., db1, with dZ3 = A3 - Y. The cache is
    that of `forward_propagation_with_dropout`.
    """
    named = named_cache(cache, DROPOUT_CACHE, ", of forward_propagation_with_dropout")
    return _three_back(X, Y, named, keep_prob=probability(keep_prob))


def _dropped(A: Array, D: Any, keep_prob: float) -> Array:
    """A D / keep_prob: the same product on the way forward and on the way back."""
    return Dropout(1 - keep_prob).backward({}, A, {"D": D, "scale": 1 / keep_prob})


def _three_back(X: Any, Y: Any, cache: Arrays, *, lambd: float = 0.0, keep_prob: float = 1.0) -> Arrays:
    A3, Y = predictions_and_labels(cache["A3"], Y, "A3", from_caches=True)
    warn_of_labels(Y)
    A, m, grads = {0: floats(X=X, A3=A3)[0], 1: cache["A1"], 2: cache["A2"]}, A3.shape[1], Arrays()
    check_layer(A[0], cache["W1"], cache["b1"], "X", "1")
    dZ: Array = A3 - Y  # dA[3] * g'(Z[3]), as the assignment writes it
    for layer in (3, 2, 1):
        W = cache[f"W{layer}"]
        dA, dW, db = linear_backward(dZ, (A[layer - 1], W, cache[f"b{layer}"]))
        grads |= {f"dZ{layer}": dZ, f"dW{layer}": dW + lambd / m * W, f"db{layer}": db}
        if layer > 1:
            D = cache.get(f"D{layer - 1}")
            grads[f"dA{layer - 1}"] = dA = dA if D is None else _dropped(dA, D, keep_prob)
            dZ = relu_backward(dA, A[layer - 1])  # A > 0 just where Z > 0
    return grads
