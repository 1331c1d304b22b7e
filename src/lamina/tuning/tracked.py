"""What trackers are told of a search: a run for the search, and within it one for each trial."""

import warnings
from typing import TYPE_CHECKING, Any

from lamina.errors import TrackingError, TrackingWarning
from lamina.interrupts import NAMES
from lamina.tracking import FINISHED, KILLED, Told, Tracker, passing_file
from lamina.tuning.results import Search
from lamina.tuning.trials import AFTER_ALL_EPOCHS, Job

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


class TrackedSearch:
    """A search that trackers are told of, and each of its trials as it ends."""

    def __init__(self, trackers: tuple[Tracker, ...], name: str) -> None:
        self._trackers, self._name = trackers, name
        self._whole = Told.begun(trackers, f"search for {name}")

    def __enter__(self) -> "TrackedSearch":
        return self

    def __exit__(self, *how: Any) -> None:
        self._whole.__exit__(*how)

    def trial(self, trial: "FrozenTrial", record: dict[str, Any], job: Job) -> None:
        """Tell of a trial: its settings, its measure after every epoch of the first fold, and what it came to."""
        if not self._whole.runs:
            return
        try:
            told = Told.begun(self._trackers, f"trial-{record['number']:04d}", self._whole)
        except TrackingError as problem:
            warnings.warn(f"trial {record['number']} is not tracked: {problem}", TrackingWarning, stacklevel=2)
            return
        told.settings(job.settings(trial.params) | {"trial": record["number"]})
        for epoch, value in sorted(trial.intermediate_values.items()):
            if epoch < AFTER_ALL_EPOCHS:
                told.step(epoch, {f"validation_{job.measure.name}": value})
        values = {"score": record["score"], "seconds": record["seconds"], "epochs": record["epochs"]}
        told.end(FINISHED, values, stopped=record["why"])

    def found(self, found: Search) -> None:
        """Tell of the end of the search; its model is the one that was fitted last."""
        self._whole.settings(found.settings | {f"best_{name}": one for name, one in found.best_params.items()})
        status = KILLED if found.stopped in NAMES.values() else FINISHED
        values = {"best_score": found.best_score, "default_score": found.default_score, "trials": len(found.records)}
        if found.model is None or not self._whole.runs:
            self._whole.end(status, values, stopped=found.stopped)
            return
        with passing_file("model.lamina", found.model.save) as model:
            self._whole.end(status, values, stopped=found.stopped, model=model, stays=False)
