"""Where weights and biases start when the rows decide: deviations of 1, thresholds amid the rows."""

import numpy as np
import pytest

from lamina.equations.layers import Dense, Dropout, Linear, Residual
from lamina.equations.losses import SquaredError
from lamina.equations.members import MemberChoice, MemberScale, for_members
from lamina.equations.network import Network
from lamina.equations.walk import walk
from lamina.learning.data_driven import DECIDING_ROWS, ROWS_PER_BIAS, fit_to_rows
from lamina.learning.initialisers import starting_parameters

X = np.random.default_rng(0).gamma(2.0, 3.0, (400, 5))
NETWORKS = {
    "plain": Network(5, [Dense(8, "tanh"), Dense(6, "relu"), Linear(2)], SquaredError()),
    "residual": Network(
        5, [Dense(6, "silu"), Residual([Dense(3, "tanh"), Dropout(0.4), Linear(6)]), Linear(1)], SquaredError()
    ),
    "members": Network(5, [MemberScale(2), Dense(8, "tanh"), Linear(4), MemberChoice(2)], SquaredError(), members=2),
}


def Zs(network, params):
    """Z of every linear layer over the rows, and the layer's arrays."""
    there = walk(network, params, for_members(network.members, X.T))
    named = network.named(params)
    return [
        (at.A, {role: named[f"{role}{at.number}"] for role in "Wb"}) for at in there.layers if at.layer.kind == "linear"
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_unit_has_deviation_1(name, dtype):
    network = NETWORKS[name]
    params = starting_parameters(network, "lecun_normal", 3, dtype)
    fit_to_rows(network, params, X, 3, weights=True, biases=True)
    assert params.dtype == dtype
    found = Zs(network, params.astype(np.float64))
    assert len(found) == sum(slot.role == "W" for slot in network.slots)
    for Z, _ in found:
        np.testing.assert_allclose(np.std(Z, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_unit_switches_amid_the_rows(name):
    network = NETWORKS[name]
    params = starting_parameters(network, "lecun_normal", 3, np.float64)
    fit_to_rows(network, params, X, 3, weights=False, biases=True)
    for Z, p in Zs(network, params):
        spread = (Z - p["b"]).std(axis=1)
        assert ((Z.min(axis=1) < 0) & (Z.max(axis=1) > 0)).all()
        # the mean of five with random shares has a third of a single one's variance: E[Σ share²] = 2 / (n + 1)
        assert np.mean((Z.mean(axis=1) / spread) ** 2) == pytest.approx(2 / (ROWS_PER_BIAS + 1), abs=0.3)


def test_the_distribution_of_the_thresholds():
    network = Network(5, [Linear(4000)], SquaredError())
    params = starting_parameters(network, "lecun_normal", 3, np.float64)
    fit_to_rows(network, params, X, 3, weights=False, biases=True)
    ((Z, p),) = Zs(network, params)
    free = Z - p["b"]
    relative = (-p["b"][:, 0] - free.mean(axis=1)) / free.std(axis=1)
    assert relative.mean() == pytest.approx(0, abs=0.04)
    assert relative.var() == pytest.approx(2 / (ROWS_PER_BIAS + 1), rel=0.1)


def test_only_what_is_asked_for_and_the_same_for_the_same_seed():
    network = NETWORKS["plain"]
    start = starting_parameters(network, "lecun_normal", 3, np.float64)
    weights, biases = start.copy(), start.copy()
    fit_to_rows(network, weights, X, 3, weights=True, biases=False)
    fit_to_rows(network, biases, X, 3, weights=False, biases=True)
    span = network.spans["biases"]
    assert not weights[span].any()
    assert biases[span].all()
    np.testing.assert_array_equal(biases[network.spans["weights"]], start[network.spans["weights"]])
    again, other = start.copy(), start.copy()
    fit_to_rows(network, again, X, 3, weights=False, biases=True)
    fit_to_rows(network, other, X, 4, weights=False, biases=True)
    np.testing.assert_array_equal(again, biases)
    assert (other[span] != biases[span]).all()


def test_of_several_members_as_many_examples_decide():
    network, rows = NETWORKS["members"], np.random.default_rng(1).normal(size=(DECIDING_ROWS, 5))
    moved = [starting_parameters(network, "lecun_normal", 0, np.float64) for _ in range(2)]
    for part, some in zip(moved, (rows, rows[: DECIDING_ROWS // 2]), strict=True):
        fit_to_rows(network, part, some, 0, weights=True, biases=True)
    np.testing.assert_array_equal(*moved)


def test_columns_that_say_nothing_and_rows_beyond_the_first():
    network = Network(2, [Dense(4, "tanh"), Linear(1)], SquaredError())
    params = starting_parameters(network, "lecun_normal", 0, np.float64)
    fit_to_rows(network, params, np.zeros((50, 2)), 0, weights=True, biases=True)
    assert np.isfinite(params).all()
    rows = np.random.default_rng(1).normal(size=(DECIDING_ROWS + 500, 2))
    moved = [starting_parameters(network, "lecun_normal", 0, np.float64) for _ in range(2)]
    for part, some in zip(moved, (rows, rows[:DECIDING_ROWS]), strict=True):
        fit_to_rows(network, part, some, 0, weights=True, biases=True)
    np.testing.assert_array_equal(*moved)
