"""What an exercise is: what its function is called with, what it gives, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lamina.glassbox.doctor import views
from lamina.glassbox.doctor.cases import Case
from lamina.glassbox.doctor.comparing import differing
from lamina.glassbox.doctor.steps import Mistake, Named, Program, outputs_of

Tolerance = Callable[[str], tuple[float, float]]


def _exact(name: str) -> tuple[float, float]:
    return 1e-6, 1e-9


def loose(name: str) -> tuple[float, float]:
    """For statistics of what was drawn: rtol, atol."""
    if name.startswith("W") and name.endswith(".spread"):
        return 0.08, 0.0
    if name.endswith(".lean"):
        return 0.1, 0.12 if name.startswith("W") else 1e-12
    return (0.0, 0.06) if name.startswith("share") else (1e-6, 1e-9)


@dataclass(frozen=True)
class Exercise:
    """One function of the course.

    Attributes
    ----------
    name : str
    arguments : tuple of str
        Their names, in order.
    returns : str
        What it returns, in words.
    program : Program
        Its steps.
    cases : callable
        Yields `Case`s.
    view : callable
        What was returned, as arrays by name.
    mistakes : tuple of Mistake
        The known ones, in the order in which they are tried.
    optional : tuple of str
        Beginnings of the names of results that may be left out.
    tolerance : callable
        Name of a result to rtol and atol.
    draws : bool
        Whether it draws random numbers.
    may_change : tuple of str
        Arguments that the course's own solutions change.
    also_right : tuple of Mistake
        What counts as right too, with a note.
    """

    name: str
    arguments: tuple[str, ...]
    returns: str
    program: Program
    cases: Callable[[], Iterator[Case]]
    view: views.View
    mistakes: tuple[Mistake, ...]
    optional: tuple[str, ...] = ()
    tolerance: Tolerance = _exact
    draws: bool = False
    may_change: tuple[str, ...] = ()
    also_right: tuple[Mistake, ...] = field(default=())

    @cached_property
    def all_cases(self) -> tuple[Case, ...]:
        return tuple(self.cases())

    def expected(self, case: Case, mistakes: tuple[Mistake, ...] = (), seen: Named | None = None) -> Named:
        """What the function gives on a case with these mistakes; {} where it raises. `seen`: what a learner's gave."""
        if not mistakes and not self.draws:
            return self._right[id(case)] if id(case) in self._right else self.computed(case, (), None)
        return self.computed(case, mistakes, seen)

    @cached_property
    def _right(self) -> dict[int, Named]:
        return {id(case): self.computed(case, (), None) for case in self.all_cases}

    @cached_property
    def touched(self) -> dict[Mistake, frozenset[str]]:
        """The results that each mistake changes alone."""
        seen = _some_masks(self)
        cases_ = [case for case in self.all_cases if case.kind != "extreme"]
        found: dict[Mistake, frozenset[str]] = {}
        for mistake in self.effective:
            names: set[str] = set()
            for case in cases_:
                given, right = self.expected(case, (mistake,), seen(case)), self.expected(case, (), seen(case))
                if given:
                    names |= set(differing(given, right, self))
            found[mistake] = frozenset(names)
        return found

    def computed(self, case: Case, mistakes: tuple[Mistake, ...], seen: Named | None) -> Named:
        """Take every step, with nothing remembered."""
        around = dict(case.around)
        if self.draws:
            around["drawn"] = {name: array for name, array in (seen or {}).items() if name[0] == "D"}
        count = len(self.arguments) - (self.name in ("two_layer_model", "L_layer_model"))
        return outputs_of(self.program, case.arguments[: max(count, len(case.arguments))], mistakes, **around)

    @cached_property
    def effective(self) -> tuple[Mistake, ...]:
        """The mistakes that show on the cases: the first of those that look alike, without those that do not show."""
        known, kept = {self._print(())}, []
        for mistake in self.mistakes:
            print_ = self._print((mistake,))
            if print_ not in known:
                known.add(print_)
                kept.append(mistake)
        return tuple(kept)

    def _print(self, mistakes: tuple[Mistake, ...]) -> str:
        """What tells mistakes apart: all results, rounded."""
        seen = _some_masks(self)
        parts = []
        for case in self.all_cases:
            if case.kind == "extreme":
                continue
            found = self.expected(case, mistakes, seen(case))
            parts.append(repr([(name, array.shape, _rounded(array)) for name, array in sorted(found.items())]))
        return "|".join(parts)


def _some_masks(exercise: Exercise) -> Callable[[Case], Named]:
    """Masks as a right function would draw them."""

    def seen(case: Case) -> Named:
        if exercise.name != "forward_propagation_with_dropout":
            return {}
        X, parameters, keep_prob = case.arguments
        rng = np.random.RandomState(3)
        return {
            f"D{layer}": (rng.random_sample((len(parameters[f"W{layer}"]), X.shape[1])) < keep_prob).astype(float)
            for layer in (1, 2)
        }

    return seen


def _rounded(array: Any) -> bytes:
    """The first six digits or so."""
    mantissa, exponent = np.frexp(np.where(np.isfinite(array), np.where(np.abs(array) < 1e-12, 0, array), np.pi))
    return bytes(np.round(mantissa * 2**20).tobytes() + exponent.tobytes())
