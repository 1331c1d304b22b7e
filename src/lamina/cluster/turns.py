"""Work that is done piece by piece, each worker in its turn: predictions, whose rows do not depend on one another."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lamina.learning.group import Group

Piece = TypeVar("Piece")


def in_turns(
    group: Group | None, pieces: Iterable[Piece], work: Callable[[Piece], NDArray[Any]]
) -> Iterator[NDArray[Any]]:
    """Yield what comes of every piece, in their order, in every worker; each does its own pieces only.

    Parameters
    ----------
    group : Group, optional
        None: this process does all of them.
    pieces : iterable
        The same ones in every worker: piece k is that of worker k modulo the number of workers.
    work : callable
        Makes an array of numbers, booleans or texts.
    """
    if group is None:
        yield from map(work, pieces)
        return
    mine, waiting = b"", 0
    for turn, piece in enumerate(pieces):
        waiting = turn % group.size + 1
        if waiting - 1 == group.rank:
            mine = _packed(work(piece))
        del piece  # the next one is read without it
        if waiting == group.size:
            yield from _everyones(group, mine, waiting)
            mine, waiting = b"", 0
    if waiting:
        yield from _everyones(group, mine, waiting)


def _everyones(group: Group, mine: bytes, turns: int) -> Iterator[NDArray[Any]]:
    return (np.load(io.BytesIO(one), allow_pickle=False) for one in group.told(mine)[:turns])


def _packed(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(array.tolist()) if array.dtype.kind == "O" else array, allow_pickle=False)
    return file.getvalue()
