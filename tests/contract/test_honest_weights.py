"""Honest weights: the objective is the sum of w L by the sum of w. A row of weight 2 is two, of weight 0 none."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.class_weight import compute_sample_weight

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import SettingError
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3))
NUMBERS = X[:, 0] - X[:, 1] + rng.normal(0, 0.3, 80)
LABELS = np.array(["a", "b", "c"])[np.digitize(NUMBERS, [-1, 0.5])]
MANY = np.column_stack([NUMBERS > 0, NUMBERS > 1, X[:, 2] > 0]).astype(int)
WHOLE = rng.integers(0, 4, 80)
FRACTIONS = rng.gamma(2, 0.5, 80)
QUICK = PLAIN | {"hidden_layer_sizes": (6,), "max_iter": 4, "learning_rate_init": 0.05, "random_state": 0, "tol": 0}
CONVEX = {"hidden_layer_sizes": (), "optimizer": "lbfgs", "dtype": "float64", "tol": 0, "max_iter": 500}
CONVEX |= {"early_stopping": False, "n_iter_no_change": 500}
MODES = [
    {},
    {"early_stopping": True},
    {"batch_size": 7, "normalization": "batch", "dropout": 0.2, "optimizer": "momentum"},
    {"optimizer": "lbfgs", "dtype": "float64"},
    {"scoring": "r2"},
    dict.fromkeys(("preset", "learning_rate_init", "batch_size", "initializer", "bias_initializer"), "auto"),
]


def same_bits(one, two):
    np.testing.assert_array_equal(one.model_.params, two.model_.params)
    keys = ("cost", "validation_cost", "score", "validation_score")
    assert [[r[k] for k in keys] for r in one.history_] == [[r[k] for k in keys] for r in two.history_]
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


# ---- whole numbers are repeated rows ----


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_whole_weights_are_repeated_rows_bit_for_bit(mode):
    rows = rng.permutation(np.repeat(np.arange(80), WHOLE))
    weighted = regressor(**mode).fit(X, NUMBERS, WHOLE)
    repeated = regressor(**mode).fit(X[rows], NUMBERS[rows])
    same_bits(weighted, repeated)


@pytest.mark.parametrize("y", [LABELS, MANY], ids=["classes", "labels"])
def test_of_a_classifier_too(y):
    rows = np.repeat(np.arange(80), WHOLE)
    same_bits(classifier().fit(X, y, WHOLE), classifier().fit(X[rows], y[rows]))


def test_of_a_frame_and_of_a_sparse_matrix_too():
    frame = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "p", "q")})
    rows = np.repeat(np.arange(80), WHOLE)
    one, two = regressor().fit(frame, NUMBERS, WHOLE), regressor().fit(frame.iloc[rows], NUMBERS[rows])
    np.testing.assert_array_equal(one.predict(frame), two.predict(frame))
    some = X * (rng.random(X.shape) < 0.5)
    same_bits(
        regressor().fit(sp.csr_array(some), NUMBERS, WHOLE), regressor().fit(sp.csr_array(some[rows]), NUMBERS[rows])
    )


def test_weights_of_one_are_no_weights():
    same_bits(regressor().fit(X, NUMBERS, np.ones(80)), regressor().fit(X, NUMBERS))
    same_bits(regressor().fit(X, NUMBERS, np.full(80, 0.37)), regressor().fit(X, NUMBERS))


# ---- a row of weight 0 is absent ----


@pytest.mark.parametrize("weights", [(WHOLE > 0).astype(float), FRACTIONS * (WHOLE > 0)], ids=["whole", "fractions"])
@pytest.mark.parametrize("mode", MODES[:3], ids=str)
def test_a_row_of_weight_0_is_absent(weights, mode):
    here = weights > 0
    same_bits(regressor(**mode).fit(X, NUMBERS, weights), regressor(**mode).fit(X[here], NUMBERS[here], weights[here]))


def test_whatever_it_holds():
    """Infinity, a label of its own, a target that is missing: it does not count."""
    bad, y, labels = X.copy(), NUMBERS.copy(), LABELS.astype(object)
    away = WHOLE == 0
    bad[away], y[away], labels[away] = np.inf, np.nan, None
    same_bits(regressor().fit(bad, y, WHOLE), regressor().fit(X, NUMBERS, WHOLE))
    labels[away] = "never"
    model = classifier().fit(bad, labels, WHOLE)
    assert model.classes_.tolist() == ["a", "b", "c"]
    same_bits(model, classifier().fit(X, LABELS, WHOLE))


# ---- only the ratio of weights counts ----


@pytest.mark.parametrize("factor", [0.25, 2.0**40, 2.0**-900])
def test_a_power_of_2_changes_no_bit(factor):
    same_bits(regressor().fit(X, NUMBERS, FRACTIONS), regressor().fit(X, NUMBERS, FRACTIONS * factor))


@pytest.mark.parametrize("factor", [3.7, 1e-3, 1e290])
def test_any_other_factor_changes_rounding_only(factor):
    model, scaled = (regressor(dtype="float64").fit(X, NUMBERS, w) for w in (FRACTIONS, FRACTIONS * factor))
    np.testing.assert_allclose(scaled.predict(X), model.predict(X), rtol=1e-9, atol=1e-12)


# ---- the objective itself ----


@pytest.mark.parametrize("weights", [WHOLE.astype(float), FRACTIONS], ids=["whole", "fractions"])
def test_ridge_regression_with_weights(weights):
    """scikit-learn's sum w (y - p)^2 + alpha |W|^2 is ours times 2 sum w, if our lambda is alpha m / sum w."""
    m = weights.sum() if weights is not FRACTIONS else 80
    ours = regressor(**CONVEX, scaling="none", scale_target=False, alpha=2.5).fit(X, NUMBERS, weights)
    theirs = Ridge(alpha=2.5 * weights.sum() / m).fit(X, NUMBERS, weights)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, rtol=1e-6)
    np.testing.assert_allclose(ours.intercepts_[0][0], theirs.intercept_, rtol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_with_weights(classes):
    y = NUMBERS > 0 if classes == 2 else LABELS
    ours = classifier(**CONVEX, scaling="none", alpha=2.0).fit(X, y, FRACTIONS)
    theirs = LogisticRegression(C=80 / FRACTIONS.sum() / 2.0, tol=1e-12, max_iter=10_000).fit(X, y, FRACTIONS)
    np.testing.assert_allclose(ours.coefs_[0].T, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_scales_are_weighted_too():
    model = regressor().fit(X, NUMBERS, FRACTIONS)
    mean = np.average(X, axis=0, weights=FRACTIONS)
    std = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=FRACTIONS))
    np.testing.assert_allclose(model.model_.encoder.numbers.location, mean)
    np.testing.assert_allclose(model.model_.encoder.numbers.scale, std)
    np.testing.assert_allclose(model.model_.target.location, np.average(NUMBERS, weights=FRACTIONS))


def test_the_scale_of_a_target_behind_a_log_link_is_weighted_too():
    model = regressor(loss="poisson").fit(X, NUMBERS**2, FRACTIONS)
    np.testing.assert_allclose(model.model_.target.scale, np.average(NUMBERS**2, weights=FRACTIONS))
    assert model.model_.target.location == 0


def test_weights_within_partial_fit():
    rows = np.repeat(np.arange(80), WHOLE)
    one, two = regressor(), regressor()
    for _ in range(3):
        one.partial_fit(X, NUMBERS, sample_weight=WHOLE)
        two.partial_fit(X[rows], NUMBERS[rows])
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


# ---- classes ----


@pytest.mark.parametrize("class_weight", ["balanced", {"a": 3.0, "b": 0.5, "c": 1.25}, {"b": 3}, {"a": 0}], ids=str)
@pytest.mark.parametrize("weights", [None, FRACTIONS], ids=["plain", "weighted"])
def test_class_weights_are_weights_of_rows(class_weight, weights):
    """The optimum is that of the rows weighted by scikit-learn's own rule; the columns' scales are not touched."""
    by_class = compute_sample_weight(_all(class_weight), LABELS)
    if weights is not None and class_weight == "balanced":  # scikit-learn's rule counts rows, ours their weights
        numbers = np.searchsorted(list("abc"), LABELS)
        by_class = (weights.sum() / 3 / np.bincount(numbers, weights))[numbers]
    both = by_class if weights is None else by_class * weights
    settings = CONVEX | {"scaling": "none", "alpha": 1.0}
    one = classifier(**settings, class_weight=class_weight).fit(X, LABELS, weights)
    theirs = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit(X, LABELS, both / both.mean())
    np.testing.assert_allclose(one.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def _all(class_weight):
    return {**dict.fromkeys("abc", 1), **class_weight} if isinstance(class_weight, dict) else class_weight


def test_classes_of_the_same_weight_are_no_weights():
    same_bits(classifier(class_weight={"a": 2, "b": 2, "c": 2}).fit(X, LABELS), classifier().fit(X, LABELS))


def test_balanced_labels_are_scikit_learns():
    """Of several labels, the product over them."""
    settings = CONVEX | {"scaling": "none", "max_iter": 60}
    one = classifier(**settings, class_weight="balanced").fit(X, MANY)
    two = classifier(**settings).fit(X, MANY, compute_sample_weight("balanced", MANY))
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    ("class_weight", "y", "message"),
    [
        ("equal", LABELS, "class_weight='equal': expected None, 'balanced' or a dict of class: weight"),
        ([1, 2, 3], LABELS, r"class_weight=\[1, 2, 3\]: expected None, 'balanced' or a dict"),
        ({"d": 2}, LABELS, r"class_weight names 'd'; the classes are \['a', 'b', 'c'\]"),
        ({"a": -1}, LABELS, "expected weights of at least 0, not all of them 0"),
        ({"a": np.nan}, LABELS, "expected weights of at least 0"),
        (dict.fromkeys("abc", 0), LABELS, "expected weights of at least 0, not all of them 0"),
        ({0: 1}, MANY, "multi-label targets can be 'balanced' only"),
    ],
)
def test_class_weights_that_make_no_sense(class_weight, y, message):
    with pytest.raises(SettingError, match=message):
        classifier(class_weight=class_weight).fit(X, y)
