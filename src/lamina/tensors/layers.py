"""The layers for tensors, and the table of them; equations/layers.py says what each is.

A layer is made once for a network on a device, from its settings in the equations. It promises what the equations'
layers promise, with one difference: in place of a key `forward` takes `draws`, what dropout keeps in this pass by the
layer's number in the random counter; None as when predicting.

    forward(p, A_prev, draws)  -> A, cache
    backward(p, dA, cache)     -> dA_prev
    gradients(p, dA, cache)    -> the gradient of each of its arrays, by role
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lamina.tensors.activations import ACTIVATIONS

Tensors = dict[str, Any]  # named tensors; inside a Residual: {"chain": [Tensors, ...]}


class Kept(NamedTuple):
    """What dropout keeps."""

    dropped: Tensor  # (units, m), of bool: all the others
    scale: Tensor  # 1 / (1 - rate), of shape ()


Draws = Mapping[int, Kept]


class Place(NamedTuple):
    """Where a layer stands."""

    device: Any
    dtype: Any
    word: int  # its number in the random counter
    inputs: int  # units that come in


class Part:
    """A layer that holds its settings, and has no arrays unless it says so."""

    def __init__(self, settings: Any, place: Place) -> None:
        self.settings, self.place = settings, place

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        return {}


class Linear(Part):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        return torch.addmm(p["b"], p["W"], A_prev), {"A_prev": A_prev}  # (units, m)

    def backward(self, p: Tensors, dZ: Tensor, cache: Tensors) -> Tensor:
        return p["W"].T @ dZ  # (units_prev, m)

    def gradients(self, p: Tensors, dZ: Tensor, cache: Tensors) -> Tensors:
        m = dZ.shape[1]
        return {"W": dZ @ cache["A_prev"].T / m, "b": dZ.sum(dim=1) / m}


class RoundedLinear(Linear):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        return torch.addmm(p["b"], bfloat16(p["W"]), bfloat16(A_prev)), {"A_prev": A_prev}  # (units, m)

    def backward(self, p: Tensors, dZ: Tensor, cache: Tensors) -> Tensor:
        return bfloat16(p["W"]).T @ bfloat16(dZ)  # (units_prev, m)

    def gradients(self, p: Tensors, dZ: Tensor, cache: Tensors) -> Tensors:
        m = dZ.shape[1]
        return {"W": bfloat16(dZ) @ bfloat16(cache["A_prev"]).T / m, "b": dZ.sum(dim=1) / m}


def bfloat16(x: Tensor) -> Tensor:
    """Return the numbers rounded to bfloat16, in the type that they have: products sum in that."""
    return x.float().bfloat16().to(x.dtype)


class Activation(Part):
    def forward(self, p: Tensors, Z: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        A = ACTIVATIONS[self.settings.function].g(Z)
        return A, {"Z": Z, "A": A}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        return dA * ACTIVATIONS[self.settings.function].dg(cache["Z"], cache["A"])


class ParametricActivation(Part):
    def forward(self, p: Tensors, Z: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        G = ACTIVATIONS[self.settings.function].g(Z)
        return Z + p["mix"] * (G - Z), {"Z": Z, "G": G}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        dG = ACTIVATIONS[self.settings.function].dg(cache["Z"], cache["G"])
        return dA * (1 + p["mix"] * (dG - 1))

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        return {"mix": (dA * (cache["G"] - cache["Z"])).sum(dim=1) / dA.shape[1]}


class Dropout(Part):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        if draws is None:
            return A_prev, {}
        kept = draws[self.place.word]
        return (A_prev * kept.scale).masked_fill(kept.dropped, 0), {"kept": kept}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        kept = cache["kept"]
        return (dA * kept.scale).masked_fill(kept.dropped, 0)


class Scale(Part):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        return p["s"] * A_prev, {"A_prev": A_prev}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        return p["s"] * dA

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        return {"s": (dA * cache["A_prev"]).sum(dim=1) / dA.shape[1]}


class MemberScale(Part):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        return self._of_members(p["R"], A_prev) * A_prev, {"A_prev": A_prev}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        return self._of_members(p["R"], dA) * dA

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        n, m = dA.shape
        return {"R": (dA * cache["A_prev"]).reshape(n, -1, self.settings.members).sum(dim=1) / m}

    def _of_members(self, R: Tensor, A: Tensor) -> Tensor:
        return R.repeat(1, A.shape[1] // self.settings.members)  # (units, m)


class MemberChoice(Part):
    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        members, (n, m) = self.settings.members, A_prev.shape
        every = A_prev.reshape(members, n // members, m // members, members)  # example e is of member e % members
        return every.diagonal(dim1=0, dim2=3).reshape(n // members, m), {}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        members, (units, m) = self.settings.members, dA.shape
        every = dA.new_zeros((members, units, m // members, members))
        every.diagonal(dim1=0, dim2=3).copy_(dA.reshape(units, m // members, members))
        return every.reshape(members * units, m)


class Residual(Part):
    """Its chain is made by `plan.parts_of`."""

    chain: Sequence[Any] = ()

    def forward(self, p: Tensors, A_prev: Tensor, draws: Draws | None) -> tuple[Tensor, Tensors]:
        A, caches = chain_forward(self.chain, p["chain"], A_prev, draws)
        return A_prev + A, {"chain": caches}

    def backward(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensor:
        cache["dA"] = chain_backward(self.chain, p["chain"], dA, cache["chain"])
        return dA + cache["dA"][0]

    def gradients(self, p: Tensors, dA: Tensor, cache: Tensors) -> Tensors:
        if "dA" not in cache:  # the first layer of all: nobody asked for its dA_prev
            self.backward(p, dA, cache)
        return {"chain": chain_gradients(self.chain, p["chain"], cache["dA"][1:], cache["chain"])}


def chain_forward(
    parts: Sequence[Any], p: Sequence[Tensors], A: Tensor, draws: Draws | None
) -> tuple[Tensor, list[Tensors]]:
    """Take A[0] through the layers; return what the last one gives and every cache."""
    caches = []
    for part, views in zip(parts, p, strict=True):
        A, cache = part.forward(views, A, draws)
        caches.append(cache)
    return A, caches


def chain_predict(parts: Sequence[Any], p: Sequence[Tensors], A: Tensor) -> Tensor:
    """Take A[0] through the layers as when predicting; no cache outlives its layer."""
    for part, views in zip(parts, p, strict=True):
        A, _ = part.forward(views, A, None)
    return A


def chain_backward(parts: Sequence[Any], p: Sequence[Tensors], dA: Tensor, caches: Sequence[Tensors]) -> list[Tensor]:
    """Take dA[L] back through the layers; return [dA[0], ..., dA[L]]."""
    found = [dA]
    for part, views, cache in zip(reversed(parts), reversed(p), reversed(caches), strict=True):
        found.append(part.backward(views, found[-1], cache))
    return found[::-1]


def chain_gradients(
    parts: Sequence[Any], p: Sequence[Tensors], dA: Sequence[Tensor], caches: Sequence[Tensors]
) -> list[Tensors]:
    """Return the gradients of every layer, given the dA of what each gives: [dA[1], ..., dA[L]]."""
    return [part.gradients(views, dA_i, cache) for part, views, dA_i, cache in zip(parts, p, dA, caches, strict=True)]
