"""Where the arrays of the layers lie within the flat vector, what they are called, and the numbers of the layers.

The one rule for layer numbers, inside residuals too: a Linear starts a new number l, as in the lecture; what follows it
(normalisation, activation, dropout) has the same number, what stands before the first has 0. A residual has the number
of the last layer inside it.

The vector holds the groups one after the other: weights (matrices), biases and scales (vectors), statistics (running
values, not trained). So decay, clipping, averaging over workers, saving and finite differences are each one slice.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lamina.equations.affine import Affine
from lamina.equations.layers import Residual
from lamina.equations.types import Layer, Shape

Path = tuple[int, ...]  # position of a layer; longer inside a Residual


class Group(NamedTuple):
    """What the optimiser's rate and decay are multiplied by for one group of parameters."""

    rate: float
    decay: float


GROUPS: dict[str, Group] = {
    "weights": Group(rate=1.0, decay=1.0),
    "embeddings": Group(rate=1.0, decay=0.0),
    "biases": Group(rate=1.0, decay=0.0),
    "scales": Group(rate=1.0, decay=0.0),
    "statistics": Group(rate=0.0, decay=0.0),
}


class Slot(NamedTuple):
    """One array of one layer within the flat vector."""

    path: Path
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

    @property
    def place(self) -> slice:
        """Its slice of the flat vector."""
        return slice(self.offset, self.offset + self.size)


def numbers(layers: Sequence[Layer]) -> dict[Path, int]:
    """Return the lecture's number of every layer; those inside a residual stand before it."""
    return dict(_numbered(layers, 0, ()))


def _numbered(layers: Sequence[Layer], number: int, path: Path) -> Iterator[tuple[Path, int]]:
    for i, layer in enumerate(layers):
        here = (*path, i)
        number += isinstance(layer, Affine)
        if isinstance(layer, Residual):
            for inside, number in _numbered(layer.layers, number, here):  # noqa: B020 - goes on counting
                yield inside, number
        yield here, number


class Names:
    """Gives out names made of a role and a number; the second of one name gets an ending: `s0`, `s0_2`."""

    def __init__(self) -> None:
        self._taken = Counter[str]()

    def __call__(self, role: str, number: int) -> str:
        name = f"{role}{number}"
        self._taken[name] += 1
        return name if self._taken[name] == 1 else f"{name}_{self._taken[name]}"


def slots(layers: Sequence[Layer], n_inputs: int, groups: Mapping[str, Group]) -> tuple[Slot, ...]:
    """Give every array its name and its place: group after group, within a group in the order of the layers."""
    number_of, name = numbers(layers), Names()
    arrays = [(path, role, name(role, number_of[path]), shape) for path, role, shape in _arrays(layers, n_inputs)]
    return tuple(_placed(arrays, groups))


def _arrays(layers: Sequence[Layer], n: int, path: Path = ()) -> Iterator[tuple[Path, str, Shape]]:
    """Yield the path, role and shape of every array, in the order of the layers."""
    for i, layer in enumerate(layers):
        if isinstance(layer, Residual):
            yield from _arrays(layer.layers, n, (*path, i))
        for role, shape in layer.shapes(n).items():
            yield (*path, i), role, shape
        n = layer.width(n)


def _placed(arrays: Sequence[tuple[Path, str, str, Shape]], groups: Mapping[str, Group]) -> Iterator[Slot]:
    offset = 0
    for group, (rate, decay) in groups.items():
        for path, role, name, shape in arrays:
            if shape.group == group:
                factors = rate * shape.rate, decay * shape.decay
                yield Slot(path, role, name, offset, (shape.rows, shape.columns), group, *factors)
                offset += shape.rows * shape.columns
