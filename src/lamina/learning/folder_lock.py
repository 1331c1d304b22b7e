"""The lock of a folder: one process at a time, and none after its death.

The kernel holds it (flock on an open file) and lets it go when the process ends, however that happens. So no lock is
ever stale, and no process id has to be trusted: the contents of the file are for people.
"""

import fcntl
import json
import os
import socket
import time
import weakref
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from lamina.errors import CheckpointError

LOCK = "lock"
PATIENCE_SECONDS = 0.5  # a process that only asks who holds the lock has it for a moment
PAUSE_SECONDS = 0.02


class Holder(NamedTuple):
    """The process that has a lock."""

    pid: int | None = None  # None: it has not written its number yet
    host: str = ""
    since: str = ""

    def __str__(self) -> str:
        return "another process" if self.pid is None else f"process {self.pid} on {self.host} since {self.since}"


class FolderLock:
    """The lock of a folder, from the moment it is made until `release`; a forked child does not have it.

    Raises
    ------
    CheckpointError
        Another process, or another lock in this one, has it.
    OSError
        The folder cannot be written, or its file system has no locks.
    """

    def __init__(self, folder: Path) -> None:
        self._handle: int | None = None
        self._handle = _locked(folder)
        _HELD.add(self)
        with suppress(OSError):  # a full disk: the lock holds all the same
            now = datetime.now(UTC).isoformat(timespec="seconds")
            text = json.dumps(Holder(os.getpid(), socket.gethostname(), now)._asdict())
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, text.encode(), 0)

    @property
    def held(self) -> bool:
        """Whether this process still has it."""
        return self._handle is not None

    def release(self) -> None:
        """Let go; a second time does nothing."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        self._forget()

    def _forget(self) -> None:
        """Close the file without unlocking it: the lock of a forked child's parent stays."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        self.release()


def holder(folder: Path) -> Holder | None:
    """Return who has the lock of a folder, or None if nobody has."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written(handle)
    finally:
        os.close(handle)
    return None


def _locked(folder: Path) -> int:
    """Return the handle of the locked file."""
    last = time.monotonic() + PATIENCE_SECONDS
    while True:
        handle, kept = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666), False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            kept = _is_at(handle, folder / LOCK)
            if kept:
                return handle
        except BlockingIOError:
            if time.monotonic() > last:
                what_to_do = "wait until it ends, stop it, or choose another folder"
                raise CheckpointError(
                    f"the run in {str(folder)!r} is in use by {_written(handle)}: {what_to_do}"
                ) from None
            time.sleep(PAUSE_SECONDS)
        finally:
            if not kept:
                os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Return whether the open file is still the one of that name: the folder may have been deleted and made again."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _written(handle: int) -> Holder:
    try:
        found: Any = json.loads(os.pread(handle, 4096, 0))
        return Holder(int(found["pid"]), str(found["host"]), str(found["since"]))
    except (ValueError, TypeError, KeyError):
        return Holder()


def _forget_in_child() -> None:
    for lock in list(_HELD):
        lock._forget()


_HELD: "weakref.WeakSet[FolderLock]" = weakref.WeakSet()
os.register_at_fork(after_in_child=_forget_in_child)
