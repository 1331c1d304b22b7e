"""L-BFGS: the optimum of convex costs, one iteration per turn of a generator, and a thread that always ends."""

import threading

import numpy as np
import pytest
from scipy.optimize import minimize

from lamina.engine import choose
from lamina.equations.layers import BatchNorm, Dense, Dropout, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.verbs import d_penalty, penalty
from lamina.learning.lbfgs import LBFGS, iterations

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
DEEP = Network(3, [Dense(5, "tanh"), Linear(1)], SquaredError(), l2=0.1)


def run(network, params, rows=X, targets=Y, weights=None, engine=None, **more):
    settings = {"limit": 200, "tolerance": 0.0, "seed": 0} | more
    return iterations(
        network, engine or choose(network, "equations"), LBFGS(), params, rows, targets, weights, **settings
    )


def start(network, dtype=np.float64):
    params = np.random.default_rng(1).normal(0, 0.3, network.size).astype(dtype)
    params[network.spans["statistics"]] = 1
    return params


def threads():
    return [one for one in threading.enumerate() if one.name == "lamina-lbfgs"]


def test_least_squares_with_weights_and_penalty_in_closed_form():
    """b is free, W is shrunk: (X'DX + l2 I) W = X'D(y - mean), all centred with the weights D."""
    weights = rng.gamma(2, 0.5, 50)
    weights *= 50 / weights.sum()
    network = Network(3, [Linear(1)], SquaredError(), l2=3.0)
    params = start(network)
    costs = list(run(network, params, weights=weights))
    D = np.diag(weights)
    Xc, yc = X - weights @ X / 50, Y - weights @ Y / 50
    W = np.linalg.solve(Xc.T @ D @ Xc + 3 * np.eye(3), Xc.T @ D @ yc)[:, 0]
    np.testing.assert_allclose(network.named(params)["W1"][0], W, rtol=1e-7)
    np.testing.assert_allclose(network.named(params)["b1"][0], (weights @ (Y - X @ W[:, None])) / 50, rtol=1e-7)
    assert costs == sorted(costs, reverse=True)


def objective(engine, params):
    """Cost and gradient over all the rows, with the penalty."""
    J, grads = engine.gradients(DEEP, params, X, Y)
    grads[DEEP.spans["weights"]] += d_penalty(DEEP, params, len(X))
    return J + penalty(DEEP, params, len(X)), grads


def test_the_same_iterations_as_scipys_own():
    """The thread between the two changes nothing: the same costs, bit for bit."""
    engine, first = choose(DEEP, "equations"), start(DEEP)
    expected = []
    minimize(
        lambda p: objective(engine, p),
        first,
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: expected.append(intermediate_result.fun),
        options={"maxiter": 9, "maxcor": 10},
    )
    assert list(run(DEEP, first.copy(), limit=9)) == expected


def test_the_cost_that_is_given_is_that_of_the_parameters():
    params = start(DEEP)
    for number, cost in enumerate(run(DEEP, params)):
        assert cost == objective(choose(DEEP, "equations"), params)[0]
        if number == 5:
            break


def test_single_precision_outside_double_inside():
    params = start(DEEP, np.float32)
    costs = list(run(DEEP, params, X.astype(np.float32), Y.astype(np.float32), limit=300))
    wide = start(DEEP, np.float32).astype(np.float64)
    list(run(DEEP, wide, X.astype(np.float32), Y.astype(np.float32), limit=300))
    assert params.dtype == np.float32
    np.testing.assert_array_equal(params, wide.astype(np.float32))
    assert costs[-1] < costs[0]


def test_leaving_early_ends_the_thread():
    passes = run(DEEP, start(DEEP))
    next(passes)
    assert len(threads()) == 1
    passes.close()
    assert threads() == []
    passes = run(DEEP, start(DEEP))
    next(passes)
    del passes  # what `break` in a loop comes to
    assert threads() == []


def test_it_waits_between_two_turns():
    """Nothing moves, and nothing is computed, while the caller looks."""
    engine, calls = choose(DEEP, "equations"), []

    def counting(*arguments, **more):
        calls.append(1)
        return engine.gradients(*arguments, **more)

    params = start(DEEP)
    passes = run(DEEP, params, engine=engine._replace(gradients=counting))
    next(passes)
    before, done = params.copy(), len(calls)
    threads()[0].join(0.05)
    assert len(calls) == done
    np.testing.assert_array_equal(params, before)
    passes.close()


def test_limit():
    assert len(list(run(DEEP, start(DEEP), limit=4))) == 4


def test_an_error_on_the_way_reaches_the_caller():
    def broken(*_, **__):
        raise ZeroDivisionError("in the engine")

    with pytest.raises(ZeroDivisionError, match="in the engine"):
        next(run(DEEP, start(DEEP), engine=choose(DEEP, "equations")._replace(gradients=broken)))
    assert threads() == []


def test_dropout_keeps_one_draw_so_that_the_cost_falls():
    network = Network(3, [Dense(16, "tanh"), Dropout(0.5), Linear(1)], SquaredError())
    costs = list(run(network, start(network), limit=30))
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.5 * costs[0]


def test_running_statistics_follow():
    """They move once per iteration, by the momentum, towards those of all the rows."""
    network = Network(3, [Linear(4), BatchNorm(momentum=0.25), Linear(1)], SquaredError())
    params = start(network)
    mean = network.named(params)["mean1"]
    passes = run(network, params)
    for _ in range(3):
        before = mean.copy()
        next(passes)
        now = (network.named(params)["W1"] @ X.T).mean(axis=1, keepdims=True) + network.named(params)["b1"]
        np.testing.assert_allclose(mean, before + 0.25 * (now - before), rtol=1e-12)
    passes.close()
