"""What MLflow and TensorBoard share: which tasks of scikit-learn a tracker is told of."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.callbacks import tasks
from lamina.callbacks.checkpoint import ready_to_keep, write
from lamina.callbacks.log import scores_of
from lamina.callbacks.monitor import last_record
from lamina.interrupts import NAMES
from lamina.tracking import FAILED, FINISHED, KILLED, Told, Tracker, passing_file

AT_THE_END = ("best_epoch_", "n_iter_", "best_score_")  # attributes of an estimator that are numbers


class Tracked(tasks.Callback):
    """A fit is a run of the tracker, an iteration a step of it; a fit within another that is tracked is a run within.

    `Told` is told of each fit by the place of its task: so the same callback serves a search and its candidates.
    """

    def __init__(self, tracker: Tracker, scoring: Any, X_val: Any, y_val: Any, *, keeps_model: bool = False) -> None:
        super().__init__()
        self.tracker, self.scoring, self.X_val, self.y_val = tracker, scoring, X_val, y_val
        self.keeps_model = keeps_model
        self._told: dict[tasks.TaskPath, Told] = {}  # of every fit that runs

    def on_fit_task_begin(self, estimator: Any, context: Any, *, X: Any = None, y: Any = None) -> None:
        """Begin a run where a fit begins: scikit-learn calls it."""
        path = tasks.path_of(context)
        if tasks.is_whole_fit(context):
            name = "-".join([type(estimator).__name__, *map(str, path[2:])])
            self._told[path] = Told.begun([self.tracker], name, self._around(path), is_part=context.parent is not None)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> None:
        """Tell of an iteration, or of the end of the fit: scikit-learn calls it."""
        path = tasks.path_of(tasks.fit_of(context))
        told = self._told.get(path)
        if told is None:
            return
        if tasks.is_whole_fit(context):
            del self._told[path]
            self._end(told, estimator if fitted_estimator is None else fitted_estimator, context, (X, y))
            return
        if fitted_estimator is None:
            return
        told.settings(settings_of(fitted_estimator))
        record = last_record(fitted_estimator)
        values = record | scores_of(fitted_estimator, self.scoring, X, y, self.X_val, self.y_val)
        told.step(int(record.get("epoch", context.task_id + 1)), values, lambda: arrays_of(fitted_estimator))

    def teardown(self, estimator: Any, context: Any) -> None:
        """End the run of a fit that did not come to its end: scikit-learn calls it."""
        told = self._told.pop(tasks.path_of(context), None)
        if told is None:
            return
        told.settings(settings_of(estimator))
        told.__exit__(*sys.exc_info())
        told.end(FAILED)  # where nobody says why

    def _around(self, path: tasks.TaskPath) -> Told | None:
        """Return the fit around this one, if it is tracked too."""
        above = (path[:length] for length in range(len(path) - 1, 0, -1))
        return next((self._told[one] for one in above if one in self._told), None)

    def _end(self, told: Told, estimator: Any, context: Any, rows: tuple[Any, Any]) -> None:
        told.settings(settings_of(estimator))
        stopped = str(getattr(estimator, "stopped_", ""))
        values = {name.rstrip("_"): getattr(estimator, name, None) for name in AT_THE_END}
        if not last_record(estimator) and not hasattr(estimator, "best_score_"):  # no iteration had scores
            values |= scores_of(estimator, self.scoring, *rows, self.X_val, self.y_val)
        status = KILLED if stopped in NAMES.values() else FINISHED
        if not self.keeps_model or context.parent is not None:
            told.end(status, values, stopped=stopped)
            return
        best = getattr(estimator, "best_estimator_", estimator)
        name = "model.lamina" if hasattr(best, "save") else "model.joblib"
        with passing_file(name, lambda path: write(ready_to_keep(best), path)) as model:
            told.end(status, values, stopped=stopped, model=model, stays=False)


def settings_of(estimator: Any) -> dict[str, Any]:
    """Return the settings of an estimator: of lamina's the resolved ones, of a search those that it found too."""
    found = getattr(estimator, "settings_", None)
    given = dict(found) if isinstance(found, Mapping) else estimator.get_params(deep=False)
    best = getattr(estimator, "best_params_", {})
    return given | {f"best_{name}": value for name, value in best.items()}


def arrays_of(estimator: Any) -> dict[str, Any]:
    """Return the arrays of weights that an estimator has by name."""
    found = getattr(estimator, "parameters_", None)
    return {name: one for name, one in found.items() if isinstance(one, np.ndarray)} if found is not None else {}
