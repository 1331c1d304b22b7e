"""Counter-based random numbers on a device: the bits of equations/random.py, for many steps at once.

Words are kept in int64: torch has few operations for uint32. A product of two words wraps around at 2**64, and its
halves are the same bits as those of an unsigned one.
"""

from typing import Any

import torch
from torch import Tensor

from lamina.equations.random import DROPOUT, ROUNDS, WEYL

LOW = 0xFFFFFFFF
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
PER_BLOCK = 8  # units that read from one block, 16 bits each


def philox(block: Tensor, layer: int, step: Tensor, stream: int, seed: int) -> Tensor:
    """Return four random words for every block of every step.

    Parameters
    ----------
    block : tensor of int64, shape (n,)
    layer, stream : int
    step : tensor of int64, shape (steps,)
        Below 2**32.
    seed : int
        Taken modulo 2**64.

    Returns
    -------
    tensor of int64, shape (steps, n, 4)
    """
    shape = len(step), len(block)
    c0, c2 = (block & LOW).expand(shape), step[:, None].expand(shape)
    c1, c3 = torch.full_like(c0, layer & LOW), torch.full_like(c0, stream & LOW)
    k0, k1 = seed & LOW, (seed >> 32) & LOW
    for _ in range(ROUNDS):
        product0, product1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0 = ((product1 >> 32) & LOW) ^ c1 ^ k0
        c2 = ((product0 >> 32) & LOW) ^ c3 ^ k1
        c1, c3 = product1 & LOW, product0 & LOW
        k0, k1 = (k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW
    return torch.stack([c0, c1, c2, c3], dim=2)


def dropped(units: int, m: int, least: Tensor, step: Tensor, place: Any, seed: int, first: int = 0) -> Tensor:
    """Return which units dropout takes out in each of some steps, of bool, shape (steps, units, m).

    Parameters
    ----------
    units, m : int
    least : tensor of int64, shape (steps,)
        The smallest 16 bits that keep a unit: `smallest_kept`.
    step : tensor of int64, shape (steps,)
    place : Place
    seed : int
    first : int
        Number, within the batch, of the first example.
    """
    blocks = -(-units // PER_BLOCK)
    numbers = torch.arange(first * blocks, (first + m) * blocks, device=place.device)
    words = philox(numbers, place.word, step, DROPOUT, seed)
    halves = torch.stack([words & 0xFFFF, words >> 16], dim=3)  # the lower half of a word first
    drawn = halves.reshape(len(step), m, blocks * PER_BLOCK)[:, :, :units]
    return (drawn < least[:, None, None]).transpose(1, 2)


def smallest_kept(rate: float) -> int:
    """Return the smallest 16 bits that dropout at this rate keeps."""
    return min(round(rate * 2**16), 2**16 - 1)
