"""`lamina.tune` as users call it."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_absolute_error, mean_pinball_loss, root_mean_squared_error

import lamina
from lamina.errors import DataError, SettingError, TuningError
from lamina.tuning.folds import folds_of

N = 240
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 4))
LABELS = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
NUMBERS = 1000 * X[:, 0] + 100 * X[:, 1]
QUICK = {"max_iter": 3, "hidden_layer_sizes": (8,), "n_members": 1, "numeric_embedding": None, "random_state": 0}


def told(search):
    return [(one["number"], one["state"], one["score"], one["settings"]) for one in search.records]


def held_out(y, task):
    from lamina.data.source import opened

    return folds_of(opened(X, y), 1, task, 0)[0]


def by_hand(estimator, y, task, settings):
    """The model of one trial, fitted by the estimator alone, and the rows that it is scored on."""
    train, validation = held_out(y, task)
    fitted = estimator(**QUICK | settings).fit(X[train], y[train], X_val=X[validation], y_val=y[validation])
    return fitted, X[validation], y[validation]


@pytest.fixture(scope="module")
def found():
    return lamina.tune(X, LABELS, trials=12, **QUICK)


def test_the_model_is_that_of_an_estimator_with_these_settings(found):
    again = lamina.DeepClassifier(**found.settings).fit(X, LABELS)
    assert found.model.params.tobytes() == again.model_.params.tobytes()
    assert found.settings == {**QUICK, **found.best_params}


def test_the_first_trial_is_that_of_the_defaults_and_its_score_is_scikit_learns(found):
    assert found.records[0]["defaults"]
    assert found.records[0]["settings"] == {}
    fitted, rows, y = by_hand(lamina.DeepClassifier, LABELS, "classifier", {})
    assert found.default_score == pytest.approx(log_loss(y, fitted.predict_proba(rows)), rel=1e-9)


def test_another_trial_has_the_score_of_its_settings(found):
    one = next(one for one in found.ranked if one["settings"])
    fitted, rows, y = by_hand(lamina.DeepClassifier, LABELS, "classifier", one["settings"])
    assert one["score"] == pytest.approx(log_loss(y, fitted.predict_proba(rows)), rel=1e-9)


def test_the_best_is_the_best(found):
    scores = [one["score"] for one in found.records if one["state"] == "finished"]
    assert found.best_score == min(scores) <= found.default_score
    assert [one["score"] for one in found.ranked] == sorted(scores)
    assert len(found.records) == 12
    assert {one["state"] for one in found.records} == {"finished", "ended early"}


def test_the_same_seed_makes_the_same_trials(found):
    assert told(lamina.tune(X, LABELS, trials=12, **QUICK)) == told(found)
    assert told(lamina.tune(X, LABELS, trials=12, **QUICK | {"random_state": 1}))[1] != told(found)[1]


def test_the_trials_are_a_frame(found):
    frame = found.trials
    assert len(frame) == 12
    assert frame.loc[frame["score"].idxmin(), "number"] == found.ranked[0]["number"]
    assert {"dropout", "why", "seconds", "epochs"} <= set(frame.columns)


def test_what_mattered_adds_up_and_is_drawn(found):
    import matplotlib as mpl

    mpl.use("Agg")
    assert sum(found.importances.values()) == pytest.approx(1)
    axes = found.plot()
    assert len(axes[1].patches) == len(found.importances)
    axes[0].figure.clear()


def test_printed_it_says_both_scores(found):
    text = str(found)
    assert f"log_loss {found.best_score:.4g}, with the defaults {found.default_score:.4g}" in text


def test_trials_that_are_not_pruned_all_finish():
    found = lamina.tune(X, LABELS, trials=8, pruning=False, **QUICK)
    assert [one["state"] for one in found.records] == ["finished"] * 8


@pytest.mark.parametrize(
    ("settings", "scoring", "name", "metric"),
    [
        ({}, None, "rmse", root_mean_squared_error),
        ({}, "neg_mean_absolute_error", "mean_absolute_error", mean_absolute_error),
        ({"loss": "quantile(quantiles=(0.9,))"}, None, "pinball", lambda y, a: mean_pinball_loss(y, a, alpha=0.9)),
    ],
)
def test_numbers_are_scored_in_their_own_units(settings, scoring, name, metric):
    found = lamina.tune(X, NUMBERS, trials=2, scoring=scoring, **QUICK | settings)
    more = {} if scoring is None else {"scoring": scoring}
    fitted, rows, y = by_hand(lamina.DeepRegressor, NUMBERS, "regressor", settings | more)
    assert (found.score_name, found.lower_is_better) == (name, True)
    assert found.default_score == pytest.approx(metric(y, fitted.predict(rows).ravel()), rel=1e-6)


def test_a_scorer_is_watched_in_the_last_fit_too():
    found = lamina.tune(X, LABELS, trials=3, scoring="accuracy", **QUICK)
    assert not found.lower_is_better
    assert found.best_score == max(one["score"] for one in found.ranked)
    again = lamina.DeepClassifier(**found.settings).fit(X, LABELS)
    assert found.model.params.tobytes() == again.model_.params.tobytes()


def test_the_score_is_the_mean_over_the_folds():
    found = lamina.tune(X, LABELS, trials=2, cv=3, **QUICK)
    for one in found.ranked:
        assert len(one["scores"]) == 3
        assert one["score"] == pytest.approx(np.mean(one["scores"]))


def test_weights_count():
    weights = np.where(np.arange(N) < N // 2, 1.0, 0.0)
    some = lamina.tune(X, LABELS, weights, trials=2, **QUICK)
    assert some.default_score != lamina.tune(X, LABELS, trials=1, **QUICK).default_score


def test_frames_with_names_and_groups():
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abcd")).assign(who=np.arange(N) % 30, out=LABELS)
    found = lamina.tune(frame, target="out", groups="who", trials=2, **QUICK)
    assert found.model.target_name == "out"
    assert "who" not in found.model.encoder.names_in
    again = lamina.DeepClassifier(**found.settings).fit(frame, target="out", groups="who")
    assert found.model.params.tobytes() == again.model_.params.tobytes()


def test_a_trial_that_cannot_be_used_is_said_and_ends_nothing():
    found = lamina.tune(X, LABELS, trials=8, only=[], space={"learning_rate_init": [0.02, 1e30]}, **QUICK)
    assert any("diverged" in one["why"] for one in found.records)
    assert found.best_params.get("learning_rate_init") in (None, 0.02)


def test_no_trial_finished():
    with pytest.raises(TuningError, match="no trial finished before max_time"):
        lamina.tune(X, LABELS, max_time=1e-6, **QUICK)
    with pytest.raises(TuningError, match=r"none of 2 trials finished.*: diverged"):
        lamina.tune(X, LABELS, trials=2, only=["dropout"], learning_rate_init=1e30, **QUICK)


def test_time_ends_the_search():
    found = lamina.tune(X, LABELS, trials=10_000, max_time=1.5, refit=False, **QUICK)
    assert found.stopped == "max_time"
    assert found.model is None
    assert 1 <= len(found.records) < 10_000


def test_rows_that_do_not_fit_the_memory_are_said(tmp_path, monkeypatch):
    from lamina.data.streaming import streamed_source

    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + "1,yes\n2,no\n" * 500)
    monkeypatch.setattr(streamed_source, "available_bytes", lambda: 100_000)
    for how in ({"target": "b"}, {}):
        with pytest.raises(SettingError, match=r"a search keeps its rows in memory: 1,000 rows of 2 columns take .*kB"):
            lamina.tune(path, trials=2, **how, **QUICK)


def test_a_search_is_tracked_with_its_trials(tmp_path):
    import json

    log = tmp_path / "log.jsonl"
    found = lamina.tune(X, LABELS, trials=8, track=f"jsonl={log}", **QUICK)
    lines = [json.loads(one) for one in log.read_text().splitlines()]
    search = lines[0]["run"]
    of_search = [one for one in lines if one["run"] == search]
    assert [one["event"] for one in of_search] == ["begin", "settings", "end"]
    assert of_search[-1]["best_score"] == found.best_score
    assert of_search[1]["settings"]["max_iter"] == 3
    begun = {one["run"]: one["name"] for one in lines if one.get("search") == search}
    assert sorted(begun.values()) == [f"trial-{k:04d}" for k in range(8)]
    ends = {begun[one["run"]]: one for one in lines if one["event"] == "end" and one["run"] != search}
    for record in found.records:
        end = ends[f"trial-{record['number']:04d}"]
        assert (end.get("score"), end["stopped"]) == (record["score"], record["why"])
    best = found.ranked[0]
    epochs = [one for one in lines if one["event"] == "epoch" and begun[one["run"]] == f"trial-{best['number']:04d}"]
    assert [one["epoch"] for one in epochs] == list(range(1, best["epochs"] + 1))
    assert min(one["validation_log_loss"] for one in epochs) == pytest.approx(best["score"], rel=0.2)


def test_a_search_of_which_no_trial_finished_failed(tmp_path):
    with pytest.raises(TuningError):
        lamina.tune(X, LABELS, max_time=1e-6, track=f"jsonl={tmp_path / 'log'}", **QUICK)
    assert '"status": "failed"' in (tmp_path / "log").read_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"track": "tensorbord"}, SettingError, "Did you mean 'tensorboard'"),
        ({"y": ["one"] * N}, DataError, "all targets are 'one'"),
        ({"trials": 0}, SettingError, "trials=0: expected 1 or more"),
        ({"trials": True}, SettingError, "trials=True"),
        ({"n_jobs": 0}, SettingError, "n_jobs=0"),
        ({"max_time": -1}, SettingError, "max_time=-1: expected a number of seconds above 0"),
        ({"task": "ranking"}, SettingError, "task='ranking'"),
        ({"scoring": "acuracy"}, SettingError, "accuracy"),
        ({"dropuot": 0.1}, SettingError, "dropout"),
        ({"y": LABELS[:10]}, DataError, "10 values"),
        ({"max_iter": 0}, SettingError, "max_iter=0"),
    ],
)
def test_what_cannot_be_searched_is_said(given, error, message):
    with pytest.raises(error, match=message):
        lamina.tune(**{"X": X, "y": LABELS, "trials": 2, **QUICK, **given})
