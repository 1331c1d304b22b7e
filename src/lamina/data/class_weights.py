"""What each class counts."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.label_counts import LabelCounts
from lamina.data.tables.columns import short
from lamina.errors import SettingError

HUGE = 2.0**500


def class_factors(class_weight: Any, counts: LabelCounts) -> NDArray[np.float64]:
    """Return what each class counts, shape (classes,); for multi-label targets what 0 and 1 count, shape (labels, 2).

    "balanced" gives every class the same sum: n / (classes * rows of the class) (King and Zeng 2001). A single class is
    the second of two, as in Y.
    """
    labels, sums = counts.labels, counts.weights
    if labels.task == "multilabel":
        if not isinstance(class_weight, str) or class_weight != "balanced":
            raise SettingError(f"class_weight={class_weight!r}: multi-label targets can be 'balanced' only.")
        return np.array([_balanced(of_label) for of_label in sums])
    known = labels.classes.tolist()
    first = [0.0] if len(known) == 1 and labels.task == "binary" else []
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise SettingError(f"class_weight={class_weight!r}: expected None, 'balanced' or a dict of class: weight.")
        factors = _balanced(np.array([*first, *sums]))
    elif isinstance(class_weight, Mapping):
        unknown = [label for label in class_weight if label not in known]
        if unknown:
            raise SettingError(f"class_weight names {unknown[0]!r}; the classes are {known}.")
        factors = np.array([*first, *(_weight_of(label, class_weight.get(label, 1.0)) for label in known)])
        if factors.max() > HUGE:  # only ratios count, and sums of them must stay in the float range
            factors = factors / HUGE
        given = factors[len(first) :]
        if not np.isfinite(factors).all() or (factors < 0).any() or not given[sums > 0].any():
            raise SettingError(
                f"class_weight={dict(class_weight)!r}: expected weights of at least 0, not all of them 0."
            )
    else:
        raise SettingError(f"class_weight={class_weight!r}: expected None, 'balanced' or a dict of class: weight.")
    return factors


def _weight_of(label: Any, weight: Any) -> float:
    try:
        found = float(weight) if isinstance(weight, Real) else np.nan
    except OverflowError:
        found = np.inf
    if not np.isfinite(found):
        raise SettingError(f"class_weight of {label!r} is {short(weight)}: expected weights of at least 0, and finite.")
    return found


def _balanced(sums: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(sums.sum() / (np.count_nonzero(sums) * np.where(sums > 0, sums, 1)))


def row_factors(factors: NDArray[np.float64], Y: NDArray[Any]) -> NDArray[np.float64]:
    """Return what each row counts, shape (m,): its class's factor, or the product over its labels."""
    if factors.ndim == 1:
        return factors[class_numbers(Y)]
    return np.asarray(factors[np.arange(Y.shape[1]), Y.astype(np.intp)].prod(axis=1))


def own_weights(weights: Any, factors: NDArray[np.float64] | None, Y: NDArray[Any]) -> Any:
    """Return what rows weigh without their classes: those shape what is learned, not what counts as right."""
    if weights is None or factors is None:
        return weights
    of_rows = row_factors(factors, Y)
    return np.divide(weights, of_rows, out=np.zeros(len(Y)), where=of_rows > 0)


def class_numbers(Y: NDArray[Any]) -> NDArray[Any]:
    """Return the number of each row's class from Y of shape (m, 1) or one-hot, shape (m,)."""
    return Y[:, 0].astype(int) if Y.shape[1] == 1 else Y.argmax(axis=1)
