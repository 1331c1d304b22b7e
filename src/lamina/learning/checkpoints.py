"""The folder of one run: its newest states, so that the run can resume after anything (docs/checkpoints.md).

    with Folder("census", identity) as folder:
        found = folder.load()                             # None, or arrays and scalars of the newest intact state
        ...
        folder.save(step, arrays, scalars)                # the last two are kept
        folder.note(epoch=epoch, score=score)

Nothing here knows about networks: a state is named arrays and plain values.
"""

import errno
import os
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lamina.errors import CheckpointError, CheckpointWarning
from lamina.learning.checkpoint_files import (
    RUN,
    UNREADABLE,
    read_run,
    read_state,
    state_name,
    steps_in,
    write_run,
    write_state,
)
from lamina.learning.exact_values import from_json, to_json
from lamina.learning.folder_lock import FolderLock
from lamina.sealed_file import PARTS, sync_folder

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SHOWN_CHARACTERS = 60  # of a value in a message


class Folder:
    """The folder of one run, open and locked until `close`; a context manager.

    Parameters
    ----------
    path : path
        Created if it does not exist.
    identity : mapping of str to plain value
        Everything that must be the same for the run to resume: settings, fingerprint of the data, version.
    may_change : collection of str
        Keys of `identity` that may differ from those of the run in the folder; the new values are kept.
    description : mapping of str to plain value, optional
        For display only: command, data file. That of the first opening is kept; a later one adds what is missing.
        `started` is filled in.

    Raises
    ------
    CheckpointError
        The folder is in use, holds another run (every key that differs is named), or cannot be written.

    Warns
    -----
    CheckpointWarning
        `run.json` is damaged or missing, and was restored from the newest state.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        identity: Mapping[str, Any],
        *,
        may_change: Collection[str] = (),
        description: Mapping[str, Any] | None = None,
    ) -> None:
        self.path, self._may_change, self._damaged = (
            Path(path).expanduser().absolute(),
            frozenset(may_change),
            set[int](),
        )
        self._identity = to_json(identity, "identity")
        started = {"started": datetime.now(UTC).isoformat(timespec="seconds")}
        described = to_json({**started, **(description or {})}, "description")
        with self._saying("write checkpoints"):
            self._make()
            self._lock = FolderLock(self.path)
        try:
            before = read_run(self.path) or {"identity": self._identity, "description": {}, "summary": {}}
            self._check_same(before["identity"])
            described |= before["description"]
            self._run = {**before, "identity": self._identity, "description": described}
            with self._saying("write checkpoints"):
                for left_over in self.path.glob(PARTS.format("*")):
                    left_over.unlink()
            self.note(status="running")
        except BaseException:
            self._lock.release()
            raise

    def load(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """Return arrays and scalars of the newest intact state; None if none was saved.

        Raises
        ------
        CheckpointError
            There are states, but all are damaged.

        Warns
        -----
        CheckpointWarning
            The newest is damaged; names it, and the one that was used.
        """
        refused = []
        for step in steps_in(self.path):
            try:
                header, arrays = read_state(self.path, step)
                self._check_same(header["identity"])
            except UNREADABLE as problem:
                refused.append(f"{state_name(step)}: {problem}")
                self._damaged.add(step)
                continue
            if refused:
                taken = f"the run in {str(self.path)!r} resumes from {state_name(step)}, the newest intact one"
                warnings.warn(f"{taken} ({'; '.join(refused)}).", CheckpointWarning, stacklevel=2)
            return arrays, from_json(header["scalars"])
        if refused:
            what_to_do = "delete the folder, or choose another, to start over"
            raise CheckpointError(f"no state in {str(self.path)!r} can be used ({'; '.join(refused)}): {what_to_do}")
        return None

    def save(self, step: int, arrays: Mapping[str, NDArray[Any]], scalars: Mapping[str, Any]) -> None:
        """Write the state after a step; then only it and the one before it are left.

        Parameters
        ----------
        step : int
            At least 0. States of later steps belong to a course that the run has left, and are removed too.
        arrays : mapping of str to array
            Of numbers or booleans.
        scalars : mapping of str to plain value
            Any JSON value, lists of records too, with every float64.

        Raises
        ------
        CheckpointError
            The state cannot be written; earlier ones are unchanged.
        """
        self._check_open()
        if not 0 <= step < 10**18:
            raise CheckpointError(f"step={step}: expected a whole number of at least 0")
        plain = to_json(scalars, "scalars")
        with self._saying(f"save the state of step {step}", kept=" The states before it are unchanged."):
            write_state(self.path, int(step), arrays, self._run, plain)
        self._damaged.discard(step)
        older = [one for one in steps_in(self.path) if one < step and one not in self._damaged]
        for one in set(steps_in(self.path)) - {step, *older[:1]}:
            with suppress(OSError):
                (self.path / state_name(one)).unlink()

    def note(self, **summary: Any) -> None:
        """Write into `run.json` how the run is doing: `epoch`, `score`, `status` and whatever else is worth knowing.

        Opening notes "running", and `close` "stopped" where that was not overwritten with "done" or the like.

        Raises
        ------
        CheckpointError
            The file cannot be written; it is unchanged.
        """
        self._check_open()
        self._run["summary"] = {**self._run["summary"], **to_json(summary, "summary")}
        with self._saying(f"write {RUN}"):
            write_run(self.path, self._run)

    def close(self) -> None:
        """Release the folder; calling it again does nothing."""
        if self._lock.held:
            with suppress(CheckpointError):
                if self._run["summary"]["status"] == "running":
                    self.note(status="stopped")
            self._lock.release()

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            what = "expected a folder for checkpoints, or a name that does not exist yet"
            raise CheckpointError(f"{str(self.path)!r} is a file: {what}")
        if not self.path.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            sync_folder(self.path.parent)

    def _check_open(self) -> None:
        if not self._lock.held:
            where = f"{str(self.path)!r} is closed, or was opened by the process that this one was forked from"
            raise CheckpointError(f"{where}: open a Folder in the process that writes")

    def _check_same(self, before: Mapping[str, Any]) -> None:
        """Compare what must be the same with what the run in the folder has."""
        now = self._identity
        keys = [
            key
            for key in {**before, **now}
            if key not in self._may_change and (key in before, before.get(key)) != (key in now, now.get(key))
        ]
        if keys:
            was, is_now = (", ".join(_shown(key, values) for key in keys) for values in (before, now))
            what_to_do = f"restore {'it' if len(keys) == 1 else 'them'}, or choose another folder"
            raise CheckpointError(f"the run in {str(self.path)!r} was started with {was}, now {is_now}: {what_to_do}")

    @contextmanager
    def _saying(self, what: str, kept: str = "") -> Iterator[None]:
        """Turn an error of the file system into one that says what could not be done, and what to do."""
        try:
            yield
        except OSError as problem:
            full = "Free some space and start the same run again: it resumes from its newest state."
            what_to_do = full if problem.errno in FULL else "Make the folder writable, or choose another."
            why = problem.strerror or problem
            raise CheckpointError(f"cannot {what} to {str(self.path)!r}: {why}.{kept} {what_to_do}") from problem


def _shown(key: str, values: Mapping[str, Any]) -> str:
    if key not in values:
        return f"no {key}"
    text = repr(from_json(values[key]))
    return f"{key}={text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + '...'}"
