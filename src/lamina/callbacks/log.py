"""Log: a line of JSON at the end of every task."""

import json
import math
import os
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import Any

from lamina.callbacks import tasks
from lamina.callbacks.monitor import last_record


class Log(tasks.Callback):
    """Append a line of JSON to a file at the end of every task: each iteration, and the fit.

    A line is written as soon as its task has ended, so ``tail -f`` follows a fit. It has

        run         names the outermost fit; the same in all its lines
        path        the numbers of the tasks from that fit to this one, from 0
        estimator, task, number   whose task, its name, and its number from 1
        time        when it ended, in UTC
        seconds     how long it took
        ...         the numbers of the last record of the estimator's `history_`, where it has one, as lamina's have
        scores      what `scoring` gave, by name

    A number that is not finite is null.

    Parameters
    ----------
    path : path
        In a folder that exists; lines are appended to an existing file.
    scoring : str, callable, list, tuple or dict, optional
        What `sklearn.metrics.check_scoring` takes: "accuracy", or ["accuracy", "roc_auc"].
    X_val, y_val : optional
        Rows to score. Without them, the training rows are scored.

    Raises
    ------
    lamina.errors.SettingError
        What was found, what was expected, what to do.
    lamina.errors.MissingExtraError
        scikit-learn is older than 1.9.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, scoring: Any = None, X_val: Any = None, y_val: Any = None
    ) -> None:
        super().__init__()
        self.path, self.scoring, self.X_val, self.y_val = tasks.writable(path), scoring, X_val, y_val

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, y: Any = None, fitted_estimator: Any = None
    ) -> None:
        """Write the line: scikit-learn calls it."""
        now = datetime.now(UTC)
        run, *path = tasks.path_of(context)
        line = {
            "run": str(run),
            "path": path,
            "estimator": context.estimator_name,
            "task": context.task_name,
            "number": context.task_id + 1,
            "time": now.isoformat(),
            "seconds": (now - context.init_time).total_seconds(),
        }
        if fitted_estimator is not None:
            record = last_record(fitted_estimator)
            line |= {key: value for key, value in record.items() if isinstance(value, Real) and key not in line}
            if self.scoring is not None:
                line["scores"] = scores_of(fitted_estimator, self.scoring, X, y, self.X_val, self.y_val)
        with open(self.path, "a", encoding="utf-8") as file:  # one write: lines of other processes stay whole
            file.write(json.dumps(_finite(line)) + "\n")


def scores_of(estimator: Any, scoring: Any, X: Any, y: Any, X_val: Any, y_val: Any) -> dict[str, float]:
    """Return the scores of a fitted estimator by name, of the rows of its fit where there are no others."""
    from sklearn.metrics import check_scoring

    if scoring is None:
        return {}
    rows = (X, y) if X_val is None else (X_val, y_val)
    found = check_scoring(estimator, scoring)(estimator, *rows)
    return found if isinstance(found, dict) else {scoring if isinstance(scoring, str) else "score": found}


def _finite(value: Any) -> Any:
    """Return plain values for JSON, which has neither NaN nor infinities."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, bool | Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return value
