"""A learned number for every unit: how much of the unit, or how much of its activation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.random import Key
from lamina.equations.types import Array, Arrays, SameWidth, Shape


@dataclass(frozen=True)
class Scale(SameWidth):
    """A = s * A_prev: a learnable factor per unit; in front, a soft choice of features.

    `rate_factor` multiplies the learning rate of s.
    """

    kind: ClassVar[str] = "scale"
    rate_factor: float = 1.0

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"s": Shape(n, 1, "scales", self.rate_factor)}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        return p["s"] * A_prev, {"A_prev": A_prev}  # (units, m)

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        return np.asarray(p["s"] * dA)

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        return {"s": np.sum(dA * cache["A_prev"], axis=1, keepdims=True) / dA.shape[1]}  # (units, 1)


@dataclass(frozen=True)
class ParametricActivation(SameWidth):
    """A = Z + mix (g(Z) - Z): each unit learns its mix of identity and activation (Holzmueller et al. 2024).

    `rate_factor` multiplies the learning rate of mix, which starts at 1.
    """

    kind: ClassVar[str] = "parametric_activation"
    function: str
    rate_factor: float = 1.0

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"mix": Shape(n, 1, "scales", self.rate_factor)}

    def forward(self, p: Arrays, Z: Array, key: Key | None) -> tuple[Array, Arrays]:
        G = ACTIVATIONS[self.function].g(Z)  # (units, m)
        return Z + p["mix"] * (G - Z), {"Z": Z, "G": G}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        dG = ACTIVATIONS[self.function].dg(cache["Z"], cache["G"])
        return np.asarray(dA * (1 + p["mix"] * (dG - 1)))

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        return {"mix": np.sum(dA * (cache["G"] - cache["Z"]), axis=1, keepdims=True) / dA.shape[1]}  # (units, 1)

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return (cls("silu"), cls("selu", 0.5))
