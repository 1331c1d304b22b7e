"""One trial: a training on each fold, measured on rows that it did not learn from, and ended early where hopeless."""

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.roles import NO_ROLES, Roles
from lamina.data.source import Source
from lamina.errors import DivergenceError, LaminaWarning
from lamina.fitting import current, finish, prepare
from lamina.interrupts import NAMES
from lamina.learning.run import Task
from lamina.learning.training import Progress
from lamina.running import carry_out
from lamina.showing import Silent
from lamina.tuning.folds import Fold
from lamina.tuning.measures import Measure
from lamina.tuning.space import Space

if TYPE_CHECKING:
    from optuna.trial import Trial

AFTER_ALL_EPOCHS = 1_000_000  # the step at which the mean over the first folds is reported
SECONDS_BETWEEN_SIGNS = 20.0  # of life

StopNow = Callable[[], str]


@dataclass(frozen=True, eq=False)
class Job:
    """What is searched: the same in every process.

    Attributes
    ----------
    source : Source
    task : {"classifier", "regressor"}
    target_name : str
    fixed : dict
        Settings that do not vary.
    space : Space
    folds : tuple of Fold
    measure : Measure
    pruned : bool
        Whether hopeless trials end early.
    seed : int
    """

    source: Source
    task: Task
    target_name: str
    fixed: dict[str, Any]
    space: Space
    folds: tuple[Fold, ...]
    measure: Measure
    pruned: bool
    seed: int

    @property
    def classes(self) -> Any:
        """Every class, which the rows of a fold may lack."""
        return np.unique(self.source.y) if self.task == "classifier" and self.source.y.ndim == 1 else None

    def with_seed(self, seed: int, folds: tuple[Fold, ...]) -> "Job":
        """Return the same with the seed of the search, and the folds that follow from it."""
        return replace(self, seed=seed, folds=folds)

    def settings(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return all settings of a trial."""
        return self.fixed | self.space.settings(params) | {"random_state": self.seed, "scoring": self.measure.scoring}

    def part(self, rows: Any) -> Source:
        """Return some of the rows."""
        source = self.source
        weights = None if source.weights is None else source.weights[rows]
        return replace(source, table=source.table.take(rows), y=source.y[rows], weights=weights, held_out_by=None)


class Cut(Exception):
    """A trial ended before its time; the text says why."""


class Hopeless(Exception):
    """A trial is no better than others, or diverged; the text says why."""


class Signs(Silent):
    """Looks on while a trial runs: gives a sign of life, and ends the training where that is asked for."""

    def __init__(self, trial: "Trial", stop_now: StopNow) -> None:
        self.trial, self.stop_now = trial, stop_now
        self.why, self._last = "", 0.0
        self.sign()

    def sign(self) -> None:
        """Say to other processes that this trial is alive."""
        if time.monotonic() - self._last >= SECONDS_BETWEEN_SIGNS:
            self._last = time.monotonic()
            self.trial.set_user_attr("seen", round(time.time()))

    def update(self, progress: Progress) -> None:
        self.sign()
        self.why = self.why or self.stop_now()
        if self.why:
            raise KeyboardInterrupt


def value_of(job: Job, settings: Mapping[str, Any], trial: "Trial", stop_now: StopNow, is_first: bool) -> float:
    """Return the mean of the measure over the folds.

    Raises
    ------
    Cut, Hopeless
    LaminaError
        These settings cannot be used.
    """
    found: list[float] = []
    for k, fold in enumerate(job.folds):
        may_end = job.pruned and not is_first
        found.append(_of_fold(job, settings, fold, _Judge(trial, k == 0, may_end), Signs(trial, stop_now)))
        mean = float(np.mean(found))
        if not np.isfinite(mean):
            raise Hopeless(f"{job.measure.name} is no finite number")
        if k + 1 < len(job.folds):
            trial.report(mean, AFTER_ALL_EPOCHS + k)
            if may_end and trial.should_prune():
                raise Hopeless(f"worse than the median after {k + 1} of {len(job.folds)} folds")
    trial.set_user_attr("scores", found)
    return float(np.mean(found))


class _Judge:
    """Tells Optuna of the epochs of the first fold, and hears whether to go on."""

    def __init__(self, trial: "Trial", is_first_fold: bool, may_end: bool) -> None:
        self.trial, self.asks, self.may_end, self.why = trial, is_first_fold, may_end, ""

    def hears(self, epoch: int, value: Callable[[], float]) -> bool:
        """Take the value of an epoch; return whether the trial is hopeless."""
        if not (self.asks and self.may_end) and not self.asks:
            return False
        found = value()
        if np.isfinite(found):
            self.trial.report(found, epoch)
        if self.may_end and self.trial.should_prune():
            self.why = f"worse than the median after epoch {epoch}"
        return bool(self.why)


def _of_fold(job: Job, settings: Mapping[str, Any], fold: Fold, judge: _Judge, signs: Signs) -> float:
    train, validation = job.part(fold.train), job.part(fold.validation)
    score = job.measure.score(train, validation, job.task)
    measured = job.measure.of(validation, score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LaminaWarning)  # the last fit says them, once
        run, state = prepare(
            train.table,
            train.y,
            train.weights,
            X_val=validation.table,
            y_val=validation.y,
            sample_weight_val=validation.weights,
            settings=settings,
            task=job.task,
            target_name=job.target_name,
            score=score,
            classes=job.classes,
        )

        def after_epoch(record: Any) -> bool:
            of_scorer = None if score is None else job.measure.sign * record.validation_score
            return judge.hears(record.epoch, lambda: measured(current(run, state)) if of_scorer is None else of_scorer)

        try:
            carry_out(run, state, shown=signs, after_epoch=after_epoch, ending_signals=True)
        except KeyboardInterrupt:
            raise Cut(signs.why or "Ctrl-C") from None
        except DivergenceError as problem:
            raise Hopeless(f"diverged: {problem}") from problem
        if signs.why or state.stopped in NAMES.values():
            raise Cut(signs.why or state.stopped)
        if judge.why:
            raise Hopeless(judge.why)
        judge.trial.set_user_attr("epochs", state.epoch)
        return measured(finish(run, state))


def refitted(
    job: Job, X: Any, roles: Roles, settings: Mapping[str, Any], shown: Silent | None = None
) -> tuple[Any, Any]:
    """Return the run and the state of a fit on all rows: what an estimator with these settings does.

    It holds out rows of its own to stop by, by groups or time where there are some.
    """
    source = job.source
    y, weights = (
        (None if roles.target is not None else source.y),
        (None if roles.weight is not None else source.weights),
    )
    if settings.get("early_stopping") is False or source.held_out_by is None:
        X, y, weights, roles = source.table, source.y, source.weights, NO_ROLES
    score = None
    if job.measure.scored:
        from lamina.scoring import score_of

        score = score_of(job.measure.scoring, source.table, source.y, task=job.task)
    run, state = prepare(
        X,
        y,
        weights,
        roles=roles,
        settings=settings,
        task=job.task,
        target_name=job.target_name,
        score=score,
    )
    carry_out(run, state, shown=shown, ending_signals=True)
    return run, state
