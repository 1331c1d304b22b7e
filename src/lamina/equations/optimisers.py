"""The optimisers: one frozen dataclass each, and the table of them.

Every rule answers one question: in which direction do the parameters move? `direction(memory, grad, t)` moves the
memory in place (one array of the size of the parameters for each name in `remembers`) and returns d. The step is then
the same for all (`verbs.update`):

    p -= rate * factor * (d + weight_decay * decay_factor * p)

with the factors of the parameter's group. That decay is decoupled: it does not pass through the memory (Loshchilov and
Hutter 2019). `t` counts the steps from 1. Gradients longer than `clip_norm` are first shortened to that length.

Most rules move each number by itself. One that needs to see a matrix whole has `matrix_direction` besides, for the
hidden matrices (`Network.hidden_matrices`); it takes and returns matrices.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.equations.types import Array, Optimiser


@dataclass(frozen=True, kw_only=True)
class _Common:
    weight_decay: float = 0.0
    clip_norm: float | None = None


@dataclass(frozen=True, kw_only=True)
class GradientDescent(_Common):
    """d = g: the lecture's rule."""

    kind: ClassVar[str] = "gradient_descent"
    remembers: ClassVar[tuple[str, ...]] = ()

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        return grad


@dataclass(frozen=True, kw_only=True)
class Momentum(_Common):
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
class Nesterov(_Common):
    """v = beta1 v + g; d = g + beta1 v: the gradient seen from one step ahead (Sutskever et al. 2013)."""

    kind: ClassVar[str] = "nesterov"
    remembers: ClassVar[tuple[str, ...]] = ("v",)
    beta1: float = 0.9

    def direction(self, memory: Array, grad: Array, t: int) -> Array:
        (v,) = memory
        v[:] = self.beta1 * v + grad
        return grad + self.beta1 * v


@dataclass(frozen=True, kw_only=True)
class RMSProp(_Common):
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
class Adam(_Common):
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
class Lion(_Common):
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


NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # a, b, c


def orthogonalised(M: Array, iterations: int) -> Array:
    """X = a X + (b A + c A^2) X with A = X X^T, again and again, from a matrix of length 1 at most.

    Every singular value s becomes a s + b s^3 + c s^5; those that are not tiny settle between 0.7 and 1.2, and the
    singular vectors stay. So U S V^T becomes about U V^T, the nearest matrix whose rows (or columns) are orthogonal.

    Parameters
    ----------
    M : array, shape (rows, columns)
    iterations : int
    """
    a, b, c = NEWTON_SCHULZ
    wide = M.shape[0] <= M.shape[1]  # A is of the shorter side
    X = M if wide else M.T
    for _ in range(iterations):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X if wide else X.T


@dataclass(frozen=True, kw_only=True)
class Muon(AdamW):
    """AdamW, but for hidden matrices: momentum, made orthogonal (Jordan 2024).

    v = momentum v + g;  u = g + momentum v;  X = u / max(||u||, epsilon)
    d = 0.2 sqrt(max(rows, columns)) orthogonalised(X)

    So every direction of a matrix is learned at the same pace, however small its gradients. With the factor in front,
    the entries of d are as large as AdamW's, and its learning rates and decay carry over (Liu et al. 2025). First
    and last things are AdamW's: the last linear layer, embeddings, biases, scales. On tables: arXiv 2604.15297.
    """

    kind: ClassVar[str] = "muon"
    momentum: float = 0.95
    iterations: int = 5

    def matrix_direction(self, memory: Array, grad: Array, t: int) -> Array:
        """Return d for the gradient of a matrix, (rows, columns); memory is (2, rows, columns), and s stays 0."""
        v, _ = memory
        v[:] = self.momentum * v + grad
        u = grad + self.momentum * v
        X = u / max(float(np.linalg.norm(u)), self.epsilon)
        return 0.2 * max(u.shape) ** 0.5 * orthogonalised(X, self.iterations)


OPTIMISERS: dict[str, type[Optimiser]] = {
    rule.kind: rule for rule in (GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW, Lion, Muon)
}
