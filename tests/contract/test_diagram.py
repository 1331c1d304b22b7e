"""The diagram of notebooks shows the layers of a fitted network, in scikit-learn's own boxes."""

import re
from html import unescape

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from lamina import DeepClassifier, DeepRegressor, LayerFeatures
from lamina.equations.layers import Dense, Residual

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3))
NUMBERS = X[:, 0] - X[:, 1]
QUICK = {"preset": "sklearn", "hidden_layer_sizes": (8, 5), "max_iter": 1, "random_state": 0}


def text(page):
    """What a page says, a piece after the other, without style and scripts."""
    body = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.DOTALL)
    return [unescape(piece).strip() for piece in re.split(r"<[^>]+>", body) if piece.strip()]


def in_order(page, *expected):
    """Whether the pieces stand on the page in this order."""
    pieces = iter(text(page))
    return all(any(piece == one for piece in pieces) for one in expected)


def test_the_layers_of_a_fitted_network():
    model = DeepRegressor(**QUICK, dropout=0.1).fit(X, NUMBERS)
    sizes = [W.size + b.size for W, b in zip(model.coefs_, model.intercepts_, strict=True)]
    assert in_order(
        estimator_html_repr(model),
        *("DeepRegressor", "linear, relu, dropout", f"3 → 8, {sizes[0]} parameters", "W1 (8, 3)\nb1 (8, 1)"),
        *("linear, relu, dropout", f"8 → 5, {sizes[1]} parameters", "W2 (5, 8)\nb2 (5, 1)"),
        *("linear", f"5 → 1, {sizes[2]} parameters", "W3 (1, 5)\nb3 (1, 1)", "loss: squared error"),
    )


def test_before_the_fit_there_are_none():
    page = estimator_html_repr(DeepRegressor(**QUICK))
    assert "DeepRegressor" in page
    assert not in_order(page, "linear, relu")


def test_members_embeddings_and_residuals():
    rows = {"x": X[:, 0], "town": rng.choice(["Lima", "Oslo", "Rome", "Bern"], 80)}
    deep = DeepClassifier(max_iter=1, embed_above=3, random_state=0).fit(rows, NUMBERS > 0)
    assert in_order(estimator_html_repr(deep), "embedding", "periodic", "member scale", "linear, relu, dropout")
    short = QUICK | {"hidden_layer_sizes": (8, Residual([Dense(8, "tanh")]), 4)}
    assert in_order(
        estimator_html_repr(DeepRegressor(**short).fit(X, NUMBERS)),
        "linear, relu",
        "residual",
        "linear, tanh",
        "linear",
    )


def test_within_other_estimators():
    inner = LayerFeatures(DeepClassifier(**QUICK), layer=1)
    pipeline = make_pipeline(StandardScaler(), inner, LogisticRegression())
    assert in_order(estimator_html_repr(pipeline), "StandardScaler", "DeepClassifier", "LogisticRegression")
    assert in_order(
        estimator_html_repr(pipeline.fit(X, NUMBERS > 0)),
        *("StandardScaler", "layer 1 of DeepClassifier", "linear, relu", "loss: binary log loss", "LogisticRegression"),
    )


@pytest.mark.parametrize("fitted", [False, True])
def test_what_is_written_in_it_is_escaped(fitted):
    model = DeepClassifier(**QUICK, class_weight={"<img src=x>": 2.0, "b": 1.0})
    if fitted:
        model.fit({"<script>x</script>": X[:, 0], "y": X[:, 1]}, np.where(NUMBERS > 0, "<img src=x>", "b"))
    page = estimator_html_repr(model)
    assert "<img" not in page
    assert "<script>x" not in page
