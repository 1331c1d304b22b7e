"""Why a prediction came out: the parts are w * a, and sum to Z[L] at every level, for every kind of layer."""

import numpy as np
import pandas as pd
import pytest

import lamina
from lamina.errors import SettingError
from plain_network import PLAIN


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("training", [False, True])
def test_the_parts_sum_to_Z(network, case_of, dtype, training):
    params, X, _, _ = case_of(network, dtype)
    trace = lamina.trace(network, X, params=params, training=training, seed=2)
    Z = trace[trace.sites.Z].reshape(network.n_outputs, len(X), -1).astype(np.float64).mean(axis=2)
    for row in (0, 3):
        for output in range(network.n_outputs):
            why = trace.why(row, output)
            assert pytest.approx(Z[output, row], rel=1e-6, abs=1e-12) == why.Z
            for level in why.levels:
                largest = sum(abs(part.part) for part in level.parts) + abs(level.rest)
                rounding = 1e-12 if dtype == np.float64 else 2e-5
                assert level.total == pytest.approx(why.Z, abs=rounding * max(largest, 1)), level.name
            assert why.levels[-1].name == "A0"


def test_the_last_layer_is_w_times_a(lecture, case_of):
    params, X, _, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, params=params)
    level = trace.why(2)["A1"]
    np.testing.assert_allclose([part.part for part in level.parts], trace["W2"][0] * trace["A1"][:, 2])
    assert level.rest == pytest.approx(float(trace["b2"][0, 0]))
    assert [part.name for part in level.parts] == ["A1[0]", "A1[1]", "A1[2]", "A1[3]"]


def test_a_relu_network_by_hand(case_of):
    """Piecewise linear: the factor of an input is the product of weights along the paths that are on."""
    network = lamina.Network(3, [lamina.Dense(4, "relu"), lamina.Linear(1)], lamina.equations.losses.SquaredError())
    params, X, _, _ = case_of(network)
    trace, p = lamina.trace(network, X, params=params), network.named(params)
    on = (p["W1"] @ X[1] + p["b1"][:, 0]) > 0
    slopes = (p["W2"][0] * on) @ p["W1"]
    level = trace.why(1)["A0"]
    np.testing.assert_allclose([part.part for part in level.parts], slopes * X[1])
    assert level.rest == pytest.approx((p["W2"][0] * on) @ p["b1"][:, 0] + p["b2"][0, 0])


def people():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(40, 9, 80), "town": rng.choice(["Basel", "Bern", "Zürich"], 80)})
    return X, np.where(X["age"] + 20 * (X["town"] == "Bern") > 50, "rich", "poor")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_members": 3},
        {"categorical": ("town",), "embed_above": 2, "numeric_embedding": "periodic", "front_scale": 1.0},
        {"splines": ("age",)},
    ],
)
def test_columns_of_the_table(settings):
    X, y = people()
    model = lamina.DeepClassifier(**PLAIN | {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0} | settings)
    why = model.fit(X, y).trace(X[:5]).why(4)
    assert [part.name for part in why.columns.parts] == ["age", "town"]
    assert [part.value for part in why.columns.parts] == [f"{X['age'][4]:.6g}", X["town"][4]]
    assert why.columns.total == pytest.approx(why.Z, abs=1e-5)
    inputs = why["A0"]
    rows = dict(zip(["age", "town"], (one.rows for one in model.trace(X[:5]).origins.columns), strict=True))
    for part in why.columns.parts:
        assert part.part == pytest.approx(sum(inputs.parts[j].part for j in rows[part.name]))
    assert why.meaning == "y is rich"
    text = str(why)
    assert text.startswith("row 4, output 0 (y is rich): Z2")
    assert why["columns"] is why.columns
    assert "<table>" in why._repr_html_()


def test_the_class_that_is_predicted_is_explained():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.choice(["a", "b", "c"], 60)
    model = lamina.DeepClassifier(hidden_layer_sizes=(4,), max_iter=2, random_state=0, **PLAIN).fit(X, y)
    trace = model.trace(X)
    for row in range(5):
        assert trace.why(row).meaning == f"y is {model.predict(X)[row]}"
    assert trace.why(-1).row == 59
    for ask, message in (
        (lambda: trace.why(60), "expected a number from 0 to 59"),
        (lambda: trace.why(0, 3), "Z\\[L\\] has 3 units"),
        (lambda: trace.why(0)["A7"], "the sum was taken at columns, A1, A0"),
    ):
        with pytest.raises(SettingError, match=message):
            ask()


def test_a_picture(lecture, case_of):
    pytest.importorskip("matplotlib")
    params, X, _, _ = case_of(lecture)
    why = lamina.trace(lecture, X, params=params).why(0)
    axes = why.plot(top=2)
    assert [ax.get_title() for ax in axes] == ["A1", "A0"]
    drawn = [bar.get_width() for bar in axes[0].patches]
    strongest = why["A1"].strongest
    assert drawn == pytest.approx(
        [strongest[0].part, strongest[1].part, strongest[2].part + strongest[3].part, why["A1"].rest]
    )
    axes[0].figure.canvas.draw()
