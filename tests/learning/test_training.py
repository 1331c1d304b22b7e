"""The loop: what an epoch is, which rates its steps have, and that it goes on with the same bits from anywhere."""

import copy
import itertools

import numpy as np
import pytest

from lamina.engine import choose
from lamina.equations.layers import BatchNorm, Dense, Dropout, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam, AdamW, GradientDescent
from lamina.equations.verbs import d_penalty, penalty
from lamina.learning.initialisers import starting_parameters
from lamina.learning.lbfgs import LBFGS
from lamina.learning.schedules import Constant, Exponential, Plateau, Step
from lamina.learning.training import (
    CHUNK_ROWS,
    ENCODED_ROWS,
    EncodedByBatch,
    InMemory,
    Recipe,
    State,
    Watch,
    _order,
    train,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(53, 3)).astype(np.float32)
Y = np.tanh(X[:, :1]) + rng.normal(0, 0.1, (53, 1)).astype(np.float32)
ROWS = InMemory(X, Y)
NETWORK = Network(3, [Linear(6), BatchNorm(), Dense(6, "tanh"), Dropout(0.2), Linear(1)], SquaredError(), l2=0.1)


def recipe(optimiser=None, **settings):
    known = {"schedule": Constant(), "learning_rate": 0.01, "batch_size": 8, "epochs": 6, "seed": 3}
    return Recipe(optimiser or Adam(), **{**known, **settings})


def begin(how, network=NETWORK, dtype=np.float32):
    return State.start(network, how.optimiser, starting_parameters(network, "suited", 5, dtype))


def passes(how, state, rows=ROWS, held_out=None, network=NETWORK):
    return train(network, choose(network, "equations"), state, rows, how, held_out)


# ---- going on ----


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_copied_state_goes_on_with_the_same_bits(kind):
    """Dropout, running statistics, the optimiser's memory, the shuffles and the rates: all of it is in the state."""
    how = recipe(OPTIMISERS[kind](), schedule=Plateau(patience=1, warmup=1.5, tolerance=0.5))
    whole = begin(how)
    expected = [epoch[:4] for epoch in passes(how, whole)]
    state, found = begin(how), []
    for _ in range(how.epochs):
        state = copy.deepcopy(state)  # as a file would hold it
        found.append(next(passes(how, state))[:4])
    assert found == expected
    np.testing.assert_array_equal(state.params, whole.params)
    np.testing.assert_array_equal(state.memory, whole.memory)


def test_the_running_mean_of_the_parameters_is_what_is_watched():
    how = recipe(averaging=0.6, epochs=9)
    state, plain = begin(how), begin(how)
    mean, engine, held = 0.0, choose(NETWORK, "equations"), InMemory(X[:9], Y[:9])
    assert state.judged is state.params
    for epoch, _ in zip(passes(how, state, held_out=held), passes(recipe(epochs=9), plain), strict=True):
        np.testing.assert_array_equal(state.params, plain.params)  # training itself does not change
        stays = min(0.6, epoch.number / (9 + epoch.number)) if epoch.number > 1 else 0
        mean = stays * mean + (1 - stays) * plain.params
        np.testing.assert_allclose(state.judged, mean, rtol=1e-5, atol=1e-6)
        assert epoch.held_out == pytest.approx(engine.cost(NETWORK, state.judged, X[:9], Y[:9]), rel=1e-6)
    assert not np.allclose(state.judged, state.params, rtol=1e-3)


def test_schedules_of_decay_and_dropout_reach_every_step():
    """Against a loop of single steps, the factors written out: 0.9^epoch on the decay, 0.5^epoch on dropout."""
    optimiser = AdamW(weight_decay=0.5)
    how = recipe(optimiser, decay_schedule=Exponential(decay=0.9), dropout_schedule=Step(every=1, drop=0.5), epochs=3)
    state, by_hand, engine = begin(how), begin(how), choose(NETWORK, "equations")
    for epoch in range(3):
        order = _order(len(X), how, epoch)
        for k in range(7):
            rows = order[k * 8 : (k + 1) * 8]
            place = {"seed": 3, "step": by_hand.step}
            _, grads = engine.gradients(NETWORK, by_hand.params, X[rows], Y[rows], dropout=0.5**epoch, **place)
            grads[NETWORK.spans["weights"]] += d_penalty(NETWORK, by_hand.params, len(X))
            engine.update(
                NETWORK, optimiser, by_hand.params, grads, by_hand.memory, 0.01, by_hand.step, decay=0.9**epoch
            )
            by_hand.step += 1
    assert len(list(passes(how, state))) == 3
    np.testing.assert_array_equal(state.params, by_hand.params)


def test_leaving_the_loop_leaves_a_whole_state():
    how = recipe()
    state = begin(how)
    for epoch in passes(how, state):
        if epoch.number == 2:
            break
    assert (state.epoch, state.step, len(state.costs)) == (2, 14, 2)
    assert [epoch.number for epoch in passes(how, state)] == [3, 4, 5, 6]


def test_nothing_is_left_to_do():
    how = recipe(epochs=2)
    state = begin(how)
    assert len(list(passes(how, state))) == 2
    assert list(passes(how, state)) == []


# ---- what an epoch is ----


def test_an_epoch_takes_every_row_once():
    """With a rate that moves nothing, the batches' mean is the cost over all rows, weights and penalty included."""
    weights = rng.gamma(2, 0.5, 53).astype(np.float32)
    how = recipe(GradientDescent(), learning_rate=1e-30)
    network = Network(3, [Dense(4, "tanh"), Linear(1)], SquaredError(), l2=0.5, l1=0.1)
    state = begin(how, network)
    first = state.params.copy()
    (epoch, *_) = passes(how, state, InMemory(X, Y, weights), network=network)
    expected = choose(network, "equations").cost(network, first, X, Y, weights) + penalty(network, first, 53)
    assert epoch.cost == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_order_of_the_rows(shuffle):
    """Every row exactly once per epoch; in its own order without shuffling, in a new one for every epoch with it."""
    seen = []

    def watching(network, optimiser, params, memory, X, Y, weights, order, *rest, **more):
        seen.append(X[order, 0])
        return verbs.train_steps(network, optimiser, params, memory, X, Y, weights, order, *rest, **more)

    verbs, how = choose(NETWORK, "equations"), recipe(epochs=2, shuffle=shuffle)
    list(train(NETWORK, verbs._replace(train_steps=watching), begin(how), ROWS, how))
    assert [sorted(epoch) for epoch in seen] == [sorted(X[:, 0])] * 2
    assert all((epoch == X[:, 0]).all() != shuffle for epoch in seen)
    assert (seen[0] == seen[1]).all() != shuffle


def test_held_out_rows_are_watched_without_dropout_and_penalty():
    held = InMemory(X[:20], Y[:20], rng.gamma(2, 0.5, 20).astype(np.float32))
    how = recipe()
    state = begin(how)
    for epoch in passes(how, state, InMemory(X[20:], Y[20:]), held):
        A = choose(NETWORK, "equations").predict(NETWORK, state.params, held.X).astype(np.float64)
        expected = np.mean(held.weights * 0.5 * (A - held.Y)[:, 0] ** 2)
        assert epoch.held_out == pytest.approx(expected, rel=1e-5)
        assert state.costs[-1] == epoch.held_out


def test_without_held_out_rows_a_plateau_looks_at_the_training_cost():
    how = recipe()
    state = begin(how)
    assert [epoch.cost for epoch in passes(how, state)] == state.costs


# ---- rates ----


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
    how = recipe(schedule=schedule, epochs=4)
    found = [epoch.learning_rate for epoch in passes(how, begin(how))]
    np.testing.assert_allclose(found, 0.01 * np.array(rates), rtol=1e-12)


def test_every_step_has_a_rate_of_its_own():
    rates = []

    def watching(*arguments, **more):
        rates.extend(arguments[8].rates)
        return verbs.train_steps(*arguments, **more)

    verbs, how = choose(NETWORK, "equations"), recipe(schedule=Constant(warmup=3), epochs=3)
    list(train(NETWORK, verbs._replace(train_steps=watching), begin(how), ROWS, how))
    np.testing.assert_allclose(rates, 0.01 * (np.arange(21) + 0.5) / 21, rtol=1e-12)


# ---- rows that come in pieces ----


def sparse_like(X, Y, weights=None):
    return EncodedByBatch(lambda rows: X[rows], Y, weights)


@pytest.mark.parametrize("kind", ["adam", "lbfgs"])
def test_rows_encoded_by_batch_are_the_same_rows(kind):
    weights = rng.gamma(2, 0.5, 53).astype(np.float32)
    how = recipe(LBFGS() if kind == "lbfgs" else Adam())
    outcomes = []
    for rows in (InMemory(X, Y, weights), sparse_like(X, Y, weights)):
        state = begin(how)
        epochs = [epoch[:4] for epoch in passes(how, state, rows, rows)]
        outcomes.append((epochs, state.params.tolist()))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("make", [InMemory, sparse_like])
@pytest.mark.parametrize("size", [7, 1000, CHUNK_ROWS + 1])
def test_chunks_are_whole_batches_and_give_every_row_once(make, size):
    n = CHUNK_ROWS + 50
    X = np.arange(n, dtype=np.float32)[:, None]
    order = np.random.default_rng(1).permutation(n)
    pieces = list(make(X, -X, 2 * X[:, 0]).chunks(order, size))
    assert all(len(piece.order) % size == 0 for piece in pieces[:-1])
    for field, factor in (("X", 1), ("Y", -1), ("weights", 2)):
        taken = np.concatenate([np.ravel(getattr(piece, field)[piece.order]) for piece in pieces])
        np.testing.assert_array_equal(taken, factor * order)


@pytest.mark.parametrize("first", [None, 5, ENCODED_ROWS + 5, 10**6])
@pytest.mark.parametrize("make", [InMemory, sparse_like])
def test_blocks_give_the_first_rows_in_their_own_order(make, first):
    n = ENCODED_ROWS + 50
    X = np.arange(n, dtype=np.float32)[:, None]
    blocks = list(make(X, -X, 2 * X[:, 0]).blocks(first))
    found = np.concatenate([np.column_stack([X, Y, w]) for X, Y, w in blocks])
    np.testing.assert_array_equal(found, (X * [1, -1, 2])[:first])


def test_chunks_change_nothing(monkeypatch):
    """However often the caller is reached within an epoch, the bits are the same."""
    outcomes = []
    for rows in (CHUNK_ROWS, 16, 8):
        monkeypatch.setattr("lamina.learning.training.CHUNK_ROWS", rows)
        how = recipe(schedule=Exponential(decay=0.9, warmup=3))
        state = begin(how)
        outcomes.append(([epoch.learning_rate for epoch in passes(how, state)], state.params.tolist()))
    assert outcomes[0] == outcomes[1] == outcomes[2]


# ---- the best epoch, and when to stop ----


def watched(values, patience=100, tolerance=0.0):
    """Whether it stops after each of these values, and the watch."""
    watch = Watch(patience, tolerance)
    return [watch.see(value, i + 1, np.array([value])) for i, value in enumerate(values)], watch


def test_the_lowest_value_is_kept():
    _, watch = watched([3.0, 1.0, 2.0, 1.0, 4.0])
    assert (watch.best, watch.best_epoch, watch.best_params.tolist()) == (1.0, 2, [1.0])


def test_what_is_kept_is_a_copy():
    watch, params = Watch(3, 0.0), np.ones(2)
    watch.see(1.0, 1, params)
    params[:] = 7
    assert watch.best_params.tolist() == [1, 1]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_never_the_best(bad):
    stops, watch = watched([bad, bad], patience=2)
    assert (watch.best_params, watch.best_epoch, stops) == (None, 0, [False, True])
    _, watch = watched([bad, 2.0, bad])
    assert watch.best_epoch == 2


@pytest.mark.parametrize(
    ("values", "patience", "tolerance", "stops_after"),
    [
        ([5, 4, 3, 2, 1], 1, 0, None),
        ([5, 5], 1, 0, 2),
        ([5, 6, 6, 4, 6, 6], 3, 0, None),
        ([5, 6, 6, 6], 3, 0, 4),
        ([5, 4.9, 4.8, 4.7], 3, 0.5, 4),  # each step is small: no progress
        ([5, 4.9, 4.8, 4.2], 3, 0.5, None),  # against the lowest so far: 0.6
        ([5, 4.4, 3.8], 1, 0.5, None),
        ([5, 6, 5.5, 5.2], 3, 0, 4),  # falling again, but not below the lowest
        ([-1, -2, -2], 1, 0, 3),  # scores are watched as their negative
    ],
)
def test_patience(values, patience, tolerance, stops_after):
    stops, watch = watched(values, patience, tolerance)
    assert (stops.index(True) + 1 if True in stops else None) == stops_after
    assert watch.best == min(values)  # small steps count for the best epoch


def test_patience_counts_epochs_in_a_row():
    for drop in itertools.product([0, 1], repeat=6):
        values = np.cumsum([10, *(-d for d in drop)])
        stops, _ = watched(values.tolist(), patience=3)
        text = "".join(map(str, drop))
        assert any(stops) == ("000" in text)
