"""Where numbers lie among knots, against a plain binary search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.encoding.knots import Knots

RNG = np.random.default_rng(8)
LANDMARKS = {
    "normal": RNG.standard_normal(1000),
    "uniform": RNG.random(1000),
    "far tails": RNG.standard_cauchy(1000) ** 5,
    "two heaps": np.concatenate([RNG.normal(0, 1e-9, 500), RNG.normal(1e6, 1e-3, 500)]),
    "dates": RNG.integers(18_000, 20_000, 1000).astype(float),
    "subnormal": RNG.standard_normal(1000) * 1e-310,
    "huge": RNG.uniform(-1, 1, 1000) * 1.7e308,
    "hours": np.arange(24.0),
    "two": np.array([0.0, 1.0]),
}


def check(knots, x):
    j, t = Knots(knots).between(x)
    clipped = np.clip(x, knots[0], knots[-1])
    known = ~np.isnan(x)
    expected = np.clip(np.searchsorted(knots, clipped, "right") - 1, 0, len(knots) - 2)
    np.testing.assert_array_equal(j[known], expected[known])
    assert ((j >= 0) & (j <= len(knots) - 2)).all()
    assert (np.isnan(t) == ~known).all()
    assert ((t >= 0) & (t <= 1))[known].all()


@pytest.mark.parametrize("name", LANDMARKS)
def test_many_numbers_are_found_as_by_binary_search(name):
    knots = np.unique(LANDMARKS[name])
    ends = np.array([knots[0], knots[-1], -np.inf, np.inf, np.nan, 0.0, -0.0])
    with np.errstate(over="ignore"):
        between = RNG.choice(knots, 3000) + RNG.uniform(-1, 1, 3000) * np.median(np.diff(knots / 2))
    x = np.concatenate([knots, np.nextafter(knots, np.inf), np.nextafter(knots, -np.inf), between, ends])
    check(knots, x)
    many = Knots(knots).between(x)[0]
    alone = np.concatenate([Knots(knots).between(x[k : k + 1])[0] for k in range(len(x))])
    np.testing.assert_array_equal(alone[~np.isnan(x)], many[~np.isnan(x)])


numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(numbers, min_size=2, max_size=300, unique=True), st.integers(0, 2**32))
def test_any_knots(knots, seed):
    knots = np.unique(np.array(knots) + 0.0)
    if len(knots) < 2:
        return
    rng = np.random.default_rng(seed)
    check(knots, rng.choice(np.concatenate([knots, knots * 1.01, knots[:1] / 3]), 400))
