"""Training and test rows: the same for every method, from the number of the row and a seed alone.

One half of every table, chosen by a hash that knows no seed, is for development: its rows are never test rows, in no
split. So whatever is tried out on `development` has not seen a row that is judged by. Places come from hashes, not from
a library's random numbers: no new release moves a row. Splits by time and by group are in `times_and_groups`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from .catalogue import SETS
from .times_and_groups import development_rows_by_group, held_out, places_by_group, places_by_time

FOLDER = Path(__file__).parents[2] / "build" / "data"

TRAINING_ROWS = 10_000
TEST_ROWS = 50_000
TRAINING_SHARE = 0.75  # of sets that are too small for TRAINING_ROWS
NO_SEED = -1
SMALL = 1_000  # training rows below which results of one split say little


def load(name: str, folder: Path = FOLDER) -> tuple[pd.DataFrame, pd.Series, str]:
    """Return a data set's columns without the target and the groups, the target, and its task.

    Raises
    ------
    FileNotFoundError
        `make data` has not been run.
    """
    one, frame = SETS[name], _frame(name, folder)
    return frame.drop(columns=[one.target, *([one.group] if one.group else [])]), frame[one.target], one.task


def split(
    name: str, seed: int = 0, rows: int | None = TRAINING_ROWS, folder: Path = FOLDER
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """Return X_train, y_train, X_test, y_test.

    Parameters
    ----------
    seed : int
        Which split.
    rows : int, optional
        The most training rows; None takes all that are not test rows.
    """
    return _taken(name, folder, *_test_places(name, seed, rows, folder))


def development(
    name: str, seed: int = 0, rows: int | None = TRAINING_ROWS, folder: Path = FOLDER
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """Return X_train, y_train, X_val, y_val of the half of the rows that `split` never tests on: to choose defaults."""
    return _taken(name, folder, *_development_places(name, seed, rows, folder))


def validation(
    name: str, part: str, seed: int = 0, rows: int | None = TRAINING_ROWS, folder: Path = FOLDER
) -> np.ndarray | None:
    """Return which training rows of a split by time or group are for whoever validates; None where chance will do."""
    kind = SETS[name].kind
    if kind == "random":
        return None
    if kind == "group":
        keys = training_groups(name, part, seed, rows, folder)
    else:
        keys = _training_places(name, part, seed, rows, folder)
    return held_out(kind, keys, row_hashes)


def training_groups(
    name: str, part: str, seed: int = 0, rows: int | None = TRAINING_ROWS, folder: Path = FOLDER
) -> np.ndarray | None:
    """Return the groups of the training rows; None where the split is not by group."""
    if SETS[name].kind != "group":
        return None
    return _frame(name, folder)[SETS[name].group].to_numpy()[_training_places(name, part, seed, rows, folder)]


def _training_places(name: str, part: str, seed: int, rows: int | None, folder: Path) -> np.ndarray:
    return (_test_places if part == "test" else _development_places)(name, seed, rows, folder)[0]


def _frame(name: str, folder: Path) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run `make data`, or `python benchmarks/fetch.py --sets {name}`.")
    return pd.read_parquet(path)


def _taken(name: str, folder: Path, *places: np.ndarray) -> tuple:
    X, y, _ = load(name, folder)
    return tuple(part.iloc[at].reset_index(drop=True) for at in places for part in (X, y))


def _test_places(name: str, seed: int, rows: int | None, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    one, frame = SETS[name], _frame(name, folder)
    if one.kind == "random":
        return places(len(frame), seed, one.own_test, rows)
    return _limited(_by_kind(name, frame, seed), seed, rows)


def _development_places(name: str, seed: int, rows: int | None, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    one, frame = SETS[name], _frame(name, folder)
    if one.kind == "time":
        own = np.arange(len(frame) // 2)
    elif one.kind == "group":
        own = development_rows_by_group(frame[one.group].to_numpy(), row_hashes)
    else:
        own = development_rows(len(frame), one.own_test)
    if one.kind == "random":
        training, rest = places(len(own), seed, rows=rows)
    else:
        training, rest = _limited(_by_kind(name, frame.iloc[own], seed), seed, rows)
    return own[training], own[rest]


def _by_kind(name: str, frame: pd.DataFrame, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if SETS[name].kind == "time":
        return places_by_time(len(frame), seed, row_hashes)
    return places_by_group(frame[SETS[name].group].to_numpy(), seed, row_hashes)


def _limited(found: tuple[np.ndarray, np.ndarray], seed: int, rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    training, test = found
    if len(test) > TEST_ROWS:
        test = np.sort(test[np.argsort(row_hashes(len(test), seed), kind="stable")[:TEST_ROWS]])
    return training[:rows], test


def development_rows(count: int, own_test: int = 0) -> np.ndarray:
    """Return the rows that are never test rows: half of all, or all before the publisher's own test part."""
    if own_test:
        return np.arange(count - own_test)
    return np.argsort(row_hashes(count, NO_SEED), kind="stable")[: count // 2]


def places(count: int, seed: int, own_test: int = 0, rows: int | None = TRAINING_ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are for training and which for the test.

    The order: development rows shuffled by the seed, then the others, likewise. Training rows are the first of it, at
    most 75 % of all; test rows are the last, never a development row. With a test part of the publisher's, `own_test`
    rows at the end of the table, those are the test.
    """
    hashes = row_hashes(count, seed)
    first = development_rows(count, own_test)
    first = first[np.argsort(hashes[first], kind="stable")]
    if own_test:
        return first[:rows], np.arange(count - own_test, count)
    others = np.setdiff1d(np.arange(count), first)
    others = others[np.argsort(hashes[others], kind="stable")]
    limit = int(TRAINING_SHARE * count)
    training = limit if rows is None else min(rows, limit)
    test = min(count - training, len(others), TEST_ROWS)
    order = np.concatenate([first, others])
    return order[:training], order[count - test :]


def seeds(name: str, rows: int | str = TRAINING_ROWS, slow: bool = False) -> range:
    """Return the seeds of a data set's splits: five, for slow methods three; twice that on fewer than 1,000 rows."""
    one = SETS[name]
    count = one.rows - one.own_test
    small = min(count if rows == "all" else int(rows), int(TRAINING_SHARE * count)) < SMALL
    return range((3 if slow else 5) * (1 + small))


def row_hashes(count: int, seed: int) -> np.ndarray:
    """Return a number per row: SplitMix64 (Steele, Lea, Flood 2014) of the seed and the number of the row."""
    with np.errstate(over="ignore"):
        z = mixed(np.full(count, seed + 2, np.uint64)) + np.arange(count, dtype=np.uint64)
        return mixed(z)


def mixed(z: np.ndarray) -> np.ndarray:
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
