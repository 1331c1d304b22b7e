"""What came back from the calls of one function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.glassbox.doctor import views
from lamina.glassbox.doctor.cases import Case
from lamina.glassbox.doctor.exercise import Exercise
from lamina.glassbox.doctor.naming import Outcome, wrong_results
from lamina.glassbox.doctor.wire import packed, unpacked


class Called:
    """What came back from the calls of one function."""

    def __init__(self, exercise: Exercise, calls: list[dict[str, Any]], ended: str = "", missing: bool = False) -> None:
        self.calls, self.ended, self.missing = calls, ended, missing
        self.outcomes: list[Outcome] = []
        self.bare = False
        for case, call in zip(exercise.all_cases, calls, strict=False):
            if "raised" in call:
                self.outcomes.append(Outcome(case, raised=call["raised"]))
                continue
            returned = unpacked(call["returned"])
            self.bare |= isinstance(returned, np.ndarray | float)
            try:
                with np.errstate(all="ignore"):
                    self.outcomes.append(Outcome(case, exercise.view(returned, case)))
            except views.Unexpected as problem:
                self.outcomes.append(Outcome(case, unexpected=str(problem)))
        judged = [one for one in self.outcomes if one.judged]
        self.wrong = any(one.unexpected or wrong_results(exercise, one) for one in judged)
        self.numeric = any(one.found is not None for one in judged)
        raised = [one.raised for one in self.outcomes if one.raised]
        self.unwritten = bool(raised) and all(
            one["type"] == "NotImplementedError" and one.get("function") == exercise.name for one in raised
        ) and len(raised) == len(self.outcomes)  # fmt: skip
        self.same_again = all(call.get("same again", True) for call in calls)
        self.drew = any(call.get("drew", False) for call in calls)

    def impure(self, exercise: Exercise) -> bool:
        """Whether arguments were changed, or a second call gave another result."""
        return any(call.get("changed") for call in self.calls) or not (exercise.draws or self.same_again)

    def changed(self, arguments: Sequence[str]) -> dict[str, int]:
        """Names of the arguments that were changed, each with the first case."""
        found: dict[str, int] = {}
        for place, call in enumerate(self.calls):
            for path, _ in call.get("changed", ()):
                position = int(path[0])
                found.setdefault(arguments[position] if position < len(arguments) else "?", place)
        return found


def call_of(case: Case) -> dict[str, Any]:
    """Return one call as the learner's process gets it."""
    return {"arguments": packed(tuple(case.arguments)), "start": packed(case.around.get("start"))}
