"""What is worth a word, and no mistake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.glassbox.doctor import solutions
from lamina.glassbox.doctor.exercise import Exercise
from lamina.glassbox.doctor.naming import Outcome, wrong_results

MUCH = 1_000_000  # characters printed


def notes_of(
    exercise: Exercise, calls: Sequence[dict[str, Any]], outcomes: Sequence[Outcome], known: dict[str, Any]
) -> list[str]:
    """Return sentences: extreme input, much output, functions of the course that stand in."""
    raising = any(outcome.raised for outcome in outcomes if outcome.judged)
    found = [note for one in outcomes if not (raising and one.raised) and (note := _extreme(exercise, one))]
    printed = sum(call.get("printed", 0) for call in calls)
    if printed > MUCH:
        found.append(f"It prints {printed / 1e6:.0f} million characters in {2 * len(calls)} calls.")
    missing = [name for name in known.get("missing", ()) if name in solutions.NAMES]
    if missing:
        stand = "stands" if len(missing) == 1 else "stand"
        are = "is" if len(missing) == 1 else "are"
        found.append(f"{', '.join(missing)} {are} not defined here: the course's {stand} in.")
    return found


def _extreme(exercise: Exercise, outcome: Outcome) -> str:
    if outcome.case.kind != "extreme":
        return ""
    if outcome.raised is not None:
        return f"It raises {outcome.raised['type']} for {outcome.case.label}."
    values = list((outcome.found or {}).values())
    if not all(np.isfinite(array).all() for array in values):
        return (
            f"It gives NaN or infinity for {outcome.case.label}, {EXTREMES.get(exercise.name, 'as the formula does')}."
        )
    if wrong_results(exercise, outcome) and exercise.name == "sigmoid":
        return f"It is not exact for {outcome.case.label}."
    return ""


EXTREMES = {
    "compute_cost": "as the formula does: 0 * log(0). np.clip keeps AL away from 0 and 1",
    "L_model_backward": "as the formula does: it divides by 0. There dZ[L] = AL - Y",
    "sigmoid": "since e^Z overflows: scipy.special.expit does not",
}
