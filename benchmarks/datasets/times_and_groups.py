"""Splits by time and by group: rows of one time, or one group, lie on one side.

As in `splits`, one half of every table is for development: the earlier half, or half of the groups. Places follow from
hashes of numbers of rows and groups.
"""

from collections.abc import Callable

import numpy as np

Hashes = Callable[[int, int], np.ndarray]  # (count, seed) -> a number for each

WINDOWS = 5  # test windows by time, one after the other, in the later half
HELD_OUT = 0.2  # of the training rows or groups, for validation
DEVELOPMENT_GROUPS, TEST_GROUPS = 0.5, 0.25
NO_SEED, HELD_SEED = -1, -2


def places_by_time(count: int, seed: int, hashes: Hashes) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows before a moment, shuffled by the seed, and those of the window after it; rows lie by time.

    The window is a tenth of all rows: the one that begins at the half for seed 0, the next for seed 1, ... So training
    rows are always earlier than test rows, and each seed tests on another time.
    """
    window = seed % WINDOWS
    begin, end = (count // 2 + (count - count // 2) * k // WINDOWS for k in (window, window + 1))
    before = np.arange(begin)
    return before[np.argsort(hashes(count, seed)[:begin], kind="stable")], np.arange(begin, end)


def places_by_group(groups: np.ndarray, seed: int, hashes: Hashes) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of three quarters of the groups, shuffled by the seed, and those of the others."""
    codes, count = _numbered(groups)
    own = _development_groups(count, hashes)
    others = np.setdiff1d(np.arange(count), own)
    test = others[np.argsort(hashes(count, seed)[others], kind="stable")][: max(1, int(TEST_GROUPS * count))]
    in_test = np.isin(codes, test)
    training = np.flatnonzero(~in_test)
    return training[np.argsort(hashes(len(codes), seed)[training], kind="stable")], np.flatnonzero(in_test)


def development_rows_by_group(groups: np.ndarray, hashes: Hashes) -> np.ndarray:
    """Return the rows of the groups that are never test groups."""
    codes, count = _numbered(groups)
    return np.flatnonzero(np.isin(codes, _development_groups(count, hashes)))


def held_out(kind: str, keys: np.ndarray, hashes: Hashes) -> np.ndarray:
    """Return which training rows are for validation: the latest fifth, or a fifth of the groups.

    `keys` are the places of the rows in the table, which lies by time, or their groups.
    """
    if kind == "time":
        return keys >= np.sort(keys)[int((1 - HELD_OUT) * len(keys))]
    codes, count = _numbered(keys)
    chosen = np.argsort(hashes(count, HELD_SEED), kind="stable")[: max(1, int(HELD_OUT * count))]
    return np.isin(codes, chosen)


def _development_groups(count: int, hashes: Hashes) -> np.ndarray:
    return np.argsort(hashes(count, NO_SEED), kind="stable")[: int(DEVELOPMENT_GROUPS * count)]


def _numbered(groups: np.ndarray) -> tuple[np.ndarray, int]:
    names, codes = np.unique(groups, return_inverse=True)
    return codes, len(names)
