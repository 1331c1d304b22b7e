"""An ensemble in one network: every row goes through it once for each member (TabM-mini, Gorishniy et al. 2025).

The members share all but a factor on each input (MemberScale) and their outputs (MemberChoice). Example e belongs to
member e % members: rows are repeated on their way in, and what the members predict is averaged on its way out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.equations.random import Key
from lamina.equations.types import Array, Arrays, SameWidth, Shape


@dataclass(frozen=True)
class MemberScale(SameWidth):
    """A = R_j * A_prev for the examples of member j."""

    kind: ClassVar[str] = "member_scale"
    members: int

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"R": Shape(n, self.members, "scales")}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        return self._of_members(p["R"], A_prev.shape[1]) * A_prev, {"A_prev": A_prev}  # (units, m)

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        return self._of_members(p["R"], dA.shape[1]) * dA

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        n, m = dA.shape
        return {"R": (dA * cache["A_prev"]).reshape(n, -1, self.members).sum(axis=1) / m}  # (units, members)

    def _of_members(self, R: Array, m: int) -> Array:
        return np.tile(R, m // self.members)  # (units, m)

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return (cls(3),)


@dataclass(frozen=True)
class MemberChoice:
    """Of the outputs for all members, those of the example's own: unit u of member j stands at j * units + u."""

    kind: ClassVar[str] = "member_choice"
    members: int

    def width(self, n: int) -> int:
        return n // self.members

    def shapes(self, n: int) -> dict[str, Shape]:
        return {}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        n, m = A_prev.shape
        own = A_prev.reshape(self.members, n // self.members, m)
        A = own[np.arange(m) % self.members, :, np.arange(m)].T  # (units, m)
        return A, {}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        units, m = dA.shape
        dA_prev = np.zeros((self.members, units, m), dA.dtype)
        dA_prev[np.arange(m) % self.members, :, np.arange(m)] = dA.T
        return dA_prev.reshape(-1, m)

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        return {}

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return (cls(3),)


def for_members(members: int, A: Array) -> Array:
    """Return every example once for each member, (units, m) -> (units, m * members)."""
    return A if members == 1 else np.repeat(A, members, axis=1)


def mean_of_members(members: int, A: Array) -> Array:
    """Return the mean over the members, (units, m * members) -> (units, m)."""
    return A if members == 1 else A.reshape(len(A), -1, members).mean(axis=2)
