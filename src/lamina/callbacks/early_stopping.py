"""EarlyStopping: end training when a value no longer improves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lamina.callbacks.monitor import Mode, Monitor
from lamina.callbacks.tasks import Callback, TaskPath, is_whole_fit, path_of
from lamina.errors import SettingError


@dataclass
class _Progress:
    """How far one loop of iterations has come."""

    best: float | None = None
    waited: int = 0  # iterations since the best


class EarlyStopping(Callback):
    """Ask to stop after `patience` iterations in a row that did not improve a value by more than `min_delta`.

    An estimator must report its state after each iteration and stop when asked. lamina's do; LogisticRegression of
    scikit-learn 1.9 reports but does not stop yet. Each fit is counted by itself: clones may share the callback.

    Parameters
    ----------
    monitor : str or callable, default="score"
        "score", the estimator's own; a scorer of scikit-learn or its name; or a number that the estimator records: a
        key of its `history_`, like lamina's "validation_cost", or a fitted attribute.
    patience : int, default=10
        Iterations in a row, at least 1.
    min_delta : float, default=0.0
        Smallest change that counts as an improvement.
    mode : {"min", "max"}, optional
        Whether lower or higher is better. Required unless `monitor` is a score; higher scores are better.
    X_val, y_val : optional
        Rows to score. Without them, scores are computed on the training rows, which says little about new rows.

    Raises
    ------
    lamina.errors.SettingError
        What was found, what was expected, what to do.
    lamina.errors.MissingExtraError
        scikit-learn is older than 1.9.
    """

    def __init__(
        self,
        monitor: str | Callable[..., float] = "score",
        *,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: Mode | None = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> None:
        super().__init__()
        if patience < 1:
            raise SettingError(f"patience={patience!r}: expected a number of iterations, at least 1.")
        if not min_delta >= 0:
            raise SettingError(f"min_delta={min_delta!r}: expected an improvement, at least 0.")
        self.monitor, self.patience, self.min_delta = Monitor.of(monitor, mode, X_val, y_val), patience, min_delta
        self._loops: dict[TaskPath, _Progress] = {}

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> bool:
        """Return whether to stop: scikit-learn calls it."""
        if fitted_estimator is None or is_whole_fit(context) or not context.parent.sequential_subtasks:
            return False
        value = self.monitor.value(fitted_estimator, X, y)
        loop = self._loops.setdefault(path_of(context.parent), _Progress())
        if self.monitor.improves(value, loop.best, self.min_delta):
            loop.best, loop.waited = value, 0
        else:
            loop.waited += 1
        return loop.waited >= self.patience

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forget the fit: scikit-learn calls it."""
        fit = path_of(context)
        for loop in [loop for loop in self._loops if loop[: len(fit)] == fit]:
            del self._loops[loop]
