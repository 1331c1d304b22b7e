"""Numbers that somebody changed by hand: in W, in b, in the inputs; and the trace of a step with them."""

import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple

from lamina.data.examples import InMemory
from lamina.errors import DivergenceError, SettingError, nearest
from lamina.glassbox.fit_tracing import StepTracer
from lamina.glassbox.trace import Trace
from lamina.glassbox.tracing import trace as traced
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import train


class Edit(NamedTuple):
    """One number in place of another: `name[row, column] = value`."""

    name: str  # of an array of parameters, or "A0": the inputs
    row: int
    column: int
    value: float


MOST_EDITS = 1000


def edits_of(given: Any) -> tuple[Edit, ...]:
    """Return edits from plain lists: `[["W1", 0, 2, 0.5]]`.

    Raises
    ------
    SettingError
        They are none.
    """
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_EDITS:
        raise SettingError(f"edits: expected a list of at most {MOST_EDITS} entries [name, row, column, value].")
    return tuple(_edit(one) for one in given)


def _edit(one: Any) -> Edit:
    if isinstance(one, Sequence) and not isinstance(one, str) and len(one) == 4:
        name, row, column, value = one
        whole = all(isinstance(k, int) and not isinstance(k, bool) and k >= 0 for k in (row, column))
        number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        if isinstance(name, str) and whole and number:
            return Edit(name, row, column, float(value))
    raise SettingError(f"edits: found {one!r}, expected [name, row, column, value], such as ['W1', 0, 2, 0.5].")


def edited(run: Run, state: State, edits: Sequence[Edit]) -> tuple[Run, State]:
    """Return the run with changed inputs and the state with changed parameters; neither is touched.

    Raises
    ------
    SettingError
        An edit names a number that is not there.
    """
    if not edits:
        return run, state
    params, inputs = state.params.copy(), []
    arrays = run.network.named(params)  # views of it
    for edit in edits:
        if edit.name == "A0":
            inputs.append(edit)
        elif edit.name in arrays:
            _check_place(edit, arrays[edit.name].shape)
            arrays[edit.name][edit.row, edit.column] = edit.value
        else:
            known = ["A0", *arrays]
            raise SettingError(
                f"{edit.name!r} is computed, not given.{nearest(edit.name, known)} To be changed: {', '.join(known)}."
            )
    state = state.copy()
    state.params = params
    return (_with_inputs(run, state, inputs) if inputs else run), state


def _check_place(edit: Edit, shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or edit.row >= shape[0] or edit.column >= shape[1]:
        raise SettingError(f"{edit.name}[{edit.row}, {edit.column}]: {edit.name} has shape {shape}.")


def _with_inputs(run: Run, state: State, edits: Sequence[Edit]) -> Run:
    examples = run.examples
    if not isinstance(examples, InMemory):
        raise SettingError("inputs can be changed where the rows are in memory and not sparse.")
    chunk = next(iter(examples.chunks(run.recipe, state.epoch, state.rows)))
    batch, X = chunk.order[: run.recipe.batch_size], examples.X.copy()
    for edit in edits:
        _check_place(edit, (X.shape[1], len(batch)))
        X[batch[edit.column], edit.row] = edit.value
    return replace(run, examples=replace(examples, X=X))


def trace_of_step(run: Run, state: State) -> Trace:
    """Return the trace of the step that a state is about to take; the state itself does not move."""
    state = state.copy()
    state.stopped, state.final = "", False
    if state.epoch >= run.recipe.epochs:  # the run has ended: what the next step would be
        run = replace(run, recipe=replace(run.recipe, epochs=state.epoch + 1))
    run = replace(run, validation=None, score=None)
    tracer, wanted = StepTracer([state.step]), state.step
    before = state.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracer.see(run, state)
        with suppress(DivergenceError):
            for _ in train(run, state, pause=tracer.pause):
                tracer.see(run, state)
                break
        return tracer.traces[wanted] if wanted in tracer.traces else _pass_alone(run, before)


def _pass_alone(run: Run, state: State) -> Trace:
    """Return the trace of forward and back where no step can be taken: a number is not finite."""
    chunk = next(iter(run.examples.chunks(run.recipe, state.epoch, state.rows)))
    batch = chunk.order[: run.recipe.batch_size]
    weights = None if chunk.weights is None else chunk.weights[batch]
    where = {"params": state.params, "training": True, "seed": run.recipe.seed, "step": state.step}
    return traced(run.network, chunk.X[batch], chunk.Y[batch], weights, **where)
