"""A model: every way out of it against the equations, finite differences, or counting by hand."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler

import lamina
import lamina.model
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.differences import central_differences
from lamina.equations.layers import Dense, Linear, Residual, Scale
from lamina.errors import DataError, SettingError
from lamina.fitting import finish, prepare
from lamina.learning.training import train
from lamina.model import _bytes
from plain_network import PLAIN

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = np.column_stack([X[:, 0] * 3 + 10, X[:, 1] - X[:, 2]])
QUICK = PLAIN | {"hidden_layer_sizes": (7, 5), "max_iter": 3, "random_state": 0, "learning_rate_init": 0.02}
HARD = {"dropout": 0.3, "normalization": "batch", "activation": ("tanh", "gelu"), "dtype": "float64"}


def fitted(y=Y, task="regressor", X=X, **settings):
    run, state = prepare(X, y, settings={**QUICK, **settings}, task=task)
    list(train(run, state))
    return finish(run, state)


def labels(classes):
    return np.digitize(X[:, 0] - X[:, 1], np.linspace(-1, 1, classes + 1)[1:-1])


def layer_by_layer(model, X):
    """A[0], A[1], ... of the lecture, with normalisation and running values written out."""
    p = {name: np.asarray(a, np.float64) for name, a in model.network.named(model.params).items()}
    activation = {1: "tanh", 2: "gelu"}
    A = [model.encode(X).T.astype(np.float64)]
    for layer in (1, 2, 3):
        Z = p[f"W{layer}"] @ A[-1] + p[f"b{layer}"]
        if layer < 3:
            Z = (Z - p[f"mean{layer}"]) / np.sqrt(p[f"var{layer}"] + 1e-5) * p[f"gamma{layer}"] + p[f"beta{layer}"]
        A.append(ACTIVATIONS[activation[layer]].g(Z) if layer < 3 else Z)
    return A


# ---- the way out ----


def test_encode_is_A0():
    np.testing.assert_allclose(fitted(dtype="float64").encode(X), StandardScaler().fit_transform(X), rtol=1e-12)
    assert fitted().encode(X).dtype == np.float32


def test_activations_are_the_lectures():
    model = fitted(**HARD)
    for number, A in enumerate(layer_by_layer(model, X)):
        np.testing.assert_allclose(model.activations(X, model.end_of_layer(number)), A.T, rtol=1e-9, atol=1e-12)


def test_predict_is_A_L_in_the_units_of_y():
    model = fitted(**HARD)
    A = layer_by_layer(model, X)[-1].T
    np.testing.assert_allclose(model.output(X), A, rtol=1e-9)
    np.testing.assert_allclose(model.predict(X), A * Y.std(axis=0) + Y.mean(axis=0), rtol=1e-9)
    assert np.abs(model.predict(X).mean(axis=0) - Y.mean(axis=0)).max() < 2


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_are_those_of_the_logits(classes):
    model = fitted(labels(classes), "classifier", **HARD)
    Z, P = model.logits(X), model.predict_proba(X)
    np.testing.assert_allclose(Z, layer_by_layer(model, X)[-1].T, rtol=1e-9, atol=1e-12)
    e = np.exp(np.hstack([np.zeros_like(Z), Z]) if classes == 2 else Z)
    np.testing.assert_allclose(P, e / e.sum(axis=1, keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(model.predict(X), P.argmax(axis=1))


def test_probabilities_sum_to_1_beyond_single_precision():
    P = fitted(labels(3), "classifier").predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-15)


def test_labels_come_back_as_they_were():
    text = np.array(["no", "maybe", "yes"])[labels(3)]
    assert set(fitted(text, "classifier").predict(X)) <= {"no", "maybe", "yes"}
    assert fitted(labels(2) == 1, "classifier").predict(X).dtype == bool


def test_quantiles_in_columns():
    three, one = "quantile(quantiles=(0.1, 0.5, 0.9))", "quantile(quantiles=(0.9,))"
    many = fitted(loss=three, max_iter=40).predict(X)
    assert many.shape == (60, 2, 3)
    np.testing.assert_allclose(many.mean(axis=(0, 2)), Y.mean(axis=0), atol=2)
    assert fitted(Y[:, 0], loss=three).predict(X).shape == (60, 3)
    assert fitted(Y[:, 0], loss=one).predict(X).shape == (60,)
    assert fitted(loss=one).predict(X).shape == (60, 2)
    below = (Y[:, :1] < fitted(Y[:, 0], loss=three, max_iter=60).predict(X)).mean(axis=0)
    assert below[0] < 0.3 < below[2]


def test_numbers_have_no_probabilities():
    with pytest.raises(DataError, match="predicts numbers: it has no probabilities"):
        fitted().predict_proba(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("verb", ["output", "logits", "predict_proba"])
def test_a_row_does_not_depend_on_the_rows_beside_it(dtype, verb, monkeypatch):
    model = fitted(labels(3), "classifier", dtype=dtype)
    whole = getattr(model, verb)(X)
    np.testing.assert_allclose([getattr(model, verb)(X[i : i + 1])[0] for i in range(60)], whole, rtol=1e-6)
    monkeypatch.setattr(lamina.model, "ROWS_PER_BLOCK", 7)
    np.testing.assert_allclose(getattr(model, verb)(X), whole, rtol=1e-6)


def test_blocks_are_joined_in_order(monkeypatch):
    model = fitted()
    expected = [model.predict(X), model.activations(X, 2), model.input_gradient(X), model.input_gradient(X, Y)]
    monkeypatch.setattr(lamina.model, "ROWS_PER_BLOCK", 7)
    found = [model.predict(X), model.activations(X, 2), model.input_gradient(X), model.input_gradient(X, Y)]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


# ---- which layer ----


def test_lecture_numbers_of_the_layers():
    model = fitted(hidden_layer_sizes=(7, 5), normalization="layer", dropout=0.1)
    assert [layer.kind for layer in model.network.layers] == [
        *("linear", "layer_norm", "activation", "dropout") * 2,
        "linear",
    ]
    assert [model.end_of_layer(number) for number in (0, 1, 2, 3)] == [-1, 3, 7, 8]
    assert [model.end_of_layer(number) for number in (-1, -2, -3)] == [7, 3, -1]
    assert fitted(hidden_layer_sizes=()).end_of_layer(-1) == -1  # A[0]
    for number in (4, -4):
        with pytest.raises(SettingError, match=rf"layer={number}: expected 0 \(encoded columns\), 1, 2, 3, or -1"):
            model.end_of_layer(number)


def test_a_residual_is_the_layer_that_its_last_linear_is():
    """Its arrays are W2 and W3: as layer 3 it ends, and layer 2 lies inside."""
    model = fitted(hidden_layer_sizes=(Scale(), 7, Residual([Dense(7), Linear(7)]), 5))
    assert "W4" in model.network.named(model.params)
    assert model.activations(X, model.end_of_layer(0)).shape == (60, 3)
    assert [model.end_of_layer(number) for number in (0, 1, 3, 4, 5)] == [-1, 2, 3, 5, 6]
    assert [model.end_of_layer(number) for number in (-1, -2, -4)] == [5, 3, -1]
    with pytest.raises(SettingError, match=r"layer=2: expected 0 \(encoded columns\), 1, 3, 4, 5, or -1"):
        model.end_of_layer(2)


FRONT = {"numeric_embedding": "periodic", "front_scale": 2.0, "embed_above": 2, "categorical": (2,), "dtype": "float64"}
MIXED = np.column_stack([X[:, :2], np.arange(60) % 4])


def test_what_stands_in_front_belongs_to_the_first_layer():
    model = fitted(X=MIXED, activation="tanh", **FRONT)
    kinds = [layer.kind for layer in model.network.layers]
    assert kinds == ["embedding", "periodic", "scale", *("linear", "activation") * 2, "linear"]
    assert [model.end_of_layer(number) for number in (0, 1, 2, 3)] == [-1, 4, 6, 7]
    assert [model.end_of_layer(number) for number in (-1, -2, -3)] == [6, 4, -1]
    A0 = model.activations(MIXED, model.end_of_layer(0))
    np.testing.assert_allclose(A0[:, :2], StandardScaler().fit_transform(X[:, :2]), rtol=1e-12)
    assert len(set(A0[:, 2])) == 4
    p = model.network.named(model.params)
    found = p["s0"].T * front_by_hand(A0, p)
    for layer in (1, 2):
        found = np.tanh(found @ p[f"W{layer}"].T + p[f"b{layer}"].T)
        np.testing.assert_allclose(model.activations(MIXED, model.end_of_layer(layer)), found, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.output(MIXED), found @ p["W3"].T + p["b3"].T, rtol=1e-9, atol=1e-12)


def front_by_hand(A0, p):
    """Two numbers, what is looked up for the category, and the waves of the numbers, one number and row at a time."""
    rows = []
    for x0, x1, level in A0:
        waves = [
            p["V0"][n].reshape(3, 16) @ np.cos(2 * np.pi * p["F0"][n] * x + p["phi0"][n]) + p["c0"][n]
            for n, x in enumerate((x0, x1))
        ]
        rows.append([x0, x1, *p["E0"][:, int(level)], *np.ravel(waves, order="F")])
    return np.array(rows)


def test_input_gradient_through_what_stands_in_front():
    model = fitted(labels(3), "classifier", X=MIXED, activation="tanh", **FRONT)
    A0 = model.encode(MIXED)

    def total(numbers):
        rows = np.column_stack([decoded(model, numbers), MIXED[:, 2]])
        return float(model.logits(rows)[:, 1].sum())

    found = model.input_gradient(MIXED, output=1)
    np.testing.assert_allclose(found[:, :2], central_differences(total, A0[:, :2], 1e-5), rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(found[:, 2], 0)  # a category has no slope


# ---- several members ----


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_of_members_say_what_their_probabilities_say(classes):
    model = fitted(labels(classes), "classifier", n_members=4, learning_rate_init=0.2, max_iter=10)
    Z, P = model.logits(X), model.predict_proba(X)
    e = np.exp(np.hstack([np.zeros_like(Z), Z]) if classes == 2 else Z)
    np.testing.assert_allclose(P, e / e.sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), Z[:, 0] > 0 if classes == 2 else Z.argmax(axis=1))


def test_input_gradient_of_members_is_that_of_the_class_they_predict_together():
    model = fitted(labels(3), "classifier", n_members=4, learning_rate_init=0.2, max_iter=10)
    predicted = model.predict(X)
    each = [model.input_gradient(X, output=k) for k in range(3)]
    np.testing.assert_allclose(model.input_gradient(X), np.choose(predicted[:, None], each), rtol=1e-9)


# ---- input gradients ----


@pytest.mark.parametrize("hard", [{"dtype": "float64", "activation": "tanh"}, HARD], ids=["plain", "batch and dropout"])
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_input_gradient_with_y_is_the_slope_of_each_rows_loss(classes, hard):
    model = fitted(labels(classes) if classes else Y, "classifier" if classes else "regressor", **hard)
    y = labels(classes) if classes else Y
    targets = model.target.encode(y)

    def J(A0):
        Z = model.logits(decoded(model, A0)).T
        return float(model.network.loss.losses(Z, targets.T).sum())

    slope = central_differences(J, model.encode(X).astype(np.float64), 1e-5)
    np.testing.assert_allclose(model.input_gradient(X, y), slope, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("output", [None, 0, 2])
def test_input_gradient_without_y_is_the_slope_of_a_unit(output):
    model = fitted(labels(3), "classifier", **HARD)
    units = model.logits(X).argmax(axis=1) if output is None else np.full(60, output)

    def total(A0):
        return float(model.logits(decoded(model, A0))[np.arange(60), units].sum())

    slope = central_differences(total, model.encode(X).astype(np.float64), 1e-5)
    np.testing.assert_allclose(model.input_gradient(X, output=output), slope, rtol=1e-5, atol=1e-8)


def decoded(model, A0):
    return A0 * model.encoder.numbers.scale + model.encoder.numbers.location


def test_input_gradient_of_what_is_not_there():
    model = fitted()
    for output in (2, -1):
        with pytest.raises(SettingError, match=rf"output={output}: Z\[L\] has 2 units, expected a number from 0 to 1"):
            model.input_gradient(X, output=output)
    with pytest.raises(DataError, match="y has 1 values and X has 60 rows: expected one for each"):
        model.input_gradient(X, Y[:1])


# ---- the table ----


def test_summary():
    model = fitted(hidden_layer_sizes=(7, Residual([Dense(7)])), normalization="batch", dtype="float64")
    table = model.summary()
    assert [(row.layer, row.units, row.arrays, row.parameters) for row in table.rows] == [
        ("linear", "3 -> 7", "W1 (7, 3), b1 (7, 1)", 28),
        ("batch_norm", "7 -> 7", "beta1 (7, 1), gamma1 (7, 1), mean1 (7, 1), var1 (7, 1)", 28),
        ("activation relu", "7 -> 7", "", 0),
        ("residual", "7 -> 7", "", 0),
        ("  linear", "7 -> 7", "W2 (7, 7), b2 (7, 1)", 56),
        ("  activation relu", "7 -> 7", "", 0),
        ("linear", "7 -> 2", "W3 (2, 7), b3 (2, 1)", 16),
    ]
    assert table.parameters == model.network.size == len(model.params) == 128
    assert table.memory == model.params.nbytes == 1024
    lines = str(table).splitlines()
    assert lines[0].split() == ["layer", "units", "arrays", "parameters", "memory"]
    assert lines[-1].split() == ["total", "loss:", "squared_error", "128", "1.0", "KiB"]
    assert len({len(line) for line in lines}) == 1
    assert table._repr_html_().count("<tr>") == 9
    assert "3 -&gt; 7" in table._repr_html_()


def test_sizes_in_words():
    sizes = (0, 1023, 1024, 3 * 2**20 // 2, 2**30, 2**40)
    assert [_bytes(n) for n in sizes] == ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "1.0 GiB", "1024.0 GiB"]


# ---- what is remembered ----


def test_settings_that_differ_from_the_defaults():
    assert fitted(alpha="auto", tol=1e-4).settings == QUICK


def test_more_classes_than_inputs():
    many, y = make_classification(300, 4, n_informative=4, n_redundant=0, n_classes=8, n_clusters_per_class=1)
    model = fitted(y, "classifier", X=many, max_iter=30)
    assert model.predict_proba(many).shape == (300, 8)
    assert (model.predict(many) == y).mean() > 0.3


# ---- what a loaded model can do ----


def test_a_loaded_model_knows_what_the_estimator_knew(tmp_path):
    estimator = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=9, random_state=0).fit(X, Y[:, 0])
    estimator.save(tmp_path / "a.lamina")
    model = lamina.load(tmp_path / "a.lamina")
    costs = [record["validation_cost"] for record in estimator.history_]
    assert model.best_epoch == 1 + int(np.argmin(costs))
    assert model.stopped == estimator.stopped_ == "all 9 epochs were done"
    model.save(tmp_path / "b.lamina")
    assert (tmp_path / "a.lamina").read_bytes() == (tmp_path / "b.lamina").read_bytes()


def test_partial_fit_keeps_the_last_epoch():
    estimator = lamina.DeepRegressor(hidden_layer_sizes=(4,))
    for _ in range(3):
        estimator.partial_fit(X, Y[:, 0])
    assert estimator.model_.best_epoch == 3


def test_score_of_labels_counts_those_that_are_right():
    model, y, w = fitted(labels(3), "classifier"), labels(3), rng.integers(0, 4, 60)
    right = [int(found == label) for found, label in zip(model.predict(X), y, strict=True)]
    assert model.score(X, y) == pytest.approx(sum(right) / 60, rel=1e-15)
    assert model.score(X, list(y), w) == pytest.approx(sum(right * w) / sum(w), rel=1e-15)


def test_score_of_numbers_is_the_share_of_the_squares_that_is_explained():
    model, w = fitted(max_iter=30), rng.integers(0, 4, 60)
    left = [1 - ((Y - model.predict(X))[:, k] ** 2).sum() / ((Y - Y.mean(axis=0))[:, k] ** 2).sum() for k in (0, 1)]
    assert model.score(X, Y) == pytest.approx(np.mean(left), rel=1e-12)
    repeated = np.repeat(np.arange(60), w)
    assert model.score(X, Y, w) == pytest.approx(model.score(X[repeated], Y[repeated]), rel=1e-12)


def test_score_of_quantiles_is_that_of_the_middle_one():
    model = fitted(Y[:, 0], loss="quantile(quantiles=(0.1, 0.45, 0.9))", max_iter=30)
    missed = ((Y[:, 0] - model.predict(X)[:, 1]) ** 2).sum()
    assert model.score(X, Y[:, 0]) == pytest.approx(1 - missed / ((Y[:, 0] - Y[:, 0].mean()) ** 2).sum(), rel=1e-12)


def test_score_needs_a_target_for_each_row():
    with pytest.raises(DataError, match="y has 59 values and X has 60 rows"):
        fitted().score(X, Y[:-1])
