"""Prediction intervals and sets by split conformal prediction: how far off rows were that nobody learned from.

    score s_i of each of n rows not learned from; interval: every y whose score is at most
    the r-th smallest of them, r = ceil((n + 1) coverage)

A new row, drawn like those n, is inside with a probability of at least `coverage`, whatever the network is worth (Vovk,
Gammerman, Shafer 2005; Lei et al. 2018). The score is

    |y - prediction|                      numbers; divided by sqrt(prediction) for counts (poisson), by the prediction
                                          for amounts (gamma), whose spread grows with them
    max(lowest - y, y - highest)          of the quantiles that were learned (Romano, Patterson, Candes 2019)
    1 - probability of the label          classes (Sadinle, Lei, Wasserman 2019)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data import headers
from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import Gamma, Loss, Poisson, Quantile
from lamina.errors import DataError, SettingError

Array = NDArray[np.float64]

MOST_SCORES = 500  # that are kept of a target
LARGEST_SCORES = 100  # of those, the largest: they decide about coverages near 1
LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, eq=False)
class Conformal:
    """The scores of rows that were not learned from.

    Attributes
    ----------
    rows : int
        How many rows there were.
    scores : tuple of array, one for each target (one for labels)
        In rising order. Of more than 500, the 100 largest and 400 others, evenly spaced.
    levels : tuple of array
        The coverage that each score gives: r / (n + 1) of the r-th smallest of n; with weights, the weight up to it,
        divided by the weight of all rows and of a new one, which counts as much as the heaviest.
    """

    rows: int
    scores: tuple[Array, ...]
    levels: tuple[Array, ...]

    @staticmethod
    def of(scores: Array, weights: Array | None = None) -> "Conformal":
        """Return what the scores of some rows say, (rows, targets); weights are above 0."""
        kept = [_kept(np.nan_to_num(column, nan=LARGEST), weights) for column in scores.T]
        return Conformal(len(scores), tuple(one[0] for one in kept), tuple(one[1] for one in kept))

    def at(self, coverage: float) -> Array:
        """Return the score that covers, for each target.

        Raises
        ------
        SettingError
            `coverage` is no fraction, or more than so few rows can promise.
        """
        check_coverage(coverage)
        most = min(float(levels[-1]) for levels in self.levels)
        if coverage > most:
            rows = ceil(coverage / (1 - coverage) - 1e-9)
            raise SettingError(
                f"coverage={coverage:g} needs {rows:,} rows that were not learned from, and there are {self.rows:,}, "
                f"which promise at most {np.floor(most * 1e4) / 1e4:g}: ask for less, hold out more "
                "(validation_fraction), or give rows of their own to calibrate_intervals (calibrate_sets)."
            )
        return np.array([s[np.argmax(q >= coverage)] for s, q in zip(self.scores, self.levels, strict=True)])

    def to_header(self) -> dict[str, Any]:
        """Return the scores as plain JSON values; levels that follow from the number of rows are left out."""
        plain = all(np.array_equal(one, _plain_levels(self.rows)) for one in self.levels)
        levels = None if plain else [one.tolist() for one in self.levels]
        return {"rows": self.rows, "scores": [one.tolist() for one in self.scores], "levels": levels}

    @staticmethod
    def from_header(header: Mapping[str, Any], targets: int) -> "Conformal":
        """Return the scores of a header; raise a DataError for anything else."""
        header = headers.fields(header, "conformal", ("rows", "scores", "levels"))
        rows = headers.whole(header["rows"], "conformal rows", 1, 2**53)
        listed = headers.listed(header["scores"], "conformal scores", targets)
        scores = [headers.finite(one, "conformal scores") for one in listed]
        if header["levels"] is None:
            levels = [_plain_levels(rows)] * targets if rows <= MOST_SCORES else []
        else:
            found = headers.listed(header["levels"], "conformal levels", targets)
            levels = [headers.finite(one, "conformal levels") for one in found]
        for s, q in zip(scores, levels or [np.zeros(0)] * targets, strict=True):
            rising = len(s) == len(q) > 0 and (np.diff(s) >= 0).all() and (np.diff(q) >= 0).all()
            if not rising or not 0 < q[0] <= q[-1] < 1 or len(s) > MOST_SCORES:
                raise DataError("conformal: rising scores expected, and a level between 0 and 1 for each")
        return Conformal(rows, tuple(scores), tuple(levels))


def _plain_levels(n: int) -> Array:
    return np.arange(1, n + 1) / (n + 1)


def _kept(scores: Array, weights: Array | None) -> tuple[Array, Array]:
    """Return the scores in order, and their levels: of very many a part, so that the next one above still covers."""
    order = np.argsort(scores, kind="stable")
    n = len(order)
    if weights is None:
        levels = _plain_levels(n)
    else:
        w = weights[order].astype(np.float64)
        levels = np.cumsum(w) / (w.sum() + w.max())
    if n > MOST_SCORES:
        others = np.linspace(0, n - LARGEST_SCORES - 1, MOST_SCORES - LARGEST_SCORES).round().astype(int)
        kept = np.concatenate([others, np.arange(n - LARGEST_SCORES, n)])
        return scores[order][kept], levels[kept]
    return scores[order], levels


def check_coverage(coverage: Any) -> None:
    """Raise a SettingError for what is no fraction."""
    if isinstance(coverage, bool) or not isinstance(coverage, Real) or not 0 < float(coverage) < 1:
        percent = not isinstance(coverage, bool) and isinstance(coverage, Real) and 1 < float(coverage) < 100
        meant = f" Did you mean {float(coverage) / 100:g}?" if percent else ""
        raise SettingError(f"coverage={coverage!r}: expected a number between 0 and 1, like 0.9.{meant}")


# ---- scores, and what they mean ----


def scores_of(target: Labels | Numbers, loss: Loss, A: Array, Y: Array) -> Array:
    """Return how far off each row was, (m, targets), or (m, 1) for labels.

    Parameters
    ----------
    target : Labels or Numbers
    loss : Loss
    A, Y : array, shape (m, n_outputs) and (m, targets)
        Outputs, and encoded targets.
    """
    if isinstance(target, Labels):
        P = probabilities(target, A)
        chosen = Y.argmax(axis=1) if target.task == "multiclass" else (Y[:, 0] > 0.5).astype(int)
        return 1 - P[np.arange(len(P)), chosen][:, None]
    low, middle, high, unit = _bands(target, loss, A)
    y = Y.astype(np.float64) * target.scale + target.location
    return np.maximum(low - y, y - high) if middle is None else np.abs(y - middle) / unit


def intervals(target: Numbers, loss: Loss, A: Array, scores: Array) -> Array:
    """Return the lowest and the highest number of each row, (m, targets, 2), for a score of each target."""
    low, middle, high, unit = _bands(target, loss, A)
    ends = (low - scores, high + scores) if middle is None else (middle - scores * unit, middle + scores * unit)
    low, high = ends
    if isinstance(loss, Poisson | Gamma):
        low = np.maximum(low, 0.0)
    crossed = low > high  # the quantiles are further apart than it needs, by more than they are
    between = (low + high) / 2
    return np.stack([np.where(crossed, between, low), np.where(crossed, between, high)], axis=2)


def sets(target: Labels, A: Array, score: float) -> NDArray[np.bool_]:
    """Return which classes are in the set of each row, (m, classes); the likeliest always is."""
    P = probabilities(target, A)
    found = score >= 1 - P
    found[np.arange(len(P)), P.argmax(axis=1)] = True
    return found


def probabilities(target: Labels, A: Array) -> Array:
    """Return the probability of each class, (m, classes)."""
    A = np.asarray(A, np.float64)
    return target.probabilities(A / A.sum(axis=1, keepdims=True) if target.task == "multiclass" else A)


def has_scores(target: Labels | Numbers) -> bool:
    """Return whether rows have one answer each, or numbers: of several labels at once no set is made."""
    return isinstance(target, Numbers) or (target.task != "multilabel" and len(target.classes) > 1)


def _bands(target: Numbers, loss: Loss, A: Array) -> tuple[Array, Array | None, Array, Array | float]:
    """Return the lowest and highest number that is predicted, the one between them, and the unit of its errors."""
    y = target.decode(A).reshape(len(A), target.n_targets, -1)
    if isinstance(loss, Quantile) and len(loss.quantiles) > 1:
        return y.min(axis=2), None, y.max(axis=2), 1.0
    middle = y[:, :, 0]
    if isinstance(loss, Poisson):
        unit: Array | float = np.sqrt(np.maximum(middle, np.finfo(np.float64).tiny))
    elif isinstance(loss, Gamma):
        unit = np.maximum(middle, np.finfo(np.float64).tiny)
    else:
        unit = 1.0
    return middle, middle, middle, unit


def joined(parts: Iterable[tuple[Array, Array | None]]) -> Conformal:
    """Return what blocks of scores and weights say together; rows of weight 0 do not count."""
    found = list(parts)
    scores = np.concatenate([one[0] for one in found])
    weights = None if found[0][1] is None else np.concatenate([np.asarray(one[1]) for one in found])
    if weights is not None:
        scores, weights = scores[weights > 0], weights[weights > 0]
        weights = None if (weights == weights[:1]).all() else weights
    return Conformal.of(scores, weights)
