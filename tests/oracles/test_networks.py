"""Whole networks against PyTorch: Z[L], cost, every gradient, dA[0], running statistics, twenty steps of training."""

import numpy as np
import pytest
import torch

from lamina.engine import choose
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import (
    LAYERS,
    Activation,
    BatchNorm,
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
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam, AdamW, GradientDescent, Momentum
from lamina.equations.random import Key
from lamina.equations.steps import Steps
from lamina.equations.verbs import d_penalty, penalty, weighted_loss
from lamina.equations.walk import walk

M = 12


def starting_params(network):
    params = np.random.default_rng(2).normal(0.2, 0.5, network.size)
    statistics = network.spans["statistics"]
    params[statistics] = np.abs(params[statistics]) + 0.5
    return params


def assert_agree(network, oracle, targets_for, targets):
    X, Y = np.random.default_rng(3).normal(size=(M, network.n_inputs)), targets_for(network.loss, targets, M)
    weights = np.random.default_rng(4).gamma(2, 0.5, M)
    params = starting_params(network)
    J, grads = choose(network, "equations").gradients(network, params, X, Y, weights, seed=5, step=6)
    J += penalty(network, params, M)
    grads[network.spans["weights"]] += d_penalty(network, params, M)
    A0 = for_members(network.members, X.T)
    there = walk(network, params, A0, lambda Z: weighted_loss(network, Z, Y, weights)[1], Key(5, 6))
    dA0, caches = mean_of_members(network.members, there.dA[0]), there.caches

    theta, X_ = torch.tensor(params, requires_grad=True), torch.tensor(X, requires_grad=True)
    moved, statistics = theta.clone(), network.spans["statistics"]  # batch norm moves the latter in place
    their_Z, their_J = oracle.cost(network, moved, X_, torch.tensor(Y), torch.tensor(weights), caches)
    their_J.backward()
    exact = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(there.Z.T, their_Z.detach().numpy(), **exact)
    assert pytest.approx(their_J.item(), rel=1e-10) == J
    trained = network.trained
    np.testing.assert_allclose(grads[trained], theta.grad.numpy()[trained], **exact)
    np.testing.assert_allclose(dA0.T, M * X_.grad.numpy(), **exact)
    return params[statistics] - grads[statistics], moved.detach().numpy()[statistics]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("layer", [layer for kind in LAYERS.values() for layer in kind.examples(6)], ids=str)
def test_every_layer_and_loss(layer, loss, oracle, targets_for):
    loss = LOSSES[loss]()
    layers = [Dense(6, "tanh"), layer, Dense(loss.units(2), "identity")]
    network = Network(3, layers, loss, l1=0.03, l2=0.2, members=getattr(layer, "members", 1))
    assert_agree(network, oracle, targets_for, 2)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss(activation, loss, oracle, targets_for):
    loss = LOSSES[loss]()
    layers = [Dense(4, activation), ParametricActivation(activation), Dense(loss.units(2), "identity")]
    assert_agree(Network(3, layers, loss, l1=0.03, l2=0.2), oracle, targets_for, 2)


ARCHITECTURES = {
    "linear": Network(4, [Linear(1)], BinaryLogLoss()),
    "deep": Network(4, [*[Dense(8, "relu")] * 5, Linear(3)], CategoricalLogLoss(0.1), l2=0.5),
    "first": Network(4, [BatchNorm(momentum=0.3), Scale(), Dropout(0.2), Dense(6, "gelu"), Linear(2)], SquaredError()),
    "nested": Network(
        4,
        [
            Dense(6, "silu"),
            *[Residual([LayerNorm(), Dense(6, "mish"), Residual([Dense(6), Dropout(0.5)])])] * 2,
            Linear(6),
        ],
        Quantile((0.1, 0.5, 0.9)),
        l1=0.1,
    ),
    "columns": Network(
        4,
        [
            Embedding(columns=(1, 3), levels=(3, 2), size=5),
            Periodic(columns=(0, 1), frequencies=6, outputs=3),
            Scale(),
            Linear(6),
            ParametricActivation("mish"),
            Linear(3),
        ],
        CategoricalLogLoss(),
    ),
    "inside": Network(
        3,
        [Dense(4), Periodic(columns=(1, 3), outputs=2), Embedding(columns=(0,), levels=(4,), size=1), Linear(2)],
        Huber(),
    ),
    "members": Network(
        4,
        [MemberScale(3), Dense(5, "tanh"), Dropout(0.3), BatchNorm(), Linear(6), MemberChoice(3)],
        SquaredError(),
        l2=0.3,
        members=3,
    ),
    "normalised": Network(4, [Linear(8), LayerNorm(), Dense(8, "selu"), BatchNorm(), Dense(2, "elu")], Huber(0.5)),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures(name, oracle, targets_for):
    network = ARCHITECTURES[name]
    targets = network.n_outputs // network.loss.units(1)
    assert_agree(network, oracle, targets_for, targets)


@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_running_statistics(momentum, oracle, targets_for):
    layers = [Dense(4, "tanh"), BatchNorm(momentum=momentum), Residual([Dense(4), BatchNorm()]), Linear(2)]
    ours, theirs = assert_agree(Network(3, layers, SquaredError()), oracle, targets_for, 2)
    assert len(ours) == 16
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_predicting_with_running_statistics():
    network = Network(5, [BatchNorm(epsilon=1e-3)], SquaredError())
    X, params = np.random.default_rng(5).normal(size=(M, 5)), starting_params(network)
    p = {name: torch.tensor(array.ravel()) for name, array in network.named(params).items()}
    expected = torch.nn.functional.batch_norm(
        torch.tensor(X), p["mean0"], p["var0"], p["gamma0"], p["beta0"], training=False, eps=1e-3
    )
    np.testing.assert_allclose(choose(network, "equations").predict(network, params, X), expected.numpy(), rtol=1e-10)


TRAININGS = {
    "gradient_descent": (GradientDescent(), lambda theta: torch.optim.SGD([theta], lr=0.05)),
    "momentum": (Momentum(), lambda theta: torch.optim.SGD([theta], lr=0.05, momentum=0.9)),
    "adam": (Adam(), lambda theta: torch.optim.Adam([theta], lr=0.05)),
}


@pytest.mark.parametrize("architecture", ["deep", "first", "nested", "columns", "members"])
@pytest.mark.parametrize("training", TRAININGS)
def test_twenty_steps_on_minibatches(training, architecture, oracle, targets_for):
    network, (optimiser, theirs) = ARCHITECTURES[architecture], TRAININGS[training]
    targets = network.n_outputs // network.loss.units(1)
    rows, size, steps = 40, 8, 20
    X, Y = np.random.default_rng(6).normal(size=(rows, 4)), targets_for(network.loss, targets, rows)
    order = np.concatenate([np.random.default_rng(epoch).permutation(rows) for epoch in range(4)])
    params, trained = starting_params(network), network.trained
    theta = torch.tensor(params[trained], requires_grad=True)
    statistics, rule = torch.tensor(params[trained.stop :]), theirs(theta)
    their_costs = []
    for k in range(steps):
        batch = order[k * size : (k + 1) * size]
        whole = np.concatenate([theta.detach().numpy(), statistics.numpy()])
        caches = walk(network, whole, for_members(network.members, X[batch].T), key=Key(7, k)).caches  # for the draws
        rule.zero_grad()
        moved = torch.cat([theta, statistics])
        data = torch.tensor(X[batch]), torch.tensor(Y[batch]), torch.ones(size)
        _, J = oracle.cost(network, moved, *data, caches)
        J.backward()
        rule.step()
        statistics = moved.detach()[trained.stop :].clone()
        their_costs.append(J.item())
    memory = np.zeros((len(optimiser.remembers), network.size))
    how = Steps(size, np.full(steps, 0.05), seed=7, examples=size)
    costs = choose(network, "equations").train_steps(network, optimiser, params, memory, X, Y, None, order, how)
    np.testing.assert_allclose(costs, their_costs, rtol=1e-9)
    np.testing.assert_allclose(params[trained], theta.detach().numpy(), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(params[trained.stop :], statistics.numpy(), rtol=1e-9)


def test_ntk_form_learns_as_if_its_weights_were_divided():
    """W = V / sqrt(n), with V trained by PyTorch's AdamW at the rate itself."""
    network = Network(4, [Linear(5, ntk=True), Activation("tanh"), Linear(2, ntk=True)], SquaredError())
    optimiser, steps = AdamW(weight_decay=0.3, epsilon=1e-12), 12
    X, Y, params = *np.random.default_rng(1).normal(size=(2, M, 4)), starting_params(network)
    Y = Y[:, :2].copy()
    theirs = {
        name: torch.tensor(array * (array.shape[1] ** 0.5 if name[0] == "W" else 1), requires_grad=True)
        for name, array in network.named(params).items()
    }
    decays = [0.3 if name[0] == "W" else 0.0 for name in theirs]
    groups = [{"params": [p], "weight_decay": d} for p, d in zip(theirs.values(), decays, strict=True)]
    rule = torch.optim.AdamW(groups, lr=0.05, eps=1e-12)
    for _ in range(steps):
        rule.zero_grad()
        A = torch.tensor(X)
        for layer in (1, 2):
            V, b = theirs[f"W{layer}"], theirs[f"b{layer}"]
            A = A @ V.T / V.shape[1] ** 0.5 + b.ravel()
            A = torch.tanh(A) if layer == 1 else A
        torch.nn.functional.mse_loss(A, torch.tensor(Y)).div(2).backward()
        rule.step()
    memory, how = np.zeros((2, network.size)), Steps(M, np.full(steps, 0.05))
    everything = np.tile(np.arange(M), steps)
    choose(network, "equations").train_steps(network, optimiser, params, memory, X, Y, None, everything, how)
    for name, array in network.named(params).items():
        divided = theirs[name].detach().numpy() / (array.shape[1] ** 0.5 if name[0] == "W" else 1)
        np.testing.assert_allclose(array, divided, rtol=1e-7, atol=1e-10)
