"""A trace as users meet it: names, layers, tables, notebooks; of estimators, models and networks."""

import pickle
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import lamina
from lamina.equations.losses import BinaryLogLoss
from lamina.equations.network import Network
from lamina.errors import DataError, SettingError
from plain_network import PLAIN


def people(n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n).astype(float),
            "town": rng.choice(["Basel", "Bern", "Zürich <b>"], n),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "member": rng.choice([True, False], n),
        }
    )
    X.loc[3, "age"] = np.nan
    return X, np.where(X["age"].fillna(0) + 9 * rng.normal(size=n) > 45, "high", "low")


@pytest.fixture(scope="module")
def model():
    X, y = people()
    return lamina.DeepClassifier(hidden_layer_sizes=(5,), max_iter=3, random_state=0, **PLAIN).fit(X, y)


def test_an_estimator_takes_rows_as_they_come(model):
    X, y = people()
    trace = model.trace(X[:4], y[:4])
    p = model.parameters_
    A0 = model.model_.encode(X[:4]).T
    np.testing.assert_array_equal(trace["A0"], A0)
    np.testing.assert_allclose(trace["Z1"], p["W1"] @ A0 + p["b1"], rtol=1e-5)
    np.testing.assert_allclose(trace["AL"][0], model.predict_proba(X[:4])[:, 1], rtol=1e-5)
    np.testing.assert_array_equal(trace["Y"][0], (y[:4] == "low").astype(float))
    np.testing.assert_allclose(trace["dZ2"], trace["A2"] - trace["Y"], atol=1e-6)
    loss = -np.log(np.where(y[:4] == "low", trace["A2"][0], 1 - trace["A2"][0]))
    assert float(trace["cost"]) == pytest.approx(loss.mean(), rel=1e-5)
    assert trace.replay().agrees
    assert list(lamina.trace(model.model_, X[:4], y[:4])) == list(trace)


def test_names_are_the_lectures_in_the_order_of_computation(model):
    X, y = people()
    names = "A0 W1 b1 Z1 A1 W2 b2 Z2 A2 Y loss cost dA2 dZ2 dW2 db2 dA1 dZ1 dW1 db1 dA0"
    assert " ".join(model.trace(X[:4], y[:4])) == names
    assert " ".join(model.trace(X[:4])) == "A0 W1 b1 Z1 A1 W2 b2 Z2 A2"
    assert " ".join(model.trace(X[:4], y[:4]).layer(1)) == "W1 b1 Z1 A1 dA1 dZ1 dW1 db1"
    assert list(model.trace(X[:4], y[:4]).layer(-1)) == list(model.trace(X[:4], y[:4]).layer(2))


def test_other_names_of_the_course(model):
    X, y = people()
    trace = model.trace(X[:4], y[:4])
    for other, name in {
        "AL": "A2",
        "ZL": "Z2",
        "X": "A0",
        "J": "cost",
        "dAL": "dA2",
        "dZL": "dZ2",
        "L": "loss",
    }.items():
        assert trace[other] is trace[name]
        assert other in trace
    assert "dZ3" not in trace


def test_dA_of_the_last_layer_leads_to_dZ(model):
    X, y = people()
    trace = model.trace(X, y)
    A = trace["A2"].astype(np.float64)
    np.testing.assert_allclose(trace["dA2"] * A * (1 - A), trace["dZ2"], rtol=1e-5, atol=1e-6)


def test_weights_count_as_rows(model):
    X, y = people()
    once = model.trace(X[:3], y[:3], [2, 1, 1])
    twice = model.trace(X.iloc[[0, 0, 1, 2]], y[[0, 0, 1, 2]])
    np.testing.assert_allclose(once["dW1"], twice["dW1"], rtol=1e-5, atol=1e-7)
    assert float(once["cost"]) == pytest.approx(float(twice["cost"]), rel=1e-5)
    np.testing.assert_allclose(once["w"], [[1.5, 0.75, 0.75]])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m, X, y: m.trace(X, y)["dZ3"], r"no array 'dZ3' in this trace. Did you mean 'dZ\d'\?"),
        (lambda m, X, y: m.trace(X)["dW1"], "Derivatives need targets"),
        (lambda m, X, y: m.trace(X, y).layer(3), "expected a number from 0 to 2, or -1"),
        (lambda m, X, y: m.trace(X, y).update("W1"), "a pass that moved nothing"),
        (lambda m, X, y: m.trace(X, y, optimizer="adm"), "adam"),
        (lambda m, X, y: m.trace(X, y, optimizer="lbfgs"), "Trace a fit instead"),
        (lambda m, X, y: m.trace(X, optimizer="adam"), "a step of training needs targets"),
        (lambda m, X, y: m.trace(X, y, params=np.ones(3)), "a model has its own"),
        (lambda m, X, y: lamina.trace(m.model_.network, np.ones((2, 7))), "pass params, an array of shape"),
        (lambda m, X, y: lamina.trace("model.lamina", X), "found str"),
        (lambda m, X, y: lamina.trace(lamina.DeepClassifier, X), "found DeepClassifier"),
        (lambda m, X, y: m.trace(X).inputs(60), "expected a number from 0 to 59"),
    ],
)
def test_what_cannot_be_done_is_said(model, ask, message):
    with pytest.raises(SettingError, match=message):
        ask(model, *people())


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m, X, y: m.trace(X, y[:3]), "y has 3 values and X has 60 rows"),
        (lambda m, X, y: m.trace(X, np.where(y == "low", "lwo", y)), "lwo"),
        (lambda m, X, y: m.trace(X.drop(columns="age"), y), "age"),
        (lambda m, X, y: m.trace(X, y, np.zeros(60)), "weight"),
        (lambda m, X, y: m.trace(X, None, np.ones(60)), "sample_weight was given without y"),
        (lambda m, X, y: m.trace(pd.concat([X] * 9000), None), r"a trace of 540,000 rows would hold .* such as X\[:"),
    ],
)
def test_rows_that_do_not_fit_are_refused(model, ask, message, monkeypatch):
    monkeypatch.setattr("lamina.glassbox.tracing.MOST_NUMBERS", 2**21)
    with pytest.raises((DataError, ValueError), match=message):
        ask(model, *people())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": np.ones((4, 2))}, r"expected \(m, 3\)"),
        ({"X": np.ones((0, 3))}, r"expected \(m, 3\)"),
        ({"y": np.ones((4, 2))}, "for a network with 1 outputs"),
        ({"params": np.ones(3)}, r"expected \(21,\)"),
        ({"sample_weight": np.ones(3)}, "4 rows, but 3 weights"),
    ],
)
def test_arrays_that_do_not_fit_a_network_are_refused(lecture, arguments, message):
    given = {"X": np.ones((4, 3)), "y": np.ones(4), "params": np.ones(lecture.size)} | arguments
    with pytest.raises(DataError, match=message):
        lamina.trace(lecture, **given)


def test_not_fitted_is_said_in_the_words_of_scikit_learn():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        lamina.DeepClassifier().trace([[1.0]])
    with pytest.raises(NotFittedError):
        lamina.equations_of(lamina.DeepClassifier())


def test_columns_are_told_from_one_another(model):
    X, y = people()
    trace = model.trace(X[:5], y[:5])
    inputs = trace.inputs(3)
    rows = {one.column: one for one in inputs.columns}
    assert list(rows) == list(X.columns)
    assert inputs.columns[0].values[3] == "(missing)"
    assert rows["since"].values[0] == str(X["since"][0].date())
    assert rows["town"].values[0] == X["town"][0]
    every = [row for one in inputs.columns for row in one.rows]
    assert every == list(range(len(trace["A0"])))
    names = model.model_.encoder.feature_names
    assert {names[row].split("=")[0] for row in rows["town"].rows} == {"town"}
    assert "3 levels: Basel, Bern, Zürich <b>" in str(inputs)
    assert "(missing)" in str(inputs)
    assert "4 columns became" in inputs.heading


@pytest.mark.parametrize("settings", [{"n_members": 3}, {"categorical": ("town",), "embed_above": 2}])
def test_members_and_embeddings_are_explained(settings):
    X, y = people()
    plain = PLAIN | {"hidden_layer_sizes": (4,), "max_iter": 1, "random_state": 0, "numeric_embedding": "periodic"}
    model = lamina.DeepClassifier(**plain | settings).fit(X, y)
    trace = model.trace(X[:4], y[:4])
    assert trace.replay().agrees
    text = str(trace.inputs())
    assert "learned waves" in text
    if "n_members" in settings:
        assert "stands in it 3 times: example e belongs to member e mod 3" in text
        np.testing.assert_array_equal(trace["A0"][:, 0], trace["A0"][:, 2])
        np.testing.assert_allclose(trace["A2_mean"][0], model.predict_proba(X[:4])[:, 1], rtol=1e-5)
        assert "4 rows, each once for 3 members" in trace.heading
    else:
        assert "looked up: 8 learned numbers" in text


def test_sparse_rows_are_traced():
    rng = np.random.default_rng(0)
    X = csr_matrix(rng.normal(size=(40, 6)) * (rng.random((40, 6)) < 0.3))
    y = rng.integers(0, 3, 40)
    model = lamina.DeepClassifier(hidden_layer_sizes=(4,), max_iter=2, random_state=0, **PLAIN).fit(X, y, trace=2)
    trace = model.trace(X[:5], y[:5])
    assert trace.replay().agrees
    assert trace["A0"].shape == (6, 5)
    assert all(one.replay().agrees for one in model.traces_.values())
    assert trace.origins.outputs == ("y is 0", "y is 1", "y is 2")


def test_regression_of_several_targets():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    model = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0, **PLAIN).fit(X, Y)
    trace = model.trace(X, Y)
    assert trace.replay().agrees
    means, deviations = Y.mean(axis=0), Y.std(axis=0)
    assert trace.origins.outputs == tuple(f"y[{k}], as (y - {means[k]:.4g}) / {deviations[k]:.4g}" for k in range(2))
    np.testing.assert_allclose(trace["AL"].T * deviations + means, model.predict(X), rtol=1e-4, atol=1e-5)
    with pytest.raises(DataError, match="expected"):
        model.trace(X, Y[:, 0])


# ---- tables and notebooks ----


def test_the_ledger_says_what_the_axes_are_and_what_the_numbers_look_like(model):
    X, y = people()
    trace = model.trace(X, y)
    table = trace.table()
    assert [entry.name for entry in table.entries] == list(trace)
    assert table["W1"].axes == table["dW1"].axes == ("units of layer 1", "features")
    assert table["Z1"].axes == table["dZ1"].axes == ("units of layer 1", "examples")
    assert table["W2"].axes == ("outputs", "units of layer 1")
    for entry in table.entries:
        array = trace[entry.name].astype(np.float64)
        assert entry.shape == array.shape
        assert entry.mean == pytest.approx(array.mean())
        if array.size > 1:
            assert entry.spread == pytest.approx(array.std())
            assert entry.zeros == pytest.approx((array == 0).mean())
            assert entry.norm == pytest.approx(np.sqrt((array**2).sum()))
    assert table["A1"].saturated == pytest.approx((trace["Z1"] <= 0).mean())  # relu
    assert table["A1"].stuck == int((trace["Z1"] <= 0).all(axis=1).sum())
    lines = str(table).splitlines()
    assert lines[0] == "forward and back, as when predicting: 60 rows"
    assert len(lines) == 3 + len(trace)
    assert table.to_frame().loc["W1", "norm"] == table["W1"].norm


def test_update_to_weight_ratio_of_a_step(lecture, case_of):
    params, X, Y, _ = case_of(lecture)
    trace = lamina.trace(lecture, X, Y, params=params, optimizer="gradient_descent", learning_rate=0.1)
    ratio = 0.1 * np.linalg.norm(trace["dW1"]) / np.linalg.norm(trace["W1"])
    assert trace.table()["W1"].update == pytest.approx(ratio)
    np.testing.assert_allclose(trace.update("W1"), -0.1 * trace["dW1"], rtol=1e-9)
    assert "update" in str(trace.table()).splitlines()[1]
    assert trace.heading == "step 0 of training: 7 rows, gradient_descent, learning rate 0.1"


def test_saturated_and_stuck_units():
    network = Network(1, [lamina.Dense(2, "sigmoid"), lamina.Linear(1)], BinaryLogLoss())
    params = network.named(theta := np.zeros(network.size))
    params["W1"][:] = [[1.0], [0.0]]
    params["b1"][:] = [[0.0], [20.0]]
    entry = lamina.trace(network, np.array([[0.0], [9.0], [-9.0], [1.0]]), params=theta).table()["A1"]
    assert (entry.saturated, entry.stuck) == (6 / 8, 1)


def test_what_is_not_finite_is_shown_and_replayed(lecture):
    trace = lamina.trace(lecture, np.array([[np.inf, 1.0, 1.0], [1.0, 1.0, 1.0]]), [0, 1], params=np.ones(lecture.size))
    assert trace.table()["A0"].not_finite == 1
    assert "1 not finite" in str(trace.table())
    assert "#fff200" in trace._repr_html_()
    trace.replay()


def test_html_is_self_contained_and_escaped(model):
    X, y = people()
    html = model.trace(X[:6], y[:6])._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in html
    assert html.count("<svg") == sum(array.ndim == 2 for array in model.trace(X[:6], y[:6]).arrays.values())
    assert len(html) < 200_000
    ElementTree.fromstring(f"<div>{html}</div>")  # every element is closed


def test_pictures_average_what_does_not_fit():
    from lamina.glassbox.pictures import heat

    values = np.zeros((100, 1000))
    values[:, 500:] = 1.0
    picture = heat(values)
    assert 'viewBox="0 0 32 12"' in picture
    assert picture.count("<path") == 1
    cells = re.findall(r"M(\d+) (\d+)h1v1h-1z", picture)
    assert len(cells) == 16 * 12
    assert min(int(x) for x, _ in cells) == 16


def test_a_trace_can_be_pickled_and_printed(model):
    X, y = people()
    trace = model.trace(X[:4], y[:4])
    trace.replay()  # derives the equations
    again = pickle.loads(pickle.dumps(trace))
    assert list(again) == list(trace)
    assert again.replay().agrees
    assert repr(trace).startswith("<Trace forward and back, as when predicting: 4 rows; A0, W1")
    assert str(trace) == str(trace.table())
