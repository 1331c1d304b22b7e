"""Data frames go straight in: text, categories, missing values and dates; names are checked at predict."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import ColumnError, DataError
from plain_network import PLAIN

N = 120
rng = np.random.default_rng(0)
AGE = np.where(rng.random(N) < 0.1, np.nan, rng.normal(40, 10, N))
CITY = rng.choice(np.array(["Berlin", "Lagos", "Lima", None], object), N, p=[0.4, 0.3, 0.2, 0.1])
OWNS = rng.random(N) < 0.5
SINCE = np.datetime64("2020-01-01") + rng.integers(0, 900, N).astype("m8[D]")
FRAME = pd.DataFrame(
    {"age": AGE, "city": CITY, "owns": OWNS, "since": SINCE.astype("M8[s]"), "rooms": np.arange(N) % 5}
)
Y = 3 * (CITY == "Lagos") + 2 * OWNS + np.nan_to_num(AGE - 40, nan=20) / 10
NAMES = ["age", "age missing", "city=Berlin", "city=Lagos", "city=Lima", "city missing", "owns=True", "since", "rooms"]
QUICK = PLAIN | {"hidden_layer_sizes": (8,), "max_iter": 30, "learning_rate_init": 0.03, "random_state": 0}
KINDS = {
    "pandas": lambda frame: frame,
    "pandas with pyarrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.from_pandas,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_a_frame_of_any_library_says_the_same(kind):
    model = regressor().fit(kind(FRAME), Y)
    expected = regressor().fit(FRAME, Y)
    assert model.model_.encoder.feature_names == tuple(NAMES)
    np.testing.assert_array_equal(model.predict(kind(FRAME)), expected.predict(FRAME))
    np.testing.assert_array_equal(model.predict(FRAME), expected.predict(kind(FRAME)))
    assert model.score(kind(FRAME), Y) > 0.8
    assert model.n_features_in_ == 5
    assert list(model.feature_names_in_) == list(FRAME.columns)


def test_what_scikit_learn_would_make_of_the_columns():
    """Its own scaler and one-hot encoder, for columns without gaps; a binary column is -1 and 1 here."""
    whole = FRAME[["age", "city", "rooms"]].dropna()
    theirs = make_column_transformer(
        (StandardScaler(), ["age", "rooms"]), (OneHotEncoder(sparse_output=False), ["city"])
    ).fit_transform(whole)
    ours = regressor(dtype="float64", max_iter=1).fit(whole, Y[whole.index]).transform(whole, 0)
    np.testing.assert_allclose(ours[:, [0, 4, 1, 2, 3]], theirs, atol=1e-12)


def test_a_gap_is_the_mean_and_a_mark():
    model = regressor(max_iter=1).fit(FRAME, Y)
    A0 = dict(zip(NAMES, model.transform(FRAME, 0).T, strict=True))
    np.testing.assert_array_equal(A0["age missing"], np.isnan(AGE))
    np.testing.assert_array_equal(A0["age"][np.isnan(AGE)], 0)
    np.testing.assert_array_equal(A0["city missing"], [city is None for city in CITY])
    assert A0["city=Lima"][CITY == "Lima"].all()


def test_gaps_only_at_predict():
    model = regressor(max_iter=2).fit(FRAME[["rooms", "owns"]], Y)
    gaps = pd.DataFrame({"rooms": [np.nan, 2.0], "owns": [None, True]})
    mean = FRAME["rooms"].mean()
    filled = model.predict(pd.DataFrame({"rooms": [mean], "owns": [None]}))
    np.testing.assert_allclose(model.predict(gaps)[0], filled[0], rtol=1e-6)
    assert np.isfinite(model.predict(gaps)).all()


def test_a_category_never_seen_is_no_error():
    """It is encoded as unknown: 0 in all of the column's features."""
    model = regressor(max_iter=1).fit(FRAME, Y)
    new = FRAME[:3].assign(city="Atlantis")
    A0 = pd.DataFrame(model.transform(new, 0), columns=NAMES)
    assert (A0[[name for name in NAMES if name.startswith("city")]] == 0).all(axis=None)
    assert np.isfinite(model.predict(new)).all()


def test_labels_of_a_series():
    for y in (
        pd.Series(CITY).fillna("none"),
        pd.Categorical(np.where(OWNS, "b", "a")),
        pl.Series(OWNS),
        pa.array(OWNS),
    ):
        model = DeepClassifier(**QUICK | {"max_iter": 2}).fit(FRAME, y)
        assert set(model.predict(FRAME)) <= set(np.asarray(y))


def test_targets_of_a_frame():
    two = pd.DataFrame({"a": Y, "b": -Y}, index=np.arange(N)[::-1])
    np.testing.assert_array_equal(
        regressor(max_iter=2).fit(FRAME, two).predict(FRAME),
        regressor(max_iter=2).fit(FRAME, two.to_numpy()).predict(FRAME),
    )


def test_an_index_means_nothing():
    other = FRAME.set_index(rng.permutation(N) + 1000)
    np.testing.assert_array_equal(
        regressor(max_iter=2, early_stopping=True, scoring="r2").fit(other, pd.Series(Y)).predict(other),
        regressor(max_iter=2, early_stopping=True, scoring="r2").fit(FRAME, Y).predict(FRAME),
    )


def test_a_dictionary_of_columns_and_a_list_of_mixed_rows():
    columns = {"rooms": list(FRAME["rooms"]), "city": list(CITY)}
    model = regressor(max_iter=2).fit(columns, Y)
    expected = regressor(max_iter=2).fit(FRAME[["rooms", "city"]], Y).predict(FRAME[["rooms", "city"]])
    np.testing.assert_array_equal(model.predict(columns), expected)
    rows = [list(row) for row in zip(FRAME["rooms"], CITY, strict=True)]
    np.testing.assert_array_equal(regressor(max_iter=2).fit(rows, Y).predict(rows), expected)


def test_a_masked_array_has_gaps():
    rooms = np.ma.masked_array(FRAME[["rooms", "owns"]].to_numpy(float), mask=np.arange(2 * N).reshape(N, 2) % 7 == 0)
    model = regressor(max_iter=1).fit(rooms, Y)
    np.testing.assert_array_equal(model.transform(rooms, 0)[:, 1], rooms.mask[:, 0])


# ---- names at predict ----


@pytest.fixture(scope="module")
def trained():
    return regressor(max_iter=2).fit(FRAME, Y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f[["city", "age", "owns", "since", "rooms"]], "must be in the same order as they were in fit"),
        (lambda f: f.drop(columns="city"), "Feature names seen at fit time, yet now missing:\n- city"),
        (lambda f: f.assign(pets=1), "Feature names unseen at fit time:\n- pets"),
        (lambda f: f.rename(columns={"city": "town"}), "unseen at fit time:\n- town\n.*yet now missing:\n- city"),
    ],
    ids=["re-ordered", "missing", "extra", "renamed"],
)
def test_names_are_checked(change, message, kind, trained):
    with pytest.raises(ValueError, match=f"(?s)feature names should match.*{message}"):
        trained.predict(kind(change(FRAME)))


def test_names_that_occur_twice():
    twice = pd.DataFrame(np.zeros((3, 3)), columns=["a", "b", "a"])
    with pytest.raises(ColumnError, match="column names occur more than once: 'a'; rename or drop them"):
        regressor().fit(twice, [1, 2, 3])


def test_names_that_are_half_text():
    with pytest.raises(ColumnError, match=r"partly text and partly not; convert them: frame.columns ="):
        regressor().fit(pd.DataFrame(np.zeros((3, 2)), columns=["a", 1]), [1, 2, 3])


def test_an_array_after_a_frame_is_taken_by_position():
    two = FRAME[["age", "rooms"]]
    model = regressor(max_iter=2).fit(two, Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but DeepRegressor was fitted with"):
        found = model.predict(two.to_numpy())
    np.testing.assert_array_equal(found, model.predict(two))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("age", ["x"] * 3, "column 'age' held numbers in training, here it holds text: 'x' in row 0"),
        (
            "age",
            ["41", "x", "3"],
            "column 'age' held numbers in training, here it holds text: 'x' in row 1. Correct it",
        ),
        ("since", [1.0, 2, 3], "column 'since' held dates in training, here it holds numbers"),
        ("city", pd.to_datetime(["2020-01-01"] * 3), "column 'city' held text in training, here it holds dates"),
    ],
)
def test_a_column_of_another_kind(column, values, message, trained):
    with pytest.raises(DataError, match=message):
        trained.predict(FRAME[:3].assign(**{column: values}))


# ---- frames out, and pipelines ----


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    model = regressor(max_iter=2).set_output(transform=library).fit(FRAME, Y)
    out = model.transform(FRAME)
    assert type(out).__module__.startswith(library)
    assert list(out.columns) == [f"deepregressor{i}" for i in range(8)]
    np.testing.assert_array_equal(out.to_numpy(), regressor(max_iter=2).fit(FRAME, Y).transform(FRAME))


def test_in_a_pipeline_behind_a_transformer_with_names():
    scaler = StandardScaler().set_output(transform="pandas")
    model = make_pipeline(scaler, regressor(max_iter=2)).fit(FRAME[["age", "rooms"]].fillna(0), Y)
    assert list(model[-1].feature_names_in_) == ["age", "rooms"]


def test_the_default_learns_from_the_hour_of_a_date():
    """As of flights that are late in the evening; a single number of days cannot say so."""
    rng = np.random.default_rng(0)
    minutes = rng.integers(0, 180 * 24 * 60, 3000)
    when = pd.Timestamp("2001-01-01") + pd.to_timedelta(minutes, unit="min")
    late = rng.random(3000) < 0.1 + 0.6 * (np.asarray(when.hour) > 16) - 0.05 * (np.asarray(when.day_of_week) == 5)
    frame = pd.DataFrame({"when": when, "distance": rng.normal(size=3000)})
    cost = {}
    for dates in ("auto", "number", "parts"):
        model = DeepClassifier(dates=dates, max_iter=12, random_state=0).fit(frame[:2000], late[:2000])
        cost[dates] = log_loss(late[2000:], model.predict_proba(frame[2000:]))
    assert cost["auto"] == cost["parts"] < 0.75 * cost["number"]
    assert DeepClassifier(preset="td", max_iter=1).fit(frame[:100], late[:100]).settings_["dates"] == "number"
