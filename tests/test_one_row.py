"""A model made ready for single rows beside `predict` of the same rows."""

import numpy as np
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


def test_values_that_a_table_reads_are_read_as_there(census):
    classifier, rows = census
    for value in ("39", np.int64(39), "39.0"):
        row = rows[0] | {"age": value}
        assert lamina.RowPredictor(classifier).predict(row) == classifier.predict({k: [v] for k, v in row.items()})


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
