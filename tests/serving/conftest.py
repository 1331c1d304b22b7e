"""A model of each kind on disk, and a server with them."""

import numpy as np
import pytest

import lamina
from lamina.data import datasets
from serving_client import serving


@pytest.fixture(scope="session")
def census(tmp_path_factory):
    """The path of a classifier, its rows as a table, and the model."""
    import pyarrow.parquet as pq

    table = pq.read_table(datasets.path("adult")).slice(0, 300)
    rows = table.drop_columns(["income"])
    fitted = lamina.DeepClassifier(hidden_layer_sizes=(8,), max_iter=2, random_state=0).fit(rows, table["income"])
    path = tmp_path_factory.mktemp("models") / "census.lamina"
    fitted.model_.save(path)
    return path, rows, lamina.load(path)


@pytest.fixture(scope="session")
def numbers(tmp_path_factory):
    """The path of a regressor of two columns without names."""
    X = np.random.default_rng(0).normal(size=(80, 2))
    fitted = lamina.DeepRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0).fit(X, X[:, 0])
    path = tmp_path_factory.mktemp("models") / "numbers.lamina"
    fitted.model_.save(path)
    return path


@pytest.fixture(scope="session")
def client(census, numbers):
    """A server of both models."""
    with serving({"census": census[0], "numbers": numbers}) as found:
        yield found
