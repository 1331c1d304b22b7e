"""L-BFGS: as good as SciPy's, and the same bits when taken up again."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der
from sklearn.linear_model import LogisticRegression

from lamina.engine import choose
from lamina.equations.layers import Dense, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.learning.lbfgs import LBFGS, iteration

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, 1))
DEEP = Network(3, [Dense(5, "tanh"), Linear(1)], SquaredError(), l2=0.1)


def rosenbrock(theta):
    return rosen(theta), rosen_der(theta)


def quadratic(condition, size=50):
    """(1/2) theta'A theta - b'theta with the eigenvalues of A from 1 to the condition."""
    draws = np.random.default_rng(2)
    Q, _ = np.linalg.qr(draws.normal(size=(size, size)))
    A, b = Q * np.geomspace(1, condition, size) @ Q.T, draws.normal(size=size)
    return lambda theta: (0.5 * theta @ A @ theta - b @ theta, A @ theta - b)


def of_network(theta):
    return choose(DEEP, "equations").gradients(DEEP, theta, X, Y)


def logistic(rows, labels, C):
    """The cost of scikit-learn's LogisticRegression: w shrunk, the intercept (the last parameter) free."""

    def J(theta):
        w, z = theta[:-1], rows @ theta[:-1] + theta[-1]
        residuals = 1 / (1 + np.exp(-z)) - labels
        cost = C * np.sum(np.logaddexp(0, z) - labels * z) + 0.5 * w @ w
        return cost, np.append(C * rows.T @ residuals + w, C * residuals.sum())

    return J


def fresh(theta, history=10):
    memory = np.zeros((len(LBFGS(history=history).remembers), len(theta)))
    memory[0] = theta
    return memory


def minimum(J, theta, *, tolerance=1e-5, limit=2000, history=10):
    """Return theta, the cost after every iteration and how often J was asked."""
    asked, costs, memory = [0], [], fresh(theta, history)

    def counted(theta):
        asked[0] += 1
        return J(theta)

    while len(costs) < limit:
        cost = iteration(counted, memory, costs[-1] if costs else None, LBFGS(history=history), tolerance=tolerance)
        if cost is None:
            break
        costs.append(cost)
    return memory[0], costs, asked[0]


PROBLEMS = {
    "rosenbrock 2": (rosenbrock, np.array([-1.2, 1.0])),
    "rosenbrock 100": (rosenbrock, np.tile([-1.2, 1.0], 50)),
    "condition 1e2": (quadratic(1e2), np.zeros(50)),
    "condition 1e5": (quadratic(1e5), np.zeros(50)),
    "network": (of_network, np.random.default_rng(1).normal(0, 0.3, DEEP.size)),
}


def scipys(J, theta, *, history=10, limit=2000):
    options = {"gtol": 1e-5, "ftol": 64 * np.finfo(float).eps, "maxcor": history, "maxiter": limit, "maxfun": 9000}
    return minimize(J, theta, jac=True, method="L-BFGS-B", options=options)


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "network"])
@pytest.mark.parametrize("history", [3, 10])
def test_as_good_as_scipys(name, history):
    """At most a fifth more iterations and evaluations than L-BFGS-B, and five; the same cost, or a lower one."""
    J, theta = PROBLEMS[name]
    theirs = scipys(J, theta, history=history)
    _, costs, asked = minimum(J, theta, history=history)
    assert len(costs) <= 1.2 * theirs.nit + 5
    assert asked <= 1.2 * theirs.nfev + 5
    assert costs[-1] <= theirs.fun + 1e-6 * abs(theirs.fun) + 1e-10
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize("limit", [30, 100])
def test_as_good_as_scipys_for_networks(limit):
    """Where two of them end differs by chance, so from many starts: within 2 % in cost and 10 % in evaluations."""
    starts = [np.random.default_rng(seed).normal(0, 0.3, DEEP.size) for seed in range(20)]
    theirs = [scipys(of_network, theta, limit=limit) for theta in starts]
    ours = [minimum(of_network, theta, limit=limit) for theta in starts]
    assert np.median([costs[-1] for _, costs, _ in ours]) <= 1.02 * np.median([one.fun for one in theirs])
    assert sum(asked for *_, asked in ours) <= 1.1 * sum(one.nfev for one in theirs)


def test_close_to_one_evaluation_per_iteration():
    _, costs, asked = minimum(*PROBLEMS["condition 1e5"])
    assert len(costs) > 100
    assert asked < 1.2 * len(costs)


def solved(J, size):
    b = -J(np.zeros(size))[1]
    return np.linalg.solve(np.stack([J(unit)[1] + b for unit in np.eye(size)]), b)


@pytest.mark.parametrize(
    ("name", "expected"), [("rosenbrock 2", np.ones(2)), ("condition 1e2", solved(quadratic(1e2), 50))]
)
def test_the_optimum_in_closed_form(name, expected):
    found, _, _ = minimum(*PROBLEMS[name], tolerance=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_logistic_regression_of_scikit_learn():
    rows = np.random.default_rng(3).normal(size=(120, 4)) * [1, 1, 5, 0.2]
    labels = (rows @ [1, -2, 0.3, 4] + np.random.default_rng(4).logistic(size=120) > 0.5).astype(float)
    theirs = LogisticRegression(C=2.0, tol=1e-10, max_iter=5000, solver="newton-cholesky").fit(rows, labels)
    theta, _, _ = minimum(logistic(rows, labels, 2.0), np.zeros(5), tolerance=1e-9)
    np.testing.assert_allclose(theta, [*theirs.coef_[0], *theirs.intercept_], rtol=1e-5)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("at", [1, 4, 17])
def test_resumed_from_a_copy_of_the_memory_with_the_same_bits(name, at):
    J, theta = PROBLEMS[name]
    memory, cost = fresh(theta), None
    for _ in range(at):
        cost = iteration(J, memory, cost, LBFGS(), tolerance=0.0)
    copied, cost_then = np.frombuffer(memory.tobytes()).reshape(memory.shape).copy(), float(repr(cost))
    on, resumed = [], []
    for _ in range(12):
        cost = iteration(J, memory, cost, LBFGS(), tolerance=0.0)
        on.append((cost, memory.tobytes()))
    for _ in range(12):
        cost_then = iteration(J, copied, cost_then, LBFGS(), tolerance=0.0)
        resumed.append((cost_then, copied.tobytes()))
    assert resumed == on


def test_part_of_a_wider_memory():
    """A network trains a part of its parameters: columns of the memory are as good as a memory of their own."""
    J, theta = PROBLEMS["network"]
    alone, wide = fresh(theta), np.full((len(LBFGS().remembers), len(theta) + 7), 5.0)
    part = wide[:, 3:-4]
    part[...] = alone
    costs = [None, None]
    for _ in range(8):
        costs = [iteration(J, m, c, LBFGS(), tolerance=0.0) for m, c in zip((alone, part), costs, strict=True)]
    assert costs[0] == costs[1]
    np.testing.assert_array_equal(alone, part)
    assert (wide[:, :3] == 5).all()
    assert (wide[:, -4:] == 5).all()


@pytest.mark.parametrize("interrupted_at", range(1, 7))
def test_an_interrupted_iteration_leaves_the_memory_as_it_was(interrupted_at):
    """Rosenbrock's first line search asks several times: each of them may be the last."""
    asked = [0]

    def J(theta):
        asked[0] += 1
        if asked[0] == interrupted_at:
            raise KeyboardInterrupt
        return rosenbrock(theta)

    memory, cost, before = fresh([-1.2, 1.0]), None, None

    def iterate():
        nonlocal before, cost
        while True:
            before = memory.copy()
            cost = iteration(J, memory, cost, LBFGS(), tolerance=0.0)

    with pytest.raises(KeyboardInterrupt):
        iterate()
    np.testing.assert_array_equal(memory, before)


def test_the_memory_is_that_of_its_names():
    J, theta = PROBLEMS["condition 1e2"]
    memory, cost, moves = fresh(theta, history=2), None, [theta.copy()]
    for _ in range(4):
        cost = iteration(J, memory, cost, LBFGS(history=2), tolerance=0.0)
        moves.append(memory[0].copy())
    named = dict(zip(LBFGS(history=2).remembers, memory, strict=True))
    assert list(named) == ["theta", "gradient", "s1", "s2", "y1", "y2"]
    np.testing.assert_array_equal(named["gradient"], J(named["theta"])[1])
    for newer, older, k in ((-1, -2, 1), (-2, -3, 2)):
        np.testing.assert_array_equal(named[f"s{k}"], moves[newer] - moves[older])
        np.testing.assert_array_equal(named[f"y{k}"], J(moves[newer])[1] - J(moves[older])[1])
    assert cost == J(named["theta"])[0]


def test_a_flat_start_needs_no_step():
    memory = fresh(np.ones(2))
    assert iteration(rosenbrock, memory, None, LBFGS(), tolerance=1e-5) is None
    np.testing.assert_array_equal(memory, fresh(np.ones(2)))


def test_the_tolerance_is_of_the_largest_slope():
    theta, _, _ = minimum(*PROBLEMS["condition 1e2"], tolerance=1e-2)
    assert np.abs(quadratic(1e2)(theta)[1]).max() <= 1e-2
    theta, _, _ = minimum(*PROBLEMS["condition 1e2"], tolerance=1e-4)
    assert np.abs(quadratic(1e2)(theta)[1]).max() <= 1e-4


def test_a_new_start_forgets():
    """Without a cost the pairs are of another time, perhaps of other rows: as from an empty memory."""
    J, theta = PROBLEMS["condition 1e2"]
    used, cost = fresh(np.ones(50)), None
    for _ in range(5):
        cost = iteration(J, used, cost, LBFGS(), tolerance=0.0)
    used[0] = theta
    new = fresh(theta)
    assert iteration(J, used, None, LBFGS(), tolerance=0.0) == iteration(J, new, None, LBFGS(), tolerance=0.0)
    np.testing.assert_array_equal(used, new)


def test_a_cost_that_reuses_its_array():
    """At a kink the search ends at an earlier point than the last one that it tried."""

    def J(theta):
        return float(np.abs(theta - 0.37).sum()), np.sign(theta - 0.37)

    array = np.zeros(1)

    def reusing(theta):
        cost, array[:] = J(theta)
        return cost, array

    memory, expected = fresh(np.zeros(1)), fresh(np.zeros(1))
    assert iteration(reusing, memory, None, LBFGS(), tolerance=0.0) == iteration(
        J, expected, None, LBFGS(), tolerance=0.0
    )
    np.testing.assert_array_equal(memory, expected)


def test_a_step_that_gained_nothing_is_the_last():
    J, theta = PROBLEMS["condition 1e2"]
    asked, memory, cost = [], fresh(theta), None

    def counted(theta):
        asked.append(1)
        return J(theta)

    while True:
        before = len(asked)
        found = iteration(counted, memory, cost, LBFGS(), tolerance=0.0)
        if found is None:
            break
        cost = found
    assert len(asked) == before  # not even one evaluation


@pytest.mark.parametrize("beyond", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("what", ["cost", "gradient"])
def test_what_is_not_finite_shortens_the_step(beyond, what):
    """The lowest point lies just inside a wall behind which nothing is a number."""
    hits = []

    def J(theta):
        cost, gradient = float((theta[0] - 1) ** 2 + theta[1] ** 4), np.array([2 * (theta[0] - 1), 4 * theta[1] ** 3])
        if theta[0] > 1.01:
            hits.append(1)
            cost, gradient = (beyond, gradient) if what == "cost" else (cost, np.array([0, beyond]))
        return cost, gradient

    theta, costs, _ = minimum(J, np.array([0.2, 0.1]), tolerance=1e-8)
    assert hits
    np.testing.assert_allclose(theta, [1, 0], atol=0.01)
    assert np.isfinite(costs).all()


@pytest.mark.parametrize("cost", [np.nan, 1.0])
def test_a_start_that_is_not_finite(cost):
    with pytest.raises(FloatingPointError, match="not finite"):
        iteration(lambda theta: (cost, theta * np.nan), fresh(np.ones(3)), None, LBFGS(), tolerance=0.0)


def test_where_no_step_helps():
    """A gradient that points the wrong way: nothing is found, nothing moves, and it does not go on for ever."""
    memory, asked = fresh(np.ones(3)), []

    def J(theta):
        asked.append(1)
        return float(theta @ theta), -2 * theta

    assert iteration(J, memory, None, LBFGS(), tolerance=0.0) is None
    np.testing.assert_array_equal(memory, fresh(np.ones(3)))
    assert len(asked) < 50


def test_pairs_that_mislead_are_dropped():
    """Where the direction of the pairs goes nowhere, the gradient's is taken, and the pairs start again."""
    J, theta = PROBLEMS["condition 1e2"]
    memory, cost = fresh(theta), None
    for _ in range(5):
        cost = iteration(J, memory, cost, LBFGS(), tolerance=0.0)
    memory[2 + 10] *= -1  # H is no longer positive
    later = iteration(J, memory, cost, LBFGS(), tolerance=0.0)
    assert later is None or later < cost


def test_a_cost_without_a_lowest_point():
    """It falls for ever: iterations stay finite in number of evaluations, and the cost falls in each."""
    memory, cost = fresh(np.zeros(2)), None
    for _ in range(3):
        before = cost
        cost = iteration(lambda theta: (float(theta.sum()), np.ones(2)), memory, cost, LBFGS(), tolerance=0.0)
        assert before is None or cost < before


@pytest.mark.parametrize("scale", [1e200, 1e-100])
def test_huge_and_tiny_costs(scale):
    def J(theta):
        return scale * float(theta @ theta), 2 * scale * theta

    theta, costs, _ = minimum(J, np.ones(3), tolerance=0.0, limit=5)
    assert np.abs(theta).max() < 1
    assert costs == sorted(costs, reverse=True)
