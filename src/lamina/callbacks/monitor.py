"""The value that a callback watches: a score, or a number that the estimator itself records."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np

from lamina.errors import SettingError, nearest

Mode = Literal["min", "max"]


@dataclass(frozen=True)
class Monitor:
    """What to watch, and whether it is better when lower ("min") or higher ("max").

    `name` is "score" (the estimator's own), a scorer of scikit-learn or its name, a key of the last record of
    `history_`, or a fitted attribute: a number, or a list whose last one counts.
    """

    name: str | Callable[..., float]
    mode: Mode
    validation: tuple[Any, Any] | None  # rows and targets to score; None: those of the fit

    @classmethod
    def of(cls, name: str | Callable[..., float], mode: Mode | None, X_val: Any, y_val: Any) -> "Monitor":
        """Return what the arguments of a callback ask for.

        Raises
        ------
        SettingError
            `mode` is unknown, or missing for a number that is not a score; X_val without y_val, or not used.
        """
        score = is_score(name)
        if mode not in (None, "min", "max"):
            raise SettingError(f"mode={mode!r}: expected 'min' or 'max'.{nearest(mode, ('min', 'max'))}")
        if mode is None and not score:
            raise SettingError(
                f"monitor={name!r} is not a score: pass mode='min' if lower is better, as for a cost, or mode='max'."
            )
        if (X_val is None) != (y_val is None):
            raise SettingError("X_val and y_val belong together: pass both, or neither to score the rows of the fit.")
        if X_val is not None and not score:
            raise SettingError(f"monitor={name!r} is recorded by the estimator itself: remove X_val and y_val.")
        return cls(name, mode or "max", None if X_val is None else (X_val, y_val))

    def value(self, estimator: Any, X: Any, y: Any) -> float:
        """Return the value of a fitted estimator; X and y are the rows of its fit."""
        if is_score(self.name):
            return float(_scorer(estimator, self.name)(estimator, *(self.validation or (X, y))))
        return _recorded(estimator, str(self.name))

    def improves(self, value: float, best: float | None, min_delta: float = 0.0) -> bool:
        """Return whether a value is better than the best by more than `min_delta`; NaN never is."""
        if best is None:
            return not np.isnan(value)
        return bool((value - best if self.mode == "max" else best - value) > min_delta)


def is_score(name: Any) -> bool:
    """Return whether the name stands for a scorer rather than for something that an estimator records."""
    from sklearn.metrics import get_scorer_names

    return callable(name) or name == "score" or name in get_scorer_names()


def _scorer(estimator: Any, name: Any) -> Callable[..., float]:
    from sklearn.metrics import check_scoring

    return check_scoring(estimator, None if name == "score" else name)


def _recorded(estimator: Any, name: str) -> float:
    """Return the last number of that name, from the records of the estimator or its attributes."""
    record = last_record(estimator)
    found = record[name] if name in record else getattr(estimator, name, None)
    if isinstance(found, list | tuple | np.ndarray) and len(found):
        found = found[-1]
    if not isinstance(found, Real):
        known = [key for key, value in record.items() if isinstance(value, Real)]
        has = f"its history_ has {', '.join(known)}" if known else "it has no history_"
        raise SettingError(
            f"monitor={name!r}: expected 'score', a scorer's name, or a number that {type(estimator).__name__} records;"
            f" {has}.{nearest(name, known)}"
        )
    return float(found)


def last_record(estimator: Any) -> dict[str, Any]:
    """Return the last of an estimator's `history_`, empty where it has none."""
    history = getattr(estimator, "history_", None)
    return dict(history[-1]) if isinstance(history, list) and history and isinstance(history[-1], dict) else {}
