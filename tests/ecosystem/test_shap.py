"""`lamina.contributions` beside shap's values, which come from predictions alone."""

import numpy as np
import pytest
import shap
from sklearn.linear_model import LinearRegression

from lamina import DeepClassifier, DeepRegressor, contributions

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3))
BACKGROUND = X[20:60]
PLAIN = {"preset": "sklearn", "max_iter": 20, "random_state": 0, "dtype": "float64", "learning_rate_init": 0.02}


def exact(predict):
    """Shapley values by shap, over all coalitions of columns."""
    return shap.explainers.ExactExplainer(predict, shap.maskers.Independent(BACKGROUND, max_samples=len(BACKGROUND)))(
        X[:6]
    )


def test_of_a_linear_model_they_are_the_same():
    model = DeepRegressor(**PLAIN, hidden_layer_sizes=()).fit(X, X @ [1.0, -2.0, 0.5])
    ours, theirs = contributions(model, X[:6], BACKGROUND), exact(model.predict)
    np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(ours.base, theirs.base_values)
    linear = LinearRegression().fit(X, model.predict(X))
    by_formula = shap.LinearExplainer(linear, shap.maskers.Independent(BACKGROUND, max_samples=len(BACKGROUND)))(X[:6])
    np.testing.assert_allclose(ours.values, by_formula.values, rtol=1e-5, atol=1e-9)


def test_of_a_network_without_interactions_they_are_the_same():
    """A network that sees one column: all orders of columns say the same."""
    seen = X * [1, 0, 0]
    model = DeepRegressor(**PLAIN, hidden_layer_sizes=(16,), activation="tanh").fit(seen, np.sin(2 * X[:, 0]))
    ours, theirs = (
        contributions(model, X[:6] * [1, 0, 0], BACKGROUND * [1, 0, 0], tolerance=1e-6),
        exact(lambda rows: model.predict(rows * [1, 0, 0])),
    )
    np.testing.assert_allclose(ours.values, theirs.values, rtol=1e-4, atol=1e-6)


def test_of_a_nearly_quadratic_network_they_are_nearly_the_same():
    """Of polynomials of degree 2 both share an interaction of two columns in halves."""
    model = DeepRegressor(**PLAIN, hidden_layer_sizes=(16,), activation="softplus", scaling="standard")
    model.fit(X, X[:, 0] * X[:, 1])
    model.parameters_["W1"][:] /= 20  # where softplus is nearly log 2 + z/2 + z²/8
    ours, theirs = contributions(model, X[:6], BACKGROUND, tolerance=1e-6), exact(model.predict)
    np.testing.assert_allclose(ours.values, theirs.values, atol=2e-3 * np.abs(theirs.values).max())


def test_of_any_network_they_add_up_to_the_same():
    model = DeepClassifier(hidden_layer_sizes=(16,), max_iter=4, random_state=0).fit(X, X[:, 0] * X[:, 1] > 0)
    ours, theirs = contributions(model, X[:6], BACKGROUND, tolerance=1e-4), exact(model.decision_function)
    sums = theirs.values.sum(axis=1)
    np.testing.assert_allclose(ours.values.sum(axis=1), sums, atol=2e-3 * np.abs(sums).max())
    assert np.corrcoef(ours.values.ravel(), theirs.values.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("kind", [DeepClassifier, DeepRegressor])
def test_shap_takes_the_estimators_and_columns_by_name(kind):
    import pandas as pd

    rows = pd.DataFrame(X, columns=["a", "b", "c"])
    model = kind(hidden_layer_sizes=(8,), max_iter=2, random_state=0).fit(rows, (X[:, 0] > 0) * 1)
    output = model.decision_function if kind is DeepClassifier else model.predict
    found = shap.Explainer(output, rows[:20], feature_names=list(rows))(rows[:3])
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base_values, output(rows[:3]), atol=1e-4)
