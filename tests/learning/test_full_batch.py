"""A pass of L-BFGS over all the rows: the objective that it takes down, and what follows once per iteration."""

import numpy as np

from lamina.data.examples import InMemory
from lamina.engine import choose
from lamina.equations.layers import BatchNorm, Dense, Dropout, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.verbs import penalty
from lamina.learning.lbfgs import LBFGS
from lamina.learning.recipe import Recipe
from lamina.learning.schedules import Constant
from lamina.learning.state import State
from lamina.learning.training import train
from small_runs import run_of

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
DEEP = Network(3, [Dense(5, "tanh"), Linear(1)], SquaredError(), l2=0.1)


def begin(network, dtype=np.float64, weights=None, epochs=200, **more):
    """Return a run and its state, at random parameters."""
    params = np.random.default_rng(1).normal(0, 0.3, network.size).astype(dtype)
    params[network.spans["statistics"]] = 1
    how = Recipe(LBFGS(), Constant(), 1.0, len(X), epochs, 0, tolerance=0.0)
    rows = InMemory(X.astype(dtype), Y.astype(dtype), weights)
    return run_of(network, how, rows, **more), State.start(how.optimiser, params)


def costs(run, state):
    return [progress.record.cost for progress in train(run, state)]


def test_least_squares_with_weights_and_penalty_in_closed_form():
    """b is free, W is shrunk: (X'DX + l2 I) W = X'D(y - mean), all centred with the weights D."""
    weights = rng.gamma(2, 0.5, 50)
    weights *= 50 / weights.sum()
    network = Network(3, [Linear(1)], SquaredError(), l2=3.0)
    run, state = begin(network, weights=weights)
    falling = costs(run, state)
    D = np.diag(weights)
    Xc, yc = X - weights @ X / 50, Y - weights @ Y / 50
    W = np.linalg.solve(Xc.T @ D @ Xc + 3 * np.eye(3), Xc.T @ D @ yc)[:, 0]
    np.testing.assert_allclose(network.named(state.params)["W1"][0], W, rtol=1e-7)
    np.testing.assert_allclose(network.named(state.params)["b1"][0], (weights @ (Y - X @ W[:, None])) / 50, rtol=1e-7)
    assert falling == sorted(falling, reverse=True)
    assert state.final
    assert state.stopped == f"the optimiser found no further improvement after {state.epoch} epochs"


def test_the_cost_is_that_of_the_parameters():
    """Unlike a pass of minibatches, whose cost is a mean over the parameters that it went through."""
    run, state = begin(DEEP, epochs=6)
    engine = choose(DEEP, "equations")
    for progress in train(run, state):
        expected = engine.cost(DEEP, state.params, X, Y) + penalty(DEEP, state.params, len(X))
        np.testing.assert_allclose(progress.record.cost, expected, rtol=1e-12)


def test_single_precision_outside_double_inside():
    (narrow, state), (wide, exact) = begin(DEEP, np.float32, epochs=40), begin(DEEP, np.float32, epochs=40)
    exact.params = exact.params.astype(np.float64)
    assert costs(narrow, state) == costs(wide, exact)
    assert state.params.dtype == np.float32
    np.testing.assert_array_equal(state.params, exact.params.astype(np.float32))


def test_dropout_keeps_one_draw_so_that_the_cost_falls():
    network = Network(3, [Dense(16, "tanh"), Dropout(0.5), Linear(1)], SquaredError())
    falling = costs(*begin(network, epochs=30))
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < 0.5 * falling[0]


def test_running_statistics_follow():
    """They move once per iteration, by the momentum, towards those of all the rows."""
    network = Network(3, [Linear(4), BatchNorm(momentum=0.25), Linear(1)], SquaredError())
    run, state = begin(network, epochs=3)
    before = network.named(state.params)["mean1"].copy()
    for _ in train(run, state):
        named = network.named(state.params)
        now = (named["W1"] @ X.T).mean(axis=1, keepdims=True) + named["b1"]
        np.testing.assert_allclose(named["mean1"], before + 0.25 * (now - before), rtol=1e-12)
        before = named["mean1"].copy()
