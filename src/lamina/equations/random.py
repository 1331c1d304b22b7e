"""Counter-based random numbers: the same bits in every engine, in any order, on any number of threads.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011) turns a counter of four
32-bit words and a key of two into four random words. A number depends only on where it is used:

    key      the seed (64 bits)
    counter  (block, layer, step, stream)    block = index // 4, word = index % 4

so there is no state to save, and resuming at step k draws what an uninterrupted run would have drawn.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

# Streams keep the uses of randomness apart.
INITIALISE, SHUFFLE, DROPOUT, HOLD_OUT = range(4)

ROUNDS = 10
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = 0x9E3779B9, 0xBB67AE85  # what the key grows by each round
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


class Key(NamedTuple):
    """Where random numbers are used: everything but the index."""

    seed: int
    step: int
    layer: int = 0
    first: int = 0  # number, within the batch, of the first example at hand

    def inside(self, i: int) -> "Key":
        """Return the key of layer `i` of the chain inside this layer; the outermost chain is layer 0."""
        return self._replace(layer=(self.layer * 256 + i + 1) & 0xFFFFFFFF)


def philox(block: NDArray[Any], layer: int, step: int, stream: int, seed: int) -> Words:
    """Return four random words for every block.

    Parameters
    ----------
    block : array of int, shape (n,)
    layer, step, stream : int
        Taken modulo 2**32.
    seed : int
        Taken modulo 2**64.

    Returns
    -------
    array of uint32, shape (n, 4)
    """
    c0 = np.asarray(block).astype(np.uint64) & LOW
    c1, c2, c3 = (np.full_like(c0, word & 0xFFFFFFFF) for word in (layer, step, stream))
    k0, k1 = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    for _ in range(ROUNDS):
        product0, product1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0 = (product1 >> HALF) ^ c1 ^ np.uint64(k0)
        c2 = (product0 >> HALF) ^ c3 ^ np.uint64(k1)
        c1, c3 = product1 & LOW, product0 & LOW
        k0, k1 = (k0 + WEYL[0]) & 0xFFFFFFFF, (k1 + WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)


def bits(n: int, *, seed: int, stream: int, step: int = 0, layer: int = 0) -> Words:
    """Return `n` random 32-bit words, shape (n,)."""
    return philox(np.arange((n + 3) // 4), layer, step, stream, seed).reshape(-1)[:n]


def uniform(n: int, *, seed: int, stream: int, step: int = 0, layer: int = 0) -> NDArray[np.float64]:
    """Return `n` numbers in (0, 1), never 0 and never 1: (word + 1/2) / 2**32, shape (n,)."""
    return (bits(n, seed=seed, stream=stream, step=step, layer=layer).astype(np.float64) + 0.5) * 2.0**-32


def normal(n: int, *, seed: int, stream: int, step: int = 0, layer: int = 0) -> NDArray[np.float64]:
    """Return `n` standard normal numbers by the Box-Muller transform, shape (n,)."""
    u = uniform(n + n % 2, seed=seed, stream=stream, step=step, layer=layer).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log(u[:, 0])), 2 * np.pi * u[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:n]


def kept(units: int, m: int, rate: float, key: Key) -> NDArray[np.bool_]:
    """Return which units dropout keeps, True with probability 1 - rate, shape (units, m).

    Unit u of the batch's example i reads 16 bits: half `u % 8` of block `i * ceil(units/8) + u // 8`, the lower half of
    a word first; the first of the m is example `key.first`. It is kept when they are at least `rate * 2**16`: a
    comparison of integers, alike in single and double precision.
    """
    blocks = -(-units // 8)
    words = philox(np.arange(key.first * blocks, (key.first + m) * blocks), key.layer, key.step, DROPOUT, key.seed)
    drawn = words.astype("<u4").view("<u2").reshape(m, blocks * 8)[:, :units].T
    return np.asarray(drawn >= min(round(rate * 2**16), 2**16 - 1))
