"""Planes and what is drawn on them, against scikit-learn's components, the model's own predictions, and hand sums."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from lamina.data.tables.sources import read
from lamina.errors import SettingError
from lamina.fitting import current, prepare
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.planes import MOST_POINTS, Planes, chosen_rows
from lamina.laboratory.surfaces import answers_over, unit_over
from lamina.learning.training import train

NODES = 9


def learned(rows, epochs=3, **settings):
    run, state = prepare(
        rows.X, rows.y, settings={**rows.settings, **settings}, task=rows.task, target_name=rows.target
    )
    for _ in train(run, state, until=epochs):
        pass
    return run, state


def planes_of(run, rows):
    return Planes(read(rows.X), run.columns.encoder, np.dtype(run.settings["dtype"]))


def grid(plane):
    x, y = (np.linspace(axis.low, axis.high, plane.resolution) for axis in plane.axes)
    return np.array([(a, b) for b in y for a in x])


def answers(plane, run, state, name="y"):
    return answers_over(plane, run.network, run.engine.predict, state.params, run.columns.target, name)


def test_two_columns_are_drawn_in_their_own_units():
    rows = built_in("moons")
    run, state = learned(rows)
    plane = planes_of(run, rows).of(None, NODES)
    X = np.stack([rows.X["x1"], rows.X["x2"]], axis=1)
    np.testing.assert_array_equal(plane.points, X)
    assert [axis.name for axis in plane.axes] == ["x1", "x2"]
    nodes = grid(plane)
    wanted = current(run, state).predict_proba({"x1": nodes[:, 0], "x2": nodes[:, 1]})[:, 1]
    np.testing.assert_allclose(answers(plane, run, state).values.ravel(), wanted, rtol=1e-6)


def test_the_picture_spans_the_rows_but_not_what_lies_far_out():
    rng = np.random.default_rng(0)
    X = {"a": np.append(rng.uniform(0, 1, 999), 1e6), "b": rng.uniform(-5, 5, 1000)}
    run, _ = prepare(X, rng.integers(0, 2, 1000), settings={"preset": "course"}, task="classifier")
    (a, b) = Planes(read(X), run.columns.encoder, np.float64).of(None, NODES).axes
    assert -0.5 < a.low < 0 < 1 < a.high < 3
    assert -6 < b.low < -4.9 < 4.9 < b.high < 6


def test_more_columns_are_projected_as_scikit_learn_projects_them():
    rows = built_in("digits")
    run, state = learned(rows, 1)
    planes = planes_of(run, rows)
    plane = planes.of(None, NODES)
    A0 = run.columns.encoder.encode(read(rows.X), np.float64)
    pca = PCA(2, svd_solver="full").fit(A0)
    mine, theirs = plane.points, pca.transform(A0)
    signs = np.sign((mine * theirs).sum(axis=0))
    np.testing.assert_allclose(mine, theirs * signs, atol=1e-8)
    assert plane.share == pytest.approx(pca.explained_variance_ratio_.sum())
    back = pca.inverse_transform(grid(plane) * signs)
    np.testing.assert_allclose(plane.grid, back, atol=1e-8)
    found = answers(plane, run, state)
    P = np.asarray(run.engine.predict(run.network, state.params, back))
    np.testing.assert_array_equal(found.classes.ravel(), P.argmax(axis=1))
    np.testing.assert_allclose(found.values.ravel(), P.max(axis=1), rtol=1e-4)


def test_the_other_columns_stand_at_medians_and_commonest_levels():
    X = {
        "a": np.arange(6.0),
        "b": np.array([3.0, 1, 2, 2, 9, np.nan]),
        "c": ["u", "v", "v", "u", "v", "v"],
        "d": np.arange(6.0),
    }
    run, state = prepare(X, [0, 1, 0, 1, 0, 1], settings={"preset": "course", "random_state": 0}, task="classifier")
    planes = Planes(read(X), run.columns.encoder, np.float64)
    plane = planes.of(("d", "a"), NODES)
    assert plane.held == {"b": "2", "c": "v"}
    nodes = grid(plane)
    wanted = current(run, state).predict_proba(
        {"a": nodes[:, 1], "b": np.full(81, 2.0), "c": ["v"] * 81, "d": nodes[:, 0]}
    )
    np.testing.assert_allclose(answers(plane, run, state).values.ravel(), wanted[:, 1], rtol=1e-5)


def test_numbers_are_predicted_in_their_own_unit():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2))
    y = 5000 + 300 * X[:, 0]
    run, state = prepare(X, y, settings={"preset": "sklearn", "random_state": 0}, task="regressor")
    for _ in train(run, state, until=30):
        pass
    plane = Planes(read(X), run.columns.encoder, np.float32).of(None, NODES)
    found = answers(plane, run, state, "price")
    np.testing.assert_allclose(found.values.ravel(), current(run, state).predict(grid(plane)), rtol=1e-4)
    assert (found.what, found.low < 5000 < found.high) == ("price", True)


def test_a_unit_gives_what_the_equations_give():
    rows = built_in("xor")
    run, state = learned(rows, 5)
    plane = planes_of(run, rows).of(None, NODES)
    p = run.network.named(state.params)
    A1 = np.tanh(p["W1"] @ grid(plane).T + p["b1"])
    A2 = np.tanh(p["W2"] @ A1 + p["b2"])
    np.testing.assert_allclose(unit_over(plane, run.network, state.params, 2, 3).values.ravel(), A2[2], atol=1e-6)
    Z3 = p["W3"] @ A2 + p["b3"]
    np.testing.assert_allclose(unit_over(plane, run.network, state.params, 3, 1).values.ravel(), Z3[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("layer", "unit", "said"), [(4, 1, "from 1 to 3"), (0, 1, "from 1 to 3"), (1, 7, "6 units"), (1, 0, "6 units")]
)
def test_other_units_are_refused(layer, unit, said):
    rows = built_in("xor")
    run, state = learned(rows, 0)
    plane = planes_of(run, rows).of(None, NODES)
    with pytest.raises(SettingError, match=said):
        unit_over(plane, run.network, state.params, layer, unit)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("x1", "x1"), "two different"),
        (("x1",), "two different"),
        (("x1", "x9"), "no column 'x9'"),
        (("x1", "c"), "holds no numbers"),
    ],
)
def test_other_axes_are_refused(names, said):
    X = {"x1": [0.0, 1, 2, 3], "x2": [1.0, 0, 1, 0], "c": ["u", "v", "u", "v"]}
    run, _ = prepare(X, [0, 1, 0, 1], settings={"preset": "course"}, task="classifier")
    with pytest.raises(SettingError, match=said):
        Planes(read(X), run.columns.encoder, np.float64).of(names, NODES)


def test_of_very_many_rows_the_same_are_chosen_each_time():
    first, second = chosen_rows(10 * MOST_POINTS), chosen_rows(10 * MOST_POINTS)
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first)) == MOST_POINTS
    np.testing.assert_array_equal(chosen_rows(5), np.arange(5))
