"""Which known mistake, or which two, give just what the learner's function gives on every case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from lamina.glassbox.doctor.cases import Case
from lamina.glassbox.doctor.comparing import differing
from lamina.glassbox.doctor.exercise import Exercise
from lamina.glassbox.doctor.steps import Mistake, Named

MOST_PAIRS = 15_000  # of a group


@dataclass(frozen=True)
class Outcome:
    """What a learner's function did on one case.

    Attributes
    ----------
    case : Case
    found : dict or None
        The results by name; None where it raised or returned something else.
    raised : dict or None
        What `explained` says.
    unexpected : str
        What is wrong with the kind of result.
    """

    case: Case
    found: Named | None = None
    raised: dict[str, Any] | None = None
    unexpected: str = ""

    @property
    def judged(self) -> bool:
        return not self.case.kind


@dataclass(frozen=True)
class Named_:
    """The mistakes that were recognised, and the results that they leave unexplained."""

    mistakes: tuple[Mistake, ...]
    unexplained: tuple[str, ...] = ()


def wrong_results(exercise: Exercise, outcome: Outcome, mistakes: tuple[Mistake, ...] = ()) -> list[str]:
    """Return the names of results that are not what these mistakes give; "raises" where one raises alone."""
    expected = exercise.expected(outcome.case, mistakes, outcome.found)
    if outcome.found is None:
        return ["raises"] if expected else []
    return differing(outcome.found, expected, exercise) if expected else list(outcome.found)


def recognised(exercise: Exercise, outcomes: Sequence[Outcome]) -> Named_:
    """Return the fewest known mistakes that fit every case; none where none do."""
    tell = [one for one in outcomes if one.case.kind != "extreme" and not (one.case.kind and one.found is None)]
    tell.sort(key=lambda one: one.found is None)  # numbers tell more than exceptions
    if not tell or tell[0].found is None:
        return Named_(())
    wrong = {name for one in tell for name in wrong_results(exercise, one)}
    judged, extra = [one for one in tell if one.judged], [one for one in tell if not one.judged]
    for candidates in (((mistake,) for mistake in exercise.mistakes), *_pairs(exercise, judged, wrong)):
        best: tuple[Mistake, ...] = ()
        for made in candidates:
            if _fits(exercise, judged, made):
                if _fits(exercise, extra, made):
                    return Named_(made)
                best = best or made  # right code may refuse the extra cases, so they only choose
        if best:
            return Named_(best)
    return _in_part(exercise, judged, wrong)


def _fits(exercise: Exercise, tell: Sequence[Outcome], mistakes: tuple[Mistake, ...]) -> bool:
    return not any(wrong_results(exercise, one, mistakes) for one in tell)


def _pairs(exercise: Exercise, tell: Sequence[Outcome], wrong: set[str]) -> Iterator[Iterator[tuple[Mistake, ...]]]:
    """Yield groups of pairs: those of which each explains some result, then all that touch no other."""
    touching = exercise.touched
    able = [mistake for mistake, touched in touching.items() if touched <= wrong or "raises" in wrong]
    yield _of_a_group(exercise, tell, wrong, [one for one in able if _explained_by(exercise, tell, wrong, one)])
    yield _of_a_group(exercise, tell, wrong, able)


def _of_a_group(
    exercise: Exercise, tell: Sequence[Outcome], wrong: set[str], group: list[Mistake]
) -> Iterator[tuple[Mistake, ...]]:
    touching, tried = exercise.touched, 0
    for first, second in combinations(group, 2):
        if not wrong <= touching[first] | touching[second] | {"raises"}:
            continue
        for pair in _orders(first, second):
            tried += 1
            if tried > MOST_PAIRS:
                return
            if not wrong_results(exercise, tell[0], pair):
                yield pair


def _orders(first: Mistake, second: Mistake) -> list[tuple[Mistake, ...]]:
    pair = (first, second)
    return [pair, pair[::-1]] if set(first.steps) & set(second.steps) else [pair]


def _explained_by(exercise: Exercise, tell: Sequence[Outcome], wrong: set[str], mistake: Mistake) -> set[str]:
    """The wrong results that one mistake explains on every case that gave numbers."""
    left, seen = set(wrong), False
    for one in tell:
        if one.found is None:
            continue
        given = exercise.expected(one.case, (mistake,), one.found)
        if not given:
            return set()
        seen = True
        left -= set(differing(one.found, given, exercise))
    return left - {"raises"} if seen else set()


def _in_part(exercise: Exercise, tell: Sequence[Outcome], wrong: set[str]) -> Named_:
    """Explain what can be explained, result by result; a mistake must touch nothing that is right."""
    left, found = set(wrong) - {"raises"}, []
    for mistake in exercise.effective:
        touched = exercise.touched[mistake]
        explained = _explained_by(exercise, tell, left, mistake) & touched
        if explained and touched <= wrong and len(touched) == len(explained):
            found.append(mistake)
            left -= explained
    return Named_(tuple(found), tuple(sorted(left)))
