"""scikit-learn's scorers ("roc_auc", "f1", a function) as what watches training, for every face."""

import warnings
from collections.abc import Callable
from inspect import signature
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring, get_scorer_names, make_scorer
from sklearn.utils import _safe_indexing

from lamina.data.labels import Labels
from lamina.data.streaming.streamed_source import Watched
from lamina.data.tables.table import Table
from lamina.data.target_values import plain_labels, plain_numbers
from lamina.errors import SettingError, nearest
from lamina.fitting import Score
from lamina.learning.choices import shown
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
        "cost" or None, the name of a scikit-learn scorer, or a scorer.
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
        There is no such scorer. The function raises it where the scorer fails, or returns no number.
    """
    if scoring is None or (isinstance(scoring, str) and scoring == "cost"):
        return None
    plain_y = plain_labels if task == "classifier" else plain_numbers
    scorer = _scorer(scoring, task)
    if validation is not None:
        validation = _in_the_order_of(X, validation[0]), validation[1]

    def score(model: Model, rows: Any) -> float:
        if isinstance(rows, Watched):
            some = rows.X, plain_y(rows.y)
        elif rows is None:
            assert validation is not None
            some = validation[0], plain_y(validation[1])
        else:
            some = _taken(X, rows), plain_y(y[rows])
        estimator = fitted(model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)  # whoever asked speaks of NaN
            found = _of_all_classes(scorer, model)(estimator, *some)
        if isinstance(found, bool | str) or not isinstance(found, Real):
            name = shown(scoring) if isinstance(scoring, str) else getattr(scoring, "__name__", shown(scoring))
            raise SettingError(f"scoring={name} returned {shown(found)}: expected a number, higher is better.")
        return float(found)

    return score


def _scorer(scoring: Any, task: str) -> Any:
    """Return the scorer that a setting means."""
    names = get_scorer_names()
    known = scoring in names if isinstance(scoring, str) else callable(scoring)
    try:
        if known:
            return check_scoring(_Classifier() if task == "classifier" else _Regressor(), scoring)
        why = ""
    except (ValueError, TypeError) as problem:  # of scikit-learn: a metric in place of a scorer
        why = f" {problem}"
    close = nearest(scoring, names) if isinstance(scoring, str) else ""
    raise SettingError(
        f"scoring={shown(scoring)}: expected 'cost', a scikit-learn scorer or its name, like 'roc_auc'.{close}{why}"
    )


def _of_all_classes(scorer: Any, model: Model) -> Any:
    """Return a scorer whose metric knows every class, where it takes probabilities: the watched rows may lack one."""
    metric, settings, target = getattr(scorer, "_score_func", None), getattr(scorer, "_kwargs", {}), model.target
    response = getattr(scorer, "_response_method", None)
    if metric is None or "predict_proba" not in (response if isinstance(response, list | tuple) else (response,)):
        return scorer
    if not isinstance(target, Labels) or target.task == "multilabel" or len(target.classes) < 2:
        return scorer
    takes = signature(metric).parameters
    known = {"labels": target.classes} | ({"pos_label": target.classes[1]} if len(target.classes) == 2 else {})
    more = {name: value for name, value in known.items() if name in takes and name not in settings}
    if "labels" not in more:
        return scorer
    return make_scorer(metric, response_method=response, greater_is_better=scorer._sign > 0, **settings, **more)


def _in_the_order_of(X: Any, X_val: Any) -> Any:
    """Return validation rows of a frame with their columns as X has them: what is beside them is left out."""
    names, found = (list(getattr(rows, "columns", ())) for rows in (X, X_val))
    if names and found != names and set(names) <= set(found) and len(set(found)) == len(found):
        return X_val[names]
    return X_val


def _taken(X: Any, rows: Any) -> Any:
    return X.take(rows) if isinstance(X, Table) else _safe_indexing(X, rows)
