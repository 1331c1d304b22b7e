"""Normalisations: over the units of each example, or over the examples of each batch."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.equations.random import Key
from lamina.equations.types import Array, Arrays, SameWidth, Shape


@dataclass(frozen=True)
class LayerNorm(SameWidth):
    """A = gamma (A_prev - mean) / sqrt(var + eps) + beta, over the units of each example (Ba et al. 2016)."""

    kind: ClassVar[str] = "layer_norm"
    epsilon: float = 1e-5

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"gamma": Shape(n, 1, "scales"), "beta": Shape(n, 1, "biases")}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        centred = A_prev - A_prev.mean(axis=0)
        inv_std = 1 / np.sqrt(np.mean(centred * centred, axis=0) + self.epsilon)  # (m,)
        A_hat = centred * inv_std  # (units, m)
        return p["gamma"] * A_hat + p["beta"], {"A_hat": A_hat, "inv_std": inv_std}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        A_hat, dA_hat = cache["A_hat"], dA * p["gamma"]  # (units, m)
        dA_prev: Array = cache["inv_std"] * (dA_hat - dA_hat.mean(axis=0) - A_hat * np.mean(dA_hat * A_hat, axis=0))
        return dA_prev

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        return _d_gamma_beta(dA, cache["A_hat"])


@dataclass(frozen=True)
class BatchNorm(SameWidth):
    """A = gamma (A_prev - mean) / sqrt(var + eps) + beta, over the batch, per unit (Ioffe and Szegedy 2015).

    Predictions use running values, `running += momentum (batch - running)`, with the unbiased variance of the batch.
    """

    kind: ClassVar[str] = "batch_norm"
    momentum: float = 0.1
    epsilon: float = 1e-5

    def shapes(self, n: int) -> dict[str, Shape]:
        return {
            "gamma": Shape(n, 1, "scales"),
            "beta": Shape(n, 1, "biases"),
            "mean": Shape(n, 1, "statistics"),
            "var": Shape(n, 1, "statistics"),
        }

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        if key is None:
            batch, mean, var = {}, p["mean"], p["var"]
        else:
            mean = A_prev.mean(axis=1, keepdims=True)  # (units, 1)
            var = np.mean((A_prev - mean) ** 2, axis=1, keepdims=True)  # (units, 1)
            batch = {"mean": mean, "var": var}
        inv_std = 1 / np.sqrt(var + self.epsilon)
        A_hat = (A_prev - mean) * inv_std  # (units, m)
        return p["gamma"] * A_hat + p["beta"], {"A_hat": A_hat, "inv_std": inv_std, **batch}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array:
        scale = p["gamma"] * cache["inv_std"]
        if "var" not in cache:  # predicting: the statistics do not depend on the batch
            return np.asarray(scale * dA)
        A_hat, d = cache["A_hat"], _d_gamma_beta(dA, cache["A_hat"])
        return np.asarray(scale * (dA - d["beta"] - A_hat * d["gamma"]))

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        d = _d_gamma_beta(dA, cache["A_hat"])
        if "var" not in cache:
            return {**d, "mean": 0, "var": 0}
        m = dA.shape[1]
        unbiased = cache["var"] * (m / max(m - 1, 1))
        return {
            **d,
            "mean": self.momentum * (p["mean"] - cache["mean"]),  # statistics: running -= this
            "var": self.momentum * (p["var"] - unbiased),
        }


def _d_gamma_beta(dA: Array, A_hat: Array) -> Arrays:
    """Of A = gamma A_hat + beta, both (units, 1)."""
    m = dA.shape[1]
    return {
        "gamma": np.sum(dA * A_hat, axis=1, keepdims=True) / m,
        "beta": np.sum(dA, axis=1, keepdims=True) / m,
    }
