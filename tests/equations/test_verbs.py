"""The verbs as the equations define them: cost and penalty, predict, gradients, update, train_steps."""

import itertools

import numpy as np
import pytest

from lamina.equations import verbs
from lamina.equations.layers import BatchNorm, Dense, Dropout, LayerNorm, Linear, MemberChoice, MemberScale, Residual
from lamina.equations.losses import BinaryLogLoss, Poisson, SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam, AdamW, GradientDescent, Momentum
from lamina.equations.random import Key
from lamina.equations.slots import Group
from lamina.equations.steps import Steps
from lamina.equations.walk import walk

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
    assert verbs.penalty(linear_network, params, 50) == pytest.approx(0.3 / 100 * squares + 0.02 / 50 * sizes)


@pytest.mark.parametrize("m", [9, 70])
def test_gradient_is_the_slope_of_the_whole_cost(small_network, params_of, rows, m):
    """Differences of the cost with both penalties and weights, of a batch and of a piece of a larger one."""
    X, Y = rows
    weights = np.random.default_rng(11).gamma(1, size=len(X))
    params = params_of(small_network)

    def J(params):
        cost = verbs.gradients(small_network, params, X, Y, weights, m=m)[0]
        return cost + verbs.penalty(small_network, params, 50)

    _, grads = verbs.gradients(small_network, params, X, Y, weights, m=m)
    grads[small_network.spans["weights"]] += verbs.d_penalty(small_network, params, 50)
    for i in range(small_network.trained.stop):
        e = np.zeros_like(params)
        e[i] = 1e-5
        assert grads[i] == pytest.approx((J(params + e) - J(params - e)) / 2e-5, rel=1e-6, abs=1e-8)


def test_cost_and_gradient_have_no_penalty(linear_network, params_of):
    rng = np.random.default_rng(12)
    X, Y, params = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), params_of(linear_network)
    expected = 0.5 * np.mean((verbs.predict(linear_network, params, X) - Y) ** 2)
    assert verbs.cost(linear_network, params, X, Y) == pytest.approx(expected)
    assert verbs.gradients(linear_network, params, X, Y)[0] == pytest.approx(expected)


def test_a_row_of_weight_2_is_two_rows_and_of_weight_0_none(linear_network, params_of):
    rng = np.random.default_rng(13)
    X, Y, params = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), params_of(linear_network)
    times = np.array([2, 0, 3, 1])
    repeated = np.repeat(np.arange(4), times)
    weights = times / times.mean()
    expected = verbs.gradients(linear_network, params, X[repeated], Y[repeated])
    found = verbs.gradients(linear_network, params, X, Y, weights)
    assert found[0] == pytest.approx(expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-15)
    cost = verbs.cost(linear_network, params, X, Y, weights)
    assert cost == pytest.approx(verbs.cost(linear_network, params, X[repeated], Y[repeated]))


PIECES = {
    "dropout": Network(
        3, [Dropout(0.2), Dense(11, "tanh"), Residual([Dropout(0.4), Dense(11)]), Linear(2)], SquaredError()
    ),
    "members": Network(
        3,
        [MemberScale(3), Dropout(0.3), Dense(9, "tanh"), Dropout(0.5), Linear(6), MemberChoice(3)],
        SquaredError(),
        l2=5.0,
        members=3,
    ),
}


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("cuts", [(4, 8), (1, 2, 11), (7,)])
def test_pieces_of_a_batch_add_up(name, cuts, params_of):
    """Cost and gradient are sums over pieces: with draws of dropout, weights, members, whatever the penalty."""
    network = PIECES[name]
    rng = np.random.default_rng(14)
    X, Y, weights, params = (
        rng.normal(size=(12, 3)),
        rng.normal(size=(12, 2)),
        rng.gamma(1, size=12),
        params_of(network),
    )
    place = {"seed": 5, "step": 9, "m": 12, "dropout": 0.7}
    J, grads = verbs.gradients(network, params, X, Y, weights, **place)
    pieces = [
        verbs.gradients(network, params, X[i:j], Y[i:j], weights[i:j], first=i, **place)
        for i, j in itertools.pairwise((0, *cuts, 12))
    ]
    assert sum(piece[0] for piece in pieces) == pytest.approx(J, rel=1e-13)
    np.testing.assert_allclose(sum(piece[1] for piece in pieces), grads, rtol=1e-11, atol=1e-15)


def test_statistics_of_pieces_add_up(params_of):
    """Each piece moves them by its share of its own step."""
    network = Network(3, [BatchNorm(0.3), Linear(2)], SquaredError())
    X, params = np.random.default_rng(14).normal(size=(12, 3)), params_of(network)
    Y, span = np.zeros((12, 2)), network.spans["statistics"]
    whole = [verbs.gradients(network, params, X[i:j], Y[i:j])[1][span] for i, j in ((0, 4), (4, 12))]
    pieces = [verbs.gradients(network, params, X[i:j], Y[i:j], first=i, m=12)[1][span] for i, j in ((0, 4), (4, 12))]
    np.testing.assert_allclose(sum(pieces), whole[0] / 3 + whole[1] * 2 / 3, rtol=1e-13)
    np.testing.assert_allclose(sum(pieces)[:3], 0.3 * (params[span][:3] - X.mean(axis=0)), rtol=1e-12)  # the means


# ---- predict ----


def test_predict_gives_rows_through_the_loss(params_of):
    network = Network(3, [Dense(4, "tanh"), Linear(2)], BinaryLogLoss())
    X, params = np.random.default_rng(15).normal(size=(5, 3)), params_of(network)
    p = network.named(params)
    Z = p["W2"] @ np.tanh(p["W1"] @ X.T + p["b1"]) + p["b2"]
    np.testing.assert_allclose(verbs.predict(network, params, X), (1 / (1 + np.exp(-Z))).T, rtol=1e-12)


def test_predict_is_forward_without_dropout(params_of):
    chain = [Dense(4, "silu"), Residual([Dense(4, "tanh")]), LayerNorm()]
    plain = Network(3, [*chain, Linear(2)], SquaredError())
    dropping = Network(3, [*chain, Dropout(0.5), Linear(2)], SquaredError())
    X, params = np.random.default_rng(16).normal(size=(5, 3)), params_of(plain)
    Z = walk(plain, params, X.T, key=Key(0, 0)).Z
    np.testing.assert_allclose(verbs.predict(plain, params, X), Z.T, rtol=1e-13)
    np.testing.assert_array_equal(verbs.predict(dropping, params, X), verbs.predict(plain, params, X))
    assert not np.allclose(walk(dropping, params, X.T, key=Key(0, 0)).Z, Z)


def test_predict_keeps_the_precision_and_stays_finite(params_of):
    network = Network(1, [Linear(1)], Poisson())
    params = np.array([1, 0], np.float32)
    found = verbs.predict(network, params, np.array([[0], [100], [1e4]], np.float32))  # e^100 > 3.4e38
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert found[0] == 1


def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it(params_of):
    network = Network(30, [Dense(40), Dense(3, "identity")], SquaredError())
    X = np.random.default_rng(17).normal(size=(64, 30)).astype(np.float32)
    params = params_of(network, dtype=np.float32)
    alone = np.concatenate([verbs.predict(network, params, X[[i]]) for i in range(64)])
    np.testing.assert_array_equal(verbs.predict(network, params, X), alone)


# ---- gradients ----


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_keep_the_precision_and_their_arguments(small_network, params_of, rows, dtype):
    X, Y = (array.astype(dtype) for array in rows)
    params, weights = params_of(small_network, dtype=dtype), np.ones(len(X), dtype)
    before = [array.copy() for array in (X, Y, params, weights)]
    J, grads = verbs.gradients(small_network, params, X, Y, weights)
    assert isinstance(J, float)
    assert grads.dtype == dtype
    for array, old in zip((X, Y, params, weights), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_dropout_follows_seed_and_step(params_of):
    network = Network(3, [Dense(20), Dropout(0.5), Linear(1)], SquaredError())
    rng = np.random.default_rng(18)
    X, Y, params = rng.normal(size=(5, 3)), rng.normal(size=(5, 1)), params_of(network)

    def grads(**place):
        return verbs.gradients(network, params, X, Y, **place)[1]

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
    verbs.update(network, GradientDescent(weight_decay=0.1), params, grads, np.zeros((0, network.size)), 0.01, 0)
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
    verbs.update(small_network, AdamW(weight_decay=0.5), params, np.zeros_like(params), memory, 0.1, 0)
    for name, array in small_network.named(params).items():
        shrunk = 0.95 if name.startswith("W") else 1
        np.testing.assert_allclose(array, shrunk * before[name], rtol=1e-14, err_msg=name)


@pytest.mark.parametrize(("clip_norm", "factor"), [(5.0, 1.0), (2.5, 0.5), (1e-3, 2e-4), (7.0, 1.0)])
def test_clipping_shortens_long_gradients_to_the_norm(clip_norm, factor):
    network = Network(1, [Linear(1)], SquaredError())
    params, grads = np.zeros(2), np.array([3.0, -4.0])
    verbs.update(network, GradientDescent(clip_norm=clip_norm), params, grads, np.zeros((0, 2)), 1.0, 0)
    np.testing.assert_allclose(params, -factor * np.array([3, -4]), rtol=1e-14)
    np.testing.assert_array_equal(grads, [3, -4])


def test_clipping_sees_neither_statistics_nor_a_gradient_of_0(small_network):
    params, grads = np.zeros((2, small_network.size))
    grads[small_network.spans["statistics"]] = 100
    grads[0] = 1
    verbs.update(small_network, GradientDescent(clip_norm=1.0), params, grads, np.zeros((0, params.size)), 1.0, 0)
    assert params[0] == -1
    assert (params[small_network.spans["statistics"]] == -100).all()
    params[:] = 0
    verbs.update(small_network, GradientDescent(clip_norm=1.0), params, 0 * grads, np.zeros((0, 40)), 1.0, 0)
    assert (params == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", OPTIMISERS)
def test_update_keeps_the_precision(kind, dtype, small_network, params_of):
    optimiser = OPTIMISERS[kind](weight_decay=0.01, clip_norm=1.0)
    params = params_of(small_network, dtype=dtype)
    memory = np.zeros((len(optimiser.remembers), small_network.size), dtype)
    d = optimiser.direction(memory.copy(), np.ones_like(params), 1)
    assert d.dtype == dtype
    verbs.update(small_network, optimiser, params, np.ones_like(params), memory, 0.1, 0)
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
        J, grads = verbs.gradients(network, by_hand, X[batch], Y[batch], weights[batch], seed=7, step=30 + k)
        grads[network.spans["weights"]] += verbs.d_penalty(network, by_hand, 99)
        J += verbs.penalty(network, by_hand, 99)
        verbs.update(network, optimiser, by_hand, grads, its_memory, rate, 30 + k)
        costs.append(J)
    steps = Steps(4, rates, seed=7, step=30, examples=99)
    found = verbs.train_steps(network, optimiser, params, memory, X, Y, weights, order, steps)
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
    none, steps = np.zeros((0, network.size)), Steps(2, [0.3] * 3)  # the order has all the examples
    found = verbs.train_steps(network, GradientDescent(), params, none, X, Y, None, np.arange(6), steps)
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
            steps = Steps(2, [0.1] * n, seed=1, step=step, examples=10)
            verbs.train_steps(network, optimiser, params, memory, X, Y, weights, part, steps)
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
    two, five = (Steps(2, [0.01] * n, examples=10) for n in (2, 5))
    kept = verbs.train_steps(network, optimiser, good, good_memory, X, Y, weights, order, two)
    costs = verbs.train_steps(network, optimiser, params, memory, X, Y, weights, order, five)
    assert len(kept) == 2
    np.testing.assert_array_equal(costs, kept)
    np.testing.assert_array_equal(params, good)
    np.testing.assert_array_equal(memory, good_memory)


def test_train_steps_stops_where_only_the_gradient_is_not_finite():
    """J = (1e10)^2 / 2, dW = 1e10 * 1e300."""
    network = Network(1, [Linear(1)], SquaredError())
    params, none = np.zeros(2), np.zeros((0, 2))
    X, Y, steps = np.array([[1e300]]), np.array([[1e10]]), Steps(1, [0.1])
    costs = verbs.train_steps(network, GradientDescent(), params, none, X, Y, None, np.arange(1), steps)
    assert len(costs) == 0
    np.testing.assert_array_equal(params, 0)
