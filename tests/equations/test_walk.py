"""The walk: every array has the lecture's name, and is what the lecture's equations and differences say it is."""

import numpy as np
import pytest

from lamina.equations.layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    Periodic,
    Residual,
    Scale,
)
from lamina.equations.losses import BinaryLogLoss, SquaredError
from lamina.equations.members import for_members
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.verbs import gradients, weighted_loss
from lamina.equations.walk import walk

M = 6
KEY = Key(3, 4)


@pytest.fixture
def walked(params_of):
    """A function: a network's walk there and back over random rows, its parameters, rows and targets."""

    def make(network, key=KEY):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(M, network.n_inputs))
        Y = network.loss.sample_targets(rng, M, network.n_outputs // network.loss.units(1))
        params = params_of(network)
        A0 = for_members(network.members, X.T)
        return walk(network, params, A0, lambda Z: weighted_loss(network, Z, Y, None)[1], key), params, X, Y

    return make


def test_the_lecture_by_hand(walked):
    """Two layers and log loss: the names, their order, and every value from the four equations each way."""
    network = Network(3, [Dense(4, "tanh"), Linear(1)], BinaryLogLoss())
    there, params, X, Y = walked(network)
    p = network.named(params)
    A0, y = X.T, Y.T
    Z1 = p["W1"] @ A0 + p["b1"]
    A1 = np.tanh(Z1)
    Z2 = p["W2"] @ A1 + p["b2"]
    A2 = 1 / (1 + np.exp(-Z2))
    dZ2 = A2 - y
    dA1 = p["W2"].T @ dZ2
    dZ1 = dA1 * (1 - A1**2)
    expected = {"A0": A0, "Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "dZ2": dZ2}
    expected |= {"dW2": dZ2 @ A1.T / M, "db2": dZ2.mean(axis=1, keepdims=True), "dA1": dA1, "dZ1": dZ1}
    expected |= {"dW1": dZ1 @ A0.T / M, "db1": dZ1.mean(axis=1, keepdims=True), "dA0": p["W1"].T @ dZ1}
    found = there.named()
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-12, atol=1e-15, err_msg=name)


def test_forward_only_has_no_derivatives(walked, params_of):
    network = Network(3, [Dense(4, "tanh"), Linear(1)], BinaryLogLoss())
    named = walk(network, params_of(network), np.ones((3, 2))).named()
    assert list(named) == ["A0", "Z1", "A1", "Z2", "A2"]


RICH = [
    *(Scale(), Linear(6), LayerNorm(), ParametricActivation("mish"), Dropout(0.4)),
    Residual([Dense(6, "tanh"), Residual([Linear(6), BatchNorm()]), Activation("silu"), Linear(6)]),
    *(Dense(4, "gelu"), BatchNorm(), Linear(2)),
]
# What each gives, in the order of the way forward, and the number of its layer.
NAMES = [
    "A0_2",
    "Z1",
    "Z1_2",
    "A1",
    "A1_2",
    "Z2",
    "A2",
    "Z3",
    "Z3_2",
    "A3",
    "A3_2",
    "Z4",
    "A4",
    "Z5",
    "A5",
    "A5_2",
    "Z6",
]


def test_names_and_numbers_of_a_rich_network(walked):
    network = Network(3, RICH, SquaredError())
    there = walked(network)[0]
    assert [at.name for at in there.layers] == NAMES
    assert [at.number for at in there.layers] == [0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 5, 6]
    assert {at.path: at.number for at in there.layers} == network.numbers
    for at in there.layers:
        assert at.layer is network.layer_at(at.path)
    found = there.named()
    assert [name for name in found if name[0] in "ADZ"] == ["A0", *NAMES[:4], "D1", *NAMES[4:], "A6"]
    assert [name for name in found if name[:2] in ("dA", "dZ")] == [*(f"d{name}" for name in reversed(NAMES)), "dA0"]
    slots = {f"d{slot.name}" for slot in network.slots if slot.group != "statistics"}
    assert {name for name in found if name[:2] not in ("dA", "dZ") and name[0] == "d"} == slots


@pytest.mark.parametrize(
    ("layers", "numbers"),
    [
        ([Embedding((0,), (3,), 2), Periodic((0,)), Scale(), Dense(4), Linear(1)], [0, 0, 0, 1, 1, 2]),
        ([LayerNorm(), Activation("tanh")], [0, 0]),
        ([Linear(4), ParametricActivation("selu"), Linear(4), MemberChoice(4)], [1, 1, 2, 2]),
        ([Linear(3), BatchNorm(), Activation("relu"), Dropout(0.1), Linear(1)], [1, 1, 1, 1, 2]),
        ([Linear(3), Residual([Activation("relu")]), Residual([Dense(3)]), Linear(1)], [1, 1, 2, 3]),
    ],
)
def test_numbers_of_the_layers(layers, numbers):
    network = Network(3, layers, SquaredError())
    assert [number for path, number in network.numbers.items() if len(path) == 1] == numbers


def test_arrays_are_named_by_the_numbers_of_their_layers():
    network = Network(3, RICH, SquaredError())
    for slot in network.slots:
        assert slot.name.removeprefix(slot.role).split("_")[0] == str(network.numbers[slot.path])


NETWORKS = {
    "rich": Network(3, RICH, SquaredError()),
    "members": Network(
        3,
        [MemberScale(3), Dense(4, "tanh"), Dropout(0.3), MemberScale(3), Linear(6), MemberChoice(3)],
        BinaryLogLoss(),
        members=3,
    ),
    "columns": Network(
        3, [Embedding((1,), (3,), 2), Periodic((0, 3), 3, 2), Dense(4, "silu"), Linear(2)], SquaredError()
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_of_a_walk_are_those_of_training(walked, name):
    network = NETWORKS[name]
    there, params, X, Y = walked(network)
    _, flat = gradients(network, params, X, Y, seed=KEY.seed, step=KEY.step)
    found, expected = there.named(), network.named(flat)
    for slot in network.slots:
        if slot.group != "statistics":
            np.testing.assert_array_equal(found[f"d{slot.name}"], expected[slot.name], err_msg=slot.name)


@pytest.mark.parametrize("name", NETWORKS)
def test_derivatives_by_what_the_layers_give(walked, name, monkeypatch):
    """Each dA against differences: the layer's own result is moved, and the losses that come out are compared."""
    network = NETWORKS[name]
    there, params, X, Y = walked(network)
    A0, rng = for_members(network.members, X.T), np.random.default_rng(1)
    for at in there.layers:
        E = rng.normal(size=at.A.shape)  # the direction
        right = type(at.layer).forward

        def losses(h, at=at, E=E, right=right):
            def moved(self, p, A_prev, key):
                A, cache = right(self, p, A_prev, key)
                here = self is at.layer
                return (A + h * E if here else A), cache

            with monkeypatch.context() as patch:
                patch.setattr(type(at.layer), "forward", moved)
                Z = walk(network, params, A0, key=KEY).Z
            return np.sum(weighted_loss(network, Z, Y, None)[0])

        slope = (losses(1e-5) - losses(-1e-5)) / 2e-5
        assert np.sum(at.dA * E) == pytest.approx(slope, rel=1e-6, abs=1e-8), at.name
