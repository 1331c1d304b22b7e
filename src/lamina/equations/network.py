"""A network: layers and a loss over one flat vector of parameters.

The vector holds the groups one after the other: weights (matrices), biases and scales (vectors), statistics (running
values, not trained). So decay, clipping, averaging over workers, saving and finite differences are each one slice.

The cost is the lecture's, over m examples:

    J = (1/m) Σ w_i L_i + (l2 / 2m) Σ W² + (l1 / m) Σ |W|        over the weights, never over biases or scales

`m` is the number of examples of the whole training set wherever a part of it is seen (`examples`), so every minibatch
pulls towards the same cost. The weights w_i have mean 1 over that set.

A network with several members (members.py) takes every row once for each of them: they learn each for itself, from the
mean of their costs, and predict together, the mean of their A[L].
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.blueprint import Group, described, read_back
from lamina.equations.layers import Dense, Layer, Residual, chain_backward, chain_forward, chain_predict, unrolled
from lamina.equations.losses import Loss
from lamina.equations.optimisers import Optimiser
from lamina.equations.random import Key
from lamina.equations.steps import Steps
from lamina.equations.types import Array, Arrays, Shape

GROUPS: dict[str, Group] = {
    "weights": Group(rate=1.0, decay=1.0),
    "embeddings": Group(rate=1.0, decay=0.0),
    "biases": Group(rate=1.0, decay=0.0),
    "scales": Group(rate=1.0, decay=0.0),
    "statistics": Group(rate=0.0, decay=0.0),
}


class Slot(NamedTuple):
    """One array of one layer within the flat vector."""

    path: tuple[int, ...]  # position of the layer; longer inside a Residual
    role: str  # the layer's own name for it: "W"
    name: str  # the network's name for it: "W1"
    offset: int
    shape: tuple[int, int]
    group: str
    rate: float  # what the learning rate and the decay are multiplied by for it
    decay: float

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]


@dataclass(frozen=True)
class Network:
    """Layers and a loss.

    Parameters
    ----------
    n_inputs : int
        Units of A[0]: the number of encoded features.
    layers : sequence of layers
        `Dense(units, activation)` is unrolled to `Linear(units), Activation(activation)`. The last layer gives Z[L];
        the loss turns it into A[L].
    loss : Loss
        A row of `LOSSES`, e.g. `BinaryLogLoss()`.
    l1, l2 : float
        The lecture's lambda for Σ|W| and Σ W².
    groups : mapping of str to Group
        Factors on the learning rate and the decay of each group, where they differ from `GROUPS`.
    members : int
        How many networks in one: see members.py.
    """

    n_inputs: int
    layers: tuple[Layer, ...]
    loss: Loss
    l1: float = 0.0
    l2: float = 0.0
    groups: Mapping[str, Group] = field(default_factory=dict)
    members: int = 1
    slots: tuple[Slot, ...] = field(init=False, repr=False, compare=False)

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Layer | Dense],
        loss: Loss,
        l1: float = 0.0,
        l2: float = 0.0,
        groups: Mapping[str, Group] | None = None,
        members: int = 1,
    ) -> None:
        fields = {"n_inputs": n_inputs, "layers": unrolled(layers), "loss": loss, "l1": l1, "l2": l2}
        fields |= {"groups": {**GROUPS, **(groups or {})}, "members": members}  # in the order of GROUPS
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "slots", tuple(_placed(_walk(self.layers, n_inputs), self.groups)))

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(slot.size for slot in self.slots)

    @property
    def widths(self) -> list[int]:
        """Units that come out of each layer."""
        return list(accumulate(self.layers, lambda n, layer: layer.width(n), initial=self.n_inputs))[1:]

    @property
    def n_outputs(self) -> int:
        """Units of A[L]."""
        return self.widths[-1]

    @cached_property
    def spans(self) -> dict[str, slice]:
        """The slice of the flat vector that each group holds, in order."""
        spans, start = {}, 0
        for group in self.groups:
            stop = start + sum(slot.size for slot in self.slots if slot.group == group)
            spans[group] = slice(start, stop)
            start = stop
        return spans

    @property
    def trained(self) -> slice:
        """The slice that the optimiser moves: everything before the statistics."""
        return slice(0, self.spans["statistics"].start)

    def cost_of_output(self, A: Array, Y: Array, weights: Array | None) -> float:
        """Return (1/m) Σ w_i L_i of given predictions A (m, n_outputs), rows like Y."""
        L = self.loss.losses(self.loss.link(A.T), Y.T)  # (m,)
        return float(np.mean(L if weights is None else weights * L))

    @property
    def last_linear(self) -> tuple[int, ...]:
        """The path of the last linear layer; empty where there is none."""
        return max((slot.path for slot in self.slots if slot.role == "W"), default=())

    def layer_at(self, path: tuple[int, ...]) -> Layer:
        """Return the layer at a slot's path."""
        layer = self.layers[path[0]]
        for i in path[1:]:
            layer = layer.layers[i]  # type: ignore[attr-defined]
        return layer

    def views(self, params: Array) -> list[Arrays]:
        """Return per layer a dict of named views into the flat vector; a Residual has `{"chain": [...]}`."""
        tree = _empty(self.layers)
        for slot in self.slots:
            node = tree[slot.path[0]]
            for i in slot.path[1:]:
                node = node["chain"][i]
            node[slot.role] = params[slot.offset : slot.offset + slot.size].reshape(slot.shape)
        return tree

    def named(self, params: Array) -> dict[str, Array]:
        """Return the lecture's names, `W1`, `b1`, ..., each a view of shape (units, units_prev) or (units, 1)."""
        return {s.name: params[s.offset : s.offset + s.size].reshape(s.shape) for s in sorted(self.slots)}

    def blueprint(self) -> list[dict[str, Any]]:
        """Return the network as a list of plain dicts: the layers in order, then the loss.

        Every layer has `kind`, its settings, `inputs`, `units`, `layer` (its word in the random counter) and `arrays`
        (role, name, offset, rows, columns, group, rate, decay); a residual has `chain`.
        """
        return described(self)

    @classmethod
    def from_blueprint(cls, blueprint: Sequence[Mapping[str, Any]]) -> "Network":
        """Return the network that a blueprint describes; the inverse of `blueprint`."""
        return cls(**read_back(blueprint))


def _empty(layers: Sequence[Layer]) -> list[Arrays]:
    return [{"chain": _empty(layer.layers)} if isinstance(layer, Residual) else {} for layer in layers]


def _walk(layers: Sequence[Layer], n: int, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], str, Shape]]:
    """Yield the path, role and shape of every array, in the order of the layers."""
    for i, layer in enumerate(layers):
        if isinstance(layer, Residual):
            yield from _walk(layer.layers, n, (*path, i))
        for role, shape in layer.shapes(n).items():
            yield (*path, i), role, shape
        n = layer.width(n)


def _placed(arrays: Iterator[tuple[tuple[int, ...], str, Shape]], groups: Mapping[str, Group]) -> Iterator[Slot]:
    """Give every array its name and its place: group after group, within a group in the order of the layers.

    A Linear layer starts a new number l, as in the lecture; what follows it (`gamma1`) has the same number, what stands
    before the first has 0. A second array of one name gets an ending: `s0`, `s0_2`.
    """
    named, number, taken = [], 0, dict[str, int]()
    for path, role, shape in arrays:
        number += role == "W"
        name = f"{role}{number}"
        taken[name] = taken.get(name, 0) + 1
        named.append((path, role, name if taken[name] == 1 else f"{name}_{taken[name]}", shape))
    offset = 0
    for group, (rate, decay) in groups.items():
        for path, role, name, shape in named:
            if shape.group == group:
                factors = rate * shape.rate, decay * shape.decay
                yield Slot(path, role, name, offset, (shape.rows, shape.columns), group, *factors)
                offset += shape.rows * shape.columns


# ---- the four verbs of this engine (engine.py chooses between this and the kernels) ----


def for_members(network: Network, A: Array) -> Array:
    """Return every example once for each member, (units, m) -> (units, m * members)."""
    return A if network.members == 1 else np.repeat(A, network.members, axis=1)


def mean_of_members(network: Network, A: Array) -> Array:
    """Return the mean over the members, (units, m * members) -> (units, m)."""
    return A if network.members == 1 else A.reshape(len(A), -1, network.members).mean(axis=2)


def forward(network: Network, params: Array, A0: Array, key: Key | None) -> tuple[Array, list[Arrays]]:
    """Take A[0] of shape (n_inputs, m) to Z[L], keeping every cache; `key` is None when predicting.

    With several members, A[0] has every example once for each (`for_members`).
    """
    return chain_forward(network.layers, network.views(params), A0, key)


def to_the_loss(
    network: Network, params: Array, X: Array, Y: Array, weights: Array | None, key: Key | None
) -> tuple[Array, list[Arrays], Array, Array]:
    """Take rows X (m, n_inputs) to the loss, once for each member; return Z[L], the caches, w L (m,) and w dZ[L]."""
    Z, caches = forward(network, params, for_members(network, X.T), key)
    Y_ = for_members(network, Y.T)
    L, dZ = network.loss.losses(Z, Y_), network.loss.dZ(Z, Y_)  # (m,), (units, m)
    if weights is None:
        return Z, caches, L, dZ
    w = for_members(network, weights[None])[0]
    return Z, caches, w * L, w * dZ


def backward(network: Network, params: Array, dZ: Array, caches: Sequence[Arrays]) -> tuple[Array, list[Arrays]]:
    """Take dZ[L] back to dA[0] and the gradients of every layer."""
    return chain_backward(network.layers, network.views(params), dZ, caches)


def predict(network: Network, params: Array, X: Array) -> Array:
    """Return A[L], one row per example.

    It is computed in double precision: products of matrices are summed in an order that depends on the size of the
    batch, and a row's prediction must not depend on the rows beside it.

    Parameters
    ----------
    X : array, shape (m, n_inputs)

    Returns
    -------
    array, shape (m, n_outputs)
    """
    A0 = for_members(network, X.T.astype(np.float64))
    Z = chain_predict(network.layers, network.views(params.astype(np.float64)), A0)
    A = mean_of_members(network, network.loss.output(Z))
    largest = np.finfo(params.dtype).max  # an e^Z may be beyond single precision
    return np.clip(A, -largest, largest).T.astype(params.dtype)


def penalty(network: Network, params: Array, examples: int) -> float:
    """(l2 / 2m) Σ W² + (l1 / m) Σ |W|."""
    W = params[network.spans["weights"]]
    return float(network.l2 / (2 * examples) * np.sum(W * W) + network.l1 / examples * np.sum(np.abs(W)))


def d_penalty(network: Network, params: Array, examples: int) -> Array:
    """(l2 / m) W + (l1 / m) sign(W)."""
    W = params[network.spans["weights"]]
    return network.l2 / examples * W + network.l1 / examples * np.sign(W)


def cost(network: Network, params: Array, X: Array, Y: Array, weights: Array | None = None) -> float:
    """Return (1/m) Σ w_i L_i without draws, penalty or gradient: the cost that is reported and watched.

    With several members it is the cost of what they predict together.
    """
    if network.members > 1:
        return network.cost_of_output(predict(network, params, X), Y, weights)
    Z = chain_predict(network.layers, network.views(params), X.T)
    L = network.loss.losses(Z, Y.T)  # (m,)
    return float(np.mean(L if weights is None else weights * L))


def gradients(
    network: Network,
    params: Array,
    X: Array,
    Y: Array,
    weights: Array | None = None,
    *,
    seed: int = 0,
    step: int = 0,
    first: int = 0,
    m: int | None = None,
    dropout: float = 1.0,
) -> tuple[float, Array]:
    """Return the cost and its gradient by the flat vector, without the penalty: pieces of a batch add up to the whole.

    Parameters
    ----------
    X : array, shape (rows, n_inputs)
    Y : array, shape (rows, targets)
    weights : array, shape (rows,), optional
        Of mean 1 over the whole training set.
    seed, step : int
        Place the random numbers of dropout.
    first : int
        The number of the first row within its batch.
    m : int, optional
        Rows of the whole batch; those of X where it is not given.
    dropout : float
        What the rates of dropout are multiplied by.

    Returns
    -------
    J : float
    grads : array, shape (size,)
        In the places of the statistics: what the update takes off them.
    """
    share = 1.0 if m is None else len(X) / m
    key = Key(seed, step, dropout=dropout, first=first * network.members)
    _, caches, L, dZ = to_the_loss(network, params, X, Y, weights, key)
    views = network.views(params)
    dA, above = chain_backward(network.layers[1:], views[1:], dZ, caches[1:])
    lowest = network.layers[0].first_backward(views[0], dA, caches[0])
    grads = np.zeros_like(params)
    _gather([lowest, *above], network.views(grads))
    grads *= grads.dtype.type(share)
    return float(np.mean(L)) * share, grads


def _gather(grads: Sequence[Arrays], into: Sequence[Arrays]) -> None:
    for found, views in zip(grads, into, strict=True):
        for role, view in views.items():
            if role == "chain":
                _gather(found[role], view)
            else:
                view[:] = found[role]


def update(
    network: Network,
    optimiser: Optimiser,
    params: Array,
    grads: Array,
    memory: Array,
    rate: float,
    step: int,
    decay: float = 1.0,
) -> None:
    """Move the parameters and the optimiser's memory by one step, in place.

    Parameters
    ----------
    params, grads : array, shape (size,)
    memory : array, shape (len(optimiser.remembers), size)
        Zeros at the start.
    rate : float
        The learning rate of this step.
    step : int
        Counts the steps from 0.
    decay : float
        What the optimiser's weight_decay is multiplied by.
    """
    trained = network.trained
    g, p = grads[trained], params[trained]
    if optimiser.clip_norm is not None:
        norm = float(np.linalg.norm(g))
        g = g * (optimiser.clip_norm / max(norm, optimiser.clip_norm))
    d = optimiser.direction(memory[:, trained], g, step + 1)
    for slot in network.slots:
        place = slice(slot.offset, slot.offset + slot.size)
        shrink = optimiser.weight_decay * decay * slot.decay
        if slot.group == "statistics":
            params[place] -= grads[place]
        elif shrink == 0:
            p[place] -= rate * slot.rate * d[place]
        else:
            p[place] -= rate * slot.rate * (d[place] + shrink * p[place])


def train_steps(
    network: Network,
    optimiser: Optimiser,
    params: Array,
    memory: Array,
    X: Array,
    Y: Array,
    weights: Array | None,
    order: Any,
    steps: Steps,
) -> Any:
    """Take one step for every rate, on `batch_size` rows each, and return the costs, penalty included.

    Parameters
    ----------
    params, memory
        Changed in place.
    X : array, shape (rows, n_inputs)
    Y : array, shape (rows, targets)
    weights : array, shape (rows,), or None
    order : array of int
        Row numbers; step k takes `order[k * batch_size : (k + 1) * batch_size]`.
    steps : Steps

    Returns
    -------
    costs : array of float64, shape (steps done,)
        Shorter than `rates` where a cost or gradient was not finite: the parameters are then those before that step.
    """
    costs = np.empty(len(steps.rates))
    examples = len(order) if steps.examples is None else steps.examples
    for k, rate in enumerate(steps.rates):
        rows = order[k * steps.batch_size : (k + 1) * steps.batch_size]
        w = None if weights is None else weights[rows]
        dropout = 1.0 if steps.dropouts is None else float(steps.dropouts[k])
        with np.errstate(over="ignore", invalid="ignore"):  # said by the costs that are missing
            place = {"seed": steps.seed, "step": steps.step + k, "dropout": dropout}
            J, grads = gradients(network, params, X[rows], Y[rows], w, **place)  # type: ignore[arg-type]
            J += penalty(network, params, examples)
            grads[network.spans["weights"]] += d_penalty(network, params, examples)
        if not (np.isfinite(J) and np.isfinite(grads).all()):
            return costs[:k]
        decay = 1.0 if steps.decays is None else float(steps.decays[k])
        update(network, optimiser, params, grads, memory, float(rate), steps.step + k, decay)
        costs[k] = J
    return costs
