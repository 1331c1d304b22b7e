"""scikit-learn 1.9's callbacks: a fit is the task, an epoch its subtask; and life without them."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import DivergenceError
from plain_network import PLAIN

callback = pytest.importorskip("sklearn.callback")

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3))
Y = X[:, 0] - X[:, 1]
QUICK = PLAIN | {"hidden_layer_sizes": (6,), "max_iter": 5, "learning_rate_init": 0.02, "random_state": 0}


class Recorder:
    """Writes down what it is told; asks to stop after an epoch where it is told to."""

    def __init__(self, stop_after=None):
        self.stop_after, self.told, self.models = stop_after, [], []

    def setup(self, estimator, context):
        self.told.append(("setup", context.task_name, context.max_subtasks))

    def teardown(self, estimator, context):
        self.told.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.told.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.told.append(("end", context.task_name, context.task_id))
        self.models.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after

    def ends(self):
        return [task_id for what, name, *rest in self.told if (what, name) == ("end", "epoch") for task_id in rest]


def regressor(*callbacks, **settings):
    return DeepRegressor(**{**QUICK, **settings}).set_callbacks(*callbacks)


def test_a_fit_is_a_task_and_an_epoch_its_subtask():
    recorder = Recorder()
    regressor(recorder, max_iter=2).fit(X, Y)
    assert recorder.told == [
        ("setup", "fit", 2),
        ("begin", "fit", 0),
        ("begin", "epoch", 0),
        ("end", "epoch", 0),
        ("begin", "epoch", 1),
        ("end", "epoch", 1),
        ("end", "fit", 0),
        ("teardown", "fit"),
    ]


@pytest.mark.parametrize("epochs", [5, 3])
def test_a_run_that_was_done_before_has_no_epoch(epochs, tmp_path):
    regressor().fit(X, Y, checkpoint=tmp_path / "run")
    recorder = Recorder()
    regressor(recorder, max_iter=epochs).fit(X, Y, checkpoint=tmp_path / "run")
    assert recorder.told == [("setup", "fit", 0), ("begin", "fit", 0), ("end", "fit", 0), ("teardown", "fit")]


def test_a_run_that_goes_on_has_the_epochs_that_are_left(tmp_path):
    regressor(Recorder(stop_after=2)).fit(X, Y, checkpoint=tmp_path / "run")
    recorder = Recorder()
    model = regressor(recorder).fit(X, Y, checkpoint=tmp_path / "run")
    assert recorder.told[0] == ("setup", "fit", 3)
    assert recorder.ends() == [0, 1, 2]
    np.testing.assert_array_equal(model.predict(X), regressor().fit(X, Y).predict(X))


def test_callbacks_change_no_bit():
    with_one, without = regressor(Recorder()).fit(X, Y), regressor().fit(X, Y)
    np.testing.assert_array_equal(with_one.predict(X), without.predict(X))
    assert with_one.n_iter_ == without.n_iter_ == 5


def test_the_models_that_a_callback_sees():
    """After each epoch as it stands, each for itself; after the fit the best one."""
    recorder = Recorder()
    model = regressor(recorder, learning_rate_init=0.1, optimizer="momentum").fit(X, Y)
    *epochs, last = recorder.models
    costs = [np.mean((one.predict(X) - Y) ** 2) for one in epochs]
    assert len(set(costs)) == 5
    assert 1 + int(np.argmin(costs)) == model.best_epoch_ < 5
    np.testing.assert_array_equal(last.predict(X), model.predict(X))
    np.testing.assert_array_equal(epochs[model.best_epoch_ - 1].predict(X), model.predict(X))
    assert [one.n_iter_ for one in epochs] == [1, 2, 3, 4, 5]
    assert epochs[0].transform(X).shape == (80, 6)


def test_a_callback_may_stop():
    model = regressor(Recorder(stop_after=3)).fit(X, Y)
    assert (model.n_iter_, model.stopped_) == (3, "a callback asked to stop")
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"n_iter_no_change": 2, "tol": 1e6, "max_iter": 30},
        {"optimizer": "lbfgs", "hidden_layer_sizes": (), "max_iter": 99},
    ],
    ids=["patience", "lbfgs"],
)
def test_as_many_epochs_end_as_there_were(settings):
    recorder = Recorder()
    model = regressor(recorder, **settings).fit(X, Y)
    assert recorder.ends() == list(range(model.n_iter_))
    assert model.n_iter_ < settings["max_iter"]


def test_teardown_comes_after_an_error():
    recorder = Recorder()
    with pytest.raises(DivergenceError):
        regressor(recorder, learning_rate_init=1e30).fit(X, Y)
    assert recorder.told[-1] == ("teardown", "fit")


def test_scoring_monitor():
    monitor = callback.ScoringMonitor(scoring="r2")
    model = regressor(monitor, early_stopping=False).fit(X, Y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["r2"] for row in rows] == pytest.approx([record["score"] for record in model.history_], rel=1e-4)


def test_scoring_monitor_of_a_classifier_with_a_frame():
    import pandas as pd

    monitor = callback.ScoringMonitor(scoring=["accuracy", "roc_auc"])
    frame = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "p", "q")})
    DeepClassifier(**QUICK).set_callbacks(monitor).fit(frame, Y > 0)
    assert all(0 <= row["roc_auc"] <= 1 for row in monitor.get_logs().data)


def test_progress_bar(capsys):
    regressor(callback.ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "DeepRegressor - fit" in shown
    assert "100%" in shown


def test_progress_bar_over_a_search(capsys):
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(DeepRegressor(**QUICK), {"alpha": [0, 1]}, cv=2)
    if not hasattr(search, "set_callbacks"):
        pytest.skip("this scikit-learn's search takes no callbacks")
    search.set_callbacks(callback.ProgressBar()).fit(X, Y)
    assert "DeepRegressor" in capsys.readouterr().out


WITHOUT = """
    import sys
    import warnings

    import numpy as np
    import sklearn.metrics  # scikit-learn itself may use its callbacks

    warnings.simplefilter("error")
    sys.modules["sklearn.callback"] = None  # from here on, importing it is a ModuleNotFoundError
    from lamina import DeepClassifier, DeepRegressor

    X = np.random.default_rng(0).normal(size=(40, 2))
    model = DeepRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(X, X[:, 0])
    assert not hasattr(model, "set_callbacks")
    assert (model.n_iter_, model.stopped_) == (3, "all 3 epochs were done")
    labels = DeepClassifier(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(X, X[:, 0] > 0)
    print(model.predict(X[:1])[0], labels.predict_proba(X[:1])[0, 0])
"""


def test_with_a_scikit_learn_that_has_none():
    """An older scikit-learn, as near as a blocked import can play it: the same numbers as here."""
    run = [sys.executable, "-c", textwrap.dedent(WITHOUT)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = np.random.default_rng(0).normal(size=(40, 2))
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    expected = [
        DeepRegressor(**settings).fit(rows, rows[:, 0]).predict(rows[:1])[0],
        DeepClassifier(**settings).fit(rows, rows[:, 0] > 0).predict_proba(rows[:1])[0, 0],
    ]
    assert [float(word) for word in done.stdout.split()] == expected
