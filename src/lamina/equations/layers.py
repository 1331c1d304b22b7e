"""The lecture's layers: forward step and backward step, side by side; chains of layers; and the table of all layers.

    forward    Z = W A_prev + b                 A = g(Z)
    backward   dZ = dA * g'(Z)                  dA_prev = Wᵀ dZ
    gradients  dW = (1/m) dZ A_prevᵀ            db = (1/m) Σ dZ over the examples, kept as a column

types.py says what each of their methods promises. The layers that columns of tables need stand beside this file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.affine import Affine
from lamina.equations.affine import RoundedLinear as RoundedLinear
from lamina.equations.dropout import Dropout as Dropout
from lamina.equations.embeddings import Embedding as Embedding
from lamina.equations.embeddings import Periodic as Periodic
from lamina.equations.members import MemberChoice as MemberChoice
from lamina.equations.members import MemberScale as MemberScale
from lamina.equations.normalisation import BatchNorm as BatchNorm
from lamina.equations.normalisation import LayerNorm as LayerNorm
from lamina.equations.random import Key
from lamina.equations.scales import ParametricActivation as ParametricActivation
from lamina.equations.scales import Scale as Scale
from lamina.equations.types import Array, Arrays, SameWidth
from lamina.equations.types import Layer as Layer


@dataclass(frozen=True)
class Linear(Affine):
    """Z = W A_prev + b."""

    kind: ClassVar[str] = "linear"

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        Z = p["W"] @ A_prev + p["b"]  # (units, m)
        return Z, {"A_prev": A_prev, "Z": Z}

    def backward(self, p: Arrays, dZ: Array, cache: Arrays) -> Array:
        return np.asarray(p["W"].T @ dZ)  # (units_prev, m)

    def gradients(self, p: Arrays, dZ: Array, cache: Arrays) -> Arrays:
        m = dZ.shape[1]
        dW = dZ @ cache["A_prev"].T / m  # (units, units_prev)
        db = np.sum(dZ, axis=1, keepdims=True) / m  # (units, 1)
        return {"W": dW, "b": db}

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return cls(n), cls(n + 3, ntk=True)


@dataclass(frozen=True)
class Activation(SameWidth):
    """A = g(Z)."""

    kind: ClassVar[str] = "activation"
    function: str

    def forward(self, p: Arrays, Z: Array, key: Key | None) -> tuple[Array, Arrays]:
        A = ACTIVATIONS[self.function].g(Z)
        return A, {"Z": Z, "A": A}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        return dA * ACTIVATIONS[self.function].dg(cache["Z"], cache["A"])  # dZ, (units, m)

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return (cls("gelu"),)


@dataclass(frozen=True)
class Dense:
    """The lecture's layer: Z = W A_prev + b, then A = g(Z). Short for `Linear(units), Activation(activation)`."""

    units: int
    activation: str = "relu"

    def parts(self) -> tuple[Layer, ...]:
        return Linear(self.units), Activation(self.activation)


@dataclass(frozen=True)
class Residual(SameWidth):
    """A = A_prev + chain(A_prev): a chain inside a skip (He et al. 2016). The chain must give back the width it got."""

    kind: ClassVar[str] = "residual"
    layers: tuple[Layer, ...]

    def __init__(self, layers: Sequence[Layer | Dense]) -> None:
        object.__setattr__(self, "layers", unrolled(layers))

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        A, caches = chain_forward(self.layers, p["chain"], A_prev, key)
        return A_prev + A[-1], {"A": A, "chain": caches}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        return dA + chain_backward(self.layers, p["chain"], dA, cache["chain"])[0]

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        below = chain_backward(self.layers, p["chain"], dA, cache["chain"])
        return {"chain": chain_gradients(self.layers, p["chain"], below[1:], cache["chain"])}

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        inner = cls([Activation("silu"), Dropout(0.2)])
        return (cls([Dense(4, "tanh"), LayerNorm(), inner, Linear(n), BatchNorm()]),)


def unrolled(layers: Sequence[Layer | Dense]) -> tuple[Layer, ...]:
    """Return the layers with every Dense replaced by its two parts."""
    return tuple(part for layer in layers for part in (layer.parts() if isinstance(layer, Dense) else (layer,)))


def chain_forward(
    layers: Sequence[Layer], p: Sequence[Arrays], A0: Array, key: Key | None
) -> tuple[list[Array], list[Arrays]]:
    """Take A[0] through the layers; return [A[0], ..., A[L]] and every cache."""
    A, caches = [A0], []
    for i, layer in enumerate(layers):
        A_i, cache = layer.forward(p[i], A[-1], None if key is None else key.inside(i))
        A.append(A_i)
        caches.append(cache)
    return A, caches


def chain_predict(layers: Sequence[Layer], p: Sequence[Arrays], A: Array) -> Array:
    """Take A[0] through the layers as when predicting; no cache outlives its layer."""
    for layer, views in zip(layers, p, strict=True):
        A, _ = layer.forward(views, A, None)
    return A


def chain_backward(layers: Sequence[Layer], p: Sequence[Arrays], dA: Array, caches: Sequence[Arrays]) -> list[Array]:
    """Take dA[L] back through the layers; return [dA[0], ..., dA[L]]."""
    found = [dA]
    for layer, views, cache in zip(reversed(layers), reversed(p), reversed(caches), strict=True):
        found.append(layer.backward(views, found[-1], cache))
    return found[::-1]


def chain_gradients(
    layers: Sequence[Layer], p: Sequence[Arrays], dA: Sequence[Array], caches: Sequence[Arrays]
) -> list[Arrays]:
    """Return the gradients of every layer, given the dA of what each gives: [dA[1], ..., dA[L]]."""
    return [
        layer.gradients(views, dA_i, cache) for layer, views, dA_i, cache in zip(layers, p, dA, caches, strict=True)
    ]


LAYERS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (
        *(Linear, Activation, Dropout, LayerNorm, BatchNorm, Scale, ParametricActivation, Residual),
        *(Embedding, Periodic, MemberScale, MemberChoice, RoundedLinear),
    )
}
