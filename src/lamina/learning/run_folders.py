"""Which runs there are: checkpoint folders, read without opening or changing them."""

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.errors import CheckpointError, CheckpointWarning
from lamina.learning.checkpoint_files import KEYS, is_run, newest_header, read_run, steps_in
from lamina.learning.exact_values import from_json
from lamina.learning.folder_lock import Holder, holder


@dataclass(frozen=True)
class RunInfo:
    """What is known of the run in a folder.

    Attributes
    ----------
    path : Path
    status : str
        "running", "damaged", or what was noted last: "stopped", "done". A run that was killed is "stopped".
    pid : int or None
        The process that runs it.
    identity, description, summary : dict
        As the folder was given them, and as the run noted them.
    """

    path: Path
    status: str
    pid: int | None
    identity: dict[str, Any]
    description: dict[str, Any]
    summary: dict[str, Any]

    @property
    def started(self) -> str:
        """When, in UTC, as ISO 8601; empty where that is not known."""
        return str(self.description.get("started", ""))

    @property
    def data(self) -> Any:
        """What `description` calls the data."""
        return self.description.get("data")

    @property
    def epoch(self) -> int | None:
        """The last epoch that was noted."""
        return self.summary.get("epoch")

    @property
    def score(self) -> float | None:
        """The last score that was noted."""
        return self.summary.get("score")


def runs(root: str | os.PathLike[str]) -> list[RunInfo]:
    """Return the runs in a folder and in the folders directly in it, in the order of their paths.

    Raises
    ------
    CheckpointError
        There is no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise CheckpointError(
            f"there is no folder {str(root)!r}: expected that of a run, or one that holds such folders"
        )
    return [run_in(one) for one in (root, *sorted(one for one in root.iterdir() if one.is_dir())) if is_run(one)]


def run_in(folder: str | os.PathLike[str]) -> RunInfo:
    """Return what is known of the run in a folder.

    Raises
    ------
    CheckpointError
        There is no run in it.
    """
    folder = Path(folder)
    if not folder.is_dir() or not is_run(folder):
        raise CheckpointError(
            f"there is no run in {str(folder)!r}: expected a folder that a run was given for checkpoints"
        )
    who = holder(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CheckpointWarning)
        try:
            found = read_run(folder) or {}
        except CheckpointError:
            found = {}
    known = {key: from_json(found.get(key, {})) for key in KEYS}
    return RunInfo(folder, _status(folder, who, known), None if who is None else who.pid, **known)


def _status(folder: Path, who: Holder | None, known: Mapping[str, Any]) -> str:
    noted = known["summary"].get("status", "stopped")
    if who is not None:
        return "running"
    if not known["description"] or (noted != "done" and steps_in(folder) and newest_header(folder) is None):
        return "damaged"
    return "stopped" if noted == "running" else str(noted)
