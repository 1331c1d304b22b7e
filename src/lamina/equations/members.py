"""An ensemble in one network: every row goes through it once for each member (TabM-mini, Gorishniy et al. 2025).

The members share all but a factor on each input (MemberScale) and their outputs (MemberChoice). Example e belongs to
member e % members; network.py repeats the rows, and takes the mean of what the members predict.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.equations.random import Key
from lamina.equations.types import Array, Arrays, Shape


@dataclass(frozen=True)
class MemberScale:
    """A = R_j * A_prev for the examples of member j."""

    kind: ClassVar[str] = "member_scale"
    members: int = 1

    def width(self, n: int) -> int:
        return n

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"R": Shape(n, self.members, "scales")}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        return self._of_members(p["R"], A_prev.shape[1]) * A_prev, {"A_prev": A_prev}  # (units, m)

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        n, m = dA.shape
        dR = (dA * cache["A_prev"]).reshape(n, -1, self.members).sum(axis=1) / m  # (units, members)
        return self._of_members(p["R"], m) * dA, {"R": dR}

    def first_backward(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        return self.backward(p, dA, cache)[1]

    def _of_members(self, R: Array, m: int) -> Array:
        return np.tile(R, m // self.members)  # (units, m)


@dataclass(frozen=True)
class MemberChoice:
    """Of the outputs for all members, those of the example's own: unit u of member j stands at j * units + u."""

    kind: ClassVar[str] = "member_choice"
    members: int = 1

    def width(self, n: int) -> int:
        return n // self.members

    def shapes(self, n: int) -> dict[str, Shape]:
        return {}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        n, m = A_prev.shape
        own = A_prev.reshape(self.members, n // self.members, m)
        A = own[np.arange(m) % self.members, :, np.arange(m)].T  # (units, m)
        return A, {}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        units, m = dA.shape
        dA_prev = np.zeros((self.members, units, m), dA.dtype)
        dA_prev[np.arange(m) % self.members, :, np.arange(m)] = dA.T
        return dA_prev.reshape(-1, m), {}

    def first_backward(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        return {}
