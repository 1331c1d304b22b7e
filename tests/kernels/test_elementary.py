"""exp, log, tanh, erf, sin, cos and their relatives against the C library in extended precision.

Errors are in units of the last place.
"""

import numpy as np
import pytest
from scipy.special import erf, expit

from lamina import native

_kernels = pytest.importorskip("lamina._kernels")

REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "tanh": np.tanh,
    "erf": lambda x: erf(x.astype(np.float64)),
    "sigmoid": lambda x: expit(x.astype(np.float64)),
    "sin": np.sin,
    "cos": np.cos,
    "softplus": lambda x: np.where(x > 40, x, np.log1p(np.exp(np.minimum(x, 40)))),
}
ULP = {"exp": 1.1, "expm1": 1.8, "log": 1.8, "tanh": 2.8, "erf": 3.2, "sigmoid": 3.2, "softplus": 3}
ULP |= {"sin": 1.7, "cos": 1.7}
LARGEST_ANGLE = {np.float32: 1e5, np.float64: 1e9}
TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])


def evaluate(name, x):
    y = np.empty_like(x)
    _kernels.evaluate(name, x, y)
    return y


def points(dtype):
    """The whole range: fine steps near 0, every magnitude, both signs."""
    info = np.finfo(dtype)
    powers = 2.0 ** np.arange(info.minexp - info.nmant, info.maxexp, 0.37 if dtype == np.float32 else 2.9)
    x = np.concatenate([np.linspace(-800, 800, 40_001), np.linspace(-10, 10, 40_001), powers, -powers, [0.0, -0.0]])
    return x.astype(dtype)


def angles(dtype):
    """The points within the range of angles, and more of them, above all where a sine or cosine is almost 0."""
    rng = np.random.default_rng(0)
    quarters = np.unique(np.round(10 ** rng.uniform(0, np.log10(LARGEST_ANGLE[dtype]), 20_000)))
    near_zero = (quarters * (np.longdouble(np.pi) + np.longdouble(1.2246467991473532e-16)) / 2).astype(dtype)
    x = np.concatenate([points(dtype), near_zero, -near_zero, rng.uniform(-1e5, 1e5, 20_000).astype(dtype)])
    return x[np.abs(x) < LARGEST_ANGLE[dtype]]


@TYPES
@pytest.mark.parametrize("name", REFERENCES)
def test_right_to_a_few_units_in_the_last_place(name, dtype):
    x = points(dtype)
    if name == "log":
        x = x[x > 0]
    if name in ("sin", "cos"):
        x = angles(dtype)
    with np.errstate(all="ignore"):
        exact = np.asarray(REFERENCES[name](x.astype(np.longdouble)), np.longdouble)
        rounded = exact.astype(dtype)
    found = evaluate(name, x)
    finite = np.isfinite(rounded)
    if name == "sigmoid":  # 1 / (1 + e^x) loses the numbers below the normal ones on the way
        finite &= np.abs(rounded) > np.finfo(dtype).tiny
    np.testing.assert_array_equal(found[~np.isfinite(rounded)], rounded[~np.isfinite(rounded)])
    error = np.abs(found[finite].astype(np.longdouble) - exact[finite]) / np.spacing(np.abs(rounded[finite]))
    assert error.max() <= ULP[name], (x[finite][error.argmax()], found[finite][error.argmax()])


@TYPES
@pytest.mark.parametrize("name", REFERENCES)
def test_nan_and_infinities(name, dtype):
    with np.errstate(all="ignore"):
        x = np.array([np.nan, np.inf, -np.inf, 0], dtype)
        expected = {"softplus": [np.nan, np.inf, 0, np.log(2)], "sigmoid": [np.nan, 1, 0, 0.5]}.get(name)
        expected = np.array(REFERENCES[name](x) if expected is None else expected, dtype)
    np.testing.assert_allclose(evaluate(name, x), expected, rtol=1e-6)


@TYPES
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_angles_that_are_too_large_stay_bounded(name, dtype):
    x = points(dtype)
    assert np.max(np.abs(evaluate(name, x))) <= 1


@TYPES
def test_every_lane_gives_the_same_bits(dtype):
    x = np.random.default_rng(0).normal(size=16).astype(dtype)
    for name in set(REFERENCES) - {"log"}:
        together = evaluate(name, x)
        for i in range(16):
            assert evaluate(name, np.full(5, x[i]))[i % 5] == together[i]


def test_the_path_can_be_forced():
    assert native.missing_parts.__module__ == "lamina.native"
    for name in _kernels.paths():
        _kernels.use_path(name)
    with pytest.raises(ValueError, match="cannot run"):
        _kernels.use_path("x86_64_v9")
    _kernels.use_path(_kernels.paths()[0])
