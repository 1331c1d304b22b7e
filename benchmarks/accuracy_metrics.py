"""What is measured of predictions, and how many sets become one number."""

from collections.abc import Iterable, Sequence

import numpy as np

SHIFT = 0.01  # as in the paper on RealMLP: a set on which nobody errs shall not rule the mean
SMALLEST = 1e-7  # the least probability that counts: single precision says no less
BINS = 15  # of the calibration error, as in Guo et al. 2017


def classification(probabilities: np.ndarray, classes: Sequence, y: Sequence) -> dict[str, float]:
    """Return error, log loss, Brier score and calibration error.

    Parameters
    ----------
    probabilities : array (m, classes)
    classes : sequence
        The labels of the columns.
    y : sequence (m,)
        The true labels. One that is not in `classes` is an error of probability 0.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("some probabilities are not finite")
    place = {label: k for k, label in enumerate(np.asarray(classes).tolist())}
    truth = np.array([place.get(label, -1) for label in np.asarray(y).tolist()])
    P = np.asarray(probabilities, np.float64)  # (m, classes)
    P = P / P.sum(axis=1, keepdims=True)
    said = np.where(truth >= 0, P[np.arange(len(P)), truth], 0.0)
    right = P.argmax(axis=1) == truth
    return {
        "error": float(np.mean(~right)),
        "log_loss": float(-np.mean(np.log(np.clip(said, SMALLEST, 1)))),
        "brier": float(np.mean(np.sum(P**2, axis=1) - 2 * said + 1)),
        "calibration": calibration_error(P.max(axis=1), right),
    }


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return by how much the probability of the likeliest class is off from how often it is right, in the mean.

    Over bins of equally many rows: those of equal width would have next to nothing in most.
    """
    order = np.argsort(confidence, kind="stable")
    bins = [at for at in np.array_split(order, BINS) if len(at)]
    return float(sum(abs(confidence[at].sum() - right[at].sum()) for at in bins) / len(order))


def regression(predicted: np.ndarray, y: Sequence) -> dict[str, float]:
    """Return nRMSE, which is RMSE over the standard deviation of the true values (1: no better than their mean)."""
    truth = np.asarray(y, np.float64)
    distances = np.asarray(predicted, np.float64).reshape(len(truth)) - truth
    if not np.isfinite(distances).all():
        raise ValueError("some predictions are not finite")
    rmse = float(np.sqrt(np.mean(distances**2)))
    return {"nrmse": rmse / float(truth.std()), "rmse": rmse}


def shifted_mean(values: Iterable[float], shift: float = SHIFT) -> float:
    """Return exp(mean(log(value + shift))), the shifted geometric mean. The shift is not taken off again."""
    return float(np.exp(np.mean(np.log(np.array(list(values)) + shift))))
