"""What can be said of a result that no known mistake explains: which array, where, and how far off."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.glassbox.doctor.exercise import Exercise
from lamina.glassbox.doctor.naming import Outcome, wrong_results


def sentence_of(exercise: Exercise, outcome: Outcome, results: tuple[str, ...] = ()) -> str:
    """Return an honest sentence about the first wrong result of a case."""
    assert outcome.found is not None
    wrong = wrong_results(exercise, outcome)
    name = next((one for one in wrong if not results or one in results), wrong[0])
    expected = exercise.expected(outcome.case, (), outcome.found)
    return f"I don't recognise this mistake. {difference(name, outcome.found, expected)} (Case: {outcome.case.label}.)"


def difference(name: str, found: Any, expected: Any) -> str:
    """Return how one result differs, in a sentence: how many places, the first of them, the ratio."""
    if name not in found:
        return f"{name} is missing."
    if name not in expected:
        return f"{name} is there, and not expected."
    array, right = np.asarray(found[name]), np.asarray(expected[name])
    if array.shape != right.shape:
        return f"{name} has the shape {array.shape}: expected {right.shape}."
    off = ~np.isclose(array, right, rtol=1e-6, atol=1e-9, equal_nan=True)
    count = int(off.sum())
    if array.size == 1:
        return f"{name} is {float(array.flat[0]):.6g}: expected {float(right.flat[0]):.6g}{_ratio(array, right, off)}."
    where = "everywhere" if count == array.size else f"at {count} of {array.size} places"
    at = tuple(int(k) for k in np.argwhere(off)[0]) if count else ()
    first = f"{float(array[at]):.6g} at {list(at)}: expected {float(right[at]):.6g}" if count else ""
    return f"{name} is off {where}, {first}{_ratio(array, right, off)}.{_pattern(off)}"


def _ratio(array: Any, right: Any, off: Any) -> str:
    """Say so where all wrong numbers are the same multiple of what is right, or off by the same number."""
    wrong, true = array[off], right[off]
    if wrong.size == 0 or not np.isfinite(wrong).all():
        return ", not finite" if wrong.size else ""
    with np.errstate(all="ignore"):
        ratios = wrong / true
    if np.isfinite(ratios).all() and np.allclose(ratios, ratios.flat[0], rtol=1e-5):
        return f", {float(ratios.flat[0]):.4g} times what it should be"
    gaps = wrong - true
    if wrong.size > 1 and np.allclose(gaps, gaps.flat[0], rtol=1e-5):
        return f", off by {float(gaps.flat[0]):.4g}"
    return ""


def _pattern(off: Any) -> str:
    """Name a row or column that holds all that is wrong."""
    if off.ndim != 2 or off.all() or not off.any():
        return ""
    for axis, what in ((1, "row"), (0, "column")):
        lines = np.flatnonzero(off.any(axis=axis))
        if len(lines) == 1 and off.shape[1 - axis] > 1:
            return f" All of it is in {what} {int(lines[0])}."
    return ""
