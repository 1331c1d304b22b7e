"""Rows for several networks, each of which learns from all folds but one and is watched on that one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.examples import ELSEWHERE, Block, Chunk, InMemory, Ordering, Share, Sparse
from lamina.data.splitting import Bits, Rows, shuffled
from lamina.errors import DataError

ENCODED_STEPS = 32  # of sparse rows, that are encoded together


def folds_of(n: int, k: int, bits: Bits, strata: NDArray[Any] | None = None) -> Rows:
    """Return the fold of each row, from 0 to k - 1, of sizes that differ by at most one, shape (n,).

    Parameters
    ----------
    n, k : int
    bits : function
        `bits(n)` returns n random words.
    strata : array, shape (n,), optional
        Classes: each has its share in every fold, as near as whole rows allow.

    Raises
    ------
    DataError
        There are fewer rows than folds.
    """
    if n < k:
        raise DataError(f"n_bags={k} needs a row for each of {k} folds; found {n} sample{'s' * (n != 1)}.")
    order = shuffled(n, bits)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    found = np.empty(n, np.intp)
    found[order] = np.arange(n) % k
    return found


def folds_of_groups(keys: NDArray[Any], k: int, name: str) -> Rows:
    """Return the fold of each row: rows of one key are in one fold; the largest groups are placed first.

    Raises
    ------
    DataError
        There are fewer groups than folds.
    """
    groups, at, counts = np.unique(keys, return_inverse=True, return_counts=True)
    if len(groups) < k:
        raise DataError(
            f"groups: column {name!r} has {len(groups)} groups, and n_bags={k} needs one for each fold at least."
        )
    sizes, fold = np.zeros(k, np.intp), np.empty(len(groups), np.intp)
    for group in np.argsort(-counts, kind="stable"):
        fold[group] = int(np.argmin(sizes))
        sizes[fold[group]] += counts[group]
    return fold[at.reshape(-1)]


@dataclass(frozen=True, eq=False)
class AllButOne:
    """Encoded rows to learn from: network i takes those that are not in fold i.

    The order of a chunk has a column for each network, (rows, k): ELSEWHERE where one has no more rows in this pass.
    Its weights, where there are some, have a row for each network, (k, rows), of mean 1 over its own rows.
    """

    rows: InMemory | Sparse
    fold: Rows
    k: int

    @cached_property
    def own(self) -> list[Rows]:
        """The rows of each network."""
        return [np.flatnonzero(self.fold != i) for i in range(self.k)]

    @property
    def n(self) -> int:
        """How many rows the network with most of them has."""
        return max(map(len, self.own))

    @cached_property
    def weights(self) -> Any:
        w = self.rows.weights
        if w is None:
            return None
        means = [w[own].mean() or w.dtype.type(1) for own in self.own]
        return np.stack([w / mean for mean in means])

    def chunks(self, how: Ordering, epoch: int, start: int = 0, share: Share | None = None) -> Iterator[Chunk]:
        order = np.full((self.n, self.k), ELSEWHERE, np.intp)
        for i, own in enumerate(self.own):
            order[: len(own), i] = own[shuffled(len(own), self._words(how, epoch, i))] if how.shuffle else own
        if isinstance(self.rows, InMemory):
            yield Chunk(self.rows.X, self.rows.Y, self.weights, order[start:])
            return
        size = ENCODED_STEPS * how.batch_size
        for at in range(start, self.n, size):
            piece = order[at : at + size]
            needed = np.unique(piece[piece != ELSEWHERE])
            X, Y, _ = self.rows.block(needed)
            w = None if self.weights is None else np.ascontiguousarray(self.weights[:, needed])
            yield Chunk(X, Y, w, np.where(piece == ELSEWHERE, ELSEWHERE, np.searchsorted(needed, piece)))

    @staticmethod
    def _words(how: Ordering, epoch: int, part: int) -> Callable[[int], Any]:
        return lambda n: how.words(n, epoch, part)

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        yield from self.rows.blocks(first)

    def of(self, network: int) -> InMemory | Sparse:
        """Return the rows of one network."""
        return _some(self.rows, self.own[network], None if self.weights is None else self.weights[network])

    @property
    def fingerprint(self) -> str:
        """Of which row is in which fold."""
        return blake2b(np.ascontiguousarray(self.fold, "<i4").data, digest_size=16).hexdigest()

    def left_out(self, numbers: Rows, of: int) -> "LeftOut":
        """Return the rows of each fold, to watch; `numbers` are those of all rows in their table, which has `of`."""
        own = [np.flatnonzero(self.fold == i) for i in range(self.k)]
        return LeftOut([_some(self.rows, one, self.rows.weights) for one in own], numbers[np.concatenate(own)], of)


def _some(rows: InMemory | Sparse, at: Rows, weights: Any) -> InMemory | Sparse:
    """Return some of the rows, with their part of these weights."""
    Y, w = rows.Y[at], None if weights is None else weights[at]
    return InMemory(rows.X[at], Y, w) if isinstance(rows, InMemory) else Sparse(lambda of: rows.encode(at[of]), Y, w)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Encoded rows to watch, fold after fold: each was not learned from by the network of its own fold.

    Their weights, where there are some, have mean 1 over all folds together: a row counts the same in any of them.
    """

    parts: Sequence[InMemory | Sparse]
    numbers: Rows  # of the rows in their table, in this order
    of: int  # rows of the table

    @property
    def n(self) -> int:
        return len(self.numbers)

    def chunks(self, how: Ordering, epoch: int, start: int = 0, share: Share | None = None) -> Iterator[Chunk]:
        raise NotImplementedError("rows that were left out are not learned from")

    def blocks(self, first: int | None = None) -> Iterator[Block]:
        for part in self.parts:
            if first is not None and first <= 0:
                return
            yield from part.blocks(first)
            first = None if first is None else first - part.n
