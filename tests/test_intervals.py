"""Prediction intervals and sets: they hold what they promise, and say where nothing can be promised."""

import json
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import DeepClassifier, DeepRegressor
from lamina.errors import DataError, LaminaError, SettingError
from lamina.learning.conformal import MOST_SCORES, Conformal

QUICK = {"preset": "sklearn", "hidden_layer_sizes": (16,), "random_state": 0, "activation": "tanh"}
QUICK |= {"learning_rate_init": 0.01, "max_iter": 10}
LOSSES = {
    "squared_error": lambda x, rng: 3 * x + (0.2 + x) * rng.normal(size=len(x)),
    "quantile(quantiles=(0.05, 0.95))": lambda x, rng: 3 * x + (0.2 + x) * rng.normal(size=len(x)),
    "poisson": lambda x, rng: rng.poisson(np.exp(2 * x)) + rng.uniform(0, 1e-3, len(x)),
    "gamma": lambda x, rng: rng.gamma(2.0, np.exp(x)) + 1e-3,
}


def inside(ends, y):
    return (ends[..., 0] <= y) & (y <= ends[..., 1])


def drawn(loss, n, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n)
    return x[:, None], LOSSES[loss](x, rng)


def fitted(loss="squared_error", n=300, **settings):
    return DeepRegressor(**{**QUICK, **settings}, loss=loss).fit(*drawn(loss, n, 0))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("n", [19, 20, 57])
def test_the_width_is_the_error_at_the_rank_of_the_theorem(n, coverage):
    model = fitted()
    X, y = drawn("squared_error", n, 1)
    ends = model.calibrate_intervals(X, y).predict_interval(X, coverage)
    rank = ceil(Fraction(str(coverage)) * (n + 1))
    error = np.sort(np.abs(y - model.predict(X)))[rank - 1]
    np.testing.assert_allclose(ends, model.predict(X)[:, None] + [-error, error], rtol=1e-12)
    assert inside(ends, y).sum() == rank


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_measured_coverage_is_what_was_asked_for(loss, coverage):
    """Of 49 rows ceil(50 c)/50 is covered on average; 300 draws tell that within 4 deviations of their mean."""
    model, n, rounds = fitted(loss).model_, 49, 300
    X, y = drawn(loss, rounds * 100, 2)
    found = []
    for X_cal, y_cal, X_new, y_new in (
        (X[i : i + n], y[i : i + n], X[i + n : i + 100], y[i + n : i + 100]) for i in range(0, len(X), 100)
    ):
        found.append(inside(model.calibrate_intervals(X_cal, y_cal).predict_interval(X_new, coverage), y_new).mean())
    promised = ceil(Fraction(str(coverage)) * (n + 1)) / (n + 1)
    deviation = np.sqrt(promised * (1 - promised) * (1 / (n + 2) + 1 / 51) / rounds)
    assert abs(np.mean(found) - promised) < 4 * deviation


@pytest.mark.parametrize("coverage", [0.7, 0.9])
def test_measured_coverage_of_sets(coverage):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(30_000, 2))
    y = np.array(["a", "b", "c"])[np.digitize(X[:, 0] + rng.normal(size=len(X)), [-0.7, 0.7])]
    model = DeepClassifier(**QUICK).fit(X[:300], y[:300])
    number, found, sizes, n = np.searchsorted(model.classes_, y), [], [], 49
    for i in range(0, len(X), 100):
        new = slice(i + n, i + 100)
        sets = model.model_.calibrate_intervals(X[i : i + n], y[i : i + n]).predict_set(X[new], coverage)
        found.append(sets[np.arange(51), number[new]].mean())
        sizes.append(sets.sum(axis=1).mean())
    assert np.mean(found) > ceil(Fraction(str(coverage)) * 50) / 50 - 4 * np.sqrt(0.25 * (1 / 51 + 1 / 51) / 300)
    assert coverage - 0.02 < np.mean(found) < coverage + 0.03
    assert 1 <= np.mean(sizes) < 2.5
    of_two = DeepClassifier(**QUICK).fit(X[:300], X[:300, 0] > 0).calibrate_sets(X[300:600], X[300:600, 0] > 0)
    assert of_two.predict_set(X[:5]).shape == (5, 2)


def test_validation_rows_of_a_fit_hold_about_what_they_promise():
    """They chose the epoch too: with 60 of them it costs little."""
    found = []
    for seed in range(25):
        X, y = drawn("squared_error", 300, 100 + seed)
        model = DeepRegressor(**QUICK | {"random_state": seed}, early_stopping=True, validation_fraction=0.2).fit(X, y)
        X_new, y_new = drawn("squared_error", 1000, 200 + seed)
        found.append(inside(model.predict_interval(X_new, 0.9), y_new).mean())
        assert model.model_.conformal.rows == 60
    assert np.mean(found) > 0.9 - 4 * np.sqrt(0.09 / 62 / 25) - 0.01


def test_quantiles_give_every_row_its_own_width():
    loss = "quantile(quantiles=(0.05, 0.95))"
    X, y = drawn(loss, 2000, 5)
    model = fitted(loss, 2000, max_iter=40).calibrate_intervals(*drawn(loss, 2000, 6))
    ends = model.predict_interval(X, 0.9)
    narrow, wide = X[:, 0] < 0.2, X[:, 0] > 0.8
    for some in (narrow, wide):
        assert inside(ends, y)[some].mean() == pytest.approx(0.9, abs=0.06)
    assert np.diff(ends[narrow]).mean() < 0.6 * np.diff(ends[wide]).mean()


def test_amounts_and_counts_are_not_below_0_and_widen():
    for loss in ("poisson", "gamma"):
        X, _ = drawn(loss, 200, 7)
        model = fitted(loss).calibrate_intervals(*drawn(loss, 200, 8))
        ends = model.predict_interval(X, 0.9)
        assert ends.min() >= 0
        order = np.argsort(model.predict(X))
        assert (np.diff(ends[order, 1] - model.predict(X)[order]) > 0).all()


def test_a_row_of_weight_2_is_two_rows():
    model = fitted().model_
    X, y = drawn("squared_error", 30, 9)
    weights = np.tile([0, 1, 2, 3, 1], 6)
    weighted = model.calibrate_intervals(X, y, weights)
    ends = weighted.predict_interval(X, 0.8)
    total = weights.sum()
    errors, order = np.abs(y - model.predict(X)), np.argsort(np.abs(y - model.predict(X)))
    reached = np.cumsum(weights[order]) >= 0.8 * (total + 3)  # a new row counts as much as the heaviest
    assert np.diff(ends)[0, 0] / 2 == pytest.approx(errors[order][np.argmax(reached)])
    same = model.calibrate_intervals(X, y, np.full(30, 7.0)).predict_interval(X, 0.8)
    np.testing.assert_array_equal(same, model.calibrate_intervals(X, y).predict_interval(X, 0.8))


def test_of_very_many_rows_a_part_is_kept_and_covers():
    scores = np.random.default_rng(10).exponential(size=(7001, 1))
    kept = Conformal.of(scores)
    assert len(kept.scores[0]) == MOST_SCORES
    assert len(json.dumps(kept.to_header())) < 25_000
    for coverage in (0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999):
        at_least, found = np.quantile(scores, coverage), kept.at(coverage)[0]
        assert at_least <= found
        assert np.mean(scores <= found) < coverage + 0.0035


def test_several_targets_each_for_itself(tmp_path):
    rng = np.random.default_rng(11)
    X = rng.normal(size=(400, 2))
    Y = np.c_[X[:, 0] + rng.normal(size=400), 100 * X[:, 1] + rng.normal(size=400)]
    for loss, k in (("squared_error", 1), ("quantile(quantiles=(0.1, 0.9))", 2)):
        model = DeepRegressor(**QUICK, loss=loss, early_stopping=True).fit(X[:300], Y[:300])
        model.calibrate_intervals(X[300:], Y[300:])
        ends = model.predict_interval(X, 0.9)
        assert ends.shape == (400, 2, 2)
        assert model.model_.network.n_outputs == 2 * k
        assert (inside(ends[300:], Y[300:]).sum(axis=0) == 91).all()  # ceil(101 * 0.9)
    model.save(tmp_path / "two.lamina")
    np.testing.assert_array_equal(lamina.load(tmp_path / "two.lamina").predict_interval(X), model.predict_interval(X))


def test_quantiles_that_are_drawn_past_each_other_meet():
    model = fitted("quantile(quantiles=(0.05, 0.95))").model_
    narrow = replace(model, conformal=Conformal(3, (np.full(3, -50.0),), (np.array([0.25, 0.5, 0.75]),)))
    ends = narrow.predict_interval(np.zeros((2, 1)), 0.5)
    np.testing.assert_array_equal(ends[:, 0], ends[:, 1])


# ---- where nothing can be promised ----


def test_what_cannot_be_promised_is_said():
    model, (X, y) = fitted(), drawn("squared_error", 30, 12)
    with pytest.raises(SettingError, match=r"no rows were held out.*calibrate_intervals.*early_stopping=True"):
        model.predict_interval(X)
    model.calibrate_intervals(X[:8], y[:8])
    with pytest.raises(SettingError, match=r"coverage=0.9 needs 9 rows.*there are 8.*at most 0.8888"):
        model.predict_interval(X, 0.9)
    assert model.predict_interval(X, 0.88).shape == (30, 2)
    assert model.calibrate_intervals(X[:9], y[:9]).predict_interval(X, 0.9).shape == (30, 2)
    for coverage, meant in (
        (90, "Did you mean 0.9"),
        (1.0, "between 0 and 1"),
        (0, "0.9"),
        ("0.9", "0.9"),
        (True, "0.9"),
    ):
        with pytest.raises(SettingError, match=meant):
            model.predict_interval(X, coverage)
    with pytest.raises(DataError, match="5 values and X has 30"):
        model.calibrate_intervals(X, y[:5])
    with pytest.raises(DataError, match="NaN"):
        model.calibrate_intervals(X, y * np.nan)
    with pytest.raises(DataError, match="weights are zero"):
        model.calibrate_intervals(X, y, np.zeros(30))
    with pytest.raises(SettingError, match="predict_interval"):
        model.model_.predict_set(X)


def test_labels_have_sets_and_several_labels_a_row_have_none():
    X = np.random.default_rng(13).normal(size=(60, 2))
    model = DeepClassifier(**QUICK, early_stopping=True).fit(X, X[:, 0] > 0)
    assert model.predict_set(X, 0.5).any(axis=1).all()
    with pytest.raises(SettingError, match="predict_set"):
        model.model_.predict_interval(X)
    several = DeepClassifier(**QUICK, early_stopping=True).fit(X, (X > 0).astype(int))
    with pytest.raises(SettingError, match="exclude one another"):
        several.predict_set(X)
    with pytest.raises(SettingError, match="exclude one another"):
        several.calibrate_sets(X, (X > 0).astype(int))


def test_going_on_forgets_them():
    model, (X, y) = fitted(early_stopping=True), drawn("squared_error", 300, 0)
    assert model.predict_interval(X).shape == (300, 2)
    with pytest.raises(SettingError, match="no rows were held out"):
        model.partial_fit(X, y).predict_interval(X)


# ---- files ----


def test_they_come_back_from_a_file(tmp_path):
    X, y = drawn("squared_error", 900, 14)
    for n in (30, 900):
        for weights in (None, np.arange(n) % 3):
            model = fitted().calibrate_intervals(X[:n], y[:n], weights)
            model.save(tmp_path / "a.lamina")
            found = lamina.load(tmp_path / "a.lamina")
            np.testing.assert_array_equal(found.predict_interval(X, 0.8), model.predict_interval(X, 0.8))


def test_files_from_before_there_were_intervals_are_read():
    model = lamina.load(Path(__file__).parent / "model_file" / "format_1.lamina")
    with pytest.raises(SettingError, match="no rows were held out"):
        model.predict_set({name: [0.0] for name in model.encoder.names_in})


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 0},
        {"rows": 29},
        {"rows": "30"},
        {"rows": 10**6},
        {"scores": []},
        {"scores": [[]]},
        {"scores": [[1.0, 0.5]], "levels": [[0.3, 0.6]]},
        {"scores": [[0.5, 1.0]], "levels": [[0.6, 0.3]]},
        {"scores": [[0.5, 1.0]], "levels": [[0.6, 1.0]]},
        {"scores": [[0.5, 1.0]], "levels": [[0.0, 0.5]]},
        {"scores": [[0.5, 1.0]], "levels": [[0.5]]},
        {"scores": [[0.5, "1"]], "levels": [[0.5, 0.6]]},
        {"scores": [list(range(1000))], "levels": [[i / 1000 for i in range(1, 1001)]]},
        {"more": 1},
    ],
)
def test_anything_else_in_a_file_is_refused(change):
    header = Conformal.of(np.random.default_rng(0).exponential(size=(30, 1))).to_header()
    assert np.array_equal(Conformal.from_header(header, 1).scores[0], header["scores"][0])
    with pytest.raises(LaminaError):
        Conformal.from_header(header | change, 1)


def test_what_a_class_weighs_in_training_does_not_move_the_coverage():
    held = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(3000, 2))
        y = (X[:, 0] + rng.normal(size=3000) > 0).astype(int)
        weighs = {**QUICK, "class_weight": {0: 1, 1: 10}, "early_stopping": True, "validation_fraction": 0.3}
        model = DeepClassifier(**weighs).fit(X[:1500], y[:1500])
        held.append(model.predict_set(X[1500:], 0.9)[np.arange(1500), y[1500:]].mean())
    assert 0.87 < np.mean(held) < 0.93
