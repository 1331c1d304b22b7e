"""A sample of rows: the same however they were cut, with whole rows, and from all parts of the table alike."""

import numpy as np
import pytest

from lamina.data import datasets
from lamina.profiling.word_samples import SAMPLE_ROWS, WordSample

N = 3 * SAMPLE_ROWS


def sampled(size):
    bits = np.stack([np.arange(N), np.arange(N) % 7], axis=1).astype(np.uint64)
    sample = WordSample.empty(2)
    for first in range(0, N, size):
        row_numbers = np.arange(first, min(first + size, N))
        wanted = sample.wanted(row_numbers)
        sample = sample.joined(row_numbers[wanted], bits[row_numbers[wanted]])
    return sample


@pytest.mark.parametrize("size", [997, 5000, 30_000])
def test_batches_change_nothing(size):
    whole, cut = sampled(N), sampled(size)
    np.testing.assert_array_equal(cut.row_numbers, whole.row_numbers)
    np.testing.assert_array_equal(cut.bits, whole.bits)


def test_rows_are_whole_in_order_and_from_everywhere():
    found = sampled(4096).in_order()
    assert len(found) == SAMPLE_ROWS
    np.testing.assert_array_equal(found[:, 1], found[:, 0] % 7)
    assert (np.diff(found[:, 0].astype(int)) > 0).all()
    tenths = np.histogram(found[:, 0], bins=10, range=(0, N))[0] / SAMPLE_ROWS
    np.testing.assert_allclose(tenths, 0.1, atol=5 * np.sqrt(0.1 / SAMPLE_ROWS))


def test_fewer_rows_of_very_many_columns():
    assert WordSample.empty(10_000).most < 1000
    assert WordSample.empty(20).most == SAMPLE_ROWS


def test_a_profile_looks_at_these_rows(profiled):
    whole, cut = (profiled(datasets.path("adult"), "income", size) for size in (10**6, 3001))
    assert whole.rows_looked_at == SAMPLE_ROWS
    assert (whole.explained, whole.in_step) == (cut.explained, cut.in_step)
