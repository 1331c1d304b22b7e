"""A way through a source: the examples of some stripes, one after the other, handed out so many at a time."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import Block
from lamina.data.streaming.stripes import Stripes


class Window(Protocol):
    """Rows that are in memory together: filled part by part, then taken in any order."""

    def add(self, part: Any) -> None:
        """Put some rows behind those that are there."""
        ...

    def block(self, rows: NDArray[np.intp]) -> Block:
        """Return these rows as examples."""
        ...


class Rows(Protocol):
    """Where the examples come from: the source, or a file on disk."""

    def read(self, stripes: Stripes, sequence: NDArray[np.intp]) -> Iterator[Any]:
        """Yield the rows of each stripe of a sequence that are examples, in parts of any size."""
        ...

    def size(self, part: Any) -> int:
        """Return how many rows a part has."""
        ...

    def split(self, part: Any, rows: int) -> tuple[Any, Any]:
        """Return the first rows of a part, so many, and the others."""
        ...

    def block(self, part: Any) -> Block:
        """Return a part as examples."""
        ...

    def window(self, rows: int) -> Window:
        """Return a window that has room for so many rows."""
        ...


class Passage:
    """The examples of stripes, in the order of a pass, from one of them to another.

    Nothing is read before the first ones are taken, and no stripe that has none of them.

    Parameters
    ----------
    rows : Rows
    stripes : Stripes
    sequence : array of int
        Numbers of the stripes, in the order of the pass.
    first, stop : int
        Examples, counted in this order.
    """

    def __init__(self, rows: Rows, stripes: Stripes, sequence: NDArray[np.intp], first: int, stop: int) -> None:
        ends = np.cumsum(stripes.count[sequence])
        begin, last = int(np.searchsorted(ends, first, side="right")), int(np.searchsorted(ends, stop))
        self._rows, self._left = rows, stop - first
        self._skip = first - (int(ends[begin - 1]) if begin else 0)  # examples of the first stripe that others have
        self._ends_with_a_stripe = bool(len(ends)) and int(ends[min(last, len(ends) - 1)]) == stop
        self._parts = rows.read(stripes, sequence[begin : last + 1])
        self._rest: Any = None

    def take(self, rows: int) -> Iterator[Any]:
        """Yield the next so many examples, in parts of any size."""
        while rows > 0 and (part := self._next()) is not None:
            part, self._rest = self._rows.split(part, rows)
            rows -= self._rows.size(part)
            self._left -= self._rows.size(part)
            if self._left == 0 and self._ends_with_a_stripe:
                for _ in self._parts:  # nothing is left: what was read is looked at as a whole, before it is used
                    pass
            yield part

    def _next(self) -> Any:
        """Return the next examples, however many; None at the end."""
        part, self._rest = self._rest, None
        while part is None or not self._rows.size(part):
            part = next(self._parts, None)
            if part is None:
                return None
            if self._skip:
                before, part = self._rows.split(part, self._skip)
                self._skip -= self._rows.size(before)
        return part
