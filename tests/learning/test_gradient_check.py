"""The certificate itself: its single number, its table, what it catches, and what it says of shapes that do not fit."""

from contextlib import suppress

import numpy as np
import pytest

import lamina
from lamina.equations import layers, verbs
from lamina.equations.activations import ACTIVATIONS, Pair
from lamina.equations.differences import central_differences, relative_difference
from lamina.equations.layers import BatchNorm, Dense, Dropout, LayerNorm, Linear, Residual, Scale
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Quantile, SquaredError
from lamina.equations.network import Network
from lamina.errors import DataError, EngineError
from lamina.learning.gradient_check import gradient_check
from lamina.learning.initialisers import starting_parameters
from random_networks import random_case


@pytest.fixture
def network():
    hidden = [Dense(5, "tanh"), BatchNorm(), Residual([Dense(5, "silu"), LayerNorm()]), Dropout(0.2)]
    return Network(3, [Scale(), *hidden, Linear(2)], SquaredError(), l1=0.1, l2=0.2)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(6, 3)), rng.normal(size=(6, 2))


# ---- the formula ----


def test_the_single_number_of_the_lecture():
    """||(3, 4) - (3, 0)|| / (||(3, 4)|| + ||(3, 0)||) = 4 / (5 + 3)."""
    assert relative_difference(np.array([3.0, 4.0]), np.array([3.0, 0.0])) == 0.5
    assert relative_difference(np.array([1.0]), np.array([-1.0])) == 1
    assert relative_difference(np.zeros(2), np.zeros(2)) == 0
    assert relative_difference(np.full(2, 1e-17), np.full(2, 1e-12)) == 0  # rounding, not a gradient


def test_central_differences_are_exact_for_a_parabola():
    theta = np.array([[1.0, -2.0], [0.5, 3.0]])
    found = central_differences(lambda x: float(np.sum(x**2)), theta, 1e-3)
    np.testing.assert_allclose(found, 2 * theta, rtol=1e-10)
    np.testing.assert_array_equal(theta, [[1, -2], [0.5, 3]])


# ---- the table ----


def test_a_right_gradient_passes(network, rows):
    outcome = gradient_check(network, *rows)
    assert outcome.passed
    assert outcome.difference < 1e-8
    assert "the gradient is right" in str(outcome)


def test_table_has_a_row_per_trained_array_and_one_for_dA0(network, rows):
    outcome = gradient_check(network, *rows)
    assert [row.name for row in outcome.rows] == [
        *("s0", "W1", "b1", "beta1", "gamma1", "W2", "b2", "beta2", "gamma2", "W3", "b3"),
        "A0",
    ]
    assert outcome.rows[1].shape == (5, 3)
    assert outcome.rows[-1].shape == (3, 6)
    text = str(outcome).splitlines()
    assert len(text) == 1 + len(outcome.rows) + 1
    assert text[2].split()[:3] == ["dW1", "(5,", "3)"]


def test_it_is_among_the_public_names():
    assert lamina.gradient_check is gradient_check


def test_it_needs_no_parameters_and_starts_away_from_the_corner_at_0(rows):
    """With biases of 0 and a row of zeros, relu would be asked for its slope at its kink."""
    network = Network(3, [Dense(4, "relu"), Linear(2)], SquaredError())
    X, Y = rows
    X[0] = 0
    assert gradient_check(network, X, Y).passed


def test_one_target_may_be_a_plain_vector(rows):
    network = Network(3, [Dense(4, "tanh"), Linear(1)], BinaryLogLoss())
    y = np.array([0, 1, 1, 0, 1, 0])
    assert gradient_check(network, rows[0], y) == gradient_check(network, rows[0], y[:, None])
    several = Network(3, [Dense(4, "tanh"), Linear(3)], Quantile((0.1, 0.5, 0.9)))
    assert gradient_check(several, rows[0], rows[1][:, 0]).passed


def test_lists_and_single_precision_are_welcome(network, rows):
    X, Y = rows
    assert gradient_check(network, X.tolist(), Y.tolist()).passed
    assert gradient_check(network, X.astype(np.float32), Y, np.linspace(-1, 1, network.size, dtype=np.float32)).passed


def test_arguments_are_left_alone(network, rows):
    X, Y = rows
    params, weights = np.linspace(0.5, 1.5, network.size), np.ones(6)
    before = [array.copy() for array in (X, Y, params, weights)]
    gradient_check(network, X, Y, params, weights)
    for array, old in zip((X, Y, params, weights), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_draws_of_dropout_are_those_of_seed_and_step(network, rows):
    first, same, other = (
        gradient_check(network, *rows, np.linspace(0.5, 1.5, network.size), step=step) for step in (0, 0, 1)
    )
    assert first == same
    assert first != other


# ---- what it catches ----


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_derivative_off_by_one_percent_is_caught(name, rows, monkeypatch):
    g, dg = ACTIVATIONS[name]
    monkeypatch.setitem(ACTIVATIONS, name, Pair(g, lambda Z, A: 1.01 * dg(Z, A)))
    outcome = gradient_check(Network(3, [Dense(4, name), Linear(2)], SquaredError()), *rows)
    assert not outcome.passed
    assert "WRONG" in str(outcome)
    differences = {row.name: row.difference for row in outcome.rows}
    assert differences["W1"] == pytest.approx(0.01 / 2.01, rel=1e-4)  # only what lies below the activation
    assert differences["b1"] == pytest.approx(0.01 / 2.01, rel=1e-4)
    assert differences["A0"] == pytest.approx(0.01 / 2.01, rel=1e-4)
    assert max(differences["W2"], differences["b2"]) < 1e-8


def test_one_wrong_array_is_named(network, rows, monkeypatch):
    right = layers.LayerNorm.gradients

    def wrong(self, p, dA, cache):
        grads = right(self, p, dA, cache)
        return grads | {"gamma": -grads["gamma"]}

    monkeypatch.setattr(layers.LayerNorm, "gradients", wrong)
    outcome = gradient_check(network, *rows)
    assert not outcome.passed
    assert [row.name for row in outcome.rows if row.difference > 1e-6] == ["gamma2"]
    (row,) = (row for row in outcome.rows if row.name == "gamma2")
    assert row.difference == pytest.approx(1)
    assert row.largest > 1e-3


def test_a_wrong_dA0_alone_is_caught(rows, monkeypatch):
    """No parameter lies below the first layer, so only dA[0] shows it."""
    right = layers.Linear.backward
    monkeypatch.setattr(layers.Linear, "backward", lambda self, p, dZ, cache: 2 * right(self, p, dZ, cache))
    outcome = gradient_check(Network(3, [Linear(2)], SquaredError()), *rows)
    assert outcome.difference < 1e-8
    assert outcome.rows[-1].difference == pytest.approx(1 / 3)
    assert not outcome.passed


def test_a_wrong_penalty_is_caught(network, rows, monkeypatch):
    right = verbs.d_penalty
    monkeypatch.setattr(verbs, "d_penalty", lambda *arguments: 2 * right(*arguments))
    outcome = gradient_check(network, *rows)
    assert {row.name for row in outcome.rows if row.difference > 1e-6} == {"W1", "W2", "W3"}


def test_a_wrong_loss_is_caught(rows, monkeypatch):
    monkeypatch.setattr(SquaredError, "dZ", lambda self, Z, Y: Z - Y)  # scikit-learn's issue 8349
    assert not gradient_check(Network(3, [Linear(2)], SquaredError()), *rows).passed


# ---- shapes that do not fit ----


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((6, 4))}, r"X has shape \(6, 4\): expected \(m, 3\), one row per example\."),
        ({"X": np.zeros(3)}, r"X has shape \(3,\): expected \(m, 3\), one row per example\."),
        ({"Y": np.zeros((5, 2))}, r"Y has shape \(5, 2\): expected 6 rows for a network with 2 outputs\."),
        ({"Y": np.zeros((6, 3))}, r"Y has shape \(6, 3\): expected 6 rows for a network with 2 outputs\."),
        ({"Y": np.zeros(6)}, r"Y has shape \(6, 1\): expected 6 rows for a network with 2 outputs\."),
        ({"params": np.zeros(7)}, r"params has shape \(7,\): expected \(\d+,\)\."),
        ({"weights": np.ones(5)}, r"weights has shape \(5,\): expected \(6,\), one number per row of X\."),
        ({"weights": np.ones((6, 1))}, r"weights has shape \(6, 1\): expected \(6,\), one number per row of X\."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_shapes_that_do_not_fit(network, rows, change, message):
    arguments = {"X": rows[0], "Y": rows[1]} | change
    with pytest.raises(DataError, match=message):
        gradient_check(network, **arguments)


def test_an_engine_that_is_not_there(network, rows, monkeypatch):
    monkeypatch.setattr("lamina.learning.gradient_check.choose", _no_engine)
    with pytest.raises(EngineError, match="not there"):
        gradient_check(network, *rows, engine="kernels")


def _no_engine(network, engine):
    raise EngineError("not there")


def test_categories_may_be_given_one_hot():
    network = Network(2, [Dense(4, "gelu"), Linear(3)], CategoricalLogLoss())
    X = np.random.default_rng(1).normal(size=(5, 2))
    assert gradient_check(network, X, np.eye(3)[[0, 1, 2, 1, 0]]).passed


# ---- what no difference can judge: kinks, rounding, what is not finite ----


@pytest.mark.parametrize("seed", range(0, 120, 10))
def test_no_false_alarm_on_random_networks(seed):
    """Of every activation, loss and start, with rows at kinks and in raw scales; 10,000 of them were tried."""
    for one in range(seed, seed + 10):
        name, network, X, Y, params = random_case(one)
        with suppress(DataError):  # a cost of inf
            outcome = gradient_check(network, X, Y, params)
            assert outcome.passed, f"{name}\n{outcome}"


def test_no_false_alarm_where_kinks_hide_each_other_and_the_point_beside_is_flat():
    """Two rows alike behind a layer normalisation: most points nearby have the derivative 0, as a wrong one has."""
    _, network, X, Y, params = random_case(4024)
    outcome = gradient_check(network, X, Y, params)
    assert outcome.passed
    assert outcome.kinks > 0


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(
    "wrong",
    [
        lambda dg: lambda Z, A: 1.001 * dg(Z, A),
        lambda dg: lambda Z, A: -dg(Z, A),
        lambda dg: lambda Z, A: dg(Z, A) + 0.01 * Z,
        lambda dg: lambda Z, A: dg(Z, A) * (Z > -0.1) + (Z <= -0.1),
    ],
    ids=["scaled", "sign", "bent", "gate"],
)
def test_a_planted_error_is_found_beside_kinks_and_raw_scales(name, wrong, monkeypatch):
    g, dg = ACTIVATIONS[name]
    network = Network(3, [Dense(6, name), Dense(5, name), Linear(1)], BinaryLogLoss())
    rng = np.random.default_rng(3)
    X = np.vstack([np.zeros(3), rng.integers(0, 2, (2, 3)), rng.normal(size=(6, 3)), [[0, 59, 100]]])
    params = starting_parameters(network, "suited", 1, np.float64)  # biases of 0
    Y = np.arange(len(X)) % 2
    assert gradient_check(network, X, Y, params).passed
    monkeypatch.setitem(ACTIVATIONS, name, Pair(g, wrong(dg)))
    if name == "identity" and wrong(dg)(-np.ones(1), -np.ones(1))[0] == 1:
        pytest.skip("a gate of slope 1 on both sides is the identity's own")
    outcome = gradient_check(network, X, Y, params)
    assert not outcome.passed
    assert "WRONG: look at" in outcome.verdict


class WrongBias(Linear):
    """A linear layer whose db is 1 % off."""

    def gradients(self, p, dZ, cache):
        grads = super().gradients(p, dZ, cache)
        return grads | {"b": 1.01 * grads["b"]}


@pytest.mark.parametrize("seed", range(20))
def test_an_error_is_found_where_every_number_of_its_array_stands_at_a_kink(seed):
    """A layer that is all off for a row puts the next one, whose biases are 0, at the kink of relu."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(7, 3)), rng.integers(0, 2, 7)
    for layer in (Linear(1), WrongBias(1)):
        network = Network(3, [Dense(1, "relu"), layer, layers.Activation("relu"), Linear(1)], BinaryLogLoss())
        params = starting_parameters(network, "he_normal", seed, np.float64)
        outcome = gradient_check(network, X, Y, params)
        db2 = network.named(verbs.gradients(network, params, X, Y[:, None])[1])["b2"]
        if isinstance(layer, WrongBias) and db2.any():
            assert outcome.verdict == "the gradient is WRONG: look at db2"
        elif not isinstance(layer, WrongBias):
            assert outcome.passed


def test_numbers_at_a_kink_are_left_out_and_said():
    network = Network(2, [Dense(3, "relu"), Linear(1)], SquaredError())
    params = starting_parameters(network, "suited", 0, np.float64)
    outcome = gradient_check(network, np.zeros((1, 2)), np.ones((1, 1)), params)
    assert outcome.passed
    assert outcome.kinks > 0
    assert outcome.compared + outcome.kinks + outcome.rounded == network.size + 2
    assert f"left out {outcome.kinks} of {network.size + 2} numbers: the cost has a kink" in str(outcome)


def test_two_kinks_that_hide_each_other():
    """selu twice, each at its 0: the slopes to both sides are s * w * sa, and the gradient takes sa * w * sa."""
    network = Network(1, [Dense(1, "selu"), Dense(1, "selu"), Linear(1)], SquaredError())
    params = np.array([1.0, -1.0, 1.0, 0.0, 0.0, 0.0])
    outcome = gradient_check(network, np.array([[0.0]]), np.ones((1, 1)), params)
    assert outcome.passed
    assert outcome.kinks > 0


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "softplus", "relu", "gelu"])
def test_raw_scales_are_right_for_all_their_rounding(kind):
    network = Network(5, [Dense(4, kind), Linear(1)], BinaryLogLoss())
    Y = np.arange(8) % 2
    for row in ([0.0, 0, 59, 44, 100], [1e8, -1e8, 1e8, 3e8, 1e8], [255.0] * 5):
        outcome = gradient_check(network, np.tile(row, (8, 1)), Y)
        assert outcome.passed, outcome


@pytest.mark.parametrize("what", ["X", "Y", "params", "weights"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(network, rows, what, value):
    given = {"X": rows[0], "Y": rows[1], "params": np.linspace(0.5, 1.5, network.size), "weights": np.ones(6)}
    given = {name: array.copy() for name, array in given.items()}
    given[what].flat[1] = value
    with pytest.raises(DataError, match=rf"{what}: -?(nan|inf) at \[.*expected finite numbers"):
        gradient_check(network, **given)


def test_a_cost_that_is_not_finite_is_refused():
    with pytest.raises(DataError, match="the cost of these rows at these parameters: inf, expected finite numbers"):
        gradient_check(Network(1, [Linear(1)], SquaredError()), np.ones((1, 1)), np.full((1, 1), 1e200))
    with pytest.raises(DataError, match="inf, expected finite numbers"):
        gradient_check(
            Network(1, [Linear(1)], LOSSES["poisson"]()), np.ones((1, 1)), np.ones((1, 1)), np.array([1e4, 0])
        )


def test_a_sample_of_each_array(network, rows):
    passes = []
    outcome = gradient_check(network, *rows, most=4, progress=lambda: passes.append(1))
    arrays = [slot.stop - slot.start for slot in (s.place for s in network.slots if s.group != "statistics")]
    assert outcome.passed
    assert outcome.compared == sum(min(size, 4) for size in arrays) + 4
    assert len(passes) == 2 * outcome.compared + 1
    assert [row.shape for row in outcome.rows] == [row.shape for row in gradient_check(network, *rows).rows]


def test_a_sample_finds_a_wrong_array(network, rows, monkeypatch):
    right = layers.Linear.gradients
    monkeypatch.setattr(layers.Linear, "gradients", lambda *a: (lambda g: g | {"b": 2 * g["b"]})(right(*a)))
    assert not gradient_check(network, *rows, most=2).passed
