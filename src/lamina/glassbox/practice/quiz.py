"""Which mistake is this? One is drawn by a seed; its numbers are shown, its name is not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lamina.errors import SettingError
from lamina.glassbox.doctor.steps import Named
from lamina.glassbox.practice.breaking import Training, train
from lamina.glassbox.practice.switches import Switch, switches

CHOICES = 4
STEPS = 40  # of the trainings that tell mistakes apart


@dataclass(frozen=True)
class Rows:
    """What is trained, and how.

    Attributes
    ----------
    X : array of shape (n_x, m)
    Y : array of shape (1, m)
    parameters : dict
    learning_rate : float
    """

    X: Any
    Y: Any
    parameters: Named
    learning_rate: float

    def trained(self, *made: Switch, steps: int = STEPS, keep: tuple[int, ...] = (0,)) -> Training:
        """Train with these mistakes made."""
        mistakes = tuple(one.mistake for one in made)
        rate = self.learning_rate
        return train(self.X, self.Y, self.parameters, learning_rate=rate, steps=steps, mistakes=mistakes, keep=keep)


class Quiz:
    """Questions about one set of rows.

    Only mistakes are drawn that show on these rows, in a step and not in the number of steps alone, and that run for at
    least one: an exception names its function. The
    choices of a question show in numbers of their own, so one of them is right.

    Parameters
    ----------
    rows : Rows
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    @cached_property
    def shown(self) -> dict[str, bytes]:
        """Each mistake that can be asked for, with what tells it from others."""
        right = _print(self.rows.trained(steps=2))
        found = {}
        for key, switch in switches().items():
            if "training.iterations" in switch.mistake.steps:
                continue
            training = self.rows.trained(switch, steps=2)
            print_ = _print(training)
            if training.ended is None and print_ != right:
                found[key] = print_
        return found

    def answer(self, seed: int) -> Switch:
        """Return the mistake of a question."""
        if seed < 0:
            raise SettingError(f"seed is {seed}: expected 0 or more.")
        rng = np.random.default_rng([3, seed])
        functions = sorted({switches()[key].function for key in self.shown})
        function = functions[rng.integers(len(functions))]  # each function alike, though some hold many mistakes
        keys = [key for key in self.shown if switches()[key].function == function]
        return switches()[keys[rng.integers(len(keys))]]

    def choices(self, seed: int) -> list[Switch]:
        """Return four mistakes, the answer among them: those of the same function first, then of the same arrays."""
        answer = self.answer(seed)
        rng = np.random.default_rng([4, seed])
        others = [switches()[key] for key in self.shown if key != answer.key]
        rng.shuffle(others)
        others.sort(key=lambda one: _distance(one, answer))
        chosen = [answer]
        for one in others:
            alike = {self.shown[other.key] for other in chosen}
            named = {other.mistake.name for other in chosen}
            if self.shown[one.key] not in alike and one.mistake.name not in named:
                chosen.append(one)
            if len(chosen) == CHOICES:
                break
        order = rng.permutation(len(chosen))
        return [chosen[k] for k in order]


def _distance(one: Switch, answer: Switch) -> int:
    """0: the same function and array; 1: the same array; 2: the same function; 3: another place."""
    same_array = bool(set(one.mistake.look) & set(answer.mistake.look))
    same_function = one.function == answer.function
    return (0 if same_function else 1) if same_array else (2 if same_function else 3)


def _print(training: Training) -> bytes:
    """What two trainings differ in: costs, parameters and gradients to eight digits."""
    numbers = [*training.costs, *training.printed]
    arrays = [*training.parameters.values()]
    for moment in training.moments.values():
        arrays += [one.found for one in moment.gradients if one.found is not None]
    flat = np.concatenate([np.ravel(numbers), *(np.ravel(array) for array in arrays)])
    shapes = repr([np.shape(array) for array in arrays]).encode()
    with np.errstate(all="ignore"):
        mantissa, exponent = np.frexp(np.nan_to_num(flat))
    return shapes + np.round(mantissa * 2**26).tobytes() + exponent.tobytes() + np.isfinite(flat).tobytes()
