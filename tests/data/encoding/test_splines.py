"""Linear splines against scikit-learn's SplineTransformer, and jagged columns that were made so."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.preprocessing import SplineTransformer

from lamina import DeepClassifier, DeepRegressor, explain, load
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.jagged import errors_of_unseen, is_jagged
from lamina.data.encoding.knots import MOST_KNOTS
from lamina.data.encoding.learning import learn_encoder
from lamina.data.encoding.splines import Spline, fit_spline
from lamina.data.tables.sources import read
from lamina.errors import ColumnError, DataError

RNG = np.random.default_rng(5)
FEW = RNG.choice([0.0, 1.0, 5.0, 7.5, 100.0], 400, p=[0.6, 0.2, 0.1, 0.05, 0.05])
MANY = RNG.lognormal(0, 2, 2000)


def spline_basis(x, knots):
    """scikit-learn's B-splines of degree 1."""
    made = SplineTransformer(degree=1, knots=knots[:, None], extrapolation="constant").fit(knots[:, None])
    return made.transform(np.asarray(x, float)[:, None])


@pytest.mark.parametrize("x", [FEW, MANY], ids=["few values", "many values"])
def test_it_is_scikit_learns_basis_made_even(x):
    spline = fit_spline(0, x)
    rows = np.concatenate([x, [-5.0, 1e9, x.min(), x.max(), 0.3]])
    H = spline_basis(x, spline.knots)
    expected = (spline_basis(rows, spline.knots) - H.mean(axis=0)) * np.minimum(3, 1 / H.std(axis=0))
    np.testing.assert_allclose(spline.basis(rows), expected, rtol=1e-9, atol=1e-12)


def test_the_knots_are_quantiles_of_the_different_values():
    assert fit_spline(0, FEW).knots.tolist() == [0, 1, 5, 7.5, 100]
    repeated = np.concatenate([MANY, np.repeat(MANY[:3], 5000)])
    knots = fit_spline(0, repeated).knots
    assert len(knots) == MOST_KNOTS
    np.testing.assert_array_equal(knots, np.quantile(np.unique(MANY), np.linspace(0, 1, MOST_KNOTS), method="nearest"))


def test_no_spline_where_nothing_can_bend():
    assert fit_spline(0, np.array([1.0, 2.0, 1.0, np.nan])) is None
    assert fit_spline(0, np.full(3, np.nan)) is None


def test_a_row_of_weight_two_counts_as_two():
    weights = RNG.integers(0, 3, len(FEW)).astype(float)
    some = weights > 0
    weighted, repeated = fit_spline(0, FEW[some], weights[some]), fit_spline(0, np.repeat(FEW, weights.astype(int)))
    for key in ("knots", "mean", "factor"):
        np.testing.assert_allclose(getattr(weighted, key), getattr(repeated, key), rtol=1e-12)


def test_missing_is_the_mean_and_huge_numbers_are_no_trouble():
    spline = fit_spline(0, np.array([-1.7e308, 1.7e308, 1.75e308]))
    H = spline.basis(np.array([np.nan, -1.7e308, 1.7e308, 0.0, np.finfo(float).max]))
    assert (H[0] == 0).all()
    plain = H[1:] / spline.factor + spline.mean
    np.testing.assert_allclose(plain, [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0, 0, 1]], atol=1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=60, unique=True), st.floats(-2e6, 2e6))
def test_the_basis_of_any_number_adds_up_to_one(values, x):
    spline = fit_spline(0, np.array(values))
    H = spline.basis(np.array([x])) / spline.factor + spline.mean
    assert H.sum() == pytest.approx(1)
    assert (H > -1e-9).all()


# ---- which columns are jagged ----


def made(kind, n=4000, seed=3):
    """A column, and targets that follow it smoothly, by single values, or not at all."""
    rng = np.random.default_rng(seed)
    if kind == "spikes":  # most rows 0, and of the others every second value says yes
        x = np.where(rng.random(n) < 0.9, 0, rng.integers(1, 40, n)).astype(float)
        chance = np.where(x == 0, 0.2, np.where(x % 2 == 0, 0.95, 0.05))
    else:
        x = rng.normal(size=n)
        chance = 1 / (1 + np.exp(-3 * x)) if kind == "smooth" else np.full(n, 0.4)
    return x, (rng.random(n) < chance).astype(float)[:, None]


@pytest.mark.parametrize(("kind", "expected"), [("spikes", True), ("smooth", False), ("nothing", False)])
def test_jagged_is_what_single_values_decide(kind, expected):
    x, y = made(kind)
    assert is_jagged(x, y) is expected
    assert is_jagged(x, 5 * y - 2, np.full(len(x), 2.0)) is expected
    assert is_jagged(x, np.hstack([y, 1 - y])) is expected
    assert not is_jagged(x[:500], y[:500])  # too few rows to say


def test_jagged_columns_with_gaps_and_with_few_values():
    x, y = made("spikes")
    gaps = np.where(np.random.default_rng(0).random(len(x)) < 0.3, np.nan, x)
    assert is_jagged(gaps, y)
    assert not is_jagged(np.zeros(len(x)), y)
    assert not is_jagged((x > 0) * 1.0, y)
    assert not is_jagged(np.full(len(x), np.nan), y)


def test_gains_that_are_small_or_uncertain_do_not_count():
    rng = np.random.default_rng(0)
    x, y = made("spikes", 20_000)
    noise = rng.normal(size=(20_000, 10))
    assert is_jagged(x, y + 0.5 * noise)
    assert not is_jagged(x, y + 1.6 * noise)  # certain, but under 1 % of the variance
    few = rng.normal(size=(2000, 1))
    few[:4] = 100.0
    assert not is_jagged(np.r_[np.full(4, 7.0), rng.integers(0, 40, 1996)], few)  # large, but four rows


def test_rows_count_by_their_weight():
    x, y = made("spikes", 8000)
    y[4000:] = np.where(x[4000:, None] > 0, 1 - y[4000:], y[4000:])  # the other half says the opposite
    assert not is_jagged(x, y)
    assert is_jagged(x, y, np.repeat([8.0, 1.0], 4000))


@pytest.mark.parametrize("weights", [None, "some"])
def test_the_two_halves_are_predicted_as_by_ridge_regression(weights):
    x, y = made("spikes", 1200)
    x += RNG.uniform(0, 0.5, 1200)
    Y, w = np.hstack([y, x[:, None] ** 0.5]), np.ones(1200) if weights is None else RNG.gamma(2, 1, 1200)
    knots = fit_spline(0, x).knots
    expected = np.empty(1200)
    for first in (0, 1):
        seen, other = slice(first, None, 2), slice(1 - first, None, 2)
        mean = np.average(Y[seen], axis=0, weights=w[seen])
        ridge = Ridge(alpha=3, fit_intercept=False).fit(spline_basis(x[seen], knots), Y[seen] - mean, w[seen])
        expected[other] = ((ridge.predict(spline_basis(x[other], knots)) + mean - Y[other]) ** 2).sum(axis=1)
    np.testing.assert_allclose(errors_of_unseen(x, Y, w, knots), expected, rtol=1e-8, atol=1e-12)


# ---- in the encoder ----

FRAME = pd.DataFrame(
    {
        "gain": np.where(RNG.random(300) < 0.1, np.nan, RNG.choice([0.0, 3.0, 9.0], 300)),
        "sex": RNG.choice(["f", "m", "x"], 300),
        "day": pd.date_range("2020-01-01", periods=300),
        "age": RNG.integers(17, 90, 300),
    }
)


def test_the_spline_basis_stands_behind_its_number():
    plain = learn_encoder(read(FRAME))
    encoder = learn_encoder(read(FRAME), splines=["gain", 3])
    age = [name for name in encoder.feature_names if name.startswith("age near ")]
    assert len(age) == MOST_KNOTS
    gains = ["gain", "gain near 0", "gain near 3", "gain near 9", "gain missing"]
    assert encoder.feature_names == (*gains, *plain.feature_names[2:], *age)
    assert encoder.number_positions == (0, 8, 9)
    A0, before = encoder.encode(read(FRAME), np.float64), plain.encode(read(FRAME), np.float64)
    np.testing.assert_array_equal(A0[:, [0, 4, 5, 6, 7, 8, 9]], before)
    x = FRAME["gain"].to_numpy()
    np.testing.assert_array_equal(A0[:, 1:4], fit_spline(0, x).basis(x))
    alone = np.concatenate([encoder.encode(read(FRAME[i : i + 1]), np.float64) for i in range(20)])
    np.testing.assert_array_equal(alone, A0[:20])
    again = Encoder.from_header(json.loads(json.dumps(encoder.to_header())))
    np.testing.assert_array_equal(again.encode(read(FRAME), np.float64), A0)


@pytest.mark.parametrize(
    ("columns", "words"),
    [(["sex"], "'sex' holds no numbers"), (["day"], "'day' holds no numbers"), (["gian"], "no column 'gian'.*gain")],
)
def test_a_column_without_numbers_is_refused(columns, words):
    with pytest.raises(ColumnError, match=f"splines: .*{words}"):
        learn_encoder(read(FRAME), splines=columns)


def test_a_sparse_matrix_is_read_column_by_column():
    import scipy.sparse as sp

    dense = np.where(RNG.random((500, 3)) < 0.8, 0, RNG.integers(1, 5, (500, 3))).astype(float)
    A0 = [
        learn_encoder(read(rows), splines=[1]).encode(read(rows), np.float64) for rows in (dense, sp.csr_array(dense))
    ]
    np.testing.assert_allclose(A0[0], A0[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "changed",
    [
        {"at": 7},
        {"knots": [1.0, 1.0, 2.0]},
        {"knots": [0.0, 1.0]},
        {"knots": list(map(float, range(MOST_KNOTS + 1)))},
        {"mean": [0.0]},
        {"factor": [float("nan")] * 3},
        {"more": 1},
    ],
)
def test_a_header_that_is_not_right_is_refused(changed):
    header = Spline(0, *(np.arange(3.0) for _ in range(3))).to_header()
    assert Spline.from_header(header, 2).knots.tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="encoder splines"):
        Spline.from_header(header | changed, 2)


def test_an_encoder_with_splines_where_there_are_no_numbers_is_refused():
    header = learn_encoder(read(FRAME), splines=["gain", "age"]).to_header()
    for splines in (header["splines"][::-1], header["splines"][:1] * 2, [header["splines"][0] | {"at": 1}]):
        with pytest.raises(DataError, match="encoder splines"):
            Encoder.from_header(header | {"splines": splines})


# ---- in the estimators ----


def test_the_default_finds_the_column_and_learns_from_it(tmp_path):
    x, y = made("spikes", 5000)
    rows = pd.DataFrame({"noise": np.random.default_rng(0).normal(size=5000), "gain": x})
    model = DeepClassifier(random_state=0, max_iter=15).fit(rows[:4000], y[:4000, 0])
    encoder = model.model_.encoder
    assert [spline.at for spline in encoder.splines] == [1]
    plain = DeepClassifier(random_state=0, max_iter=15, splines=None).fit(rows[:4000], y[:4000, 0])
    assert plain.model_.encoder.splines == ()
    held = rows[4000:], y[4000:, 0]
    assert model.score(*held) > plain.score(*held) + 0.02
    model.save(tmp_path / "m.lamina")
    np.testing.assert_array_equal(load(tmp_path / "m.lamina").predict_proba(held[0]), model.predict_proba(held[0]))
    found = explain(model, rows)
    assert found.strength[1] > found.strength[0]
    assert np.isnan(found.slope[1])  # it goes up and down
    assert not np.isnan(found.slope[0])


def test_columns_by_name_and_settings_that_cannot_be():
    rows = pd.DataFrame({"a": np.arange(200.0), "b": np.arange(200.0) % 5})
    model = DeepRegressor(splines="b", max_iter=2).fit(rows, rows["b"])
    assert [spline.at for spline in model.model_.encoder.splines] == [1]
    with pytest.raises(ColumnError, match="splines: there is no column 'c'"):
        DeepRegressor(splines=["c"], max_iter=2).fit(rows, rows["b"])
    with pytest.raises(ValueError, match=r"splines=3\.5: expected a list of names"):
        DeepRegressor(splines=3.5).fit(rows, rows["b"])
