"""The four verbs as the equations define them: cost and penalty, predict, gradients, update, train_steps."""

import numpy as np
import pytest

from lamina.equations import network as equations
from lamina.equations.layers import Dense, Dropout, LayerNorm, Linear, Residual
from lamina.equations.losses import BinaryLogLoss, Poisson, SquaredError
from lamina.equations.network import Group, Network
from lamina.equations.optimisers import OPTIMISERS, Adam, AdamW, GradientDescent, Momentum
from lamina.equations.random import Key

# ---- cost, penalty, weights ----


@pytest.fixture
def rows(small_network):
    rng = np.random.default_rng(10)
    return rng.normal(size=(9, small_network.n_inputs)), rng.normal(size=(9, small_network.n_outputs))


@pytest.fixture
def linear_network():
    """No layer of it looks across examples."""
    return Network(3, [Dense(4, "tanh"), Dense(2, "identity")], SquaredError(), l1=0.02, l2=0.3)


def test_penalty_is_that_of_the_lecture(linear_network, params_of):
    """(lambda / 2m) Σ W² + (l1 / m) Σ |W|, over the matrices only."""
    params = params_of(linear_network)
    named = linear_network.named(params)
    squares = sum((named[name] ** 2).sum() for name in ("W1", "W2"))
    sizes = sum(np.abs(named[name]).sum() for name in ("W1", "W2"))
    assert equations.penalty(linear_network, params, 50) == pytest.approx(0.3 / 100 * squares + 0.02 / 50 * sizes)


@pytest.mark.parametrize("examples", [None, 70])
def test_gradient_is_the_slope_of_the_whole_cost(small_network, params_of, rows, examples):
    """Differences of J with both penalties, weights and a training set larger than the batch."""
    X, Y = rows
    weights = np.random.default_rng(11).gamma(1, size=len(X))
    params = params_of(small_network)

    def J(params):
        return equations.gradients(small_network, params, X, Y, weights, examples=examples)[0]

    _, grads = equations.gradients(small_network, params, X, Y, weights, examples=examples)
    for i in range(small_network.trained.stop):
        e = np.zeros_like(params)
        e[i] = 1e-5
        assert grads[i] == pytest.approx((J(params + e) - J(params - e)) / 2e-5, rel=1e-6, abs=1e-8)


def test_reported_cost_has_no_penalty(linear_network, params_of):
    rng = np.random.default_rng(12)
    X, Y, params = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), params_of(linear_network)
    expected = 0.5 * np.mean((equations.predict(linear_network, params, X) - Y) ** 2)
    assert equations.cost(linear_network, params, X, Y) == pytest.approx(expected)
    J, _ = equations.gradients(linear_network, params, X, Y)
    assert pytest.approx(expected + equations.penalty(linear_network, params, 6)) == J


def test_a_row_of_weight_2_is_two_rows_and_of_weight_0_none(linear_network, params_of):
    rng = np.random.default_rng(13)
    X, Y, params = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), params_of(linear_network)
    times = np.array([2, 0, 3, 1])
    repeated = np.repeat(np.arange(4), times)
    weights = times / times.mean()
    expected = equations.gradients(linear_network, params, X[repeated], Y[repeated], examples=10)
    found = equations.gradients(linear_network, params, X, Y, weights, examples=10)
    assert found[0] == pytest.approx(expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-15)
    cost = equations.cost(linear_network, params, X, Y, weights)
    assert cost == pytest.approx(equations.cost(linear_network, params, X[repeated], Y[repeated]))


def test_minibatches_of_one_size_average_to_the_full_gradient(linear_network, params_of):
    rng = np.random.default_rng(14)
    X, Y, params = rng.normal(size=(12, 3)), rng.normal(size=(12, 2)), params_of(linear_network)
    weights = rng.gamma(1, size=12)
    full = equations.gradients(linear_network, params, X, Y, weights)
    parts = [
        equations.gradients(linear_network, params, X[i : i + 4], Y[i : i + 4], weights[i : i + 4], examples=12)
        for i in (0, 4, 8)
    ]
    assert np.mean([part[0] for part in parts]) == pytest.approx(full[0])
    np.testing.assert_allclose(np.mean([part[1] for part in parts], axis=0), full[1], rtol=1e-12)


# ---- predict ----


def test_predict_gives_rows_through_the_loss(params_of):
    network = Network(3, [Dense(4, "tanh"), Linear(2)], BinaryLogLoss())
    X, params = np.random.default_rng(15).normal(size=(5, 3)), params_of(network)
    p = network.named(params)
    Z = p["W2"] @ np.tanh(p["W1"] @ X.T + p["b1"]) + p["b2"]
    np.testing.assert_allclose(equations.predict(network, params, X), (1 / (1 + np.exp(-Z))).T, rtol=1e-12)


def test_predict_is_forward_without_dropout(params_of):
    chain = [Dense(4, "silu"), Residual([Dense(4, "tanh")]), LayerNorm()]
    plain = Network(3, [*chain, Linear(2)], SquaredError())
    dropping = Network(3, [*chain, Dropout(0.5), Linear(2)], SquaredError())
    X, params = np.random.default_rng(16).normal(size=(5, 3)), params_of(plain)
    Z, _ = equations.forward(plain, params, X.T, Key(0, 0))
    np.testing.assert_allclose(equations.predict(plain, params, X), Z.T, rtol=1e-13)
    np.testing.assert_array_equal(equations.predict(dropping, params, X), equations.predict(plain, params, X))
    assert not np.allclose(equations.forward(dropping, params, X.T, Key(0, 0))[0], Z)


def test_predict_keeps_the_precision_and_stays_finite(params_of):
    network = Network(1, [Linear(1)], Poisson())
    params = np.array([1, 0], np.float32)
    found = equations.predict(network, params, np.array([[0], [100], [1e4]], np.float32))  # e^100 > 3.4e38
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert found[0] == 1


def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it(params_of):
    network = Network(30, [Dense(40), Dense(3, "identity")], SquaredError())
    X = np.random.default_rng(17).normal(size=(64, 30)).astype(np.float32)
    params = params_of(network, dtype=np.float32)
    alone = np.concatenate([equations.predict(network, params, X[[i]]) for i in range(64)])
    np.testing.assert_array_equal(equations.predict(network, params, X), alone)


# ---- gradients ----


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_keep_the_precision_and_their_arguments(small_network, params_of, rows, dtype):
    X, Y = (array.astype(dtype) for array in rows)
    params, weights = params_of(small_network, dtype=dtype), np.ones(len(X), dtype)
    before = [array.copy() for array in (X, Y, params, weights)]
    J, grads = equations.gradients(small_network, params, X, Y, weights)
    assert isinstance(J, float)
    assert grads.dtype == dtype
    for array, old in zip((X, Y, params, weights), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_backward_has_the_same_gradients_and_dA0(small_network, params_of, rows):
    X, Y = rows
    plain = Network(3, small_network.layers, SquaredError())  # without a penalty
    params = params_of(plain)
    Z, caches = equations.forward(plain, params, X.T, Key(0, 0))
    dA0, grads = equations.backward(plain, params, plain.loss.dZ(Z, Y.T), caches)
    assert dA0.shape == X.T.shape
    _, flat = equations.gradients(plain, params, X, Y)
    for views, found in zip(plain.views(flat), grads, strict=True):
        for role, array in views.items():
            np.testing.assert_array_equal(found[role], array)


def test_dropout_follows_seed_and_step(params_of):
    network = Network(3, [Dense(20), Dropout(0.5), Linear(1)], SquaredError())
    rng = np.random.default_rng(18)
    X, Y, params = rng.normal(size=(5, 3)), rng.normal(size=(5, 1)), params_of(network)

    def grads(**place):
        return equations.gradients(network, params, X, Y, **place)[1]

    np.testing.assert_array_equal(grads(seed=1, step=2), grads(seed=1, step=2))
    assert not np.array_equal(grads(seed=1, step=2), grads(seed=1, step=3))
    assert not np.array_equal(grads(seed=1, step=2), grads(seed=2, step=2))


# ---- update ----


def test_update_by_hand(small_network, params_of):
    """p - rate * factor * (g + decay * factor * p) per group; statistics move by their own step."""
    groups = {"weights": Group(0.5, 2.0), "biases": Group(3.0, 0.0), "scales": Group(6.0, 1.0)}
    network = Network(3, small_network.layers, SquaredError(), groups=groups)
    params = params_of(network)
    grads, before = np.random.default_rng(19).normal(size=params.shape), params.copy()
    equations.update(network, GradientDescent(weight_decay=0.1), params, grads, np.zeros((0, network.size)), 0.01, 0)
    for slot in network.slots:
        at = slice(slot.offset, slot.offset + slot.size)
        p, g = before[at], grads[at]
        expected = {
            "weights": p - 0.005 * (g + 0.2 * p),
            "biases": p - 0.03 * g,
            "scales": p - 0.06 * (g + 0.1 * p),
            "statistics": p - g,
        }[slot.group]
        np.testing.assert_allclose(params[at], expected, rtol=1e-13, err_msg=slot.name)


def test_decay_shrinks_matrices_only_unless_told_otherwise(small_network, params_of):
    params = params_of(small_network)
    before, memory = small_network.named(params.copy()), np.zeros((2, small_network.size))
    equations.update(small_network, AdamW(weight_decay=0.5), params, np.zeros_like(params), memory, 0.1, 0)
    for name, array in small_network.named(params).items():
        shrunk = 0.95 if name.startswith("W") else 1
        np.testing.assert_allclose(array, shrunk * before[name], rtol=1e-14, err_msg=name)


@pytest.mark.parametrize(("clip_norm", "factor"), [(5.0, 1.0), (2.5, 0.5), (1e-3, 2e-4), (7.0, 1.0)])
def test_clipping_shortens_long_gradients_to_the_norm(clip_norm, factor):
    network = Network(1, [Linear(1)], SquaredError())
    params, grads = np.zeros(2), np.array([3.0, -4.0])
    equations.update(network, GradientDescent(clip_norm=clip_norm), params, grads, np.zeros((0, 2)), 1.0, 0)
    np.testing.assert_allclose(params, -factor * np.array([3, -4]), rtol=1e-14)
    np.testing.assert_array_equal(grads, [3, -4])


def test_clipping_sees_neither_statistics_nor_a_gradient_of_0(small_network):
    params, grads = np.zeros((2, small_network.size))
    grads[small_network.spans["statistics"]] = 100
    grads[0] = 1
    equations.update(small_network, GradientDescent(clip_norm=1.0), params, grads, np.zeros((0, params.size)), 1.0, 0)
    assert params[0] == -1
    assert (params[small_network.spans["statistics"]] == -100).all()
    params[:] = 0
    equations.update(small_network, GradientDescent(clip_norm=1.0), params, 0 * grads, np.zeros((0, 40)), 1.0, 0)
    assert (params == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", OPTIMISERS)
def test_update_keeps_the_precision(kind, dtype, small_network, params_of):
    optimiser = OPTIMISERS[kind](weight_decay=0.01, clip_norm=1.0)
    params = params_of(small_network, dtype=dtype)
    memory = np.zeros((len(optimiser.remembers), small_network.size), dtype)
    d = optimiser.direction(memory.copy(), np.ones_like(params), 1)
    assert d.dtype == dtype
    equations.update(small_network, optimiser, params, np.ones_like(params), memory, 0.1, 0)
    assert (params.dtype, memory.dtype) == (dtype, dtype)


# ---- train_steps ----


@pytest.fixture
def lesson(small_network, params_of):
    """Everything train_steps needs, for a network with dropout and running statistics."""
    layers = [*small_network.layers[:-2], Dropout(0.3), *small_network.layers[-2:]]
    network = Network(3, layers, SquaredError(), l2=0.1)
    rng = np.random.default_rng(20)
    X, Y, weights = rng.normal(size=(10, 3)), rng.normal(size=(10, 2)), rng.gamma(1, size=10)
    return network, params_of(network), X, Y, weights, rng.permutation(10)


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_train_steps_is_a_loop_over_the_other_verbs(kind, lesson):
    network, params, X, Y, weights, order = lesson
    optimiser = OPTIMISERS[kind](clip_norm=2.0)
    memory = np.zeros((len(optimiser.remembers), network.size))
    by_hand, its_memory, costs, rates = params.copy(), memory.copy(), [], [0.01, 0.02, 0.005]
    batches = [order[0:4], order[4:8], order[8:10]]
    for k, (batch, rate) in enumerate(zip(batches, rates, strict=True)):
        J, grads = equations.gradients(
            network, by_hand, X[batch], Y[batch], weights[batch], seed=7, step=30 + k, examples=99
        )
        equations.update(network, optimiser, by_hand, grads, its_memory, rate, 30 + k)
        costs.append(J)
    arguments = {"seed": 7, "step": 30, "examples": 99}
    found = equations.train_steps(network, optimiser, params, memory, X, Y, weights, order, 4, rates, **arguments)
    np.testing.assert_array_equal(found, costs)
    np.testing.assert_array_equal(params, by_hand)
    np.testing.assert_array_equal(memory, its_memory)


def test_train_steps_against_the_lecture_written_out():
    """Two layers, log loss, three steps of gradient descent with L2, in the words of the lecture."""
    rng = np.random.default_rng(21)
    X, Y = rng.normal(size=(6, 3)), rng.integers(0, 2, (6, 1)).astype(float)
    network = Network(3, [Dense(4, "relu"), Linear(1)], BinaryLogLoss(), l2=0.7)
    params = rng.normal(size=network.size)
    W1, b1, W2, b2 = (network.named(params)[name].copy() for name in ("W1", "b1", "W2", "b2"))
    costs = []
    for k in range(3):
        A0, y, m = X.T[:, 2 * k : 2 * k + 2], Y.T[:, 2 * k : 2 * k + 2], 2
        Z1 = W1 @ A0 + b1
        A1 = np.maximum(Z1, 0)
        A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
        penalty = 0.7 / (2 * 6) * (np.sum(W1**2) + np.sum(W2**2))
        costs.append(-np.mean(y * np.log(A2) + (1 - y) * np.log(1 - A2)) + penalty)
        dZ2 = A2 - y
        dZ1 = (W2.T @ dZ2) * (Z1 > 0)
        W2 = W2 - 0.3 * (dZ2 @ A1.T / m + 0.7 / 6 * W2)
        b2 = b2 - 0.3 * dZ2.sum(axis=1, keepdims=True) / m
        W1 = W1 - 0.3 * (dZ1 @ A0.T / m + 0.7 / 6 * W1)
        b1 = b1 - 0.3 * dZ1.sum(axis=1, keepdims=True) / m
    place = {"seed": 0, "step": 0, "examples": 6}
    none = np.zeros((0, network.size))
    found = equations.train_steps(
        network, GradientDescent(), params, none, X, Y, None, np.arange(6), 2, [0.3] * 3, **place
    )
    np.testing.assert_allclose(found, costs, rtol=1e-12)
    for name, array in {"W1": W1, "b1": b1, "W2": W2, "b2": b2}.items():
        np.testing.assert_allclose(network.named(params)[name], array, rtol=1e-11, err_msg=name)


@pytest.mark.parametrize("optimiser", [Adam(), Momentum()], ids=lambda optimiser: optimiser.kind)
def test_two_calls_go_on_as_one_would(lesson, optimiser):
    network, start, X, Y, weights, order = lesson

    def run(*cuts):
        params, memory, step = start.copy(), np.zeros((len(optimiser.remembers), network.size)), 0
        for n in cuts:
            part = order[step * 2 : (step + n) * 2]
            place = {"seed": 1, "step": step, "examples": 10}
            equations.train_steps(network, optimiser, params, memory, X, Y, weights, part, 2, [0.1] * n, **place)
            step += n
        return params

    np.testing.assert_array_equal(run(5), run(2, 3))


@pytest.mark.parametrize(("where", "bad"), [("X", np.nan), ("X", np.inf), ("Y", 1e200)])
def test_train_steps_stops_before_the_step_that_is_not_finite(lesson, where, bad):
    """Parameters, memory and running statistics are those of the last good step; nothing is printed."""
    network, params, X, Y, weights, order = lesson
    {"X": X, "Y": Y}[where][order[5]] = bad  # in the third batch of two
    optimiser = Adam()
    memory = np.zeros((2, network.size))
    good, good_memory = params.copy(), memory.copy()
    rates, place = [0.01] * 5, {"seed": 0, "step": 0, "examples": 10}
    kept = equations.train_steps(network, optimiser, good, good_memory, X, Y, weights, order, 2, rates[:2], **place)
    costs = equations.train_steps(network, optimiser, params, memory, X, Y, weights, order, 2, rates, **place)
    assert len(kept) == 2
    np.testing.assert_array_equal(costs, kept)
    np.testing.assert_array_equal(params, good)
    np.testing.assert_array_equal(memory, good_memory)


def test_train_steps_stops_where_only_the_gradient_is_not_finite():
    """J = (1e10)^2 / 2, dW = 1e10 * 1e300."""
    network = Network(1, [Linear(1)], SquaredError())
    params, none = np.zeros(2), np.zeros((0, 2))
    X, Y, place = np.array([[1e300]]), np.array([[1e10]]), {"seed": 0, "step": 0, "examples": 1}
    costs = equations.train_steps(network, GradientDescent(), params, none, X, Y, None, np.arange(1), 1, [0.1], **place)
    assert len(costs) == 0
    np.testing.assert_array_equal(params, 0)
