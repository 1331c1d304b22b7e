"""Scores that decide: ties, classes that the watched rows lack, scores that are NaN, scorers that do not fit."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import get_scorer, get_scorer_names, log_loss, make_scorer, mean_squared_error, r2_score
from sklearn.model_selection import cross_val_score

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import DataWarning, SettingError

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 4))
Y = X[:, 0] - X[:, 1]
LABELS = (Y > 0).astype(int)
TEXT = np.array(["low", "mid", "top"])[np.digitize(Y, [-0.7, 0.7])]
RARE = np.r_[1, np.zeros(299, int)]  # the one stays with the rows that are learned from
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (8,), "random_state": 0, "learning_rate_init": 0.01}
QUICK |= {"max_iter": 6, "early_stopping": True}


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


# ---- ties ----


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("start", ["fit", "warm_start"])
def test_of_equal_scores_the_lower_cost_decides(start, early):
    model = regressor(scoring=lambda model, X, y: 1.0, early_stopping=early, warm_start=True).fit(X, Y)
    if start == "warm_start":
        model.fit(X, Y)
    costs = [record["validation_cost" if early else "cost"] for record in model.history_]
    assert model.best_epoch_ == 1 + int(np.argmin(costs)) > 1


def test_a_higher_score_beats_any_cost():
    scores = iter([0, 1, 3, 2, 2, 2, 2])
    assert regressor(scoring=lambda model, X, y: next(scores)).fit(X, Y).best_epoch_ == 2


def test_patience_is_that_of_the_score():
    model = regressor(scoring=lambda model, X, y: 1.0, max_iter=50, n_iter_no_change=3, tol=0.0).fit(X, Y)
    assert model.n_iter_ == 4


# ---- classes that are not there ----

OF_PROBABILITIES = ["neg_log_loss"]
if "d2_log_loss_score" in get_scorer_names():  # scikit-learn 1.8, which takes texts and several classes everywhere
    OF_PROBABILITIES += ["d2_log_loss_score", "neg_brier_score"]


@pytest.mark.parametrize("name", OF_PROBABILITIES)
@pytest.mark.parametrize(
    "y", [RARE, np.where(RARE, "yes", "no"), RARE.astype(bool)], ids=["numbers", "text", "booleans"]
)
def test_of_two_classes_the_watched_rows_have_one(name, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # d2 of a single class is no number
        model = classifier(scoring=name).fit(X, y)
    assert model.best_epoch_ > 0
    if name == "neg_log_loss":
        assert np.isfinite([record["validation_score"] for record in model.history_]).all()


@pytest.mark.parametrize("name", [*OF_PROBABILITIES, "top_k_accuracy"])
def test_of_several_classes_one_is_not_watched(name):
    seen = TEXT != "mid"
    model = classifier(scoring=name).fit(X, TEXT, X_val=X[seen], y_val=TEXT[seen])
    assert model.history_[0]["validation_score"] != 0
    if name == "neg_log_loss":
        expected = -log_loss(TEXT[seen], model.predict_proba(X[seen]), labels=["low", "mid", "top"])
        best = model.history_[model.best_epoch_ - 1]["validation_score"]
        assert best == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", OF_PROBABILITIES)
@pytest.mark.parametrize("y", [LABELS, TEXT], ids=["two", "several"])
def test_where_all_are_there_the_score_is_scikit_learns(name, y):
    model = classifier(scoring=name).fit(X, y, X_val=X, y_val=y)
    best = model.history_[model.best_epoch_ - 1]["validation_score"]
    assert best == pytest.approx(get_scorer(name)(model, X, y), rel=1e-6)


def test_a_scorer_with_labels_of_its_own_keeps_them():
    mine = make_scorer(log_loss, response_method="predict_proba", greater_is_better=False, labels=["low", "mid", "top"])
    one, two = (classifier(scoring=scorer).fit(X, TEXT) for scorer in (mine, "neg_log_loss"))
    assert [r["validation_score"] for r in one.history_] == [r["validation_score"] for r in two.history_]


# ---- scores that are no number ----


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_score_that_is_nan_is_said_once_and_the_cost_decides(name):
    def scorer(estimator, rows, y):
        return float("nan")

    scoring = "roc_auc" if name == "roc_auc" else scorer
    with pytest.warns(DataWarning, match="is nan in epoch 1: .* compared by their cost") as told:
        model = classifier(scoring=scoring, max_iter=12).fit(X, RARE)
    assert len(told) == 1
    assert told[0].filename == __file__
    costs = [record["validation_cost"] for record in model.history_]
    assert model.best_epoch_ == 1 + int(np.argmin(costs))
    by_cost = classifier(max_iter=12).fit(X, RARE)
    assert (model.n_iter_, model.best_epoch_) == (by_cost.n_iter_, by_cost.best_epoch_)
    np.testing.assert_array_equal(model.model_.params, by_cost.model_.params)


def test_r2_of_one_watched_row():
    with pytest.warns(DataWarning, match="r2 is nan in epoch 1"):
        assert regressor(scoring="r2").fit(X, Y, X_val=X[:1], y_val=Y[:1]).best_epoch_ > 1


def test_a_single_score_beats_all_that_are_nan():
    scores = iter([np.nan, np.nan, np.nan, -5.0, np.nan, np.nan, np.nan])
    with pytest.warns(DataWarning, match="is nan in epoch 1"):
        model = regressor(scoring=lambda model, X, y: next(scores)).fit(X, Y)
    assert model.best_epoch_ == 3


def test_patience_counts_costs_until_there_is_a_score():
    scores = iter([np.nan] * 4 + [-5.0] * 10)
    with pytest.warns(DataWarning, match="is nan"):
        model = regressor(scoring=lambda *given: next(scores), n_iter_no_change=2, tol=0.0, max_iter=14).fit(X, Y)
    assert model.n_iter_ == 6


# ---- scorers that do not fit ----


@pytest.mark.parametrize(
    ("scoring", "y", "message"),
    [
        ("f1", TEXT, r"scoring=f1 cannot score these rows: ValueError: .*f1_macro"),
        ("f1", np.where(LABELS, "yes", "no"), r"scoring=f1 cannot score these rows: ValueError: .*f1_macro"),
        ("roc_auc", TEXT, r"scoring=roc_auc cannot score these rows: ValueError: .*roc_auc_ovr"),
        ("r2", TEXT, "scoring=r2 cannot score these rows"),
        ("rocauc", LABELS, "scoring='rocauc': expected 'cost', .*Did you mean 'roc_auc'"),
        (5, LABELS, "scoring=5: expected 'cost', a scikit-learn scorer"),
        (["r2"], LABELS, r"scoring=\['r2'\]: expected 'cost', a scikit-learn scorer"),
        (r2_score, LABELS, "scoring=<function r2_score .*expected 'cost', a scikit-learn scorer"),
        (lambda model, X, y: None, LABELS, "scoring=<lambda> returned None: expected a number"),
        (lambda model, X, y: "0.5", LABELS, "scoring=<lambda> returned '0.5': expected a number"),
        (lambda model, X, y: np.zeros(3), LABELS, r"returned array\(\[0., 0., 0.\]\): expected a number"),
        (lambda model, X: 0.5, LABELS, "cannot score these rows: TypeError"),
    ],
    ids=range(12),
)
def test_a_scorer_that_does_not_fit_is_found_out_before_training(scoring, y, message):
    with pytest.raises(SettingError, match=message):
        classifier(scoring=scoring, max_iter=10**9, n_iter_no_change=10**9).fit(X, y)


@pytest.mark.parametrize("name", ["roc_auc", "neg_log_loss", "accuracy"])
def test_a_scorer_of_classes_for_a_regressor(name):
    with pytest.raises(SettingError, match=f"scoring={name} cannot score these rows: "):
        regressor(scoring=name, max_iter=10**9, n_iter_no_change=10**9).fit(X, Y)


def test_an_error_of_a_later_epoch_is_that_of_the_scorer():
    def scorer(estimator, rows, y, calls=[]):  # noqa: B006
        calls.append(1)
        return 1.0 if len(calls) < 3 else 1 / 0

    with pytest.raises(ZeroDivisionError):
        regressor(scoring=scorer).fit(X, Y)


@pytest.mark.parametrize("scoring", ["cost", "r2", "neg_mean_absolute_error"])
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_watched_rows_may_have_their_columns_in_another_order(kind, scoring):
    frame = pd.DataFrame(X, columns=list("abcd"))
    moved = frame[["d", "b", "a", "c"]].assign(more=1.0)
    if kind == "polars":
        frame, moved = (pytest.importorskip("polars").from_pandas(one) for one in (frame, moved))
    one = regressor(scoring=scoring).fit(frame, Y, X_val=moved, y_val=Y)
    two = regressor(scoring=scoring).fit(frame, Y, X_val=frame, y_val=Y)
    np.testing.assert_array_equal(one.model_.params, two.model_.params)


# ---- several quantiles ----


@pytest.mark.parametrize("targets", [1, 2])
def test_several_quantiles_are_scored_by_the_middle_one(targets):
    y = np.column_stack([Y, 3 * Y + X[:, 2]])[:, :targets].squeeze()
    model = regressor(loss="quantile(quantiles=(0.1, 0.5, 0.9))", max_iter=30).fit(X, y)
    weights = rng.random(300)
    middle = model.predict(X)[..., 1]
    assert model.score(X, y) == pytest.approx(r2_score(y, middle))
    assert model.score(X, y, weights) == pytest.approx(r2_score(y, middle, sample_weight=weights))
    assert np.isfinite(cross_val_score(model, X, y, cv=3)).all()


def test_a_scorer_that_cannot_take_several_quantiles_says_so():
    with pytest.raises(SettingError, match="scoring=neg_mean_squared_error cannot score these rows"):
        regressor(loss="quantile(quantiles=(0.1, 0.5, 0.9))", scoring="neg_mean_squared_error").fit(X, Y)
    assert mean_squared_error(Y, Y) == 0


# ---- functions of one's own ----


def far_off(y_true, y_pred):
    return float(np.mean(np.abs(y_true - y_pred) > 0.5))


def test_a_function_of_ones_own_is_watched_by_its_name():
    scorer = make_scorer(far_off, greater_is_better=False)
    model = regressor(scoring=scorer, n_iter_no_change=2, max_iter=60).fit(X, Y)
    best = model.history_[model.best_epoch_ - 1]
    assert best["validation_score"] == max(record["validation_score"] for record in model.history_) <= 0
    assert model.model_.scores["validation_neg_far_off"] == best["validation_score"]
    share = regressor(scoring=lambda model, X, y: -far_off(y, model.predict(X)), max_iter=2).fit(X, Y)
    assert set(share.model_.scores) == {"validation_cost", "validation_<lambda>"}


def test_a_metric_in_place_of_a_scorer_is_told_of_make_scorer():
    with pytest.raises(SettingError, match=r"make_scorer\(function, greater_is_better=False\)"):
        regressor(scoring=far_off).fit(X, Y)
