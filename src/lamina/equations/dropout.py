"""Dropout, whose draws depend only on where they are used (random.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from lamina.equations.random import Key, kept
from lamina.equations.types import Array, Arrays, SameWidth


@dataclass(frozen=True)
class Dropout(SameWidth):
    """Inverted dropout: A = A_prev D / (1 - rate), with D = 1 where a unit is kept (Srivastava et al. 2014)."""

    kind: ClassVar[str] = "dropout"
    rate: float

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        if key is None:
            return A_prev, {}
        units, m = A_prev.shape
        D = kept(units, m, self.rate, key)  # (units, m)
        scale = np.array(1 / (1 - self.rate), A_prev.dtype)
        return _drop(A_prev, D, scale), {"D": D, "scale": scale}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        return _drop(dA, cache["D"], cache["scale"]) if "D" in cache else dA

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return (cls(0.4),)


def _drop(A: Array, D: Any, scale: Array) -> Array:
    return np.where(D, A * scale, A.dtype.type(0))
