"""Which columns of whole numbers are perhaps identifiers: a customer's number says who, and not how much.

Two rows of one number are compared with two rows of numbers next to each other: how much of the variance of the targets
do they share, on average? Of a quantity both share the same, even beside a step almost; of identifiers, only rows of
one number share anything.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.errors import DataWarning

FEWEST_VALUES = 100  # of fewer, a spline has a knot at every second one
FEWEST_ROWS_PER_VALUE = 4.0
FEWEST_PAIRS = FEWEST_VALUES * FEWEST_ROWS_PER_VALUE * (FEWEST_ROWS_PER_VALUE - 1)  # of rows of one number
LARGEST_PART = 0.1  # of the rows with one number: 0 is no identifier
LEAST_SHARED = 0.01  # of the variance of the targets, by rows of one number more than by rows of the next
SURE_STANDARD_ERRORS = 6.0
MOST_ALIKE = 0.3  # of what rows of one number share, by rows of the next


def looks_like_identifier(x: NDArray[np.float64], Y: NDArray[Any]) -> bool:
    """Return whether numbers recur, and the exact one says more of the targets than where it lies; see `identifies`."""
    return recurs(len(np.unique(x)), len(x)) and identifies(x, Y)


def recurs(n_values: int, n_rows: float) -> bool:
    """Return whether there are enough rows of each number to learn from."""
    return n_values * FEWEST_ROWS_PER_VALUE <= n_rows


def identifies(x: NDArray[np.float64], Y: NDArray[Any]) -> bool:
    """Return whether the exact number says more of the targets than where it lies.

    These may be some of the rows: how many rows each number has in all of them is asked of `recurs`.

    Parameters
    ----------
    x : array, shape (m,), without missing numbers
    Y : array, shape (m, targets)
        Encoded targets.
    """
    if len(x) < FEWEST_VALUES * FEWEST_ROWS_PER_VALUE or not (x == np.rint(x)).all():
        return False
    values = np.unique(x)
    if len(values) < FEWEST_VALUES:
        return False
    place = np.searchsorted(values, x)
    n = np.bincount(place)
    if n.max() > LARGEST_PART * len(x) or np.sum(n * (n - 1.0)) < FEWEST_PAIRS:
        return False
    R = Y - Y.mean(axis=0, dtype=np.float64)
    variances = np.mean(R**2, axis=0)
    variance = float(variances.sum())
    if not 0 < variance < np.inf:
        return False
    sums = np.stack([np.bincount(place, r) for r in R.T], axis=1)  # (values, targets)
    pairs, pairs_of_next = float(np.sum(n * (n - 1.0))), float(np.sum(1.0 * n[:-1] * n[1:]))
    shared = float(np.sum(sums**2) - np.sum(R**2)) / pairs / variance
    shared_with_next = float(np.sum(sums[:-1] * sums[1:])) / pairs_of_next / variance
    of_targets = float(np.linalg.norm(variances)) / variance
    standard_error = of_targets * np.sqrt(2 / pairs + 1 / pairs_of_next)  # if no two rows had anything in common
    more = shared - shared_with_next
    sure = more > max(LEAST_SHARED, SURE_STANDARD_ERRORS * standard_error)
    return bool(sure and shared_with_next < MOST_ALIKE * shared)


def warn_of_identifier(name: str, n_values: int, n_rows: int) -> None:
    """Say that a column may be an identifier, and what to do if it is one."""
    warnings.warn(
        f"column {name!r} holds {n_values:,} whole numbers in {n_rows:,} rows, and the exact number says more of the "
        f"target than where it lies. If it is an identifier, say categorical=[{name!r}] (--categorical {name}): that "
        "learns better, and faster.",
        DataWarning,
        stacklevel=6,
    )
