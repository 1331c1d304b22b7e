"""The plain score of an epoch: accuracy for labels, R^2 for numbers."""

from typing import Any

import numpy as np

from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import Loss, Quantile


def plain_score(target: Labels | Numbers, loss: Loss, A: Any, Y: Any, weights: Any) -> float:
    """Return accuracy for labels (all of a row's labels right) or R^2 for numbers, the mean over several targets."""
    if isinstance(target, Labels):
        right = (A > 0.5) == (Y > 0.5) if target.task != "multiclass" else A.argmax(axis=1) == Y.argmax(axis=1)
        hits = right.reshape(len(right), -1).all(axis=1)
        return float(np.average(hits, weights=weights))
    if isinstance(loss, Quantile):  # the quantile nearest to the middle
        q = loss.quantiles
        A = A[:, int(np.argmin([abs(one - 0.5) for one in q])) :: len(q)]
    A, Y = target.in_range(A), Y.astype(np.float64)
    mean = np.average(Y, axis=0, weights=weights)
    missed, spread = (np.average((Y - other) ** 2, axis=0, weights=weights) for other in (A, mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(np.where(spread > 0, 1 - missed / spread, np.where(missed > 0, 0.0, 1.0))))
