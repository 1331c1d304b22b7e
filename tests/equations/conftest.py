"""One of every row of the tables: layers with suitable settings, targets that suit a loss, small networks."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamina.equations.layers import LAYERS, Activation, BatchNorm, Dense, LayerNorm, Scale
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network

# What a setting is called says what it may be; a new layer made of these needs no line here.
SETTINGS: dict[str, Any] = {"rate": 0.4}


ARRANGED: dict[str, Callable[..., np.ndarray]] = {
    "binary_log_loss": lambda rng, k, m: rng.integers(0, 2, (k, m)),
    "categorical_log_loss": lambda rng, k, m: np.eye(k)[:, rng.integers(0, k, m)],
    "poisson": lambda rng, k, m: rng.poisson(2, (k, m)),
}


def make_layer(kind: str, activation: str = "tanh", units: int = 4) -> Any:
    """A layer of that kind which keeps the width, with its default settings where it has them."""
    chain = (Dense(3, activation), LayerNorm(), Dense(units, activation), BatchNorm())
    settings = SETTINGS | {"function": activation, "units": units, "layers": chain}
    fields = [one for one in dataclasses.fields(LAYERS[kind]) if one.default is dataclasses.MISSING]
    return LAYERS[kind](**{one.name: settings[one.name] for one in fields})


def make_targets(loss: Any, units: int, m: int, seed: int = 0) -> np.ndarray:
    """Y (targets, m) for a last layer of that many units: positive numbers unless the loss wants another kind."""
    k = next(k for k in range(1, units + 1) if loss.units(k) == units)
    rng = np.random.default_rng(seed)
    return ARRANGED.get(loss.kind, lambda rng, k, m: rng.gamma(2.0, 1.0, (k, m)))(rng, k, m).astype(np.float64)


def make_network(kind: str, activation: str, loss: Any, targets: int = 2) -> Network:
    """2 inputs, 3 units under and over the layer, as many outputs as the loss wants: 20 to 40 parameters."""
    layers = [Dense(3, activation), make_layer(kind, activation, 3), Dense(loss.units(targets), "identity")]
    return Network(2, layers, loss, l1=0.01, l2=0.1)


def make_params(network: Network, seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    """Parameters with nothing at 0 and variances above 0."""
    params = np.random.default_rng(seed).normal(0.3, 0.5, network.size)
    statistics = network.spans["statistics"]
    params[statistics] = np.abs(params[statistics]) + 0.5
    return params.astype(dtype)


@pytest.fixture(scope="session")
def layer_of() -> Callable[..., Any]:
    return make_layer


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
