"""g and g' of every row of the table: against differences, published formulas, and the edges of the floats."""

import numpy as np
import pytest
from scipy import integrate, stats

from lamina.equations.activations import ACTIVATIONS

NAMES = list(ACTIVATIONS)
PRECISIONS = [np.float32, np.float64]


def between_the_kinks():
    """From -12 to 12, never nearer than 0.05 to a multiple of 0.1, where kinks stand."""
    return np.arange(-12, 12, 0.1).round(1) + 0.05


def whole_range(dtype):
    """Every power of two from the smallest denormal on, the ordinary range closely, the ends, and both zeros."""
    info = np.finfo(dtype)
    powers = np.ldexp(1.0, np.arange(np.log2(float(info.smallest_subnormal)), info.maxexp).astype(int))
    sizes = np.concatenate([[0], powers, np.linspace(0, 1100, 20_001), [info.tiny, info.eps, info.max]]).astype(dtype)
    return np.concatenate([-sizes[::-1], sizes])


@pytest.mark.parametrize("name", NAMES)
def test_derivative_is_the_slope(name):
    g, dg = ACTIVATIONS[name]
    Z, h = between_the_kinks(), 1e-3
    slope = (8 * (g(Z + h) - g(Z - h)) - (g(Z + 2 * h) - g(Z - 2 * h))) / (12 * h)  # error h^4 / 30 g'''''
    np.testing.assert_allclose(dg(Z, g(Z)), slope, rtol=0, atol=2e-11)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", NAMES)
def test_finite_and_silent_over_all_floats_and_keeps_the_precision(name, dtype):
    g, dg = ACTIVATIONS[name]
    Z = whole_range(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        A = g(Z)
        slope = dg(Z, A)
    assert (A.dtype, slope.dtype) == (dtype, dtype)
    assert (A.shape, slope.shape) == (Z.shape, Z.shape)
    assert np.isfinite(A).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_agrees_with_double(name):
    g, dg = ACTIVATIONS[name]
    Z = whole_range(np.float32)[1:-1]  # at the very ends selu is held
    wide = Z.astype(np.float64)
    np.testing.assert_allclose(g(Z), g(wide), rtol=3e-6, atol=1e-6)
    np.testing.assert_allclose(dg(Z, g(Z)), dg(wide, g(wide)), rtol=3e-6, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_left_alone(name):
    g, dg = ACTIVATIONS[name]
    Z = between_the_kinks()
    A = g(Z).copy()
    dg(Z, A)
    np.testing.assert_array_equal(Z, between_the_kinks())
    np.testing.assert_array_equal(A, g(Z))


# As they stand in the papers and in the lecture, for Z from -12 to 12; none of them would survive 1e3.
PUBLISHED = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    "relu": lambda z: (z + np.abs(z)) / 2,
    "leaky_relu": lambda z: np.maximum(0.01 * z, z),
    "elu": lambda z: np.piecewise(z, [z <= 0], [lambda z: np.exp(z) - 1, lambda z: z]),
    "selu": lambda z: 1.0507 * np.piecewise(z, [z <= 0], [lambda z: 1.67326 * (np.exp(z) - 1), lambda z: z]),
    "gelu": lambda z: z * stats.norm.cdf(z),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * ((1 + np.exp(z)) ** 2 - 1) / ((1 + np.exp(z)) ** 2 + 1),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "hard_swish": lambda z: z * np.minimum(np.maximum(z + 3, 0), 6) / 6,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_formula(name):
    Z = between_the_kinks()
    digits = 1e-5 if name == "selu" else 1e-12  # the paper prints six digits of its constants
    np.testing.assert_allclose(ACTIVATIONS[name].g(Z), PUBLISHED[name](Z), rtol=digits, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("sigmoid", 0, 1),
        ("tanh", -1, 1),
        ("relu", 0, 1e30),
        ("leaky_relu", -1e28, 1e30),
        ("elu", -1, 1e30),
        ("selu", -1.0507009873554805 * 1.6732632423543772, 1.0507009873554805e30),
        ("gelu", 0, 1e30),
        ("silu", 0, 1e30),
        ("mish", 0, 1e30),
        ("softplus", 0, 1e30),
        ("hard_swish", 0, 1e30),
    ],
)
def test_far_left_and_far_right(name, left, right):
    g, dg = ACTIVATIONS[name]
    Z = np.array([-1e30, 1e30])
    np.testing.assert_allclose(g(Z), [left, right], rtol=1e-15)
    np.testing.assert_allclose(dg(Z, g(Z)), np.where(np.abs([left, right]) > 2, g(Z) / Z, 0), rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "lowest", "at"),
    [
        ("gelu", -0.16997120747990368, -0.7517915),  # where Phi(x) + x phi(x) = 0
        ("silu", -0.27846454276107374, -1.2784645),  # -W(1/e), at -1 - W(1/e)
        ("mish", -0.3088434, -1.1924),  # Misra 2019: "about -0.31"
        ("hard_swish", -0.375, -1.5),
    ],
)
def test_lowest_value(name, lowest, at):
    Z = np.linspace(-3, 0, 3_000_001)
    A = ACTIVATIONS[name].g(Z)
    assert A.min() == pytest.approx(lowest, abs=1e-6)
    assert Z[A.argmin()] == pytest.approx(at, abs=1e-4)


@pytest.mark.parametrize("name", ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus"])
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_never_falls(name, dtype):
    Z = np.sort(whole_range(dtype))
    A = ACTIVATIONS[name].g(Z)
    before, after = A[:-1] / 4, A[1:] / 4  # room for the rounding
    assert (after + np.finfo(dtype).eps * np.abs(after) >= before).all()
    assert (ACTIVATIONS[name].dg(Z, A) >= 0).all()


def test_selu_keeps_mean_0_and_variance_1():
    """The two constants are the solution of E selu(z) = 0 and E selu(z)^2 = 1 (Klambauer et al. 2017, section 2)."""
    selu = ACTIVATIONS["selu"].g

    def moment(power):
        parts = [(-12, 0), (0, 12)]
        return sum(integrate.quad(lambda z: selu(np.array(z)) ** power * stats.norm.pdf(z), *part)[0] for part in parts)

    assert moment(1) == pytest.approx(0, abs=1e-10)
    assert moment(2) == pytest.approx(1, abs=1e-10)


def test_gradient_of_relu_at_0_is_that_of_the_left():
    g, dg = ACTIVATIONS["relu"]
    Z = np.array([-0.0, 0.0])
    np.testing.assert_array_equal(dg(Z, g(Z)), [0, 0])


def test_small_values_keep_their_digits():
    """log(1 + e^-40) and e^-40 - 1 would lose all or half of their digits if written as in the paper."""
    np.testing.assert_allclose(ACTIVATIONS["softplus"].g(np.array([-40.0])), np.exp(-40), rtol=1e-14)
    np.testing.assert_allclose(ACTIVATIONS["elu"].g(np.array([-1e-12])), -1e-12, rtol=1e-12)
    np.testing.assert_allclose(ACTIVATIONS["mish"].g(np.array([-40.0])), -40 * np.exp(-40), rtol=1e-14)
