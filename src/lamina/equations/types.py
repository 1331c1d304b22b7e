"""The types that the equations share, and what the network asks of a layer and of a loss.

A layer is a frozen dataclass that holds settings only. Its parameters come in as `p`, a dict of named views into the
one flat vector; what the way back needs goes out as `cache`, a dict of named arrays. `dA` is per example, as in the
lecture (m times the derivative of the cost); the 1/m stands where parameters get their gradient.

    width(n)                  units that come out when n go in
    shapes(n)                 its arrays: role -> Shape (rows, columns, group)
    forward(p, A_prev, key)   -> A, cache     `key` places the random numbers; None when predicting: then dropout
                                              keeps everything and normalisation uses its running statistics
    backward(p, dA, cache)    -> dA_prev
    gradients(p, dA, cache)   -> the gradient of each of its arrays, by role: {"W": dW, "b": db}
    examples(n)               small layers of this kind that take n units, n a multiple of 3; tests run them

Groups (see slots.py): "weights" are the matrices of linear layers and the only arrays that L1, L2 and decay shrink;
"embeddings" are what columns are looked up in; "biases" and "scales" are vectors; "statistics" are not trained: their
"gradient" is the step by which the running value moves.

A loss is a frozen dataclass too, and works on Z[L]:

    units(targets)            how many units the last layer needs for this many target columns
    output(Z)                 A[L]                                        (units, m)
    link(A)                   a Z whose output is A                       (units, m)
    losses(Z, Y)              L_i of every example, averaged over outputs (m,)
    dZ(Z, Y)                  the derivative of L_i by Z[L]               (units, m)
    sample_targets(rng, m, k) random rows of k targets that suit it, (m, k): for tests

The cost is J = (1/m) sum of w_i L_i; the weights and the 1/m are in verbs.py and layers.py, as in the lecture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lamina.equations.random import Key

Array = NDArray[np.floating[Any]]  # floating point, (units, m) unless a line says otherwise
Arrays = dict[str, Any]  # named arrays; inside a Residual: {"chain": [Arrays, ...]}


class Shape(NamedTuple):
    """One array of a layer."""

    rows: int
    columns: int
    group: str
    rate: float = 1.0  # factors on the learning rate and the decay, beside those of the group
    decay: float = 1.0


class Layer(Protocol):
    """What the network asks of a layer."""

    kind: ClassVar[str]

    def width(self, n: int) -> int: ...
    def shapes(self, n: int) -> dict[str, Shape]: ...
    def forward(self, p: Arrays, A_prev: Array, key: Key | None) -> tuple[Array, Arrays]: ...
    def backward(self, p: Arrays, dA: Array, cache: Arrays) -> Array: ...
    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays: ...
    @classmethod
    def examples(cls, n: int) -> "Sequence[Layer]": ...


class SameWidth:
    """A layer that gives as many units as it gets, and has no arrays unless it says so."""

    def width(self, n: int) -> int:
        return n

    def shapes(self, n: int) -> dict[str, Shape]:
        return {}

    def gradients(self, p: Arrays, dA: Array, cache: Arrays) -> Arrays:
        return {}

    @classmethod
    def examples(cls, n: int) -> Sequence[Self]:
        return (cls(),)


class Loss(Protocol):
    """What the network asks of a loss."""

    kind: ClassVar[str]

    @property
    def output_name(self) -> str: ...
    def units(self, targets: int) -> int: ...
    def output(self, Z: Array) -> Array: ...
    def link(self, A: Array) -> Array: ...
    def losses(self, Z: Array, Y: Array) -> Array: ...
    def dZ(self, Z: Array, Y: Array) -> Array: ...
    def sample_targets(self, rng: np.random.Generator, m: int, k: int) -> Array: ...


class OneUnitPerTarget:
    """A loss with a unit of Z[L] for every target; any number is a target unless it says otherwise."""

    def units(self, targets: int) -> int:
        return targets

    def sample_targets(self, rng: np.random.Generator, m: int, k: int) -> Array:
        return rng.standard_normal((m, k))


@dataclass(frozen=True, kw_only=True)
class OptimiserSettings:
    """Settings of every optimiser."""

    weight_decay: float = 0.0
    clip_norm: float | None = None


class Optimiser(Protocol):
    """What the update asks of an optimiser."""

    kind: ClassVar[str]
    remembers: ClassVar[tuple[str, ...]]

    @property
    def weight_decay(self) -> float: ...
    @property
    def clip_norm(self) -> float | None: ...
    def direction(self, memory: Array, grad: Array, t: int) -> Array: ...
