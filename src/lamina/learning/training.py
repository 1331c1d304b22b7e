"""The one loop: it takes a run and a state forward, and yields with the state whole.

    for progress in train(run, state):
        ...                              # show it, write a checkpoint, call back, or leave the loop: the caller's

A fit, a partial fit, a warm start, a streamed, a resumed and a data-parallel fit differ only in where the state comes
from, in the last epoch, and in the group that sums over workers.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from lamina.data.examples import Chunk, Share
from lamina.data.folds import AllButOne
from lamina.equations.steps import Steps
from lamina.errors import DataWarning, DivergenceError, DivergenceWarning
from lamina.learning.bags import first_of, train_steps
from lamina.learning.divergence import divergence_error
from lamina.learning.evaluation import WATCHED_ROWS, scores_of, validation_cost, watched_value
from lamina.learning.faults import check_reading, chunks_of
from lamina.learning.full_batch import iteration_of
from lamina.learning.lbfgs import LBFGS
from lamina.learning.leaves import leaf_count, rows_of
from lamina.learning.recipe import CONSTANT
from lamina.learning.run import Run
from lamina.learning.schedules import Schedule, rate_factor
from lamina.learning.state import Record, State
from lamina.learning.together import train_steps_together
from lamina.learning.vital_signs import Rates, is_due, look_at

SECONDS_PER_MOVE = 0.1  # between two yields within an epoch, about
MOST_STEPS_PER_MOVE = 2**20
FIRST_MULTIPLY_ADDS = 2e8  # of the first move, before its speed is known


class Progress(NamedTuple):
    """Where a run stands when the loop yields."""

    epoch: int  # passes done
    rows: int  # rows done in the pass that has begun
    steps: int  # steps done in all
    record: Record | None  # of the epoch that has just ended; None within one


Pause = Callable[[int], int]  # from the number of the next step to how many are taken at most before the next yield


def train(run: Run, state: State, until: int | None = None, *, pause: Pause | None = None) -> Iterator[Progress]:
    """Take a run forward: one pass after another over its examples.

    Parameters
    ----------
    run : Run
    state : State
        Changed in place; whole at every yield. Training continues from a copy of it with the same bits.
    until : int, optional
        Stop after this epoch, counted from 1, although the run plans more.
    pause : function, optional
        Takes the number of the next step, and returns after how many the loop yields at the latest.

    Yields
    ------
    Progress
        After every epoch, and within one about ten times a second, or where `pause` asks for it.

    Raises
    ------
    DivergenceError
        A cost or gradient was not finite before any epoch finished. `state.params` are those before that step.

    Warns
    -----
    DivergenceWarning
        The same after an epoch that finished; the best weights are kept.
    """
    one_pass = _full_batch(run) if isinstance(run.recipe.optimiser, LBFGS) else partial(_minibatches, pause=pause)
    if run.group is not None:
        run.group.check_same("at the start", repr(run.identity), repr(state.step), state.params, state.memory)
    last = run.recipe.epochs if until is None else min(until, run.recipe.epochs)
    while not state.stopped and state.epoch < last:
        try:
            _look(run, state)
            yield from one_pass(run, state)
        except DivergenceError as problem:
            _keep_the_best(state, problem)
        if not state.stopped:
            record = close(run, state)
            yield Progress(state.epoch, 0, state.step, record)
    if not state.stopped and state.epoch >= run.recipe.epochs:  # nothing was left to do
        state.stopped = f"all {state.epoch} epochs were done"


def _look(run: Run, state: State) -> None:
    """Take a look at the layers, where one is due."""
    if is_due(state):
        rate, decay = (
            float(_factors(schedule, run, state, 0, 1)[0])
            for schedule in (run.recipe.schedule, run.recipe.decay_schedule)
        )
        one, at = first_of(run, state)
        state.looks = (*state.looks, look_at(one, at, at.params, Rates(run.recipe.learning_rate * rate, decay)))


def _minibatches(run: Run, state: State, pause: Pause | None = None) -> Iterator[Progress]:
    """Go through what is left of a pass; yield now and then within it."""
    size, network, silent = run.recipe.batch_size, run.network, 0.0
    steps = max(1, int(FIRST_MULTIPLY_ADDS / (network.size * network.members * size)))
    for chunk in chunks_of(run, state, _share(run)):
        at = 0
        while at < len(chunk.order):
            began = time.perf_counter()
            wanted = steps + 1 if pause is None else pause(state.step)
            piece = chunk._replace(order=chunk.order[at : at + min(steps, wanted) * size])
            move(run, state, piece)
            at += len(piece.order)
            took = time.perf_counter() - began
            state.pass_seconds += took
            taken = -(-len(piece.order) // size)
            asked, cut_short = taken == wanted, taken < steps  # by the end of a chunk, which may be small
            if not asked:
                steps = max(1, int(min(steps * min(4.0, SECONDS_PER_MOVE / max(took, 1e-9)), MOST_STEPS_PER_MOVE)))
            silent += took
            halted = _halted(run)
            if _apart(run):  # each has a state of its own
                continue
            if state.rows < run.examples.n and (asked or halted or not cut_short or silent >= SECONDS_PER_MOVE):
                silent = 0.0
                yield Progress(state.epoch, state.rows, state.step, None)
                if is_over(run, state, together=halted):
                    return


def move(run: Run, state: State, chunk: Chunk) -> None:
    """Take the steps of a chunk of the pass that has begun: the only caller of the engine's steps.

    Raises
    ------
    DivergenceError
        A cost or gradient was not finite; the state is that before this step.
    """
    recipe, n, size = run.recipe, run.examples.n, run.recipe.batch_size
    done, count, whole = state.rows // size, -(-len(chunk.order) // size), -(-n // size)
    steps = steps_of(run, state, count)
    bag: int | None = None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        ends = state.step + -(-(n - state.rows) // size)
        take = run.engine.train_steps if run.group is None else train_steps_together(run.engine, run.group, ends)
        try:
            if isinstance(run.examples, AllButOne):
                costs, bag = train_steps(run, state, chunk, steps)
            else:
                costs = take(run.network, recipe.optimiser, state.params, state.memory, *chunk, steps)
        except KeyboardInterrupt:
            state.torn = True
            raise
        except MemoryError as problem:
            raise MemoryError(_too_large(run, state)) from problem
    for cost, rows in zip(costs.tolist(), _sizes(len(chunk.order), size).tolist(), strict=False):  # in order: however
        state.pass_cost += cost * rows  # a pass is cut into moves, its sum has the same bits
        state.rows += rows
    if len(costs):
        state.step, state.learning_rate = state.step + len(costs), float(steps.rates[len(costs) - 1])
    if len(costs) < count and not _halted(run):
        check_reading(run.group)
        at = chunk.order[len(costs) * size : (len(costs) + 1) * size]
        weights, params = chunk.weights, state.params
        if bag is not None:
            at, params, weights = at[:, bag], params[bag], None if weights is None else weights[bag]
        at = at[at >= 0]  # those of other workers are not here
        w = None if weights is None else weights[at]
        place, dropout = (state.epoch + 1, done + len(costs) + 1, whole), float(steps.dropouts[len(costs)])
        raise _divergence(run, state, chunk.X[at], chunk.Y[at], w, place, dropout, params)


def steps_of(run: Run, state: State, count: int) -> Steps:
    """Return the next so many steps of the pass that has begun, with the factors of every schedule."""
    recipe, done = run.recipe, state.rows // run.recipe.batch_size
    return Steps(
        batch_size=recipe.batch_size,
        rates=recipe.learning_rate * _factors(recipe.schedule, run, state, done, count),
        decays=_factors(recipe.decay_schedule, run, state, done, count),
        dropouts=_factors(recipe.dropout_schedule, run, state, done, count),
        seed=recipe.seed,
        step=state.step,
        examples=run.examples.n,
    )


def _too_large(run: Run, state: State) -> str:
    """Return what a step needs, in numbers: the kernels tell none."""
    kept = sum(array.nbytes for array in state.arrays().values()) / 2**20
    units = run.network.members * run.recipe.batch_size * sum(run.network.widths) * state.params.itemsize / 2**20
    return (
        f"not enough memory for a step: {run.network.size:,} parameters and what is kept beside them take "
        f"{kept:,.0f} MiB, the layers of a batch of {run.recipe.batch_size:,} rows {units:,.0f} MiB, and as much again "
        "on the way back. "
        "Choose a smaller batch_size, or fewer units (hidden_layer_sizes)."
    )


def _full_batch(run: Run) -> Callable[[Run, State], Iterator[Progress]]:
    """Return the pass of L-BFGS: one iteration over all the rows at once."""
    iterate = iteration_of(run)

    def one_pass(run: Run, state: State) -> Iterator[Progress]:
        if state.rows:  # it was done, and not closed
            return
        began = time.perf_counter()
        try:
            cost = iterate(state)
        except FloatingPointError:
            X, Y, weights = next(iter(run.examples.blocks()))
            raise _divergence(run, state, X, Y, weights, (state.epoch + 1, 1, 1)) from None
        if cost is None:
            _end(state, f"the optimiser found no further improvement after {state.epoch} epochs")
            return
        state.rows = run.examples.n
        state.pass_cost, state.pass_seconds = cost * run.examples.n, time.perf_counter() - began
        state.learning_rate = 1.0
        yield from ()

    return one_pass


def close(run: Run, state: State) -> Record:
    """End an epoch: average, evaluate, take note of the best epoch and of patience."""
    began, recipe, average = time.perf_counter(), run.recipe, state.average
    if run.group is not None:
        run.group.check_same(f"after epoch {state.epoch + 1}", state.params)
    try:
        with np.errstate(all="ignore"):
            if recipe.averaging:
                state.average = _averaged(state, recipe.averaging)
            cost = state.pass_cost / run.examples.n
            watched, A = validation_cost(run, state)
            seconds = state.pass_seconds + time.perf_counter() - began
            scores = scores_of(run, state, A)
            record = Record(state.epoch + 1, cost, watched, *scores, state.learning_rate, seconds)
            value = watched_value(run, state, record)
    except BaseException:  # a scorer may be interrupted: the pass can be closed again
        state.average = average
        raise
    state.epoch += 1
    state.rows, state.pass_cost, state.pass_seconds = 0, 0.0, 0.0
    state.seconds += seconds
    _say_once(run, state, value)
    state.history.append(record._asdict())
    of_the_epoch = None if run.score is None else cost if watched is None else watched
    patience_ends = state.see(value, recipe.patience, recipe.tolerance, of_the_epoch)
    if patience_ends:
        what = "training" if run.validation is None else "validation"
        _end(state, f"no progress on the {what} rows for {recipe.patience} epochs")
    elif state.epoch >= recipe.epochs:
        state.stopped = f"all {state.epoch} epochs were done"
    else:
        is_over(run, state, together=True)
    if state.stopped and run.score is None and state.best_params is None:
        raise _never_finite(run, state)
    return record


def _say_once(run: Run, state: State, value: float) -> None:
    """Warn of the first score that is no number."""
    name = "score" if run.validation is None else "validation_score"
    if run.score is None or not isnan(value) or any(isnan(record[name]) for record in state.history):
        return
    warnings.warn(
        f"{run.score_name} is nan in epoch {state.epoch}: the rows that it is computed from may lack a class, or be "
        "too few. Epochs without a score are compared by their cost. Pass other validation rows (X_val, y_val), or "
        "choose another scoring.",
        DataWarning,
        stacklevel=7,
    )


def _end(state: State, why: str) -> None:
    state.stopped, state.final = why, True


def is_over(run: Run, state: State, why: str = "", *, together: bool) -> bool:
    """Return whether training ends here: for this reason, or because its time is over.

    A worker of a group asks the others, and ends with them; `together` says that all of them are at this place.
    """
    limit = run.recipe.max_time
    if not why and limit is not None and time.monotonic() - run.began >= limit:
        why = f"max_time: the limit of {limit:g} seconds was reached"
    if run.group is not None:
        run.group.ask(why)
        why = run.group.agreed() if together else ""
    state.stopped = state.stopped or why
    return bool(state.stopped)


def _share(run: Run) -> Share | None:
    """Return which rows of a batch this worker takes; None: all of them."""
    group = run.group
    return None if group is None else Share(lambda rows: rows_of(rows, group.rank, group.size), leaf_count)


def _halted(run: Run) -> bool:
    return run.group is not None and run.group.halted


def _apart(run: Run) -> bool:
    return run.group is not None and run.group.apart is not None


def _averaged(state: State, decay: float) -> Any:
    """Return the next moving average of the parameters; the first epochs, in which most is learned, leave it soon."""
    average = (state.params if state.average is None else state.average).copy()
    decay = min(decay, (1 + state.epoch) / (10 + state.epoch))
    average += state.params.dtype.type(1 - decay) * (state.params - average)
    return average


def _factors(schedule: Schedule, run: Run, state: State, first: int, count: int) -> Any:
    """Return a schedule's factor in the middle of some steps of the pass: a warm-up's first is not 0."""
    if schedule == CONSTANT:
        return np.ones(count)
    steps, costs = -(-run.examples.n // run.recipe.batch_size), state.costs
    middles = (state.epoch + (k + 0.5) / steps for k in range(first, first + count))
    return np.array([rate_factor(schedule, middle, run.recipe.epochs, costs) for middle in middles])


def _sizes(rows: int, batch_size: int) -> Any:
    """Return how many rows each batch has: all `batch_size`, the last perhaps fewer."""
    return np.minimum(batch_size, rows - np.arange(0, rows, batch_size))


# ---- divergence ----


def _divergence(
    run: Run,
    state: State,
    X: Any,
    Y: Any,
    weights: Any,
    at: tuple[int, int, int],
    dropout: float = 1.0,
    params: Any = None,
) -> DivergenceError:
    recipe, params = run.recipe, state.params if params is None else params
    return divergence_error(run.network, params, X, Y, weights, recipe.seed, state.step, at, recipe, dropout)


def _never_finite(run: Run, state: State) -> DivergenceError:
    """Return the error for a run in which no epoch ended with a finite cost."""
    run, state = first_of(run, state)
    X, Y, weights = next(iter((run.validation or run.examples).blocks(WATCHED_ROWS)))
    batches = -(-run.examples.n // run.recipe.batch_size)
    return _divergence(run, state, X, Y, weights, (state.epoch, batches, batches))


def _keep_the_best(state: State, problem: DivergenceError) -> None:
    if state.best_params is None:
        raise problem
    _end(state, "diverged")
    text = f"{problem} The weights of epoch {state.best_epoch}, the best, were kept."
    warnings.warn(text, DivergenceWarning, stacklevel=4)
