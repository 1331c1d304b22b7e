"""A table of any number of rows by 20 columns, drawn file by file: numbers for the most part, categories, a date.

Each file is drawn from (SEED, its number) alone, so the first files are the same whatever the size. The target is
drawn from a probability that is known, so it is known how well anybody could predict it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Numbers = NDArray[Any]

SEED = 20_241_128
TARGET = "outcome"
FILE_ROWS = 1_000_000
GROUP_ROWS = 131_072
TEST_FILE = 2**31  # a number that no training file has
REGIONS, PRODUCTS, SHOPS = 5, 30, 500  # levels
FIRST_DAY = np.datetime64("2020-01-01", "s")
DAYS = 1_461


def write(folder: Path, rows: int, test: Path, test_rows: int) -> None:
    """Write the files that are not there: training rows into a folder, test rows beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / f"part-{k:04}.parquet": (k, n) for k, n in enumerate(_file_rows(rows))}
    files[test] = TEST_FILE, test_rows
    for path in set(folder.glob("*.parquet")) - files.keys():
        path.unlink()
    for path, (number, n) in files.items():
        if not path.exists():
            unfinished = path.with_suffix(".partial")
            table, _ = drawn(number, n)
            pq.write_table(table, unfinished, row_group_size=GROUP_ROWS, compression="zstd", compression_level=1)
            unfinished.replace(path)


def _file_rows(rows: int) -> list[int]:
    whole, rest = divmod(rows, FILE_ROWS)
    return [FILE_ROWS] * whole + [rest] * (rest > 0)


def least_loss(rows: int) -> float:
    """Return the log loss of who knows the probabilities that the test rows were drawn from."""
    table, p = drawn(TEST_FILE, rows)
    y = table[TARGET].to_numpy()
    return float(-np.mean(np.log(np.where(y == 1, p, 1 - p))))


def drawn(number: int, rows: int) -> tuple[pa.Table, NDArray[np.float64]]:
    """Return the rows of a file, and the probability that each row's outcome is 1."""
    rng = np.random.Generator(np.random.SFC64([SEED, number]))
    X = rng.standard_normal((14, rows), np.float32)
    X[12] = np.exp(X[12])  # a skewed one
    count = rng.poisson(4, rows).astype(np.int16)
    grade = rng.integers(0, 100, rows, np.int8)
    codes = {
        name: np.minimum(rng.standard_exponential(rows) * n / 5, n - 1).astype(np.int16)  # the first are frequent
        for name, n in (("region", REGIONS), ("product", PRODUCTS), ("shop", SHOPS))
    }
    seconds = rng.integers(0, DAYS * 86_400, rows, np.int32)
    p = _probability(X, count, grade, codes, seconds)
    outcome = (rng.random(rows) < p).astype(np.int8)
    columns = {f"x{k:02}": pa.array(x) for k, x in enumerate(X)}
    columns |= {"count": pa.array(count), "grade": pa.array(grade)}
    for name, levels in codes.items():
        texts = pa.array([f"{name} {code}" for code in range(int(levels.max()) + 1)])
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(levels), texts)
    columns["time"] = pa.array(FIRST_DAY + seconds)
    return pa.table({**columns, TARGET: pa.array(outcome)}), p


def _probability(
    X: Numbers, count: Numbers, grade: Numbers, codes: dict[str, Numbers], seconds: Numbers
) -> NDArray[np.float64]:
    """Return what decides the outcome: numbers alone and in pairs, some categories, season and hour of the day."""
    hour = seconds % 86_400 / 3_600
    season = 2 * np.pi * seconds / (365.25 * 86_400)
    effects = {name: _effects(name, n) for name, n in (("region", REGIONS), ("product", PRODUCTS), ("shop", SHOPS))}
    logit = -0.6 + 0.9 * X[0] - 0.7 * X[1] + 0.8 * X[2] * X[3] + np.abs(X[4]) - 0.5 * np.square(X[5])
    logit += 0.6 * np.sin(2 * X[6]) + 0.4 * np.log(X[12]) + 0.2 * (count - 4) + np.where(grade >= 70, 0.5, 0.0)
    logit += 0.4 * np.cos(season) + np.where((hour >= 7) & (hour < 19), 0.4, -0.4)
    for name, of_levels in effects.items():
        logit += of_levels[codes[name]]
    return 1 / (1 + np.exp(-logit.astype(np.float64)))


def _effects(name: str, levels: int) -> NDArray[np.float64]:
    return np.random.default_rng([SEED, levels]).normal(0, 0.5, levels)
