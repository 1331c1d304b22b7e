"""Runs of MLflow. Where they go, and into which experiment, is what MLflow was told: its functions, its environment."""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from lamina.errors import TrackingError
from lamina.tracking.told import FAILED, FINISHED, KILLED, Arrays, Values, check_installed

LONGEST_PARAMETER = 500  # characters, which every server takes
PARAMETERS_AT_ONCE = 100  # MLflow's own limit
METRICS_AT_ONCE = 500
SECONDS_BETWEEN_WRITES = 1.0
STATUS = {FINISHED: "FINISHED", FAILED: "FAILED", KILLED: "KILLED"}


@dataclass
class MLflowRuns:
    """Where runs of MLflow begin.

    Attributes
    ----------
    uri : str, optional
        By default what `mlflow.set_tracking_uri` or MLFLOW_TRACKING_URI say, else what MLflow has without them.
    experiment : str, optional
        By default that of `mlflow.set_experiment` or MLFLOW_EXPERIMENT_NAME.
    run_name : str, optional
    tags : mapping
    """

    uri: str | None = None
    experiment: str | None = None
    run_name: str | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_installed("mlflow")

    def begin(self, name: str, parent: "MLflowRun | None" = None, *, is_part: bool = False) -> "MLflowRun":
        """Begin a training: in the active run if there is one; part of a search has a run of its own within."""
        import mlflow

        try:
            if self.uri is not None:
                return self._begun_elsewhere(self.uri, name, parent, is_part)
            active = mlflow.active_run()
            if active is not None and not is_part:
                found = MLflowRun(active.info.run_id, mlflow.get_tracking_uri(), is_own=False)
                found.client.log_batch(found.run_id, tags=_tags(self.tags))
                return found
            where: dict[str, Any] = {"nested": active is not None}
            if parent is not None:
                mlflow.set_tracking_uri(parent.uri)
                of = mlflow.MlflowClient().get_run(parent.run_id).info.experiment_id
                where = {"experiment_id": of, "parent_run_id": parent.run_id, "nested": active is not None}
            elif self.experiment is not None and active is None:
                where = {"experiment_id": mlflow.set_experiment(self.experiment).experiment_id}
            own = None if is_part else self.run_name
            tags = {key: str(value) for key, value in self.tags.items()}
            run = mlflow.start_run(run_name=own or name, tags=tags, **where)
        except Exception as problem:
            raise TrackingError(f"MLflow cannot begin a run: {problem}") from problem
        return MLflowRun(run.info.run_id, mlflow.get_tracking_uri())

    def _begun_elsewhere(self, uri: str, name: str, parent: "MLflowRun | None", is_part: bool) -> "MLflowRun":
        """Begin a run in a store of its own: what `mlflow.set_tracking_uri` said of others stays as it was."""
        from mlflow import MlflowClient

        client = MlflowClient(uri)
        tags = {key: str(value) for key, value in self.tags.items()}
        if parent is not None:
            tags["mlflow.parentRunId"] = parent.run_id
            experiment = client.get_run(parent.run_id).info.experiment_id
        else:
            wanted = self.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "Default"
            found = client.get_experiment_by_name(wanted)
            experiment = client.create_experiment(wanted) if found is None else found.experiment_id
        own = None if is_part else self.run_name
        return MLflowRun(client.create_run(experiment, tags=tags, run_name=own or name).info.run_id, uri)


@dataclass
class MLflowRun:
    """One run.

    Attributes
    ----------
    run_id : str
    uri : str
        Of the tracking server, or of its files.
    is_own : bool
        Whether it was begun here, and is ended here.
    """

    copies_models: ClassVar[bool] = True
    run_id: str
    uri: str
    is_own: bool = True
    _waiting: list[Any] = field(default_factory=list, repr=False)
    _written: float = 0.0

    @property
    def place(self) -> str:
        return f"MLflow run {self.run_id} in {without_secrets(self.uri)}"

    @property
    def client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(self.uri)

    def settings(self, values: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        found = [Param(name, str(value)[:LONGEST_PARAMETER]) for name, value in values.items()]
        for k in range(0, len(found), PARAMETERS_AT_ONCE):
            self.client.log_batch(self.run_id, params=found[k : k + PARAMETERS_AT_ONCE])

    def step(self, number: int, values: Values, arrays: Arrays | None) -> None:
        from mlflow.entities import Metric

        now = round(time.time() * 1000)
        self._waiting += [Metric(name, one, now, number) for name, one in values.items() if name != "epoch"]
        if time.monotonic() - self._written >= SECONDS_BETWEEN_WRITES:
            self._write()

    def end(self, status: str, values: Values, stopped: str, model: Path | None) -> None:
        client = self.client
        try:
            self.step(0, values, None)
            self._write()
            if stopped:
                client.set_tag(self.run_id, "stopped", stopped)
            if model is not None:
                client.log_artifact(self.run_id, os.fspath(model))
        finally:  # it ends, whatever could not be written
            if self.is_own:
                self._terminate(client, STATUS[status])

    def _terminate(self, client: Any, status: str) -> None:
        import mlflow

        active = mlflow.active_run()
        if active is not None and active.info.run_id == self.run_id:
            mlflow.end_run(status)
        else:
            client.set_terminated(self.run_id, status)

    def _write(self) -> None:
        waiting, self._waiting, self._written = self._waiting, [], time.monotonic()
        for k in range(0, len(waiting), METRICS_AT_ONCE):
            self.client.log_batch(self.run_id, metrics=waiting[k : k + METRICS_AT_ONCE])


def without_secrets(uri: str) -> str:
    """Return an address as it may be shown: without user, password and parameters."""
    return re.sub(r"\?.*$", "", re.sub(r"(?<=://)[^/@]*@", "", uri))


def _tags(tags: Mapping[str, Any]) -> list[Any]:
    from mlflow.entities import RunTag

    return [RunTag(key, str(value)) for key, value in tags.items()]
