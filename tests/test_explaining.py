"""`explain` against what can be known without gradients: linear models, differences of predictions, made-up tables."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import lamina
from lamina import DeepClassifier, DeepRegressor
from lamina.errors import ColumnError, DataError, MissingExtraError, SettingError
from lamina.explaining import Explanation, encoded, explain

rng = np.random.default_rng(0)
N = 150
AGE = np.where(rng.random(N) < 0.1, np.nan, rng.normal(40, 10, N))
TOWN = rng.choice(np.array(["Bern", "Lagos", "Lima", "Oslo", "Rome", None], object), N)
SINCE = (np.datetime64("2020-01-01") + rng.integers(0, 900, N).astype("m8[D]")).astype("M8[s]")
FRAME = pd.DataFrame(
    {"noise": rng.normal(size=N), "town": TOWN, "since": SINCE, "owns": rng.random(N) < 0.5, "age": AGE, "one": 1.0}
)
Y = 50 * (TOWN == "Lima") + 10 * (np.nan_to_num(AGE, nan=40) - 40) + (SINCE - SINCE.min()).astype(float) / 86400 / 90
QUICK = {
    "preset": "sklearn",
    "hidden_layer_sizes": (32,),
    "max_iter": 20,
    "learning_rate_init": 0.03,
    "random_state": 0,
    "dtype": "float64",
}
EMBEDDED = {"embed_above": 3, "embedding_size": 2}
CLASSES = np.array(["low", "mid", "top"])[np.digitize(Y, np.quantile(Y, [0.3, 0.6]))]


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


def by_name(explanation):
    return {c: (s, t) for c, s, t in zip(explanation.columns, explanation.strength, explanation.slope, strict=True)}


def strengths(contributions):
    """Of contributions to a sum, (rows, columns): the mean distance from the mean."""
    return np.abs(contributions - contributions.mean(axis=0)).mean(axis=0)


# ---- models whose effects are known ----


def test_a_linear_model_has_the_effects_of_its_coefficients():
    """Least squares on its own predictions finds the coefficients; no gradient is involved."""
    X = rng.normal(size=(80, 4)) * [1, 5, 0.1, 2] + [0, 10, 3, -2]
    model = regressor(hidden_layer_sizes=()).fit(X, 100 * X[:, 0] + 3 * X[:, 1] + 7)
    found = explain(model, X)
    coefficients = LinearRegression().fit(X, model.predict(X)).coef_
    np.testing.assert_allclose(found.strength, strengths(coefficients * X), rtol=1e-6)
    np.testing.assert_allclose(found.slope, coefficients * X.std(axis=0), rtol=1e-6)  # per standard deviation
    assert found.columns == ("x0", "x1", "x2", "x3")
    assert found.outcome == "y"


@pytest.mark.parametrize("settings", [{}, EMBEDDED, {**EMBEDDED, "n_members": 3}, {"n_members": 2, "front_scale": 2.0}])
def test_an_additive_model_has_the_effects_of_its_columns(settings):
    """A network without hidden layers adds what its columns say: put one alone to its values, watch the predictions."""
    model = regressor(hidden_layer_sizes=(), **settings).fit(FRAME, Y)
    kinds = [layer.kind for layer in model.model_.network.layers]
    assert ("embedding" in kinds) == ("embed_above" in settings)
    contributions = []
    for name in FRAME.columns:
        still = pd.concat([FRAME.iloc[[0]]] * N, ignore_index=True)
        still[name] = FRAME[name]
        contributions.append(model.predict(still))
    found = explain(model, FRAME)
    expected = strengths(np.transpose(contributions))
    assert expected[1] > 1  # the town
    np.testing.assert_allclose(found.strength, expected, rtol=1e-6, atol=1e-9)
    assert list(np.isnan(found.slope)) == [False, True, False, True, False, True]


def test_classes_of_a_linear_model():
    """What a column adds to the logarithm of a probability, less what it adds to that of all classes."""
    X = rng.normal(size=(120, 3))
    y = np.array(["a", "b", "c"])[np.argmax(X @ rng.normal(size=(3, 3)), axis=1)]
    model = classifier(hidden_layer_sizes=()).fit(X, y)

    def score(rows):
        log = np.log(model.predict_proba(rows))
        return log - log.mean(axis=1, keepdims=True)

    coefficients = LinearRegression().fit(X, score(X)).coef_  # (classes, columns)
    for k, label in enumerate("abc"):
        found = explain(model, X, outcome=label)
        np.testing.assert_allclose(found.strength, strengths(coefficients[k] * X), rtol=1e-5)
        np.testing.assert_allclose(found.slope, coefficients[k] * X.std(axis=0), rtol=1e-5)
        assert found.outcome == f"Z[L] of {label!r}"
    predicted = coefficients[np.searchsorted(["a", "b", "c"], model.predict(X))]  # (rows, columns)
    found = explain(model, X)
    np.testing.assert_allclose(found.strength, np.abs(predicted * (X - X.mean(axis=0))).mean(axis=0), rtol=1e-5)
    assert found.outcome == "Z[L] of the predicted class"


def test_two_classes():
    model = classifier().fit(FRAME, CLASSES == "low")
    assert model.model_.network.n_outputs == 1
    second, first = explain(model, FRAME), explain(model, FRAME, outcome=False)
    np.testing.assert_array_equal(second.strength, first.strength)
    np.testing.assert_array_equal(second.slope, -first.slope)
    assert (second.outcome, first.outcome) == ("Z[L] of True", "Z[L] of False")
    assert by_name(second)["age"][1] < 0  # Y grows with age


# ---- against differences of predictions ----


def differences(predict, frame, column, step):
    """dO/dx of every row, by central differences."""
    up, down = (predict(frame.assign(**{column: frame[column] + d})) for d in (step, -step))
    return (up - down) / (2 * step)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"activation": "mish", "numeric_embedding": "periodic", **EMBEDDED, "n_members": 2},
        {"loss": "poisson", "activation": "tanh"},
        {"loss": "poisson", "activation": "tanh", "n_members": 2},
        {"loss": "quantile(quantiles=(0.5,))", "activation": "selu", "normalization": "layer"},
    ],
)
def test_slope_and_strength_of_a_number_by_differences(settings):
    model = regressor(**{"activation": "tanh", **settings}).fit(FRAME, np.abs(Y))
    here = FRAME[FRAME["age"].notna()]
    column = model.model_.encoder.numbers.at.tolist().index(4)
    scale = model.model_.encoder.numbers.scale[column]
    d = differences(model.predict, here, "age", 1e-3)
    found = by_name(explain(model, here))
    assert found["age"][1] == pytest.approx(np.mean(d) * scale, rel=1e-4)
    # no value is missing here, so the indicator is the same in all rows
    assert found["age"][0] == pytest.approx(np.mean(np.abs(d * (here["age"] - here["age"].mean()))), rel=1e-4)


def test_members_of_a_classifier_by_differences():
    """Members explain what they say together: the differences of `decision_function`."""
    model = classifier(n_members=3, activation="tanh").fit(FRAME[["noise", "age"]], CLASSES)

    def contrast(frame):
        Z = model.decision_function(frame[["noise", "age"]])  # (rows, classes)
        return Z[:, 1] - Z.mean(axis=1)

    d = differences(contrast, FRAME, "noise", 1e-4)
    found = by_name(explain(model, FRAME[["noise", "age"]], outcome="mid"))
    scale = FRAME["noise"].std(ddof=0)
    assert found["noise"][1] == pytest.approx(np.mean(d) * scale, rel=1e-4)
    assert found["noise"][0] == pytest.approx(np.mean(np.abs(d * (FRAME["noise"] - FRAME["noise"].mean()))), rel=1e-4)


@pytest.mark.parametrize("target", [0, 1])
def test_several_targets_and_quantiles(target):
    """Effects are in units of the target: the second is in thousands."""
    X = rng.normal(size=(60, 2))
    y = np.column_stack([X[:, 0], 1000 * X[:, 1]])
    model = regressor(loss="quantile(quantiles=(0.2, 0.8))", activation="tanh").fit(X, y)
    frame = pd.DataFrame(X, columns=["x0", "x1"])
    for q in (0, 1):
        found = explain(model, X, outcome=2 * target + q)
        for j in (0, 1):
            d = differences(lambda f: model.predict(f.to_numpy())[:, target, q], frame, f"x{j}", 1e-4)  # noqa: B023
            assert found.slope[j] == pytest.approx(np.mean(d) * X[:, j].std(), rel=1e-4)
        assert found.outcome == f"y[{2 * target + q}]"


def test_several_labels():
    labels = np.column_stack([Y > 20, np.nan_to_num(AGE) > 40]).astype(int)
    model = classifier(max_iter=40).fit(FRAME, labels)
    assert explain(model, FRAME, outcome=1).columns[explain(model, FRAME, outcome=1).order[0]] == "age"
    with pytest.raises(SettingError, match="predicts 2 labels: say which, outcome=0 to 1"):
        explain(model, FRAME)


# ---- what it is for ----


@pytest.mark.parametrize("settings", [{}, EMBEDDED, {**EMBEDDED, "n_members": 2}, {"preset": "auto", "batch_size": 32}])
def test_what_matters_comes_first_and_noise_last(settings):
    frame = FRAME[["noise", "age", "town"]]
    y = 100 * (TOWN == "Lima") + 50 * (TOWN == "Oslo") + (np.nan_to_num(AGE, nan=40) - 40)
    found = explain(regressor(max_iter=60, **settings).fit(frame, y), frame)
    assert [found.columns[j] for j in found.order] == ["town", "age", "noise"]
    assert found.strength[0] < 0.2 * found.strength[2]


def test_a_constant_column_says_nothing():
    found = by_name(explain(regressor().fit(FRAME, Y), FRAME))
    assert found["one"][0] == 0
    assert np.isnan(found["one"][1])


def test_dates_taken_apart_have_a_strength_and_no_slope():
    model = regressor(dates="parts").fit(FRAME, Y)
    strength, slope = by_name(explain(model, FRAME))["since"]
    assert strength > 0
    assert np.isnan(slope)


def test_blocks_do_not_matter(monkeypatch):
    model = classifier(**EMBEDDED, n_members=2).fit(FRAME, CLASSES)
    whole = explain(model, FRAME)
    monkeypatch.setattr(encoded, "ROWS_PER_BLOCK", 7)
    parts = explain(model, FRAME)
    np.testing.assert_allclose(parts.strength, whole.strength, rtol=1e-9)
    np.testing.assert_allclose(parts.slope, whole.slope, rtol=1e-9)
    monkeypatch.setattr(encoded, "NUMBERS", 1)  # a row at a time
    np.testing.assert_allclose(explain(model, FRAME).strength, whole.strength, rtol=1e-9)


def test_models_from_files_and_rows_of_any_kind(tmp_path):
    model = regressor().fit(FRAME, Y)
    model.save(tmp_path / "m.lamina")
    FRAME.to_parquet(tmp_path / "rows.parquet")
    loaded = lamina.load(tmp_path / "m.lamina")
    expected = explain(model, FRAME)
    for rows in (FRAME, FRAME[FRAME.columns[::-1]], tmp_path / "rows.parquet"):
        np.testing.assert_array_equal(explain(loaded, rows).strength, expected.strength)
    assert explain(replace(loaded, target_name="price"), FRAME).outcome == "price"
    assert lamina.explain is explain


# ---- errors ----


def test_errors_say_what_to_do():
    model = classifier(max_iter=1).fit(FRAME, CLASSES)
    with pytest.raises(NotFittedError, match="DeepRegressor instance is not fitted yet"):
        explain(regressor(), FRAME)
    with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing:\n- age"):
        explain(model, FRAME.drop(columns="age"))
    with pytest.raises(ColumnError, match="missing: age"):
        explain(model.model_, FRAME.drop(columns="age"))
    with pytest.raises(DataError, match="two rows or more expected, found 1"):
        explain(model, FRAME[:1])
    with pytest.raises(SettingError, match=r"outcome='mit': expected one of 'low', 'mid', 'top'. Did you mean 'mid'\?"):
        explain(model, FRAME, outcome="mit")
    for other, name in [(make_pipeline(model), "Pipeline"), (DeepClassifier, "DeepClassifier"), (None, "NoneType")]:
        with pytest.raises(SettingError, match=f"or Model, found {name}. For a search pass search.best_estimator_"):
            explain(other, FRAME)


def test_errors_of_several_outputs():
    X = rng.normal(size=(40, 2))
    model = regressor(max_iter=1).fit(X, X)
    with pytest.raises(SettingError, match="predicts 2 numbers for a row: say which, outcome=0 to 1"):
        explain(model, X)
    with pytest.raises(SettingError, match="outcome=2: expected a whole number from 0 to 1"):
        explain(model, X, outcome=2)


# ---- how it looks ----

SMALL = Explanation(("age", "<town>", "noise"), np.array([2.0, 12.5, 0.25]), np.array([-1.5, np.nan, 0.125]), "price")


def test_the_table():
    assert str(SMALL).splitlines() == [
        "what moves price",
        "column  strength   slope",
        "------------------------",
        "<town>      12.5",
        "age            2    -1.5",
        "noise       0.25  +0.125",
    ]
    html = SMALL._repr_html_()
    assert "<tr><td>&lt;town&gt;</td><td>12.5</td><td></td></tr><tr><td>age</td>" in html
    assert "<caption>what moves price</caption><tr><th>column</th>" in html


def test_the_frame():
    expected = pd.DataFrame(
        {"column": ["<town>", "age", "noise"], "strength": [12.5, 2, 0.25], "slope": [np.nan, -1.5, 0.125]}
    )
    pd.testing.assert_frame_equal(SMALL.to_frame(), expected)


def test_the_picture(monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    axes = SMALL.plot(top=2)
    assert [bar.get_width() for bar in axes.patches] == [12.5, 2]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["<town>", "age"]
    assert axes.yaxis_inverted()
    assert axes.get_xlabel() == "mean |effect| on price"
    mine = pyplot.subplots()[1]
    assert SMALL.plot(mine) is mine
    assert len(mine.patches) == 3
    pyplot.close("all")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="Pictures need matplotlib"):
        SMALL.plot()


# ---- many rows ----


@pytest.fixture(scope="module")
def fitted():
    return regressor().fit(FRAME, Y)


def test_of_many_rows_a_sample_is_looked_at_and_said(fitted):
    seen = []
    found = explain(fitted, FRAME, most=50, progress=seen.append)
    assert (found.n_rows, found.of_rows, sum(seen)) == (50, N, 100)
    assert str(found).splitlines()[0] == f"what moves y, on a sample of 50 of {N} rows"
    assert f"on a sample of 50 of {N} rows</caption>" in found._repr_html_()
    drawn = [k for k in range(200) if _same(found, explain(fitted, FRAME, most=50, seed=k))]
    assert drawn == [0]  # seeded: the same by default, another by another seed
    spread = [explain(fitted, FRAME, most=100, seed=k).strength for k in range(30)]
    np.testing.assert_allclose(np.mean(spread, axis=0), explain(fitted, FRAME).strength, rtol=0.05, atol=0.05)


def test_a_sample_holds_rows_once(fitted):
    marked = FRAME.assign(noise=np.arange(N) * 1e3)
    found, whole = explain(fitted, marked, most=N - 1), explain(fitted, marked, most=None)
    assert found.n_rows == N - 1
    np.testing.assert_allclose(found.strength, whole.strength, rtol=0.1, atol=1e-9)


def test_few_rows_are_all_looked_at(fitted):
    for most in (N, None, 10**6):
        found = explain(fitted, FRAME, most=most)
        assert found.n_rows == found.of_rows == N
        assert _same(found, explain(fitted, FRAME))
        assert "sample" not in str(found)
    with pytest.raises(SettingError, match="most=1: expected a whole number of at least 2"):
        explain(fitted, FRAME, most=1)


def _same(one, other):
    return np.array_equal(one.strength, other.strength)
