"""Whether rows are sorted by their target: then rows that are read together are alike, and steps pull to and fro.

    eta^2 = Σ_b n_b |mean_b - mean|² / Σ_i |y_i - mean|²        over runs b of neighbouring rows

the part of the targets' variance that lies between the runs: 1 where each run has a single target, about 1 / rows of a
run where the order is random. Classes are compared by their indicator columns.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SORTED = 0.5  # from here on rows are called sorted
FEWEST_RUNS = 4
MOST_CLASSES = 64  # that are told apart


class Sortedness:
    """What runs of neighbouring rows say about the order of the targets.

    Parameters
    ----------
    n_runs : int
    """

    def __init__(self, n_runs: int) -> None:
        self._n = np.zeros(n_runs)
        self._sums = np.zeros((n_runs, 0))
        self._squares = 0.0
        self._classes: dict[Any, int] | None = None

    def add(self, runs: NDArray[np.intp], y: NDArray[Any], classes: bool) -> None:
        """Take note of some rows: the run and the target of each."""
        values = self._indicators(y) if classes and y.ndim == 1 else y.reshape(len(y), -1).astype(np.float64)
        values = np.nan_to_num(values)
        if values.shape[1] > self._sums.shape[1]:
            more = values.shape[1] - self._sums.shape[1]
            self._sums = np.pad(self._sums, ((0, 0), (0, more)))
        self._n += np.bincount(runs, minlength=len(self._n))
        for k, column in enumerate(values.T):
            self._sums[:, k] += np.bincount(runs, column, len(self._n))
        with np.errstate(over="ignore"):
            self._squares += float((values**2).sum())

    def _indicators(self, y: NDArray[Any]) -> NDArray[np.float64]:
        self._classes = {} if self._classes is None else self._classes
        different, codes = np.unique(y.astype(str) if y.dtype.kind == "O" else y, return_inverse=True)
        for label in different.tolist():
            if label not in self._classes:
                self._classes[label] = min(len(self._classes), MOST_CLASSES - 1)
        at = np.array([self._classes[label] for label in different.tolist()], np.intp)[codes]
        return np.eye(max(self._classes.values()) + 1)[at]

    @property
    def share(self) -> float:
        """eta^2; 0 where there are too few runs to tell."""
        seen = self._n > 0
        if seen.sum() < FEWEST_RUNS:
            return 0.0
        n, sums = self._n[seen, None], self._sums[seen]
        mean = sums.sum(axis=0) / n.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            within = self._squares - n.sum() * float((mean**2).sum())
            between = float((n * (sums / n - mean) ** 2).sum())
            found = between / within if within > 0 else 0.0
        return found if np.isfinite(found) else 0.0

    @property
    def summary(self) -> bytes:
        """What was taken note of, as bytes: other targets, or another order of them, give others."""
        return self._n.tobytes() + self._sums.tobytes()
