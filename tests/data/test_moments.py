"""Means and standard deviations against NumPy in higher precision, over the whole float range."""

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lamina.data.moments import moments, sparse_moments


def exactly(values, weights):
    """Return mean and variance of finite numbers in rational arithmetic."""
    values, weights = [Fraction(float(x)) for x in values], [Fraction(float(w)) for w in weights]
    mean = sum(x * w for x, w in zip(values, weights, strict=True)) / sum(weights)
    return mean, sum(w * (x - mean) ** 2 for x, w in zip(values, weights, strict=True)) / sum(weights)


def root(square):
    """Return the square root of a fraction of any size as a float."""
    shift = (square.numerator.bit_length() - square.denominator.bit_length()) // 2 if square else 0
    return float(np.ldexp(float(square / Fraction(4) ** shift) ** 0.5, shift))


def in_blocks(x, weights, *cuts):
    found = None
    for a, b in zip([0, *cuts], [*cuts, len(x)], strict=True):
        here = moments(x[a:b, None], None if weights is None else weights[a:b])
        found = here if found is None else found.joined(here)
    return found


@pytest.mark.parametrize("width", [1, 3, 64, 65])
def test_ends_and_signs_of_zeros_depend_on_neither_width_nor_order(width):
    x = np.array([-0.0, 0.0, np.nan, -0.0, 7.0, 0.0, -0.0])
    for column in (x, x[::-1], -x):
        found = moments(np.repeat(column[:, None], width, axis=1), None)
        for ends, expected in ((found.low, np.nanmin(column)), (found.high, np.nanmax(column))):
            assert ends.tolist() == [expected] * width
            assert not np.signbit(ends[ends == 0]).any()


@pytest.mark.parametrize("unit", [1.0, 1e-310, 1e-200, 1e-160, 1e150, 1e200, 1e306])
@pytest.mark.parametrize("weighted", [False, True])
def test_against_rational_arithmetic(unit, weighted):
    rng = np.random.default_rng(3)
    x = rng.normal(2, 5, 40) * unit
    weights = rng.integers(1, 4, 40).astype(float) if weighted else None
    mean, variance = exactly(x, np.ones(40) if weights is None else weights)
    for cuts in ((), (1,), (7, 30)):
        found = in_blocks(x, weights, *cuts)
        np.testing.assert_allclose(found.location()[0], float(mean), rtol=1e-13)
        np.testing.assert_allclose(found.scale()[0], root(variance), rtol=1e-13)


def test_small_and_huge_blocks_join():
    x = np.array([1e-300, 3e-300, 0.0, 1.0, 1e300, -1e300])
    mean, variance = exactly(x, np.ones(6))
    found = in_blocks(x, None, 2, 3, 4)
    np.testing.assert_allclose(found.scale()[0], root(variance), rtol=1e-13)
    np.testing.assert_allclose(found.location()[0], float(mean), atol=1e285)
    tiny = in_blocks(np.array([1e-300, 3e-300, 0.0, 0.0]), None, 2)  # zeros have no unit of their own
    np.testing.assert_allclose(tiny.scale()[0], root(exactly([1e-300, 3e-300, 0, 0], np.ones(4))[1]), rtol=1e-13)


def test_a_large_mean_does_not_swallow_the_spread():
    x = 1e9 + np.random.default_rng(0).normal(size=1000)
    found = in_blocks(x, None, 400)
    np.testing.assert_allclose(found.scale()[0], np.std(x - 1e9), rtol=1e-7)


def test_constant_columns_are_exact():
    found = in_blocks(np.full(1000, 0.1), np.random.default_rng(0).uniform(0.1, 1, 1000), 333)
    assert found.location()[0] == 0.1
    assert found.scale()[0] == 0


@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.integers(1, 4)),
        elements=st.sampled_from([0.0, 0.0, 1.0, -2.5, 7.0, np.nan, 1e200]),
    ),
    st.booleans(),
)
def test_sparse_is_dense(x, weighted):
    weights = np.arange(1.0, len(x) + 1) / 3 if weighted else None
    dense, sparse = moments(x, weights), sparse_moments(sp.csr_array(x), weights)
    np.testing.assert_allclose(sparse.location(), dense.location(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sparse.scale(), dense.scale(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sparse.missing, dense.missing, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(sparse.missing > 0, dense.missing > 0)
    np.testing.assert_array_equal(sparse.constant, dense.constant)


def test_nan_is_left_out_and_counted():
    x = np.array([[1.0, np.nan], [np.nan, np.nan], [4.0, np.nan]])
    found = moments(x, np.array([1.0, 5.0, 2.0]))
    assert found.location().tolist() == [3.0, 0.0]
    assert found.missing.tolist() == [5.0, 8.0]
    assert found.weight.tolist() == [3.0, 0.0]


def test_no_weight_is_missing_by_rounding():
    """A column without gaps beside one with a gap: its missing weight is 0 to the bit."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        x = rng.normal(size=(101, 2))
        x[5, 0] = np.nan
        assert moments(x, rng.uniform(0.1, 1, 101)).missing[1] == 0


def test_the_bits_do_not_depend_on_blas():
    """NumPy's BLAS has other sums for every processor and number of threads."""
    code = """
import numpy as np
from lamina.data.moments import moments
rng = np.random.default_rng(0)
for shape in ((200_000, 1), (3000, 20)):
    x, w = rng.normal(size=shape), rng.gamma(1, 1, shape[0])
    for found in (moments(x, None), moments(x, w), moments(np.where(x < -2, np.nan, x), w)):
        print(found.mean.tolist(), found.spread.tolist(), found.weight.tolist(), found.missing.tolist())
"""
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for core, threads in (("Nehalem", "1"), ("Haswell", "1"), ("Haswell", "2"))
    }
    assert len(printed) == 1
