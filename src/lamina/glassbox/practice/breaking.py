"""A network trained with known mistakes made: what code that holds them does, step by step.

The programs of the doctor take every step of the course's functions, with some of them taken wrongly. So these are the
numbers of the wrong code itself: its costs, its gradients, the exception that it ends with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import xlog1py, xlogy

from lamina.errors import DataError, SettingError
from lamina.glassbox.doctor.cost_mistakes import COMPUTE_COST
from lamina.glassbox.doctor.model_backward_mistakes import L_MODEL_BACKWARD
from lamina.glassbox.doctor.model_forward_mistakes import L_MODEL_FORWARD
from lamina.glassbox.doctor.steps import RAISED, Mistake, Named, Program, Values, run, taken
from lamina.glassbox.doctor.training_mistakes import ITERATION, TRAINING
from lamina.glassbox.practice.compared import Compared, compared
from lamina.glassbox.practice.raising import Raised, raised_by
from lamina.glassbox.practice.started import DRAWN

MOST_STEPS = 5_000
MOST_NUMBERS = 1_000_000  # of one array: shapes that broadcast can grow


@dataclass(frozen=True)
class Moment:
    """One step: the parameters that it started from, and what the code made of them.

    Attributes
    ----------
    step : int
    parameters : dict
    gradients : list of Compared
        dA, dW and db beside those that the right functions give at the same parameters; empty where the code raised.
    """

    step: int
    parameters: Named
    gradients: list[Compared]


@dataclass
class Training:
    """What happened.

    Attributes
    ----------
    costs : list of float
        The cost of the parameters before each step and after the last, by the right functions; NaN where the parameters
        have lost their shapes.
    printed : list of float
        The cost of each step as the code itself computes it; NaN where that is not one number.
    moments : dict
        Step to `Moment`, for the steps that were asked for and reached.
    parameters : dict
        Those after the last step.
    ended : Raised or None
        The exception that it ended with.
    not_finite : int or None
        The first step that left a parameter infinite or NaN.
    notes : list of str
        Arrays that lost their shapes, and a cost that is not one number.
    """

    costs: list[float] = field(default_factory=list)
    printed: list[float] = field(default_factory=list)
    moments: dict[int, Moment] = field(default_factory=dict)
    parameters: Named = field(default_factory=dict)
    ended: Raised | None = None
    not_finite: int | None = None
    notes: list[str] = field(default_factory=list)


def train(
    X: Any,
    Y: Any,
    parameters: Named,
    *,
    learning_rate: float,
    steps: int,
    mistakes: Iterable[Mistake] = (),
    keep: Iterable[int] = (0,),
) -> Training:
    """Train by gradient descent with these mistakes made.

    Parameters
    ----------
    X : array of shape (n_x, m)
    Y : array of shape (1, m)
        0 and 1.
    parameters : dict
        W1, b1, ..., WL, bL: the right start. A mistake of the start changes it.
    learning_rate : float
    steps : int
        At most 5,000.
    mistakes : iterable of Mistake
    keep : iterable of int
        The steps whose parameters and gradients are kept.

    Raises
    ------
    DataError
        X and Y do not fit one another or the parameters.
    SettingError
        `steps` or `learning_rate` is out of range.
    """
    X, Y, made = np.asarray(X, np.float64), np.asarray(Y, np.float64), tuple(mistakes)
    _check(X, Y, parameters, learning_rate, steps)
    found, kept = Training(), frozenset(keep)
    with np.errstate(all="ignore"):
        try:
            start = started(parameters, made)
            found.parameters = dict(start)
            found.costs.append(cost_of(X, Y, start))
            _note_shapes(found, start, parameters, "at the start")
            for step in range(_iterations(steps, made)):
                settings = {"start": start, "learning_rate": learning_rate, "training": found, "kept": step in kept}
                done = run(WATCHED, X, Y, found.parameters, mistakes=made, step=step, **settings)
                _note_shapes(found, done.new, parameters, f"after step {step}")
                found.parameters = done.new
                found.costs.append(cost_of(X, Y, done.new))
                if found.not_finite is None and not all(np.isfinite(array).all() for array in done.new.values()):
                    found.not_finite = step
        except RAISED as problem:
            found.ended = raised_by(problem, len(found.costs) - 1)
    return found


def started(parameters: Named, mistakes: tuple[Mistake, ...]) -> Named:
    """Return the start as the mistakes leave it."""
    arrays = {name: np.array(array, np.float64) for name, array in parameters.items()}
    starts = [one for one in mistakes if any(place.startswith("start.") for place in one.steps)]
    drawn: Named = run(DRAWN, arrays, mistakes=starts).parameters if starts else arrays
    return drawn


def cost_of(X: Any, Y: Any, parameters: Named) -> float:
    """Return the cross-entropy of these parameters by the right functions, NaN where their shapes do not fit."""
    try:
        AL = run(L_MODEL_FORWARD, X, parameters).AL
        cost = float(-np.mean(xlogy(Y, AL) + xlog1py(1 - Y, -AL)))
    except RAISED:
        return float("nan")
    return cost if AL.shape == Y.shape else float("nan")


def predictions(parameters: Named, points: Any, mistakes: Iterable[Mistake] = ()) -> Any:
    """Return AL at points, of shape (n_x, number of points), by the code with these mistakes.

    None where it raises, or gives another number of predictions: what was learned fits the training rows alone.
    """
    points = np.asarray(points, np.float64)
    with np.errstate(all="ignore"):
        try:
            AL = np.asarray(run(L_MODEL_FORWARD, points, parameters, mistakes=mistakes).AL, np.float64)
        except RAISED:
            return None
    return AL[0] if AL.shape == (1, points.shape[1]) else None


# ---- one step ----


def _printed(s: Any) -> float:
    """The cost as the code computes it, and the moment before the step."""
    if s.kept:
        s.training.moments[s.step] = Moment(s.step, dict(s.parameters), [])
    cost = run(COMPUTE_COST, s.forward.AL, s.Y, mistakes=s.mistakes).cost
    alone = np.size(cost) == 1
    if not alone:
        _note(s.training, f"The cost is no single number: it has the shape {np.shape(cost)}.")
    s.training.printed.append(float(np.ravel(cost)[0]) if alone else float("nan"))
    return s.training.printed[-1]


def _compared(s: Any) -> list[Compared]:
    """The gradients of a step beside the right ones."""
    if not s.kept:
        return []
    both = list(compared(named_gradients(s.grads), right_gradients(s.X, s.Y, s.parameters)))
    s.training.moments[s.step] = Moment(s.step, dict(s.parameters), both)
    return both


def right_gradients(X: Any, Y: Any, parameters: Named) -> Named:
    """Return the gradients by the right functions, layer L first; {} where the parameters have lost their shapes."""
    try:
        forward = run(L_MODEL_FORWARD, X, parameters)
        return named_gradients(run(L_MODEL_BACKWARD, forward.AL, Y, forward.caches).grads)
    except RAISED:
        return {}


def named_gradients(grads: Named) -> Named:
    return {name: np.asarray(array, np.float64) for name, array in grads.items()}


WATCHED = Program(
    ITERATION.name,
    ITERATION.arguments,
    {
        "forward": ITERATION.steps["forward"],
        "cost": _printed,
        "grads": ITERATION.steps["grads"],
        "beside": _compared,
        "new": ITERATION.steps["new"],
    },
    ITERATION.outputs,
)


# ---- around it ----


def _iterations(steps: int, mistakes: tuple[Mistake, ...]) -> int:
    values = Values(num_iterations=steps)
    return int(taken(TRAINING.steps["iterations"], "training.iterations", mistakes)(values))


def _note_shapes(found: Training, new: Named, right: Named, when: str) -> None:
    for name, array in right.items():
        if name not in new:
            _note(found, f"{name} is missing", when)
        elif np.shape(new[name]) != np.shape(array):
            _note(found, f"{name} has the shape {np.shape(new[name])}: expected {np.shape(array)}", when)
            if np.size(new[name]) > MOST_NUMBERS:
                raise ValueError(f"{name} grew to {np.size(new[name]):,} numbers")


def _note(found: Training, text: str, when: str = "") -> None:
    """Once for each."""
    if not any(one.startswith(text) for one in found.notes):
        found.notes.append(f"{text} {when}." if when else text)


def _check(X: Any, Y: Any, parameters: Named, learning_rate: float, steps: int) -> None:
    if not 1 <= steps <= MOST_STEPS:
        raise SettingError(f"steps is {steps}: expected 1 to {MOST_STEPS:,}.")
    if not (learning_rate > 0 and np.isfinite(learning_rate)):
        raise SettingError(f"learning_rate is {learning_rate:g}: expected more than 0.")
    if X.ndim != 2 or Y.shape != (1, X.shape[1]):
        raise DataError(f"X is {X.shape}, Y is {Y.shape}: expected (n_x, m) and (1, m), examples across.")
    if np.shape(parameters["W1"])[1] != X.shape[0]:
        raise DataError(
            f"W1 is {np.shape(parameters['W1'])}, X is {X.shape}: expected a column of W1 for each row of X"
        )
    if not np.isin(Y, (0, 1)).all():
        raise DataError("Y holds other numbers than 0 and 1: the course's networks tell two classes apart.")
