"""Log: lines of JSON, one for each task, in the file as soon as the task has ended."""

import json
from datetime import datetime

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from lamina import DeepClassifier
from lamina.callbacks import EarlyStopping, Log
from lamina.errors import SettingError

draws = np.random.default_rng(0)
X = draws.normal(size=(80, 3))
Y = X[:, 0] - X[:, 1] > 0
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (6,), "max_iter": 3, "learning_rate_init": 0.1, "random_state": 0}


def lines(path):
    def never(text):
        raise ValueError(f"{text} is no JSON")

    return [json.loads(line, parse_constant=never) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_for_every_task(tmp_path):
    path = tmp_path / "log.jsonl"
    model = DeepClassifier(**QUICK).set_callbacks(Log(path)).fit(X, Y)
    *epochs, fit = lines(path)
    assert [(one["task"], one["number"], one["path"]) for one in epochs] == [("epoch", k + 1, [0, k]) for k in range(3)]
    assert (fit["task"], fit["path"], fit["estimator"]) == ("fit", [0], "DeepClassifier")
    assert len({one["run"] for one in [*epochs, fit]}) == 1
    for line, record in zip(epochs, model.history_, strict=True):
        assert line["epoch"] == record["epoch"]
        assert line["cost"] == pytest.approx(record["cost"], rel=1e-15)
        assert line["learning_rate"] == record["learning_rate"]
    times = [datetime.fromisoformat(one["time"]) for one in [*epochs, fit]]
    assert times == sorted(times)
    assert fit["seconds"] >= sum(one["seconds"] for one in epochs) > 0


def test_scores(tmp_path):
    path = tmp_path / "log.jsonl"
    model = LogisticRegression().set_callbacks(Log(path, scoring=["accuracy", "roc_auc"])).fit(X, Y)
    last = lines(path)[-1]
    assert last["scores"]["accuracy"] == model.score(X, Y)
    assert {one["task"] for one in lines(path)} >= {"fit", "lbfgs-iter"}
    path.unlink()
    model.set_callbacks(Log(path, scoring="accuracy", X_val=X[:7], y_val=~Y[:7])).fit(X, Y)
    assert lines(path)[-1]["scores"] == {"accuracy": model.score(X[:7], ~Y[:7])}
    path.unlink()
    model.set_callbacks(Log(path, scoring=lambda estimator, X, y: 0.25)).fit(X, Y)
    assert lines(path)[-1]["scores"] == {"score": 0.25}


def test_lines_are_there_while_the_fit_goes_on(walk, rows, tmp_path):
    path, counted = tmp_path / "log.jsonl", []

    def count(*_):
        counted.append(len(lines(path)))
        return 0.0

    walk([3, 2, 1]).set_callbacks(Log(path), EarlyStopping(count)).fit(*rows)
    assert counted == [1, 2, 3]


def test_an_older_file_is_gone_on_with(walk, rows, tmp_path):
    path = tmp_path / "log.jsonl"
    for _ in range(2):
        walk([1]).set_callbacks(Log(path)).fit(*rows)
    assert len(lines(path)) == 4
    assert len({one["run"] for one in lines(path)}) == 2


def test_what_is_not_finite_is_null(walk, rows, tmp_path):
    path = tmp_path / "log.jsonl"
    walk([np.nan, np.inf, 1], history=True).set_callbacks(Log(path)).fit(*rows)
    assert [one["error"] for one in lines(path)] == [None, None, 1.0, 1.0]


@pytest.mark.slow
def test_a_search_in_processes(tmp_path):
    """Lines of two processes do not mix; all belong to one run."""
    path = tmp_path / "log.jsonl"
    estimator = LogisticRegression().set_callbacks(Log(path))
    GridSearchCV(estimator, {"C": [0.1, 1.0]}, cv=2, n_jobs=2, refit=False).fit(X, Y)
    found = lines(path)
    fits = [one for one in found if one["task"] == "fit"]
    assert len(fits) == 4
    assert len({one["run"] for one in found}) == 1
    assert len({tuple(one["path"]) for one in found}) == len(found)


def test_what_cannot_be(tmp_path):
    with pytest.raises(SettingError, match="no folder"):
        Log(tmp_path / "missing" / "log.jsonl")
