"""Break it on purpose: what may be switched on, what it does beside the right code, and a quiz."""

from typing import Any

import numpy as np

from lamina.errors import SettingError
from lamina.glassbox.practice.breaking import MOST_STEPS, Training, predictions, train
from lamina.glassbox.practice.compared import Compared
from lamina.glassbox.practice.quiz import Rows
from lamina.glassbox.practice.switches import FAMOUS, FUNCTIONS, Switch, switched_on, switches
from lamina.laboratory.bench import Bench
from lamina.laboratory.practice_rows import NAMES, PracticeRows, practice_rows, quiz_of

MOST_AT_ONCE = 8  # mistakes
MOST_COLUMNS = 12  # of an array that are sent: dA has one for each example


def mistakes(bench: Bench) -> Any:
    """Return every mistake that can be made, function by function, and the rows to make it with."""
    known = switches().values()
    return {
        "functions": [
            {"function": name, "mistakes": [_told(one) for one in known if one.function == name]} for name in FUNCTIONS
        ],
        "famous": FAMOUS,
        "rows": [_described(practice_rows(name)) for name in NAMES],
        "most_steps": MOST_STEPS,
    }


def _told(switch: Switch) -> dict[str, Any]:
    one = switch.mistake
    words = {"sentence": one.sentence, "equation": one.equation, "sign": one.sign}
    return {"key": switch.key, "function": switch.function, "some_layers": switch.in_some_layers, **words}


def _described(rows: PracticeRows) -> dict[str, Any]:
    about = {"name": rows.name, "title": rows.title, "planar": rows.planar, "steps": rows.steps}
    X, Y = rows.rows.X, rows.rows.Y
    return {**about, "sizes": rows.sizes, "m": Y.shape[1], "rate": rows.rows.learning_rate, "X": X, "Y": Y[0]}


def break_it(
    bench: Bench, rows: str, keys: Any, steps: int | None = None, rate: float | None = None, at: int = 0
) -> Any:
    """Train with these mistakes made, and without: costs, the gradients of step `at`, answers in the plane."""
    place = practice_rows(rows)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or len(keys) > MOST_AT_ONCE:
        raise SettingError(f"keys={keys!r}: expected a list of at most {MOST_AT_ONCE} mistakes.")
    count = place.steps if steps is None else _whole(steps, "steps", 1)
    _whole(at, "at", 0)
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float)):
        raise SettingError(f"rate={rate!r}: expected a number above 0.")
    made = switched_on(keys)
    return {
        "at": at,
        "right": _shown(place, (), count, rate),
        "wrong": _shown(place, made, count, rate, at),
    }


def _whole(value: Any, name: str, least: int) -> int:
    if type(value) is not int or value < least:
        raise SettingError(f"{name}={value!r}: expected a whole number of at least {least}.")
    return int(value)


def _shown(place: PracticeRows, made: Any, steps: int, rate: float | None, at: int = -1) -> dict[str, Any]:
    """A training, with the gradients of step `at`."""
    rows: Rows = place.rows
    found = train(
        rows.X,
        rows.Y,
        rows.parameters,
        learning_rate=rows.learning_rate if rate is None else rate,
        steps=steps,
        mistakes=made,
        keep=(at,),
    )
    return {**_course_of(found), "gradients": _gradients(found, at), "answers": _answers(place, found, made)}


def _course_of(found: Training) -> dict[str, Any]:
    """How the training went, without what would tell a mistake's name."""
    return {
        "costs": found.costs,
        "printed": found.printed,
        "ended": None if found.ended is None else {"step": found.ended.step, "sentence": found.ended.sentence},
        "not_finite": found.not_finite,
        "notes": found.notes,
    }


def _gradients(found: Training, at: int) -> Any:
    """The gradients of a step beside the right ones at the same parameters; of many examples the first."""
    moment = found.moments.get(at)
    return None if moment is None else [_narrow(one) for one in moment.gradients]


def _narrow(one: Compared) -> dict[str, Any]:
    arrays = {name: _columns(getattr(one, name)) for name in ("expected", "found", "differs")}
    shapes = {f"{name}_shape": np.shape(getattr(one, name)) for name in ("expected", "found")}
    return {"name": one.name, **arrays, **shapes, "sentence": one.sentence}


def _columns(array: Any) -> Any:
    return array[:, :MOST_COLUMNS] if np.ndim(array) == 2 else array


def _answers(place: PracticeRows, found: Training, made: Any) -> Any:
    """The network's answers: of the rows, and of a grid of points where they lie in the plane."""
    rows = place.rows
    own = predictions(found.parameters, rows.X, made) if found.parameters else None
    right = None if own is None else int(np.sum((own > 0.5) == (rows.Y[0] > 0.5)))
    if not place.planar:
        return {"right": right, "of": rows.Y.shape[1]}
    x1, x2, points = place.grid()
    values = predictions(found.parameters, points, made)
    grid = None if values is None else np.round(values.reshape(len(x2), len(x1)), 3)  # for a picture
    return {"right": right, "of": rows.Y.shape[1], "x1": x1, "x2": x2, "grid": grid}


# ---- the quiz ----


def quiz(bench: Bench, rows: str, seed: int, at: int = 0) -> Any:
    """Return a question: what a mistake does, and four that it could be."""
    _whole(seed, "seed", 0)
    _whole(at, "at", 0)
    place, asked = practice_rows(rows), quiz_of(rows)
    made = (asked.answer(seed).mistake,)
    return {
        "at": at,
        "right": _shown(place, (), place.steps, None),
        "wrong": _shown(place, made, place.steps, None, at),
        "choices": [{"sentence": one.mistake.sentence, "function": one.function} for one in asked.choices(seed)],
    }


def quiz_answer(bench: Bench, rows: str, seed: int, choice: int) -> Any:
    """Return whether this choice is right, and what the mistake is."""
    _whole(seed, "seed", 0)
    practice_rows(rows)
    choices, answer = quiz_of(rows).choices(seed), quiz_of(rows).answer(seed)
    if type(choice) is not int or not 0 <= choice < len(choices):
        raise SettingError(f"choice={choice!r}: expected 0 to {len(choices) - 1}.")
    return {"right": choices[choice].key == answer.key, "answer": choices.index(answer), **_told(answer)}
