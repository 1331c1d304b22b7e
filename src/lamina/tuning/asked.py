"""What a search is asked for, checked at the door."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.roles import Roles
from lamina.data.source import Source, opened
from lamina.data.streaming.streamed_source import why_not_in_memory
from lamina.data.tables.row_streams import is_stream, rows_of
from lamina.data.target_values import detect_task
from lamina.errors import DataError, SettingError
from lamina.learning.hyperparameters import check
from lamina.learning.run import Task
from lamina.showing import Silent
from lamina.tracking import Tracker
from lamina.tuning.results import Search
from lamina.tuning.space import FIXED, ONE_NETWORK

if TYPE_CHECKING:
    from optuna.study import Study

    from lamina.tuning.trials import Job


@dataclass(frozen=True)
class Asked:
    """How to search; the names are those of `tune`."""

    trials: int
    max_time: float | None
    scoring: Any
    cv: Any
    space: Mapping[str, Any] | None
    only: Iterable[str] | None
    pruning: bool
    n_jobs: int
    storage: Any
    random_state: Any
    refit: bool
    trackers: tuple[Tracker, ...] = ()

    def __post_init__(self) -> None:
        """Raise a SettingError where there is nothing to be searched, or no time."""
        for name, value in (("trials", self.trials), ("n_jobs", self.n_jobs)):
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            if not whole or value == 0 or (name == "trials" and value < 1):
                known = "1 or more" if name == "trials" else "1 or more processes, or -1 for one on each core"
                raise SettingError(f"{name}={value!r}: expected {known}.")
        if self.max_time is not None:
            is_number = isinstance(self.max_time, int | float) and not isinstance(self.max_time, bool)
            if not is_number or not 0 < self.max_time < float("inf"):
                raise SettingError(f"max_time={self.max_time!r}: expected a number of seconds above 0.")


@dataclass(frozen=True)
class Shown:
    """What a face makes of a search while it goes on.

    Attributes
    ----------
    began : callable
        Is given what is searched.
    told : callable
        Is given the record of every trial that ended, and the study.
    before_refit : callable
        Is given what was found; returns what shows the last fit.
    """

    began: "Callable[[Job], object]" = lambda job: None
    told: "Callable[[dict[str, Any], Study], object]" = lambda record, study: None
    before_refit: Callable[[Search], Silent | None] = lambda found: None


def source_of(X: Any, y: Any, sample_weight: Any, roles: Roles) -> Source:
    """Return the rows of a search.

    Raises
    ------
    SettingError
        They do not fit the memory.
    """
    if is_stream(X):
        stream = rows_of(X)
        why = why_not_in_memory(stream)
        if why:
            raise SettingError(too_many(why))
        if roles.named:
            X = stream.whole()
    source = opened(X, y, sample_weight, roles=roles)
    if not isinstance(source, Source):
        raise SettingError(too_many("these rows are a stream"))
    return source


def too_many(why: str) -> str:
    """Return what is said of rows that a search cannot hold."""
    return (
        f"a search keeps its rows in memory: {why}. Search on some of the rows, drawn at random, then fit on all of "
        "them with the settings that were found."
    )


def check_fixed(settings: Mapping[str, Any], task: Task) -> None:
    """Check the settings that do not vary."""
    if settings.get("n_bags", 1) != 1:
        raise SettingError(f"n_bags={settings['n_bags']}: {ONE_NETWORK}")
    for name in FIXED:
        if name in settings:
            raise SettingError(f"{name} cannot be fixed in the trials of a search.")
    check(settings, task)


def task_of(source: Source, task: str | None) -> Task:
    """Return who learns, checked.

    Raises
    ------
    DataError
        There is a single class.
    """
    if task not in (None, "classification", "regression"):
        raise SettingError(f"task={task!r}: expected 'classification' or 'regression'.")
    y = source.y if source.weights is None else source.y[source.weights > 0]
    if task is None:
        several = y.ndim == 2
        labels = several and y.dtype.kind in "iub" and np.isin(y, (0, 1)).all()
        kind: str = ("multilabel" if labels else "regression") if several else detect_task(y)[0]
    else:
        kind = task
    if kind == "regression":
        return "regressor"
    if y.ndim == 1 and len(set(y.tolist())) == 1:
        raise DataError(f"all targets are {y[0]!r}: a search needs two classes or more to tell settings apart.")
    return "classifier"
