"""What trials are compared by, in the units that people know.

Without a scorer: log loss for labels, RMSE for numbers in their own units, the pinball loss for quantiles. They do not
depend on the settings, as the cost does: with label smoothing, say, the cost of a better network is higher.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.data.labels import Labels
from lamina.data.source import Source
from lamina.data.target_values import plain_labels, plain_numbers
from lamina.equations.losses import Quantile
from lamina.fitting import Score
from lamina.model import Model

LOWEST_PROBABILITY = np.finfo(np.float64).eps  # as scikit-learn clips

Measured = Callable[[Model], float]


@dataclass(frozen=True)
class Measure:
    """What trials are compared by.

    Attributes
    ----------
    name : str
    direction : {"minimize", "maximize"}
    scoring : str or callable
        "cost" where no scorer was given.
    """

    name: str
    direction: Literal["minimize", "maximize"]
    scoring: Any

    @property
    def sign(self) -> int:
        """What a scorer's value is to be multiplied with."""
        return -1 if self.scored and self.direction == "minimize" else 1

    @property
    def scored(self) -> bool:
        """Whether there is a scorer, which watches training too."""
        return not (isinstance(self.scoring, str) and self.scoring == "cost")

    def score(self, train: Source, validation: Source, task: str) -> Score | None:
        """Return what watches the training of a fold; None for the cost."""
        from lamina.scoring import score_of

        return score_of(self.scoring, train.table, train.y, (validation.table, validation.y), task=task)

    def of(self, validation: Source, score: Score | None) -> Measured:
        """Return the function that measures a model on the validation rows."""
        if score is not None:
            return lambda model: self.sign * score(model, None)
        return lambda model: _error(model, validation)

    def better(self, one: float, other: float) -> bool:
        """Return whether one value is better than another."""
        return one < other if self.direction == "minimize" else one > other


def measure_of(scoring: Any, task: str, is_quantile: bool) -> Measure:
    """Return what trials are compared by: a scorer's value, its sign turned where the name begins with "neg_"."""
    if scoring is None or (isinstance(scoring, str) and scoring == "cost"):
        name = "log_loss" if task == "classifier" else "pinball" if is_quantile else "rmse"
        return Measure(name, "minimize", "cost")
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    if name.startswith("neg_"):
        return Measure(name.removeprefix("neg_"), "minimize", scoring)
    return Measure(name, "maximize", scoring)


def _error(model: Model, rows: Source) -> float:
    """Return the log loss, the RMSE or the mean pinball loss of rows, weighted as they are."""
    if isinstance(model.target, Labels):
        each = _log_losses(model, rows)
        return float(np.average(each, weights=rows.weights))
    y = plain_numbers(rows.y)
    y = y.reshape(len(y), -1)
    if isinstance(model.network.loss, Quantile):
        q = np.asarray(model.network.loss.quantiles)
        error = y[:, :, None] - model.predict_quantiles(rows.table).reshape(*y.shape, len(q))
        return float(np.average(np.maximum(q * error, (q - 1) * error).mean(axis=(1, 2)), weights=rows.weights))
    error = y - model.predict(rows.table).reshape(y.shape)
    return float(np.sqrt(np.average(np.square(error), axis=0, weights=rows.weights)).mean())


def _log_losses(model: Model, rows: Source) -> NDArray[np.float64]:
    y, P = plain_labels(rows.y), np.asarray(model.predict_proba(rows.table), np.float64)
    P = np.clip(P, LOWEST_PROBABILITY, 1 - LOWEST_PROBABILITY)
    if y.ndim == 2:  # the mean over labels
        return np.asarray(-np.log(np.where(y > 0, P, 1 - P)).mean(axis=1))
    classes = model.target.classes  # type: ignore[union-attr]
    return np.asarray(-np.log(P[np.arange(len(y)), np.searchsorted(classes, y)]))
