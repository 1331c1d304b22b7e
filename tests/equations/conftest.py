"""One of every row of the tables: layers as they show themselves, targets that suit a loss, small networks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamina.equations.layers import LAYERS, Activation, BatchNorm, Dense, Scale
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network

UNITS = 6
EXAMPLES = [layer for kind in LAYERS.values() for layer in kind.examples(UNITS)]


def make_targets(loss: Any, units: int, m: int, seed: int = 0) -> np.ndarray:
    """Y (targets, m) for a last layer of that many units."""
    return loss.sample_targets(np.random.default_rng(seed), m, units // loss.units(1)).T


def make_network(layer: Any, loss: Any, targets: int = 2) -> Network:
    """2 inputs, 6 units under the layer, as many outputs as the loss wants, members where the layer has them."""
    layers = [Dense(UNITS, "tanh"), layer, Dense(loss.units(targets), "identity")]
    return Network(2, layers, loss, l1=0.01, l2=0.1, members=getattr(layer, "members", 1))


def make_params(network: Network, seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    """Parameters with nothing at 0 and variances above 0."""
    params = np.random.default_rng(seed).normal(0.3, 0.5, network.size)
    statistics = network.spans["statistics"]
    params[statistics] = np.abs(params[statistics]) + 0.5
    return params.astype(dtype)


@pytest.fixture(params=EXAMPLES, ids=str)
def layer(request) -> Any:
    """Every layer that takes 6 units and that the tables show."""
    return request.param


@pytest.fixture(scope="session")
def targets_for() -> Callable[..., np.ndarray]:
    return make_targets


@pytest.fixture(scope="session")
def network_of() -> Callable[..., Network]:
    return make_network


@pytest.fixture(scope="session")
def params_of() -> Callable[..., np.ndarray]:
    return make_params


@pytest.fixture(scope="session")
def small_network() -> Network:
    """Every group of parameters: weights, biases, scales and statistics."""
    layers = [Scale(), Dense(4, "tanh"), BatchNorm(), Activation("silu"), Dense(2, "identity")]
    return Network(3, layers, SquaredError(), l1=0.02, l2=0.3)
