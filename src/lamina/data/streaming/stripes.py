"""Runs of neighbouring rows, in the order in which a pass reads them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRIPE_ROWS = 16_384
STRETCHES_AT_ONCE = 2  # each has buffers and pages of every column in memory


@dataclass(frozen=True, eq=False)
class Stripes:
    """Neighbouring rows of one stretch each, in the order of the source; every array has shape (stripes,)."""

    stretch: NDArray[np.intp]  # which stretch
    start: NDArray[np.int64]  # its first row within the stretch
    first: NDArray[np.int64]  # its first row within the source
    rows: NDArray[np.int64]
    count: NDArray[np.int64]  # how many of them are examples

    @staticmethod
    def of(stretches: Sequence[Any]) -> "Stripes":
        """Return the stripes of stretches; the counts are 0."""
        parts = [
            (k, start, one.first + start, min(STRIPE_ROWS, one.rows - start))
            for k, one in enumerate(stretches)
            for start in range(0, one.rows, STRIPE_ROWS)
        ]
        stretch, start, first, rows = np.array(parts, np.int64).reshape(-1, 4).T
        return Stripes(stretch.astype(np.intp), start, first, rows, np.zeros(len(parts), np.int64))

    def at(self, row_numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return which stripe each row of the source is in."""
        return np.searchsorted(self.first, row_numbers, side="right") - 1

    @property
    def n(self) -> int:
        """How many examples there are."""
        return int(self.count.sum())

    def sequence(self, order: NDArray[np.intp], at_once: int = STRETCHES_AT_ONCE) -> NDArray[np.intp]:
        """Return the stripes in the order of a pass: stretches in this order, some of them in turn."""
        starts = np.searchsorted(self.stretch, np.arange(len(order) + 1))
        waiting = [iter(range(starts[k], starts[k + 1])) for k in order[::-1]]
        found: list[int] = []
        being_read: list[Iterator[int]] = []
        while waiting or being_read:
            while waiting and len(being_read) < at_once:
                being_read.append(waiting.pop())
            for one in list(being_read):
                stripe = next(one, None)
                if stripe is None:
                    being_read.remove(one)
                else:
                    found.append(stripe)
        return np.array(found, np.intp)
