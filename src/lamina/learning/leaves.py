"""A batch cut into leaves, and their gradients added in a fixed tree: the same bits for any number of workers.

    leaves      neighbouring rows of a batch, 64 to 127 of them; their number is a power of two and depends on the
                size of the batch alone
    tree        leaves 0 and 1, 2 and 3, ... are added, then these sums in pairs, up to the root
    worker      owns neighbouring leaves; what it sends are the sums of the largest subtrees that lie in its part

A sum of floating-point numbers depends on its order. Here the order is that of the tree whoever adds: 2, 4 or 8
workers own a subtree each and send one vector, 3 workers send two or three.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.equations.rounding import round_to_bfloat16

LEAF_ROWS = 64  # at least, where a batch has as many; half of them cost a worker 10 % more (docs/cluster.md)
GRAIN = 8  # groups of leaves for a worker, or a few more: handed out whole, so that three workers own few subtrees each


def leaf_count(rows: int) -> int:
    """Return into how many leaves a batch is cut: the largest power of two that leaves 64 rows to each, or 1."""
    return 1 << max(rows // LEAF_ROWS, 1).bit_length() - 1


def leaf_rows(rows: int, leaf: int) -> slice:
    """Return the rows of a leaf of a batch."""
    n = leaf_count(rows)
    return slice(rows * leaf // n, rows * (leaf + 1) // n)


def leaves_of(rows: int, rank: int, size: int) -> range:
    """Return the leaves of a batch that a worker of a group owns: neighbours, perhaps none."""
    n = leaf_count(rows)
    groups = min(n, GRAIN << (size - 1).bit_length())
    first, stop = (-(-groups * one // size) * (n // groups) for one in (rank, rank + 1))
    return range(first, stop)


def rows_of(rows: int, rank: int, size: int) -> slice:
    """Return the rows of a batch that a worker of a group owns."""
    own = leaves_of(rows, rank, size)
    return slice(leaf_rows(rows, own.start).start, leaf_rows(rows, own.stop).start)


class Subtree(NamedTuple):
    """Neighbouring leaves that the tree adds among themselves first."""

    first: int  # leaf
    leaves: int  # a power of two that divides `first`


def subtrees_of(leaves: range) -> Iterator[Subtree]:
    """Yield the largest subtrees that neighbouring leaves consist of."""
    at = leaves.start
    while at < leaves.stop:
        size = at & -at or 1 << len(leaves).bit_length()
        while at + size > leaves.stop:
            size >>= 1
        yield Subtree(at, size)
        at += size


class Sums:
    """Sums over subtrees, each put in its place from left to right; two of them that belong together are added.

    Parameters
    ----------
    width : int
        Of the vectors.
    dtype : dtype
    rounded : int
        How many numbers, the first ones, are rounded to bfloat16 after every addition; those of a leaf are when they
        come. So a sum has the same bits wherever the tree is cut, and can be sent in half the bytes.
    """

    def __init__(self, width: int, dtype: Any, rounded: int = 0) -> None:
        self.shape, self.rounded = (width, np.dtype(dtype)), rounded
        self._parts: list[tuple[Subtree, NDArray[np.floating]]] = []

    def add(self, place: Subtree, vector: NDArray[np.floating]) -> None:
        """Take the sum over a subtree; the vector is changed."""
        while self._parts:
            (first, leaves), left = self._parts[-1]
            if leaves != place.leaves or first & leaves:  # not the left half of what this is the right half of
                break
            self._parts.pop()
            vector, place = np.add(left, vector, out=left), Subtree(first, 2 * leaves)
            if self.rounded:
                round_to_bfloat16(vector[: self.rounded])
        self._parts.append((place, vector))

    @property
    def vectors(self) -> list[NDArray[np.floating]]:
        """The sums over the largest subtrees so far, from left to right."""
        return [vector for _, vector in self._parts]
