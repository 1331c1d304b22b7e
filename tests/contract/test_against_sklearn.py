"""The equations against scikit-learn: its losses, and steps of its multi-layer perceptrons from the same weights."""

import warnings

import numpy as np
import pytest
from sklearn._loss import (
    AbsoluteError,
    HalfBinomialLoss,
    HalfGammaLoss,
    HalfMultinomialLoss,
    HalfPoissonLoss,
    HalfSquaredError,
    HuberLoss,
    PinballLoss,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lamina.engine import choose
from lamina.equations.layers import Dense
from lamina.equations.losses import AbsoluteError as OurAbsoluteError
from lamina.equations.losses import (
    BinaryLogLoss,
    CategoricalLogLoss,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam, GradientDescent, Momentum, Nesterov
from lamina.equations.steps import Steps
from lamina.equations.verbs import d_penalty, penalty

M = 60


# ---- losses ----


def huber(delta):
    """scikit-learn's delta is a quantile of the errors, found anew by its booster; set here."""
    loss = HuberLoss()
    loss.closs.delta = delta
    return loss


PAIRS = {
    "binary_log_loss": (BinaryLogLoss(), HalfBinomialLoss()),
    "categorical_log_loss": (CategoricalLogLoss(), HalfMultinomialLoss(n_classes=4)),
    "squared_error": (SquaredError(), HalfSquaredError()),
    "absolute_error": (OurAbsoluteError(), AbsoluteError()),
    "huber": (Huber(0.7), huber(0.7)),
    "quantile": (Quantile((0.3,)), PinballLoss(quantile=0.3)),
    "poisson": (Poisson(), HalfPoissonLoss()),
    "gamma": (Gamma(), HalfGammaLoss()),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    """Ours, scikit-learn's, Z (units, M), Y (targets, M) and scikit-learn's own form of the two."""
    rng = np.random.default_rng(0)
    ours, theirs = PAIRS[request.param]
    if request.param == "categorical_log_loss":
        y, Z = rng.integers(0, 4, M), rng.normal(0, 2, (4, M))
        return ours, theirs, Z, np.eye(4)[:, y], y.astype(float), np.ascontiguousarray(Z.T)
    y = rng.integers(0, 2, M).astype(float) if request.param == "binary_log_loss" else rng.gamma(2, 1, M)
    z = rng.normal(0, 2, M)
    return ours, theirs, z[None], y[None], y, z


def test_loss_and_dZ(pair):
    ours, theirs, Z, Y, y, raw = pair
    loss, gradient = theirs.loss_gradient(y, raw)
    if ours.kind in ("poisson", "gamma"):  # scikit-learn leaves out what does not depend on Z
        loss = loss + theirs.constant_to_optimal_zero(y)
    np.testing.assert_allclose(ours.losses(Z, Y), loss, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(ours.dZ(Z, Y), np.atleast_2d(gradient.T), rtol=1e-10, atol=1e-13)


def test_output(pair):
    ours, theirs, Z, _, _, raw = pair
    expected = theirs.predict_proba(raw).T if ours.kind == "categorical_log_loss" else theirs.link.inverse(raw)[None]
    np.testing.assert_allclose(ours.output(Z), expected, rtol=1e-10)


# ---- networks ----

ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}


def targets(kind, rng):
    """Y (M, units) for our loss, and y as scikit-learn takes it."""
    if kind == "binary":
        y = rng.integers(0, 2, M)
        return BinaryLogLoss(), y[:, None].astype(float), y
    if kind == "classes":
        y = rng.integers(0, 3, M)
        return CategoricalLogLoss(), np.eye(3)[y], y
    y = rng.poisson(2, M).astype(float)
    return Poisson() if kind == "counts" else SquaredError(), y[:, None], y


def twins(kind, activation, *, alpha=0.0, **settings):
    """Our network and parameters, scikit-learn's perceptron with the same weights, and the rows for each."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(M, 5))
    loss, Y, y = targets(kind, rng)
    network = Network(
        5,
        [Dense(7, ACTIVATIONS[activation]), Dense(4, ACTIVATIONS[activation]), Dense(Y.shape[1], "identity")],
        loss,
        l2=alpha,
    )
    params = rng.normal(0, 0.4, network.size)
    settings = {"hidden_layer_sizes": (7, 4), "alpha": alpha, "shuffle": False, "batch_size": M} | settings
    if kind in ("binary", "classes"):
        perceptron = MLPClassifier(activation=activation, random_state=0, **settings)
        perceptron.partial_fit(X, y, classes=np.unique(y))  # makes the arrays
    else:
        perceptron = MLPRegressor(activation=activation, random_state=0, loss=loss.kind, **settings)
        perceptron.partial_fit(X, y)
    del perceptron._optimizer  # the next call makes a new one
    named = network.named(params)
    for k in range(3):
        perceptron.coefs_[k][:] = named[f"W{k + 1}"].T
        perceptron.intercepts_[k][:] = named[f"b{k + 1}"][:, 0]
    return network, params, perceptron, X, Y, y


def flat(network, coefs, intercepts):
    """scikit-learn's arrays in the order of our vector."""
    params = np.empty(network.size)
    for k, (W, b) in enumerate(zip(coefs, intercepts, strict=True), start=1):
        network.named(params)[f"W{k}"][:] = W.T
        network.named(params)[f"b{k}"][:, 0] = b
    return params


KINDS = ["binary", "classes", "numbers", "counts"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_predict(kind, activation):
    network, params, perceptron, X, _, _ = twins(kind, activation, solver="sgd")
    found = choose(network, "equations").predict(network, params, X)
    if kind in ("numbers", "counts"):
        np.testing.assert_allclose(found[:, 0], perceptron.predict(X), rtol=1e-10)
    else:
        expected = perceptron.predict_proba(X)
        np.testing.assert_allclose(found, expected[:, 1:] if kind == "binary" else expected, rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_cost_and_gradient(kind, activation, weighted):
    """One step of plain gradient descent with rate 1 is minus the gradient. alpha is the lecture's lambda."""
    settings = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1.0}
    network, params, perceptron, X, Y, y = twins(kind, activation, alpha=0.9, **settings)
    weights = np.random.default_rng(2).gamma(2, 0.5, M) if weighted else None
    if weights is not None:
        weights /= weights.mean()
    J, grads = choose(network, "equations").gradients(network, params, X, Y, weights)
    J += penalty(network, params, M)
    grads[network.spans["weights"]] += d_penalty(network, params, M)
    perceptron.partial_fit(X, y, **({} if weights is None else {"sample_weight": weights}))
    assert pytest.approx(perceptron.loss_, rel=1e-10) == J
    step = params - flat(network, perceptron.coefs_, perceptron.intercepts_)
    np.testing.assert_allclose(grads, step, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("optimiser", "settings"),
    [
        (GradientDescent(), {"solver": "sgd", "momentum": 0.0}),
        (Momentum(beta1=0.8), {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": False}),
        (Nesterov(beta1=0.9), {"solver": "sgd", "momentum": 0.9}),
        # scikit-learn's epsilon is not divided by the correction of v: too small to matter here
        (Adam(epsilon=1e-30), {"solver": "adam", "epsilon": 1e-30}),
    ],
    ids=lambda value: getattr(value, "kind", "settings"),
)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_steps(kind, optimiser, settings):
    network, params, perceptron, X, Y, y = twins(kind, "tanh", alpha=0.5, learning_rate_init=0.02, **settings)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        for _ in range(20):
            perceptron.partial_fit(X, y)
    memory, order = np.zeros((len(optimiser.remembers), network.size)), np.tile(np.arange(M), 20)
    steps = Steps(M, np.full(20, 0.02), examples=M)
    costs = choose(network, "equations").train_steps(network, optimiser, params, memory, X, Y, None, order, steps)
    np.testing.assert_allclose(costs, perceptron.loss_curve_[-20:], rtol=1e-10)
    np.testing.assert_allclose(params, flat(network, perceptron.coefs_, perceptron.intercepts_), rtol=1e-9, atol=1e-10)


def test_gradient_of_several_outputs_is_that_of_the_cost_and_not_scikit_learns():
    """scikit-learn's cost averages over the outputs, its gradient does not (its issue 8349): off by their number."""
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(M, 5)), rng.normal(size=(M, 3))
    network = Network(5, [Dense(7, "tanh"), Dense(3, "identity")], SquaredError())
    settings = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "shuffle": False, "batch_size": M}
    settings |= {"hidden_layer_sizes": (7,), "activation": "tanh", "learning_rate_init": 1.0, "random_state": 0}
    perceptron = MLPRegressor(**settings)
    perceptron.partial_fit(X, Y)
    params = flat(network, perceptron.coefs_, perceptron.intercepts_)
    J, grads = choose(network, "equations").gradients(network, params, X, Y)
    perceptron.partial_fit(X, Y)
    assert pytest.approx(perceptron.loss_, rel=1e-10) == J
    step = params - flat(network, perceptron.coefs_, perceptron.intercepts_)
    factor = np.unique((step / grads).round(6))
    assert factor.tolist() in ([1.0], [3.0])  # 1 once scikit-learn has it right
