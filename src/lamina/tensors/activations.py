"""The activations g and their derivatives g' for tensors; equations/activations.py says what each is.

Plain numbers stand where a kernel takes them as they are (`clamp`, `masked_fill`): `torch.where` would first send them
to the device, and a step that is recorded may not wait for that.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from lamina.equations.activations import INV_SQRT_2PI, LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE, SQRT_HALF


def identity(Z: Tensor) -> Tensor:
    return Z


def d_identity(Z: Tensor, A: Tensor) -> Tensor:
    return torch.ones_like(Z)


def sigmoid(Z: Tensor) -> Tensor:
    return torch.sigmoid(Z)


def d_sigmoid(Z: Tensor, A: Tensor) -> Tensor:
    return A * (1 - A)


def tanh(Z: Tensor) -> Tensor:
    return torch.tanh(Z)


def d_tanh(Z: Tensor, A: Tensor) -> Tensor:
    return 1 - A * A


def relu(Z: Tensor) -> Tensor:
    return Z.clamp(min=0)


def d_relu(Z: Tensor, A: Tensor) -> Tensor:
    return (Z > 0).to(Z.dtype)


def leaky_relu(Z: Tensor) -> Tensor:
    return torch.where(Z > 0, Z, LEAKY_SLOPE * Z)


def d_leaky_relu(Z: Tensor, A: Tensor) -> Tensor:
    return torch.full_like(Z, LEAKY_SLOPE).masked_fill(Z > 0, 1)


def elu(Z: Tensor) -> Tensor:
    return torch.where(Z > 0, Z, torch.expm1(Z.clamp(max=0)))


def d_elu(Z: Tensor, A: Tensor) -> Tensor:
    return (A + 1).masked_fill(Z > 0, 1)


def selu(Z: Tensor) -> Tensor:
    low = Z.clamp(max=torch.finfo(Z.dtype).max / 2)  # SCALE times the largest number would overflow
    return SELU_SCALE * torch.where(Z > 0, low, SELU_ALPHA * torch.expm1(Z.clamp(max=0)))


def d_selu(Z: Tensor, A: Tensor) -> Tensor:
    return (A + SELU_SCALE * SELU_ALPHA).masked_fill(Z > 0, SELU_SCALE)


def gelu(Z: Tensor) -> Tensor:
    return Z * (0.5 * (1 + torch.erf(Z * SQRT_HALF)))


def d_gelu(Z: Tensor, A: Tensor) -> Tensor:
    near = Z.clamp(-40, 40)  # phi(40) is 0 in double precision; Z * Z must not overflow
    return 0.5 * (1 + torch.erf(Z * SQRT_HALF)) + near * (INV_SQRT_2PI * torch.exp(-0.5 * near * near))


def silu(Z: Tensor) -> Tensor:
    return Z * torch.sigmoid(Z)


def d_silu(Z: Tensor, A: Tensor) -> Tensor:
    return torch.sigmoid(Z) + A * torch.sigmoid(-Z)


def softplus(Z: Tensor) -> Tensor:
    return Z.clamp(min=0) + torch.log1p(torch.exp(-Z.abs()))


def d_softplus(Z: Tensor, A: Tensor) -> Tensor:
    return torch.sigmoid(Z)


def mish(Z: Tensor) -> Tensor:
    return Z * torch.tanh(softplus(Z))


def d_mish(Z: Tensor, A: Tensor) -> Tensor:
    t = torch.tanh(softplus(Z))
    return t + Z.clamp(-100, 100) * (1 - t * t) * torch.sigmoid(Z)


def hard_swish(Z: Tensor) -> Tensor:
    return Z * ((Z + 3).clamp(0, 6) / 6)


def d_hard_swish(Z: Tensor, A: Tensor) -> Tensor:
    return (Z.clamp(-3, 3) / 3 + 0.5).masked_fill(Z <= -3, 0).masked_fill(Z >= 3, 1)


class Pair(NamedTuple):
    """One row of the table: g and g'."""

    g: Callable[[Tensor], Tensor]  # Z -> A
    dg: Callable[[Tensor, Tensor], Tensor]  # Z, A -> g'(Z)


ACTIVATIONS: dict[str, Pair] = {
    "identity": Pair(identity, d_identity),
    "sigmoid": Pair(sigmoid, d_sigmoid),
    "tanh": Pair(tanh, d_tanh),
    "relu": Pair(relu, d_relu),
    "leaky_relu": Pair(leaky_relu, d_leaky_relu),
    "elu": Pair(elu, d_elu),
    "selu": Pair(selu, d_selu),
    "gelu": Pair(gelu, d_gelu),
    "silu": Pair(silu, d_silu),
    "mish": Pair(mish, d_mish),
    "softplus": Pair(softplus, d_softplus),
    "hard_swish": Pair(hard_swish, d_hard_swish),
}
