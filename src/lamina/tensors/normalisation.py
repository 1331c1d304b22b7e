"""Normalisations for tensors; equations/normalisation.py says what each is."""

import torch
from torch import Tensor

from lamina.tensors.layers import Draws, Part, Tensors


class LayerNorm(Part):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        centred = A_prev - A_prev.mean(dim=0)
        inv_std = 1 / torch.sqrt((centred * centred).mean(dim=0) + self.settings.epsilon)  # (m,)
        A_hat = centred * inv_std  # (units, m)
        return p["gamma"] * A_hat + p["beta"], {"A_hat": A_hat, "inv_std": inv_std}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        A_hat, dA_hat = cache["A_hat"], dA * p["gamma"]  # (units, m)
        return cache["inv_std"] * (dA_hat - dA_hat.mean(dim=0) - A_hat * (dA_hat * A_hat).mean(dim=0))

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        return _d_gamma_beta(dA, cache["A_hat"])


class BatchNorm(Part):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        if draws is None:
            batch, mean, var = {}, p["mean"], p["var"]
        else:
            mean = A_prev.mean(dim=1, keepdim=True)  # (units, 1)
            var = ((A_prev - mean) ** 2).mean(dim=1, keepdim=True)  # (units, 1)
            batch = {"mean": mean, "var": var}
        inv_std = 1 / torch.sqrt(var + self.settings.epsilon)
        A_hat = (A_prev - mean) * inv_std  # (units, m)
        return p["gamma"] * A_hat + p["beta"], {"A_hat": A_hat, "inv_std": inv_std, **batch}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        A_hat, d = cache["A_hat"], _d_gamma_beta(dA, cache["A_hat"])
        return p["gamma"] * cache["inv_std"] * (dA - d["beta"] - A_hat * d["gamma"])

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        m, momentum = dA.shape[1], self.settings.momentum
        unbiased = cache["var"] * (m / max(m - 1, 1))
        return {
            **_d_gamma_beta(dA, cache["A_hat"]),
            "mean": momentum * (p["mean"] - cache["mean"]),  # statistics: running -= this
            "var": momentum * (p["var"] - unbiased),
        }


def _d_gamma_beta(dA: Tensor, A_hat: Tensor) -> Tensors:
    """Of A = gamma A_hat + beta, both (units, 1)."""
    m = dA.shape[1]
    return {"gamma": (dA * A_hat).sum(dim=1, keepdim=True) / m, "beta": dA.sum(dim=1, keepdim=True) / m}
