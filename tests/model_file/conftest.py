"""Small models of every kind that the model file holds, made without training."""

import numpy as np
import pytest

import lamina
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read
from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss, Huber, Quantile
from lamina.equations.network import Network
from lamina.learning.initialisers import starting_parameters
from lamina.model import Model

ROWS = {
    "age": np.array([31.0, 45.5, np.nan, 22.0, 60.0, 38.0]),
    "town": np.array(["Basel", "Zürich", None, "Bern", 'a "b", c', "Bern"], object),
    "member": np.array([True, False, True, True, False, True]),
    "since": np.array(["2020-01-01", "2021-05-05", "NaT", "2019-12-31", "2022-02-02", "2020-07-07"], "M8[D]"),
    "constant": np.ones(6),
}
RECORD = {"epoch": 1, "cost": 0.7, "validation_cost": None, "score": 0.5, "validation_score": None}


def labelled(layers, loss, target, dtype=np.float32, **others):
    """A model for ROWS with random parameters."""
    encoder = learn_encoder(read(ROWS))
    network = Network(encoder.n_features, layers, loss, l1=0.25, l2=1e-4)
    params = starting_parameters(network, "suited", 7, dtype)
    return Model(network, params, encoder, target, **others)


@pytest.fixture
def rows():
    return ROWS


@pytest.fixture(scope="session")
def models():
    chain = lamina.Residual([lamina.LayerNorm(), lamina.Dense(4, "gelu"), lamina.Residual([lamina.Linear(4)])])
    return {
        "binary": labelled(
            [lamina.Dense(4, "tanh"), lamina.Linear(1)],
            BinaryLogLoss(),
            Labels.fit(["no", "yes", "no"]),
            target_name="bought",
            settings={"hidden_layer_sizes": (4,), "activation": "tanh", "class_weight": {"no": 1.0, "yes": 2.5}},
            history=[RECORD | {"epoch": n, "learning_rate": 1e-3, "seconds": 0.25} for n in (1, 2)],
            scores={"validation_cost": 0.625, "validation_accuracy": 0.75},
            best_epoch=2,
            stopped="all 2 epochs were done",
        ),
        "every layer": labelled(
            [
                lamina.Scale(),
                lamina.Linear(4),
                lamina.BatchNorm(momentum=0.2),
                chain,
                lamina.Dropout(0.5),
                lamina.Linear(3),
            ],
            CategoricalLogLoss(label_smoothing=0.1),
            Labels.fit([10, 20, 30]),
            np.float64,
            settings={
                "hidden_layer_sizes": (4, chain, lamina.Dropout(0.5), lamina.Dense(4, "mish"), lamina.Scale()),
                "optimizer": lamina.Adam(beta1=0.95),
                "schedule": "cosine(warmup=2)",
                "class_weight": {10: 1, 20: 2, 30: 0.5},
                "random_state": 2**63 - 1,
                "normalization": "batch",
                "label_smoothing": 0.1,
            },
        ),
        "quantiles": labelled(
            [lamina.Dense(3), lamina.Linear(4)],
            Quantile((0.1, 0.9)),
            Numbers.fit([[1.0, 5.0], [2.0, -3.0], [4.5, 1.0]]),
            settings={"loss": Quantile((0.1, 0.9)), "scaling": "none", "scale_target": False},
        ),
        "huber": labelled(
            [lamina.Linear(1)], Huber(delta=2), Numbers.fit([1.0, 2.0, 4.0]), settings={"loss": "huber(delta=2)"}
        ),
        "labels": labelled(
            [lamina.Linear(2)], BinaryLogLoss(), Labels.fit(np.array([[0, 1], [1, 1]])), settings={"dtype": "float32"}
        ),
        "one class": labelled([lamina.Linear(1)], BinaryLogLoss(), Labels.fit([3, 3])),
    }
