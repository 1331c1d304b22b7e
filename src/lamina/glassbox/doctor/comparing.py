"""Whether two results are the same: names, shapes and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from lamina.glassbox.doctor.steps import Named


class Judged(Protocol):
    """What an exercise says of its results: which may be missing, and how near they must be."""

    @property
    def optional(self) -> tuple[str, ...]: ...

    @property
    def tolerance(self) -> Callable[[str], tuple[float, float]]: ...


def differing(found: Named, expected: Named, exercise: Judged) -> list[str]:
    """Return the names of the results that are not as expected: wrong, missing or too many."""
    names = [name for name in [*expected, *found] if not _may_be_missing(name, found, expected, exercise)]
    return [name for name in dict.fromkeys(names) if not same(found.get(name), expected.get(name), name, exercise)]


def _may_be_missing(name: str, found: Named, expected: Named, exercise: Judged) -> bool:
    return name.startswith(exercise.optional or "\0") and (name not in found or name not in expected)


def same(found: Any, expected: Any, name: str, exercise: Judged) -> bool:
    """Whether two arrays have one shape and the same numbers, up to the exercise's tolerance."""
    if found is None or expected is None or np.shape(found) != np.shape(expected):
        return False
    rtol, atol = exercise.tolerance(name)
    if name.endswith(".spread") and bool(np.any(np.isnan(expected))):
        return bool(np.isnan(found) or found > 1e-9)  # any spread of b
    if np.isnan(expected).any() and (name in ANY or name.endswith(".lean")):
        return True
    return close(found, expected, rtol, atol)


ANY = ("different examples", "pairs agree")  # NaN stands for any number


def close(found: Any, expected: Any, rtol: float, atol: float) -> bool:
    """Whether the numbers agree, measured by the largest of them; NaN and infinity agree with themselves."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    finite = np.isfinite(expected)
    if (finite != np.isfinite(found)).any() or not np.array_equal(found[~finite], expected[~finite], equal_nan=True):
        return False
    if not finite.any():
        return True
    scale = float(np.max(np.abs(expected[finite])))
    return bool(np.all(np.abs(found[finite] - expected[finite]) <= rtol * scale + atol))
