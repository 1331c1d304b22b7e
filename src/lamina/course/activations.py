"""A = g(Z), and dZ = dA * g'(Z)."""

from __future__ import annotations  # so that help() shows ArrayLike, and not the screenful that it stands for

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina.course.arguments import check_same, floats, shown, warn
from lamina.course.caches import activation_cache
from lamina.equations.activations import ACTIVATIONS, Pair
from lamina.equations.types import Array
from lamina.errors import SettingError, nearest


def sigmoid(Z: ArrayLike) -> tuple[Array, Array]:
    """A = 1 / (1 + e^-Z). Return A and the cache Z, both of Z's shape."""
    return activate("sigmoid", Z)


def relu(Z: ArrayLike) -> tuple[Array, Array]:
    """A = max(0, Z). Return A and the cache Z, both of Z's shape."""
    return activate("relu", Z)


def sigmoid_backward(dA: ArrayLike, cache: ArrayLike) -> Array:
    """Return dZ = dA * A (1 - A), where A = sigmoid(Z).

    The cache is Z; all are of one shape.
    """
    return deactivate("sigmoid", dA, cache)


def relu_backward(dA: ArrayLike, cache: ArrayLike) -> Array:
    """Return dZ = dA where Z > 0, else 0.

    The cache is Z; all are of one shape.
    """
    return deactivate("relu", dA, cache)


def pair_of(activation: Any) -> Pair:
    """Return g and g'."""
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise SettingError(
            f"activation is {shown(activation)}: expected one of {', '.join(ACTIVATIONS)}."
            f"{nearest(activation, ACTIVATIONS)}"
        )
    return ACTIVATIONS[activation]


def activate(activation: str, Z: ArrayLike) -> tuple[Array, Array]:
    g = pair_of(activation).g
    (Z,) = floats(Z=Z)
    return g(Z), Z


def deactivate(activation: str, dA: ArrayLike, cache: Any) -> Array:
    dg = pair_of(activation).dg
    dA, Z = floats(dA=dA, Z=activation_cache(cache, activation))
    check_same("dA", dA, "Z", Z.shape)
    slope = dg(Z, pair_of(activation).g(Z))
    with np.errstate(invalid="ignore"):
        dZ = dA * slope
    lost = np.isnan(dZ) & (slope == 0) & (np.isinf(dA) | (activation == "sigmoid"))  # infinity * 0, or 0/0 in dA
    if lost.any():
        at = np.argwhere(lost)[0].tolist()
        warn(f"dZ is NaN at {at}: dA is {dA[tuple(at)]} where the slope of {activation} is 0.{WHY.get(activation, '')}")
    return dZ


WHY = {
    "sigmoid": " There A is exactly 0 or 1, and dA[L] divides by A or by 1 - A. The limit of the product is "
    "dZ[L] = A[L] - Y, which L_model_backward takes."
}
