"""Training with known mistakes made: the numbers are those of wrong code written by hand."""

import numpy as np
import pytest

from lamina import course
from lamina.errors import DataError, SettingError
from lamina.glassbox.practice.breaking import predictions, train
from lamina.glassbox.practice.switches import FUNCTIONS, switched_on, switches

RATE, STEPS = 0.5, 25


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(5, 7))
    return X, (X[0] * X[1] > 0).astype(float).reshape(1, 7), course.initialize_parameters_he([5, 4, 3, 1], seed=10)


def trained(rows, *keys, steps=STEPS, **settings):
    X, Y, start = rows
    return train(X, Y, start, learning_rate=RATE, steps=steps, mistakes=switched_on(keys), **settings)


def by_hand(rows, wrong="", steps=STEPS):
    """A three-layer network in plain NumPy, with one line wrong: costs, parameters, the first dW and db."""
    X, Y, start = rows
    P, m = {name: array.copy() for name, array in start.items()}, X.shape[1]
    if wrong == "starts-at-0":
        P = {name: np.zeros_like(array) for name, array in P.items()}
    costs, first = [], None
    for _ in range(steps):
        A, Z = {0: X}, {}
        for k in (1, 2, 3):
            Z[k] = P[f"W{k}"] @ A[k - 1] + (0 if wrong == "b-missing" else P[f"b{k}"])
            hidden = np.maximum(0, Z[k]) if wrong != "hidden-layers-sigmoid" else 1 / (1 + np.exp(-Z[k]))
            A[k] = hidden if k < 3 else 1 / (1 + np.exp(-Z[k]))
        loss = -(Y * np.log(A[3]) + (1 - Y) * np.log(1 - A[3])).sum()
        costs.append(loss if wrong == "cost" else loss / m)
        dA, grads = -(Y / A[3]) + (1 - Y) / (1 - A[3]), {}
        if wrong == "dAL-sign":
            dA = -dA
        for k in (3, 2, 1):
            gate = Z[k] > 0 if wrong != "gate-inverted" else Z[k] <= 0
            dZ = dA * A[k] * (1 - A[k]) if k == 3 else dA * gate
            over = 1 if wrong == "1/m" or (wrong == "1/m hidden" and k < 3) else m
            grads[f"W{k}"] = dZ @ A[k - 1].T / over
            grads[f"b{k}"] = dZ.sum(axis=1, keepdims=True) / m
            dA = P[f"W{k}"].T @ dZ
        first = first or grads
        sign = 1 if wrong == "uphill" else -1
        P = {name: array + sign * RATE * grads[name] for name, array in P.items()}
    return costs, P, first


BY_HAND = {
    "": (),
    "1/m": ("linear_backward/1/m-missing-dW",),
    "1/m hidden": ("linear_backward/1/m-missing-dW (hidden)",),
    "b-missing": ("linear_forward/b-missing",),
    "dAL-sign": ("L_model_backward/dAL-sign",),
    "gate-inverted": ("relu_backward/gate-inverted",),
    "uphill": ("update_parameters/update-sign",),
    "starts-at-0": ("initialize_parameters_he/starts-at-0",),
    "hidden-layers-sigmoid": ("L_model_forward/hidden-layers-sigmoid",),
    "cost": ("compute_cost/1/m-missing",),
}


@pytest.mark.parametrize("wrong", BY_HAND)
def test_the_numbers_are_those_of_wrong_code_by_hand(rows, wrong):
    steps = 3 if wrong in ("dAL-sign", "uphill") else STEPS  # their cost is soon infinite
    costs, parameters, first = by_hand(rows, wrong, steps)
    found = trained(rows, *BY_HAND[wrong], steps=steps)
    assert found.ended is None
    np.testing.assert_allclose(found.printed, costs, rtol=1e-9)
    for name, array in parameters.items():
        np.testing.assert_allclose(found.parameters[name], array, rtol=1e-7, atol=1e-12)
    gradients = {one.name: one.found for one in found.moments[0].gradients}
    for name, array in first.items():
        np.testing.assert_allclose(gradients[f"d{name}"], array, rtol=1e-9, atol=1e-15)


def test_costs_are_those_of_the_right_functions_whatever_the_code_prints(rows):
    right, wrong = trained(rows), trained(rows, "compute_cost/1/m-missing")
    assert wrong.costs == right.costs
    np.testing.assert_allclose(wrong.printed, 7 * np.array(right.printed))
    assert len(right.costs) == STEPS + 1
    np.testing.assert_allclose(right.costs[:-1], right.printed)


def test_gradients_stand_beside_the_right_ones_of_the_same_parameters(rows):
    X, Y, _ = rows
    found = trained(rows, "linear_backward/1/m-missing-dW", keep=(0, 10))
    assert set(found.moments) == {0, 10}
    moment = found.moments[10]
    AL, caches = course.L_model_forward(X, moment.parameters)
    right = course.L_model_backward(AL, Y, caches)
    for one in moment.gradients:
        np.testing.assert_allclose(one.expected, right[one.name], rtol=1e-9, atol=1e-15)
        assert one.same == (one.name[:2] != "dW")
    (dW3,) = [one for one in moment.gradients if one.name == "dW3"]
    assert dW3.differs.all()
    assert "7 times what it should be" in dW3.sentence


def test_only_the_layers_that_were_meant_are_wrong(rows):
    found = trained(rows, "linear_backward/sign-dW (last)", steps=1)
    assert [one.name for one in found.moments[0].gradients if not one.same] == ["dW3"]


def test_two_mistakes_are_made_together(rows):
    found = trained(rows, "linear_backward/sign-dW (last)", "linear_backward/1/m-missing-db", steps=1)
    assert [one.name for one in found.moments[0].gradients if not one.same] == ["dW3", "db3", "db2", "db1"]


def test_shapes_that_break_are_told_with_the_function_and_the_shapes(rows):
    found = trained(rows, "linear_backward/keepdims-missing")
    assert found.ended is not None
    assert (found.ended.step, found.ended.type, found.ended.function) == (1, "ValueError", "linear_forward")
    assert found.ended.sentence.startswith("ValueError in linear_forward: shapes do not fit: ")
    assert "b is (4, 4)" in found.ended.sentence
    assert "broadcast" in found.ended.message  # NumPy's own words
    assert found.notes[0] == "b1 has the shape (4, 4): expected (4, 1) after step 0."
    assert len(found.printed) == 1
    (db1,) = [one for one in found.moments[0].gradients if one.name == "db1"]
    assert db1.differs is None
    assert db1.found.shape == (4,)
    assert "shape (4,)" in db1.sentence


def test_a_start_with_the_wrong_shape_ends_before_the_first_step(rows):
    found = trained(rows, "initialize_parameters_he/W-transposed")
    assert found.ended is not None
    assert found.printed == []
    assert np.isnan(found.costs[0])
    assert found.notes[0].startswith("W1 has the shape (5, 4): expected (4, 5)")


def test_what_becomes_infinite_is_told_with_its_step(rows):
    found = trained(rows, "update_parameters/rate-divides", "update_parameters/update-sign", steps=300)
    assert found.not_finite is not None
    assert not np.isfinite(found.costs[-1])


def test_a_cost_of_many_numbers_is_told(rows):
    found = trained(rows, "compute_cost/cost-not-summed")
    assert np.isnan(found.printed).all()
    assert found.notes == ["The cost is no single number: it has the shape (1, 7)."]


@pytest.mark.parametrize("key", switches())
def test_every_switch_can_be_made(rows, key):
    first, second = trained(rows, key, steps=3), trained(rows, key, steps=3)
    np.testing.assert_array_equal(first.costs, second.costs)
    assert first.ended == second.ended
    if first.ended is not None:
        assert first.ended.function in course.__all__ or hasattr(course, first.ended.function), first.ended
        assert first.ended.type in ("ValueError", "KeyError", "IndexError"), first.ended


def test_switches_have_what_is_shown_of_them():
    assert {one.function for one in switches().values()} == set(FUNCTIONS)
    assert all(one.mistake.sentence and one.mistake.equation and one.mistake.sign for one in switches().values())
    told = [(one.function, one.mistake.sentence, one.mistake.sign) for one in switches().values()]
    assert len(told) == len(set(told))


def test_predictions_are_those_of_the_wrong_code():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2, 12))
    Y = (X[0] > X[1]).astype(float).reshape(1, 12)
    start = course.initialize_parameters_he([2, 4, 1], seed=1)
    points = rng.normal(size=(2, 30))
    AL, _ = course.L_model_forward(points, start)
    np.testing.assert_allclose(predictions(start, points), AL[0])
    b_missing = switched_on(["linear_forward/b-missing"])
    moved = {name: array + 1.0 for name, array in start.items()}
    without = {name: (array if name[0] == "W" else 0 * array) for name, array in moved.items()}
    np.testing.assert_allclose(predictions(moved, points, b_missing), course.L_model_forward(points, without)[0][0])
    found = train(X, Y, start, learning_rate=0.1, steps=2, mistakes=switched_on(["linear_backward/db-not-summed"]))
    assert predictions(found.parameters, points) is None  # b has a column for each training row


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("linear_backward/1/m-mising-dW", "Did you mean 'linear_backward/1/m-missing-dW'"),
        ("linear_backward/sign-dW (first)", r"expected \(last\) and \(hidden\)"),
        ("compute_cost/1/m-missing (last)", "made once"),
    ],
)
def test_what_cannot_be_switched_on_is_refused(key, message):
    with pytest.raises(SettingError, match=message):
        switched_on([key])


def test_rows_that_do_not_fit_are_refused(rows):
    X, Y, start = rows
    for changed, error in (
        ({"steps": 0}, SettingError),
        ({"steps": 10**6}, SettingError),
        ({"learning_rate": np.nan}, SettingError),
        ({"Y": Y.T}, DataError),
        ({"Y": Y * 3}, DataError),
        ({"X": X[:3]}, DataError),
    ):
        given = {"X": X, "Y": Y, "parameters": start, "learning_rate": RATE, "steps": 1} | changed
        with pytest.raises(error):
            train(given.pop("X"), given.pop("Y"), given.pop("parameters"), **given)
