"""What answers say: precision and recall, ROC and precision-recall curves, calibration, residuals, coverage.

precision_k   right among those that were predicted as class k
recall_k      right among those of class k
F1_k          2 precision recall / (precision + recall)
ECE           sum over bins of n_b / n * |share right in b - mean probability in b|   (Guo et al. 2017)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.reporting.answers import ClassAnswers, Floats, NumberAnswers

BINS = 10
NORMAL_95 = 1.959964  # standard deviations on either side of a mean that hold 95 %


class OfClass(NamedTuple):
    """What became of the rows of a class; None where it would divide by 0."""

    precision: float | None
    recall: float | None
    f1: float | None
    rows: int


def confusion(answers: ClassAnswers) -> NDArray[np.intp]:
    """Return how many rows of each class, downwards, were predicted as each class, across; shape (K, K)."""
    K = answers.P.shape[1]
    return np.bincount(answers.true * K + answers.predicted, minlength=K * K).reshape(K, K)


def per_class(counts: NDArray[np.intp]) -> list[OfClass]:
    """Return precision, recall and F1 of every class from a confusion matrix."""
    right, predicted, true = np.diag(counts).tolist(), counts.sum(axis=0).tolist(), counts.sum(axis=1).tolist()
    return [
        OfClass(_share(r, p), _share(r, t), _share(2 * r, p + t), t)
        for r, p, t in zip(right, predicted, true, strict=True)
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def confused(counts: NDArray[np.intp], most: int) -> Iterator[tuple[int, int, int]]:
    """Yield the most frequent mistakes: the true class, the predicted one, how many rows."""
    wrong = counts - np.diag(np.diag(counts))
    for flat in np.argsort(-wrong, axis=None, kind="stable")[:most].tolist():
        true, predicted = divmod(flat, len(counts))
        if wrong[true, predicted]:
            yield true, predicted, int(wrong[true, predicted])


@dataclass(frozen=True, eq=False)
class Sweep:
    """What every threshold on a probability would lead to, from the highest to the lowest.

    Attributes
    ----------
    thresholds : array, shape (n,)
        Rows at or above it are called positive.
    true_positives, false_positives : array, shape (n,)
        How many rows.
    """

    thresholds: Floats
    true_positives: NDArray[np.intp]
    false_positives: NDArray[np.intp]

    @property
    def recall(self) -> Floats:
        """The share of the positive rows that are found: the true positive rate."""
        return self.true_positives / self.true_positives[-1]

    @property
    def false_positive_rate(self) -> Floats:
        """The share of the negative rows that are called positive."""
        return self.false_positives / self.false_positives[-1]

    @property
    def precision(self) -> Floats:
        """The share of the rows called positive that are."""
        return self.true_positives / (self.true_positives + self.false_positives)

    @property
    def auc(self) -> float:
        """The area under the ROC curve, by trapezia."""
        x, y = np.append(0, self.false_positive_rate), np.append(0, self.recall)
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    @property
    def average_precision(self) -> float:
        """The mean of the precision, weighted by the recall that each threshold adds."""
        return float(np.sum(np.diff(self.recall, prepend=0) * self.precision))


def sweep(answers: ClassAnswers) -> Sweep | None:
    """Return what thresholds on the second of two classes lead to; None where a class does not occur."""
    positive, score = answers.true == 1, answers.P[:, 1]
    if positive.all() or not positive.any():
        return None
    order = np.argsort(-score, kind="stable")
    score, hits = score[order], np.cumsum(positive[order])
    last = np.flatnonzero(np.append(np.diff(score) != 0, True))  # of equal scores
    return Sweep(score[last], hits[last], last + 1 - hits[last])


class Bin(NamedTuple):
    """Rows of about the same probability."""

    low: float
    high: float
    rows: int
    predicted: float  # the mean probability
    found: float  # the share for which it came true
    interval: tuple[float, float]  # of `found`, 95 %


@dataclass(frozen=True)
class Calibration:
    """Whether probabilities can be taken at their word."""

    bins: tuple[Bin, ...]  # those with rows
    error: float  # the expected calibration error


def calibration(answers: ClassAnswers) -> Calibration:
    """Return calibration in bins of equal width: of the second of two classes, of more of the predicted one."""
    K = answers.P.shape[1]
    p = answers.P[:, 1] if K == 2 else answers.P.max(axis=1)
    hit = answers.true == 1 if K == 2 else answers.true == answers.predicted
    at = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = []
    for k in np.unique(at).tolist():
        here = at == k
        n, found = int(here.sum()), float(hit[here].mean())
        bins.append(Bin(k / BINS, (k + 1) / BINS, n, float(p[here].mean()), found, wilson(found, n)))
    error = sum(one.rows * abs(one.found - one.predicted) for one in bins) / len(p)
    return Calibration(tuple(bins), float(error))


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the interval of 95 % of a share that was seen in n rows (Wilson 1927)."""
    z2 = NORMAL_95**2 / n
    middle = (share + z2 / 2) / (1 + z2)
    half = NORMAL_95 / (1 + z2) * np.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


class ResidualBin(NamedTuple):
    """Rows of about the same prediction."""

    predicted: float  # the mean prediction
    rows: int
    mean: float  # residual
    low: float  # 5 % of the residuals are below
    median: float
    high: float  # 5 % are above


def residual_bins(answers: NumberAnswers) -> list[ResidualBin]:
    """Return the residuals by prediction: in ten groups of about as many rows, those of equal predictions together."""
    edges = np.unique(np.quantile(answers.predicted, np.linspace(0, 1, BINS + 1)[1:-1]))
    at, found = np.searchsorted(edges, answers.predicted, side="left"), []
    for k in np.unique(at).tolist():
        r = answers.residual[at == k]
        low, median, high = np.quantile(r, (0.05, 0.5, 0.95)).tolist()
        found.append(ResidualBin(float(answers.predicted[at == k].mean()), len(r), float(r.mean()), low, median, high))
    return found


def coverage(answers: NumberAnswers) -> list[tuple[float, float]]:
    """Return each level of the quantiles with the share of the rows at or below what was predicted for it."""
    assert answers.quantiles is not None
    shares = (answers.true[:, None] <= answers.quantiles).mean(axis=0)
    return list(zip(answers.levels, shares.tolist(), strict=True))


def thinned(count: int, most: int) -> NDArray[np.intp]:
    """Return at most so many places of `count`, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))
