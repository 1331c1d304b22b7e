"""A mistake made in some layers only: learners write the last layer and the loop over the others apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from lamina.glassbox.doctor.steps import Mistake, Step


def somewhere(mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
    """Yield each mistake as made in every layer, in the last layer only, and in the hidden layers only."""
    for mistake in mistakes:
        yield mistake
        yield within(mistake, "last", "in the last layer", lambda s: s.layer == s.L)
        yield within(mistake, "hidden", "in the hidden layers", lambda s: s.layer < s.L)


def within(mistake: Mistake, scope: str, words: str, holds: Callable[[Any], bool]) -> Mistake:
    """Return the mistake as made only where `holds` says so of the values."""
    return replace(
        mistake,
        name=f"{mistake.name} ({scope})",
        sentence=f"{words[0].upper()}{words[1:]}: {mistake.sentence}",
        sign=f"{mistake.sign}; {words} only",
        steps={place: _where(holds, wrong) for place, wrong in mistake.steps.items()},
    )


def _where(holds: Callable[[Any], bool], wrong: Step) -> Step:
    return lambda s: wrong(s) if holds(s) else s.was()
