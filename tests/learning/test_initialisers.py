"""Variance and bounds by the papers, orthogonality, and where the other parameters start."""

import numpy as np
import pytest
from scipy import stats

from lamina.equations.activations import ACTIVATIONS
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
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.learning.initialisers import INITIALISERS, SUITS, SUITS_OTHERS, Draw, starting_parameters

UNITS, UNITS_PREV = 300, 200

# Var(W), by the papers named in the module.
VARIANCE = {
    "zeros": 0,
    "small_normal": 0.01**2,
    "glorot_normal": 2 / (UNITS + UNITS_PREV),
    "glorot_uniform": 2 / (UNITS + UNITS_PREV),
    "he_normal": 2 / UNITS_PREV,
    "he_uniform": 2 / UNITS_PREV,
    "lecun_normal": 1 / UNITS_PREV,
    "lecun_uniform": 1 / UNITS_PREV,
    "orthogonal": 1 / UNITS,  # columns of length 1
}
DRAWN = [name for name in INITIALISERS if name != "zeros"]


def of(name, units=UNITS, units_prev=UNITS_PREV, seed=0, array=0):
    return INITIALISERS[name](units, units_prev, Draw(seed, array))


@pytest.mark.parametrize("name", INITIALISERS)
def test_shape_and_mean(name):
    W = of(name)
    assert W.shape == (UNITS, UNITS_PREV)
    assert W.dtype == np.float64
    assert W.mean() == pytest.approx(0, abs=4 * W.std() / np.sqrt(W.size))


@pytest.mark.parametrize("name", VARIANCE)
def test_variance(name):
    assert of(name).var() == pytest.approx(VARIANCE[name], rel=0.03)


@pytest.mark.parametrize("name", [name for name in VARIANCE if name != "zeros"])
def test_distribution(name):
    std = np.sqrt(VARIANCE[name])
    if name.endswith("uniform"):
        bound = np.sqrt(3) * std
        W = of(name)
        assert np.abs(W).max() < bound
        assert stats.kstest(W.ravel(), "uniform", (-bound, 2 * bound)).pvalue > 0.001
    else:
        assert stats.kstest(of(name).ravel(), "norm", (0, std)).pvalue > 0.001


@pytest.mark.parametrize("name", DRAWN)
def test_same_seed_same_numbers(name):
    np.testing.assert_array_equal(of(name, 5, 4), of(name, 5, 4))
    for other in ({"seed": 1}, {"array": 1}):
        assert np.mean(of(name, 5, 4) == of(name, 5, 4, **other)) == 0


@pytest.mark.parametrize("name", INITIALISERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_smallest_layers(name, shape):
    W = of(name, *shape)
    assert W.shape == shape
    assert np.isfinite(W).all()


@pytest.mark.parametrize("shape", [(30, 30), (50, 20), (20, 50)])
def test_orthogonal(shape):
    W = of("orthogonal", *shape)
    product = W @ W.T if shape[0] <= shape[1] else W.T @ W
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-13)


def test_orthogonal_turns_any_way():
    """Mezzadri 2007: without the signs of r's diagonal, Q of a 1 x 1 matrix is always the same sign."""
    signs = [np.sign(of("orthogonal", 1, 1, seed)[0, 0]) for seed in range(200)]
    assert stats.binomtest(signs.count(1), 200).pvalue > 0.001
    corners = np.array([of("orthogonal", 3, 3, seed)[0, 0] for seed in range(2000)])
    assert stats.kstest(corners, "uniform", (-1, 2)).pvalue > 0.001  # a coordinate of a random point of the sphere


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_an_initialiser_that_suits_it(activation):
    """Through ten layers of 256 units the signal neither dies nor explodes."""
    assert SUITS.get(activation, SUITS_OTHERS) in INITIALISERS
    network = Network(256, [Dense(256, activation) for _ in range(10)], SquaredError())
    params = starting_parameters(network, "suited", 0, np.float64)
    A = np.random.default_rng(0).normal(size=(256, 50))
    for layer, views in zip(network.layers, network.views(params), strict=True):
        A, _ = layer.forward(views, A, None)
    assert 0.01 < np.sqrt(np.mean(A**2)) < 10


def test_a_parametric_activation_is_suited_as_its_function_is():
    """He's variance for relu, 2 / units_prev, and not Glorot's, a mean of both widths."""
    activations = [ParametricActivation("relu"), Activation("relu")]
    found = [
        starting_parameters(Network(500, [Linear(50), g, Linear(1)], SquaredError()), "suited", 0, np.float64)
        for g in activations
    ]
    assert found[0][: 500 * 50].var() == pytest.approx(2 / 500, rel=0.05)
    np.testing.assert_array_equal(found[0][: 500 * 50], found[1][: 500 * 50])


# ---- the whole vector ----


@pytest.fixture
def network():
    chain = [Dense(5, "selu"), Linear(3)]
    layers = [Scale(), Dense(3), BatchNorm(), Residual(chain), LayerNorm(), Dropout(0.1), Activation("relu"), Linear(1)]
    return Network(4, layers, SquaredError())


@pytest.mark.parametrize("way", ["suited", *INITIALISERS])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_biases_start_at_0_and_factors_at_1(network, way, dtype):
    params = starting_parameters(network, way, 0, dtype)
    assert (params.dtype, params.shape) == (dtype, (network.size,))
    for name, array in network.named(params).items():
        if name.startswith(("b", "mean")):  # b1, beta1, mean1
            assert (array == 0).all(), name
        elif name.startswith(("s", "gamma", "var")):
            assert (array == 1).all(), name
        else:
            assert (array == 0).all() == (way == "zeros"), name


def test_auto_looks_at_the_activation_that_follows(network):
    """W1 has none before the residual takes over, W2 selu, W3 none; W4 is the last."""
    found = network.named(starting_parameters(network, "suited", 7, np.float64))
    numbers = {slot.name: number for number, slot in enumerate(network.slots)}
    ways = {"W1": "he_normal", "W2": "lecun_normal", "W3": "glorot_uniform", "W4": "glorot_uniform"}
    for name, way in ways.items():
        expected = INITIALISERS[way](*found[name].shape, Draw(7, numbers[name]))
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


def test_a_named_way_holds_for_every_matrix(network):
    found = network.named(starting_parameters(network, "small_normal", 7, np.float64))
    for number in range(1, 5):
        assert 0 < np.abs(found[f"W{number}"]).max() < 0.05


def test_single_precision_starts_at_the_same_numbers(network):
    double = starting_parameters(network, "suited", 3, np.float64)
    np.testing.assert_array_equal(starting_parameters(network, "suited", 3), double.astype(np.float32))


def test_another_seed_starts_elsewhere(network):
    weights = network.spans["weights"]
    one, other = (starting_parameters(network, "suited", seed)[weights] for seed in (0, 1))
    assert not np.isin(one, other).any()
    assert len(np.unique(one)) == len(one)  # and no matrix repeats another's numbers
