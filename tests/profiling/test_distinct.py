"""Different values: exact against pandas up to the bound, and within the stated error beyond."""

import numpy as np
import pandas as pd
import pytest

from lamina.profiling.distinct import DistinctValues


def bits(numbers):
    return np.asarray(numbers, np.float64).view(np.uint64)


def test_exact_counts_are_those_of_pandas():
    x = np.random.default_rng(0).integers(0, 300, 5000)
    found = DistinctValues.of(bits(x), np.ones(len(x), np.int64), [f"n{value}" for value in x])
    expected = pd.Series(x).map("n{}".format).value_counts()
    assert found.is_exact
    assert found.number == len(expected)
    assert dict(found.most_frequent(1000)) == expected.to_dict()
    assert found.repeated == pytest.approx(pd.Series(x).duplicated().mean())


@pytest.mark.parametrize("room", [64, 1024])
def test_the_estimate_is_as_far_off_as_it_says(room):
    errors = []
    for seed in range(200):
        n = 20 * room
        found = DistinctValues.of(bits(np.arange(n) + seed * 10.0**7), room=room)
        assert not found.is_exact
        errors.append(found.number / n - 1)
    assert np.std(errors) == pytest.approx(found.standard_error, rel=0.25)
    assert abs(np.mean(errors)) < 4 * found.standard_error / np.sqrt(len(errors))


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_batches_change_nothing(size):
    x = np.random.default_rng(1).integers(0, 900, 2000)
    whole = DistinctValues.of(bits(x), room=200)
    pieces = [x[i : i + size] for i in range(0, len(x), size)]
    grown, joined = DistinctValues.of(bits([]), room=200), DistinctValues.of(bits([]), room=200)
    for piece in pieces:
        grown, joined = grown.with_rows(bits(piece)), joined.joined(DistinctValues.of(bits(piece), room=200))
    for found in (grown, joined):
        np.testing.assert_array_equal(found.kept, whole.kept)
        np.testing.assert_array_equal(found.counts, whole.counts)
        assert (found.is_exact, found.number, found.repeated) == (False, whole.number, whole.repeated)


def test_kept_values_have_all_their_rows():
    """So the part of repeated rows is that of a random sample of the values."""
    x = np.repeat(np.arange(5000.0), np.random.default_rng(2).integers(1, 4, 5000))
    np.random.default_rng(3).shuffle(x)
    found = DistinctValues.of(bits([]), room=1000)
    for piece in np.array_split(x, 50):
        found = found.with_rows(bits(piece))
    assert found.repeated == pytest.approx(pd.Series(x).duplicated().mean(), abs=0.02)


def test_full_to_the_last_place_is_exact():
    found = DistinctValues.of(bits(np.arange(100)), room=100)
    assert (found.number, found.is_exact) == (100, True)
    again = found.with_rows(bits(np.arange(100)))
    assert (again.number, again.is_exact, again.repeated) == (100, True, 0.5)
    assert not found.with_rows(bits([100])).is_exact


def test_no_rows():
    found = DistinctValues.of(bits([]))
    assert (found.number, found.repeated, found.most_frequent(5)) == (0, 0.0, [])
