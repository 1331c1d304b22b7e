"""The temperature against SciPy's minimum of scikit-learn's log loss, over the rows and a quarter of one more."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from sklearn.metrics import log_loss

from lamina import native
from lamina.data.examples import InMemory
from lamina.engine import EQUATIONS, KERNELS
from lamina.equations.layers import Dense, Linear
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.learning import calibration
from lamina.learning.calibration import divided, lowest_point, temperature
from lamina.learning.evaluation import cost_of

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 3))
WEIGHTS = rng.gamma(2.0, 0.5, 300)
BINARY = Network(3, [Dense(5, "tanh"), Linear(1)], BinaryLogLoss())
MULTI = Network(3, [Dense(5, "tanh"), Linear(3)], CategoricalLogLoss(label_smoothing=0.2))
MEMBERS = Network(3, [MemberScale(4), Dense(5, "tanh"), Linear(4), MemberChoice(4)], BinaryLogLoss(), members=4)
MANY = Network(
    3,
    [MemberScale(2), Dense(5, "tanh"), Linear(6), MemberChoice(2)],
    CategoricalLogLoss(label_smoothing=0.1),
    members=2,
)
with_kernels = pytest.mark.skipif(not native.present() or bool(native.REASON), reason="the kernels do not run here")


def params_of(network, loud):
    params = np.random.default_rng(1).normal(size=network.size)
    return divided(network, params, 1 / loud)


def two(p):
    return np.stack([1 - p, p], axis=1)


def careful(y, P, weights=None):
    """The log loss of the rows, with 1/1201 of it that of all classes alike."""
    share = 0.25 / (len(P) + 0.25)
    every = np.average(-np.log(P).mean(axis=1), weights=weights)
    return (1 - share) * log_loss(y, P, sample_weight=weights) + share * every


def lowest(cost):
    return minimize_scalar(cost, bounds=(0.05, 20), method="bounded").x


def labels(p, seed=2):
    return (np.random.default_rng(seed).random(len(p)) < p).astype(float)


@pytest.mark.parametrize("loud", [0.2, 1.0, 6.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_binary(loud, weights):
    params = params_of(BINARY, loud)
    logits = np.log(1 / (1 / EQUATIONS.predict(BINARY, params_of(BINARY, 1.0), X)[:, 0] - 1))
    Y = labels(expit(logits))[:, None]
    T = temperature(BINARY, EQUATIONS, params, InMemory(X, Y, weights))
    best = lowest(lambda t: careful(Y[:, 0], two(expit(loud * logits / t)), weights))
    assert pytest.approx(best, rel=2e-3) == T
    A = EQUATIONS.predict(BINARY, divided(BINARY, params, T), X)[:, 0]
    np.testing.assert_allclose(A, expit(loud * logits / T), rtol=1e-9)


def test_several_classes_without_the_smoothing_of_their_labels():
    params = params_of(MULTI, 5.0)
    logits = np.log(EQUATIONS.predict(MULTI, params, X))
    drawn = (softmax(logits / 5, axis=1).cumsum(axis=1) > rng.random((300, 1))).argmax(axis=1)
    T = temperature(MULTI, EQUATIONS, params, InMemory(X, np.eye(3)[drawn]))
    best = lowest(lambda t: careful(drawn, softmax(logits / t, axis=1)))
    assert pytest.approx(best, rel=2e-3) == T
    assert 3 < T < 8


def test_members_are_divided_before_their_mean_is_taken():
    params = params_of(MEMBERS, 6.0)
    Y = labels(EQUATIONS.predict(MEMBERS, params_of(MEMBERS, 1.0), X)[:, 0])
    T = temperature(MEMBERS, EQUATIONS, params, InMemory(X, Y[:, None]))

    def cost(t):
        return careful(Y, two(EQUATIONS.predict(MEMBERS, divided(MEMBERS, params, t), X)[:, 0]))

    assert cost(T) == pytest.approx(min(cost(t) for t in np.geomspace(0.05, 20, 400)), rel=1e-4)
    assert cost(T) < cost(1.0)


@pytest.mark.parametrize("engine", [EQUATIONS, pytest.param(KERNELS, marks=with_kernels)], ids=["equations", "kernels"])
@pytest.mark.parametrize("network", [BINARY, MULTI, MEMBERS, MANY], ids=["binary", "multi", "members", "many"])
def test_one_pass_gives_the_logits_of_every_member(network, engine):
    """Divided by T, they cost what the network costs whose last layer is divided; and the rows go through it once."""
    params, seen = params_of(network, 2.0), []
    A = EQUATIONS.predict(network, params_of(network, 1.0), X)
    drawn = (A.cumsum(axis=1) > np.random.default_rng(3).random((300, 1))).argmax(axis=1)
    Y = np.eye(3)[drawn] if network.n_outputs > 1 else labels(A[:, 0])[:, None]
    rows = InMemory(X, Y, WEIGHTS)

    def predict(net, p, A):
        seen.append(len(A) if net.n_inputs == 3 else 0)
        return engine.predict(net, p, A)

    cost = lambda net, p, *rows: seen.append(0) or engine.cost(net, p, *rows)  # noqa: E731
    T = temperature(network, engine._replace(predict=predict, cost=cost), params, rows)
    assert sum(seen) == 300 * network.members
    careful = replace(network, loss=replace(network.loss, label_smoothing=0.25 / 300.25))
    costs = {t: cost_of(careful, engine, divided(network, params, t), rows)[0] for t in (T, 0.97 * T, 1.03 * T, 1.0)}
    assert min(costs, key=costs.get) == T


def test_of_very_many_rows_some_are_enough(monkeypatch):
    monkeypatch.setattr(calibration, "MOST_NUMBERS", 10)
    monkeypatch.setattr(calibration, "FEWEST_ROWS", 200)
    params, Y = params_of(BINARY, 3.0), labels(rng.random(300))[:, None]
    all_rows, some = (InMemory(X[:n], Y[:n], WEIGHTS[:n]) for n in (300, 200))
    found, expected = (calibration.logits_of(BINARY, EQUATIONS, params, rows) for rows in (all_rows, some))
    for one, two in zip(next(iter(found.blocks())), next(iter(expected.blocks())), strict=True):
        np.testing.assert_array_equal(one, two)


def test_what_is_right_stays_and_the_given_parameters_are_left_alone():
    params = params_of(BINARY, 1.0)
    before = params.copy()
    A = EQUATIONS.predict(BINARY, params, X)
    assert temperature(BINARY, EQUATIONS, params, InMemory(X, A)) == pytest.approx(1, rel=0.03)
    np.testing.assert_array_equal(params, before)


@pytest.mark.parametrize("at", [-1.0, 0.3, 0.999, 2.0])
def test_the_lowest_point_of_a_valley(at):
    assert lowest_point(lambda x: abs(x - at) ** 1.5, -1, 2) == pytest.approx(at, abs=1e-4)


def test_rows_that_are_all_right_do_not_make_it_sure():
    params = params_of(BINARY, 1.0)
    Y = (EQUATIONS.predict(BINARY, params, X) > 0.5).astype(float)
    T = [temperature(BINARY, EQUATIONS, params, InMemory(X[:n], Y[:n])) for n in (20, 300)]
    assert 0.05 < T[1] < T[0] < 1
