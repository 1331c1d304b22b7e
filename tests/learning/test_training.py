"""The loop: what an epoch is, which rates its steps have, and that it goes on with the same bits from anywhere."""

import dataclasses
import itertools
import json
import time

import numpy as np
import pytest

import small_runs
from lamina.data.examples import InMemory, Sparse
from lamina.engine import choose
from lamina.equations.layers import BatchNorm, Dense, Dropout, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam, AdamW, GradientDescent
from lamina.equations.verbs import d_penalty, penalty
from lamina.learning import training
from lamina.learning.exact_values import from_json, to_json
from lamina.learning.initialisers import starting_parameters
from lamina.learning.lbfgs import LBFGS
from lamina.learning.recipe import Recipe
from lamina.learning.schedules import Constant, Cosine, Exponential, Plateau, Step
from lamina.learning.state import State
from lamina.learning.training import train

rng = np.random.default_rng(0)
X = rng.normal(size=(53, 3)).astype(np.float32)
Y = np.tanh(X[:, :1]) + rng.normal(0, 0.1, (53, 1)).astype(np.float32)
WEIGHTS = rng.gamma(2, 0.5, 53).astype(np.float32)
ROWS, HELD = InMemory(X, Y), InMemory(X[:9], Y[:9])
NETWORK = Network(3, [Linear(6), BatchNorm(), Dense(6, "tanh"), Dropout(0.2), Linear(1)], SquaredError(), l2=0.1)
ALL_OPTIMISERS = {**OPTIMISERS, "lbfgs": LBFGS}


def recipe(optimiser=None, **settings):
    known = {"schedule": Constant(), "learning_rate": 0.01, "batch_size": 8, "epochs": 6, "seed": 3}
    return Recipe(optimiser or Adam(), **{**known, **settings})


def run_of(how, rows=ROWS, validation=None, network=NETWORK, **more):
    return small_runs.run_of(network, how, rows, validation, **more)


def begin(run, dtype=np.float32):
    return State.start(run.recipe.optimiser, starting_parameters(run.network, "suited", 5, dtype))


def records(run, state, until=None):
    return [progress.record for progress in train(run, state, until) if progress.record is not None]


def watching(run, seen):
    """The run with an engine that first tells `seen` the arguments of every call of `train_steps`."""

    def train_steps(network, optimiser, params, memory, X, Y, weights, order, steps):
        seen(X, Y, weights, order, steps)
        return run.engine.train_steps(network, optimiser, params, memory, X, Y, weights, order, steps)

    return dataclasses.replace(run, engine=run.engine._replace(train_steps=train_steps))


@pytest.fixture
def small_moves(monkeypatch):
    """The loop yields after every step or two, whatever the speed of the machine."""
    monkeypatch.setattr(training, "FIRST_MULTIPLY_ADDS", 0)
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", 0)


def bits_of(state):
    """Everything of a state to the bit, but the time that it took."""
    timeless = [{name: value for name, value in record.items() if name != "seconds"} for record in state.history]
    scalars = {**state.scalars(), "history": timeless, "seconds": 0, "pass_seconds": 0}
    arrays = {name: (array.dtype.str, array.shape, array.tobytes()) for name, array in state.arrays().items()}
    return repr(scalars), arrays


def through_json(state):
    """The state as a file holds it: bytes for the arrays, text for the rest."""
    arrays = {n: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape) for n, a in state.arrays().items()}
    return State.of(arrays, from_json(json.loads(json.dumps(to_json(state.scalars(), "scalars")))))


# ---- going on ----

VARIETIES = {
    "plain": {},
    "averaging": {"averaging": 0.7, "schedule": Cosine(warmup=1.5)},
    "plateau": {"schedule": Plateau(patience=1, warmup=1.5, tolerance=0.5)},
    "early stopping": {"patience": 2, "tolerance": 0.5, "epochs": 30},
}


@pytest.mark.parametrize("variety", VARIETIES)
@pytest.mark.parametrize("kind", ALL_OPTIMISERS)
def test_from_any_yield_a_state_goes_on_with_the_same_bits(kind, variety, small_moves):
    """Dropout, running statistics, the optimiser's memory, shuffles, rates, patience: the state has it all."""
    how = recipe(ALL_OPTIMISERS[kind](), **VARIETIES[variety])
    run, copies, within = run_of(how, InMemory(X, Y, WEIGHTS), HELD), [], 0
    whole = begin(run)
    for progress in train(run, whole):
        copies.append(through_json(whole) if len(copies) % 2 else whole.copy())
        within += progress.record is None
    assert within == 0 if kind == "lbfgs" else within >= 3 * whole.epoch
    if variety == "early stopping":
        assert whole.final
        assert whole.epoch < 30
    else:
        assert whole.epoch == 6
    for state in copies[:: 1 if kind == "adam" else 5]:
        for _ in train(run, state):
            pass
        assert bits_of(state) == bits_of(whole)


@pytest.mark.parametrize("kind", ALL_OPTIMISERS)
def test_leaving_the_loop_at_every_yield_changes_no_bit(kind, small_moves):
    """A fresh loop for every single move."""
    run = run_of(recipe(ALL_OPTIMISERS[kind](), averaging=0.5), validation=HELD)
    whole, state = begin(run), begin(run)
    for _ in train(run, whole):
        pass
    while not state.stopped:
        state = state.copy()
        next(train(run, state))
    assert bits_of(state) == bits_of(whole)


@pytest.mark.parametrize("engine", ["equations", "kernels"])
def test_yields_within_an_epoch_change_no_bit(monkeypatch, engine):
    outcomes, moves = [], []
    for multiply_adds, seconds in ((2e8, 0.1), (0, 0), (0, 1e9), (2000, 0)):
        monkeypatch.setattr(training, "FIRST_MULTIPLY_ADDS", multiply_adds)
        monkeypatch.setattr(training, "SECONDS_PER_MOVE", seconds)
        run = run_of(recipe(schedule=Exponential(decay=0.9, warmup=3), averaging=0.5), validation=HELD)
        run = dataclasses.replace(run, engine=choose(NETWORK, engine))
        state = begin(run)
        moves.append(len(list(train(run, state))))
        outcomes.append(bits_of(state))
    assert outcomes[0] == outcomes[1] == outcomes[2] == outcomes[3]
    assert moves[0] == 6
    assert moves[1] == 6 * 7  # a yield for every step
    assert 6 < moves[2] < 6 * 7  # ever larger moves


@pytest.mark.parametrize("kind", ["adam", "momentum", "lbfgs"])
def test_ten_epochs_are_four_and_six(kind):
    run = run_of(recipe(ALL_OPTIMISERS[kind](), epochs=10, schedule=Cosine()), validation=HELD)
    whole, state = begin(run), begin(run)
    records(run, whole)
    assert [record.epoch for record in records(run, state, until=4)] == [1, 2, 3, 4]
    assert state.stopped == ""
    assert [record.epoch for record in records(run, state.copy(), until=7)] == [5, 6, 7]
    assert [record.epoch for record in records(run, state)] == [5, 6, 7, 8, 9, 10]
    assert bits_of(state) == bits_of(whole)


def test_leaving_the_loop_leaves_a_whole_state():
    run = run_of(recipe())
    state = begin(run)
    for progress in train(run, state):
        if progress.epoch == 2:
            break
    assert (state.epoch, state.rows, state.step, len(state.costs), state.stopped) == (2, 0, 14, 2, "")
    assert [record.epoch for record in records(run, state)] == [3, 4, 5, 6]


def test_what_progress_says(small_moves):
    run = run_of(recipe(epochs=2))
    state, seen = begin(run), []
    for progress in train(run, state):
        assert progress[:3] == (state.epoch, state.rows, state.step)
        seen.append(progress)
    within = [[(e, 8 * k, 7 * e + k, None) for k in range(1, 7)] for e in range(2)]
    assert [tuple(p) for p in seen if p.record is None] == within[0] + within[1]
    ends = [p for p in seen if p.record is not None]
    assert [tuple(p)[:3] for p in ends] == [(1, 0, 7), (2, 0, 14)]
    assert [p.record._asdict() for p in ends] == state.history


def test_nothing_is_left_to_do():
    run = run_of(recipe(epochs=2))
    state = begin(run)
    assert len(records(run, state)) == 2
    assert state.stopped == "all 2 epochs were done"
    assert list(train(run, state)) == []


def test_epochs_that_are_done_already():
    """A run is asked for fewer epochs than its state has."""
    state = begin(run_of(recipe()))
    records(run_of(recipe()), state, until=3)
    before = state.copy()
    assert list(train(run_of(recipe(epochs=2)), state)) == []
    assert state.stopped == "all 3 epochs were done"
    np.testing.assert_array_equal(state.params, before.params)


# ---- averages and schedules ----


def test_the_moving_average_of_the_parameters_is_what_is_watched():
    run, plain = run_of(recipe(averaging=0.6, epochs=9), validation=HELD), run_of(recipe(epochs=9))
    state, other = begin(run), begin(plain)
    mean = 0.0
    assert state.evaluated is state.params
    for one, _ in zip(train(run, state), train(plain, other), strict=True):
        np.testing.assert_array_equal(state.params, other.params)  # training itself does not change
        stays = min(0.6, one.epoch / (9 + one.epoch)) if one.epoch > 1 else 0
        mean = stays * mean + (1 - stays) * other.params
        np.testing.assert_allclose(state.evaluated, mean, rtol=1e-5, atol=1e-6)
        expected = run.engine.cost(NETWORK, state.evaluated, X[:9], Y[:9])
        assert one.record.validation_cost == pytest.approx(expected, rel=1e-6)
    assert not np.allclose(state.evaluated, state.params, rtol=1e-3)


def test_schedules_of_decay_and_dropout_reach_every_step():
    """Against a loop of single steps, the factors written out: 0.9^epoch on the decay, 0.5^epoch on dropout."""
    optimiser, orders = AdamW(weight_decay=0.5), []
    how = recipe(optimiser, decay_schedule=Exponential(decay=0.9), dropout_schedule=Step(every=1, drop=0.5), epochs=3)
    run = run_of(how)
    state, by_hand, engine = begin(run), begin(run), run.engine
    assert len(records(watching(run, lambda X, Y, w, order, steps: orders.append(order)), state)) == 3
    step, W = 0, NETWORK.spans["weights"]
    for epoch, order in enumerate(orders):
        for k in range(7):
            rows = order[k * 8 : (k + 1) * 8]
            _, grads = engine.gradients(
                NETWORK, by_hand.params, X[rows], Y[rows], seed=3, step=step, dropout=0.5**epoch
            )
            grads[W] += d_penalty(NETWORK, by_hand.params, 53)
            engine.update(NETWORK, optimiser, by_hand.params, grads, by_hand.memory, 0.01, step, decay=0.9**epoch)
            step += 1
    np.testing.assert_array_equal(state.params, by_hand.params)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (Constant(), [1.0] * 4),
        (Step(every=2, drop=0.1), [1, 1, 0.1, 0.1]),
        (Exponential(decay=0.5), [1, 0.5, 0.25, 0.125]),
        (Constant(warmup=2), [(6.5 / 7) / 2, (1 + 6.5 / 7) / 2, 1, 1]),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_the_rate_of_the_last_step_of_each_epoch(schedule, rates):
    """53 rows in batches of 8 are 7 steps; the middle of the last is 6.5/7 of the epoch."""
    run = run_of(recipe(schedule=schedule, epochs=4))
    found = [record.learning_rate for record in records(run, begin(run))]
    np.testing.assert_allclose(found, 0.01 * np.array(rates), rtol=1e-12)


@pytest.mark.parametrize("moves", ["large", "small"])
def test_every_step_has_a_rate_and_a_number_of_its_own(moves, request):
    if moves == "small":
        request.getfixturevalue("small_moves")
    seen = []
    run = run_of(recipe(schedule=Constant(warmup=3), epochs=3))
    list(train(watching(run, lambda X, Y, w, order, steps: seen.append(steps)), begin(run)))
    assert len(seen) == (3 if moves == "large" else 21)
    rates = np.concatenate([steps.rates for steps in seen])
    np.testing.assert_allclose(rates, 0.01 * (np.arange(21) + 0.5) / 21, rtol=1e-12)
    first = np.cumsum([0, *(len(steps.rates) for steps in seen[:-1])])
    assert [(s.batch_size, s.seed, s.step, s.examples) for s in seen] == [(8, 3, int(k), 53) for k in first]


# ---- what an epoch is ----


def test_an_epoch_takes_every_row_once():
    """With a rate that moves nothing, the batches' mean is the cost over all rows, weights and penalty included."""
    network = Network(3, [Dense(4, "tanh"), Linear(1)], SquaredError(), l2=0.5, l1=0.1)
    how = recipe(GradientDescent(), learning_rate=1e-30, epochs=1)
    run = run_of(how, InMemory(X, Y, WEIGHTS), network=network)
    state = begin(run)
    first = state.params.copy()
    (record,) = records(run, state)
    expected = run.engine.cost(network, first, X, Y, WEIGHTS) + penalty(network, first, 53)
    assert record.cost == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_order_of_the_rows(shuffle):
    """Every row exactly once per epoch; in its own order without shuffling, in a new one for every epoch with it."""
    seen = []
    run = run_of(recipe(epochs=2, shuffle=shuffle))
    list(train(watching(run, lambda X, Y, w, order, steps: seen.append(X[order, 0])), begin(run)))
    assert [sorted(epoch) for epoch in seen] == [sorted(X[:, 0])] * 2
    assert all((epoch == X[:, 0]).all() != shuffle for epoch in seen)
    assert (seen[0] == seen[1]).all() != shuffle


def test_validation_rows_are_watched_without_dropout_and_penalty():
    held = InMemory(X[:20], Y[:20], WEIGHTS[:20])
    run = run_of(recipe(), InMemory(X[20:], Y[20:]), held)
    state = begin(run)
    for progress in train(run, state):
        A = run.engine.predict(NETWORK, state.params, held.X).astype(np.float64)
        expected = np.mean(held.weights * 0.5 * (A - held.Y)[:, 0] ** 2)
        assert progress.record.validation_cost == pytest.approx(expected, rel=1e-5)
        assert state.costs[-1] == progress.record.validation_cost


def test_without_validation_rows_a_plateau_looks_at_the_training_cost():
    run = run_of(recipe())
    state = begin(run)
    assert [record.cost for record in records(run, state)] == list(state.costs)


@pytest.mark.parametrize("kind", ["adam", "lbfgs"])
@pytest.mark.parametrize("moves", ["large", "small"])
def test_rows_that_are_encoded_when_their_turn_comes_are_the_same_rows(kind, moves, request):
    if moves == "small":
        request.getfixturevalue("small_moves")
    how = recipe(ALL_OPTIMISERS[kind]())
    outcomes = []
    for rows in (InMemory(X, Y, WEIGHTS), Sparse(lambda at: X[at], Y, WEIGHTS)):
        run = run_of(how, rows, rows)
        state = begin(run)
        records(run, state)
        outcomes.append(bits_of(state))
    assert outcomes[0] == outcomes[1]


def test_chunks_that_end_within_an_epoch(monkeypatch):
    """Rows that come in several chunks make the same steps."""
    outcomes = []
    for rows_at_once in (4096, 16):
        monkeypatch.setattr("lamina.data.examples.ENCODED_ROWS", rows_at_once)
        run = run_of(recipe(schedule=Cosine(warmup=1)), Sparse(lambda at: X[at], Y, WEIGHTS))
        state = begin(run)
        costs = [record.cost for record in records(run, state)]
        outcomes.append((costs, state.params.tobytes(), state.memory.tobytes()))
    assert outcomes[0] == outcomes[1]


# ---- a limit of time ----


def test_time_that_is_over_within_the_first_epoch(small_moves):
    run = run_of(recipe(max_time=1e-9), validation=HELD, began=time.monotonic() - 1)
    state = begin(run)
    (progress,) = train(run, state)
    assert (progress.record, state.epoch, state.step, state.rows) == (None, 0, 1, 8)
    assert state.stopped == "max_time: the limit of 1e-09 seconds was reached"
    assert not state.final


def test_time_that_is_over_at_the_end_of_an_epoch():
    run = run_of(recipe(max_time=5.0), validation=HELD, began=time.monotonic())
    state, loop = begin(run), None
    loop = train(run, state)
    next(loop)
    next(loop)
    over = dataclasses.replace(run, began=time.monotonic() - 6)
    assert [record.epoch for record in records(over, state)] == [3]
    assert (state.stopped, state.final) == ("max_time: the limit of 5 seconds was reached", False)


def test_more_time_goes_on_with_the_same_bits(small_moves):
    run = run_of(recipe(max_time=60.0), validation=HELD, began=time.monotonic())
    whole, state = begin(run), begin(run)
    records(run, whole)
    over = dataclasses.replace(run, began=time.monotonic() - 99)
    for _ in itertools.repeat(None, 5):
        list(train(over, state))
        assert state.stopped
        state.go_on()
    assert state.step == 5
    records(run, state)
    assert bits_of(state) == bits_of(whole)
