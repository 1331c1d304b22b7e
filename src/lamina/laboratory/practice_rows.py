"""Rows and networks of the course to make mistakes with: relu in the hidden layers, a sigmoid, gradient descent."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from lamina.errors import SettingError, nearest
from lamina.fitting import prepare
from lamina.glassbox.practice.blocks import Chain
from lamina.glassbox.practice.quiz import Quiz, Rows
from lamina.laboratory.edits import trace_of_step
from lamina.laboratory.lab_rows import built_in

ROWS_OF_A_SHAPE = 80
SIZES = (2, 6, 4, 1)  # of the network for a shape in the plane
RATE, SEED = 0.5, 2
GRID = 44  # points along each side of a picture of the answers
MARGIN = 0.15  # around the rows, as a share of their range


@dataclass(frozen=True)
class PracticeRows:
    """Rows with the network that learns them.

    Attributes
    ----------
    name, title : str
    rows : Rows
    steps : int
        As many as show how it goes.
    """

    name: str
    title: str
    rows: Rows
    steps: int = 150

    @property
    def sizes(self) -> list[int]:
        """Units of every layer, the inputs first."""
        P = self.rows.parameters
        return [np.shape(P["W1"])[1], *(len(P[f"W{layer}"]) for layer in range(1, len(P) // 2 + 1))]

    @property
    def planar(self) -> bool:
        """Whether the rows lie in the plane, so that answers can be drawn."""
        return bool(np.shape(self.rows.X)[0] == 2)

    def grid(self) -> tuple[Any, Any, Any]:
        """Return x1 and x2 along the sides of a picture, and its points, of shape (2, GRID²), row by row."""
        sides = []
        for line in np.asarray(self.rows.X):
            margin = MARGIN * (line.max() - line.min())
            sides.append(np.linspace(line.min() - margin, line.max() + margin, GRID))
        x1, x2 = np.meshgrid(*sides)
        return sides[0], sides[1], np.stack([x1.ravel(), x2.ravel()])


@cache
def lesson() -> Rows:
    """Return the lecture's rows and network, with the numbers of the lab's step 0."""
    found = built_in("lesson")
    run, state = prepare(found.X, found.y, settings=found.settings, task=found.task, target_name=found.target)
    trace = trace_of_step(run, state)
    names = [name for name in trace if name[0] in "Wb" and name[1:].isdigit()]
    parameters = {name: np.array(trace[name]) for name in names}
    return Rows(np.array(trace["A0"]), np.array(trace["Y"]), parameters, run.recipe.learning_rate)


def practice_rows(name: str) -> PracticeRows:
    """Return the rows of this name.

    Raises
    ------
    SettingError
        There are none.
    """
    if not isinstance(name, str) or name not in NAMES:
        known = ", ".join(NAMES)
        raise SettingError(f"no rows {name!r} to make mistakes with.{nearest(name, NAMES)} There are {known}.")
    return _made(name)


@cache
def _made(name: str) -> PracticeRows:
    if name == "lesson":
        return PracticeRows(name, built_in(name).title, lesson())
    found = built_in(name)
    X = np.stack([found.X.column(one).to_numpy() for one in found.X.column_names])[:, :ROWS_OF_A_SHAPE]
    Y = np.asarray(found.y, np.float64)[None, :ROWS_OF_A_SHAPE]
    return PracticeRows(name, f"{found.title}: {'-'.join(map(str, SIZES))}", Rows(X, Y, _start(), RATE))


def _start() -> dict[str, Any]:
    """He's start, drawn once."""
    rng = np.random.default_rng(SEED)
    found: dict[str, Any] = {}
    for layer, (n_prev, n) in enumerate(pairwise(SIZES), start=1):
        found[f"W{layer}"] = rng.normal(size=(n, n_prev)) * np.sqrt(2 / n_prev)
        found[f"b{layer}"] = np.zeros((n, 1))
    return found


@cache
def quiz_of(name: str) -> Quiz:
    """Return the questions about these rows."""
    return Quiz(practice_rows(name).rows)


def lesson_chain() -> Chain:
    """Return the chain of the lecture's network, for a learner's code."""
    rows = lesson()
    return Chain(rows.X, rows.Y, rows.parameters, rows.learning_rate)


NAMES: Mapping[str, None] = dict.fromkeys(("circles", "xor", "moons", "lesson"))
