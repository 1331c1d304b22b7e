"""What the page may ask, and in what words it is answered: one table for the server, for files and for notebooks.

A question is a function of the bench and of named arguments, all plain JSON values; its answer is a plain value too. To
add one, write it in the file of its subject and give it a row in `QUESTIONS`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina.errors import SettingError, nearest
from lamina.laboratory.bench import Bench
from lamina.laboratory.plain import plain
from lamina.laboratory.questions import (
    code,
    commands,
    copying,
    curves,
    health,
    lessons,
    mistakes,
    numbers,
    overview,
    own,
    pictures,
    settings,
    stepping,
)
from lamina.laboratory.questions.arguments import bound_arguments


def answer(bench: Bench, name: str, arguments: Mapping[str, Any]) -> Any:
    """Return the answer to a question, as plain JSON values.

    Raises
    ------
    LaminaError
        There is no such question, its arguments do not fit, or what it asks for cannot be had.
    """
    if name not in QUESTIONS:
        raise SettingError(f"no question {name!r}.{nearest(name, QUESTIONS)}")
    question = QUESTIONS[name]
    with np.errstate(all="ignore"):  # what is not finite is on the page, and need not be in the terminal too
        return plain(question(bench, **bound_arguments(name, question, arguments)))


QUESTIONS: Mapping[str, Callable[..., Any]] = {
    # where things stand
    "now": overview.now,
    "overview": overview.overview,
    "history": overview.history,
    # what a step computes
    "trace": numbers.trace,
    "array": numbers.array,
    "lines": stepping.lines,
    "entry": stepping.entry,
    "share": stepping.share,
    # mistakes made on purpose
    "mistakes": mistakes.mistakes,
    "break_it": mistakes.break_it,
    "quiz": mistakes.quiz,
    "quiz_answer": mistakes.quiz_answer,
    # the learner's code
    "code": code.code,
    "code_block": code.code_block,
    "code_hint": code.code_hint,
    # the lesson, and the gradient check to touch
    "lesson": lessons.lesson,
    "nudge": lessons.nudge,
    "slopes": lessons.slopes,
    # how the training goes
    "plane": pictures.plane,
    "frame": pictures.frame,
    "unit": pictures.unit,
    "pictures": pictures.pictures,
    "curves": curves.curves,
    "health": health.health,
    "settings": settings.settings,
    # own rows
    "upload": own.upload,
    "own": own.own,
    "open_own": own.open_own,
    # what is to happen
    "play": commands.play,
    "pause": commands.pause,
    "restart": commands.restart,
    "change": commands.change,
    "change_layers": settings.change_layers,
    "branch": commands.branch,
    "open": commands.open_rows,
    # what is taken home
    "python": copying.python,
    "snapshot": copying.snapshot,
    "open_snapshot": copying.open_snapshot,
}
