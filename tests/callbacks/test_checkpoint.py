"""Checkpoint: when it writes, what can be read, and that a file is whole or not there."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import lamina
from lamina import DeepRegressor
from lamina.callbacks import Checkpoint, EarlyStopping
from lamina.errors import SettingError

draws = np.random.default_rng(0)
X = draws.normal(size=(80, 3))
Y = X[:, 0] - X[:, 1]
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (6,), "max_iter": 5, "learning_rate_init": 0.1, "random_state": 0}


def written(walk, rows, values, path, **settings):
    """Return the values of the walk at which its checkpoint was written, the end of the fit last."""
    seen = []
    walk(values).set_callbacks(Checkpoint(path, save=lambda one, _: seen.append(one.value_), **settings)).fit(*rows)
    return seen


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [5, 4, 6, 3, 7, 7]),
        ({"every": 2}, [4, 3, 7]),
        ({"every": 4}, [3, 7]),
        ({"every": 9}, [7]),
        ({"monitor": "score"}, [5, 4, 3]),
        ({"monitor": "value_", "mode": "max"}, [5, 6, 7]),
        ({"monitor": "value_", "mode": "max", "every": 2}, [4, 7]),
    ],
)
def test_when_it_writes(walk, rows, tmp_path, settings, expected):
    assert written(walk, rows, [5, 4, 6, 3, 7], tmp_path / "model", **settings) == expected


def test_the_best_is_that_of_one_fit(walk, rows, tmp_path):
    seen = []
    checkpoint = Checkpoint(tmp_path / "model", monitor="score", save=lambda one, _: seen.append(one.value_))
    walk([1, 2]).set_callbacks(checkpoint).fit(*rows)
    walk([9, 8]).set_callbacks(checkpoint).fit(*rows)
    assert seen == [1, 9, 8]


def test_nothing_is_kept_of_a_fit(walk, rows, tmp_path):
    checkpoint = Checkpoint(tmp_path / "model", monitor="score")
    before = pickle.dumps(checkpoint)
    walk().set_callbacks(checkpoint).fit(*rows)
    assert pickle.dumps(checkpoint) == before


def test_the_end_of_a_fit_within_a_search(walk, rows, tmp_path):
    """There the fit is a task among others, and still the end of one."""
    seen = []
    checkpoint = Checkpoint(tmp_path / "model", every=9, save=lambda one, _: seen.append(one.value_))
    estimator = walk([3, 2, 1]).set_callbacks(checkpoint)
    GridSearchCV(estimator, {"history": [True, False]}, cv=2, refit=False).fit(*rows)
    assert seen == [1, 1, 1, 1]


def test_lamina_writes_a_model_file(tmp_path):
    """Of the last epoch where the fit breaks off after it, and of the fitted estimator at the end."""

    class Stops(RuntimeError):
        pass

    def breaks_off(estimator, *_):
        if estimator.n_iter_ == 4:
            raise Stops
        return 0.0

    path = tmp_path / "model.lamina"
    checkpoint, broken = Checkpoint(path), DeepRegressor(**QUICK)
    with pytest.raises(Stops):
        broken.set_callbacks(checkpoint, EarlyStopping(breaks_off)).fit(X, Y)
    after_four = DeepRegressor(**{**QUICK, "max_iter": 4}).fit(X, Y)
    assert [one["cost"] for one in lamina.load(path).history] == [one["cost"] for one in after_four.history_]
    model = DeepRegressor(**QUICK).set_callbacks(checkpoint).fit(X, Y)
    np.testing.assert_array_equal(lamina.load(path).predict(X), model.predict(X))
    assert [one.name for one in tmp_path.iterdir()] == ["model.lamina"]


def test_another_estimator_is_pickled_without_callbacks(tmp_path):
    path = tmp_path / "model.joblib"
    model = LogisticRegression().set_callbacks(Checkpoint(path), EarlyStopping()).fit(X, Y > 0)
    loaded = joblib.load(path)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert not [name for name in vars(loaded) if "callback" in name]
    assert [name for name in vars(model) if "callback" in name]  # the estimator itself keeps them


def test_a_fit_that_was_broken_off_can_be_read(walk, rows, tmp_path):
    path = tmp_path / "walk.joblib"

    def breaks_off(estimator, *_):
        if estimator.n_iter_ == 3:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        walk([5, 4, 3, 2]).set_callbacks(Checkpoint(path), EarlyStopping(breaks_off)).fit(*rows)
    assert joblib.load(path).predict(rows[0])[0] == 3
    assert joblib.load(path).score(*rows) == -3


def test_an_old_file_stays_where_writing_fails(walk, rows, tmp_path):
    path = tmp_path / "walk.joblib"
    path.write_bytes(b"old")
    broken = walk([1, 0])
    broken.cannot = lambda: None  # no function without a name can be pickled
    with pytest.raises(Exception, match="pickle"):
        broken.set_callbacks(Checkpoint(path)).fit(*rows)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["walk.joblib"]


def test_a_relative_path_is_from_where_it_was_given(walk, rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint("walk.joblib")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    walk([1]).set_callbacks(checkpoint).fit(*rows)
    assert (tmp_path / "walk.joblib").exists()


def test_what_cannot_be(tmp_path):
    with pytest.raises(SettingError, match=r"no folder .*missing.*Create it first"):
        Checkpoint(tmp_path / "missing" / "model")
    with pytest.raises(SettingError, match="this is a folder"):
        Checkpoint(tmp_path)
    with pytest.raises(SettingError, match="every=0: expected"):
        Checkpoint(tmp_path / "model", every=0)
