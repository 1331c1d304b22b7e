"""Scaled numbers against scikit-learn's scalers on the same rows."""

import json
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler

from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import learn_encoder
from lamina.data.encoding.numbers import SCALINGS, smooth_clip
from lamina.data.tables.sources import read
from lamina.errors import DataError

RNG = np.random.default_rng(11)
X = np.column_stack([RNG.normal(5, 3, 700), RNG.lognormal(0, 2, 700), RNG.integers(0, 9, 700), RNG.uniform(size=700)])


def fitted(train, numbers, weights=None):
    return learn_encoder(read(train) if isinstance(train, np.ndarray) else train, weights, scaling=numbers)


def encoded(train, numbers, rows=None, weights=None, dtype=np.float64):
    return fitted(train, numbers, weights).encode(read(train if rows is None else rows), dtype)


def clipped(Z):
    return Z / np.sqrt(1 + (Z / 3) ** 2)


def test_robust_is_scikit_learns_with_a_smooth_clip():
    np.testing.assert_allclose(encoded(X, "robust"), clipped(RobustScaler().fit_transform(X)), rtol=1e-12, atol=1e-14)


def test_robust_falls_back_to_the_range_where_quartiles_coincide():
    column = np.array([[0.0], [0], [0], [0], [0], [0], [0], [4], [-1]])
    np.testing.assert_allclose(encoded(column, "robust"), clipped(column * (2 / 5)), rtol=1e-15)
    assert encoded(np.full((3, 1), 7.0), "robust", [[7.0], [9.0], [-1e300]]).tolist() == [[0], [0], [0]]


def test_the_smooth_clip_ends_at_3_however_far_out():
    Z = np.array([0.0, 1e-300, 1.0, -2.0, 1e8, 1e200, -1.7e308, np.inf])
    expected = [0.0, 1e-300, 1 / np.sqrt(1 + 1 / 9), -2 / np.sqrt(1 + 4 / 9), 3, 3, -3, 3]
    np.testing.assert_allclose(smooth_clip(Z.copy()), expected, rtol=1e-15)


def test_minmax_is_scikit_learns():
    rows = X * 1.5 - 1
    expected = MinMaxScaler().fit(X).transform(rows)
    np.testing.assert_allclose(encoded(X, "minmax", rows), expected, rtol=1e-12, atol=1e-13)
    trained = encoded(X, "minmax")
    assert (trained.min(axis=0).tolist(), trained.max(axis=0).tolist()) == ([0] * 4, [1] * 4)


def test_quantile_is_scikit_learns_at_the_landmarks():
    """Each of up to 1,000 rows is a landmark; a smallest number of several rows is in the middle of their levels."""
    rows = X[:, [0, 1, 3]]
    expected = QuantileTransformer(n_quantiles=700, output_distribution="normal").fit_transform(rows)
    np.testing.assert_allclose(encoded(rows, "quantile"), expected, rtol=1e-7, atol=1e-9)
    ties = np.array([[1.0], [2], [2], [2], [3], [5], [5], [9]])
    expected = QuantileTransformer(n_quantiles=8, output_distribution="normal").fit_transform(ties)
    np.testing.assert_allclose(encoded(ties, "quantile"), expected, rtol=1e-7, atol=1e-9)
    zeros = np.array([[0.0], [0], [0], [1], [2]])
    np.testing.assert_allclose(encoded(zeros, "quantile")[:, 0], norm.ppf([0.25] * 3 + [0.75, 1 - 1e-7]), rtol=1e-12)


def test_quantile_of_many_rows_is_near_scikit_learns():
    rows = RNG.lognormal(0, 1, (5000, 1))
    transformer = QuantileTransformer(output_distribution="normal").fit(rows)
    inside = np.sort(rows, axis=0)[10:-10]
    found = encoded(rows, "quantile", inside)
    np.testing.assert_allclose(found, transformer.transform(inside), atol=1e-2)
    assert len(fitted(rows, "quantile").numbers.quantiles[0]) == 1000


def test_quantile_outside_is_the_end_and_missing_the_median():
    rows = np.array([[1.0], [2.0], [10.0], [np.nan], [4.0]])
    found = encoded(rows, "quantile", [[-1e308], [1.0], [10.0], [1e308], [np.nan], [3.0]])
    end = norm.ppf(1 - 1e-7)
    np.testing.assert_allclose(found[:4, 0], [-end, -end, end, end], rtol=1e-9)
    np.testing.assert_allclose(found[4:, 0], [0, 0], atol=1e-12)  # the median is 3
    assert found[:, 1].tolist() == [0, 0, 0, 0, 1, 0]


PIXELS = RNG.integers(0, 17, (400, 9)).astype(float)
KINDS = {
    "pixels": (PIXELS, "robust"),
    "angles and speeds": (RNG.uniform(-1, 1, (400, 8)) * [3, 3, 3, 3, 5, 5, 5, 5], "robust"),
    "a few of another kind": (np.hstack([PIXELS, RNG.normal(0, 900, (400, 2))]), "robust"),
    "flags beside them": (np.hstack([PIXELS, RNG.integers(0, 2, (400, 30)) * 1000]), "robust"),
    "some missing": (np.where(RNG.random((400, 9)) < 0.2, np.nan, PIXELS), "robust"),
    "quantities of their own": (RNG.normal(size=(400, 9)) * 10.0 ** np.arange(9), "quantile"),
    "too few": (PIXELS[:, :7], "quantile"),
    "too few that vary": (np.where(np.arange(9) < 7, PIXELS, 3.0), "quantile"),
    "flags alone": (RNG.integers(0, 2, (400, 30)).astype(float), "quantile"),
    "many of another kind": (np.hstack([PIXELS, RNG.normal(0, 900, (400, 4))]), "quantile"),
}


@pytest.mark.parametrize(("rows", "expected"), KINDS.values(), ids=KINDS)
def test_suited_is_robust_where_the_columns_are_of_one_kind(rows, expected):
    found = fitted(rows, "suited")
    assert found.to_header() == fitted(rows, expected).to_header()
    in_parts = learn_encoder([read(rows[:150]), read(rows[150:])], scaling="suited")
    assert in_parts.to_header() == found.to_header()


@pytest.mark.parametrize("numbers", SCALINGS)
def test_missing_numbers_are_filled(numbers):
    column = np.append(X[:, 1], [np.nan] * 3)
    encoder = fitted(column[:, None], numbers)
    filled = np.median(X[:, 1]) if numbers in ("robust", "quantile") else X[:, 1].mean()
    rows = encoder.encode(read([[np.nan], [filled]]), np.float64)
    assert rows[:, 1].tolist() == [1, 0]
    np.testing.assert_allclose(rows[0, 0], rows[1, 0], rtol=1e-12, atol=1e-14)
    without = fitted(X, numbers).encode(read(np.full((1, 4), np.nan)))
    assert without.shape == (1, 4)  # no column for what was never missing


@pytest.mark.parametrize("numbers", SCALINGS)
@pytest.mark.parametrize("most", [1, 6])
def test_weights_are_rows_in_any_order(numbers, most):
    rows = np.where(RNG.random(X.shape) < 0.1, np.nan, X)[:90]
    weights = RNG.integers(0, most + 1, 90).astype(float)
    rows[weights == 0] = np.inf
    repeated = np.repeat(rows, weights.astype(int), axis=0)
    one, two = fitted(rows, numbers, weights), fitted(RNG.permutation(repeated), numbers)
    exact = np.testing.assert_array_equal if numbers in ("robust", "quantile") else np.testing.assert_allclose
    exact(one.encode(read(X), np.float64), two.encode(read(X), np.float64))


@pytest.mark.parametrize("numbers", SCALINGS)
def test_fractions_of_weights_in_any_order(numbers):
    """Of weights below 1 in the mean, the mean weight is one row: all of 0.25 are no weights at all."""
    weights, order = RNG.uniform(0.1, 5, len(X)), RNG.permutation(len(X))
    one, two = fitted(X, numbers, weights), fitted(X[order], numbers, weights[order])
    np.testing.assert_allclose(one.encode(read(X), np.float64), two.encode(read(X), np.float64), rtol=1e-9, atol=1e-11)
    light = fitted(X, numbers, np.full(len(X), 0.25)).encode(read(X), np.float64)
    np.testing.assert_allclose(light, encoded(X, numbers), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("numbers", SCALINGS)
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_is_dense(numbers, weighted):
    matrix = sp.random(300, 6, density=0.4, random_state=0, format="csr")
    matrix.data[::7] *= -3
    matrix.data[::11] = np.nan
    weights = RNG.integers(0, 4, 300).astype(float) if weighted else None
    sparse, dense = learn_encoder(read(matrix), weights, scaling=numbers), fitted(matrix.toarray(), numbers, weights)
    rows = read(matrix.toarray())
    np.testing.assert_allclose(sparse.encode(rows, np.float64), dense.encode(rows, np.float64), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("numbers", ["robust", "quantile"])
def test_a_wide_sparse_matrix_stays_sparse(numbers):
    at = RNG.integers(0, 2000, (2, 500))
    matrix = sp.csr_array((np.ones(500), (at[0] * 1000, at[1])), shape=(2_000_000, 2000))  # 32 GB if dense
    assert learn_encoder(read(matrix), scaling=numbers).encode(read(matrix).take([0, 1])).shape == (2, 2000)


@pytest.mark.parametrize("numbers", SCALINGS)
def test_a_stream_is_the_whole_table(numbers):
    rows = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
    table = read(rows)
    stream = fitted((table.take(slice(i, i + 100)) for i in range(0, 700, 100)), numbers)
    found, expected = (one.encode(table, np.float64) for one in (stream, fitted(rows, numbers)))
    if numbers in ("robust", "quantile"):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


EXTREME = [
    [[1.7e308], [-1.7e308], [1.0]],
    [[1.7e308], [-1.7e308], [0.0], [1e308], [-1e308]],
    [[5e-324], [0.0], [0.0]],
    [[-1e308], [0.0], [5e-324]],
    [[5e-324], [1e-323], [1e308], [0.0], [2e-323]],
    [[1e-310], [2e-310], [4e-310], [8e-310]],
    [[0.0], [1e-300], [2e-300], [3e-300], [1e300]],
]


@pytest.mark.parametrize("numbers", ["robust", "minmax", "quantile"])
@pytest.mark.parametrize("train", EXTREME, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_infinity_comes_out_over_the_whole_float_range(numbers, train, dtype):
    train = np.array(train)
    encoder = fitted(train, numbers)
    Z = encoder.encode(read(train), dtype)[:, 0]
    assert np.isfinite(Z).all()
    assert np.abs(Z).max() <= {"robust": 3, "minmax": 2, "quantile": 5.2}[numbers]
    order = np.argsort(train[:, 0])
    assert (np.diff(Z[order]) >= 0).all()
    assert Z[order[0]] < Z[order[-1]]
    if numbers != "minmax":
        assert np.isfinite(encoder.encode(read([[1.79e308], [-1.79e308], [0.0]]), dtype)).all()
    json.dumps(encoder.to_header(), allow_nan=False)


def test_quantile_between_landmarks_further_apart_than_the_largest_float():
    end = norm.ppf(1 - 1e-7)
    found = encoded(np.array([[-1.7e308], [1.7e308]]), "quantile", [[-0.85e308], [0.0], [0.85e308]])
    np.testing.assert_allclose(found[:, 0], [-end / 2, 0, end / 2], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("numbers", SCALINGS)
@pytest.mark.parametrize("row", [np.inf, -np.inf])
def test_infinity_is_refused_whatever_the_scaling(numbers, row):
    for train in ([[1.0], [2.0], [5.0]], [[1.0], [1.0], [1.0]]):
        with pytest.raises(DataError, match=r"infinity.*column 'x0', row 1"):
            encoded(np.array(train), numbers, [[1.0], [row], [np.nan]])
    with pytest.raises(DataError, match=r"infinity.*column 'x0', row 1"):
        fitted(np.array([[1.0], [row]]), numbers)


@given(st.integers(0, 2**32), st.sampled_from([np.float32, np.float64]), st.sampled_from(SCALINGS))
def test_a_row_is_encoded_alone_as_among_others(seed, dtype, numbers):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, 3)) * 10.0 ** rng.integers(-30, 30, 3)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[0] = 1, 2, 3
    encoder, table = fitted(rows, numbers), read(rows)
    together = encoder.encode(table, dtype)
    for i in range(0, 40, 7):
        np.testing.assert_array_equal(encoder.encode(table.take([i]), dtype)[0], together[i])
    back = Encoder.from_header(json.loads(json.dumps(encoder.to_header(), allow_nan=False)))
    np.testing.assert_array_equal(back.encode(table, dtype), together)


def test_which_encoded_columns_are_numbers():
    rows = {"a": [1.0, None, 3.0], "t": ["x", "y", "z"], "c": [5.0, 5.0, 5.0], "b": [1, 2, 3]}
    encoder = fitted(read(rows), "standard")
    assert [encoder.feature_names[k] for k in encoder.number_positions] == ["a", "b"]
    assert encoder.embedded == ()


def test_the_work_grows_with_the_columns_and_not_with_their_square():
    """Counted in lines that run, as time would depend on the machine."""

    def lines(columns):
        count = 0

        def tracer(frame, event, argument):
            nonlocal count
            count += event == "line"
            return tracer

        train = RNG.normal(size=(5, columns))
        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            fitted(train, "robust")
        finally:
            sys.settrace(before)
        return count

    assert lines(800) < 5 * lines(200)
