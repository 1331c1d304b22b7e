"""A network made ready on a device: its layers in order, and its cost and gradient as one flat tensor."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.equations.network import Network
from lamina.tensors.activations import ACTIVATIONS
from lamina.tensors.column_layers import Embedding, Periodic
from lamina.tensors.devices import check_type
from lamina.tensors.layers import (
    Activation,
    Dropout,
    Kept,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    Place,
    Residual,
    RoundedLinear,
    Scale,
    chain_backward,
    chain_forward,
    chain_gradients,
    chain_predict,
)
from lamina.tensors.losses import LOSSES
from lamina.tensors.normalisation import BatchNorm, LayerNorm
from lamina.tensors.optimisers import RULES
from lamina.tensors.random import dropped, smallest_kept

LAYERS: dict[str, type[Any]] = {
    "linear": Linear,
    "rounded_linear": RoundedLinear,
    "activation": Activation,
    "dropout": Dropout,
    "layer_norm": LayerNorm,
    "batch_norm": BatchNorm,
    "scale": Scale,
    "parametric_activation": ParametricActivation,
    "residual": Residual,
    "embedding": Embedding,
    "periodic": Periodic,
    "member_scale": MemberScale,
    "member_choice": MemberChoice,
}


def missing_parts(network: Network, optimiser: Any = None) -> list[str]:
    """Return what the tables of this room lack for a network and an optimiser: an empty list where they have all."""
    lacks = [*_missing_of(network.layers)]
    lacks += [] if network.loss.kind in LOSSES else [f"loss {network.loss.kind}"]
    lacks += [] if optimiser is None or optimiser.kind in RULES else [f"optimiser {optimiser.kind}"]
    return list(dict.fromkeys(lacks))


def _missing_of(layers: Sequence[Any]) -> Iterator[str]:
    for layer in layers:
        if layer.kind not in LAYERS:
            yield f"layer {layer.kind}"
        if getattr(layer, "function", "identity") not in ACTIVATIONS:
            yield f"activation {layer.function}"
        yield from _missing_of(getattr(layer, "layers", ()))


class Plan:
    """A network on a device.

    Parameters
    ----------
    network : Network
    device : torch.device
    dtype : torch.dtype

    Raises
    ------
    EngineError
        The device does not compute with this type of number.
    """

    def __init__(self, network: Network, device: Any, dtype: Any) -> None:
        check_type(device, dtype)
        self.network, self.device, self.dtype = network, device, dtype
        self.dropouts: list[Any] = []  # in the order of the layers
        self.parts = self._parts(network.layers, network.blueprint()[:-1])
        self.loss = LOSSES[network.loss.kind](network.loss)
        slots = [slot for slot in network.slots if slot.group != "statistics"]
        sizes = [slot.size for slot in slots]
        self.rates, self.decays = (  # (trained,): what rate and decay are multiplied by, for every parameter
            torch.tensor(np.repeat(np.array(factors), sizes), device=device, dtype=dtype)
            for factors in ([slot.rate for slot in slots], [slot.decay for slot in slots])
        )

    def _parts(self, layers: Sequence[Any], entries: Sequence[Mapping[str, Any]]) -> list[Any]:
        return [self._part(layer, entry) for layer, entry in zip(layers, entries, strict=True)]

    def _part(self, layer: Any, entry: Mapping[str, Any]) -> Any:
        part = LAYERS[layer.kind](layer, Place(self.device, self.dtype, entry["layer"], entry["inputs"]))
        if isinstance(part, Residual):
            part.chain = self._parts(layer.layers, entry["chain"])
        elif isinstance(part, Dropout):
            self.dropouts.append(part)
        return part

    # ---- dropout ----

    def of_dropouts(self, factors: Any) -> tuple[Any, Any]:
        """Return the smallest bits that are kept and 1 / (1 - rate), (steps, dropouts) each, by factors of steps."""
        rates = np.array([[part.settings.rate * factor for part in self.dropouts] for factor in factors])
        rates = rates.reshape(len(factors), len(self.dropouts))
        least = [[smallest_kept(float(rate)) for rate in of_step] for of_step in rates]
        return np.array(least, np.int64).reshape(rates.shape), 1 / (1 - rates)

    def draws(self, least: Tensor, scales: Tensor, step: Tensor, seed: int, m: int, first: int = 0) -> list[Any]:
        """Return what dropout keeps, by layer, in each of some steps of m examples (members counted)."""
        masks = [
            dropped(part.place.inputs, m, least[:, d], step, part.place, seed, first)
            for d, part in enumerate(self.dropouts)
        ]
        return [
            {part.place.word: Kept(masks[d][u], scales[u, d]) for d, part in enumerate(self.dropouts)}
            for u in range(len(step))
        ]

    # ---- there and back ----

    def predict(self, params: Tensor, X: Tensor) -> Tensor:
        """Return Z[L] as when predicting, (units, m * members), for rows X (m, n_inputs)."""
        return chain_predict(self.parts, self.network.views(params), self.for_members(X.T))

    def output(self, Z: Tensor) -> Tensor:
        """Return A[L], the mean over the members, (units, m)."""
        A = self.loss.output(Z)
        members = self.network.members
        return A if members == 1 else A.reshape(len(A), -1, members).mean(dim=2)

    def gradients(
        self, params: Tensor, X: Tensor, Y: Tensor, weights: Tensor | None, draws: Any
    ) -> tuple[Tensor, Tensor]:
        """Return the cost of a batch, of shape (), and its gradient by the flat vector; without the penalty."""
        p = self.network.views(params)
        Z, caches = chain_forward(self.parts, p, self.for_members(X.T), draws)
        Y_ = self.for_members(Y.T)
        L, dZ = self.loss.losses(Z, Y_), self.loss.dZ(Z, Y_)
        if weights is not None:
            w = self.for_members(weights[None])[0]
            L, dZ = w * L, w * dZ
        dA = chain_backward(self.parts[1:], p[1:], dZ, caches[1:])  # nobody asks for dA[0]
        return L.mean(), self._flat(chain_gradients(self.parts, p, dA, caches))

    def with_penalty(self, params: Tensor, grads: Tensor, examples: int) -> Tensor | float:
        """Add the penalty's derivative to the gradient, in place, and return the penalty; see `equations.verbs`."""
        l1, l2, span = self.network.l1 / examples, self.network.l2 / examples, self.network.spans["weights"]
        W, dW, penalty = params[span], grads[span], 0.0
        if l2:
            dW.add_(W, alpha=l2)
            penalty = penalty + l2 / 2 * (W * W).sum()
        if l1:
            dW.add_(torch.sign(W), alpha=l1)
            penalty = penalty + l1 * W.abs().sum()
        return penalty

    def for_members(self, A: Tensor) -> Tensor:
        """Return every example once for each member, (units, m) -> (units, m * members)."""
        members = self.network.members
        return A if members == 1 else A[:, :, None].expand(-1, -1, members).reshape(len(A), -1)

    def _flat(self, found: Sequence[Any]) -> Tensor:
        """Return the gradients in the order of the flat vector."""
        return torch.cat([_at(found, slot.path)[slot.role].reshape(-1) for slot in self.network.slots])


def _at(found: Sequence[Any], path: tuple[int, ...]) -> Mapping[str, Tensor]:
    node = found[path[0]]
    for i in path[1:]:
        node = node["chain"][i]
    return node
