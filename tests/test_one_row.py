"""A model made ready for single rows beside `predict` of the same rows."""

import pickle
from contextlib import suppress

import numpy as np
import pandas as pd
import polars as pl
import pytest

import lamina
from lamina.data import datasets
from lamina.errors import ColumnError, DataError


@pytest.fixture(scope="module")
def census():
    import pyarrow.parquet as pq

    rows = pq.read_table(datasets.path("adult")).slice(0, 400)
    fitted = lamina.DeepClassifier(hidden_layer_sizes=(8,), max_iter=2, random_state=0)
    return fitted.fit(rows.drop_columns(["income"]), rows["income"]), rows.drop_columns(["income"]).to_pylist()


@pytest.mark.parametrize("engine", ["kernels", "equations"])
def test_labels_and_probabilities_are_those_of_many_rows(census, engine):
    classifier, rows = census
    model = lamina.model.Model(**{**classifier.model_.__getstate__(), "engine": engine})
    predictor = lamina.RowPredictor(model)
    together = {name: [row[name] for row in rows] for name in rows[0]}
    labels, probabilities = model.predict(together), model.predict_proba(together)
    for i, row in enumerate(rows[:100]):
        assert predictor.predict(row) == labels[i]
        np.testing.assert_array_equal(predictor.predict_proba(row), probabilities[i])


def test_numbers_and_columns_that_are_not_needed():
    X = np.random.default_rng(0).normal(size=(60, 3))
    regressor = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(X, X)
    predictor = lamina.RowPredictor(regressor)
    found = predictor.predict({"x2": X[0, 2], "x0": X[0, 0], "x1": X[0, 1], "other": object()})
    np.testing.assert_array_equal(found, regressor.predict(X[:1])[0])
    with pytest.raises(DataError, match="has no probabilities"):
        predictor.predict_proba({"x0": 1, "x1": 2, "x2": 3})


def test_days_between_dates_are_those_of_many_rows():
    rng = np.random.default_rng(0)
    ordered = pd.Timestamp("2023-11-05") + pd.to_timedelta(rng.integers(0, 700, 200), "D")
    sent = ordered + pd.to_timedelta(rng.integers(0, 60, 200), "D")
    frame = pd.DataFrame({"ordered": ordered.astype(str), "x": rng.normal(size=200), "sent": sent.astype(str)})
    frame.loc[3, "ordered"] = None
    days = (sent - ordered).days.to_numpy(float)
    regressor = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(frame, days)
    assert "sent since ordered" in regressor.model_.encoder.feature_names
    predictor = lamina.RowPredictor(regressor)
    for i, row in enumerate(frame[:20].to_dict("records")):
        np.testing.assert_array_equal(predictor.predict(row), regressor.predict(frame[:20])[i])


def test_values_that_a_table_reads_are_read_as_there(census):
    classifier, rows = census
    for value in ("39", np.int64(39), "39.0"):
        row = rows[0] | {"age": value}
        assert lamina.RowPredictor(classifier).predict(row) == classifier.predict({k: [v] for k, v in row.items()})


ODD = [None, np.nan, "", " Private ", "NA", "?", "7", "no such level", 7, 7.5, True, -0.0, 1e300, 2**60, "2020-01-01"]
ODD += [pd.NA, pd.NaT, pd.Timestamp("2020-01-01"), np.float32(0.1), np.int8(3), b"x", [1], np.inf]


def outcome(predict, rows):
    """What is predicted for the first of the rows, or what is said."""
    try:
        return predict(rows)[0].tolist()
    except DataError as problem:
        return str(problem).replace("2 of 2", "1 of 1").replace("of 2 ", "of 1 ")


KINDS = {
    "pandas": ["object", "category", "str", "Int64", "boolean"],
    "polars": [pl.Object, pl.Categorical, pl.Float32, pl.Boolean, pl.Date],
}


def frames_of(library, columns, column):
    """The frames that a library makes of some columns, with every type for one of them that its values can have."""
    for kind in [None, *KINDS[library]]:
        with suppress(Exception):  # the values cannot have that type
            if library == "pandas":
                yield pd.DataFrame({**columns, column: pd.Series(columns[column], dtype=kind)})
            else:
                yield pl.DataFrame({**columns, column: pl.Series(column, columns[column], dtype=kind)})


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("column", ["age", "workclass"])
def test_a_frame_of_one_row_is_predicted_as_among_others(census, library, column):
    """Two equal rows go the table's way; what is odd comes in every type of column that the library makes of it."""
    classifier, rows = census
    for value in [rows[0][column], *ODD]:
        two = {**{name: [rows[0][name]] * 2 for name in rows[0]}, column: [value] * 2}
        for frame in frames_of(library, two, column):
            alone = outcome(classifier.predict_proba, frame[:1])
            assert alone == outcome(classifier.predict_proba, frame), (value, frame[column].dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "int64", "uint8", "bool", "object"])
def test_an_array_of_one_row_is_predicted_as_among_others(dtype):
    X = np.random.default_rng(1).integers(0, 2, size=(80, 3)).astype(dtype)
    regressor = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(X, np.arange(80))
    many = regressor.predict(X)
    for i in range(20):
        np.testing.assert_array_equal(regressor.predict(X[i : i + 1]), many[i : i + 1])


def test_weights_that_were_changed_are_seen():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(X, X[:, 0]).model_
    before = model.predict(X[:1])
    model.params[-1] += 1
    assert model.predict(X[:1]) != before
    np.testing.assert_array_equal(model.predict(X[:1]), model.predict(X[:2])[:1])
    assert pickle.loads(pickle.dumps(model)).predict(X[:1]) == model.predict(X[:1])


def test_a_frame_of_one_row_with_other_columns_is_refused_as_scikit_learn_does(census):
    classifier, rows = census
    frame = pd.DataFrame(rows[:1])
    with pytest.raises(ValueError, match="same order as they were in fit"):
        classifier.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="age"):
        classifier.predict(frame.drop(columns="age"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"age": "old"}, "'age' held numbers in training, here it holds text: 'old'"),
        ({"age": float("inf")}, "infinity.*column 'age'"),
        ({"age": [39]}, "'age'"),
        ({"workclass": {"a": 1}}, "'workclass'"),
    ],
)
def test_what_cannot_be_read_is_named(census, changed, said):
    classifier, rows = census
    with pytest.raises(DataError, match=said):
        lamina.RowPredictor(classifier).predict(rows[0] | changed)


def test_a_column_that_lacks_is_named(census):
    classifier, rows = census
    row = {name.replace("age", "Age"): value for name, value in rows[0].items()}
    with pytest.raises(ColumnError, match=r"missing: age\. Did you mean 'Age'\?"):
        lamina.RowPredictor(classifier).predict(row)
    with pytest.raises(DataError, match="found list"):
        lamina.RowPredictor(classifier).predict([39])


@pytest.mark.parametrize("kind", ["float32", "float16", "Float32", "float[pyarrow]", pl.Float32])
def test_a_category_in_single_precision_is_the_one_that_it_was(kind):
    levels = np.random.default_rng(0).choice([0.1, 0.25, 3.7], 90)
    rows = {"x": np.arange(90.0), "c": levels}
    if kind is pl.Float32:
        frame = pl.DataFrame(rows).with_columns(pl.col("c").cast(kind))
    else:
        frame = pd.DataFrame(rows).astype({"c": kind})
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0, "categorical": ["c"]}
    model = lamina.DeepRegressor(**settings).fit(frame, 3 * levels)
    for i in range(5):
        assert model.predict(frame[i : i + 1]) == model.predict(frame)[i : i + 1]
