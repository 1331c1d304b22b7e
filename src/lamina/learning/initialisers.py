"""Initialisers of the parameters, and the tables of them.

Each is `name(units, units_prev, draw) -> W`, where `draw.normal(n)` and `draw.uniform(n)` give the random numbers of
this array. The names say the variance: Glorot and Bengio 2010, He et al. 2015, LeCun et al. 1998, Saxe et al. 2014.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.equations import random
from lamina.equations.affine import Affine
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import Activation
from lamina.equations.members import MemberScale
from lamina.equations.network import Network
from lamina.equations.scales import ParametricActivation
from lamina.equations.slots import Slot

Matrix = NDArray[np.float64]  # (units, units_prev)


@dataclass(frozen=True)
class Draw:
    """The random numbers of one array: a seed and the array's number."""

    seed: int
    array: int

    def normal(self, n: int) -> Matrix:
        return random.normal(n, seed=self.seed, stream=random.INITIALISE, layer=self.array)

    def uniform(self, n: int) -> Matrix:
        return random.uniform(n, seed=self.seed, stream=random.INITIALISE, layer=self.array)


def _normal(std: float, units: int, units_prev: int, draw: Draw) -> Matrix:
    return std * draw.normal(units * units_prev).reshape(units, units_prev)


def _uniform(bound: float, units: int, units_prev: int, draw: Draw) -> Matrix:
    return bound * (2 * draw.uniform(units * units_prev).reshape(units, units_prev) - 1)


def zeros(units: int, units_prev: int, draw: Draw) -> Matrix:
    return np.zeros((units, units_prev))


def small_normal(units: int, units_prev: int, draw: Draw) -> Matrix:
    """The lecture's 0.01 * randn."""
    return _normal(0.01, units, units_prev, draw)


def glorot_normal(units: int, units_prev: int, draw: Draw) -> Matrix:
    return _normal(np.sqrt(2 / (units + units_prev)), units, units_prev, draw)


def glorot_uniform(units: int, units_prev: int, draw: Draw) -> Matrix:
    return _uniform(np.sqrt(6 / (units + units_prev)), units, units_prev, draw)


def he_normal(units: int, units_prev: int, draw: Draw) -> Matrix:
    return _normal(np.sqrt(2 / units_prev), units, units_prev, draw)


def he_uniform(units: int, units_prev: int, draw: Draw) -> Matrix:
    return _uniform(np.sqrt(6 / units_prev), units, units_prev, draw)


def lecun_normal(units: int, units_prev: int, draw: Draw) -> Matrix:
    return _normal(np.sqrt(1 / units_prev), units, units_prev, draw)


def lecun_uniform(units: int, units_prev: int, draw: Draw) -> Matrix:
    return _uniform(np.sqrt(3 / units_prev), units, units_prev, draw)


def orthogonal(units: int, units_prev: int, draw: Draw) -> Matrix:
    """The orthogonal factor of a normal matrix with a positive diagonal beside it: uniform (Mezzadri 2007).

    By Gram and Schmidt, without BLAS, whose bits depend on the processor and on the number of threads.
    """
    q = draw.normal(units * units_prev).reshape(max(units, units_prev), min(units, units_prev))
    for j in range(q.shape[1]):
        now, later = q[:, j], q[:, j + 1 :]
        now /= np.sqrt(np.sum(now * now))
        later -= now[:, None] * np.einsum("i,ij->j", now, later)
    return np.ascontiguousarray(q if units >= units_prev else q.T)


Initialiser = Callable[[int, int, Draw], Matrix]

INITIALISERS: dict[str, Initialiser] = {
    way.__name__: way
    for way in (
        zeros,
        small_normal,
        glorot_normal,
        glorot_uniform,
        he_normal,
        he_uniform,
        lecun_normal,
        lecun_uniform,
        orthogonal,
    )
}

# What suits an activation: half of relu's units are off, so its variance doubles; selu is made for LeCun's. All others
# get Glorot's.
SUITS: dict[str, str] = {
    "relu": "he_normal",
    "leaky_relu": "he_normal",
    "elu": "he_normal",
    "gelu": "he_normal",
    "silu": "he_normal",
    "mish": "he_normal",
    "hard_swish": "he_normal",
    "softplus": "he_normal",
    "selu": "lecun_normal",
}
SUITS_OTHERS = "glorot_uniform"


def normal(units: int, units_prev: int, draw: Draw) -> Matrix:
    """N(0, 1)."""
    return _normal(1.0, units, units_prev, draw)


# Biases of a layer with `units_prev` inputs; each returns (units, 1).
BIAS_INITIALISERS: dict[str, Callable[[int, int, Draw], Matrix]] = {
    "zeros": lambda units, units_prev, draw: zeros(units, 1, draw),
    "normal": lambda units, units_prev, draw: normal(units, 1, draw),
    "glorot_uniform": lambda units, units_prev, draw: _uniform(np.sqrt(6 / (units + units_prev)), units, 1, draw),
}


def levels(layer: Embedding, draw: Draw) -> Matrix:
    """N(0, 1), but 0 for the first two of every column: unknown and missing (data/encoding/categories.py)."""
    E = normal(layer.size, sum(layer.levels), draw)
    for first, count in zip(accumulate(layer.levels, initial=0), layer.levels, strict=False):
        E[:, first : first + min(count, 2)] = 0
    return E


def members(units: int, count: int, draw: Draw, after_periodic: bool) -> Matrix:
    """+1 or -1; N(0, 1) on numbers that were embedded, where signs differ too little (Gorishniy et al. 2025)."""
    R = normal(units, count, draw)
    return R if after_periodic else np.where(R < 0, -1.0, 1.0)


FREQUENCY_DEVIATION = 0.1  # standard deviation of F of `Periodic`; Holzmueller et al. 2024, as what follows


def _others(network: Network, slot: Slot, draw: Draw) -> Matrix | float:
    """Return where an array that is neither weight nor bias starts."""
    layer, shape = network.layer_at(slot.path), slot.shape
    if isinstance(layer, Embedding):
        return levels(layer, draw)
    if isinstance(layer, MemberScale):
        return members(*shape, draw, any(one.kind == Periodic.kind for one in network.layers))
    if isinstance(layer, Periodic):
        if slot.role == "F":
            return FREQUENCY_DEVIATION * normal(*shape, draw)
        return _uniform(np.pi if slot.role == "phi" else layer.frequencies**-0.5, *shape, draw)
    return 1.0 if slot.group == "scales" or slot.role == "var" else 0.0


def starting_parameters(
    network: Network,
    way: str,
    seed: int,
    dtype: Any = np.float32,
    *,
    biases: str = "zeros",
    zero_last_layer: bool = False,
) -> NDArray[Any]:
    """Return the initial parameters.

    Parameters
    ----------
    network : Network
    way : str
        A key of `INITIALISERS`, or "suited": to the activation that follows each linear layer (`SUITS`).
    seed : int
    dtype : {numpy.float32, numpy.float64}
    biases : str
        A key of `BIAS_INITIALISERS`.
    zero_last_layer : bool
        Whether the last linear layer starts at 0.

    Returns
    -------
    params : array, shape (network.size,)
    """
    params = np.zeros(network.size, dtype)
    followers = dict(_followers(network.layers))
    last = network.last_linear
    shapes = {slot.path: slot.shape for slot in network.slots if slot.role == "W"}
    for number, slot in enumerate(network.slots):
        view = params[slot.offset : slot.offset + slot.size].reshape(slot.shape)
        draw = Draw(seed, number)
        if zero_last_layer and slot.path == last:
            continue
        if slot.role == "W":
            name = SUITS.get(followers.get(slot.path, "identity"), SUITS_OTHERS) if way == "suited" else way
            view[:] = INITIALISERS[name](*slot.shape, draw)
        elif slot.role == "b":
            view[:] = BIAS_INITIALISERS[biases](*shapes[slot.path], draw)
        else:
            view[:] = _others(network, slot, draw)
    return params


def _followers(layers: Any, path: tuple[int, ...] = ()) -> Any:
    """Yield (path of a linear layer, the activation that comes next in its chain)."""
    last: tuple[int, ...] | None = None
    for i, layer in enumerate(layers):
        if isinstance(layer, Affine):
            last = (*path, i)
        elif isinstance(layer, Activation | ParametricActivation) and last is not None:
            yield last, layer.function
            last = None
        elif layer.kind == "residual":
            yield from _followers(layer.layers, (*path, i))
