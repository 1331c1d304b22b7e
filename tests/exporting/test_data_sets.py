"""Ten data sets, trained and exported: onnxruntime predicts rows that were set aside as lamina does."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_linnerud, load_wine
from sklearn.model_selection import train_test_split

from lamina.data import datasets
from lamina.estimators import DeepClassifier, DeepRegressor
from lamina.exporting import onnx_inputs, onnx_model
from onnx_runs import agree, ran, session_of

MOST = 1500  # rows


def packaged(name, target):
    frame = pd.read_parquet(datasets.path(name)).head(2 * MOST)
    return frame.drop(columns=target), frame[target]


def shop(m=900):
    """Orders: dates with times, text with rare levels, gaps everywhere, an identifier; paid late or not."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "ordered at": pd.Timestamp("2023-11-01") + pd.to_timedelta(rng.integers(0, 400 * 24 * 60, m), unit="min"),
            "Land (ISO)": rng.choice(["DE", "FR", "日本", "US"], m, p=[0.6, 0.3, 0.05, 0.05]),
            "item": rng.choice([f"item {i}" for i in range(120)], m),
            "amount": np.round(np.exp(rng.normal(3, 1, m)), 2),
            "invoice": 10**15 + np.arange(m),
            "first order": rng.random(m) < 0.3,
        }
    )
    for name in ("ordered at", "Land (ISO)", "amount"):
        X.loc[rng.random(m) < 0.15, name] = None
    late = (X["ordered at"].dt.hour > 18) ^ (X["Land (ISO)"] == "US") ^ (X["amount"] > 40)
    return X, np.where(late, "late", "in time")


def sales(m=900):
    """Counts by day, for a log link."""
    rng = np.random.default_rng(1)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(m), unit="D")
    X = pd.DataFrame({"day": day, "price": rng.choice([0.99, 1.49, 1.99], m), "holiday": rng.random(m) < 0.1})
    return X, rng.poisson(np.exp(1 + (day.day_of_week >= 5) + X["holiday"] - 0.3 * X["price"]))


def flags(m=500):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(m, 6))
    return X, (X[:, :4] + rng.normal(size=(m, 4)) > 0.3).astype(int)


def of_sklearn(load, as_frame=True):
    return load(return_X_y=True, as_frame=as_frame)


QUANTILES = {"loss": "quantile(quantiles=(0.1, 0.5, 0.9))"}
DATA_SETS = {
    "adult": (lambda: packaged("adult", "income"), DeepClassifier, {}),
    "california": (lambda: packaged("california_housing", "median_house_value"), DeepRegressor, {}),
    "iris": (lambda: of_sklearn(load_iris), DeepClassifier, {}),
    "wine": (lambda: of_sklearn(load_wine), DeepClassifier, {"scaling": "quantile", "n_members": 4}),
    "digits": (lambda: of_sklearn(load_digits, False), DeepClassifier, {"preset": "td"}),
    "breast cancer": (lambda: of_sklearn(load_breast_cancer), DeepClassifier, {"numeric_embedding": "periodic"}),
    "diabetes": (lambda: of_sklearn(load_diabetes), DeepRegressor, QUANTILES),
    "linnerud": (lambda: of_sklearn(load_linnerud), DeepRegressor, {"dtype": "float64"}),
    "shop": (shop, DeepClassifier, {"dates": "cyclic", "embed_above": 50, "min_frequency": 3}),
    "sales": (sales, DeepRegressor, {"loss": "poisson", "dates": "parts", "categorical": ["price"]}),
    "flags": (flags, DeepClassifier, {"normalization": "batch", "dropout": 0.2}),
    "quantiles of several": (lambda: of_sklearn(load_linnerud), DeepRegressor, QUANTILES),
}


@pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")
@pytest.mark.parametrize("name", DATA_SETS)
def test_onnxruntime_predicts_as_lamina_does(name):
    made, estimator, settings = DATA_SETS[name]
    X, y = made()
    train, test, y_train, _ = train_test_split(X, y, random_state=0, train_size=min(MOST, len(X) * 3 // 4))
    net = estimator(max_iter=4, random_state=0, **settings).fit(train, y_train)
    test = test[:MOST]
    agree(net.model_, test)
    agree(net.model_, test[:1])


def test_columns_by_hand_as_the_page_says():
    """Without lamina's help: float64 and objects from pandas, seconds for dates."""
    X, y = shop()
    net = DeepClassifier(max_iter=2, random_state=0).fit(X, y)
    feed = {name: X[[name]].to_numpy(np.float64) for name in ("amount", "invoice", "first order")}
    feed |= {name: X[[name]].fillna("").to_numpy(object) for name in ("Land (ISO)", "item")}
    seconds = (X["ordered at"] - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    feed["ordered at"] = seconds.to_numpy(np.float64)[:, None]
    session = session_of(onnx_model(net.model_))
    for name, values in onnx_inputs(net, X).items():
        np.testing.assert_array_equal(values, feed[name])
    np.testing.assert_allclose(session.run(["probabilities"], feed)[0], net.predict_proba(X), rtol=0, atol=1e-5)


def test_a_matrix_in_one_piece():
    X, y = of_sklearn(load_digits, False)
    net = DeepClassifier(max_iter=2, random_state=0).fit(X, y)
    agree(net.model_, X[:50], inputs="matrix")
    (one,) = session_of(onnx_model(net.model_, inputs="matrix")).get_inputs()
    assert (one.name, one.shape, one.type) == ("X", ["rows", 64], "tensor(double)")


def test_sparse_rows():
    from scipy.sparse import csr_array

    X = np.random.default_rng(0).poisson(0.3, (200, 12)).astype(float)
    net = DeepRegressor(max_iter=2, random_state=0).fit(csr_array(X), X @ np.arange(12))
    agree(net.model_, csr_array(X))


@pytest.mark.parametrize("classes", [[""], ["", "x"], ["a", " b", "ü", ""], [3, -5], [True, False], [1.0, 2.0, 7.0]])
def test_classes_of_every_type(classes):
    X = np.random.default_rng(0).normal(size=(90, 2))
    y = np.array(classes * 90)[:90]
    net = DeepClassifier(max_iter=2, random_state=0).fit(X, y)
    agree(net.model_, X)
    assert np.dtype(ran(net.model_, X)["label"].dtype).kind == {"U": "O"}.get(y.dtype.kind, y.dtype.kind)


@pytest.mark.parametrize("settings", [{}, {"embed_above": 2, "numeric_embedding": None, "activation": "relu"}], ids=str)
def test_a_row_that_lamina_refuses_has_no_answer(settings):
    X = pd.DataFrame({"a": [1.0, 2, 3, 4] * 10, "c": list("xyzx") * 10})
    net = DeepClassifier(max_iter=2, random_state=0, missing="raise", **settings).fit(X, list("nnyn") * 10)
    for faulty in ({"a": np.inf}, {"a": np.nan}, {"c": ""}):
        feed = onnx_inputs(net, X[:2])
        for name, value in faulty.items():
            feed[name][1] = value
        label, probabilities = session_of(onnx_model(net.model_)).run(None, feed)
        assert label[1] == ""
        assert label[0] in ("n", "y")
        assert np.isnan(probabilities).tolist() == [[False, False], [True, True]]
