"""Checkpoint: write the estimator to a file while it trains."""

import os
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

from lamina.callbacks import tasks
from lamina.callbacks.monitor import Mode, Monitor
from lamina.errors import SettingError


class Checkpoint(tasks.Callback):
    """Write the estimator to a file every few iterations, and when its fit ends.

    The file holds an estimator that is ready to predict, as if the fit had ended there. An estimator with a method
    ``save(path)``, such as lamina's, writes it itself: read the file with `lamina.load`. Any other is pickled by
    joblib: read it with ``joblib.load``, and only if you trust its author. An older file is replaced in one step, so
    the file is intact at any time. Callbacks are not part of it.

    Estimators that are fitted in parallel, as in a search, each need their own path.

    Parameters
    ----------
    path : path
        In a folder that exists.
    every : int, default=1
        Number of iterations between two writes.
    monitor : str or callable, optional
        Write only when this value is better than at every earlier iteration of the fit. As in `EarlyStopping`.
    mode, X_val, y_val : optional
        As in `EarlyStopping`, for `monitor`.
    save : callable, optional
        ``save(estimator, path)`` writes the file instead.

    Raises
    ------
    lamina.errors.SettingError
        What was found, what was expected, what to do.
    lamina.errors.MissingExtraError
        scikit-learn is older than 1.9.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every: int = 1,
        monitor: str | Callable[..., float] | None = None,
        mode: Mode | None = None,
        X_val: Any = None,
        y_val: Any = None,
        save: Callable[[Any, Path], Any] | None = None,
    ) -> None:
        super().__init__()
        if every < 1:
            raise SettingError(f"every={every!r}: expected a number of iterations, at least 1.")
        self.path, self.every, self.save = tasks.writable(path), every, save or write
        self.monitor = None if monitor is None else Monitor.of(monitor, mode, X_val, y_val)
        self._best: dict[tasks.TaskPath, float] = {}  # of every fit that runs

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> None:
        """Write the file where it is due: scikit-learn calls it."""
        if fitted_estimator is None:
            return
        whole = tasks.is_whole_fit(context)
        if not whole and (context.task_id + 1) % self.every:
            return
        if self.monitor is not None:
            fit = tasks.path_of(tasks.fit_of(context))
            value = self.monitor.value(fitted_estimator, X, y)
            if not self.monitor.improves(value, self._best.get(fit)):
                return
            self._best[fit] = value
        self.save(ready_to_keep(fitted_estimator), self.path)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forget the fit: scikit-learn calls it."""
        self._best.pop(tasks.path_of(context), None)


def write(estimator: Any, path: Path) -> None:
    """Write an estimator to a file: with its own `save`, or pickled by joblib."""
    if hasattr(estimator, "save"):
        estimator.save(path)
        return
    import joblib

    from lamina.sealed_file import replacing

    with replacing(path) as file:
        joblib.dump(estimator, file)


def ready_to_keep(estimator: Any) -> Any:
    """Return a shallow copy that holds nothing of the fit that it was taken from."""
    from sklearn.callback import CallbackContext, FitCallback

    plain = copy(estimator)
    for name, value in vars(estimator).items():
        parts = value if isinstance(value, list) and value else [value]
        if all(isinstance(part, CallbackContext | FitCallback) for part in parts):
            delattr(plain, name)
    return plain
