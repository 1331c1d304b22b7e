"""The losses: output function, cost and dZ of the last layer, kept together so that they are stable, and the table.

The last layer gives Z[L]; the loss owns the output function `A[L] = output(Z[L])`. Working on Z keeps the pair stable:
for the sigmoid and log loss, `dA[L] * g'(Z[L]) = (-(Y/A) + (1-Y)/(1-A)) * A (1-A)` is just `A - Y`, with no log of 0.

Here are the lecture's, for classes; those for numbers are in regression_losses.py. types.py says what each promises.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.equations.activations import sigmoid
from lamina.equations.regression_losses import AbsoluteError as AbsoluteError
from lamina.equations.regression_losses import Gamma as Gamma
from lamina.equations.regression_losses import Huber as Huber
from lamina.equations.regression_losses import Poisson as Poisson
from lamina.equations.regression_losses import Quantile as Quantile
from lamina.equations.regression_losses import SquaredError as SquaredError
from lamina.equations.types import Array, OneUnitPerTarget
from lamina.equations.types import Loss as Loss


@dataclass(frozen=True)
class BinaryLogLoss(OneUnitPerTarget):
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

    def sample_targets(self, rng: np.random.Generator, m: int, k: int) -> Array:
        return rng.integers(2, size=(m, k)).astype(np.float64)


@dataclass(frozen=True)
class CategoricalLogLoss(OneUnitPerTarget):
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

    def sample_targets(self, rng: np.random.Generator, m: int, k: int) -> Array:
        return np.eye(k)[rng.integers(k, size=m)]


def _below_top(Z: Array) -> Array:
    """Z - max Z over the units, held at the largest finite number."""
    with np.errstate(over="ignore"):
        return np.maximum(Z - Z.max(axis=0), -np.finfo(Z.dtype).max)


LOSSES: dict[str, type[Loss]] = {
    loss.kind: loss
    for loss in (BinaryLogLoss, CategoricalLogLoss, SquaredError, AbsoluteError, Huber, Quantile, Poisson, Gamma)
}
