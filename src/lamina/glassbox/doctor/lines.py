"""The line of the learner's code: the first that gives a name the number that the mistake explains."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.glassbox.doctor.comparing import close
from lamina.glassbox.doctor.exercises import Exercise
from lamina.glassbox.doctor.naming import Outcome, wrong_results
from lamina.glassbox.doctor.source import Source
from lamina.glassbox.doctor.steps import LOG, Mistake
from lamina.glassbox.doctor.wire import unpacked


@dataclass(frozen=True)
class Place:
    """A line of a cell."""

    cell: str
    line: int


@dataclass(frozen=True)
class Event:
    """A line gave a name a value."""

    cell: str
    line: int
    name: str
    value: Any


def events_of(answer: list[list[Any]]) -> list[Event]:
    """Return what `recording` saw."""
    return [Event(cell, line, name, np.asarray(unpacked(value), np.float64)) for cell, line, name, value in answer]


def telling_case(exercise: Exercise, outcomes: Sequence[Outcome], mistakes: tuple[Mistake, ...]) -> int | None:
    """Return the place of the first case on which a mistake shows in numbers."""
    for place, outcome in enumerate(outcomes):
        shows = outcome.found is not None and outcome.case.kind != "extreme"
        if shows and exercise.expected(outcome.case, mistakes, outcome.found) and wrong_results(exercise, outcome):
            return place
    return None


def line_of(
    exercise: Exercise, outcome: Outcome, mistakes: tuple[Mistake, ...], blamed: Mistake | None, events: list[Event]
) -> Place | None:
    """Return the line where the blamed mistake, made beside the others, first shows in a value."""
    for wanted, scalar_name in _targets(exercise, outcome, mistakes, blamed):
        for event in events:
            if _matches(event, wanted, scalar_name):
                return Place(event.cell, event.line)
    return None


def _matches(event: Event, wanted: Any, scalar_name: str) -> bool:
    if wanted.size == 1 and not _alike(event.name, scalar_name):
        return False
    return event.value.shape == wanted.shape and close(event.value, wanted, 1e-7, 1e-12)


def _alike(name: str, step: str) -> bool:
    """Whether a name of the learner's may be that of a step: a single number is found by value and name."""
    plain = name.lower().replace("_", "").split("[")[0]
    wanted = step.lower().replace("_", "")
    return plain == wanted or plain == "return" or (len(wanted) > 1 and (wanted in plain or plain in wanted))


def _targets(
    exercise: Exercise, outcome: Outcome, mistakes: tuple[Mistake, ...], blamed: Mistake | None
) -> Iterator[tuple[Any, str]]:
    """Yield wrong values, those of the blamed mistake's own steps first, then what follows from them."""
    assert outcome.found is not None
    if blamed is not None:
        others = tuple(one for one in mistakes if one is not blamed)
        right, wrong = _logged(exercise, outcome, others), _logged(exercise, outcome, mistakes)
        known = [np.asarray(value, np.float64) for _, value in _numeric(right)]
        own = [(place, value) for place, value in _numeric(wrong) if place in blamed.steps]
        for place, value in [*own, *_numeric(wrong)]:
            array = np.asarray(value, np.float64)
            if not any(array.shape == one.shape and close(array, one, 1e-7, 1e-12) for one in known):
                yield array, place.rpartition(".")[2]
    expected = exercise.expected(outcome.case, (), outcome.found)
    for name in wrong_results(exercise, outcome):
        if name in outcome.found:
            yield outcome.found[name], name.split("[")[0]
            if name not in expected or np.shape(expected[name]) == ():
                yield outcome.found[name], "return"


def _logged(exercise: Exercise, outcome: Outcome, mistakes: tuple[Mistake, ...]) -> list[tuple[str, Any]]:
    token = LOG.set([])
    try:
        exercise.expected(outcome.case, mistakes, outcome.found)
        return LOG.get() or []
    finally:
        LOG.reset(token)


def _numeric(log: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for place, value in log:
        if isinstance(value, np.ndarray | np.number | int | float) and not isinstance(value, bool):
            yield place, value


# ---- by the text, where no value tells ----


def by_text(source: Source, cell: str, function: str, look: tuple[str, ...]) -> Place | None:
    """Return the line of a function that assigns to, calls or is one of the words, the first word first."""
    found = source.cell(cell)
    if found is None:
        return None
    nodes = [node for node in ast.walk(found.tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    for node in nodes[-1:]:
        for word in look:
            lines = [line for line in _lines_of(node, word)]
            if lines:
                return Place(cell, lines[-1] if word == "return" else lines[0])
        return Place(cell, node.lineno)
    return None


def _lines_of(function: ast.FunctionDef, word: str) -> Iterator[int]:
    for node in ast.walk(function):
        if _is(node, word):
            yield node.lineno  # type: ignore[attr-defined]


def _is(node: ast.AST, word: str) -> bool:
    if word in KEYWORDS:
        return isinstance(node, KEYWORDS[word])
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(_named(target, word) for target in targets)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name == word
    return False


def _named(target: ast.AST, word: str) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return any(_named(one, word) for one in target.elts)
    if isinstance(target, ast.Subscript):
        texts = [node.value for node in ast.walk(target.slice) if isinstance(node, ast.Constant)]
        return _named(target.value, word) or any(str(text).lower().startswith(word.lower()) for text in texts)
    return isinstance(target, ast.Name) and target.id.lower() == word.lower()


KEYWORDS = {"return": ast.Return, "for": ast.For, "if": ast.If}
