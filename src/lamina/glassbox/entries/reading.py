"""Which entries of its inputs an entry reads, found by looking: put another number there, and it moves or not.

An array is looked at in halves, the halves that count in halves again. Three numbers are tried in each place, a NaN and
two that are larger than any there: a NaN passes through sums and products even where the other factor is 0, and large
numbers through comparisons, which a NaN does not.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.glassbox.entries.terms import Array, Block, Index, Named

MOST_NUMBERS = 2**25  # computed for one entry: of larger arrays the parts that count are told as a whole

Compute = Callable[[Named], Array]
Rectangle = tuple[int, int, int, int]  # rows from, to; columns from, to


def blocks_read(inputs: tuple[str, ...], compute: Compute, a: Named, index: Index) -> tuple[tuple[Block, ...], bool]:
    """Return what an entry reads, and whether that is exact: of arrays too large to look at everywhere it is more.

    Parameters
    ----------
    inputs : tuple of str
        The arrays that may be read.
    compute : function
        From the arrays to the array that the entry is of.
    a : mapping of str to array
    index : tuple of int
        Of the entry.
    """
    there, found, exact = float(compute(a)[index]), [], True
    looks = [MOST_NUMBERS // max(1, sum(np.size(a[name]) for name in inputs))]  # that are left
    for name in inputs:
        array = np.asarray(a[name], np.float64)
        flat: Array = array.reshape(array.shape if array.ndim == 2 else (1, array.size))
        probes = _probes(flat)

        def moves(at: Rectangle, name: str = name, flat: Array = flat, probes: tuple[Array, ...] = probes) -> bool:
            looks[0] -= 1
            shape = np.shape(a[name])
            return any(
                not _same(float(compute({**a, name: _put(flat, at, one).reshape(shape)})[index]), there)
                for one in probes
            )

        mask = np.zeros(flat.shape, bool)
        for top, bottom, left, right in _read(moves, (0, flat.shape[0], 0, flat.shape[1]), looks):
            mask[top:bottom, left:right] = True
            exact &= (bottom - top) * (right - left) == 1
        found += [Block(name, (rows, columns) if array.ndim == 2 else ()) for rows, columns in _rectangles(mask)]
    return tuple(found), exact


def _probes(array: Array) -> tuple[Array, ...]:
    far = 1 + 2 * np.max(np.abs(array[np.isfinite(array)]), initial=1.0)
    return np.full(array.shape, np.nan), array + far, array - far


def _put(array: Array, at: Rectangle, probe: Array) -> Array:
    altered, where = array.copy(), np.s_[at[0] : at[1], at[2] : at[3]]
    altered[where] = probe[where]
    return altered


def _same(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)


def _read(moves: Callable[[Rectangle], bool], at: Rectangle, looks: list[int]) -> Iterator[Rectangle]:
    """Yield the single entries that count; larger parts where there were too many looks."""
    top, bottom, left, right = at
    if (bottom - top) * (right - left) == 0 or not moves(at):
        return
    if (bottom - top) * (right - left) == 1 or looks[0] <= 0:
        yield at
    elif bottom - top > right - left:
        middle = (top + bottom) // 2
        yield from _read(moves, (top, middle, left, right), looks)
        yield from _read(moves, (middle, bottom, left, right), looks)
    else:
        middle = (left + right) // 2
        yield from _read(moves, (top, bottom, left, middle), looks)
        yield from _read(moves, (top, bottom, middle, right), looks)


def joined(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return blocks of one array that cover the same entries, as few as a walk from row to row makes of them."""
    if len(blocks) < 2 or not blocks[0].spans:
        return tuple(dict.fromkeys(blocks))
    mask = np.zeros([max(block.spans[axis][1] for block in blocks) for axis in (0, 1)], bool)
    for block in blocks:
        mask[tuple(slice(*span) for span in block.spans)] = True
    return tuple(Block(blocks[0].name, spans) for spans in _rectangles(mask))


def _rectangles(mask: NDArray[np.bool_]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the spans of rectangles that cover what is marked: runs of a row, joined with those of the rows below."""
    open_runs: dict[tuple[int, int], int] = {}  # columns -> first row
    for i in range(len(mask) + 1):
        runs = set(_runs(mask[i])) if i < len(mask) else set()
        for columns in [one for one in open_runs if one not in runs]:
            yield (open_runs.pop(columns), i), columns
        for columns in runs:
            open_runs.setdefault(columns, i)


def _runs(row: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(end)
