"""The losses for tensors: A[L], the loss of each example and dZ[L] from Z[L]; equations/losses.py says what each is.

A loss holds the settings of its row in the equations. Z is (units, m), Y is (targets, m).
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

# The largest Z whose e^Z is finite; the logarithm may have been rounded up.
TOPS = {
    torch.float32: float(np.nextafter(np.log(np.finfo(np.float32).max), np.float32(0))),
    torch.float64: float(np.nextafter(np.log(np.finfo(np.float64).max), 0.0)),
}


class _Loss:
    def __init__(self, settings: Any) -> None:
        self.settings = settings


class _Identity(_Loss):
    def output(self, Z: Tensor) -> Tensor:
        return Z


class _Exp(_Loss):
    def output(self, Z: Tensor) -> Tensor:
        return torch.exp(Z.clamp(max=TOPS[Z.dtype]))


class BinaryLogLoss(_Loss):
    def smooth(self, Y: Tensor) -> Tensor:
        s = self.settings.label_smoothing
        return Y if s == 0 else Y * (1 - s) + s / 2

    def output(self, Z: Tensor) -> Tensor:
        return torch.sigmoid(Z)

    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (Z.clamp(min=0) - self.smooth(Y) * Z + torch.log1p(torch.exp(-Z.abs()))).mean(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (torch.sigmoid(Z) - self.smooth(Y)) / len(Z)


class CategoricalLogLoss(_Loss):
    def smooth(self, Y: Tensor) -> Tensor:
        s = self.settings.label_smoothing
        return Y if s == 0 else Y * (1 - s) + s / len(Y)

    def output(self, Z: Tensor) -> Tensor:
        e = torch.exp(_below_top(Z))
        return e / e.sum(dim=0)

    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        Z = _below_top(Z)
        log_sum = torch.log(torch.exp(Z).sum(dim=0))
        return (self.smooth(Y) * (log_sum - Z)).sum(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        Y = self.smooth(Y)
        return self.output(Z) * Y.sum(dim=0) - Y


def _below_top(Z: Tensor) -> Tensor:
    """Z - max Z over the units, held at the largest finite number."""
    return (Z - Z.amax(dim=0)).clamp(min=-torch.finfo(Z.dtype).max)


class SquaredError(_Identity):
    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        return 0.5 * ((Z - Y) ** 2).mean(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (Z - Y) / len(Z)


class AbsoluteError(_Identity):
    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (Z - Y).abs().mean(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        return torch.sign(Z - Y) / len(Z)


class Huber(_Identity):
    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        far = (Z - Y).abs()
        near = far.clamp(max=self.settings.delta)
        return (near * (far - 0.5 * near)).mean(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        delta = self.settings.delta
        return (Z - Y).clamp(-delta, delta) / len(Z)


class Quantile(_Identity):
    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        parts = [torch.maximum(q * missed, (q - 1) * missed) for q, missed in self._missed(Z, Y)]
        return torch.stack(parts, dim=1).flatten(0, 1).mean(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        parts = [
            torch.zeros_like(missed).masked_fill(missed > 0, -q).masked_fill(missed < 0, 1 - q)
            for q, missed in self._missed(Z, Y)
        ]
        return torch.stack(parts, dim=1).flatten(0, 1) / len(Z)

    def _missed(self, Z: Tensor, Y: Tensor) -> list[tuple[float, Tensor]]:
        """Return every q with its Y - Z, (targets, m): the units are all quantiles of target 1 first."""
        quantiles = self.settings.quantiles
        of_targets = Z.reshape(len(Y), len(quantiles), -1)
        return [(q, Y - of_targets[:, k]) for k, q in enumerate(quantiles)]


class Poisson(_Exp):
    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (torch.xlogy(Y, Y) - Y * Z - Y + self.output(Z)).mean(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (self.output(Z) - Y) / len(Z)


class Gamma(_Exp):
    def losses(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (Z - torch.log(Y) + Y * self.output(-Z) - 1).mean(dim=0)

    def dZ(self, Z: Tensor, Y: Tensor) -> Tensor:
        return (1 - Y * self.output(-Z)) / len(Z)


LOSSES: dict[str, type[Any]] = {
    "binary_log_loss": BinaryLogLoss,
    "categorical_log_loss": CategoricalLogLoss,
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
}
