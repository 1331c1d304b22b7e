"""Rows, quick settings, and a store of MLflow in a file: no server."""

import numpy as np
import pytest

from plain_network import PLAIN

rng = np.random.default_rng(0)


@pytest.fixture
def rows():
    X = rng.normal(size=(80, 3))
    return X, X[:, 0] - X[:, 1] > 0


@pytest.fixture
def quick():
    return PLAIN | {"hidden_layer_sizes": (6,), "max_iter": 4, "learning_rate_init": 0.02, "random_state": 0}


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """MLflow's client, on a store whose tables were made once."""
    mlflow = pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    client.search_experiments()
    return client, folder


@pytest.fixture
def runs(store, request):
    """A function that returns the runs of this test's own experiment, the newest first."""
    import mlflow

    client, folder = store
    experiment = client.create_experiment(request.node.name, artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment(experiment_id=experiment)
    yield lambda: client.search_runs([experiment])
    while mlflow.active_run() is not None:
        mlflow.end_run()
