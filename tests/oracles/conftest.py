"""What PyTorch calls the rows of our tables. A row that is missing here fails its tests with a KeyError."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

ACTIVATIONS: dict[str, Any] = {
    "identity": lambda Z: Z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "softplus": lambda Z: F.softplus(Z, threshold=40),  # its default of 20 is right to 2e-9 only
    "hard_swish": F.hardswish,
}


def _smooth(loss: Any, Y: Any) -> Any:
    return Y * (1 - loss.label_smoothing) + loss.label_smoothing / 2


def _pinball(loss: Any, Z: Any, Y: Any) -> Any:
    """PyTorch has none; as a weighted |Y - Z|, which is not how ours is written."""
    q = torch.tensor(loss.quantiles).repeat(Y.shape[1])
    missed = Y.repeat_interleave(len(loss.quantiles), dim=1) - Z
    return F.relu(missed) * q + F.relu(-missed) * (1 - q)


def _poisson(loss: Any, Z: Any, Y: Any) -> Any:
    return F.poisson_nll_loss(Z, Y, reduction="none") + torch.xlogy(Y, Y) - Y  # what does not depend on Z is ours


def _gamma(loss: Any, Z: Any, Y: Any) -> Any:
    return -torch.distributions.Exponential(torch.exp(-Z)).log_prob(Y) - torch.log(Y) - 1


# Rows: Z (m, units), Y (m, targets) -> the loss of each output, or of each example.
LOSSES: dict[str, Any] = {
    "binary_log_loss": lambda loss, Z, Y: F.binary_cross_entropy_with_logits(Z, _smooth(loss, Y), reduction="none"),
    "categorical_log_loss": lambda loss, Z, Y: F.cross_entropy(
        Z, Y, reduction="none", label_smoothing=loss.label_smoothing
    ),
    "squared_error": lambda loss, Z, Y: F.mse_loss(Z, Y, reduction="none") / 2,
    "absolute_error": lambda loss, Z, Y: F.l1_loss(Z, Y, reduction="none"),
    "huber": lambda loss, Z, Y: F.huber_loss(Z, Y, reduction="none", delta=loss.delta),
    "quantile": _pinball,
    "poisson": _poisson,
    "gamma": _gamma,
}


def _batch_norm(layer: Any, p: Any, A: Any, cache: Any) -> Any:
    mean, var = (p[role].data.ravel() for role in ("mean", "var"))  # moved in place, unseen by the derivative
    gamma, beta = p["gamma"].ravel(), p["beta"].ravel()
    return F.batch_norm(A, mean, var, gamma, beta, training=True, momentum=layer.momentum, eps=layer.epsilon)


def _layer_norm(layer: Any, p: Any, A: Any, cache: Any) -> Any:
    return F.layer_norm(A, (A.shape[1],), p["gamma"].ravel(), p["beta"].ravel(), eps=layer.epsilon)


def _others(layer: Any, A: Any) -> Any:
    return A[:, [j for j in range(A.shape[1]) if j not in layer.columns]]


def _embedding(layer: Any, p: Any, A: Any, cache: Any) -> Any:
    """A table for every column, cut out of E."""
    tables = p["E"].T.split(layer.levels)
    places = [A[:, j].detach().clamp(0, n - 1).long() for j, n in zip(layer.columns, layer.levels, strict=True)]
    looked_up = [F.embedding(at, table) for at, table in zip(places, tables, strict=True)]
    return torch.cat([_others(layer, A), *looked_up], dim=1)


def _periodic(layer: Any, p: Any, A: Any, cache: Any) -> Any:
    """One small linear layer for every number, over its own waves; then unit by unit, as we order them."""
    made = []
    for n, j in enumerate(layer.columns):
        waves = torch.cos(A[:, [j]] @ (2 * torch.pi * p["F"][[n]]) + p["phi"][n])  # (m, frequencies)
        made.append(F.linear(waves, p["V"][n].view(layer.outputs, layer.frequencies), p["c"][n]))
    return torch.cat([A, torch.stack(made, dim=2).flatten(1)], dim=1)


# Rows: A_prev (m, units) -> A. Dropout takes its draws from our cache; batch norm moves its statistics in place.
LAYERS: dict[str, Any] = {
    "linear": lambda layer, p, A, cache: F.linear(A, p["W"], p["b"].ravel()),
    "activation": lambda layer, p, A, cache: ACTIVATIONS[layer.function](A),
    "dropout": lambda layer, p, A, cache: A * torch.from_numpy(cache["D"].T) / (1 - layer.rate),
    "layer_norm": _layer_norm,
    "batch_norm": _batch_norm,
    "scale": lambda layer, p, A, cache: A * p["s"].ravel(),
    "parametric_activation": lambda layer, p, A, cache: torch.lerp(A, ACTIVATIONS[layer.function](A), p["mix"].ravel()),
    "embedding": _embedding,
    "periodic": _periodic,
    "member_scale": lambda layer, p, A, cache: (A.unflatten(0, (-1, layer.members)) * p["R"].T).flatten(0, 1),
    "member_choice": lambda layer, p, A, cache: torch.stack(
        [row.chunk(layer.members)[i % layer.members] for i, row in enumerate(A)]
    ),
    "residual": lambda layer, p, A, cache: A + _chain(layer.layers, p["chain"], A, cache["chain"]),
}


def _chain(layers: Any, p: Any, A: Any, caches: Any) -> Any:
    for layer, views, cache in zip(layers, p, caches, strict=True):
        A = LAYERS[layer.kind](layer, views, A, cache)
    return A


def _losses(loss: Any, Z: Any, Y: Any) -> Any:
    """The loss of each example, (m,)."""
    L = LOSSES[loss.kind](loss, Z, Y)
    return L if L.ndim == 1 else L.mean(dim=1)


def _cost(network: Any, theta: Any, X: Any, Y: Any, weights: Any, caches: Any) -> Any:
    """Z (m, units) and J; `theta` is one flat tensor, cut up by our own views. Rows come once for each member."""
    X, Y, weights = (rows.repeat_interleave(network.members, 0) for rows in (X, Y, weights))
    Z = _chain(network.layers, network.views(theta), X, caches)
    W = theta[network.spans["weights"]]
    penalty = (network.l2 / 2 * (W * W).sum() + network.l1 * W.abs().sum()) * network.members / len(X)
    return Z, (weights * _losses(network.loss, Z, Y)).mean() + penalty


@pytest.fixture(scope="session")
def oracle() -> SimpleNamespace:
    return SimpleNamespace(activations=ACTIVATIONS, losses=_losses, layers=LAYERS, cost=_cost)


@pytest.fixture(scope="session")
def targets_for() -> Any:
    """Y (m, targets) that suits a loss."""
    return lambda loss, targets, m: loss.sample_targets(np.random.default_rng(0), m, targets)
