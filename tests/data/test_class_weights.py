"""What classes count, against scikit-learn."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from lamina.data.class_weights import class_factors, row_factors
from lamina.data.label_counts import LabelCounts
from lamina.errors import SettingError

RNG = np.random.default_rng(4)
LABELS = {
    "binary": RNG.choice(["no", "yes"], 90, p=[0.9, 0.1]),
    "classes": RNG.choice([3, 5, 8], 90, p=[0.7, 0.2, 0.1]),
}


def factors_of(y, class_weight, weights=None, classes=None):
    return class_factors(class_weight, LabelCounts.of(y, weights, classes))


@pytest.mark.parametrize("kind", LABELS)
def test_balanced_is_scikit_learns(kind):
    y = LABELS[kind]
    expected = compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_allclose(factors_of(y, "balanced"), expected, rtol=1e-15)
    weights = RNG.integers(1, 5, len(y))
    repeated = np.repeat(y, weights)
    expected = compute_class_weight("balanced", classes=np.unique(y), y=repeated)
    np.testing.assert_allclose(factors_of(y, "balanced", weights.astype(float)), expected, rtol=1e-15)


@pytest.mark.parametrize("kind", LABELS)
def test_a_dict_names_what_differs(kind):
    y = LABELS[kind]
    given = {y[0]: 2.5}
    labels = LabelCounts.of(y)
    rows = row_factors(class_factors(given, labels), labels.labels.encode(y))
    np.testing.assert_array_equal(
        rows, compute_sample_weight({label: given.get(label, 1) for label in np.unique(y)}, y)
    )


def test_labels_of_several_columns_are_balanced_one_by_one():
    y = (RNG.random((80, 3)) < [0.5, 0.1, 0.9]).astype(int)
    weights = RNG.gamma(2, 1, 80)
    rows = row_factors(factors_of(y, "balanced"), y)
    np.testing.assert_allclose(rows, compute_sample_weight("balanced", y), rtol=1e-14)
    factors = factors_of(y, "balanced", weights)
    for column, (no, yes) in zip(y.T, factors, strict=True):
        sums = [weights[column == k].sum() * factor for k, factor in ((0, no), (1, yes))]
        np.testing.assert_allclose(sums, weights.sum() / 2, rtol=1e-13)


def test_a_class_without_rows_counts_for_nothing_in_the_balance():
    factors = factors_of(np.array([3, 3, 3, 8]), "balanced", classes=[3, 5, 8])
    np.testing.assert_allclose(
        factors[[0, 2]], compute_class_weight("balanced", classes=np.array([3, 8]), y=[3, 3, 3, 8])
    )


@pytest.mark.parametrize("class_weight", ["balanced", {"only": 1.0}, {}])
def test_a_single_class_counts_one(class_weight):
    counts = LabelCounts.of(["only"] * 5)
    rows = row_factors(class_factors(class_weight, counts), counts.labels.encode(["only"] * 5))
    np.testing.assert_array_equal(rows, np.ones(5))


@pytest.mark.parametrize(
    ("y", "class_weight", "message"),
    [
        (["a", "b"], "even", "expected None, 'balanced' or a dict"),
        (["a", "b"], 3, "expected None, 'balanced' or a dict"),
        (["a", "b"], {"c": 1}, "class_weight names 'c'; the classes are"),
        (["a", "b"], {"a": 0, "b": 0}, "expected weights of at least 0, not all of them 0"),
        (["a", "b"], {"a": -1}, "expected weights of at least 0, not all of them 0"),
        (["only"], {"only": 0}, "expected weights of at least 0, not all of them 0"),
        ([[0, 1], [1, 1]], {0: 1}, "multi-label targets can be 'balanced' only"),
    ],
)
def test_weights_that_cannot_be(y, class_weight, message):
    with pytest.raises(SettingError, match=message):
        factors_of(np.array(y), class_weight)
