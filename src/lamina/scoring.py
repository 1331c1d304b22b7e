"""scikit-learn's scorers ("roc_auc", "f1", a function) as what watches training, for every face."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import _safe_indexing

from lamina.data.labels import Labels
from lamina.data.tables.table import Table
from lamina.data.target_values import plain_labels, plain_numbers
from lamina.errors import SettingError, nearest
from lamina.fitting import Score
from lamina.model import Model


class _Regressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model as scorers know it."""

    def __init__(self, model: Any = None) -> None:
        self.model = model

    def fit(self, X: Any, y: Any) -> Any:
        raise NotImplementedError("it is fitted already")

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, X: Any) -> NDArray[Any]:
        return np.asarray(self.model.predict(X))


class _Classifier(ClassifierMixin, _Regressor):  # type: ignore[misc]
    _estimator_type = "classifier"

    @property
    def classes_(self) -> NDArray[Any]:
        return np.asarray(self.model.target.classes)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(X))


def as_estimator(model: Model) -> Any:
    """Return a model as a fitted scikit-learn estimator that can predict, and nothing else."""
    return (_Classifier if isinstance(model.target, Labels) else _Regressor)(model)


def score_of(
    scoring: Any,
    X: Any,
    y: Any,
    validation: tuple[Any, Any] | None = None,
    *,
    task: str,
    fitted: Callable[[Model], Any] = as_estimator,
) -> Score | None:
    """Return the function that watches training (`fitting.prepare` takes it as `score`), or None for the cost.

    Parameters
    ----------
    scoring : str or callable
        "cost", the name of a scikit-learn scorer, or a scorer.
    X, y
        The training rows, as the scorer is to see them.
    validation : (X, y), optional
        Validation rows of their own.
    task : {"classifier", "regressor"}
    fitted : callable
        Makes the estimator that the scorer gets of a model.

    Raises
    ------
    SettingError
        There is no scorer of this name.
    """
    if isinstance(scoring, str) and scoring == "cost":
        return None
    names = get_scorer_names()
    if isinstance(scoring, str) and scoring not in names:
        close = nearest(scoring, names)
        raise SettingError(
            f"scoring={scoring!r}: expected 'cost', a scikit-learn scorer or its name, like 'roc_auc'.{close}"
        )
    plain_y = plain_labels if task == "classifier" else plain_numbers
    scorer = check_scoring(_Classifier() if task == "classifier" else _Regressor(), scoring)

    def score(model: Model, rows: Any) -> float:
        if rows is None:
            assert validation is not None
            return float(scorer(fitted(model), validation[0], plain_y(validation[1])))
        return float(scorer(fitted(model), _taken(X, rows), plain_y(y[rows])))

    return score


def _taken(X: Any, rows: Any) -> Any:
    return X.take(rows) if isinstance(X, Table) else _safe_indexing(X, rows)
