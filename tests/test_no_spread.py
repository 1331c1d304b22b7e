"""Numbers of no spread: targets that are one number, and columns that come to vary only later."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.metrics import r2_score

import lamina
from lamina import DeepClassifier, DeepRegressor
from lamina.data.encoding.numbers import SCALINGS
from lamina.learning.presets import PRESETS

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 3))
Y = X[:, 0] - 2 * X[:, 1]
LABELS = (Y > 0).astype(int)
FEW = {"max_iter": 2, "random_state": 0}
LOSSES = ["squared_error", "absolute_error", "huber", "quantile(quantiles=(0.1, 0.5, 0.9))", "poisson", "gamma"]
# The network of the sklearn preset at a rate that learns these rows in a few passes.
QUICK = {"preset": "sklearn", "learning_rate_init": 0.01, "random_state": 0}


# ---- targets ----


@pytest.mark.parametrize("value", [0.1, 1e-9, 3e12])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_constant_target_is_predicted_as_it_is(loss, value):
    model = DeepRegressor(loss=loss, **FEW).fit(X, np.full(300, value))
    np.testing.assert_array_equal(model.predict(5 * X), np.full_like(model.predict(X), value))


@pytest.mark.parametrize("preset", [*PRESETS])
@pytest.mark.parametrize("scaled", [True, False])
def test_with_every_preset(preset, scaled):
    model = DeepRegressor(preset=preset, scale_target=scaled, **FEW).fit(X, np.full(300, -7.3))
    np.testing.assert_array_equal(model.predict(5 * X), -7.3)


def test_one_constant_target_beside_another_that_varies(tmp_path):
    model = DeepRegressor(**QUICK, max_iter=30).fit(X, np.column_stack([Y, np.full(300, 0.1)]))
    model.save(tmp_path / "m.lamina")
    for fitted in (model, lamina.load(tmp_path / "m.lamina")):
        predicted = fitted.predict(X)
        np.testing.assert_array_equal(predicted[:, 1], 0.1)
        assert r2_score(Y, predicted[:, 0]) > 0.9


def test_numbers_that_vary_are_not_kept_in_their_range():
    model = DeepRegressor(**QUICK, max_iter=30).fit(X, Y)
    assert model.predict(5 * X).max() > Y.max()


@pytest.mark.parametrize("settings", [{}, {"scale_target": False}, {"loss": "poisson"}, {"loss": "gamma"}], ids=str)
def test_a_target_that_hardly_varies(settings):
    y = np.full(300, 0.1)
    y[17] += 1e-8
    np.testing.assert_allclose(DeepRegressor(**settings, **FEW).fit(X, y).predict(X), 0.1, rtol=0, atol=1e-8)


def test_a_target_that_is_constant_but_for_rounding():
    y = np.full(300, 0.1)
    y[:150] = 0.3 - 0.2
    np.testing.assert_allclose(DeepRegressor(**FEW).fit(X, y).predict(X), 0.1, rtol=1e-14)


# ---- columns ----


def passes(model, rows, y, n=20):
    for _ in range(n):
        model.partial_fit(rows, y)
    return model


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("first", ["a row", "constant rows", "nothing there"])
@pytest.mark.filterwarnings("ignore:no value in any training row")
def test_a_column_takes_its_scale_from_the_first_rows_that_have_a_spread(first, scaling, tmp_path):
    start = {"a row": X[:1], "constant rows": np.ones((9, 3)), "nothing there": np.full((9, 3), np.nan)}[first]
    model = DeepClassifier(**QUICK, scaling=scaling).partial_fit(start, LABELS[: len(start)], classes=[0, 1])
    passes(model, X, LABELS)
    assert model.score(X, LABELS) > 0.95
    model.save(tmp_path / "m.lamina")
    np.testing.assert_array_equal(lamina.load(tmp_path / "m.lamina").predict(X), model.predict(X))


def test_the_scale_is_that_of_those_rows_and_stays():
    model = DeepRegressor(**QUICK).partial_fit(np.column_stack([X[:, 0], np.ones(300)]), Y)
    before = model.model_.encoder.numbers
    model.partial_fit(5 * X[:, :2] + 3, Y)
    after = model.model_.encoder.numbers
    assert (after.location[0], after.scale[0]) == (before.location[0], before.scale[0])
    np.testing.assert_allclose([after.location[1], after.scale[1]], [np.mean(5 * X[:, 1] + 3), np.std(5 * X[:, 1])])
    encoder = model.partial_fit(X[:, :2], Y).model_.encoder
    assert encoder.numbers is after


def test_a_target_takes_its_scale_then_too():
    model = DeepRegressor(**QUICK).partial_fit(X[:1], Y[:1])
    np.testing.assert_array_equal(model.predict(X), Y[0])
    assert passes(model, X, 1000 * Y + 5e5).score(X, 1000 * Y + 5e5) > 0.9


@pytest.mark.parametrize("preset", ["auto", "td"])
def test_with_waves_of_numbers(preset):
    """The waves are those of the first network; what came later is a number without."""
    start = np.column_stack([X[:, 0], np.ones((300, 2))])
    model = DeepClassifier(preset=preset, random_state=0).partial_fit(start, LABELS, classes=[0, 1])
    assert passes(model, X, LABELS, 12).score(X, LABELS) > 0.9


@pytest.mark.parametrize("preset", ["auto", "sklearn"])
def test_where_no_column_varied_at_first(preset):
    model = DeepClassifier(preset=preset, warm_start=True, max_iter=3, random_state=0).fit(np.ones((300, 3)), LABELS)
    for _ in range(5):
        model.fit(X, LABELS)
    assert model.score(X, LABELS) > 0.8


def test_of_frames_with_dates_and_categories():
    days = pd.date_range("2020-01-31 23:00", periods=300, freq="7h")
    frame = pd.DataFrame({"g": np.where(X[:, 2] > 0, "p", "q"), "d": days, "v": X[:, 0]})
    one_day = frame.assign(d=days[0], v=np.nan)
    settings = {"dates": "cyclic", "scaling": "quantile"}
    with pytest.warns(lamina.errors.DataWarning, match="no value in any training row in column 'v'"):
        model = DeepRegressor(**QUICK, **settings).partial_fit(one_day, Y)
    numbers = passes(model, frame, X[:, 0], 30).model_.encoder.numbers
    assert (numbers.scale > 0).all()
    assert model.score(frame, X[:, 0]) > 0.8


def test_of_sparse_rows():
    start, rows = sp.csr_array((20, 3)), sp.csr_array(X * (np.abs(X) > 0.5))
    model = DeepRegressor(**QUICK).partial_fit(start, Y[:20])
    assert passes(model, rows, Y).score(rows, Y) > 0.8


def test_a_column_that_never_varies_stays_at_0():
    rows = np.column_stack([X, np.ones(300)])
    model = passes(DeepRegressor(**QUICK), rows, Y, 3)
    np.testing.assert_array_equal(model.transform(rows, 0)[:, 3], 0)
