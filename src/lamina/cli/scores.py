"""What a model is measured by, through scikit-learn's metrics, and what somebody without a model would reach."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.class_weights import own_weights
from lamina.data.streaming.streamed import Streamed
from lamina.data.targets import Labels, Numbers
from lamina.engine import choose
from lamina.equations.losses import Loss, Quantile
from lamina.learning.evaluation import predictions
from lamina.learning.run import Run
from lamina.model import Model

SHOWN_CLASSES = 5  # of those that do not occur

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "roc_auc": "ROC AUC",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R2",
    "pinball": "pinball loss",
}


class Measured(NamedTuple):
    """Scores by name, and why others cannot be told from these rows."""

    scores: dict[str, float]
    left_out: dict[str, str]

    def told(self) -> list[str]:
        """Return a line for each reason to leave scores out."""
        reasons = dict.fromkeys(self.left_out.values())
        return [f"no {', '.join(named(n) for n, one in self.left_out.items() if one == why)}: {why}" for why in reasons]


@dataclass(frozen=True)
class Answers:
    """Outputs of a network beside what they should have been.

    Attributes
    ----------
    target : Labels or Numbers
    loss : Loss
    A : array, shape (m, n_outputs)
    Y : array, shape (m, targets)
        As `target.encode` gives it.
    weights : array, shape (m,), or None
    """

    target: Labels | Numbers
    loss: Loss
    A: NDArray[Any]
    Y: NDArray[Any]
    weights: NDArray[Any] | None = None

    def measured(self) -> Measured:
        """Return the scores by name; those that these rows cannot tell, or that are not finite, are left out."""
        from sklearn.exceptions import UndefinedMetricWarning

        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            found = self._measured(np.asarray(self.A, np.float64))
        scores = {name: float(value) for name, value in found.items() if np.isfinite(value)}
        left_out = {name: "it is no finite number" for name in found if name not in scores}
        return Measured(scores, left_out | self._not_told())

    def _not_told(self) -> dict[str, str]:
        """Return why a score cannot be told from these rows, by its name."""
        counts = np.ones(len(self.Y), bool) if self.weights is None else self.weights > 0
        if isinstance(self.target, Labels):
            if self.target.task == "multilabel":
                return {}
            classes = self.target.classes
            if len(classes) == 1:
                left_out = ("balanced_accuracy", "log_loss", "roc_auc")
                return dict.fromkeys(left_out, f"the model knows the class {classes[0]} only")
            present = np.unique(_class_numbers(self.target, self.Y)[counts])
            absent = [str(label) for label in np.delete(classes, present)]
            return {"roc_auc": f"no row is of class {_listed(absent)}"} if absent else {}
        alone = not isinstance(self.loss, Quantile) and np.count_nonzero(counts) < 2
        return {"r2": "there is one row only"} if alone else {}

    def _measured(self, A: NDArray[np.float64]) -> dict[str, float]:
        if isinstance(self.target, Labels):
            return _of_labels(self.target, A, self.Y, self.weights)
        y, predicted = self._in_units(self.Y), self._in_units(A)
        if isinstance(self.loss, Quantile):
            return _of_quantiles(self.loss.quantiles, y, predicted, self.weights)
        return _of_numbers(y, predicted, self.weights)

    def confusion(self) -> NDArray[Any]:
        """Return rows (or weight) per true class, downwards, and predicted class, across; shape (K, K)."""
        from sklearn.metrics import confusion_matrix

        assert isinstance(self.target, Labels)
        true, predicted = _class_numbers(self.target, self.Y), _class_numbers(self.target, self.A)
        labels = range(len(self.target.classes))
        return np.asarray(confusion_matrix(true, predicted, labels=labels, sample_weight=self.weights))

    def _in_units(self, A: NDArray[Any]) -> NDArray[Any]:
        """Return numbers in the units of the target, shape (m, outputs)."""
        assert isinstance(self.target, Numbers)
        return self.target.decode(A).reshape(len(A), -1)

    def constant(self, learned: "Answers") -> "Answers":
        """Return the answers of somebody who knows only the targets of the training rows.

        Labels: the share of each class, so the most frequent is predicted. Numbers: the mean, or the asked quantiles.
        """
        Y, w = np.asarray(learned.Y, np.float64), learned.weights
        if isinstance(self.loss, Quantile):
            q = self.loss.quantiles
            guess = np.concatenate([np.quantile(column, q, method="inverted_cdf", weights=w) for column in Y.T])
        else:
            guess = np.average(Y, axis=0, weights=w)
        return Answers(self.target, self.loss, np.tile(guess, (len(self.Y), 1)), self.Y, self.weights)


def compared(run: Run, model: Model) -> dict[str, Measured]:
    """Return the scores of a model and of its baseline on the validation rows, or without such on the training rows.

    Of a stream, a sample of the training rows stands for all of them.
    """
    target, loss = model.target, model.network.loss
    learned = run.examples.sample if isinstance(run.examples, Streamed) else run.examples
    engine, A, Y, w = choose(model.network, model.engine, device=model.device), [], [], []
    rows = learned if run.validation is None else run.validation
    for predicted, block in predictions(model.network, engine, model.params, rows):
        A.append(predicted)
        Y.append(block.Y)
        w.append(own_weights(block.weights, run.columns.class_factors, block.Y))
    here = Answers(target, loss, np.concatenate(A), np.concatenate(Y), _joined(w))
    blocks = list(learned.blocks())
    targets = np.concatenate([block.Y for block in blocks])
    weights = [own_weights(block.weights, run.columns.class_factors, block.Y) for block in blocks]
    known = Answers(target, loss, targets, targets, _joined(weights))
    return {"lamina": here.measured(), baseline_name(target, loss): here.constant(known).measured()}


def _joined(weights: list[NDArray[Any] | None]) -> NDArray[Any] | None:
    there = [one for one in weights if one is not None]
    return np.concatenate(there) if there else None


def baseline_name(target: Labels | Numbers, loss: Loss) -> str:
    """Return what `Answers.constant` is called."""
    if isinstance(target, Labels):
        return "majority class"
    return "constant quantiles" if isinstance(loss, Quantile) else "mean"


def _class_numbers(target: Labels, A: NDArray[Any]) -> NDArray[np.intp]:
    """Return the number of the class with the largest probability."""
    if len(target.classes) == 1:  # it is the second of two, of which the first does not occur
        return np.zeros(len(A), np.intp)
    return np.asarray(A[:, 0] > 0.5, np.intp) if target.task == "binary" else np.argmax(A, axis=1)


def _of_labels(
    target: Labels, A: NDArray[np.float64], Y: NDArray[Any], weights: NDArray[Any] | None
) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, log_loss, recall_score, roc_auc_score

    if target.task == "multilabel":
        return {"accuracy": accuracy_score(Y > 0.5, A > 0.5, sample_weight=weights)}
    true, predicted = _class_numbers(target, Y), _class_numbers(target, A)
    found = {"accuracy": accuracy_score(true, predicted, sample_weight=weights)}
    K, present = len(target.classes), np.unique(true)
    if K == 1:
        return found
    P = target.probabilities(A)
    P = P / P.sum(axis=1, keepdims=True)
    recalls = {"labels": present, "average": "macro", "zero_division": 0.0}
    found["balanced_accuracy"] = recall_score(true, predicted, sample_weight=weights, **recalls)
    found["log_loss"] = log_loss(true, P, labels=np.arange(K), sample_weight=weights)
    if len(present if weights is None else np.unique(true[weights > 0])) == K:
        score = P[:, 1] if K == 2 else P
        found["roc_auc"] = roc_auc_score(true, score, multi_class="ovr", sample_weight=weights)
    return found


def _of_numbers(y: NDArray[Any], predicted: NDArray[Any], weights: NDArray[Any] | None) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    found = {
        "rmse": root_mean_squared_error(y, predicted, sample_weight=weights),
        "mae": mean_absolute_error(y, predicted, sample_weight=weights),
    }
    if len(y if weights is None else y[weights > 0]) > 1:
        found["r2"] = r2_score(y, predicted, sample_weight=weights)
    return found


def _of_quantiles(
    quantiles: tuple[float, ...], y: NDArray[Any], predicted: NDArray[Any], weights: NDArray[Any] | None
) -> dict[str, float]:
    """Return the pinball loss of every quantile, and the share of rows at or below it."""
    from sklearn.metrics import mean_pinball_loss

    found, count = {}, len(quantiles)
    for j, q in enumerate(quantiles):
        guess = predicted[:, j::count]  # all quantiles of target 1 come first
        found[f"pinball_{q:g}"] = mean_pinball_loss(y, guess, alpha=q, sample_weight=weights)
        found[f"share_below_{q:g}"] = float(np.average(np.mean(y <= guess, axis=1), weights=weights))
    return found


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_CLASSES
    return ", ".join(names[:SHOWN_CLASSES]) + (f" and {more} more" if more > 0 else "")


def named(name: str) -> str:
    """Return a score's name for people."""
    start, _, rest = name.partition("_")
    if rest and start == "pinball":
        return f"pinball loss {rest}"
    return NAMES.get(name, name.replace("_", " "))


def rows_of(scores: Mapping[str, Mapping[str, float]]) -> tuple[list[str], list[list[Any]]]:
    """Return headings and rows of a table with a line per model and a column per score."""
    names = list(dict.fromkeys(name for found in scores.values() for name in found))
    return ["", *map(named, names)], [[who, *(found.get(name) for name in names)] for who, found in scores.items()]
