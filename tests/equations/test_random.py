"""Philox's known answers, and the distributions and independence of what is made of its words."""

import numpy as np
import pytest
from scipy import stats

from lamina.equations import random
from lamina.equations.random import Key, bits, kept, normal, philox, uniform

STREAMS = [random.INITIALISE, random.SHUFFLE, random.DROPOUT, random.HOLD_OUT]
ONES = 0xFFFFFFFF

# Random123's kat_vectors, the three lines "philox4x32 10": counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN, ids=["zeros", "ones", "pi"])
def test_known_answers(counter, key, words):
    block, layer, step, stream = counter
    found = philox(np.array([block]), layer, step, stream, key[0] | key[1] << 32)
    assert found.dtype == np.uint32
    assert found.tolist() == [list(words)]


def test_bits_are_the_words_of_the_blocks_in_order():
    words = philox(np.arange(3), 7, 5, 2, 11).reshape(-1)
    np.testing.assert_array_equal(bits(10, seed=11, stream=2, step=5, layer=7), words[:10])


@pytest.mark.parametrize("draw", [bits, uniform, normal])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 17])
def test_fewer_numbers_are_the_first_of_more(draw, n):
    np.testing.assert_array_equal(draw(n, seed=1, stream=0), draw(18, seed=1, stream=0)[:n])


def test_negative_and_large_seeds_are_taken_modulo_2_to_the_64():
    np.testing.assert_array_equal(bits(8, seed=-1, stream=0), bits(8, seed=2**64 - 1, stream=0))
    np.testing.assert_array_equal(bits(8, seed=2**64 + 3, stream=0), bits(8, seed=3, stream=0))


PLACES = [
    {"seed": seed, "stream": stream, "step": step, "layer": layer}
    for seed in (0, 1, 2**32, 2**63)
    for stream in STREAMS
    for step in (0, 1)
    for layer in (0, 1, 258)
]


def test_every_place_has_numbers_of_its_own():
    drawn = np.stack([bits(64, **place) for place in PLACES])
    assert len(np.unique(drawn)) > drawn.size - 5  # of 2**32 values, hardly one twice
    correlations = np.corrcoef(drawn.astype(np.float64))[np.triu_indices(len(PLACES), 1)]
    assert np.abs(correlations).max() < 0.55  # 64 numbers, 1,128 pairs: 4.4 standard deviations


def test_each_bit_is_set_half_of_the_time():
    words = bits(100_000, seed=12, stream=1)
    ones = np.array([(words >> np.uint32(k) & np.uint32(1)).sum(dtype=np.int64) for k in range(32)])
    z = (ones - 50_000) / np.sqrt(25_000)
    assert stats.chi2.sf((z**2).sum(), 32) > 0.001


def test_uniform():
    u = uniform(100_000, seed=3, stream=0)
    assert stats.kstest(u, "uniform").pvalue > 0.001
    assert stats.kstest(u[::4], "uniform").pvalue > 0.001
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.013
    assert 0 < u.min() < u.max() < 1


def test_uniform_is_never_0_or_1(monkeypatch):
    monkeypatch.setattr(random, "bits", lambda n, **place: np.array([0, ONES], np.uint32))
    assert uniform(2, seed=0, stream=0).tolist() == [2.0**-33, 1 - 2.0**-33]
    assert np.isfinite(normal(2, seed=0, stream=0)).all()


def test_normal():
    x = normal(100_001, seed=4, stream=0)
    assert x.shape == (100_001,)
    assert stats.kstest(x, "norm").pvalue > 0.001
    radius = x[:-1:2] ** 2 + x[1::2] ** 2
    assert stats.kstest(radius, stats.chi2(2).cdf).pvalue > 0.001
    assert abs(np.corrcoef(x[:-1:2], x[1::2])[0, 1]) < 0.018
    assert np.abs(x).max() > 4


# ---- dropout's draws ----


def test_rate_0_keeps_everything():
    assert kept(9, 50, 0.0, Key(5, 0)).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_kept_has_the_right_share(rate):
    D = kept(101, 2000, rate, Key(5, 0))
    assert (D.dtype, D.shape) == (np.bool_, (101, 2000))
    assert stats.binomtest(int(D.sum()), D.size, 1 - rate).pvalue > 0.001
    for axis, n in ((0, 101), (1, 2000)):  # per example, per unit
        z = (D.mean(axis=axis) - (1 - rate)) / np.sqrt(rate * (1 - rate) / n)
        assert stats.chi2.sf((z**2).sum(), len(z)) > 0.001


def test_kept_reads_the_bits_that_it_says():
    """Unit u of example i: half u % 8 of block i * ceil(units / 8) + u // 8, against the rate."""
    D = kept(11, 3, 0.3, Key(8, 9, 10))
    for u in range(11):
        for i in range(3):
            word = int(philox(np.array([i * 2 + u // 8]), 10, 9, random.DROPOUT, 8)[0, u % 8 // 2])
            assert D[u, i] == ((word // 65536 if u % 2 else word % 65536) >= round(0.3 * 65536))


def test_a_rate_just_under_1_leaves_a_few():
    assert 0 < kept(1000, 1000, 1 - 1e-9, Key(0, 0)).sum() < 60


def test_kept_does_not_depend_on_the_size_of_the_batch():
    np.testing.assert_array_equal(kept(5, 100, 0.5, Key(1, 2, 3))[:, :7], kept(5, 7, 0.5, Key(1, 2, 3)))


def test_kept_differs_with_seed_step_and_layer():
    masks = [kept(64, 8, 0.5, key).tobytes() for key in (Key(0, 0), Key(1, 0), Key(0, 1), Key(0, 0, 1), Key(0, 0, 2))]
    assert len(set(masks)) == 5
    assert kept(64, 8, 0.5, Key(0, 1)).tobytes() == masks[2]


def test_layers_of_nested_chains_have_keys_of_their_own():
    """Three deep, the first 200 of each chain."""
    outer = [Key(0, 0).inside(i) for i in range(200)]
    middle = [key.inside(i) for key in outer[:5] for i in range(200)]
    inner = [key.inside(i) for key in middle[:5] for i in range(200)]
    layers = [key.layer for key in outer + middle + inner]
    assert len(set(layers)) == len(layers)
