"""A network: layers and a loss over one flat vector of parameters.

The cost is the lecture's, over m examples:

    J = (1/m) Σ w_i L_i + (l2 / 2m) Σ W² + (l1 / m) Σ |W|        over the weights, never over biases or scales

The weights w_i have mean 1 over the training set. The verbs on a network are in verbs.py, names and places in slots.py.

A network with several members (members.py) takes every row once for each of them: they learn each for itself, from the
mean of their costs, and predict together, the mean of their A[L].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import numpy as np

from lamina.computed_once import cached_property
from lamina.equations.blueprint import blueprint_of, read_back
from lamina.equations.layers import Dense, Residual, unrolled
from lamina.equations.own_loss import FunctionLoss
from lamina.equations.slots import GROUPS, Group, Path, Slot, numbers, slots
from lamina.equations.types import Array, Arrays, Layer, Loss


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
        object.__setattr__(self, "slots", slots(self.layers, n_inputs, self.groups))

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

    @property
    def predicting(self) -> "Network":
        """The network as predictions need it: of a loss that is somebody's own function, its output function only."""
        return self._without_function if isinstance(self.loss, FunctionLoss) else self

    @cached_property
    def _without_function(self) -> "Network":
        return replace(self, loss=self.loss.stand_in)  # type: ignore[attr-defined]

    @cached_property
    def numbers(self) -> dict[Path, int]:
        """The lecture's number l of every layer, by its path; the rule is in slots.py."""
        return numbers(self.layers)

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
    def last_linear(self) -> Path:
        """The path of the last linear layer; empty where there is none."""
        return max((slot.path for slot in self.slots if slot.role == "W"), default=())

    @cached_property
    def hidden_matrices(self) -> frozenset[Slot]:
        """W of every linear layer but the last: what a rule like Muon moves whole."""
        return frozenset(slot for slot in self.slots if slot.role == "W" and slot.path != self.last_linear)

    def layer_at(self, path: Path) -> Layer:
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
            node[slot.role] = params[slot.place].reshape(slot.shape)
        return tree

    def named(self, params: Array) -> dict[str, Array]:
        """Return the lecture's names, `W1`, `b1`, ..., each a view of shape (units, units_prev) or (units, 1).

        Those of several bags, params (bags, size), have a first axis more.
        """
        bags = params.shape[:-1]
        return {slot.name: params[..., slot.place].reshape(*bags, *slot.shape) for slot in sorted(self.slots)}

    def blueprint(self) -> list[dict[str, Any]]:
        """Return the network as a list of plain dicts: the layers in order, then the loss.

        Every layer has `kind`, its settings, `inputs`, `units`, `layer` (its word in the random counter) and `arrays`
        (role, name, offset, rows, columns, group, rate, decay); a residual has `chain`.
        """
        return blueprint_of(self)

    @classmethod
    def from_blueprint(cls, blueprint: Sequence[Mapping[str, Any]]) -> "Network":
        """Return the network that a blueprint describes; the inverse of `blueprint`."""
        return cls(**read_back(blueprint))


def _empty(layers: Sequence[Layer]) -> list[Arrays]:
    return [{"chain": _empty(layer.layers)} if isinstance(layer, Residual) else {} for layer in layers]
