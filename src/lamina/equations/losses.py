"""The losses: output function, cost and dZ of the last layer, kept together so that they are stable, and the table.

The last layer gives Z[L]; the loss owns the output function `A[L] = output(Z[L])`. Working on Z keeps the pair stable:
for the sigmoid and log loss, `dA[L] * g'(Z[L]) = (-(Y/A) + (1-Y)/(1-A)) * A (1-A)` is just `A - Y`, with no log of 0.

Each loss is a frozen dataclass with

    units(targets)  how many units the last layer needs for this many target columns
    output(Z)       A[L]                                        (units, m)
    link(A)         a Z whose output is A                       (units, m)
    losses(Z, Y)    L_i of every example, averaged over outputs (m,)
    dZ(Z, Y)        the derivative of L_i by Z[L]               (units, m)

The cost is J = (1/m) sum of w_i L_i; the weights and the 1/m stand in network.py and layers.py, as in the lecture.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from scipy.special import xlogy

from lamina.equations.activations import sigmoid
from lamina.equations.types import Array


class Loss(Protocol):
    """What the network asks of a loss."""

    kind: ClassVar[str]
    output_name: ClassVar[str]

    def units(self, targets: int) -> int: ...
    def output(self, Z: Array) -> Array: ...
    def link(self, A: Array) -> Array: ...
    def losses(self, Z: Array, Y: Array) -> Array: ...
    def dZ(self, Z: Array, Y: Array) -> Array: ...


class _OneUnitPerTarget:
    def units(self, targets: int) -> int:
        return targets


class _Identity(_OneUnitPerTarget):
    output_name: ClassVar[str] = "identity"

    def output(self, Z: Array) -> Array:
        return Z

    def link(self, A: Array) -> Array:
        return A


class _Exp(_OneUnitPerTarget):
    output_name: ClassVar[str] = "exp"

    def output(self, Z: Array) -> Array:
        """e^Z, held just below the largest finite number."""
        top = np.nextafter(np.log(np.finfo(Z.dtype).max), 0)  # the logarithm may have been rounded up
        return np.exp(np.minimum(Z, top))

    def link(self, A: Array) -> Array:
        return np.log(np.maximum(A, np.finfo(A.dtype).tiny))


@dataclass(frozen=True)
class BinaryLogLoss(_OneUnitPerTarget):
    """-(Y log A + (1-Y) log(1-A)) on a sigmoid; with several units, one yes-or-no question each (multi-label)."""

    kind: ClassVar[str] = "binary_log_loss"
    output_name: ClassVar[str] = "sigmoid"
    label_smoothing: float = 0.0

    def smooth(self, Y: Array) -> Array:
        """Y (1 - s) + s/2."""
        return Y if self.label_smoothing == 0 else Y * (1 - self.label_smoothing) + self.label_smoothing / 2

    def output(self, Z: Array) -> Array:
        return sigmoid(Z)

    def link(self, A: Array) -> Array:
        """log(A / (1 - A)), of an A held off 0 and 1 by what the type can tell."""
        near = np.finfo(A.dtype).eps
        A = np.clip(A, near, 1 - near)
        return np.asarray(np.log(A / (1 - A)))

    def losses(self, Z: Array, Y: Array) -> Array:
        """max(Z, 0) - Y Z + log(1 + e^-|Z|): the log loss written in Z, which neither overflows nor loses digits."""
        return np.mean(np.maximum(Z, 0) - self.smooth(Y) * Z + np.log1p(np.exp(-np.abs(Z))), axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        return (sigmoid(Z) - self.smooth(Y)) / len(Z)


@dataclass(frozen=True)
class CategoricalLogLoss(_OneUnitPerTarget):
    """-sum of Y log A over the classes, on a softmax; Y is one-hot."""

    kind: ClassVar[str] = "categorical_log_loss"
    output_name: ClassVar[str] = "softmax"
    label_smoothing: float = 0.0

    def smooth(self, Y: Array) -> Array:
        """Y (1 - s) + s/K (Szegedy et al. 2016)."""
        return Y if self.label_smoothing == 0 else Y * (1 - self.label_smoothing) + self.label_smoothing / len(Y)

    def output(self, Z: Array) -> Array:
        e = np.exp(_below_top(Z))
        return np.asarray(e / e.sum(axis=0))

    def link(self, A: Array) -> Array:
        return np.log(np.maximum(A, np.finfo(A.dtype).eps))

    def losses(self, Z: Array, Y: Array) -> Array:
        """log(sum e^Z) sum(Y) - sum(Y Z)."""
        Z = _below_top(Z)  # the loss does not change, and no e^Z overflows
        log_sum = np.log(np.exp(Z).sum(axis=0))
        return np.sum(self.smooth(Y) * (log_sum - Z), axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        Y = self.smooth(Y)
        return self.output(Z) * Y.sum(axis=0) - Y


def _below_top(Z: Array) -> Array:
    """Z - max Z over the units, held at the largest finite number."""
    with np.errstate(over="ignore"):
        return np.maximum(Z - Z.max(axis=0), -np.finfo(Z.dtype).max)


@dataclass(frozen=True)
class SquaredError(_Identity):
    """(A - Y)^2 / 2, averaged over the outputs: the gradient is that of the very same cost."""

    kind: ClassVar[str] = "squared_error"

    def losses(self, Z: Array, Y: Array) -> Array:
        return 0.5 * np.mean((Z - Y) ** 2, axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        return (Z - Y) / len(Z)


@dataclass(frozen=True)
class AbsoluteError(_Identity):
    """|A - Y|: its minimum is the median."""

    kind: ClassVar[str] = "absolute_error"

    def losses(self, Z: Array, Y: Array) -> Array:
        return np.mean(np.abs(Z - Y), axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        return np.sign(Z - Y) / len(Z)


@dataclass(frozen=True)
class Huber(_Identity):
    """(A - Y)^2 / 2 within delta, delta (|A - Y| - delta/2) beyond (Huber 1964)."""

    kind: ClassVar[str] = "huber"
    delta: float = 1.0

    def losses(self, Z: Array, Y: Array) -> Array:
        far = np.abs(Z - Y)
        near = np.minimum(far, self.delta)
        return np.mean(near * (far - 0.5 * near), axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        return np.clip(Z - Y, -self.delta, self.delta) / len(Z)


@dataclass(frozen=True)
class Quantile(_Identity):
    """The pinball loss max(q (Y - A), (q - 1) (Y - A)): its minimum is the q-quantile (Koenker and Bassett 1978).

    With several quantiles the last layer has targets x quantiles units, all quantiles of target 1 first.
    """

    kind: ClassVar[str] = "quantile"
    quantiles: tuple[float, ...] = (0.5,)

    def units(self, targets: int) -> int:
        return targets * len(self.quantiles)

    def _spread(self, Z: Array, Y: Array) -> tuple[Array, Array]:
        Y = np.repeat(Y, len(self.quantiles), axis=0)  # (units, m)
        q = np.tile(np.asarray(self.quantiles, Z.dtype), len(Y) // len(self.quantiles))[:, None]  # (units, 1)
        return Y - Z, q

    def losses(self, Z: Array, Y: Array) -> Array:
        missed, q = self._spread(Z, Y)
        return np.mean(np.maximum(q * missed, (q - 1) * missed), axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        missed, q = self._spread(Z, Y)
        return np.where(missed > 0, -q, np.where(missed < 0, 1 - q, 0)).astype(Z.dtype) / Z.dtype.type(len(Z))


@dataclass(frozen=True)
class Poisson(_Exp):
    """Half the Poisson deviance, Y log(Y/A) - (Y - A), with A = e^Z; for counts."""

    kind: ClassVar[str] = "poisson"

    def losses(self, Z: Array, Y: Array) -> Array:
        return np.mean(xlogy(Y, Y) - Y * Z - Y + self.output(Z), axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        return (self.output(Z) - Y) / len(Z)


@dataclass(frozen=True)
class Gamma(_Exp):
    """Half the Gamma deviance, log(A/Y) + Y/A - 1, with A = e^Z; for positive amounts."""

    kind: ClassVar[str] = "gamma"

    def losses(self, Z: Array, Y: Array) -> Array:
        return np.mean(Z - np.log(Y) + Y * self.output(-Z) - 1, axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        return (1 - Y * self.output(-Z)) / len(Z)


LOSSES: dict[str, type[Loss]] = {
    loss.kind: loss
    for loss in (
        BinaryLogLoss,
        CategoricalLogLoss,
        SquaredError,
        AbsoluteError,
        Huber,
        Quantile,
        Poisson,
        Gamma,
    )
}
