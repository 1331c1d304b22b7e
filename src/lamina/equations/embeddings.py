"""Embeddings of columns before the first linear layer: Fourier features of numbers, vectors for categories.

Both keep the units that they do not replace, in their order, and put theirs behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.equations.random import Key
from lamina.equations.types import Array, Arrays, Shape


@dataclass(frozen=True)
class Embedding:
    """A column that holds the number of a category becomes `size` units: a column of E.

    Parameters
    ----------
    columns : tuple of int
        The units of A_prev that hold such numbers, increasing.
    levels : tuple of int
        How many categories each has; a number beyond them counts as the nearest.
    size : int
    rate_factor : float
        Multiplies the learning rate of E.
    """

    kind: ClassVar[str] = "embedding"
    columns: tuple[int, ...]
    levels: tuple[int, ...]
    size: int = 8
    rate_factor: float = 1.0

    def width(self, n: int) -> int:
        return n + len(self.columns) * (self.size - 1)

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"E": Shape(self.size, sum(self.levels), "embeddings", self.rate_factor)}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        at = self._places(A_prev)  # (columns, m)
        looked_up = p["E"][:, at].transpose(1, 0, 2).reshape(-1, A_prev.shape[1])  # (columns * size, m)
        kept = np.delete(A_prev, self.columns, axis=0)
        return np.concatenate([kept, looked_up]), {"at": at, "A_prev": A_prev}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        dA_prev = np.zeros_like(cache["A_prev"])
        kept = np.delete(np.arange(len(dA_prev)), self.columns)
        dA_prev[kept] = dA[: len(kept)]  # a category has no slope: 0
        return np.asarray(dA_prev)

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        dE, m = np.zeros_like(p["E"]), dA.shape[1]
        own = dA[len(dA) - len(self.columns) * self.size :].reshape(len(self.columns), self.size, m)
        for at, dlooked_up in zip(cache["at"], own, strict=True):
            np.add.at(dE.T, at, dlooked_up.T)
        return {"E": dE / m}

    def _places(self, A_prev: Array) -> Array:
        levels = np.array(self.levels)[:, None]
        first = np.cumsum(levels, axis=0) - levels  # the levels of one column after those of another
        chosen = np.clip(np.nan_to_num(A_prev[list(self.columns)]), 0, levels - 1).astype(np.intp)
        return np.asarray(first + chosen)

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return cls((0, n - 1), (2, 3), 4), cls((1,), (3,), 1, 2.0)


@dataclass(frozen=True)
class Periodic:
    """Every chosen number x brings `outputs` more: V cos(2 pi F x + phi) + c, each number with arrays of its own.

    With x itself, which stays, that is the PBLD embedding of Holzmueller et al. 2024, after Gorishniy et al. 2022. The
    first new unit of all the numbers comes before the second of any.

    Parameters
    ----------
    columns : tuple of int
        The units of A_prev that are numbers, increasing.
    frequencies : int
        Fourier features per number.
    outputs : int
        New units per number.
    rate_factor : float
        Multiplies the learning rate of all its arrays.
    """

    kind: ClassVar[str] = "periodic"
    columns: tuple[int, ...]
    frequencies: int = 16
    outputs: int = 3
    rate_factor: float = 1.0

    def width(self, n: int) -> int:
        return n + len(self.columns) * self.outputs

    def shapes(self, n: int) -> dict[str, Shape]:
        numbers, waves = len(self.columns), self.frequencies
        columns = {"F": waves, "phi": waves, "V": waves * self.outputs, "c": self.outputs}  # V: j * frequencies + k
        return {role: Shape(numbers, count, "embeddings", self.rate_factor) for role, count in columns.items()}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        X = A_prev[list(self.columns)]  # (numbers, m)
        angle = 2 * np.pi * p["F"][:, :, None] * X[:, None, :] + p["phi"][:, :, None]  # (numbers, frequencies, m)
        U = np.einsum("njk,nkm->jnm", self._V(p), np.cos(angle)) + p["c"].T[:, :, None]  # (outputs, numbers, m)
        return np.concatenate([A_prev, U.reshape(-1, X.shape[1])]), {"X": X, "angle": angle}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        dA_prev = dA[: len(dA) - len(self.columns) * self.outputs].copy()
        _, dangle = self._back_to_the_angles(p, dA, cache)
        dA_prev[list(self.columns)] += 2 * np.pi * np.einsum("nk,nkm->nm", p["F"], dangle)
        return dA_prev

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        X, m = cache["X"], dA.shape[1]
        dU, dangle = self._back_to_the_angles(p, dA, cache)
        return {
            "F": 2 * np.pi * np.einsum("nkm,nm->nk", dangle, X) / m,
            "phi": dangle.sum(axis=2) / m,
            "V": np.einsum("jnm,nkm->njk", dU, np.cos(cache["angle"])).reshape(len(X), -1) / m,
            "c": dU.sum(axis=2).T / m,
        }

    def _back_to_the_angles(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Array]:
        """Return dU (outputs, numbers, m) and dangle (numbers, frequencies, m), which both ways back need."""
        dU = dA[len(dA) - len(self.columns) * self.outputs :].reshape(self.outputs, len(self.columns), -1)
        return dU, -np.sin(cache["angle"]) * np.einsum("njk,jnm->nkm", self._V(p), dU)

    def _V(self, p: Arrays) -> Array:
        return np.asarray(p["V"]).reshape(len(p["V"]), self.outputs, self.frequencies)

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return cls((0, n - 1), 3, 2), cls((1,), 4, 1, 0.5)
