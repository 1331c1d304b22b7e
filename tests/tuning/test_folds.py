"""Folds: every row once, groups on one side, times in their order."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, LeaveOneGroupOut

from lamina.data.roles import Roles
from lamina.data.source import opened
from lamina.errors import DataError, SettingError
from lamina.tuning.folds import folds_of

N = 200
X = np.random.default_rng(0).normal(size=(N, 3))
y = np.repeat([0, 1], [150, 50])
GROUPS = np.random.default_rng(1).integers(0, 30, N)


def source(weights=None, **roles):
    return opened(X, y, weights, roles=Roles(**roles))


def test_each_row_is_held_out_once_and_classes_keep_their_shares():
    folds = folds_of(source(), 5, "classifier", 0)
    assert sorted(np.concatenate([fold.validation for fold in folds])) == list(range(N))
    for train, validation in folds:
        assert sorted([*train, *validation]) == list(range(N))
        assert y[validation].mean() == 0.25


def test_one_fold_is_a_fifth_and_follows_the_seed():
    (fold,), (same,), (other,) = (folds_of(source(), 1, "classifier", seed) for seed in (0, 0, 1))
    assert len(fold.validation) == N // 5
    assert np.array_equal(fold.validation, same.validation)
    assert not np.array_equal(fold.validation, other.validation)


@pytest.mark.parametrize("cv", [1, 4])
@pytest.mark.parametrize("task", ["classifier", "regressor"])
def test_groups_are_on_one_side(cv, task):
    folds = folds_of(source(groups=GROUPS), cv, task, 0)
    assert len(folds) == cv
    for train, validation in folds:
        assert not set(GROUPS[train]) & set(GROUPS[validation])
        assert len(train) + len(validation) == N


@pytest.mark.parametrize("cv", [1, 4])
def test_what_is_held_out_is_later(cv):
    when = np.random.default_rng(2).integers(0, 40, N).astype(float)
    when[:7] = np.nan
    folds = folds_of(source(time=when), cv, "classifier", 0)
    assert len(folds) == cv
    for train, validation in folds:
        assert np.nanmax(when[train]) < when[validation].min()
        assert set(range(7)) <= set(train)
    assert max(when[folds[-1].validation]) == np.nanmax(when)
    if cv == 1:
        assert 0.1 * N < len(folds[0].validation) < 0.3 * N


def test_rows_of_weight_0_are_in_no_fold():
    weights = np.ones(N)
    weights[::2] = 0
    for train, validation in folds_of(source(weights), 3, "classifier", 0):
        assert {*train, *validation} == set(range(1, N, 2))


def test_a_class_of_few_rows_ends_nothing():
    few = opened(X, np.where(np.arange(N) < 2, "rare", "usual"))
    assert len(folds_of(few, 5, "classifier", 0)) == 5


def test_splitters_and_pairs_are_taken():
    (first, *rest) = folds_of(source(), KFold(4), "classifier", 0)
    assert len(rest) == 3
    assert first.validation.tolist() == list(range(50))
    assert len(folds_of(source(groups=GROUPS), LeaveOneGroupOut(), "classifier", 0)) == len(set(GROUPS))
    (pair,) = folds_of(source(), [([0, 1, 2], [3, 4])], "classifier", 0)
    assert (pair.train.tolist(), pair.validation.tolist()) == ([0, 1, 2], [3, 4])


@pytest.mark.parametrize(
    ("cv", "roles", "error", "message"),
    [
        (0, {}, SettingError, "expected a whole number of folds"),
        (N + 1, {}, SettingError, "from 1 to the 200 rows"),
        ("five", {}, SettingError, "expected a whole number of folds"),
        (2.5, {}, SettingError, "expected a whole number of folds"),
        ([([0], [N])], {}, SettingError, "row numbers from 0 to 199"),
        ([([0], [])], {}, SettingError, "row numbers"),
        ([], {}, DataError, "without rows"),
        (5, {"groups": np.arange(N) % 3}, DataError, "3 groups are too few for 5 parts"),
        (5, {"time": np.arange(N) % 3}, DataError, "too few different times"),
    ],
)
def test_what_makes_no_folds_is_said(cv, roles, error, message):
    with pytest.raises(error, match=message):
        folds_of(source(**roles), cv, "classifier", 0)
