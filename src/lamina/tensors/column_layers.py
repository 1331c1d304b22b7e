"""Embeddings of columns for tensors; equations/embeddings.py says what each is."""

from math import pi
from typing import Any

import torch
from torch import Tensor

from lamina.tensors.layers import Draws, Part, Place, Tensors


class _OfColumns(Part):
    """A layer that replaces some of its inputs, or adds to them."""

    def __init__(self, settings: Any, place: Place) -> None:
        super().__init__(settings, place)
        others = [unit for unit in range(place.inputs) if unit not in set(settings.columns)]
        self.columns = torch.tensor(settings.columns, device=place.device, dtype=torch.int64)
        self.others = torch.tensor(others, device=place.device, dtype=torch.int64)


class Embedding(_OfColumns):
    def __init__(self, settings: Any, place: Place) -> None:
        super().__init__(settings, place)
        levels = torch.tensor(settings.levels, device=place.device, dtype=torch.int64)[:, None]
        self.first = levels.cumsum(dim=0) - levels  # the levels of one column after those of another
        self.most = (levels - 1).to(place.dtype)

    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        count, size, m = len(self.columns), self.settings.size, A_prev.shape[1]
        chosen = torch.nan_to_num(A_prev.index_select(0, self.columns)).clamp(min=0)
        at = self.first + torch.minimum(chosen, self.most).to(torch.int64)  # (columns, m)
        looked_up = p["E"].index_select(1, at.flatten()).reshape(size, count, m)
        kept = A_prev.index_select(0, self.others)
        return torch.cat([kept, looked_up.transpose(0, 1).reshape(count * size, m)]), {"at": at}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        dA_prev = dA.new_zeros((self.place.inputs, dA.shape[1]))
        return dA_prev.index_copy(0, self.others, dA[: len(self.others)])  # a category has no slope: 0

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        count, size, m = len(self.columns), self.settings.size, dA.shape[1]
        own = dA[len(self.others) :].reshape(count, size, m).transpose(0, 1).reshape(size, count * m)
        dE = torch.zeros_like(p["E"]).index_add(1, cache["at"].flatten(), own)  # on CUDA in no fixed order
        return {"E": dE / m}


class Periodic(_OfColumns):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        X = A_prev.index_select(0, self.columns)  # (numbers, m)
        angle = 2 * pi * p["F"][:, :, None] * X[:, None, :] + p["phi"][:, :, None]  # (numbers, frequencies, m)
        U = torch.einsum("njk,nkm->jnm", self._V(p), torch.cos(angle)) + p["c"].T[:, :, None]  # (outputs, numbers, m)
        return torch.cat([A_prev, U.reshape(-1, X.shape[1])]), {"X": X, "angle": angle}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        _, dangle = self._back_to_the_angles(p, dA, cache)
        of_columns = 2 * pi * torch.einsum("nk,nkm->nm", p["F"], dangle)
        return dA[: self.place.inputs].index_add(0, self.columns, of_columns)

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        X, m = cache["X"], dA.shape[1]
        dU, dangle = self._back_to_the_angles(p, dA, cache)
        return {
            "F": 2 * pi * torch.einsum("nkm,nm->nk", dangle, X) / m,
            "phi": dangle.sum(dim=2) / m,
            "V": torch.einsum("jnm,nkm->njk", dU, torch.cos(cache["angle"])) / m,
            "c": dU.sum(dim=2).T / m,
        }

    def _back_to_the_angles(self, p: Tensors, dA: Tensor, cache: Tensors) -> tuple[Tensor, Tensor]:
        """Return dU (outputs, numbers, m) and dangle (numbers, frequencies, m), which both ways back need."""
        dU = dA[self.place.inputs :].reshape(self.settings.outputs, len(self.columns), -1)
        return dU, -torch.sin(cache["angle"]) * torch.einsum("njk,jnm->nkm", self._V(p), dU)

    def _V(self, p: Tensors) -> Tensor:
        return p["V"].reshape(len(self.columns), self.settings.outputs, self.settings.frequencies)
