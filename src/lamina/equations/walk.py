"""One walk through a network and back, which keeps what the lecture names: A0, Z1, A1, ..., dZ2, dW2, db2, dA1, ...

An error message, an explanation, a gradient check and a picture read a walk. Training (verbs.py) takes the same steps,
and keeps no more of them than it needs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lamina.computed_once import cached_property
from lamina.equations.affine import Affine
from lamina.equations.layers import Activation, Residual, chain_backward, chain_forward
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.scales import ParametricActivation
from lamina.equations.slots import Names, Path
from lamina.equations.types import Array, Arrays, Layer


class Passed(NamedTuple):
    """What a walk knows of one layer."""

    layer: Layer
    path: Path
    number: int  # the lecture's l
    name: str  # of what the layer gives: "Z1", "A1"
    A: Array  # what it gives, (units, m)
    cache: Arrays
    dA: Array | None  # the derivative by A; None without a walk back
    grads: Arrays  # by role: {"W": dW, "b": db}; those of a residual are its inner layers'


@dataclass(frozen=True)
class Walk:
    """A way through a network: what `walk` returns."""

    network: Network
    p: list[Arrays]  # the parameters, per layer
    A: list[Array]  # A[0], then what each layer gives, up to Z[L]; each (units, m)
    caches: list[Arrays]  # what each layer kept for its way back
    dA: list[Array]  # the derivatives by the same arrays; empty without a walk back

    @property
    def Z(self) -> Array:
        """Z[L], from which the loss makes A[L]."""
        return self.A[-1]

    @cached_property
    def layers(self) -> list[Passed]:
        """Every layer with its gradients, in the order of the way forward; those inside a residual before it."""
        name = Names()
        name("A", 0)  # is A[0]
        chain = self.network.layers, self.p, self.A, self.caches, self.dA
        return list(_passed(*chain, (), "A", self.network.numbers, name))

    def named(self) -> dict[str, Array]:
        """Return every array by the lecture's name, in the order in which they are computed.

        What a layer gives is a Z between a Linear and its activation, else an A; D is what dropout keeps. A second
        array of one name gets an ending: `A1_2` is A1 after dropout. A[L] is what the loss makes of the last Z.
        """
        name = Names()
        found = {name("A", 0): self.A[0]}
        for at in self.layers:
            if "D" in at.cache:
                found[name("D", at.number)] = at.cache["D"]
            found[name(at.name[0], at.number)] = at.A  # at.name
        found[name("A", self.layers[-1].number)] = self.network.loss.output(self.Z)
        if self.dA:
            found |= self._derivatives(self.dA[0])
        return found

    def _derivatives(self, dA0: Array) -> dict[str, Array]:
        found = {}
        slot_of = {(slot.path, slot.role): slot for slot in self.network.slots}
        for at in reversed(self.layers):
            if at.dA is not None:
                found[f"d{at.name}"] = at.dA
            for role, grad in at.grads.items():
                if (slot := slot_of[at.path, role]).group != "statistics":  # whose "gradient" is a step
                    found[f"d{slot.name}"] = grad
        return found | {"dA0": dA0}


def walk(
    network: Network,
    params: Array,
    A0: Array,
    dZ_of: Callable[[Array], Array] | None = None,
    key: Key | None = None,
) -> Walk:
    """Take A[0] through a network, and back where the start of the way back is known.

    Parameters
    ----------
    network : Network
    params : array, shape (network.size,)
    A0 : array, shape (n_inputs, m)
        With several members every example once for each (`members.for_members`).
    dZ_of : function, optional
        From Z[L] to dZ[L], both (units, m): of the loss, or of whatever else is asked about.
    key : Key, optional
        Places the draws of dropout; None as when predicting.
    """
    p = network.views(params)
    A, caches = chain_forward(network.layers, p, A0, key)
    dA = [] if dZ_of is None else chain_backward(network.layers, p, dZ_of(A[-1]), caches)
    return Walk(network, p, A, caches, dA)


def _passed(
    layers: Sequence[Layer],
    p: Sequence[Arrays],
    A: Sequence[Array],
    caches: Sequence[Arrays],
    dA: Sequence[Array],
    path: Path,
    letter: str,  # "Z" or "A": what went in
    numbers: Mapping[Path, int],
    name: Names,
) -> Iterator[Passed]:
    for i, layer in enumerate(layers):
        here, cache, dA_i = (*path, i), caches[i], dA[i + 1] if dA else None
        grads: Arrays = {}
        if isinstance(layer, Residual):
            inner = layer.layers, p[i]["chain"], cache["A"], cache["chain"]
            back = [] if dA_i is None else chain_backward(inner[0], inner[1], dA_i, inner[3])
            yield from _passed(*inner, back, here, letter, numbers, name)
        elif dA_i is not None:
            grads = layer.gradients(p[i], dA_i, cache)
        letter = "Z" if isinstance(layer, Affine) else "A" if isinstance(layer, MAKE_A) else letter
        yield Passed(layer, here, numbers[here], name(letter, numbers[here]), A[i + 1], cache, dA_i, grads)


MAKE_A = Activation, ParametricActivation, Residual  # all others, but Linear, give what they got: a Z or an A
