"""Embedding, Periodic and ParametricActivation in the kernels against the equations, on columns as they come in tables.

Like test_engines_agree.py, with rows whose columns hold numbers of categories, and with sizes on both sides of a panel.
"""

from dataclasses import replace

import numpy as np
import pytest

from lamina import native
from lamina.engine import EQUATIONS, KERNELS
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    LayerNorm,
    Linear,
    ParametricActivation,
    Residual,
    Scale,
)
from lamina.equations.losses import CategoricalLogLoss, SquaredError
from lamina.equations.network import Group, Network
from lamina.equations.optimisers import Adam, AdamW
from lamina.equations.steps import Steps

pytestmark = pytest.mark.skipif(not native.present(), reason="the kernels are not built")

NUMBERS = (1, 3, 15, 16, 17, 33)
SIZES = (1, 3, 8, 17, 40)
LOOSE = {np.float32: 3e-5, np.float64: 1e-11}  # of the largest number
TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])


def rows(n, m, levels, dtype, seed=0):
    """Rows of n columns, of which `levels` (column -> how many) hold numbers of categories."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, n))
    for column, count in levels.items():
        X[:, column] = rng.integers(count, size=m)
    return X.astype(dtype)


def largest(a):
    return float(np.max(np.abs(a)))


def close(found, expected, dtype, loose, scale=0.0):
    assert found.dtype == dtype
    assert found.shape == expected.shape
    assert largest(found - expected) <= loose * LOOSE[dtype] * max(scale, largest(expected))


def same(network, X, dtype, loose=10.0):
    """Hold cost, gradient and prediction of the engines against each other; return the gradient."""
    rng = np.random.default_rng(1)
    params = (rng.normal(size=network.size) * 0.5).astype(dtype)
    params[network.spans["statistics"]] = 1
    Y = rng.normal(size=(len(X), network.n_outputs)).astype(dtype)
    w = rng.exponential(size=len(X)).astype(dtype)
    J, grads = KERNELS.gradients(network, params, X, Y, w, seed=3, step=1)
    wide = [a.astype(np.float64) for a in (params, X, Y, w)]
    J_, grads_ = EQUATIONS.gradients(network, *wide, seed=3, step=1)
    assert pytest.approx(J_, rel=loose * LOOSE[dtype]) == J
    for slot in network.slots:  # array by array: a small one must not hide behind a large one
        place = slice(slot.offset, slot.offset + slot.size)
        close(grads[place], grads_[place], dtype, loose, 1e-3 * largest(grads_))
    close(KERNELS.predict(network, params, X), EQUATIONS.predict(network, *wide[:2]), dtype, loose)
    watched = EQUATIONS.cost(network, *wide)
    assert KERNELS.cost(network, params, X, Y, w) == pytest.approx(watched, rel=loose * LOOSE[dtype])
    return grads


@TYPES
@pytest.mark.parametrize("size", SIZES)
def test_embeddings_as_the_first_layer(size, dtype):
    for n in NUMBERS:
        columns = tuple(sorted({0, n // 2, n - 1}))
        levels = (4, 1, 300)[: len(columns)]
        X = rows(n, 37, dict(zip(columns, levels, strict=True)), dtype)
        same(Network(n, [Embedding(columns, levels, size), Dense(9, "tanh"), Linear(2)], SquaredError()), X, dtype)


@TYPES
@pytest.mark.parametrize("size", SIZES)
def test_embeddings_above_what_is_trained(size, dtype):
    for n in NUMBERS:
        front = [Scale(), Embedding((n - 1,), (5,), size)]
        X = rows(n, 23, {n - 1: 5}, dtype) + dtype(0.25)  # far from where a number of a category changes
        network = Network(n, [*front, Dropout(0.2), Linear(7), Activation("gelu"), Linear(1)], SquaredError())
        same(network, X, dtype)


@TYPES
@pytest.mark.parametrize("outputs", [1, 3, 4, 5, 11])
def test_periodic_as_the_first_layer_and_above_a_scale(outputs, dtype):
    for n in NUMBERS:
        X = rows(n + 2, 37, {}, dtype)
        columns = tuple(range(1, n + 1))
        for front in ([], [Scale()]):
            layers = [*front, Periodic(columns, 5, outputs), Dense(9, "tanh"), Linear(2)]
            same(Network(n + 2, layers, SquaredError()), X, dtype)


@TYPES
@pytest.mark.parametrize("m", [1, 2, 257, 1025, 2500])
def test_numbers_of_examples(m, dtype):
    X = rows(20, m, {4: 7, 19: 3}, dtype)
    columns = tuple(i for i in range(20) if i not in (4, 5, 19))  # with gaps
    layers = [Embedding((4, 19), (7, 3), 8), Scale(), Periodic(columns, 16, 3), Linear(30)]
    layers += [ParametricActivation("mish"), Linear(3)]
    same(Network(20, layers, SquaredError()), X, dtype)


@TYPES
def test_beside_batch_norm_over_many_examples(dtype):
    X = rows(10, 1500, {9: 4}, dtype)
    layers = [Embedding((9,), (4,), 5), BatchNorm(), Periodic((1, 3, 12), 4, 2), Linear(17)]
    layers += [BatchNorm(), ParametricActivation("selu"), Linear(1)]
    same(Network(10, layers, SquaredError()), X, dtype, 20)


@TYPES
def test_stacked_in_residuals_and_under_norms(dtype):
    inside = Residual([Embedding((2, 5), (3, 4), 1), ParametricActivation("tanh"), Embedding((0,), (2,), 1)])
    wider = Residual([Periodic((0, 4), 3, 2), Linear(9), ParametricActivation("silu", 2.0)])
    X = rows(9, 40, {2: 3, 5: 4}, dtype)
    same(Network(9, [inside, wider, LayerNorm(), wider, Linear(2)], SquaredError()), X, dtype, 20)
    same(Network(9, [Periodic((0,), 2, 1), Embedding((2, 5), (3, 4), 3), Linear(1)], SquaredError()), X, dtype, 20)


@TYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_parametric_activations(name, dtype):
    for units in (1, 3, 15, 16, 17, 33):
        own = ParametricActivation(name)
        layers = [Linear(units), own, own, Dense(3), own, Linear(1)]
        same(Network(5, layers, SquaredError()), rows(5, 17, {}, dtype), dtype)
        inside = Residual([own, Activation("relu"), Linear(units), own])
        same(Network(units, [inside, own, Linear(2)], SquaredError()), rows(units, 33, {}, dtype), dtype)


def test_a_number_beyond_the_levels_counts_as_the_nearest():
    network = Network(2, [Embedding((1,), (4,), 3), Linear(1)], SquaredError())
    params = np.random.default_rng(0).normal(size=network.size)
    X = np.zeros((7, 2))
    X[:, 1] = [-7, -0.5, 0.99, 3.7, 4, 1e300, -np.inf]
    nearest = X.copy()
    nearest[:, 1] = [0, 0, 0, 3, 3, 3, 0]
    expected = EQUATIONS.predict(network, params, nearest)
    np.testing.assert_allclose(KERNELS.predict(network, params, X), expected, rtol=1e-12)
    np.testing.assert_allclose(EQUATIONS.predict(network, params, X), expected, rtol=1e-12)
    Y = np.ones((7, 1))
    grads = [KERNELS.gradients(network, params, rows, Y)[1] for rows in (X, nearest)]
    np.testing.assert_array_equal(*grads)


@TYPES
def test_what_is_not_a_number_stays_within_bounds(dtype):
    layers = [Embedding((1,), (4,), 3), Periodic((0,), 3, 2), Linear(1)]
    network = Network(2, layers, SquaredError())
    params = np.ones(network.size, dtype)
    X = np.zeros((4, 2), dtype)
    X[:3, 1] = [np.nan, np.inf, -np.inf]
    assert np.isfinite(KERNELS.predict(network, params, X)).all()
    X[:3, 0] = [np.nan, np.inf, -np.inf]
    with np.errstate(invalid="ignore"):
        found = KERNELS.predict(network, params, X)
        KERNELS.gradients(network, params, X, np.ones((4, 1), dtype))
    assert np.isfinite(found[3]).all()
    assert not np.isfinite(found[:3]).any()


@TYPES
def test_large_angles(dtype):
    X = rows(5, 50, {}, dtype) * dtype(1e3 if dtype == np.float64 else 20)
    network = Network(5, [Periodic((0, 1, 2, 3, 4), 8, 3), Linear(2)], SquaredError())
    same(network, X, dtype, 1000)


@TYPES
@pytest.mark.parametrize("rule", [Adam(), AdamW(weight_decay=0.3), Adam(clip_norm=0.1)], ids=str)
def test_training_with_factors_of_each_array(rule, dtype):
    groups = {"embeddings": Group(0.5, 2.0), "scales": Group(3.0, 1.0)}
    layers = [Scale(6.0), Embedding((2, 7), (5, 9), 4, 2.0), Periodic((0, 1, 5), 4, 3, 0.1), Linear(16, True)]
    layers += [ParametricActivation("selu", 0.2), Linear(16, True), ParametricActivation("mish"), Linear(3, True)]
    network = Network(8, layers, CategoricalLogLoss(), groups=groups)
    rng = np.random.default_rng(2)
    X = rows(8, 70, {2: 5, 7: 9}, dtype) + dtype(0.3)
    Y = np.eye(3)[rng.integers(3, size=70)].astype(dtype)
    start = rng.normal(size=network.size) * 0.5
    for slot in network.slots:
        if slot.role == "s":
            start[slot.offset : slot.offset + slot.size] = 1
    found = []
    for engine in (KERNELS, EQUATIONS):
        params, memory = start.astype(dtype), np.zeros((2, network.size), dtype)
        order = np.resize(np.arange(70), 20 * 16)
        costs = engine.train_steps(
            network, replace(rule), params, memory, X, Y, None, order, Steps(16, np.full(20, 1e-3), examples=70)
        )
        found.append((costs, params, memory))
    loose = {np.float32: 2e-3, np.float64: 1e-8}[dtype]
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=loose, atol=loose)


def test_a_layer_without_columns_is_left_to_the_equations():
    network = Network(3, [Embedding((), (), 2), Linear(1)], SquaredError())
    assert native.missing(network) == ["layer embedding without columns"]
