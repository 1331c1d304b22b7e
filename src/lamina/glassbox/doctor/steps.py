"""A course function as a list of named steps, so that a mistake is another way to take one of them.

A `Program` computes a function step by step. A `Mistake` replaces steps, here or in a program that this one runs
inside, and so tells from the arguments alone what code with this mistake returns. Two mistakes together are the
replacements of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

Step = Callable[[Any], Any]
LOG: ContextVar[list[tuple[str, Any]] | None] = ContextVar(
    "log", default=None
)  # every step that is taken, if asked for
Named = dict[str, Any]


class Values(SimpleNamespace):
    """The arguments of a function and the results of its steps so far, by name.

    Attributes
    ----------
    mistakes : tuple of Mistake
        Those that are made; programs that run inside make them too.
    was : callable
        Inside a mistake: what the step would give without it.
    """

    mistakes: tuple[Mistake, ...]
    was: Callable[[], Any]


@dataclass(frozen=True)
class Mistake:
    """One known mistake.

    Attributes
    ----------
    name : str
        The same in every function that can hold it.
    sentence : str
        What is wrong, for the learner.
    equation : str
        The equation of the lecture, as it should be.
    sign : str
        How it shows in the numbers.
    steps : dict
        "program.step" to a function of `Values` that takes this step wrongly.
    look : tuple of str
        Names of what it touches, as learners call them; the first is the one to blame.
    """

    name: str
    sentence: str
    equation: str
    sign: str
    steps: Mapping[str, Step] = field(compare=False)
    look: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """A function as steps in order.

    Attributes
    ----------
    name : str
    arguments : callable
        Takes the function's arguments, returns them by name.
    steps : dict
        Name of a step to a function of `Values`.
    outputs : callable
        Takes `Values`, returns what the function returns, by name.
    """

    name: str
    arguments: Callable[..., Named]
    steps: Mapping[str, Step]
    outputs: Callable[[Any], Named]


def run(program: Program, *arguments: Any, mistakes: Iterable[Mistake] = (), **around: Any) -> Values:
    """Take every step with the mistakes made, and return all values; `around` are further names that steps see."""
    made = tuple(mistakes)
    values = Values(**around, **program.arguments(*arguments))
    values.mistakes, log = made, LOG.get()
    for name, step in program.steps.items():
        value = taken(step, f"{program.name}.{name}", made)(values)
        setattr(values, name, value)
        if log is not None:
            log.append((f"{program.name}.{name}", value))
    return values


def taken(step: Step, place: str, mistakes: Iterable[Mistake]) -> Step:
    """Return the step as the mistakes leave it."""
    for mistake in mistakes:
        if place in mistake.steps:
            step = _instead(mistake.steps[place], step)
    return step


def _instead(wrong: Step, right: Step) -> Step:
    def step(values: Values) -> Any:
        before: Any = getattr(values, "was", None)
        values.was = lambda: right(values)
        try:
            return wrong(values)
        finally:
            values.was = before

    return step


def outputs_of(program: Program, arguments: Iterable[Any], mistakes: Iterable[Mistake] = (), **around: Any) -> Named:
    """Return what the function returns on these arguments with these mistakes, by name; {} where it raises."""
    with np.errstate(all="ignore"):
        try:
            values = run(program, *arguments, mistakes=mistakes, **around)
            return {name: np.asarray(value, np.float64) for name, value in program.outputs(values).items()}
        except RAISED:
            return {}


# What a mistake may run into: shapes that do not fit, keys and layers that are not there.
RAISED = (ValueError, KeyError, IndexError, TypeError, AttributeError, ZeroDivisionError)
