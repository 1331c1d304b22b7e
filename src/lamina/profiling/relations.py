"""What columns say of one another, seen in a sample of whole rows.

explains      how much of the variation of the target a column alone explains, from 0 to 1: the mean target of every
              group of its values is found in half of the rows and tried on the others, and the other way round. The
              target counts as its classes, or as its ranks, so that no unit and no far outlier decides.
in_step       columns of which each gives all the others: a value of one always stands beside the same of the other,
              or they are numbers of which one is a + b times the other.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.data.row_hash import NAN_BITS, Words, finished, words
from lamina.profiling.columns import numbers_of

FEWEST_ROWS = 20  # fewer say nothing
BINS = 64  # of numbers with more values
MOST_CLASSES = 50  # the rarer ones count as one
PRIOR_ROWS = 0.1  # of the mean of the targets, that every group starts with
LEAST_EXPLAINED = 5e-4  # what is less comes of rounding and chance
FEWEST_BESIDE = 10  # rows that do not hold a column's most frequent value: of fewer, chance makes copies
ROUNDING = 1e-9  # of two columns that are one in other units

Codes = NDArray[np.intp]
Matrix = NDArray[np.float64]


def target_matrix(bits: Words, as_classes: bool) -> Matrix:
    """Return what is explained: indicator columns of classes, or ranks; shape (m, columns)."""
    if as_classes:
        _, codes, counts = np.unique(bits, return_inverse=True, return_counts=True)
        order = np.argsort(np.argsort(-counts, kind="stable"))  # 0 for the most frequent
        return np.eye(min(len(counts), MOST_CLASSES))[np.minimum(order[codes], MOST_CLASSES - 1)]
    _, places, counts = np.unique(numbers_of(bits), return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - counts / 2
    return np.asarray(ranks[places] / len(bits))[:, None]


def explains(bits: Words, is_number: bool, Y: Matrix) -> float:
    """Return how much of the target a column explains on rows that were not looked at to find it.

    Parameters
    ----------
    bits : array, shape (m,)
    is_number : bool
        Numbers and dates are also cut into bins.
    Y : array, shape (m, columns)
        Of `target_matrix`.
    """
    values, codes = np.unique(bits, return_inverse=True)
    found = [_explained(codes, Y)] if len(values) <= len(bits) / 2 else [0.0]
    if is_number and len(values) > BINS:
        found.append(_explained(_binned(bits), Y))
    return max(found)


def _binned(bits: Words) -> Codes:
    """Return about equally full bins of numbers; those that are missing have one of their own."""
    x = numbers_of(bits)
    known = np.sort(x[bits != NAN_BITS])
    edges = np.unique(known[np.linspace(0, len(known) - 1, BINS + 1).astype(np.intp)[1:-1]])
    codes = np.searchsorted(edges, x, "left")
    return np.where(bits == NAN_BITS, len(edges) + 1, codes)


def _explained(codes: Codes, Y: Matrix) -> float:
    half = np.arange(len(Y)) % 2 == 0
    left = total = 0.0
    for seen in (half, ~half):
        mean = Y[seen].mean(axis=0)
        n = np.bincount(codes[seen], minlength=codes.max() + 1) + PRIOR_ROWS
        sums = np.stack([np.bincount(codes[seen], y, len(n)) for y in (Y[seen] - mean).T], axis=1)
        rest = Y[~seen] - mean
        left += float(np.sum((rest - (sums / n[:, None])[codes[~seen]]) ** 2))
        total += float(np.sum(rest**2))
    part = 1 - left / total if total > 0 else 0.0
    return part if part > LEAST_EXPLAINED else 0.0


def in_step(sample: Words, numeric: Sequence[bool]) -> list[tuple[int, ...]]:
    """Return the groups of columns that give one another, in the order of the columns.

    Parameters
    ----------
    sample : array, shape (rows, columns)
    numeric : sequence of bool
        Which columns are numbers or dates.
    """
    if len(sample) < FEWEST_ROWS:
        return []
    alike: dict[int, list[int]] = {}  # columns whose values stand in the same rows
    units: dict[int, list[list[int]]] = {}  # columns of numbers of one order, those in other units together
    for j, is_number in enumerate(numeric):
        bits = sample[:, j]
        codes, counts = _by_first_row(bits)
        if len(bits) - counts.max() < FEWEST_BESIDE:
            continue  # constant, or nearly
        if len(counts) <= len(bits) / 2:
            alike.setdefault(_word(codes.astype(np.uint64)), []).append(j)
        elif is_number and np.isfinite(numbers_of(bits)).all():
            _beside_its_multiple(j, sample, units)
    groups = [*alike.values(), *(group for of_one_order in units.values() for group in of_one_order)]
    return sorted(tuple(group) for group in groups if len(group) > 1)


def _by_first_row(bits: Words) -> tuple[Codes, NDArray[np.intp]]:
    """Return values as the order in which they first come, and how often each does."""
    _, first, codes, counts = np.unique(bits, return_index=True, return_inverse=True, return_counts=True)
    return np.argsort(np.argsort(first))[codes], counts


def _word(values: Words) -> int:
    """Return a number that stands for a whole column."""
    return int(finished(words(values ^ words(np.arange(len(values))))).sum(dtype=np.uint64))


def _beside_its_multiple(j: int, sample: Words, units: dict[int, list[list[int]]]) -> None:
    """Put a column of numbers to those of the same order that are a + b times it, or by itself."""
    x = numbers_of(sample[:, j])
    t = _from_0_to_1(x)
    forward, backward = (_word(np.unique(one, return_inverse=True)[1].astype(np.uint64)) for one in (x, -x))
    for key, same in ((forward, t), (backward, 1 - t)):
        for group in units.get(key, ()):
            if np.abs(_from_0_to_1(numbers_of(sample[:, group[0]])) - same).max() <= ROUNDING:
                group.append(j)
                return
    units.setdefault(forward, []).append([j])


def _from_0_to_1(x: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = x.min() / 2, x.max() / 2  # halves: their difference stays in the float range
    return np.asarray((x / 2 - low) / (high - low))
