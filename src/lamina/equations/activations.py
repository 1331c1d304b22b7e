"""The activations g and their derivatives g', and the table of them.

Each pair is `name(Z) -> A` and `d_name(Z, A) -> g'(Z)`. The derivative gets both Z and A and uses whichever is simpler.
All are stable over the whole range of floats: no overflow, no NaN from a finite Z.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import erf, expit

from lamina.equations.types import Array

SQRT_HALF = 0.7071067811865476  # 1 / sqrt(2)
INV_SQRT_2PI = 0.3989422804014327  # 1 / sqrt(2 pi)
SELU_ALPHA = 1.6732632423543772  # Klambauer et al. 2017, equation 14
SELU_SCALE = 1.0507009873554805
LEAKY_SLOPE = 0.01


def identity(Z: Array) -> Array:
    return Z


def d_identity(Z: Array, A: Array) -> Array:
    return np.ones_like(Z)


def sigmoid(Z: Array) -> Array:
    """1 / (1 + e^-Z)."""
    return np.asarray(expit(Z))


def d_sigmoid(Z: Array, A: Array) -> Array:
    return A * (1 - A)


def tanh(Z: Array) -> Array:
    return np.tanh(Z)


def d_tanh(Z: Array, A: Array) -> Array:
    return 1 - A * A


def relu(Z: Array) -> Array:
    return np.maximum(Z, 0)


def d_relu(Z: Array, A: Array) -> Array:
    return (Z > 0).astype(Z.dtype)


def leaky_relu(Z: Array) -> Array:
    return np.where(Z > 0, Z, LEAKY_SLOPE * Z)


def d_leaky_relu(Z: Array, A: Array) -> Array:
    return np.where(Z > 0, 1, LEAKY_SLOPE).astype(Z.dtype)


def elu(Z: Array) -> Array:
    """Z where positive, e^Z - 1 elsewhere (Clevert et al. 2016)."""
    return np.where(Z > 0, Z, np.expm1(np.minimum(Z, 0)))


def d_elu(Z: Array, A: Array) -> Array:
    return np.where(Z > 0, 1, A + 1).astype(Z.dtype)


def selu(Z: Array) -> Array:
    """SCALE * (Z where positive, ALPHA (e^Z - 1) elsewhere) (Klambauer et al. 2017)."""
    low = np.minimum(Z, np.finfo(Z.dtype).max / 2)  # SCALE times the largest number would overflow
    return SELU_SCALE * np.where(Z > 0, low, SELU_ALPHA * np.expm1(np.minimum(Z, 0)))


def d_selu(Z: Array, A: Array) -> Array:
    return np.where(Z > 0, SELU_SCALE, A + SELU_SCALE * SELU_ALPHA).astype(Z.dtype)


def gelu(Z: Array) -> Array:
    """Z Phi(Z), with the exact normal distribution function (Hendrycks and Gimpel 2016)."""
    return np.asarray(Z * (0.5 * (1 + erf(Z * SQRT_HALF))), dtype=Z.dtype)


def d_gelu(Z: Array, A: Array) -> Array:
    """Phi(Z) + Z phi(Z)."""
    near = np.clip(Z, -40, 40)  # phi(40) is 0 in double precision; Z * Z must not overflow
    density = INV_SQRT_2PI * np.exp(-0.5 * near * near)
    return np.asarray(0.5 * (1 + erf(Z * SQRT_HALF)) + near * density, dtype=Z.dtype)


def silu(Z: Array) -> Array:
    """Z sigmoid(Z)."""
    return Z * sigmoid(Z)


def d_silu(Z: Array, A: Array) -> Array:
    """s + A (1 - s), with s = sigmoid(Z); A is finite, so is the product."""
    s = sigmoid(Z)
    return s + A * sigmoid(-Z)


def softplus(Z: Array) -> Array:
    """log(1 + e^Z) = max(Z, 0) + log(1 + e^-|Z|)."""
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z)))


def d_softplus(Z: Array, A: Array) -> Array:
    return sigmoid(Z)


def mish(Z: Array) -> Array:
    """Z tanh(softplus(Z)) (Misra 2019)."""
    return Z * np.tanh(softplus(Z))


def d_mish(Z: Array, A: Array) -> Array:
    """t + Z (1 - t^2) sigmoid(Z), with t = tanh(softplus(Z)); beyond |Z| = 100 the second term is 0."""
    t = np.tanh(softplus(Z))
    return t + np.clip(Z, -100, 100) * (1 - t * t) * sigmoid(Z)


def hard_swish(Z: Array) -> Array:
    """Z clip(Z + 3, 0, 6) / 6 (Howard et al. 2019)."""
    return Z * (np.clip(Z + 3, 0, 6) / 6)


def d_hard_swish(Z: Array, A: Array) -> Array:
    return np.where(Z <= -3, 0, np.where(Z >= 3, 1, np.clip(Z, -3, 3) / 3 + 0.5)).astype(Z.dtype)


class Pair(NamedTuple):
    """One row of the table: g and g'."""

    g: Callable[[Array], Array]  # Z -> A
    dg: Callable[[Array, Array], Array]  # Z, A -> g'(Z)


ACTIVATIONS: dict[str, Pair] = {
    "identity": Pair(identity, d_identity),
    "sigmoid": Pair(sigmoid, d_sigmoid),
    "tanh": Pair(tanh, d_tanh),
    "relu": Pair(relu, d_relu),
    "leaky_relu": Pair(leaky_relu, d_leaky_relu),
    "elu": Pair(elu, d_elu),
    "selu": Pair(selu, d_selu),
    "gelu": Pair(gelu, d_gelu),
    "silu": Pair(silu, d_silu),
    "mish": Pair(mish, d_mish),
    "softplus": Pair(softplus, d_softplus),
    "hard_swish": Pair(hard_swish, d_hard_swish),
}
