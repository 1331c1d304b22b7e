"""EarlyStopping: when it stops, of what it judges, and that fits do not meet."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from lamina import DeepClassifier
from lamina.callbacks import EarlyStopping
from lamina.errors import SettingError


@pytest.mark.parametrize(
    ("values", "settings", "n_iter"),
    [
        ([3, 2, 1, 1, 1, 0], {"patience": 2}, 5),
        ([3, 2, 1, 1, 0, 1], {"patience": 2}, 6),
        ([3, 2, 1, 1, 0, 1], {"patience": 1}, 4),
        ([3, 2.9, 2.8, 2.7, 0], {"patience": 2, "min_delta": 0.15}, 5),  # 2.8 beats 3 by more than that, 2.7 waits
        ([3, 2.9, 2.89, 2.88, 0], {"patience": 3, "min_delta": 0.5}, 4),
        ([1, 2, 3, 4, 5], {"patience": 4}, 5),
        ([np.nan, np.nan, 1, 0], {"patience": 2}, 2),
        ([2, np.nan, 1, 0], {"patience": 2}, 4),
    ],
)
def test_patience(walk, rows, values, settings, n_iter):
    assert walk(values).set_callbacks(EarlyStopping(**settings)).fit(*rows).n_iter_ == n_iter


@pytest.mark.parametrize(("mode", "n_iter"), [("min", 5), ("max", 3)])
@pytest.mark.parametrize(("monitor", "history"), [("error", True), ("value_", False), ("curve_", False)])
def test_a_number_that_the_estimator_records(walk, rows, monitor, history, mode, n_iter):
    stopping = EarlyStopping(monitor, mode=mode, patience=2)
    assert walk([3, 2, 1, 1, 1, 0], history=history).set_callbacks(stopping).fit(*rows).n_iter_ == n_iter


def test_a_scorer_and_its_name(walk, rows):
    for scorer in ("neg_mean_squared_error", lambda estimator, X, y: -estimator.value_):
        assert walk([3, 2, 2, 2, 0]).set_callbacks(EarlyStopping(scorer, patience=2)).fit(*rows).n_iter_ == 4


def test_rows_to_score(walk, rows):
    """The rows of the fit have 0 for an answer and go on; those given have 2, and stop."""
    stopping = EarlyStopping(patience=2, X_val=np.zeros((3, 2)), y_val=np.full(3, 2.0))
    assert walk([3, 2, 1, 0, 0]).set_callbacks(stopping).fit(*rows).n_iter_ == 4
    assert walk([3, 2, 1, 0, 0]).set_callbacks(EarlyStopping(patience=2)).fit(*rows).n_iter_ == 5


def test_every_fit_starts_again(walk, rows):
    """The second is a clone, which shares the callback; its first value is worse than all of the first fit's."""
    first = walk([0, 0, 0, 0]).set_callbacks(EarlyStopping(patience=2))
    second = clone(first).set_params(values=(9, 8, 7, 6))
    assert [first.fit(*rows).n_iter_, second.fit(*rows).n_iter_, first.fit(*rows).n_iter_] == [3, 4, 3]


def test_nothing_is_kept_of_a_fit(walk, rows):
    stopping = EarlyStopping(patience=2)
    before = pickle.dumps(stopping)
    walk().set_callbacks(stopping).fit(*rows)
    assert pickle.dumps(stopping) == before


def test_fits_that_run_at_the_same_time(walk, rows):
    """A fit within an iteration of another: each is counted by itself."""
    stopping, inner = EarlyStopping(patience=2), []

    def fits_another(estimator, X, y):
        if estimator.values == (3, 2, 1, 0):
            inner.append(walk((1, 1, 1, 1)).set_callbacks(stopping).fit(X, y).n_iter_)
        return -estimator.value_

    stopping.monitor = EarlyStopping(fits_another).monitor
    assert walk((3, 2, 1, 0)).set_callbacks(stopping).fit(*rows).n_iter_ == 4
    assert inner == [3] * 4


def test_lamina_by_its_validation_cost():
    draws = np.random.default_rng(0)
    X = draws.normal(size=(120, 3))
    y = X[:, 0] + draws.normal(size=120) > 0
    settings = {"preset": "sklearn", "hidden_layer_sizes": (16,), "max_iter": 60, "learning_rate_init": 0.05}
    settings |= {"random_state": 0, "early_stopping": True, "n_iter_no_change": 60}
    stopping = EarlyStopping("validation_cost", mode="min", patience=4)
    model = DeepClassifier(**settings).set_callbacks(stopping).fit(X, y)
    costs = [record["validation_cost"] for record in model.history_]
    assert model.stopped_ == "a callback asked to stop"
    assert model.n_iter_ == 1 + int(np.argmin(costs)) + 4 < 60
    assert [one["cost"] for one in model.history_] == [
        one["cost"] for one in DeepClassifier(**settings).fit(X, y).history_[: model.n_iter_]
    ]


def test_scikit_learns_logistic_regression_goes_on_as_it_says():
    from sklearn.linear_model import LogisticRegression

    X = np.random.default_rng(0).normal(size=(60, 2))
    y = X[:, 0] > 0
    with_one = LogisticRegression().set_callbacks(EarlyStopping(patience=1)).fit(X, y)
    np.testing.assert_array_equal(with_one.coef_, LogisticRegression().fit(X, y).coef_)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"patience": 0}, "patience=0: expected a number of iterations, at least 1"),
        ({"min_delta": -1.0}, "min_delta=-1.0: expected"),
        ({"monitor": "validation_cost"}, "pass mode='min' if lower is better"),
        ({"mode": "minn"}, "Did you mean 'min'"),
        ({"X_val": [[1.0]]}, "X_val and y_val belong together"),
        ({"monitor": "cost", "mode": "min", "X_val": [[1.0]], "y_val": [1.0]}, "remove X_val and y_val"),
    ],
)
def test_what_cannot_be(settings, says):
    with pytest.raises(SettingError, match=says):
        EarlyStopping(**settings)


@pytest.mark.parametrize(
    ("history", "says"), [(True, "its history_ has epoch, error. Did you mean 'error'"), (False, "has no history_")]
)
def test_a_name_that_the_estimator_does_not_know(walk, rows, history, says):
    with pytest.raises(SettingError, match=says):
        walk(history=history).set_callbacks(EarlyStopping("errors", mode="min")).fit(*rows)
