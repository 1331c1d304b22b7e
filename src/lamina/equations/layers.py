"""The layers: forward step and backward step, side by side, and the table of them.

    forward    Z = W A_prev + b                 A = g(Z)
    backward   dZ = dA * g'(Z)
               dW = (1/m) dZ A_prevᵀ            db = (1/m) Σ dZ over the examples, kept as a column
               dA_prev = Wᵀ dZ

A layer is a frozen dataclass that holds settings only. Its parameters come in as `p`, a dict of named views into the
one flat vector; what the way back needs goes out as `cache`, a dict of named arrays. `dA` is per example, as in the
lecture (m times the derivative of the cost); the 1/m stands where parameters get their gradient.

    width(n)                  units that come out when n go in
    shapes(n)                 its arrays: name -> Shape (rows, columns, group)
    forward(p, A_prev, key)   -> A, cache     `key` places the random numbers; None when predicting: then dropout
                                              keeps everything and normalisation uses its running statistics
    backward(p, dA, cache)    -> dA_prev, grads
    first_backward(...)       -> grads        the same for a first layer whose dA_prev nobody asked for

Groups (see network.py): "weights" are the matrices of linear layers and the only arrays that L1, L2 and decay shrink;
"embeddings" are what columns are looked up in; "biases" and "scales" are vectors; "statistics" are not trained: their
"gradient" is the step by which the running value moves. What an embedding makes of columns is in embeddings.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.random import Key, kept
from lamina.equations.types import Array, Arrays, Shape


class Layer(Protocol):
    """What the network asks of a layer."""

    kind: ClassVar[str]

    def width(self, n: int) -> int: ...
    def shapes(self, n: int) -> dict[str, Shape]: ...
    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]: ...
    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]: ...
    def first_backward(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays: ...


class _SameWidth:
    def width(self, n: int) -> int:
        return n

    def shapes(self, n: int) -> dict[str, Shape]:
        return {}

    def first_backward(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        grads: Arrays = self.backward(p, dA, cache)[1]  # type: ignore[attr-defined]
        return grads


@dataclass(frozen=True)
class Linear:
    """Z = W A_prev + b.

    With `ntk`, W learns as in the NTK form `Z = V A_prev / sqrt(units_prev) + b` (Jacot et al. 2018): a rule like Adam
    takes a step in V that does not depend on the size of the gradient, so W = V / sqrt(units_prev) moves at the rate
    divided by sqrt(units_prev), and shrinks at the rate itself.
    """

    kind: ClassVar[str] = "linear"
    units: int
    ntk: bool = False

    def width(self, n: int) -> int:
        return self.units

    def shapes(self, n: int) -> dict[str, Shape]:
        rate = n**-0.5 if self.ntk else 1.0
        return {"W": Shape(self.units, n, "weights", rate, 1 / rate), "b": Shape(self.units, 1, "biases")}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        Z = p["W"] @ A_prev + p["b"]  # (units, m)
        return Z, {"A_prev": A_prev, "Z": Z}

    def backward(self, p: Arrays, dZ: Array, cache: Arrays) -> tuple[Array, Arrays]:
        dA_prev = p["W"].T @ dZ  # (units_prev, m)
        return dA_prev, self.first_backward(p, dZ, cache)

    def first_backward(self, p: Arrays, dZ: Array, cache: Arrays) -> Arrays:
        m = dZ.shape[1]
        dW = dZ @ cache["A_prev"].T / m  # (units, units_prev)
        db = np.sum(dZ, axis=1, keepdims=True) / m  # (units, 1)
        return {"W": dW, "b": db}


@dataclass(frozen=True)
class Activation(_SameWidth):
    """A = g(Z)."""

    kind: ClassVar[str] = "activation"
    function: str

    def forward(self, p: Arrays, Z: Array, key: Key | None) -> tuple[Array, Arrays]:
        A = ACTIVATIONS[self.function].g(Z)
        return A, {"Z": Z, "A": A}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        dZ = dA * ACTIVATIONS[self.function].dg(cache["Z"], cache["A"])  # (units, m)
        return dZ, {}


@dataclass(frozen=True)
class Dropout(_SameWidth):
    """Inverted dropout: A = A_prev D / (1 - rate), with D = 1 where a unit is kept (Srivastava et al. 2014).

    A schedule may lower the rate of a step: `key.dropout` is what it is multiplied by.
    """

    kind: ClassVar[str] = "dropout"
    rate: float

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        if key is None:
            return A_prev, {}
        units, m = A_prev.shape
        rate = self.rate * key.dropout
        D = kept(units, m, rate, key)  # (units, m)
        scale = np.array(1 / (1 - rate), A_prev.dtype)
        return _drop(A_prev, D, scale), {"D": D, "scale": scale}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        return (_drop(dA, cache["D"], cache["scale"]) if "D" in cache else dA), {}


def _drop(A: Array, D: Any, scale: Array) -> Array:
    return np.where(D, A * scale, A.dtype.type(0))


@dataclass(frozen=True)
class LayerNorm(_SameWidth):
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

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        A_hat, m = cache["A_hat"], dA.shape[1]
        dA_hat = dA * p["gamma"]
        dA_prev = cache["inv_std"] * (dA_hat - dA_hat.mean(axis=0) - A_hat * np.mean(dA_hat * A_hat, axis=0))
        return dA_prev, {
            "gamma": np.sum(dA * A_hat, axis=1, keepdims=True) / m,
            "beta": np.sum(dA, axis=1, keepdims=True) / m,
        }


@dataclass(frozen=True)
class BatchNorm(_SameWidth):
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

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        A_hat, m = cache["A_hat"], dA.shape[1]
        dgamma = np.sum(dA * A_hat, axis=1, keepdims=True) / m
        dbeta = np.sum(dA, axis=1, keepdims=True) / m
        scale = p["gamma"] * cache["inv_std"]
        if "var" not in cache:  # predicting: the statistics do not depend on the batch
            return scale * dA, {"gamma": dgamma, "beta": dbeta, "mean": 0, "var": 0}
        unbiased = cache["var"] * (m / max(m - 1, 1))
        return scale * (dA - dbeta - A_hat * dgamma), {
            "gamma": dgamma,
            "beta": dbeta,
            "mean": self.momentum * (p["mean"] - cache["mean"]),  # statistics: running -= this
            "var": self.momentum * (p["var"] - unbiased),
        }


@dataclass(frozen=True)
class Scale(_SameWidth):
    """A = s * A_prev: a learnable factor per unit; in front, a soft choice of features.

    `rate_factor` multiplies the learning rate of s.
    """

    kind: ClassVar[str] = "scale"
    rate_factor: float = 1.0

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"s": Shape(n, 1, "scales", self.rate_factor)}

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        return p["s"] * A_prev, {"A_prev": A_prev}  # (units, m)

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        ds = np.sum(dA * cache["A_prev"], axis=1, keepdims=True) / dA.shape[1]  # (units, 1)
        return p["s"] * dA, {"s": ds}


@dataclass(frozen=True)
class ParametricActivation(_SameWidth):
    """A = Z + mix (g(Z) - Z): each unit learns how much of its activation it wants (Holzmueller et al. 2024).

    `rate_factor` multiplies the learning rate of mix, which starts at 1.
    """

    kind: ClassVar[str] = "parametric_activation"
    function: str
    rate_factor: float = 1.0

    def shapes(self, n: int) -> dict[str, Shape]:
        return {"mix": Shape(n, 1, "scales", self.rate_factor)}

    def forward(self, p: Arrays, Z: Array, key: Key | None) -> tuple[Array, Arrays]:
        G = ACTIVATIONS[self.function].g(Z)  # (units, m)
        return Z + p["mix"] * (G - Z), {"Z": Z, "G": G}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        Z, G = cache["Z"], cache["G"]
        dG = ACTIVATIONS[self.function].dg(Z, G)
        dmix = np.sum(dA * (G - Z), axis=1, keepdims=True) / dA.shape[1]  # (units, 1)
        return dA * (1 + p["mix"] * (dG - 1)), {"mix": dmix}


@dataclass(frozen=True)
class Residual(_SameWidth):
    """A = A_prev + chain(A_prev): a chain inside a skip (He et al. 2016). The chain must give back the width it got."""

    kind: ClassVar[str] = "residual"
    layers: tuple[Layer, ...]

    def __init__(self, layers: Sequence["Layer | Dense"]) -> None:
        object.__setattr__(self, "layers", unrolled(layers))

    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]:
        A, caches = chain_forward(self.layers, p["chain"], A_prev, key)
        return A_prev + A, {"chain": caches}

    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> tuple[Array, Arrays]:
        dA_prev, grads = chain_backward(self.layers, p["chain"], dA, cache["chain"])
        return dA + dA_prev, {"chain": grads}


@dataclass(frozen=True)
class Dense:
    """The lecture's layer: Z = W A_prev + b, then A = g(Z). Short for `Linear(units), Activation(activation)`."""

    units: int
    activation: str = "relu"

    def parts(self) -> tuple[Layer, ...]:
        return Linear(self.units), Activation(self.activation)


def unrolled(layers: Sequence[Layer | Dense]) -> tuple[Layer, ...]:
    """Return the layers with every Dense replaced by its two parts."""
    return tuple(part for layer in layers for part in (layer.parts() if isinstance(layer, Dense) else (layer,)))


def chain_forward(
    layers: Sequence[Layer], p: Sequence[Arrays], A: Array, key: Key | None
) -> tuple[Array, list[Arrays]]:
    """Take A[0] through the layers; return A[L] and every cache."""
    caches = []
    for i, layer in enumerate(layers):
        A, cache = layer.forward(p[i], A, None if key is None else key.inside(i))
        caches.append(cache)
    return A, caches


def chain_predict(layers: Sequence[Layer], p: Sequence[Arrays], A: Array) -> Array:
    """Take A[0] through the layers as when predicting; no cache outlives its layer."""
    for layer, views in zip(layers, p, strict=True):
        A, _ = layer.forward(views, A, None)
    return A


def chain_backward(
    layers: Sequence[Layer], p: Sequence[Arrays], dA: Array, caches: Sequence[Arrays]
) -> tuple[Array, list[Arrays]]:
    """Take dA[L] back through the layers; return dA[0] and the gradients of every layer."""
    grads: list[Arrays] = [{}] * len(layers)
    for i in reversed(range(len(layers))):
        dA, grads[i] = layers[i].backward(p[i], dA, caches[i])
    return dA, grads


LAYERS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (
        Linear,
        Activation,
        Dropout,
        LayerNorm,
        BatchNorm,
        Scale,
        ParametricActivation,
        Residual,
        Embedding,
        Periodic,
        MemberScale,
        MemberChoice,
    )
}
