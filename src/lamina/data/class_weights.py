"""What each class counts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.targets import Labels
from lamina.errors import SettingError


def class_factors(class_weight: Any, labels: Labels, Y: Any, weights: Any) -> NDArray[np.float64]:
    """Return what each class counts, shape (classes,).

    "balanced" gives every class the same sum: n / (classes * rows of the class) (King and Zeng 2001).
    """
    if labels.task == "multilabel":
        raise SettingError("class_weight does not fit multi-label targets: use sample_weight.")
    at, known = class_numbers(Y), labels.classes.tolist()
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise SettingError(f"class_weight={class_weight!r}: expected None, 'balanced' or a dict of class: weight.")
        sums = np.bincount(at, weights, minlength=len(known))
        factors = sums.sum() / (np.count_nonzero(sums) * np.where(sums > 0, sums, 1))
    elif isinstance(class_weight, Mapping):
        unknown = [label for label in class_weight if label not in known]
        if unknown:
            raise SettingError(f"class_weight names {unknown[0]!r}; the classes are {known}.")
        factors = np.array([float(class_weight.get(label, 1.0)) for label in known])
        if not np.isfinite(factors).all() or (factors < 0).any() or factors[at].sum() == 0:
            raise SettingError(
                f"class_weight={dict(class_weight)!r}: expected weights of at least 0, not all of them 0."
            )
    else:
        raise SettingError(f"class_weight={class_weight!r}: expected None, 'balanced' or a dict of class: weight.")
    return factors


def class_numbers(Y: NDArray[Any]) -> NDArray[Any]:
    """Return the number of each row's class from Y of shape (m, 1) or one-hot, shape (m,)."""
    return Y[:, 0].astype(int) if Y.shape[1] == 1 else Y.argmax(axis=1)
