"""`contributions` against what can be known without gradients: linear and additive models, predictions along a way."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from sklearn.linear_model import LinearRegression

import lamina
from lamina import DeepClassifier, DeepRegressor, contributions
from lamina.errors import ColumnError, SettingError

rng = np.random.default_rng(0)
N = 120
TOWN = rng.choice(np.array(["Bern", "Lagos", "Lima", "Oslo", None], object), N)
AGE = np.where(rng.random(N) < 0.1, np.nan, rng.normal(40, 10, N))
FRAME = pd.DataFrame({"town": TOWN, "age": AGE, "noise": rng.normal(size=N), "one": 1.0})
Y = 20 * (TOWN == "Lima") + np.nan_to_num(AGE, nan=40) * (1 + FRAME["noise"].to_numpy())
CLASSES = np.array(["low", "mid", "top"])[np.digitize(Y, np.quantile(Y, [0.3, 0.6]))]
LABELS = np.column_stack([Y > 40, TOWN == "Lima"]).astype(int)
QUICK = {
    "preset": "sklearn",
    "hidden_layer_sizes": (16,),
    "max_iter": 20,
    "learning_rate_init": 0.03,
    "random_state": 0,
    "dtype": "float64",
}
EMBEDDED = {"embed_above": 3, "embedding_size": 2}


def regressor(**settings):
    return DeepRegressor(**{**QUICK, **settings})


def classifier(**settings):
    return DeepClassifier(**{**QUICK, **settings})


def test_a_linear_model_contributes_its_coefficients():
    X = rng.normal(size=(60, 3)) * [1, 5, 0.1] + [0, 10, 3]
    model = regressor(hidden_layer_sizes=()).fit(X, 100 * X[:, 0] + 3 * X[:, 1])
    found = contributions(model, X[:9], X[20:])
    coefficients = LinearRegression().fit(X, model.predict(X)).coef_
    np.testing.assert_allclose(found.values, coefficients * (X[:9] - X[20:].mean(axis=0)), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.base, model.predict(X[20:]).mean())
    np.testing.assert_allclose(found.outcomes, model.predict(X[:9]))
    assert found.n_background == 40


@pytest.mark.parametrize("settings", [{}, EMBEDDED, {**EMBEDDED, "n_members": 3}])
def test_an_additive_model_contributes_what_its_columns_change(settings):
    """Put one column of the background to the row's value: the mean of what changes is its contribution."""
    model = regressor(hidden_layer_sizes=(), **settings).fit(FRAME, Y)
    beside, row = FRAME.iloc[30:70], FRAME.iloc[[4]]
    found = contributions(model, row, beside)
    for j, name in enumerate(FRAME.columns):
        changed = model.predict(beside.assign(**{name: row[name].iloc[0]})) - model.predict(beside)
        assert found.values[0, j] == pytest.approx(changed.mean(), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    "settings", [{"activation": "tanh"}, {"activation": "gelu", "n_members": 2, "loss": "poisson"}]
)
def test_predictions_along_the_way(settings):
    """The integral of what a column moves, from predictions at points between the two rows."""
    X = rng.normal(size=(60, 2)) * [1, 5]
    model = regressor(scaling="standard", **settings).fit(X, np.exp(X[:, 0]) + X[:, 1] ** 2 / 10)
    here, there = X[0], X[1]

    def moved(t, j, step=1e-5):
        at = here + t * (there - here)
        up, down = (model.predict((at + d * np.eye(2)[j])[None])[0] for d in (step, -step))
        return (there - here)[j] * (up - down) / (2 * step)

    expected = [quad(moved, 0, 1, args=(j,), epsrel=1e-6)[0] for j in (0, 1)]
    found = contributions(model, there[None], here[None], tolerance=1e-6)
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-4)


def contrast(model, X, classes):
    Z = model.decision_function(X)
    return Z[np.arange(len(X)), classes] - Z.mean(axis=1)


def test_they_add_up_for_every_kind_of_outcome():
    rows, deep = FRAME[:12], {"preset": "auto", "dtype": "float64", "n_members": 3, "splines": ["age"]}
    binary = classifier(**deep).fit(FRAME, CLASSES == "top")
    several = classifier(n_members=2).fit(FRAME, CLASSES)
    labels = classifier(normalization="batch").fit(FRAME, LABELS)
    number = regressor(**deep | EMBEDDED).fit(FRAME, Y)
    poisson = regressor(loss="poisson", n_members=2).fit(FRAME, np.abs(Y))
    top = several.predict_proba(rows).argmax(axis=1)
    cases = [
        (binary, None, binary.decision_function(rows)),
        (binary, False, -binary.decision_function(rows)),
        (several, None, contrast(several, rows, top)),
        (several, "mid", contrast(several, rows, 1)),
        (labels, 1, labels.decision_function(rows)[:, 1]),
        (number, None, number.predict(rows)),
        (poisson, None, poisson.predict(rows)),
    ]
    for model, outcome, expected in cases:
        found = contributions(model, rows, FRAME, outcome, tolerance=1e-3)
        np.testing.assert_allclose(found.outcomes, expected, rtol=1e-5, atol=1e-6)
        assert np.abs(found.gap).max() < 5e-3 * np.abs(found.outcomes - found.base).max()
        assert np.abs(found.values[:, 3]).max() == 0  # it is the same in all rows


def test_shorter_steps_where_it_takes_them():
    model = regressor(hidden_layer_sizes=(64, 64), max_iter=60).fit(FRAME, Y)
    gaps = [np.abs(contributions(model, FRAME[:8], FRAME[8:9], tolerance=t).gap).max() for t in (10, 0.01, 1e-4)]
    assert gaps[0] > 3 * gaps[1] > 9 * gaps[2]


def test_blocks_do_not_matter(monkeypatch):
    model = classifier(**EMBEDDED, n_members=2).fit(FRAME, CLASSES)
    whole = contributions(model, FRAME[:5], FRAME)
    monkeypatch.setattr("lamina.explaining.paths.NUMBERS", 1)  # a way at a time
    np.testing.assert_allclose(contributions(model, FRAME[:5], FRAME).values, whole.values, rtol=1e-9)


def test_how_it_looks(tmp_path):
    model = regressor().fit(FRAME, Y)
    model.save(tmp_path / "m.lamina")
    one = contributions(lamina.load(tmp_path / "m.lamina"), FRAME[:1], FRAME)
    lines = str(one).splitlines()
    assert lines[0] == f"what made y of one row: {one.outcomes[0]:.4g}, beside {one.base[0]:.4g} for 100 other rows"
    assert len(lines) == 3 + 4
    assert lines[3].split()[0] == FRAME.columns[np.abs(one.values[0]).argmax()]
    several = contributions(model, FRAME[:3])
    assert several.n_background == 3
    assert several.to_frame().shape == (3, 4)
    assert "mean |contribution|" in str(several)
    assert several._repr_html_().count("<tr>") == 5
    bars = several.plot(row=2, top=2)
    assert [text.get_text() for text in bars.get_yticklabels()] == [
        FRAME.columns[j] for j in np.argsort(-np.abs(several.values[2]))[:2]
    ]


def test_what_is_refused():
    model = regressor().fit(FRAME, Y)
    for wrong, message in [({"most": 0}, "most=0"), ({"tolerance": 0}, "tolerance=0"), ({"outcome": 3}, "outcome=3")]:
        with pytest.raises(SettingError, match=message):
            contributions(model, FRAME[:2], **wrong)
    with pytest.raises(SettingError, match="expected a fitted DeepClassifier"):
        contributions(LinearRegression(), FRAME[:2])
    with pytest.raises(SettingError, match="row=3: expected a number from 0 to 1"):
        contributions(model, FRAME[:2]).plot(3)
    with pytest.raises((ColumnError, ValueError), match="age"):
        contributions(model, FRAME[:2], FRAME.drop(columns="age"))
