"""The optimisers one number at a time: each rule beside the paper's own formulation, written out in plain Python."""

from math import sqrt

import numpy as np
import pytest

from lamina.equations.layers import Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam, AdamW, GradientDescent, Lion, Momentum, Nesterov, RMSProp
from lamina.equations.verbs import update

GRADS = [0.5, -2.0, 0.0, 3.0, 1e-3, -0.7, 0.2]
RATE = 0.1


def walk(optimiser, gradient, steps=7):
    """The values of one weight under `update`; `gradient(k, p)` is its gradient at step k."""
    network = Network(1, [Linear(1)], SquaredError())
    params, memory = np.array([1.0, 0.0]), np.zeros((len(optimiser.remembers), 2))
    path = []
    for k in range(steps):
        update(network, optimiser, params, np.array([gradient(k, params[0]), 0.0]), memory, RATE, k)
        path.append(params[0])
    return path


def momentum(grads, beta=0.8):
    """The course: v = beta v + (1 - beta) g; W = W - alpha v."""
    p, v = 1.0, 0.0
    for g in grads:
        v = beta * v + (1 - beta) * g
        p = p - RATE * v
        yield p


def heavy_ball(grads, beta=0.9):
    """Polyak 1964: the last move, shortened, goes on: p_next = p - rate g + beta (p - p_prev)."""
    p_prev = p = 1.0
    for g in grads:
        p, p_prev = p - RATE * g + beta * (p - p_prev), p
        yield p


def rmsprop(grads, beta=0.95, epsilon=1e-3):
    p, s = 1.0, 0.0
    for g in grads:
        s = beta * s + (1 - beta) * g**2
        p = p - RATE * g / (sqrt(s) + epsilon)
        yield p


def adam(grads, beta1=0.8, beta2=0.99, epsilon=1e-3, decay=0.0):
    """Kingma and Ba 2015, algorithm 1; with decay, Loshchilov and Hutter 2019, algorithm 2."""
    p, m, v = 1.0, 0.0, 0.0
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p = p - (RATE * m_hat / (sqrt(v_hat) + epsilon) + RATE * decay * p)
        yield p


def lion(grads, beta1=0.85, beta2=0.98, decay=0.1):
    """Chen et al. 2023, program 1."""
    p, m = 1.0, 0.0
    for g in grads:
        c = m * beta1 + g * (1 - beta1)
        p = p - RATE * ((c > 0) - (c < 0)) - RATE * decay * p
        m = m * beta2 + g * (1 - beta2)
        yield p


@pytest.mark.parametrize(
    ("optimiser", "rule"),
    [
        (GradientDescent(), lambda grads: 1.0 - RATE * np.cumsum(grads)),
        (Momentum(beta1=0.8, dampening=0.8), momentum),
        (Momentum(), heavy_ball),
        (RMSProp(beta2=0.95, epsilon=1e-3), rmsprop),
        (Adam(beta1=0.8, beta2=0.99, epsilon=1e-3), adam),
        (
            AdamW(beta1=0.8, beta2=0.99, epsilon=1e-3, weight_decay=0.3),
            lambda grads: adam(grads, decay=0.3),
        ),
        (Lion(beta1=0.85, beta2=0.98, weight_decay=0.1), lion),
    ],
    ids=lambda value: getattr(value, "kind", "rule"),
)
def test_rule_of_the_paper(optimiser, rule):
    np.testing.assert_allclose(walk(optimiser, lambda k, p: GRADS[k]), list(rule(GRADS)), rtol=1e-13)


def test_nesterov_is_the_gradient_seen_from_one_step_ahead():
    """Sutskever et al. 2013: v = beta v - rate J'(p + beta v); p = p + v. Ours follows the point p + beta v."""

    def slope(p):
        return p**3 + 0.5 * p

    ahead, p, v = [], 1.0, 0.0
    for _ in range(20):
        v = 0.9 * v - RATE * slope(p + 0.9 * v)
        p = p + v
        ahead.append(p + 0.9 * v)
    np.testing.assert_allclose(walk(Nesterov(), lambda k, p: slope(p), steps=20), ahead, rtol=1e-12)


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_every_optimiser_goes_downhill(kind):
    """J = p^2 / 2, from 1."""
    path = np.abs(walk(OPTIMISERS[kind](), lambda k, p: p, steps=300))
    assert path[-30:].max() < 0.11  # Lion's steps stay as long as the rate


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_memory_moves_in_place_and_gradients_do_not(kind):
    optimiser = OPTIMISERS[kind]()
    grad = np.array([1.0, -2.0])
    memory = np.zeros((len(optimiser.remembers), 2))
    assert optimiser.direction(memory, grad, 1).shape == (2,)
    assert (memory != 0).all()
    np.testing.assert_array_equal(grad, [1, -2])


@pytest.mark.parametrize("kind", ["momentum", "rmsprop", "adam", "adamw", "lion"])
def test_memories_have_the_names_of_the_lecture(kind):
    """v averages gradients, s their squares: at a gradient that stays they become it and its square."""
    optimiser = OPTIMISERS[kind](**({"dampening": 0.9} if kind == "momentum" else {}))
    memory = np.zeros((len(optimiser.remembers), 1))
    for t in range(1, 20_000):
        optimiser.direction(memory, np.array([3.0]), t)
    found = dict(zip(optimiser.remembers, memory[:, 0], strict=True))
    expected = {"adam": "vs", "adamw": "vs", "rmsprop": "s"}.get(kind, "v")
    assert found == pytest.approx({name: {"v": 3, "s": 9}[name] for name in expected})


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_gradient_of_0_moves_nothing(kind):
    """No 0 / 0; and what decays are the weights, not the direction."""
    optimiser = OPTIMISERS[kind](weight_decay=0.0)
    assert walk(optimiser, lambda k, p: 0.0, steps=3) == [1, 1, 1]


@pytest.mark.parametrize("kind", ["adam", "adamw", "lion"])
def test_first_step_is_as_long_as_the_rate_whatever_the_gradient(kind):
    for g in (1e-3, 7.0, 1e6):
        path = walk(OPTIMISERS[kind](weight_decay=0.0), lambda k, p, g=g: g, steps=1)
        assert path[0] == pytest.approx(1 - RATE, rel=1e-5)
