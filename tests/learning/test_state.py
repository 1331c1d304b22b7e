"""What moves: which epoch is the best, when patience ends, and that a state survives a file to the bit."""

import io
import itertools
import json

import numpy as np
import pytest

from lamina.equations.optimisers import OPTIMISERS, Adam
from lamina.learning.exact_values import from_json, to_json
from lamina.learning.lbfgs import LBFGS
from lamina.learning.state import ARRAYS, State


def watched(values, patience=100, tolerance=0.0):
    """Whether patience is at its end after each of these values, and the state."""
    state = State(np.zeros(1), np.zeros((0, 1)))
    ends = []
    for i, value in enumerate(values):
        state.epoch, state.params[:] = i + 1, value
        ends.append(state.see(value, patience, tolerance))
    return ends, state


# ---- the best epoch, and when to stop ----


def test_the_lowest_value_is_kept():
    _, state = watched([3.0, 1.0, 2.0, 1.0, 4.0])
    assert (state.best, state.best_epoch, state.best_params.tolist()) == (1.0, 2, [1.0])


def test_what_is_kept_is_a_copy_of_what_is_evaluated():
    state = State(np.ones(2), np.zeros((0, 2)), average=np.full(2, 5.0), epoch=1)
    assert state.evaluated is state.average
    state.see(1.0, 3, 0.0)
    state.average[:] = 7
    assert state.best_params.tolist() == [5, 5]
    state.average = None
    assert state.evaluated is state.params


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_never_the_best(bad):
    ends, state = watched([bad, bad], patience=2)
    assert (state.best_params, state.best_epoch, ends) == (None, 0, [False, True])
    _, state = watched([bad, 2.0, bad])
    assert state.best_epoch == 2


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
    ends, state = watched(values, patience, tolerance)
    assert (ends.index(True) + 1 if True in ends else None) == stops_after
    assert state.best == min(values)  # small steps count for the best epoch


def test_patience_counts_epochs_in_a_row():
    for drop in itertools.product([0, 1], repeat=6):
        values = np.cumsum([10, *(-d for d in drop)])
        ends, _ = watched(values.tolist(), patience=3)
        text = "".join(map(str, drop))
        assert any(ends) == ("000" in text)


def test_forgetting_the_best_watches_anew():
    _, state = watched([1.0, 2.0, 3.0])
    state.forget_the_best()
    fresh = State(state.params, state.memory)
    for name in ("best", "best_epoch", "best_params", "threshold", "waited"):
        assert getattr(state, name) == getattr(fresh, name)
    assert state.epoch == 3
    state.see(9.0, 3, 0.0)
    assert (state.best, state.best_epoch, state.waited) == (9.0, 3, 0)


@pytest.mark.parametrize(("final", "waited"), [(True, 0), (False, 2)])
def test_going_on_counts_patience_from_where_it_ended(final, waited):
    """A run that was only left goes on as if it had not been."""
    _, state = watched([1.0, 2.0, 3.0])
    state.stopped, state.final = "for some reason", final
    state.go_on()
    assert (state.stopped, state.final, state.waited) == ("", False, waited)


# ---- the costs that schedules look at ----


def test_the_costs_are_those_that_are_watched():
    state = State(np.zeros(1), np.zeros((0, 1)))
    state.history = [{"cost": 3.0, "validation_cost": None}, {"cost": 2.0, "validation_cost": 5.0}]
    assert list(state.costs) == [3.0, 5.0]
    assert (len(state.costs), state.costs[-1], min(state.costs)) == (2, 5.0, 3.0)


# ---- beginning, files, copies ----


@pytest.mark.parametrize("optimiser", [*(kind() for kind in OPTIMISERS.values()), LBFGS()], ids=lambda o: o.kind)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_state_before_the_first_step(optimiser, dtype):
    params = np.arange(5, dtype=dtype)
    state = State.start(optimiser, params)
    assert state.params is params
    assert state.memory.shape == (len(optimiser.remembers), 5)
    assert state.memory.dtype == (np.float64 if optimiser.kind == "lbfgs" else dtype)
    assert not state.memory.any()
    assert (state.epoch, state.rows, state.step, state.stopped, state.optimiser) == (0, 0, 0, "", optimiser.kind)


def eventful():
    """A state in which nothing has the value that it starts with; numbers that decimals do not hold."""
    rng = np.random.default_rng(2)
    record = {"epoch": 7, "cost": 1 / 3, "validation_cost": None, "score": float("nan"), "seconds": 0.1 + 0.2}
    return State(
        params=rng.normal(size=4).astype(np.float32),
        memory=rng.normal(size=(2, 4)) * 1e-310,  # subnormal
        average=np.array([-0.0, np.inf, np.nan, 1e-45], np.float32),
        best_params=rng.normal(size=4).astype(np.float32),
        epoch=7,
        rows=128,
        step=2**40 + 1,
        learning_rate=1e-3 / 3,
        pass_cost=float(np.nextafter(1.0, 2.0)),
        pass_seconds=1e-9,
        seconds=2 / 3,
        best=-0.0,
        best_cost=2 / 7,
        best_epoch=5,
        waited=2,
        threshold=float("-inf"),
        looks=[{"epoch": 0, "step": 0, "cost": 0.7, "weight": [0.1, None]}],
        history=[record, {**record, "epoch": 8, "validation_cost": 5e-324}],
        stopped="Ctrl-C",
        final=True,
        torn=True,
        seed=2**63 + 5,
        optimiser="adam",
        watched="abc cost",
        n_rows_first_run=99,
        temperature=1.1,
        handed_out="00ff",
    )


def assert_same_bits(one, two):
    for name in ARRAYS:
        a, b = getattr(one, name), getattr(two, name)
        assert (a is None) == (b is None), name
        if a is not None:
            assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), name
    assert repr(one.scalars()) == repr(two.scalars())  # repr tells every float64 from every other, -0.0 and NaN too


def through_files(state):
    file = io.BytesIO()
    np.savez(file, **state.arrays())
    file.seek(0)
    text = json.dumps(to_json(state.scalars(), "scalars"), allow_nan=False)
    with np.load(file) as arrays:
        return State.of(dict(arrays), from_json(json.loads(text)))


@pytest.mark.parametrize("make", [eventful, lambda: State.start(Adam(), np.ones(3, np.float32))])
def test_a_state_survives_files_to_the_bit(make):
    state = make()
    assert_same_bits(through_files(state), state)


def test_arrays_and_scalars_are_everything():
    state = eventful()
    assert set(state.arrays()) | set(state.scalars()) == set(vars(state))
    fresh = State.start(Adam(), np.ones(3))
    untouched = {name for name, value in fresh.scalars().items() if value == state.scalars()[name]}
    assert untouched == {"optimiser"}  # nothing of `eventful` is what a state begins with: a lost field would show


@pytest.mark.parametrize("copied", [State.copy, through_files])
def test_a_copy_moves_by_itself(copied):
    state = eventful()
    other = copied(state)
    for name in ARRAYS:
        getattr(other, name)[:] = 3
    other.history.append({})
    other.epoch = 1000
    assert_same_bits(state, eventful())
