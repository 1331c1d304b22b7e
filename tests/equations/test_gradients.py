"""The gradient certificate over every layer x loss and activation x loss of the tables."""

import numpy as np
import pytest

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import (
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    Periodic,
    Residual,
    Scale,
)
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Huber, Quantile, SquaredError
from lamina.equations.network import Network
from lamina.learning.gradient_check import gradient_check

M = 5


def certify(network, params, targets_for):
    X = np.random.default_rng(1).normal(size=(M, network.n_inputs))
    Y = targets_for(network.loss, network.n_outputs, M).T
    weights = np.random.default_rng(2).gamma(2, 0.5, M)
    outcome = gradient_check(network, X, Y, params, weights, seed=3, step=4)
    assert max(row.difference for row in outcome.rows) < 1e-6, str(outcome)
    assert outcome.difference < 1e-8, str(outcome)


@pytest.mark.parametrize("loss", LOSSES)
def test_certificate_of_layers(layer, loss, network_of, params_of, targets_for):
    network = network_of(layer, LOSSES[loss]())
    certify(network, params_of(network), targets_for)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_certificate_of_activations(activation, loss, params_of, targets_for):
    loss = LOSSES[loss]()
    layers = [Dense(4, activation), ParametricActivation(activation), Dense(loss.units(2), "identity")]
    network = Network(2, layers, loss, l1=0.01, l2=0.1)
    certify(network, params_of(network), targets_for)


@pytest.mark.parametrize(
    "network",
    [
        Network(3, [Scale(), Dense(4, "silu"), Dense(6, "identity")], Quantile((0.1, 0.5, 0.9)), l1=0.1),
        Network(3, [Dropout(0.3), Residual([Residual([Dense(3)]), LayerNorm()]), Dense(2, "tanh")], BinaryLogLoss(0.2)),
        Network(3, [Residual([Dense(5, "gelu"), Dropout(0.5), Dense(3)]), Dense(3, "selu")], CategoricalLogLoss(0.1)),
        Network(3, [Embedding((0, 2), (2, 3), 4), Periodic((0, 3), 5, 2), Dense(4, "silu"), Linear(2)], Huber()),
        Network(3, [Dense(4, "tanh"), Embedding((1,), (3,), 2), Periodic((4, 1), 3, 1), Linear(2)], SquaredError()),
        Network(
            3,
            [MemberScale(4), Residual([Dense(3, "tanh"), Dropout(0.4), MemberScale(4)]), Linear(8), MemberChoice(4)],
            BinaryLogLoss(),
            l2=0.2,
            members=4,
        ),
    ],
    ids=["quantiles", "nested", "dropout", "columns", "columns inside", "members"],
)
def test_certificate_of_settings_and_of_first_layers(network, params_of, targets_for):
    X = np.random.default_rng(5).normal(size=(M, 3))
    Y = targets_for(network.loss, network.n_outputs, M).T
    outcome = gradient_check(network, X, Y, params_of(network, seed=6))
    assert outcome.passed, str(outcome)
    assert outcome.difference < 1e-8, str(outcome)
