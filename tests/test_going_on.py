"""Going on from an earlier fit: `partial_fit`, `warm_start`, and parameters that were edited in between."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.equations.optimisers import OPTIMISERS, GradientDescent
from lamina.equations.verbs import penalty
from lamina.errors import EngineWarning
from lamina.fitting import finish, prepare
from lamina.learning.hyperparameters import OPTIMISER_CHOICES
from lamina.learning.training import train
from lamina.starting import Before
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(160, 4))
SIGNAL = X[:, 0] - X[:, 1] * X[:, 2]
NUMBERS = 100 + 7 * SIGNAL
LABELS = np.digitize(SIGNAL, [-0.7, 0.7])
QUICK = PLAIN | {"hidden_layer_sizes": (12,), "learning_rate_init": 0.03, "random_state": 0, "max_iter": 10}
STILL = {"learning_rate_init": 1e-30, "max_iter": 1}  # a fit that moves nothing

TASKS = pytest.mark.parametrize("task", ["classifier", "regressor"])


def estimator(task, **settings):
    return (DeepClassifier if task == "classifier" else DeepRegressor)(**{**QUICK, **settings})


def target(task):
    return LABELS if task == "classifier" else NUMBERS


def partly_fitted(model, task, calls):
    for k in range(calls):
        classes = {"classes": [0, 1, 2]} if task == "classifier" and k == 0 else {}
        model.partial_fit(X, target(task), **classes)
    return model


def untimed(model):
    return [{name: value for name, value in record.items() if name != "seconds"} for record in model.history_]


def last_is_best():
    """A scorer that likes every epoch more than the one before, so that a fit keeps the last."""
    counter = itertools.count()
    return lambda model, X, y: next(counter)


# ---- partial_fit ----


@TASKS
@pytest.mark.parametrize("averaging", [0.0, 0.6])
@pytest.mark.parametrize("optimiser", ["adam", "momentum", "rmsprop"])
def test_ten_partial_fits_are_a_fit_of_ten_epochs(task, averaging, optimiser):
    """Every call shuffles anew, draws other dropout masks, and goes on with the optimiser's memory and the average."""
    settings = {"dropout": 0.2, "averaging": averaging, "optimizer": optimiser, "normalization": "batch"}
    whole = estimator(task, **settings, scoring=last_is_best(), n_iter_no_change=99).fit(X, target(task))
    piecewise = partly_fitted(estimator(task, **settings), task, 10)
    assert [r["cost"] for r in piecewise.history_] == [r["cost"] for r in whole.history_]
    np.testing.assert_array_equal(piecewise.model_.params, whole.model_.params)
    assert (piecewise.n_iter_, piecewise.best_epoch_) == (10, 10)


def test_partial_fit_keeps_the_moving_average():
    """By hand: after the first pass the parameters themselves, then what `averaging` leaves of the mean."""
    settings = {"optimizer": "gradient_descent", "learning_rate_init": 0.5, "dtype": "float64"}
    averaged, plain = (estimator("regressor", **settings, averaging=decay) for decay in (0.6, 0.0))
    mean = None
    for epoch in range(9):
        partly_fitted(averaged, "regressor", 1)
        params = partly_fitted(plain, "regressor", 1).model_.params
        stays = min(0.6, (1 + epoch) / (10 + epoch))
        mean = params.copy() if mean is None else stays * mean + (1 - stays) * params
        np.testing.assert_allclose(averaged.model_.params, mean, rtol=1e-12)
    assert not np.allclose(mean, params, rtol=1e-3)


@TASKS
def test_settings_stay_in_the_model_after_partial_fit(task):
    """What a single pass does without is still what the user asked for."""
    given = {"schedule": "cosine(warmup=2)", "max_iter": 77, "early_stopping": True, "max_time": 60.0}
    given |= {"dropout_schedule": "exponential(decay=0.5)", "averaging": 0.5, "n_iter_no_change": 4}
    model = partly_fitted(estimator(task, **given), task, 2)
    assert {name: model.model_.settings.get(name) for name in given} == given
    assert {name: getattr(model, name) for name in given} == given


# ---- warm_start ----


@TASKS
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_four_and_six_epochs_are_ten(task, early, optimiser):
    """Also a classifier's probabilities, which are calibrated at the end of each fit."""
    settings = {"optimizer": optimiser, "early_stopping": early, "calibrate": early, "tol": 0.0, "averaging": 0.5}
    settings = {name: value for name, value in settings.items() if name != "calibrate" or task == "classifier"}
    whole = estimator(task, **settings, n_iter_no_change=99).fit(X, target(task))
    twice = estimator(task, **settings, n_iter_no_change=99, warm_start=True, max_iter=4).fit(X, target(task))
    twice.set_params(max_iter=6).fit(X, target(task))
    np.testing.assert_array_equal(twice.model_.params, whole.model_.params)
    assert untimed(twice) == untimed(whole)
    assert (twice.best_epoch_, twice.n_iter_, twice.stopped_) == (whole.best_epoch_, 10, whole.stopped_)


@pytest.mark.filterwarnings("ignore::lamina.errors.DiagnosisWarning")
@pytest.mark.parametrize("early", [True, False])
def test_four_and_six_epochs_are_ten_where_the_best_is_an_early_one(early):
    """The steps go on from the last weights, not from the best; so do memory and place in the schedule."""
    settings = {"learning_rate_init": 10.0, "n_iter_no_change": 99, "early_stopping": early, "tol": 0.0}
    whole = estimator("regressor", **settings).fit(X, NUMBERS)
    twice = estimator("regressor", **settings, warm_start=True, max_iter=4).fit(X, NUMBERS)
    assert twice.best_epoch_ < 4
    twice.set_params(max_iter=6).fit(X, NUMBERS)
    np.testing.assert_array_equal(twice.model_.params, whole.model_.params)
    assert untimed(twice) == untimed(whole)


def test_patience_counts_anew_after_it_ended_a_fit():
    settings = {"tol": 1e6, "n_iter_no_change": 3, "warm_start": True, "max_iter": 50}
    model = estimator("regressor", **settings).fit(X, NUMBERS)
    assert (model.n_iter_, model.stopped_) == (4, "no progress on the training rows for 3 epochs")
    assert model.fit(X, NUMBERS).n_iter_ == 7


def test_warm_start_with_other_validation_rows_watches_anew():
    """The best epoch of a fit is one that was watched on the rows of this fit."""
    model = estimator("regressor", warm_start=True, max_iter=4)
    model.fit(X, NUMBERS, X_val=X[:20], y_val=NUMBERS[:20])
    model.fit(X, NUMBERS, X_val=X[20:90] * 3, y_val=NUMBERS[20:90] + 50)
    assert model.best_epoch_ > 4
    costs = [record["validation_cost"] for record in model.history_[4:]]
    assert model.best_epoch_ == 5 + int(np.argmin(costs))


@pytest.mark.parametrize(
    ("before", "after", "early"),
    [
        ({}, {"label_smoothing": 0.3}, True),
        ({}, {"label_smoothing": 0.3}, False),
        ({"class_weight": {0: 9, 1: 1, 2: 1}}, {"class_weight": None, "max_iter": 8}, True),
        ({"class_weight": {0: 9, 1: 1, 2: 1}}, {"class_weight": None, "max_iter": 8}, False),
        ({}, {"alpha": 50.0, "learning_rate_init": 0.003, "max_iter": 60}, False),  # a validation cost has no penalty
    ],
    ids=str,
)
def test_warm_start_with_a_higher_cost_compares_the_best_of_before_at_that_cost(before, after, early):
    """Costs that were lower because they left something out would keep the weights of before for ever."""
    model = estimator("classifier", warm_start=True, early_stopping=early, n_iter_no_change=99, **before)
    model.fit(X, LABELS)
    first = [record["validation_cost"] or record["cost"] for record in model.history_]
    model.set_params(**after).fit(X, LABELS)
    then = [record["validation_cost"] or record["cost"] for record in model.history_[10:]]
    assert min(then) > min(first)
    assert model.best_epoch_ > 10


def test_warm_start_keeps_weights_that_are_still_the_best():
    model = estimator("regressor", warm_start=True, early_stopping=True, tol=0.0, n_iter_no_change=99)
    model.fit(X, NUMBERS)
    best, params = model.best_epoch_, model.model_.params
    model.set_params(learning_rate_init=10.0, dtype="bfloat16").fit(X, NUMBERS)
    assert model.best_epoch_ == best
    np.testing.assert_array_equal(model.model_.params, params)


@pytest.mark.parametrize(
    ("before", "after"), [("float64", "bfloat16"), ("bfloat16", "float64"), ("float64", "float32")]
)
@pytest.mark.parametrize("early", [True, False])
def test_another_dtype_judges_the_best_weights_as_it_rounds(before, after, early):
    given = {**QUICK, "early_stopping": early, "dtype": before}
    run, state = prepare(X, NUMBERS, settings=given, task="regressor")
    for _ in train(run, state):
        pass
    model, old = finish(run, state), state.best
    run, state = prepare(X, NUMBERS, settings={**given, "dtype": after}, task="regressor", before=Before(model, state))
    rows = next((run.validation or run.examples).blocks())
    cost = run.engine.cost(run.network, state.best_params, *rows)
    cost += 0 if early else penalty(run.network, state.best_params, run.examples.n)
    assert state.best == state.best_cost == state.threshold == pytest.approx(cost, rel=1e-6)
    assert state.best == pytest.approx(old, rel=0.02)
    assert state.best != old
    assert state.best_epoch == model.best_epoch


def test_a_seed_that_was_drawn_goes_on():
    """With random_state=None, later fits hold out the same rows as the first: none of them was learned from."""
    model = estimator("regressor", **STILL | {"random_state": None}, warm_start=True, early_stopping=True)
    for _ in range(4):
        model.fit(X, NUMBERS)
    costs = [record["validation_cost"] for record in model.history_]
    np.testing.assert_allclose(costs, costs[0], rtol=1e-6)


# ---- edits ----


@TASKS
@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_an_edit_of_the_parameters_reaches_the_next_call(task, way):
    model = estimator(task, warm_start=True, early_stopping=True, max_iter=4)
    if way == "partial_fit":
        partly_fitted(model, task, 2)
    else:
        model.fit(X, target(task))
    model.parameters_["W1"][:] *= np.float32(-0.5)
    model.parameters_["b2"][:] += np.float32(0.25)
    edited = model.model_.params.copy()
    model.set_params(**STILL)
    (model.fit if way == "warm_start" else model.partial_fit)(X, target(task))
    np.testing.assert_allclose(model.model_.params, edited, rtol=1e-6)
    assert model.n_iter_ == (3 if way == "partial_fit" else 5)


def test_an_edit_of_a_classifier_whose_temperature_is_not_1():
    """The last layer was divided by it: the edit is taken as it is seen, and training goes on undivided."""
    settings = {"early_stopping": True, "max_iter": 8, "learning_rate_init": 0.3, "n_iter_no_change": 99}
    model = estimator("classifier", **settings, calibrate=True, warm_start=True).fit(X, LABELS)
    plain = estimator("classifier", **settings, calibrate=False).fit(X, LABELS)
    temperatures = plain.parameters_["W2"] / model.parameters_["W2"]
    T = float(temperatures.mean())
    np.testing.assert_allclose(temperatures, T, rtol=1e-5)
    assert abs(T - 1) > 0.05
    model.parameters_["W2"][0] *= 2
    edited = model.parameters_["W2"].copy()
    model.set_params(**STILL).fit(X, LABELS)
    ratio = edited / model.parameters_["W2"]
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-5)  # the edit is there, up to a temperature of its own
    cost = model.history_[-1]["validation_cost"]
    undivided = estimator("classifier", **settings, calibrate=False, warm_start=True).fit(X, LABELS)
    undivided.parameters_["W2"][0] *= 2
    undivided.set_params(**STILL).fit(X, LABELS)
    assert cost == pytest.approx(undivided.history_[-1]["validation_cost"], rel=1e-5)


def test_an_edit_is_no_longer_beaten_by_what_was_best_before():
    """The best weights before the edit are not handed out again."""
    model = estimator("regressor", warm_start=True).fit(X, NUMBERS)
    for name in ("W1", "b1", "W2", "b2"):
        model.parameters_[name][:] = 0
    model.set_params(**STILL).fit(X, NUMBERS)
    np.testing.assert_allclose(model.predict(X), NUMBERS.mean(), rtol=1e-5)
    assert model.best_epoch_ == 11


def test_the_temperature_is_searched_once_per_fit(monkeypatch):
    from lamina import fitting

    searched, search = [], fitting.temperature
    monkeypatch.setattr(fitting, "temperature", lambda *given: searched.append(1) or search(*given))
    model = estimator("classifier", early_stopping=True, calibrate=True, warm_start=True, max_iter=3)
    for fits in (1, 2):
        model.fit(X, LABELS)
        assert len(searched) == fits


# ---- an optimiser that the kernels lack ----


@dataclass(frozen=True, kw_only=True)
class Unhurried(GradientDescent):
    """The lecture's rule under a name that no kernel knows."""

    kind: ClassVar[str] = "unhurried"


@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_an_optimiser_that_only_python_knows(monkeypatch, way):
    """With engine="auto" the equations take over, and a warning names what is missing."""
    for table in (OPTIMISERS, OPTIMISER_CHOICES):
        monkeypatch.setitem(table, "unhurried", Unhurried)
    known = estimator("regressor", optimizer="gradient_descent", engine="equations")
    getattr(known, way)(X, NUMBERS)
    with pytest.warns(EngineWarning, match="unhurried"):
        model = getattr(estimator("regressor", optimizer="unhurried", engine="auto"), way)(X, NUMBERS)
    np.testing.assert_array_equal(model.model_.params, known.model_.params)
