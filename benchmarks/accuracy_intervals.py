"""How far a mean over a few sets can be trusted: the ratio of two methods, with an interval by the bootstrap."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SAMPLES = 10_000
LEVEL = 0.95
FEWEST_SETS = 5  # of fewer there is no interval: drawing two sets from two says nothing


class Ratio(NamedTuple):
    """One method's mean over another's, below 1 where it is less, and the ends of its interval (NaN on few sets)."""

    value: float
    low: float
    high: float
    sets: int

    @property
    def is_less(self) -> bool:
        return self.high < 1

    @property
    def is_more(self) -> bool:
        return self.low > 1


def ratio(mine: Sequence[float], theirs: Sequence[float], shift: float) -> Ratio:
    """Return the ratio of the shifted geometric means of two methods on the same sets.

    The bootstrap (Efron 1979) draws as many sets as there are, with repetition, 10,000 times, the same every time; the
    interval is from the 2.5th to the 97.5th percentile. It says how much hangs on which sets were chosen, under the
    assumption that they are a sample of those that matter. With fewer than about ten sets it is too narrow, and
    with fewer than five there is none.
    """
    logs = np.log(np.asarray(mine, float) + shift) - np.log(np.asarray(theirs, float) + shift)  # (sets,)
    if len(logs) < FEWEST_SETS:
        return Ratio(float(np.exp(logs.mean())), np.nan, np.nan, len(logs))
    drawn = np.random.Generator(np.random.PCG64(0)).integers(0, len(logs), (SAMPLES, len(logs)))
    low, high = np.quantile(logs[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Ratio(float(np.exp(logs.mean())), float(np.exp(low)), float(np.exp(high)), len(logs))
