"""Whether rows are sorted by their target: then rows that are read together are alike, and steps pull to and fro.

    eta^2 = Σ_b n_b |mean_b - mean|² / Σ_i |y_i - mean|²        over runs b of neighbouring rows

the part of the targets' variance that lies between the runs: 1 where each run has a single target, about 1 / rows of a
run where the order is random. Classes are compared by their indicator columns.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.moments import sums

SORTED = 0.5  # from here on rows are called sorted
FEWEST_RUNS = 4
MOST_CLASSES = 64  # that are told apart


@dataclass(frozen=True, eq=False)
class Sortedness:
    """What runs of neighbouring rows say about the order of the targets.

    Attributes
    ----------
    first : int
        The number of the first run.
    n : array, shape (runs,)
        How many rows each has.
    sums : array, shape (runs, values)
        Σ y over the rows of each; of classes how many are of each.
    squares : float
        Σ y² over all rows.
    classes : tuple
        Which class each of the first columns of `sums` counts.
    """

    first: int
    n: NDArray[np.int64]
    sums: NDArray[np.float64]
    squares: float = 0.0
    classes: tuple[Any, ...] = ()

    @staticmethod
    def of(runs: NDArray[np.intp], y: NDArray[Any], classes: bool) -> "Sortedness":
        """Return what some rows say: the run, increasing, and the target of each."""
        first, at = int(runs[0]), runs - runs[0]
        n = np.bincount(at)
        if classes and y.ndim == 1:
            different, codes = np.unique(y.astype(str) if y.dtype.kind == "O" else y, return_inverse=True)
            width = min(len(different), MOST_CLASSES)
            places = at * width + np.minimum(codes, width - 1)
            counts = np.bincount(places, minlength=len(n) * width).reshape(len(n), width).astype(np.float64)
            return Sortedness(first, n, counts, float(len(y)), tuple(different[:width].tolist()))
        values = np.nan_to_num(y.reshape(len(y), -1).astype(np.float64))
        of_runs = np.stack([sums(at, column, len(n)) for column in values.T], axis=1)
        with np.errstate(over="ignore"):
            return Sortedness(first, n, of_runs, float((values**2).sum()))

    def joined(self, other: "Sortedness") -> "Sortedness":
        """Return what both say; the runs of the other one come behind these, or it goes on with the last of them."""
        n_runs = other.first + len(other.n) - self.first
        known = {one: k for k, one in enumerate(self.classes)}
        for one in other.classes:
            known.setdefault(one, min(len(known), MOST_CLASSES - 1))
        places = [known[one] for one in other.classes] or list(range(other.sums.shape[1]))
        n, both = np.zeros(n_runs, np.int64), np.zeros((n_runs, max(self.sums.shape[1], max(places) + 1)))
        n[: len(self.n)] += self.n
        n[other.first - self.first :] += other.n
        both[: len(self.n), : self.sums.shape[1]] += self.sums
        for k, place in enumerate(places):
            both[other.first - self.first :, place] += other.sums[:, k]
        with np.errstate(over="ignore"):
            squares = self.squares + other.squares
        return Sortedness(self.first, n, both, squares, tuple(known)[:MOST_CLASSES])

    @property
    def share(self) -> float:
        """eta^2; 0 where there are too few runs to tell."""
        seen = self.n > 0
        if seen.sum() < FEWEST_RUNS:
            return 0.0
        n, sums = self.n[seen, None], self.sums[seen]
        mean = sums.sum(axis=0) / n.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            within = self.squares - n.sum() * float((mean**2).sum())
            between = float((n * (sums / n - mean) ** 2).sum())
            found = between / within if within > 0 else 0.0
        return found if np.isfinite(found) else 0.0
