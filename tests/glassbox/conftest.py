"""Networks of every kind of layer, with parameters and rows, and what their traces are held against."""

import numpy as np
import pytest

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import LAYERS, Dense, Dropout, Linear, Residual
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Huber, Quantile, SquaredError
from lamina.equations.network import Network

M = 7
RICH = [
    *LAYERS["embedding"].examples(6)[:1],
    *LAYERS["periodic"].examples(6)[:1],
    *LAYERS["scale"].examples(6),
    *(Dense(6, "tanh"), *LAYERS["layer_norm"].examples(6), Dropout(0.3)),
    Residual([Dense(6, "mish"), Residual([Linear(6), *LAYERS["batch_norm"].examples(6)]), Linear(6)]),
    *LAYERS["parametric_activation"].examples(6)[:1],
    Linear(2),
]


def every_kind():
    """Every activation, layer and loss; and all kinds of layers in one."""
    found = {f"activation {name}": Network(3, [Dense(4, name), Linear(1)], BinaryLogLoss()) for name in ACTIVATIONS}
    for kind, layer in LAYERS.items():
        for k, example in enumerate(layer.examples(6)):
            members = getattr(example, "members", 1)
            inner = [Dense(6, "tanh"), example, Linear(3), Linear(2)]
            found[f"layer {kind} {k}"] = Network(3, inner, SquaredError(), l2=0.3, members=members)
            found[f"layer {kind} {k} in front"] = Network(6, [example, Linear(2)], SquaredError(), members=members)
    losses = [*(loss() for loss in LOSSES.values()), BinaryLogLoss(0.1), CategoricalLogLoss(0.2), Huber(0.3)]
    for k, loss in enumerate([*losses, Quantile((0.1, 0.5, 0.9))]):
        units = loss.units(2)
        found[f"loss {k} {loss.kind}"] = Network(3, [Dense(4, "tanh"), Linear(units)], loss, l1=0.2, l2=0.1)
    found["a residual without layers"] = Network(3, [Linear(3), Residual([]), Linear(1)], SquaredError())
    found["rich"] = Network(6, RICH, SquaredError(), l2=0.1)
    return found


NETWORKS = every_kind()


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]


def case_of(network, dtype=np.float64, seed=0, m=M):
    """Parameters, rows, targets and weights."""
    rng = np.random.default_rng(seed)
    params = rng.normal(0.1, 0.6, network.size)
    statistics = network.spans["statistics"]
    params[statistics] = np.abs(params[statistics]) + 0.5  # variances are positive
    X = rng.normal(size=(m, network.n_inputs))
    Y = network.loss.sample_targets(rng, m, network.n_outputs // network.loss.units(1))
    w = rng.uniform(0.5, 2, m)
    return params.astype(dtype), X.astype(dtype), Y, w / w.mean()


@pytest.fixture(name="networks")
def _networks():
    return list(NETWORKS.values())


@pytest.fixture(name="case_of")
def _case_of():
    return case_of


@pytest.fixture
def rich():
    """All kinds of layers in one network."""
    return NETWORKS["rich"]


@pytest.fixture
def lecture():
    """The lecture's network: two layers, tanh and log loss."""
    return NETWORKS["activation tanh"]
