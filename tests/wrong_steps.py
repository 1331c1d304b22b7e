"""Arguments of `train_steps` that are right, and changes that make them wrong: every engine refuses them alike."""

import numpy as np

from lamina.equations.layers import Dense, Dropout, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.steps import Steps

NETWORK = Network(3, [Dropout(0.5), Dense(4), Linear(2)], SquaredError())

WRONG = [
    {"params": np.zeros(NETWORK.size - 1)},
    {"params": np.zeros((NETWORK.size, 1))},
    {"memory": np.zeros((1, NETWORK.size))},
    {"memory": np.zeros((2, NETWORK.size + 1))},
    {"memory": np.zeros(NETWORK.size)},
    {"X": np.zeros((10, 4))},
    {"X": np.zeros(30)},
    {"Y": np.zeros((9, 2))},
    {"Y": np.zeros((11, 2))},
    {"Y": np.zeros((10, 1))},
    {"Y": np.zeros(10)},
    {"weights": np.ones(9)},
    {"weights": np.ones((10, 1))},
    {"order": np.arange(1, 11)},
    {"order": np.array([0, -1] * 5)},
    {"order": np.arange(10) + 0.5},
    {"order": np.arange(10) % 2 == 0},
    {"order": np.arange(8)},
    {"order": np.arange(0)},
    {"batch_size": 0},
    {"batch_size": -3},
    {"batch_size": 1 << 70},
    {"examples": 0},
    {"step": -1},
    {"rates": np.zeros(4)},
    {"decays": np.ones(2)},
    {"decays": np.ones((3, 1))},
    {"dropouts": np.ones(4)},
    {"dropouts": np.array([1, 1, -0.1])},
    {"dropouts": np.array([1, np.nan, 1])},
    {"dropouts": np.array([2.1, 1, 1])},
    {"dropouts": np.array([2.0, 1, 1])},  # nothing would be kept
]


def named(wrong):
    """The name of a case of the table, for pytest."""
    return next(iter(wrong))


def arguments(**changes):
    """Arguments of train_steps that are right, but for the changes."""
    rng = np.random.default_rng(0)
    right = {
        "params": rng.normal(size=NETWORK.size),
        "memory": np.zeros((2, NETWORK.size)),
        "X": rng.normal(size=(10, 3)),
        "Y": rng.normal(size=(10, 2)),
        "weights": np.ones(10),
        "order": np.arange(10),
        "batch_size": 4,
        "rates": np.full(3, 0.01),
        "step": 0,
        "examples": 10,
    }
    return right | changes


def train(engine, network=NETWORK, rule=None, seed=0, **a):
    names = ("params", "memory", "X", "Y", "weights", "order")
    steps = Steps(**{name: value for name, value in a.items() if name not in names}, seed=seed)
    return engine.train_steps(network, rule or Adam(), *(a[name] for name in names), steps)
