"""Arrays beside those that were expected: which entries differ, and a sentence that says how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.glassbox.doctor.steps import Named
from lamina.glassbox.doctor.unknown import difference

RTOL, ATOL = 1e-6, 1e-9  # of an entry, as in the sentences


@dataclass(frozen=True)
class Compared:
    """One array, found and expected.

    Attributes
    ----------
    name : str
    expected, found : array or None
        None where it is not there.
    differs : array or None
        True at the entries that differ; None where the two cannot be laid beside one another.
    sentence : str
        How it differs; empty where it does not.
    """

    name: str
    expected: Any
    found: Any
    differs: Any
    sentence: str

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.sentence


def compared(found: Named, expected: Named) -> Iterator[Compared]:
    """Yield every array of either, in the order of what was expected."""
    for name in dict.fromkeys([*expected, *found]):
        there, right = found.get(name), expected.get(name)
        if there is None or right is None:
            yield Compared(name, right, there, None, difference(name, found, expected))
            continue
        there, right = np.asarray(there, np.float64), np.asarray(right, np.float64)
        if there.shape != right.shape:
            yield Compared(name, right, there, None, difference(name, found, expected))
            continue
        differs = ~np.isclose(there, right, rtol=RTOL, atol=ATOL, equal_nan=True)
        sentence = difference(name, found, expected) if differs.any() else ""
        yield Compared(name, right, there, differs, sentence)
