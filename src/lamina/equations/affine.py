"""Layers with a matrix and a bias, Z = W A_prev + b: what they share, and the one that multiplies in bfloat16.

The lecture's, `Linear`, is in layers.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.equations.random import Key
from lamina.equations.rounding import bfloat16
from lamina.equations.types import Array, Arrays, Shape


@dataclass(frozen=True)
class Affine:
    """A layer with W and b.

    With `ntk`, W learns as in the NTK form `Z = V A_prev / sqrt(units_prev) + b` (Jacot et al. 2018): a rule like Adam
    takes a step in V that does not depend on the size of the gradient, so W = V / sqrt(units_prev) moves at the rate
    divided by sqrt(units_prev), and shrinks at the rate itself.
    """

    units: int
    ntk: bool = False

    def width(self, n: int) -> int:
        return self.units

    def shapes(self, n: int) -> dict[str, Shape]:
        rate = n**-0.5 if self.ntk else 1.0
        return {"W": Shape(self.units, n, "weights", rate, 1 / rate), "b": Shape(self.units, 1, "biases")}


@dataclass(frozen=True)
class RoundedLinear(Affine):
    """Z = W A_prev + b, where every product takes its two operands rounded to bfloat16.

    W itself stays as exact as it is, and so do sums, b and everything else: "mixed precision" (Micikevicius et al.
    2018). Processors with AVX512_BF16 multiply such operands twice as fast. Rounding counts as if its slope were 1. An
    engine may round dZ with the 1/m in it.
    """

    kind: ClassVar[str] = "rounded_linear"

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        Z = bfloat16(p["W"]) @ bfloat16(A_prev) + p["b"]  # (units, m)
        return Z, {"A_prev": A_prev, "Z": Z}

    def backward(self, p: Arrays, dZ: Array, cache: Arrays) -> Array:
        return np.asarray(bfloat16(p["W"]).T @ bfloat16(dZ))  # (units_prev, m)

    def gradients(self, p: Arrays, dZ: Array, cache: Arrays) -> Arrays:
        m = dZ.shape[1]
        dW = bfloat16(dZ) @ bfloat16(cache["A_prev"]).T / m  # (units, units_prev)
        db = np.sum(dZ, axis=1, keepdims=True) / m  # (units, 1)
        return {"W": dW, "b": db}

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return ()  # a difference of the cost says nothing of the slope of stairs: it has tests of its own
