"""Quantiles against NumPy's, and the rank error of a stream against the one that is stated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lamina.data.quantiles import (
    FEWEST_VALUES_PER_BUFFER,
    VALUES_OF_ALL_COLUMNS,
    VALUES_PER_BUFFER,
    QuantileSketch,
    distribution,
    room_for,
)

RNG = np.random.default_rng(3)
LEVELS = np.array([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 1.0])
COLUMNS = arrays.arrays(
    np.float64,
    st.integers(1, 30),
    elements=st.one_of(st.floats(-1e300, 1e300), st.sampled_from([0.0, -0.0, 1.0, 2.0, 1.7e308, -1.7e308, 5e-324])),
)


def summary(values, room):
    return QuantileSketch(distribution(np.asarray(values, np.float64), None), room=room)


def streamed(values, step, room):
    found = summary(values[:step], room)
    for i in range(step, len(values), step):
        found = found.joined(summary(values[i : i + step], room))
    return found


@given(COLUMNS)
def test_without_weights_they_are_numpys(values):
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.quantile(values / 4, LEVELS) * 4  # NumPy's own difference may leave the float range
    found = distribution(values, None).quantiles(LEVELS)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)
    assert np.isfinite(found).all()


@given(COLUMNS, st.data())
def test_a_weight_is_so_many_rows_in_any_order(values, data):
    n = len(values)
    weights = data.draw(arrays.arrays(np.float64, n, elements=st.integers(1, 5).map(float)))
    order = np.array(data.draw(st.permutations(range(n))), int)
    repeated = distribution(np.repeat(values, weights.astype(int)), None).quantiles(LEVELS)
    np.testing.assert_array_equal(distribution(values, weights).quantiles(LEVELS), repeated)
    np.testing.assert_array_equal(distribution(values[order], weights[order]).quantiles(LEVELS), repeated)
    scaled = distribution(values, weights / 64).quantiles(LEVELS, 1 / 64)
    np.testing.assert_array_equal(scaled, repeated)


@given(COLUMNS, st.integers(0, 2**32))
def test_fractions_of_weights_give_the_same_bits_in_any_order(values, seed):
    rng = np.random.default_rng(seed)
    weights, order = rng.uniform(0.1, 3, len(values)), rng.permutation(len(values))
    one, two = distribution(values, weights), distribution(values[order], weights[order])
    np.testing.assert_array_equal(one.counts, two.counts)
    np.testing.assert_array_equal(one.quantiles(LEVELS), two.quantiles(LEVELS))
    found = one.quantiles(LEVELS)
    assert (found[1:] >= found[:-1]).all()


@given(COLUMNS, st.integers(1, 9))
def test_a_stream_is_exact_while_it_has_room(values, step):
    found = streamed(values, step, room=10).distribution()
    np.testing.assert_array_equal(found.values, distribution(values, None).values)
    np.testing.assert_array_equal(found.counts, distribution(values, None).counts)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint64])
@pytest.mark.parametrize("kind", ["whole", "wide", "fractions", "in order", "far from zero", "one fraction"])
def test_values_and_counts_are_numpys(kind, dtype):
    x = RNG.integers(3, 90, 1000)
    made = {
        "whole": x,
        "wide": x * 300,
        "fractions": x / 8,
        "in order": np.sort(x),
        "far from zero": x + {np.int16: 32_000, np.float32: 2**23}.get(dtype, 2**52),
        "one fraction": np.append(x, 5.5),
    }
    values = made[kind].astype(dtype)
    found = distribution(values, None)
    expected, counts = np.unique(values.astype(np.float64), return_counts=True)
    np.testing.assert_array_equal(found.values, expected)
    np.testing.assert_array_equal(found.counts, counts)
    assert found.values.dtype == found.counts.dtype == np.float64


def test_few_different_values_stay_exact_however_many_rows_there_are():
    values = np.tile(np.arange(25.0), 40_000)
    found = streamed(values, 50_000, room=10)
    assert found.rank_error() == 0
    assert found.distribution().counts.tolist() == [40_000] * 25


ORDERS = {
    "shuffled": lambda x: np.random.default_rng(1).permutation(x),
    "increasing": lambda x: x,
    "decreasing": lambda x: x[::-1],
    "from both ends": lambda x: np.where(np.arange(len(x)) % 2, x[::-1], x),
    "half of it one value": lambda x: np.random.default_rng(2).permutation(np.maximum(x, len(x) // 2)),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("room", "step"), [(64, 1000), (64, 37), (256, 5000)])
def test_a_long_stream_keeps_its_rank_error(order, room, step):
    n = 40_000
    values = ORDERS[order](np.arange(float(n)))
    found = streamed(values, step, room)
    assert 0 < found.rank_error() < 0.1
    assert found.distribution().counts.sum() == n  # no row is lost
    assert sum(map(len, found.buffers)) <= len(found.buffers) * room
    ordered, levels = np.sort(values), np.linspace(0, 1, 101)
    quantiles = found.distribution().quantiles(levels)
    low, high = np.searchsorted(ordered, quantiles, "left") / n, np.searchsorted(ordered, quantiles, "right") / n
    off = np.maximum(np.maximum(low - levels, levels - high), 0)
    between = 2.0 ** (len(found.buffers) - 1) / n  # a value of the sketch stands for so many rows
    assert off.max() <= found.rank_error() + between
    assert off.max() > 0 or order.startswith("half")
    if not order.startswith("half"):  # values move up in turn: no rank is drawn to one side
        assert abs(np.mean((low + high) / 2 - levels)) < found.rank_error() / 5


def test_a_stream_is_the_same_bits_again_and_buffers_shrink_with_many_columns():
    values = np.random.default_rng(0).normal(size=30_000)
    one, two = streamed(values, 700, 64), streamed(values, 700, 64)
    np.testing.assert_array_equal(one.distribution().values, two.distribution().values)
    assert [room_for(n) for n in (0, 1, 64, 128, 10**6)] == [
        *[VALUES_PER_BUFFER] * 3,
        VALUES_OF_ALL_COLUMNS // 128,
        FEWEST_VALUES_PER_BUFFER,
    ]


def test_two_sketches_join():
    values = np.random.default_rng(0).permutation(20_000).astype(float)
    found = streamed(values[:9000], 500, 64).joined(streamed(values[9000:], 500, 64))
    median = found.distribution().quantiles(np.array([0.5]))[0]
    assert found.distribution().counts.sum() == 20_000
    assert abs(median / 20_000 - 0.5) < found.rank_error()


@pytest.mark.parametrize("order", ORDERS)
def test_sketches_joined_in_a_tree_keep_their_rank_error(order):
    """Sixteen of them, each of so many rows that its values have moved up."""
    n, room = 64_000, 64
    values = ORDERS[order](np.arange(float(n)))
    found = [streamed(part, 500, room) for part in np.array_split(values, 16)]
    while len(found) > 1:
        found = [one.joined(two) for one, two in zip(found[::2], found[1::2], strict=True)]
    whole = found[0]
    assert whole.joins == 4
    assert whole.distribution().counts.sum() == n
    ordered, levels = np.sort(values), np.linspace(0, 1, 101)
    quantiles = whole.distribution().quantiles(levels)
    low, high = np.searchsorted(ordered, quantiles, "left") / n, np.searchsorted(ordered, quantiles, "right") / n
    off = np.maximum(np.maximum(low - levels, levels - high), 0)
    assert off.max() <= whole.rank_error() + 2.0 ** (len(whole.buffers) - 1) / n


WEIGHTINGS = {
    "any": lambda rng, n: rng.gamma(1, 1, n),
    "tiny": lambda rng, n: rng.gamma(1, 1, n) * 1e-20,
    "huge": lambda rng, n: rng.gamma(1, 1, n) * 1e9,
    "of three sizes": lambda rng, n: rng.choice([1e-3, 0.7, 50.0], n),
    "tiny at first": lambda rng, n: rng.gamma(1, 1, n) * np.where(np.arange(n) < n // 2, 1e-20, 1e9),
    "whole at first": lambda rng, n: np.where(np.arange(n) < n // 2, rng.integers(1, 5, n), rng.uniform(0.01, 0.1, n)),
    "whole at last": lambda rng, n: np.where(np.arange(n) < n // 2, rng.uniform(0.01, 0.1, n), rng.integers(1, 5, n)),
}


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_long_stream_of_weighted_rows_keeps_its_rank_error(weighting, step):
    n, room = 8_000 if step > 1 else 2_000, 64
    rng = np.random.default_rng(6)
    values, weights = rng.permutation(n).astype(float), WEIGHTINGS[weighting](rng, n)
    found = None
    for a in range(0, n, step):
        part = slice(a, a + step)
        here = QuantileSketch(distribution(values[part], weights[part]), room=room)
        found = here if found is None else found.joined(here)
    assert 0 < found.rank_error() < (0.35 if weighting != "tiny at first" else 1)
    order = np.argsort(values)
    ranks = np.cumsum(weights[order]) / weights.sum()  # of the weight up to each value
    sketch = found.distribution()
    np.testing.assert_allclose(sketch.counts.sum(), weights.sum(), rtol=1e-3)
    at = np.searchsorted(values[order], sketch.values)
    off = np.abs(np.cumsum(sketch.counts) / sketch.counts.sum() - ranks[at])
    between = found.quantum * 2.0 ** (len(found.buffers) - 1) / weights.sum()
    assert off.max() <= found.rank_error() + between
