"""The optimisers: one frozen dataclass each, and the table of them.

Every rule answers one question: in which direction do the parameters move? `direction(memory, grad, t)` moves the
memory in place (one array of the size of the parameters for each name in `remembers`) and returns d. The step is then
the same for all (`verbs.update`):

    p -= rate * factor * (d + weight_decay * decay_factor * p)

with the factors of the parameter's group. That decay is decoupled: it does not pass through the memory (Loshchilov and
Hutter 2019). `t` counts the steps from 1. Gradients longer than `clip_norm` are first shortened to that length. After
the step, denormal numbers in the memory are forgotten (`forget_traces`). A rule that must see the hidden
matrices whole (`Network.hidden_matrices`) has `matrix_direction` for them besides.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.equations.orthogonal import OrthogonalMomentum
from lamina.equations.types import Array, Optimiser, OptimiserSettings


@dataclass(frozen=True, kw_only=True)
class GradientDescent(OptimiserSettings):
    """d = g: the lecture's rule."""

    kind: ClassVar[str] = "gradient_descent"
    remembers: ClassVar[tuple[str, ...]] = ()

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        return grad


@dataclass(frozen=True, kw_only=True)
class Momentum(OptimiserSettings):
    """v = beta1 v + (1 - dampening) g; d = v. With `dampening=beta1` it is the course's average of gradients."""

    kind: ClassVar[str] = "momentum"
    remembers: ClassVar[tuple[str, ...]] = ("v",)
    beta1: float = 0.9
    dampening: float = 0.0

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        (v,) = memory
        v[:] = self.beta1 * v + (1 - self.dampening) * grad
        return v


@dataclass(frozen=True, kw_only=True)
class Nesterov(OptimiserSettings):
    """v = beta1 v + g; d = g + beta1 v: the gradient seen from one step ahead (Sutskever et al. 2013)."""

    kind: ClassVar[str] = "nesterov"
    remembers: ClassVar[tuple[str, ...]] = ("v",)
    beta1: float = 0.9

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        (v,) = memory
        v[:] = self.beta1 * v + grad
        return grad + self.beta1 * v


@dataclass(frozen=True, kw_only=True)
class RMSProp(OptimiserSettings):
    """s = beta2 s + (1 - beta2) g^2; d = g / (sqrt(s) + epsilon) (Tieleman and Hinton 2012)."""

    kind: ClassVar[str] = "rmsprop"
    remembers: ClassVar[tuple[str, ...]] = ("s",)
    beta2: float = 0.99
    epsilon: float = 1e-8

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        (s,) = memory
        s[:] = self.beta2 * s + (1 - self.beta2) * grad * grad
        return grad / (np.sqrt(s) + self.epsilon)


@dataclass(frozen=True, kw_only=True)
class Adam(OptimiserSettings):
    """Averages of g and g^2, corrected for their start at zero (Kingma and Ba 2015):

    v = beta1 v + (1 - beta1) g             v_corrected = v / (1 - beta1^t)
    s = beta2 s + (1 - beta2) g^2           s_corrected = s / (1 - beta2^t)
    d = v_corrected / (sqrt(s_corrected) + epsilon)

    with the lecture's names; the paper calls v m, and s v.
    """

    kind: ClassVar[str] = "adam"
    remembers: ClassVar[tuple[str, ...]] = ("v", "s")
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        v, s = memory
        v[:] = self.beta1 * v + (1 - self.beta1) * grad
        s[:] = self.beta2 * s + (1 - self.beta2) * grad * grad
        v_corrected = v / (1 - self.beta1**t)
        s_corrected = s / (1 - self.beta2**t)
        return v_corrected / (np.sqrt(s_corrected) + self.epsilon)


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay switched on (Loshchilov and Hutter 2019)."""

    kind: ClassVar[str] = "adamw"
    weight_decay: float = 0.01


@dataclass(frozen=True, kw_only=True)
class Lion(OptimiserSettings):
    """d = sign(beta1 v + (1 - beta1) g), then v = beta2 v + (1 - beta2) g (Chen et al. 2023)."""

    kind: ClassVar[str] = "lion"
    remembers: ClassVar[tuple[str, ...]] = ("v",)
    beta1: float = 0.9
    beta2: float = 0.99

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        (v,) = memory
        d = np.sign(self.beta1 * v + (1 - self.beta1) * grad)
        v[:] = self.beta2 * v + (1 - self.beta2) * grad
        return d


@dataclass(frozen=True, kw_only=True)
class Muon(OrthogonalMomentum, AdamW):
    """AdamW, but for hidden matrices: momentum, made orthogonal (Jordan 2024). On tables: arXiv 2604.15297."""

    kind: ClassVar[str] = "muon"


def forget_traces(memory: Array) -> None:
    """Set to 0, in place, what has faded below the smallest normal number (1.2e-38 in single precision).

    An average of gradients that are 0, of a dead unit or a rare category, falls by the same factor in every step:
    after some 800 steps of beta = 0.9 it is a denormal number and, because 0.9 * 4 rounds to 4, would stay one for
    good. A processor takes up to a hundred times longer for those.
    A step feels it where gradients below 3.4e-18 (0.001 g^2 is denormal) meet an epsilon as small, and in Lion's sign.
    """
    memory[np.abs(memory) < np.finfo(memory.dtype).tiny] = 0


OPTIMISERS: dict[str, type[Optimiser]] = {
    rule.kind: rule for rule in (GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW, Lion, Muon)
}
