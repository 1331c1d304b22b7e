"""No memory is lost: the process is as large after 10,000 fits as before."""

import gc
import resource
from pathlib import Path

import numpy as np
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.engine import KERNELS
from lamina.equations.layers import BatchNorm, Dense, Dropout, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.steps import Steps

pytest.importorskip("lamina._kernels")

X = np.random.default_rng(0).normal(size=(10, 3))
ORDER, STEPS = np.arange(10), Steps(4, np.full(3, 0.01))


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def fit_in_the_kernels() -> None:
    """Make a network, its plan, a fit and a prediction."""
    network = Network(3, [Dense(4), BatchNorm(), Dropout(0.1), Linear(2)], SquaredError())
    params, memory = np.full(network.size, 0.1), np.zeros((2, network.size))
    KERNELS.train_steps(network, Adam(), params, memory, X, X[:, :2], None, ORDER, STEPS)
    KERNELS.predict(network, params, X)


def fit_estimators() -> None:
    """Fit and predict with one estimator of each kind."""
    for kind in (DeepClassifier, DeepRegressor):
        estimator = kind(hidden_layer_sizes=(4,), max_iter=2, early_stopping=False, random_state=0, engine="kernels")
        estimator.fit(X, X[:, 0] > 0 if kind is DeepClassifier else X[:, 0]).predict(X)


# What is left of a fit in the mean: well under its smallest array, and room for the allocator's moods.
LIMIT, ROUNDS = 2 << 20, 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fit", "n"), [(fit_in_the_kernels, 10_000), (fit_estimators, 150)], ids=["kernels", "estimators"]
)
def test_no_memory_is_lost(fit, n):
    for _ in range(n // 5):
        fit()
    grown: list[int] = []
    while len(grown) < ROUNDS and not (grown and grown[-1] < LIMIT):  # what is lost is lost in every round
        before = resident()
        for _ in range(n):
            fit()
        grown.append(resident() - before)
    assert grown[-1] < LIMIT, f"{grown} bytes more after {n} fits each"
