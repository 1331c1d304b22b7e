"""Whole numbers that are perhaps identifiers: found where rows of one number are alike, and nowhere else."""

import warnings

import numpy as np
import pandas as pd
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.data import datasets
from lamina.data.encoding.identifiers import looks_like_identifier
from lamina.errors import DataWarning

N = 12_000
rng = np.random.default_rng(0)

# Whole numbers of many values, as tables have them, and how a target may hang on them.
COLUMNS = {
    "uniform": rng.integers(0, 1000, N),
    "counts": rng.poisson(400, N),
    "few large": np.minimum(rng.lognormal(5, 1, N).astype(int), 2000),
    "prices": rng.integers(1, 400, N) * 5 + 99,
    "pages": np.abs(rng.normal(0, 300, N)).astype(int),
    "minutes": rng.integers(0, 1440, N),
    "years": 1500 + (rng.random(N) ** 0.3 * 520).astype(int),
    "mostly 0": np.where(rng.random(N) < 0.8, 0, rng.integers(1, 500, N)),
    "row numbers": np.arange(N),
    "steps": rng.integers(0, 50, N) * 1000,
}
SHAPES = {
    "line": lambda x: x,
    "bend": lambda x: np.abs(x - 1),
    "steps": lambda x: np.floor(3 * x),
    "waves": lambda x: np.sin(4 * x),
    "nothing": lambda x: 0 * x,
    "threshold": lambda x: (x > 1).astype(float),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("column", COLUMNS)
def test_no_false_alarm_on_quantities(column, shape):
    x = COLUMNS[column].astype(float)
    clean = SHAPES[shape]((x - x.mean()) / x.std())
    for noise in (0.0, 1.0):
        y = clean + noise * np.random.default_rng(1).normal(size=N)
        assert not looks_like_identifier(x, y[:, None])
        assert not looks_like_identifier(x, (y > np.median(y))[:, None])


@pytest.mark.parametrize(("n_values", "spread"), [(150, 0.3), (1000, 0.5), (2000, 1.0), (2900, 2.0)])
def test_identifiers_are_found(n_values, spread):
    x = rng.integers(0, n_values, N).astype(float)
    y = spread * rng.normal(size=n_values)[x.astype(int)] + rng.normal(size=N)
    assert looks_like_identifier(x, y[:, None])
    assert looks_like_identifier(x * 17 + 100_000, (y > 0)[:, None])
    assert not looks_like_identifier(x + 0.5, y[:, None])
    assert not looks_like_identifier(x, rng.permutation(y)[:, None])


def identified(n=6000, n_values=600):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"student": rng.integers(1000, 1000 + n_values, n), "age": rng.integers(17, 60, n)})
    return frame, rng.normal(size=n_values)[frame.student - 1000] + 0.5 * rng.normal(size=n)


def test_identifiers_become_categories_as_if_they_had_been_named():
    frame, y = identified()
    frame.loc[7, "student"] = np.nan
    frame = frame[["age", "student"]].assign(town=rng.choice(["Ulm", "Bonn", "Kiel"], len(frame)))
    for weights in (None, rng.integers(1, 4, len(frame)).astype(float)):
        auto = DeepRegressor(max_iter=3, random_state=0).fit(frame, y, sample_weight=weights)
        named = DeepRegressor(max_iter=3, random_state=0, categorical=["student"]).fit(frame, y, sample_weight=weights)
        assert auto.settings_["categorical"] == "identifiers"
        np.testing.assert_array_equal(auto.predict(frame), named.predict(frame))
    standard = DeepRegressor(max_iter=3, random_state=0, scaling="standard").fit(frame, y)
    named = DeepRegressor(max_iter=3, random_state=0, scaling="standard", categorical=["student"]).fit(frame, y)
    np.testing.assert_array_equal(standard.predict(frame), named.predict(frame))


@pytest.mark.parametrize("splines", [["student"], [0], "student", ["age", "student"]])
def test_a_column_named_in_splines_stays_a_number(splines):
    frame, y = identified()
    frame = frame.assign(teacher=rng.permutation(frame.student))
    effect = dict(zip(frame.teacher.unique(), rng.normal(size=frame.teacher.nunique()), strict=True))
    y = y + frame.teacher.map(effect)
    auto = DeepRegressor(max_iter=2, random_state=0, splines=splines).fit(frame, y)
    named = DeepRegressor(max_iter=2, random_state=0, splines=splines, categorical=["teacher"]).fit(frame, y)
    np.testing.assert_array_equal(auto.predict(frame), named.predict(frame))
    assert 0 in {spline.at for spline in auto.model_.encoder.splines}


def test_a_column_named_in_splines_stays_a_number_of_a_stream(tmp_path):
    frame, y = identified()
    frame.assign(mark=y).to_parquet(tmp_path / "rows.parquet", row_group_size=1000)
    models = [
        DeepRegressor(max_iter=2, random_state=0, splines=["student"], categorical=categorical).fit(
            tmp_path / "rows.parquet", target="mark", stream=True
        )
        for categorical in ("auto", None)
    ]
    np.testing.assert_array_equal(models[0].predict(frame), models[1].predict(frame))


def test_a_stream_finds_the_same_identifiers(tmp_path):
    frame, y = identified()
    frame.assign(mark=y).to_parquet(tmp_path / "rows.parquet", row_group_size=1000)
    models = [
        DeepRegressor(max_iter=3, random_state=0, categorical=categorical).fit(
            tmp_path / "rows.parquet", target="mark", stream=True
        )
        for categorical in ("auto", ["student"])
    ]
    np.testing.assert_array_equal(models[0].predict(frame), models[1].predict(frame))
    unknown = frame.assign(student=5)
    np.testing.assert_array_equal(models[0].predict(unknown), models[0].predict(unknown.assign(student=7)))


def test_a_fit_gives_the_hint_and_taking_it_helps():
    frame, y = identified()
    with pytest.warns(DataWarning, match=r"column 'student' holds 600 whole numbers in \d,\d{3} rows.*categorical=\["):
        plain = DeepRegressor(max_iter=8, random_state=0, categorical=None).fit(frame[:5000], y[:5000])
    taken = DeepRegressor(max_iter=8, random_state=0, categorical=["student"]).fit(frame[:5000], y[:5000])
    assert taken.score(frame[5000:], y[5000:]) > plain.score(frame[5000:], y[5000:]) + 0.1
    with pytest.warns(DataWarning, match="column 'student'"):
        DeepClassifier(max_iter=1, random_state=0, categorical=None).fit(frame, y > 0)
    DeepClassifier(preset="sklearn", max_iter=1).fit(frame[:500], y[:500] > 0)  # looks at no exact values: no hint


@pytest.mark.parametrize("name", datasets.names())
def test_no_hint_on_the_data_sets_that_ship(name):
    frame = pd.read_parquet(datasets.path(name))
    y, X = frame.iloc[:, -1], frame.iloc[:, :-1]
    estimator = DeepRegressor if y.dtype.kind == "f" else DeepClassifier
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator(max_iter=1, random_state=0, categorical=None).fit(X, y)


def test_no_hint_on_ordinary_tables():
    for seed in range(4):  # of twenty that were tried
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1200, 6000))
        frame = pd.DataFrame(
            {
                "age": rng.integers(17, 95, n),
                "salary": (rng.lognormal(10, 0.6, n) // 10 * 10).astype(int),
                "visits": rng.poisson(300, n),
                "year": rng.integers(1900, 2025, n),
                "minutes": rng.integers(0, 1440, n),
                "score": np.rint(rng.normal(500, 100, n)).astype(int),
                "stock": rng.geometric(0.01, n),
            }
        )
        z = (frame.age - 50) / 20 + np.log(frame.salary) / 2 + np.sin(frame.minutes / 200) + 1.5 * (frame.score > 550)
        z += rng.normal(size=n) * rng.choice([0.1, 1, 3])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            DeepRegressor(max_iter=1, random_state=0, categorical=None).fit(frame, z)
            DeepClassifier(max_iter=1, random_state=0, categorical=None).fit(frame, z > z.median())


def test_an_identifier_of_marks():
    """Of a lecturer: five marks, each a target of its own, of which it says a few percent."""
    rng = np.random.default_rng(0)
    student, lecturer = rng.integers(1, 2973, 20_000), rng.integers(1, 1129, 20_000)
    mark = 3.2 + 0.33 * rng.normal(size=2973)[student] + 0.52 * rng.normal(size=1129)[lecturer]
    mark = np.clip(np.rint(mark + 1.18 * rng.normal(size=20_000)), 1, 5).astype(int)
    assert looks_like_identifier(lecturer.astype(float), np.eye(5)[mark - 1])
    assert not looks_like_identifier(rng.permutation(lecturer).astype(float), np.eye(5)[mark - 1])
