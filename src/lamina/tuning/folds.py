"""Which rows a trial learns from, and which it is scored on."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.holding_out import NEVER, time_keys
from lamina.data.source import Source
from lamina.errors import DataError, SettingError

PARTS_OF_ONE = 5  # a single hold-out is a fifth of the rows

Indices = NDArray[np.intp]


class Fold(NamedTuple):
    """Row numbers."""

    train: Indices
    validation: Indices


def folds_of(source: Source, cv: Any, task: str, seed: int) -> tuple[Fold, ...]:
    """Return the folds of a search.

    Parameters
    ----------
    source : Source
        Where it has groups, those of a group are on one side; where it has times, the validation rows are later.
    cv : int, splitter or iterable of (train, validation)
        1: a fifth of the rows are held out. More: so many folds. Or as scikit-learn has it.
    task : {"classifier", "regressor"}
    seed : int

    Raises
    ------
    SettingError
        `cv` is none of these.
    DataError
        There are too few rows, groups or times.
    """
    counted = np.arange(source.table.n_rows) if source.weights is None else np.flatnonzero(source.weights)
    if isinstance(cv, int | np.integer) and not isinstance(cv, bool):
        if not 1 <= cv <= len(counted):
            raise SettingError(f"cv={cv}: expected a whole number of folds, from 1 to the {len(counted)} rows.")
        found = list(_split(source, counted, int(cv), task, seed))
    elif hasattr(cv, "split") and not isinstance(cv, str | bytes):
        groups = None if source.held_out_by is None else source.held_out_by.column.array()
        found = [Fold(*pair) for pair in cv.split(np.zeros((source.table.n_rows, 1)), source.y, groups)]
    elif isinstance(cv, Iterable) and not isinstance(cv, str | bytes):
        found = [_fold(pair, source.table.n_rows) for pair in cv]
    else:
        raise SettingError(f"cv={cv!r}: expected a whole number of folds, a splitter, or pairs (train, validation).")
    if not found or any(len(part) == 0 for fold in found for part in fold):
        raise DataError(f"cv={cv!r}: a fold without rows to learn from, or to be scored on: give other folds.")
    return tuple(found)


def _split(source: Source, counted: Indices, cv: int, task: str, seed: int) -> Iterable[Fold]:
    by = source.held_out_by
    if by is not None and by.what == "time":
        return _later(time_keys(by.column)[counted], counted, cv)
    return _apart(source, counted, cv, task, seed)


def _later(keys: Any, counted: Indices, cv: int) -> Iterable[Fold]:
    """Yield folds whose validation rows are later than all that is learned from; rows without a time are learned from.

    The times are cut into parts of about as many rows; rows of one time stay together.
    """
    dated = keys != NEVER
    order = np.sort(keys[dated])[::-1]  # keys fall the later a row is
    parts = PARTS_OF_ONE if cv == 1 else cv + 1
    cuts = order[[len(order) * (k + 1) // parts - 1 for k in range(parts)]] if len(order) >= parts else order[:0]
    if len(set(cuts.tolist())) < parts:
        raise DataError(f"time: too few different times for cv={cv}: give fewer folds (cv)")
    for k in range(parts - cv - 1, parts - 1):
        train, validation = ~dated | (keys >= cuts[k]), dated & (keys < cuts[k]) & (keys >= cuts[k + 1])
        yield Fold(counted[train], counted[validation])


def _apart(source: Source, counted: Indices, cv: int, task: str, seed: int) -> Iterable[Fold]:
    """Yield folds drawn at random: by groups where there are some, classes in the same shares."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    y, by = source.y[counted], source.held_out_by
    groups = None if by is None else np.unique(by.column.array().astype(str), return_inverse=True)[1][counted]
    parts = PARTS_OF_ONE if cv == 1 else cv
    classes = np.unique(y.astype(str), return_inverse=True)[1] if task == "classifier" and y.ndim == 1 else None
    if classes is not None and np.bincount(classes).min() < parts:
        classes = None  # a class of fewer rows than folds cannot be in each
    most = len(counted) if groups is None else len(np.unique(groups))
    if most < parts:
        what = "rows" if groups is None else "groups"
        raise DataError(f"{most} {what} are too few for {parts} parts of about the same size: give fewer folds (cv)")
    how: Any = {"n_splits": parts, "shuffle": True, "random_state": seed % 2**32}
    if groups is not None:
        splitter = GroupKFold(**how) if classes is None else StratifiedGroupKFold(**how)
    else:
        splitter = KFold(**how) if classes is None else StratifiedKFold(**how)
    rows = np.zeros((len(counted), 1))
    for k, (train, validation) in enumerate(splitter.split(rows, classes, groups)):
        if k < cv:
            yield Fold(counted[train], counted[validation])


def _fold(pair: Any, n: int) -> Fold:
    try:
        train, validation = (np.asarray(part) for part in pair)
    except (TypeError, ValueError):
        raise SettingError(f"cv: expected pairs of row numbers, (train, validation); found {pair!r}.") from None
    for part in (train, validation):
        if part.ndim != 1 or part.dtype.kind not in "iu" or (len(part) and not (part.min() >= 0 and part.max() < n)):
            raise SettingError(f"cv: expected row numbers from 0 to {n - 1} in every fold.")
    return Fold(train.astype(np.intp), validation.astype(np.intp))
