"""The places of a network in the order of the way forward, with the names that a walk gives their arrays."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lamina.equations.dropout import Dropout
from lamina.equations.layers import Residual
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.slots import Names, Path
from lamina.equations.types import Layer
from lamina.equations.walk import Passed, walk
from lamina.glassbox.site import Site


class Sites(NamedTuple):
    """Every place, and the names of the last arrays."""

    chain: tuple[Site, ...]  # the outermost layers; those inside a residual are in its `chain`
    Z: str  # Z[L]
    A: str  # A[L]

    @property
    def every(self) -> tuple[Site, ...]:
        """All places, those inside a residual before it."""
        return tuple(_flat(self.chain))


def sites_of(network: Network, training: bool) -> Sites:
    """Return the places of a network.

    Parameters
    ----------
    network : Network
    training : bool
        Whether dropout draws and batch normalisation looks at the batch.
    """
    rows = np.zeros((network.n_inputs, network.members))  # names do not depend on numbers: one example tells them
    there = walk(network, np.zeros(network.size), rows, key=Key(0, 0) if training else None)
    passed = {at.path: at for at in there.layers}
    name, masks = Names(), {}
    for at in there.layers:
        if isinstance(at.layer, Dropout) and training:
            masks[at.path] = name("D", at.number)
    chain = tuple(_chain(network, network.layers, (), "A0", network.n_inputs, passed, masks, training))
    return Sites(chain, there.layers[-1].name, list(there.named())[-1])


def _chain(
    network: Network,
    layers: Sequence[Layer],
    path: Path,
    before: str,
    n: int,
    passed: dict[Path, Passed],
    masks: dict[Path, str],
    training: bool,
) -> Iterator[Site]:
    own: dict[Path, dict[str, str]] = {}
    for slot in network.slots:
        own.setdefault(slot.path, {})[slot.role] = slot.name
    for i, layer in enumerate(layers):
        here = (*path, i)
        at, units = passed[here], layer.width(n)
        inner: tuple[Site, ...] = ()
        if isinstance(layer, Residual):
            inner = tuple(_chain(network, layer.layers, here, before, n, passed, masks, training))
        mask = masks.get(here, "")
        yield Site(layer, at.number, before, at.name, own.get(here, {}), mask, n, units, training, inner)
        before, n = at.name, units


def _flat(chain: Sequence[Site]) -> Iterator[Site]:
    for site in chain:
        yield from _flat(site.chain)
        yield site
