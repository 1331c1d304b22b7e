"""A column of numbers mapped to a standard normal, piecewise linearly through its quantiles.

    landmark i of n         the quantile of level p = i / (n - 1), at most 1,000 of them
    its normal score        the p-quantile of the standard normal, within ±5.2 (p from 1e-7 to 1 - 1e-7)
    one value, many p       where landmarks coincide, the middle of their levels counts
    between two landmarks   a straight line; outside of them, the end

At the landmarks this is what scikit-learn's QuantileTransformer(output_distribution="normal") does, but where many rows
share the smallest or the largest number: there it takes the end, which throws half of a column of zeros to -5.2.
"""

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.encoding.knots import Knots
from lamina.data.quantiles import Distribution

Array = NDArray[np.float64]

MOST_LANDMARKS = 1000
OUTERMOST_LEVEL = 1e-7


def landmarks(found: Distribution, low: float, high: float, unit: float) -> Array:
    """Return the landmarks of a column, in order: as many as it has rows (of weight `unit`), at most 1,000."""
    n = int(np.clip(np.round(found.counts.sum() / unit), 2, MOST_LANDMARKS))
    quantiles = found.quantiles(np.linspace(0, 1, n), unit)
    quantiles[0], quantiles[-1] = low, high
    ordered: Array = np.maximum.accumulate(quantiles)
    return ordered


class NormalScores:
    """The map of one column; `quantiles` are its landmarks, at least two different ones."""

    def __init__(self, quantiles: Array) -> None:
        self.quantiles = quantiles

    @cached_property
    def points(self) -> tuple[Array, Array]:
        """The distinct landmarks and their scores."""
        from scipy.special import ndtri

        landmarks, first, count = np.unique(self.quantiles, return_index=True, return_counts=True)
        level = (first + (count - 1) / 2) / (len(self.quantiles) - 1)
        return landmarks, ndtri(np.clip(level, OUTERMOST_LEVEL, 1 - OUTERMOST_LEVEL))

    @cached_property
    def _curve(self) -> tuple[Knots, Array, Array]:
        """Return the distinct landmarks, their scores and how far each of these is from the next."""
        landmarks, scores = self.points
        return Knots(landmarks), scores, np.diff(scores)

    def __call__(self, x: Array) -> Array:
        """Return the scores of numbers; NaN stays NaN."""
        knots, scores, rises = self._curve
        i, t = knots.between(x)
        found: Array = scores[i] + t * rises[i]
        return found

    def of_one(self, x: float) -> float:
        """Return the score of one number that is not NaN: the same, in a hundredth of the time."""
        knots, scores, rises = self._listed
        i, t = knots.between_of_one(x)
        return scores[i] + t * rises[i]

    @cached_property
    def _listed(self) -> tuple[Knots, list[float], list[float]]:
        knots, scores, rises = self._curve
        return knots, scores.tolist(), rises.tolist()
