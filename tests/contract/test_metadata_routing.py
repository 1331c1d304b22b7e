"""scikit-learn's metadata routing: what goes to the estimators by default, what must be asked for, what is refused."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import DataWarning, SettingError
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3)) * [1, 50, 1] + [0, 500, 0]
NUMBERS = X[:, 0] + X[:, 1] / 50 + rng.normal(size=120)
LABELS = np.where(NUMBERS > 10, "up", "down")
GROUPS = np.repeat(np.arange(12), 10)
WEIGHTS = rng.integers(0, 3, 120).astype(float)
QUICK = PLAIN | {"hidden_layer_sizes": (8,), "max_iter": 4, "learning_rate_init": 0.05, "random_state": 0}


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def seen(monkeypatch, kind=DeepRegressor):
    """What every call of fit is given, by name."""
    calls, fit = [], kind.fit

    def spy(self, X, y=None, **given):
        calls.append({"X": X, "y": y, **given})
        return fit(self, X, y, **given)

    monkeypatch.setattr(kind, "fit", spy)
    return calls


def test_validation_rows_go_through_a_pipeline_that_transforms_them():
    watched = {"X_val": X[80:], "y_val": NUMBERS[80:], "sample_weight_val": WEIGHTS[80:]}
    pipeline = Pipeline([("scale", StandardScaler()), ("net", regressor())], transform_input=["X_val"])
    found = pipeline.fit(X[:80], NUMBERS[:80], **watched)[-1]
    scaler = StandardScaler().fit(X[:80])
    by_hand = regressor().fit(scaler.transform(X[:80]), NUMBERS[:80], **watched | {"X_val": scaler.transform(X[80:])})
    assert found.history_[-1]["validation_cost"] == by_hand.history_[-1]["validation_cost"]
    without_weights = pipeline.fit(X[:80], NUMBERS[:80], X_val=X[80:], y_val=NUMBERS[80:])[-1]
    assert without_weights.history_[-1]["validation_cost"] != by_hand.history_[-1]["validation_cost"]


def test_validation_rows_that_a_pipeline_did_not_transform_are_warned_of():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    pipeline = make_pipeline(StandardScaler(), regressor())
    with pytest.warns(DataWarning, match=r"X_val has column names and X has none.*transform_input=\[\"X_val\"\]"):
        pipeline.fit(frame, NUMBERS, X_val=frame[80:], y_val=NUMBERS[80:])
    told = make_pipeline(StandardScaler(), regressor(), transform_input=["X_val"])
    told.fit(frame, NUMBERS, X_val=frame[80:], y_val=NUMBERS[80:])


@pytest.mark.parametrize("frames", [False, True])
def test_validation_rows_far_off_are_warned_of_without_names_too(frames):
    """Arrays have none, and a scaler that gives frames keeps them."""
    rows = X * [1.0, 20.0, 0.001] + [0.0, 150.0, 20.0]
    rows[::9, 1] = np.nan
    rows = pd.DataFrame(rows, columns=["a", "b", "c"]) if frames else rows
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas" if frames else None), regressor())
    name = "b" if frames else "x1"
    said = rf"near the others in column {name} \(nor in 1 more\): they go from -[\d.]+ to .*transform_input"
    with pytest.warns(DataWarning, match=said):
        pipeline.fit(rows, NUMBERS, X_val=rows[80:], y_val=NUMBERS[80:])
    told = clone(pipeline).set_params(transform_input=["X_val"])
    told.fit(rows, NUMBERS, X_val=rows[80:], y_val=NUMBERS[80:])


def test_validation_rows_that_are_later_or_few_are_not_far_off():
    time = np.arange(float(len(X)))[:, None]  # the validation rows are beyond all others, and not far
    regressor().fit(time[:80], NUMBERS[:80], X_val=time[80:], y_val=NUMBERS[80:])
    regressor().fit(X, NUMBERS, X_val=X[:7] + 99, y_val=NUMBERS[:7])
    still, moved = (np.column_stack([X, np.full(len(X), one)]) for one in (1.0, 6.0))  # no range to be away from
    regressor().fit(still, NUMBERS, X_val=moved[80:], y_val=NUMBERS[80:])
    with pytest.warns(DataWarning, match="near the others in column x0 "):
        regressor().fit(X, NUMBERS, X_val=X[:8] - 99, y_val=NUMBERS[:8])


def test_groups_go_to_the_folds_and_to_the_hold_out(monkeypatch):
    calls = seen(monkeypatch)
    model = regressor(early_stopping=True, validation_fraction=0.3)
    result = cross_validate(
        model, X, NUMBERS, cv=GroupKFold(3), params={"groups": GROUPS}, return_estimator=True, error_score="raise"
    )
    assert len(calls) == 3
    for call, one in zip(tuple(calls), result["estimator"], strict=True):
        assert len(call["groups"]) == len(call["X"]) == 80
        alone = regressor(early_stopping=True, validation_fraction=0.3).fit(call["X"], call["y"], groups=call["groups"])
        np.testing.assert_array_equal(one.predict(X), alone.predict(X))
        at_random = regressor(early_stopping=True, validation_fraction=0.3).fit(call["X"], call["y"])
        assert not np.array_equal(one.predict(X), at_random.predict(X))


@pytest.mark.parametrize("settings", [{"early_stopping": False}, {"preset": "sklearn", "early_stopping": "auto"}])
def test_groups_go_to_the_folds_only_where_nothing_is_held_out(settings, monkeypatch):
    calls = seen(monkeypatch)
    search = GridSearchCV(regressor(**settings), {"alpha": [0.0, 1.0]}, cv=GroupKFold(2), error_score="raise")
    search.fit(X, NUMBERS, groups=GROUPS)
    assert len(calls) == 5
    assert all("groups" not in call for call in calls)


def test_few_rows_with_groups_are_all_learned_from():
    """Of "auto", where 60 rows are the fewest to hold out from: folds of a small table."""
    few = DeepRegressor(max_iter=2, random_state=0)
    assert clone(few).fit(X, NUMBERS, groups=GROUPS).history_[0]["validation_cost"] is not None
    assert clone(few).fit(X[:40], NUMBERS[:40], groups=GROUPS[:40]).history_[0]["validation_cost"] is None
    cross_validate(few, X[:60], NUMBERS[:60], cv=GroupKFold(3), params={"groups": GROUPS[:60]}, error_score="raise")
    with pytest.raises(SettingError, match="early_stopping=False holds out none"):
        regressor(early_stopping=False).fit(X, NUMBERS, groups=GROUPS)


def test_times_go_to_the_hold_out(monkeypatch):
    calls = seen(monkeypatch)
    cross_validate(
        regressor(early_stopping=True), X, NUMBERS, cv=2, params={"time": np.arange(120)}, error_score="raise"
    )
    assert [len(call["time"]) for call in calls] == [60, 60]


def test_weights_are_refused_until_somebody_says_what_for():
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), regressor())
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        pipeline.fit(X, NUMBERS, sample_weight=WEIGHTS)
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_validate(regressor(), X, NUMBERS, params={"sample_weight": WEIGHTS}, error_score="raise")
    fitted = make_pipeline(regressor()).fit(X, NUMBERS)
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        fitted.score(X, NUMBERS, sample_weight=WEIGHTS)


def test_weights_that_were_asked_for_count():
    weighted = regressor().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), weighted)
    found = pipeline.fit(X, NUMBERS, sample_weight=WEIGHTS)
    alone = regressor().fit(StandardScaler().fit_transform(X), NUMBERS, WEIGHTS)
    np.testing.assert_array_equal(found[-1].predict(X), alone.predict(X))
    scorer = get_scorer("r2").set_score_request(sample_weight=True)
    search = GridSearchCV(weighted, {"alpha": [0.0, 1.0]}, cv=2, scoring=scorer, error_score="raise")
    search.fit(X, NUMBERS, sample_weight=WEIGHTS)
    best = regressor(**search.best_params_).fit(X, NUMBERS, WEIGHTS)
    np.testing.assert_array_equal(search.predict(X), best.predict(X))
    ignored = regressor().set_fit_request(sample_weight=False)
    with pytest.raises(TypeError, match="sample_weight"):  # nobody takes it
        make_pipeline(ignored).fit(X, NUMBERS, sample_weight=WEIGHTS)


@pytest.mark.parametrize("name", ["checkpoint", "cluster", "trace", "target", "drop", "stream", "cache", "weight"])
def test_how_a_fit_is_done_is_asked_for_by_name(name, monkeypatch):
    with pytest.raises(UnsetMetadataPassedError, match=name):
        make_pipeline(regressor()).fit(X, NUMBERS, **{name: "folder"})


def test_a_checkpoint_that_was_asked_for(tmp_path):
    folder = tmp_path / "run"
    make_pipeline(regressor().set_fit_request(checkpoint=True)).fit(X, NUMBERS, checkpoint=folder)
    assert any(folder.iterdir())


def test_requests_survive_a_clone_and_settings():
    model = clone(regressor(early_stopping=True).set_fit_request(sample_weight="w", groups=False))
    asked = model.get_metadata_routing().fit.requests
    assert (asked["sample_weight"], asked["groups"], asked["X_val"], asked["checkpoint"]) == ("w", False, True, None)
    assert regressor(early_stopping=True).get_metadata_routing().fit.requests["groups"] is True
    assert regressor(early_stopping=False).get_metadata_routing().fit.requests["groups"] is False


def test_a_classifier_asks_for_the_same():
    asked = DeepClassifier().get_metadata_routing()
    assert {name for name, request in asked.fit.requests.items() if request} == {
        *("X_val", "y_val", "sample_weight_val", "groups", "time")
    }
    assert not any(asked.score.requests.values())


def test_without_routing_nothing_changes():
    with sklearn.config_context(enable_metadata_routing=False):
        found = make_pipeline(regressor()).fit(X, NUMBERS, deepregressor__sample_weight=WEIGHTS)
        np.testing.assert_array_equal(found.predict(X), regressor().fit(X, NUMBERS, WEIGHTS).predict(X))
        with pytest.raises(ValueError, match="sample_weight"):
            make_pipeline(regressor()).fit(X, NUMBERS, sample_weight=WEIGHTS)
