"""The line of the learner's code: the first that gives a name the number that the mistake explains."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.glassbox.doctor.comparing import close
from lamina.glassbox.doctor.exercise import Exercise
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
    """A line of a function gave a name a value."""

    cell: str
    line: int
    function: str
    name: str
    value: Any


def events_of(answer: list[list[Any]]) -> list[Event]:
    """Return what `recording` saw."""
    return [Event(c, line, f, name, np.asarray(unpacked(value), np.float64)) for c, line, f, name, value in answer]


def telling_case(exercise: Exercise, outcomes: Sequence[Outcome], mistakes: tuple[Mistake, ...]) -> int | None:
    """Return the place of the first case on which a mistake shows in numbers."""
    for place, outcome in enumerate(outcomes):
        shows = outcome.found is not None and outcome.case.kind != "extreme"
        if shows and exercise.expected(outcome.case, mistakes, outcome.found) and wrong_results(exercise, outcome):
            return place
    return None


def line_of(
    exercise: Exercise,
    outcome: Outcome,
    mistakes: tuple[Mistake, ...],
    blamed: Mistake | None,
    events: list[Event],
    shared: frozenset[str] = frozenset(),
) -> Place | None:
    """Return the line where the blamed mistake, made beside the others, first shows in a value.

    A helper that several functions call (`shared`) does what its name says: the line that calls it is meant.
    """
    targets = list(_targets(exercise, outcome, mistakes, blamed))
    for looked_at in ([one for one in events if one.function not in shared], events):
        for target in targets:
            for event in looked_at:
                if target.shown_by(event):
                    return Place(event.cell, event.line)
    return None


@dataclass(frozen=True)
class Target:
    """A wrong value, and which names may hold it: any, or those alike where the value alone is no proof."""

    value: Any
    names: tuple[str, ...]
    any_name: bool = True

    def shown_by(self, event: Event) -> bool:
        """Whether an event is this value."""
        if event.value.squeeze().shape != self.value.squeeze().shape:
            return False
        if not (self.any_name and self.value.size > 1) and not any(_alike(event.name, name) for name in self.names):
            return False
        return close(event.value.squeeze(), self.value.squeeze(), 1e-7, 1e-12)


def _alike(name: str, step: str) -> bool:
    """Whether a name of the learner's may be that of a step."""
    plain = name.lower().replace("_", "").split("[")[0]
    wanted = step.lower().replace("_", "")
    if "cache" in wanted and name.startswith("return["):
        return True
    return plain in (wanted, "return") or (
        len(wanted) > 1 and (wanted in plain or (len(plain) > 1 and plain in wanted))
    )


def _targets(
    exercise: Exercise, outcome: Outcome, mistakes: tuple[Mistake, ...], blamed: Mistake | None
) -> Iterator[Target]:
    """Yield wrong values, those of the blamed mistake's own steps first, then what follows from them."""
    assert outcome.found is not None
    if blamed is not None:
        others = tuple(one for one in mistakes if one is not blamed)
        right = list(_flat([value for _, value in _logged(exercise, outcome, others)]))
        wrong = _logged(exercise, outcome, mistakes)
        given = list(_flat(outcome.case.arguments))
        for k, (place, value) in enumerate(wrong):
            if place in blamed.steps:
                before = [*given, *_flat([one for _, one in wrong[:k]])]
                for array in _flat(value):
                    yield Target(array, (place.rpartition(".")[2], *blamed.look), not _among(array, before))
        for place, value in wrong:
            for array in _flat(value):
                if not _among(array, [*right, *given]):
                    yield Target(array, (place.rpartition(".")[2],))
    expected = exercise.expected(outcome.case, (), outcome.found)
    for name in wrong_results(exercise, outcome):
        if name in outcome.found:
            alone = name not in expected or np.shape(expected[name]) == ()
            plain = name.split("[")[0]
            yield Target(np.asarray(outcome.found[name]), (plain, "return") if alone else (plain,), "cache" not in name)


def _logged(exercise: Exercise, outcome: Outcome, mistakes: tuple[Mistake, ...]) -> list[tuple[str, Any]]:
    token = LOG.set([])
    try:
        exercise.computed(outcome.case, mistakes, outcome.found)
        return LOG.get() or []
    finally:
        LOG.reset(token)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for part in value:
            yield from _flat(part)
    elif isinstance(value, dict):
        yield from _flat(list(value.values()))
    elif isinstance(value, np.ndarray | np.number | int | float) and not isinstance(value, bool):
        yield np.asarray(value, np.float64)


def _among(value: Any, others: Sequence[Any]) -> bool:
    return any(value.shape == one.shape and close(value, one, 1e-7, 1e-12) for one in others)


def shared_helpers(source: Source) -> frozenset[str]:
    """Return the functions that two others call, or more."""
    callers: dict[str, set[str]] = {}
    for cell in source.cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.FunctionDef):
                for called in _called_in(node) - {node.name}:
                    callers.setdefault(called, set()).add(node.name)
    return frozenset(name for name, names in callers.items() if len(names) > 1)


def _called_in(function: ast.FunctionDef) -> set[str]:
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


# ---- by the text, where no value tells ----


def by_text(source: Source, cell: str, function: str, look: tuple[str, ...]) -> Place | None:
    """Return the line of a function that assigns to, calls or is one of the words, the first word first."""
    found = source.cell(cell)
    if found is None:
        return None
    nodes = [node for node in ast.walk(found.tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    for node in nodes[-1:]:
        for word in look:
            lines = list(_lines_of(node, word))
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
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and word.startswith("read "):
        return node.id == word.removeprefix("read ")
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
    return isinstance(target, ast.Name) and re.fullmatch(rf"{word}_?\d*", target.id, re.IGNORECASE) is not None


KEYWORDS = {"return": ast.Return, "for": ast.For, "if": ast.If}
