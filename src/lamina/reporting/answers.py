"""What a network answered beside what it should have answered, as labels or numbers in their units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import Loss, Quantile

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassAnswers:
    """Classes.

    Attributes
    ----------
    P : array, shape (m, K)
        A probability for each class; each row sums to 1.
    true, predicted : array, shape (m,)
        Numbers of classes.
    """

    P: Floats
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]

    @property
    def of_true(self) -> Floats:
        """The probability that each row's own class was given, shape (m,)."""
        return self.P[np.arange(len(self.P)), self.true]

    def badness(self) -> Floats:
        """Return how wrong each row is, shape (m,): larger is worse."""
        return 1 - self.of_true


@dataclass(frozen=True, eq=False)
class NumberAnswers:
    """Numbers; `predicted` is what the residuals are measured from: of several quantiles the one nearest the middle.

    Attributes
    ----------
    true, predicted : array, shape (m,)
    quantiles : array, shape (m, quantiles), or None
        All that were predicted, for the levels `levels` in ascending order; in some rows they may cross.
    """

    true: Floats
    predicted: Floats
    quantiles: Floats | None = None
    levels: tuple[float, ...] = ()

    @property
    def residual(self) -> Floats:
        """What is, less what was predicted, shape (m,)."""
        return self.true - self.predicted

    def badness(self) -> Floats:
        """Return how wrong each row is, shape (m,): larger is worse; of quantiles the sum of their pinball losses."""
        if self.quantiles is None:
            return np.abs(self.residual)
        short_of = self.true[:, None] - self.quantiles
        q = np.array(self.levels)
        return np.asarray(np.maximum(q * short_of, (q - 1) * short_of).sum(axis=1))


def answers_of(target: Labels | Numbers, loss: Loss, A: NDArray[Any], Y: NDArray[Any]) -> ClassAnswers | NumberAnswers:
    """Return the answers for rows of one target.

    Parameters
    ----------
    target : Labels or Numbers
        Of a single question: neither several labels nor several numbers.
    loss : Loss
    A : array, shape (m, n_outputs)
    Y : array, shape (m, targets)
        As `target.encode` gives it.
    """
    A = np.asarray(A, np.float64)
    if isinstance(target, Labels):
        P = target.probabilities(A)
        return ClassAnswers(P / P.sum(axis=1, keepdims=True), _numbers_of(target, Y), _numbers_of(target, A))
    y = target.decode(np.asarray(Y, np.float64)).reshape(-1)
    found = target.decode(A).reshape(len(A), -1)
    if not isinstance(loss, Quantile):
        return NumberAnswers(y, found[:, 0])
    order = np.argsort(loss.quantiles, kind="stable")
    levels, found = tuple(loss.quantiles[j] for j in order), found[:, order]
    middle = int(np.argmin(np.abs(np.array(levels) - 0.5)))
    return NumberAnswers(y, found[:, middle], found, levels)


def _numbers_of(target: Labels, A: NDArray[Any]) -> NDArray[np.intp]:
    """Return the number of the most likely class of each row."""
    if len(target.classes) == 1:
        return np.zeros(len(A), np.intp)
    return np.asarray(A[:, 0] > 0.5, np.intp) if target.task == "binary" else np.argmax(A, axis=1)


def worst_rows(badness: Floats, most: int) -> NDArray[np.intp]:
    """Return the numbers of the worst rows, the worst first; of equals the first."""
    return np.argsort(-badness, kind="stable")[:most]
