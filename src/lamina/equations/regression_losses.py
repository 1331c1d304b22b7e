"""The losses for numbers: of the mean, the median, quantiles, counts and positive amounts. losses.py has the table."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import xlogy

from lamina.equations.types import Array, OneUnitPerTarget


class _Identity(OneUnitPerTarget):
    output_name: ClassVar[str] = "identity"

    def output(self, Z: Array) -> Array:
        return Z

    def link(self, A: Array) -> Array:
        return A


class _Exp(OneUnitPerTarget):
    output_name: ClassVar[str] = "exp"

    def output(self, Z: Array) -> Array:
        """e^Z, held just below the largest finite number."""
        top = np.nextafter(np.log(np.finfo(Z.dtype).max), 0)  # the logarithm may have been rounded up
        return np.exp(np.minimum(Z, top))

    def link(self, A: Array) -> Array:
        return np.log(np.maximum(A, np.finfo(A.dtype).tiny))


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

    def sample_targets(self, rng: np.random.Generator, m: int, k: int) -> Array:
        return rng.poisson(2, (m, k)).astype(np.float64)


@dataclass(frozen=True)
class Gamma(_Exp):
    """Half the Gamma deviance, log(A/Y) + Y/A - 1, with A = e^Z; for positive amounts."""

    kind: ClassVar[str] = "gamma"

    def losses(self, Z: Array, Y: Array) -> Array:
        return np.mean(Z - np.log(Y) + Y * self.output(-Z) - 1, axis=0)

    def dZ(self, Z: Array, Y: Array) -> Array:
        return (1 - Y * self.output(-Z)) / len(Z)

    def sample_targets(self, rng: np.random.Generator, m: int, k: int) -> Array:
        return rng.gamma(2.0, size=(m, k))
