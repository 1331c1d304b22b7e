"""Order, hold-out and weights: what does not depend on the order of the rows, and what adds up."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from lamina.data.row_hash import hash_rows
from lamina.data.splitting import Part, canonical_rows, check_weights, hold_out, shuffled, split_of
from lamina.data.tables.sources import read
from lamina.errors import DataError


def bits(n):
    return np.random.default_rng(1).integers(0, 2**32, n, dtype=np.uint32)


def wide_bits(n):
    return bits(n).astype(np.uint64) << np.uint64(32)


def test_shuffled_is_the_order_of_the_random_words():
    expected = np.argsort(bits(1000), kind="stable")
    np.testing.assert_array_equal(shuffled(1000, bits), expected)
    np.testing.assert_array_equal(shuffled(1000, wide_bits), expected)
    assert shuffled(5, lambda n: np.zeros(n, np.uint32)).tolist() == [0, 1, 2, 3, 4]  # ties keep their order


def test_shuffled_is_fair():
    rng = np.random.default_rng(0)
    orders = Counter(tuple(shuffled(4, lambda n: rng.integers(0, 2**32, n, dtype=np.uint32))) for _ in range(24_000))
    assert len(orders) == 24
    chi_squared = sum((count - 1000) ** 2 / 1000 for count in orders.values())
    assert chi_squared < 60  # 23 degrees of freedom: P(more) < 1e-4


@given(st.integers(2, 200), st.floats(0.01, 0.99))
def test_hold_out_parts_are_the_rows(n, fraction):
    train, held = hold_out(n, fraction, bits)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(n))
    assert len(held) == min(max(round(fraction * n), 1), n - 1)
    assert (np.diff(train) > 0).all()
    assert (np.diff(held) > 0).all()


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.floats(0.05, 0.95))
def test_every_class_keeps_a_row_to_train_on(strata, fraction):
    strata = np.array(strata)
    try:
        train, held = hold_out(len(strata), fraction, bits, strata)
    except DataError:
        assert len(set(strata)) == len(strata)  # no class has a row to spare
        return
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(len(strata)))
    assert set(strata[train]) == set(strata)
    wanted = min(max(round(fraction * len(strata)), 1), len(strata) - 1)
    assert len(held) == min(wanted, len(strata) - len(set(strata)))


def test_classes_have_their_share_as_in_scikit_learn():
    strata = np.repeat(["a", "b", "c"], [70, 20, 10])
    _, held = hold_out(100, 0.2, bits, strata)
    ours = Counter(strata[held].tolist())
    theirs = Counter(train_test_split(strata, test_size=0.2, stratify=strata, random_state=0)[1].tolist())
    assert ours == theirs == {"a": 14, "b": 4, "c": 2}
    strata = np.repeat(["a", "b", "c"], [58, 36, 6])  # shares of 8.7, 5.4 and 0.9
    _, held = hold_out(100, 0.15, bits, strata)
    assert Counter(strata[held].tolist()) == {"a": 9, "b": 5, "c": 1}


def test_a_part_is_split_in_two():
    """Rows and weights go along; positions are those of the part."""
    part = Part(np.array([7, 7, 3, 1, 9, 4]), np.arange(6.0))
    split = split_of(part, 0.3, bits, np.array([0, 0, 0, 1, 1, 1]))
    at, held = hold_out(6, 0.3, bits, np.array([0, 0, 0, 1, 1, 1]))
    assert (split.train.n, split.validation.n) == (4, 2)
    for found, expected in ((split.train, at), (split.validation, held)):
        np.testing.assert_array_equal(found.rows, part.rows[expected])
        np.testing.assert_array_equal(found.weights, part.weights[expected])
    assert split_of(Part(np.arange(6)), 0.3, bits).validation.weights is None


@pytest.mark.parametrize(
    ("n", "fraction", "strata"), [(1, 0.1, None), (10, 0.0, None), (10, 1.0, None), (3, 0.3, [0, 1, 2])]
)
def test_rows_that_make_no_two_parts(n, fraction, strata):
    with pytest.raises(
        DataError, match=r"cannot hold out .*pass validation data \(X_val, y_val\), or set early_stopping=False"
    ):
        hold_out(n, fraction, bits, strata)


def frame(X):
    words = np.array(["", "é", "x", "1"])[X[:, 0].astype(int) % 4]
    return read({"a": X[:, 0], "b": words, "c": X[:, 1] > 0, "d": pd.Categorical(words), "e": X[:, 1]})


WRAPPERS = {
    "matrix": np.array,
    "CSR": sp.csr_array,
    "table": read,
    "sparse table": lambda X: read(sp.csr_array(X)),
    "frame": frame,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
@pytest.mark.parametrize("with_y", [False, True])
def test_a_weight_of_two_is_two_rows_in_any_order(wrap, with_y):
    rng = np.random.default_rng(5)
    X = rng.integers(0, 6, (60, 2)).astype(float)  # many equal rows
    Y = rng.integers(0, 2, (60, 1)).astype(float) if with_y else None
    weights = rng.integers(0, 4, 60).astype(float)
    order = rng.permutation(60)
    repeated = np.repeat(np.arange(60), weights.astype(int))

    def result(rows, w):
        part, fingerprint = canonical_rows(wrap(X[rows]), None if Y is None else Y[rows], w)
        assert part.weights is None
        assert part.n == len(part.rows)
        XY = X if Y is None else np.hstack([X, Y])
        return XY[rows][part.rows], fingerprint

    expected, fingerprint = result(repeated, None)
    for other in (
        result(np.arange(60), weights),
        result(order, weights[order]),
        result(rng.permutation(repeated), None),
        result(repeated, np.ones(len(repeated))),
    ):
        np.testing.assert_array_equal(other[0], expected)
        assert other[1] == fingerprint


def test_other_weights_are_scaled_to_mean_1():
    rng = np.random.default_rng(6)
    X = rng.integers(0, 3, (40, 2)).astype(float)
    weights = np.append(rng.uniform(0, 2, 39), 0.0)
    found, fingerprint = canonical_rows(X, None, weights)
    rows, w = found.rows, found.weights
    assert found.n == 39
    assert 39 not in rows
    assert abs(w.mean() - 1) < 1e-15
    np.testing.assert_allclose(w / w[0], weights[rows] / weights[rows[0]], rtol=1e-14)
    order = rng.permutation(40)
    other, other_fingerprint = canonical_rows(X[order], None, weights[order])
    np.testing.assert_array_equal(X[order][other.rows], X[rows])
    np.testing.assert_array_equal(other.weights, w)  # to the bit
    assert other_fingerprint == fingerprint
    some = found.some(np.array([5, 2]))
    np.testing.assert_array_equal(some.rows, rows[[5, 2]])
    np.testing.assert_array_equal(some.weights, w[[5, 2]])


def test_many_whole_weights_stay_weights_and_equal_ones_vanish():
    X = np.arange(4.0)[:, None]
    found, _ = canonical_rows(X, None, np.array([10.0, 1, 1, 5]))
    assert sorted(found.rows) == [0, 1, 2, 3]
    np.testing.assert_allclose(found.weights, np.array([10, 1, 1, 5])[found.rows] / 4.25, rtol=1e-15)
    equal, _ = canonical_rows(X, None, np.full(4, 0.3))
    assert equal.weights is None
    assert equal.some(np.arange(2)).weights is None
    assert sorted(equal.rows) == [0, 1, 2, 3]
    for heaviest, n in ((13.0, 16), (14.0, 4)):  # four times the rows is still counted
        part, _ = canonical_rows(X, None, np.array([heaviest, 1, 1, 1]))
        assert part.n == n


def test_a_fingerprint_is_of_values_targets_and_weights():
    X, Y, weights = np.arange(12.0).reshape(6, 2), np.arange(6.0)[:, None], np.array([0.5, 1, 1, 2, 1, 1])
    X_2, Y_2, weights_2 = X.copy(), Y.copy(), weights.copy()
    X_2[3, 1], Y_2[2], weights_2[0] = 7.5, 9, 0.25
    found = {canonical_rows(*rows)[1] for rows in ((X, Y), (X_2, Y), (X, Y_2), (X, None), (X[:5], Y[:5]))}
    found |= {canonical_rows(X, Y, w)[1] for w in (weights, weights_2)}
    assert len(found) == 7


def test_hashes_are_of_values_not_of_bits_or_places():
    X = np.array([[0.0, np.nan, 1.0], [-0.0, -np.nan, 1.0], [0.0, np.nan, 2.0], [np.nan, 0.0, 1.0], [1.0, np.nan, 0.0]])
    X[1, 1] = np.uint64(0x7FF8000000000BAD).view(np.float64)
    words = hash_rows(X)
    assert words[0] == words[1]
    assert len(set(words.tolist())) == 4
    np.testing.assert_array_equal(hash_rows(X.astype(np.float32)), words)
    np.testing.assert_array_equal(hash_rows(np.asfortranarray(X)[::-1]), words[::-1])
    np.testing.assert_array_equal(hash_rows(sp.csr_array(X)), words)
    np.testing.assert_array_equal(hash_rows(read({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]})), words)
    assert not (hash_rows(X, np.zeros((5, 1)) + 1) == words).any()


@pytest.mark.parametrize(
    "X",
    [
        np.stack(np.meshgrid(np.arange(64.0), np.arange(64.0), np.arange(16.0)), -1).reshape(-1, 3),
        np.stack(np.meshgrid(2.0 ** np.arange(-128, 128), 2.0 ** np.arange(-128, 128)), -1).reshape(-1, 2),
        np.eye(300) + np.eye(300, k=7),
        np.random.default_rng(0).integers(0, 2, (60_000, 60)).astype(float),
    ],
    ids=["small whole numbers", "powers of two", "one-hot", "bits"],
)
def test_different_rows_have_different_hashes(X):
    assert len(np.unique(hash_rows(X))) == len(np.unique(X, axis=0))


def before_finishing(words):
    """The sums that MurmurHash3's finaliser turned into these: each of its steps is undone, the last one first."""
    for constant in (0xC4CEB9FE1A85EC53, 0xFF51AFD7ED558CCD):
        words = (words ^ (words >> np.uint64(33))) * np.uint64(pow(constant, -1, 2**64))
    return words ^ (words >> np.uint64(33))


@pytest.mark.parametrize(
    "values", [[0.0, 1.0], [0.0, 2.0**-40], np.arange(8.0)], ids=["bits", "powers", "whole numbers"]
)
def test_the_sums_behind_the_hashes_use_all_64_bits(values):
    """Else rows collide far more often than 1 in 2**64, and nobody notices below millions of rows."""
    X = np.random.default_rng(0).choice(values, (2000, 30))
    sums = before_finishing(hash_rows(X))
    assert before_finishing(hash_rows(np.zeros((1, 3)))).tolist() == [0]
    for shift in range(0, 64, 8):
        assert len(np.unique((sums >> np.uint64(shift)).astype(np.uint8))) > 250


def test_hashes_are_spread_evenly():
    words = hash_rows(np.arange(100_000.0)[:, None])
    for shift in (0, 20, 56):
        counts = np.bincount((words >> np.uint64(shift)).astype(np.uint8), minlength=256)
        chi_squared = ((counts - len(words) / 256) ** 2 / (len(words) / 256)).sum()
        assert chi_squared < 360  # 255 degrees of freedom: P(more) < 1e-4


def test_levels_are_hashed_by_their_text_not_their_code():
    one = pd.DataFrame({"c": pd.Categorical(["a", "b", None], categories=["a", "b"])})
    two = pd.DataFrame({"c": pd.Categorical(["a", "b", None], categories=["z", "b", "a"])})
    np.testing.assert_array_equal(hash_rows(read(one)), hash_rows(read(two)))
    np.testing.assert_array_equal(hash_rows(read({"c": ["a", "b", None]})), hash_rows(read(one)))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"3 sample weights expected, one per row; found shape \(2,\)"),
        (None, "3 sample weights expected"),
        ([[1], [1], [1]], r"found shape \(3, 1\)"),
        ([1, -1, 1], "sample weights are not negative; found -1 in row 1"),
        ([1, 1, np.nan], "sample weights are finite; found nan in row 2"),
        ([np.inf, 1, 1], "sample weights are finite; found inf in row 0"),
        ([0, 0, 0], "all sample weights are zero: at least one positive weight expected"),
        (["a", "b", "c"], "sample weights are numbers"),
        ([1, 1j, 1], "Complex data not supported"),
    ],
)
def test_weights_that_cannot_be_used(weights, message):
    with pytest.raises(DataError, match=message):
        check_weights(weights, 3)


def test_weights_are_a_copy_in_float64():
    given_weights = np.array([1, 0, 2], np.int8)
    w = check_weights(given_weights, 3)
    assert w.dtype == np.float64
    assert w.tolist() == [1, 0, 2]
    assert check_weights(pd.Series([1, 2]), 2).tolist() == [1, 2]
    floats = np.ones(2)
    assert not np.shares_memory(check_weights(floats, 2), floats)


# ---- what the order does not depend on ----

VALUES = np.random.default_rng(4).normal(size=(60, 3))
VALUES[::7, 1] = np.nan
VALUES[::5] = VALUES[0]
TARGETS = np.round(np.random.default_rng(5).normal(size=(60, 1)), 1)
CHANGES = {
    "units of y": (VALUES, TARGETS * 1000),
    "another zero of y": (VALUES, TARGETS + 7.0),
    "units of X": (VALUES * [2.54, 0.01, 1e9], TARGETS),
    "a constant column more": (np.c_[np.ones(60), VALUES], TARGETS),
    "an empty column more": (np.c_[VALUES[:, :1], np.full(60, np.nan), VALUES[:, 1:]], TARGETS),
    "a constant target more": (VALUES, np.c_[np.zeros(60), TARGETS]),
    "logarithms": (np.c_[np.exp(VALUES[:, :1]), VALUES[:, 1:]], TARGETS),
}


@pytest.mark.parametrize(
    "wrap", [np.asarray, lambda X: read(pd.DataFrame(X)), sp.csr_array], ids=["array", "frame", "csr"]
)
@pytest.mark.parametrize("change", CHANGES)
def test_the_order_depends_on_ranks_and_not_on_units(change, wrap):
    part, fingerprint = canonical_rows(VALUES, TARGETS)
    X, Y = CHANGES[change]
    found, other = canonical_rows(wrap(X), Y)
    np.testing.assert_array_equal(found.rows, part.rows)
    assert other != fingerprint  # a checkpoint is of these values


def test_rows_of_weight_0_have_no_say_in_the_ranks():
    weights = np.r_[np.ones(30), np.zeros(30)]
    part, fingerprint = canonical_rows(VALUES, TARGETS, weights)
    alone, of_alone = canonical_rows(VALUES[:30], TARGETS[:30])
    np.testing.assert_array_equal(part.rows, alone.rows)
    assert fingerprint == of_alone


@pytest.mark.parametrize("n_columns", [1, 2, 40])
def test_rows_that_differ_in_any_column_have_places_of_their_own(n_columns):
    """Whatever order they come in: their neighbours are the same."""
    X = np.random.default_rng(1).integers(0, 2, (3000, n_columns)).astype(float)
    X[:, -1] = np.random.default_rng(2).integers(0, 5, 3000)
    order = np.random.default_rng(3).permutation(3000)
    one, two = canonical_rows(X, None)[0], canonical_rows(X[order], None)[0]
    np.testing.assert_array_equal(X[one.rows], X[order][two.rows])
    assert np.abs(np.corrcoef(np.arange(3000), X[one.rows, -1])[0, 1]) < 0.1 or n_columns < 40
