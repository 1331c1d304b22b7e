"""A scikit-learn scorer ("roc_auc", "f1", ...) that watches training: what a Fit takes as `score`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from lamina.data.tables.table import Table
from lamina.data.targets import Labels
from lamina.errors import SettingError, nearest
from lamina.model import Model


class _Regressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model as scorers know it."""

    def __init__(self, model: Any = None) -> None:
        self.model = model

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Table) -> NDArray[Any]:
        return np.asarray(self.model.predict(X))


class _Classifier(ClassifierMixin, _Regressor):  # type: ignore[misc]
    _estimator_type = "classifier"

    @property
    def classes_(self) -> NDArray[Any]:
        return np.asarray(self.model.target.classes)

    def predict_proba(self, X: Table) -> NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(X))


def scorer(
    name: str, rows: Table, y: NDArray[Any], validation: tuple[Table, NDArray[Any]] | None
) -> Callable[[Model, Any], float] | None:
    """Return the function that watches training, or None where the cost is watched.

    Parameters
    ----------
    name : str
        "cost", or the name of a scikit-learn scorer.
    rows, y
        The training rows.
    validation : (rows, y), optional

    Raises
    ------
    SettingError
        There is no scorer of this name.
    """
    if name == "cost":
        return None
    if name not in get_scorer_names():
        known = ["cost", *get_scorer_names()]
        raise SettingError(f"scoring={name!r}: expected 'cost' or one of scikit-learn's scorers.{nearest(name, known)}")
    scored = get_scorer(name)

    def score(model: Model, at: Any) -> float:
        estimator = (_Classifier if isinstance(model.target, Labels) else _Regressor)(model)
        if at is None and validation is not None:
            return float(scored(estimator, *validation))
        return float(scored(estimator, rows.take(at), y[at]))

    return score
