"""What columns say of one another, against means of groups by pandas and against what was planted."""

import numpy as np
import pandas as pd
import pytest

from lamina.data.row_hash import column_words
from lamina.data.tables.arrays import from_numpy
from lamina.profiling.relations import explains, in_step, target_matrix

RNG = np.random.default_rng(0)
N = 4000


def words(values):
    return column_words(from_numpy("x", np.asarray(values)))


def by_pandas(x, y):
    """1 - the squared errors of means of groups on the half of the rows that they were not taken from."""
    left = total = 0.0
    for seen in (0, 1):
        here, there = (pd.DataFrame({"x": x, "y": y})[half::2] for half in (seen, 1 - seen))
        means = here.groupby("x")["y"].agg(["sum", "count"])
        shrunk = (means["sum"] + 0.1 * here["y"].mean()) / (means["count"] + 0.1)
        predicted = there["x"].map(shrunk).fillna(here["y"].mean())
        left += ((there["y"] - predicted) ** 2).sum()
        total += ((there["y"] - here["y"].mean()) ** 2).sum()
    return 1 - left / total


def test_classes_by_levels():
    x = RNG.choice(list("abcdef"), N)
    y = (RNG.random(N) < np.where(np.isin(x, ["a", "b"]), 0.8, 0.2)).astype(float)
    found = explains(words(x.astype(object)), False, target_matrix(words(y), True))
    assert found == pytest.approx(by_pandas(x, y), abs=1e-9)
    assert 0.25 < found < 0.4


def test_numbers_by_ranks():
    x = RNG.integers(0, 40, N).astype(float)
    y = x + RNG.normal(0, 10, N)
    found = explains(words(x), True, target_matrix(words(y), False))
    assert found == pytest.approx(by_pandas(x, pd.Series(y).rank()), abs=1e-6)
    outlying = np.where(np.arange(N) == 7, 1e12, np.exp(y))
    assert explains(words(x), True, target_matrix(words(outlying), False)) == pytest.approx(found, abs=0.01)


def test_what_has_nothing_to_do_with_it_explains_nothing():
    y = target_matrix(words(RNG.choice(["yes", "no"], N).astype(object)), True)
    for x in (RNG.normal(size=N), RNG.integers(0, 1000, N), np.arange(N), np.ones(N), np.full(N, np.nan)):
        assert explains(words(x), True, y) < 0.01
    names = np.array([f"n{k}" for k in range(N)], object)
    assert explains(words(names), False, y) == 0.0


@pytest.mark.parametrize("of", [np.exp, lambda y: -3 * y, lambda y: y**3])
def test_a_copy_in_any_units_explains_all(of):
    y = RNG.normal(size=N)
    assert explains(words(of(y)), True, target_matrix(words(y), False)) > 0.999


def test_a_column_that_is_filled_only_afterwards():
    y = RNG.random(N) < 0.1
    closed = np.where(y, RNG.normal(size=N), np.nan)
    assert explains(words(closed), True, target_matrix(words(y), True)) > 0.99


def test_many_classes_and_codes_of_them():
    y = RNG.integers(0, 200, N)
    assert explains(words(y * 7919 % 200), True, target_matrix(words(y), False)) > 0.9
    assert target_matrix(words(y), True).shape == (N, 50)


def together(*columns):
    numeric = [np.asarray(column).dtype.kind != "O" for column in columns]
    return in_step(np.stack([words(column) for column in columns], axis=1), numeric)


def test_columns_in_step():
    grade = RNG.integers(0, 8, N)
    names = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven"], object)[grade]
    price = RNG.normal(size=N)
    assert together(grade, names, price, 100 * price + 7, -price, RNG.normal(size=N)) == [(0, 1), (2, 3, 4)]


def test_what_is_not_quite_the_same_is_not_in_step():
    grade, price = RNG.integers(0, 8, N), RNG.normal(size=N)
    nearly = np.where(np.arange(N) == 17, (grade + 1) % 8, grade)
    assert together(grade, nearly, grade // 2) == []
    assert together(price, price**3) == []  # in the same order, but not the same in other units
    assert together(price, price + 1e-4 * RNG.normal(size=N)) == []


def test_chance_is_no_copy():
    rare = np.arange(N) < 3
    assert together(rare, ~rare, np.ones(N)) == []
    assert together(np.arange(10) % 2, np.arange(10) % 2) == []  # too few rows to say
    ids = np.array([f"a{k}" for k in range(N)], object)
    assert together(ids, np.array([f"b{k}" for k in range(N)], object)) == []
