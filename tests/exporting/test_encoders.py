"""A[0] of onnxruntime against that of the encoder: every scaling, kind of date, spline, category and fault."""

import numpy as np
import pandas as pd
import pytest

from lamina.data.encoding.dates import DATE_CHOICES
from lamina.data.encoding.learning import learn_encoder
from lamina.data.encoding.numbers import SCALINGS
from lamina.data.tables.sources import read
from lamina.errors import DataError
from lamina.exporting import onnx_inputs
from lamina.model import Model
from onnx_runs import encoded_by_onnx

M = 400
RNG = np.random.default_rng(3)


def frame(m=M, seed=0):
    """Numbers of every shape, dates, booleans, text with gaps and rare levels; sorted columns and constant ones."""
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "normal": rng.normal(3, 2, m),
            "skewed": np.exp(rng.normal(size=m) * 3),
            "mostly 0": np.where(rng.random(m) < 0.7, 0, rng.normal(size=m)),
            "whole": rng.integers(-3, 4, m),
            "large": 9e15 + rng.integers(0, 9, m) * 2.0,
            "constant": np.full(m, 7.5),
            "job": rng.choice(["clerk", "smith", "baker", "Ångström", "1", "2.0"], m),
            "two": rng.choice(["no", "yes"], m),
            "rare": np.where(rng.random(m) < 0.03, rng.choice(["p", "q", "r"], m), rng.choice(["a", "b"], m)),
            "owner": rng.random(m) < 0.5,
            "seldom known": rng.choice(np.array([True, False, None], object), m),
            "built": pd.Timestamp("1999-12-30 22:00") + pd.to_timedelta(rng.integers(0, 900 * 24, m), unit="h"),
            "only day": pd.Timestamp("2024-02-27") + pd.to_timedelta(rng.integers(0, 5, m), unit="D"),
        }
    )
    for name in ("normal", "skewed", "job", "two", "built"):
        found.loc[rng.random(m) < 0.1, name] = None
    return found


def agree(encoder, X, dtype=np.float64, tolerance=1e-9):
    found, refused = encoded_by_onnx(encoder, X, dtype)
    expected = encoder.encode(read(X, reading=encoder.reading), dtype)
    assert found.dtype == expected.dtype == dtype
    assert not refused.any()
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("dates", DATE_CHOICES)
def test_every_scaling_and_kind_of_date(scaling, dates):
    """Rows of training, and others with values, levels and dates beyond them."""
    encoder = learn_encoder(read(frame()), scaling=scaling, dates=dates)
    agree(encoder, pd.concat([frame(), frame(60, seed=1)]))


def test_single_precision_is_rounded_at_the_end():
    encoder = learn_encoder(read(frame()), scaling="quantile", dates="parts")
    agree(encoder, frame(), np.float32, 1e-7)


@pytest.mark.filterwarnings("ignore:column .* is (text|a category):lamina.errors.DataWarning")
@pytest.mark.parametrize("settings", [{"embed_above": 2}, {"embed_above": 4}, {"max_categories": 3}, {}], ids=str)
def test_embedded_categories_and_numbers_that_are_categories(settings):
    encoder = learn_encoder(read(frame()), categorical=["whole", "mostly 0", "constant"], min_frequency=5, **settings)
    X = frame(200, seed=1)
    X.loc[:5, "whole"] = 99
    X.loc[:5, "job"] = "unheard of"
    agree(encoder, X)


def test_splines():
    X = frame()
    encoder = learn_encoder(read(X), splines=["normal", "skewed", "mostly 0", "whole", "large"])
    assert len(encoder.splines) == 5
    agree(encoder, X)
    agree(encoder, frame(100, seed=1))
    far = X[:4].assign(normal=[1e300, -1e300, 0, np.nextafter(3, 4)], skewed=[-1, 0, 1e308, 1e-308])
    agree(encoder, far)


def test_dates_over_many_centuries():
    """Leap years, turns of centuries, times before 1970: every part, against NumPy's calendar through the encoder."""
    ends = np.arange("1000-03", "3000-03", 12, dtype="M8[M]").astype("M8[D]").astype(int)  # 1 March of every year
    days = np.concatenate([RNG.integers(-700_000, 700_000, 2000), *(ends + k for k in (-60, -59, -2, -1, 0))])
    X = pd.DataFrame({"when": (days * 24 + RNG.integers(0, 24, len(days))).astype("M8[h]").astype("M8[s]"), "x": 1.0})
    for dates in ("parts", "cyclic"):
        agree(learn_encoder(read(X), dates=dates, scaling="none"), X)


def test_seconds_are_exact():
    X = pd.DataFrame({"when": pd.to_datetime(["2024-02-29 23:59:59", "2024-03-01 00:00:00", "1969-12-31 23:00:00"])})
    encoder = learn_encoder(read(X), dates="parts")
    seconds = onnx_inputs(Model(None, np.zeros(0), encoder, None), X)["when"][:, 0]
    np.testing.assert_array_equal(seconds, [1709251199, 1709251200, -3600])
    agree(encoder, X)


def test_huge_and_tiny_numbers():
    X = pd.DataFrame({"huge": [1.7e308, -1.7e308, 1e308, 0.0], "tiny": [5e-324, 0.0, 1e-300, 1e-310]})
    for scaling in ("standard", "robust", "minmax", "quantile"):
        agree(learn_encoder(read(X), scaling=scaling), X, tolerance=1e-6)


def test_a_level_that_is_empty_or_spelled_otherwise():
    X = pd.DataFrame({"c": pd.Categorical(["", "x", "2.50", "2020-01-31", "x"]), "n": 1.0})
    encoder = learn_encoder(read(X))
    agree(encoder, X)
    agree(encoder, X.assign(c=["2.5", "2020-01-31 00:00", " x ", "y", ""]))
    missing = encoded_by_onnx(encoder, X[:1].assign(c=[None]))[0]
    assert missing[0, 0] == 1  # a missing text is "", and here that is a level
    by_hand = {"c": np.array([["2.5"], ["2.50"], ["2.500"]], object), "n": np.ones((3, 1))}
    assert encoded_by_onnx(encoder, feed=by_hand)[0][:, :4].tolist() == [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_an_infinite_number_is_refused():
    X = frame()
    encoder = learn_encoder(read(X), scaling="robust")
    X = X.assign(normal=X["normal"].where(X.index != 3, np.inf), constant=X["constant"].where(X.index != 5, -np.inf))
    with pytest.raises(DataError):
        encoder.encode(read(X))
    refused = encoded_by_onnx(encoder, X)[1][:, 0]
    np.testing.assert_array_equal(np.flatnonzero(refused), [3, 5])


def test_a_number_too_large_for_the_type_is_refused():
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    encoder = learn_encoder(read(X))
    assert encoded_by_onnx(encoder, pd.DataFrame({"a": [1.0, 1e39]}), np.float32)[1][:, 0].tolist() == [False, True]


@pytest.mark.parametrize("embed_above", [None, 2])
def test_missing_values_are_refused_where_the_encoder_does(embed_above):
    X = frame().dropna()
    encoder = learn_encoder(read(X), missing="raise", embed_above=embed_above)
    agree(encoder, X)
    for name in ("normal", "job", "two", "owner", "built"):
        gap = X[:3].astype({"owner": object})
        gap.iloc[1, gap.columns.get_loc(name)] = None
        with pytest.raises(DataError, match="contains NaN"):
            encoder.encode(read(gap, reading=encoder.reading))
        assert encoded_by_onnx(encoder, gap)[1][:, 0].tolist() == [False, True, False]


@pytest.mark.parametrize("m", [1, 2])
def test_few_rows(m):
    X = frame()
    agree(learn_encoder(read(X), scaling="quantile", dates="cyclic", splines=["skewed"]), X[:m])
