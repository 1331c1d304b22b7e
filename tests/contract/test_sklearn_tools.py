"""scikit-learn's tools around the estimators: clone, pickle, joblib, searches, pipelines, ensembles, HTML."""

import pickle

import joblib
import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import DecisionBoundaryDisplay, PartialDependenceDisplay, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.utils import estimator_html_repr

import lamina
from lamina import DeepClassifier, DeepRegressor
from lamina.equations.layers import Dense, Residual
from lamina.equations.optimisers import Adam
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 3))
NUMBERS = X[:, 0] - 2 * X[:, 1]
LABELS = np.where(NUMBERS > 0, "up", "down")
QUICK = PLAIN | {"hidden_layer_sizes": (8,), "max_iter": 6, "learning_rate_init": 0.05, "random_state": 0}


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


def test_what_they_are():
    assert is_classifier(classifier())
    assert is_regressor(regressor())


def test_clone_takes_settings_and_no_weights():
    settings = {"optimizer": Adam(beta1=0.5), "hidden_layer_sizes": (4, Residual([Dense(4)])), "loss": "huber(delta=2)"}
    model = regressor(**settings).fit(X, NUMBERS)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "model_")
    np.testing.assert_array_equal(copy.fit(X, NUMBERS).predict(X), model.predict(X))


def test_set_params():
    assert regressor().set_params(alpha=3, optimizer="lion").get_params()["alpha"] == 3
    with pytest.raises(ValueError, match=r"DeepRegressor has no setting 'alfa'\. Did you mean 'alpha'"):
        regressor().set_params(alfa=3)


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_a_pickle_predicts_the_same_bits(make, protocol):
    model = make(early_stopping=True, scoring="accuracy" if make is classifier else "r2")
    model.fit(X, LABELS if make is classifier else NUMBERS)
    copy = pickle.loads(pickle.dumps(model, protocol))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    assert copy.history_ == model.history_
    assert copy.partial_fit(X, LABELS if make is classifier else NUMBERS).n_iter_ == model.n_iter_ + 1


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float64", 8)])
def test_a_pickle_is_little_more_than_its_weights(dtype, size):
    """No optimiser's memory, no copy of the weights, no rows."""
    model = regressor(hidden_layer_sizes=(300, 300), max_iter=2, dtype=dtype, optimizer="adam").fit(X, NUMBERS)
    weights = size * (3 * 300 + 300 + 300 * 300 + 300 + 300 + 1)
    assert weights <= len(pickle.dumps(model)) < 1.02 * weights + 10_000


def test_threads_and_processes():
    """Nothing is shared but the settings: the same bits side by side."""

    def predictions(seed):
        return regressor(random_state=seed, max_iter=2).fit(X, NUMBERS).predict(X)

    alone = [predictions(seed) for seed in range(4)]
    for backend in ("threading", "loky"):
        beside = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(predictions)(seed) for seed in range(4))
        np.testing.assert_array_equal(beside, alone)


def test_grid_search():
    grid = {
        "hidden_layer_sizes": [(), (8,)],
        "optimizer": ["adam", Adam(beta1=0.5)],
        "shuffle": np.array([True, False]),
        "alpha": np.array([0.0, 1.0]),
    }
    search = GridSearchCV(regressor(max_iter=3), grid, cv=2).fit(X, NUMBERS)
    assert set(search.best_params_) == set(grid)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(
        search.predict(X), regressor(max_iter=3).set_params(**search.best_params_).fit(X, NUMBERS).predict(X)
    )


def test_a_pipeline_as_model_and_as_step():
    model = make_pipeline(PolynomialFeatures(2), StandardScaler(), classifier(max_iter=30)).fit(X, LABELS)
    assert model.score(X, LABELS) > 0.9
    step = make_pipeline(classifier(max_iter=30), LogisticRegression()).fit(X, LABELS)
    np.testing.assert_allclose(step[:-1].transform(X), step[0].transform(X, 1))
    assert step.score(X, LABELS) > 0.9
    assert step[:-1].get_feature_names_out().tolist() == [f"deepclassifier{i}" for i in range(8)]


def test_weights_through_a_pipeline():
    weights = rng.integers(0, 3, 90)
    model = make_pipeline(regressor()).fit(X, NUMBERS, deepregressor__sample_weight=weights)
    np.testing.assert_array_equal(model.predict(X), regressor().fit(X, NUMBERS, weights).predict(X))


def test_cross_validation():
    assert cross_val_score(classifier(max_iter=30), X, LABELS, scoring="roc_auc", cv=3).min() > 0.9
    assert cross_val_predict(classifier(), X, LABELS, cv=3, method="predict_proba").shape == (90, 2)
    few = regressor(max_iter=2, batch_size="auto")
    assert learning_curve(few, X, NUMBERS, cv=2, train_sizes=[10, 20])[1].shape == (2, 2)


def test_other_meta_estimators():
    assert CalibratedClassifierCV(classifier(), cv=2).fit(X, LABELS).predict_proba(X).shape == (90, 2)
    assert TransformedTargetRegressor(regressor(), func=np.cbrt, inverse_func=lambda y: y**3).fit(X, NUMBERS)
    assert BaggingRegressor(regressor(max_iter=2), 2).fit(X, NUMBERS).predict(X).shape == (90,)
    voting = VotingClassifier([("a", classifier()), ("b", LogisticRegression())], voting="soft").fit(X, LABELS)
    assert voting.score(X, LABELS) > 0.8
    two = np.column_stack([NUMBERS, -NUMBERS])
    assert MultiOutputRegressor(regressor(max_iter=2)).fit(X, two).predict(X).shape == (90, 2)


def test_permutation_importance_agrees_with_what_matters():
    model = regressor(max_iter=30).fit(X, NUMBERS)
    found = permutation_importance(model, X, NUMBERS, n_repeats=3, random_state=0).importances_mean
    assert found[1] > found[0] > 10 * abs(found[2])


def test_representations():
    model = DeepRegressor(alpha=3, hidden_layer_sizes=(8,), max_iter=6, random_state=0)
    assert repr(model) == "DeepRegressor(alpha=3, hidden_layer_sizes=(8,), max_iter=6, random_state=0)"
    for one in (model, model.fit(X, NUMBERS), make_pipeline(StandardScaler(), model)):
        page = estimator_html_repr(one)
        assert "DeepRegressor" in page
        assert "hidden_layer_sizes" in page


def test_stacking_and_thresholds():
    stacked = StackingClassifier([("a", classifier()), ("b", LogisticRegression())], cv=2).fit(X, LABELS)
    assert stacked.score(X, LABELS) > 0.8
    assert FixedThresholdClassifier(classifier(), threshold=1.1, pos_label="up").fit(X, LABELS).predict(X)[0] == "down"
    importance = SelectFromModel(
        regressor(max_iter=30), importance_getter=lambda model: lamina.explain(model, X).strength
    )
    assert importance.fit(X, NUMBERS).get_support().tolist() == [False, True, False]


def test_a_frozen_network_is_not_fitted_again():
    fitted = classifier().fit(X, LABELS)
    calibrated = CalibratedClassifierCV(FrozenEstimator(fitted)).fit(X[:40], LABELS[:40])
    np.testing.assert_array_equal(clone(FrozenEstimator(fitted)).fit(X[:9], LABELS[:9]).predict(X), fitted.predict(X))
    assert calibrated.calibrated_classifiers_[0].estimator.model_ is fitted.model_


def test_displays():
    axes = pyplot.subplots(1, 2)[1]
    two = classifier().fit(X[:, :2], LABELS)
    shown = DecisionBoundaryDisplay.from_estimator(
        two, X[:, :2], grid_resolution=5, response_method="predict_proba", ax=axes[0]
    )
    grid = np.column_stack([shown.xx0.ravel(), shown.xx1.ravel()])
    np.testing.assert_allclose(shown.response.ravel(), two.predict_proba(grid)[:, 1], rtol=1e-6)
    model = regressor().fit(X, NUMBERS)
    lines = PartialDependenceDisplay.from_estimator(model, X, [1], grid_resolution=5, ax=axes[1]).pd_results[0]
    moved = X.copy()
    moved[:, 1] = lines["grid_values"][0][2]
    assert lines["average"][0, 2] == pytest.approx(model.predict(moved).mean(), rel=1e-5)
    pyplot.close("all")
