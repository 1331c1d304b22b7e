"""Looks at the layers: what they see is what is there, and they change nothing."""

import dataclasses
import json

import numpy as np
import pytest

import small_runs
from lamina import DeepRegressor
from lamina.data.examples import InMemory
from lamina.equations.layers import BatchNorm, Dense, Dropout, Linear, Residual
from lamina.equations.losses import BinaryLogLoss, SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam, AdamW, GradientDescent
from lamina.equations.steps import Steps
from lamina.equations.verbs import gradients, train_steps
from lamina.learning import training
from lamina.learning.initialisers import starting_parameters
from lamina.learning.recipe import Recipe
from lamina.learning.schedules import Constant, Cosine
from lamina.learning.state import State
from lamina.learning.training import train
from lamina.learning.vital_signs import Rates, look_at

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5))
Y = np.tanh(X[:, :1])
NETWORK = Network(5, [Dense(8), Dense(6, "tanh"), Linear(1)], SquaredError())


def run_of(network=NETWORK, optimiser=None, **settings):
    known = {"schedule": Constant(), "learning_rate": 0.01, "batch_size": 20, "epochs": 20, "seed": 3}
    return small_runs.run_of(network, Recipe(optimiser or Adam(), **known | settings), InMemory(X, Y))


def started(run, change=None):
    params = starting_parameters(run.network, "glorot_normal", 5, np.float64)
    if change is not None:
        change(run.network.named(params))
    return State.start(run.recipe.optimiser, params)


def look(network=NETWORK, change=None, **settings):
    run = run_of(network, **settings)
    state = started(run, change)
    return look_at(run, state, state.params)


def near(values):
    """To the three digits that a look keeps."""
    return pytest.approx(values, rel=6e-3)


# ---- what is seen ----


def test_dead_units_are_those_that_no_row_turns_on():
    def change(p):
        p["b1"][:2] = -100  # of 8

    assert look(change=change)["dead"] == [0.25, 0.0, 0.0]


def test_a_leaky_unit_is_never_dead():
    def change(p):
        p["b1"][:] = -100

    assert look(Network(5, [Dense(8, "leaky_relu"), Linear(1)], SquaredError()), change)["dead"] == [0, 0]


@pytest.mark.parametrize(("function", "Z"), [("tanh", 4.0), ("sigmoid", 8.0)])
def test_saturated_are_the_flat_ends(function, Z):
    def change(p):
        p["W1"][:] = 0
        p["b1"][:3] = Z
        p["b1"][3:] = 0.1

    found = look(Network(5, [Dense(8, function), Linear(1)], SquaredError()), change)
    assert found["saturated"] == [0.375, 0.0]
    assert found["dead"] == [0.0, 0.0]


def test_units_that_are_the_same():
    def change(p):
        p["W1"][3] = p["W1"][5]
        p["W1"][7] = p["W1"][5]

    assert look(change=change)["same"] == [0.375, 0.0, 0.0]
    assert look(change=lambda p: p["W2"].fill(0.3))["same"] == [0.0, 1.0, 0.0]


def test_sizes_by_hand():
    """A network without hidden layers: Z = W X + b, dW = (1/m) dZ X."""
    network = Network(5, [Linear(1)], SquaredError())
    run = run_of(network, batch_size=60)
    state = started(run)
    found = look_at(run, state, state.params)
    W = network.named(state.params)["W1"]
    Z = X @ W.T
    assert found["cost"] == near(np.mean((Z - Y) ** 2) / 2)
    assert found["weight"] == near([np.sqrt(np.mean(W**2))])
    assert found["spread"] == near([Z.std()])
    assert found["gradient"] == near([np.sqrt(np.mean(((Z - Y).T @ X / 60) ** 2))])


@pytest.mark.parametrize("optimiser", [GradientDescent(), Adam(), AdamW(weight_decay=0.3)], ids=lambda one: one.kind)
@pytest.mark.parametrize("l2", [0.0, 5.0])
def test_the_step_is_the_one_that_the_optimiser_takes(optimiser, l2):
    """In the middle of a run, with its memory, decay and penalty, against `train_steps` on the same rows."""
    network = Network(5, [Dense(8), Linear(1)], SquaredError(), l2=l2)
    run = run_of(network, optimiser)
    state = started(run)
    for _ in train(run, state, 3):
        pass
    found = look_at(run, state, state.params, Rates(0.02, 0.5))
    before, after, memory = state.params.copy(), state.params.copy(), state.memory.copy()
    how = Steps(20, [0.02], decays=[0.5], seed=3, step=state.step, examples=60)
    train_steps(network, optimiser, after, memory, X, Y, None, np.arange(20), how)
    expected = [
        np.linalg.norm(network.named(after)[name] - network.named(before)[name])
        / np.linalg.norm(network.named(before)[name])
        for name in ("W1", "W2")
    ]
    assert found["update"] == near(expected)


def test_weights_of_zero_have_no_ratio():
    run = run_of()
    state = started(run, lambda p: p["W3"].fill(0))
    assert look_at(run, state, state.params, Rates(0.01, 1.0))["update"][2] is None


def test_what_is_not_finite_is_none():
    found = look(change=lambda p: p["W3"].fill(1e300))
    assert (found["cost"], found["gradient"][2]) == (None, None)
    json.dumps(found, allow_nan=False)


def test_layers_inside_a_residual_stand_where_their_weights_do():
    chain = [Dense(6), BatchNorm(), Residual([Dense(4, "tanh"), Dropout(0.5), Linear(6)]), Dropout(0.9), Linear(1)]
    found = look(Network(5, chain, BinaryLogLoss()), lambda p: p["W2"].fill(0))
    assert [value == 0 for value in found["weight"]] == [False, True, False, False]
    assert [value == 0 for value in found["spread"]] == [False, True, True, False]


def test_dropout_is_left_out():
    plain, dropped = (Network(5, [Dense(8), *more, Linear(1)], SquaredError()) for more in ((), (Dropout(0.9),)))
    assert look(plain) == look(dropped)


def test_a_few_rows_speak_for_many():
    wide = dataclasses.replace(run_of(), examples=InMemory(np.tile(X, (100, 1)), np.tile(Y, (100, 1))))
    state = started(wide)
    found = look_at(wide, state, state.params)
    first = gradients(NETWORK, state.params, X[:20], Y[:20])[1]
    assert found["gradient"][0] == near(np.sqrt(np.mean(NETWORK.named(first)["W1"] ** 2)))


# ---- when, and that nothing changes ----


def test_looks_double_their_distance():
    run = run_of()
    state = started(run)
    for _ in train(run, state):
        pass
    assert [one["epoch"] for one in state.looks] == [0, 1, 2, 4, 8, 16]
    assert [one["step"] for one in state.looks] == [0, 3, 6, 12, 24, 48]


def test_looking_changes_no_bit(monkeypatch):
    def params():
        run = run_of(schedule=Cosine(warmup=1), averaging=0.5)
        state = started(run)
        for _ in train(run, state):
            pass
        return state.params.tobytes(), state.memory.tobytes(), state.average.tobytes(), len(state.looks)

    *with_looks, count = params()
    monkeypatch.setattr(training, "is_due", lambda state: False)
    *without, none = params()
    assert with_looks == without
    assert (count, none) == (6, 0)


def test_the_same_fit_has_the_same_signs():
    a, b = (DeepRegressor(hidden_layer_sizes=(8,), max_iter=5, random_state=0).fit(X, Y[:, 0]).model_ for _ in "ab")
    assert a.signs == b.signs
