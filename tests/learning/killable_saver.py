"""Saves in child processes that are killed: `python killable_saver.py`, then lines of FOLDER LOG KILL_AT on its input.

For each line a child is forked, which opens the folder, goes on from its newest state and saves: twice and closes, or
without end where KILL_AT is "never". Before every call that changes a file, and in the middle of every write, there is
a moment; the child kills itself with SIGKILL in the one of that number. LOG gets the step of every complete save.
The answers are lines: the number of the child at once, then how it ended.
"""

import builtins
import itertools
import os
import signal
import sys

import numpy as np

from lamina.learning import folder_lock
from lamina.learning.checkpoints import Folder

SAVES = 2
IDENTITY = {"learning_rate_init": 0.01, "data": "census.csv"}


def state_of(step):
    """What is saved after a step: arrays and scalars of a few hundred numbers that only the step decides."""
    rng = np.random.default_rng(step)
    arrays = {"params": rng.normal(size=200).astype(np.float32), "memory": rng.normal(size=(2, 100))}
    return arrays, {"step": step, "best": float("inf"), "records": [{"cost": float(c)} for c in rng.normal(size=20)]}


class Killer:
    """Counts the moments between the steps of writing, and ends in one of them."""

    def __init__(self, kill_at):
        self.kill_at, self.count = kill_at, 0

    def moment(self):
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function):
        def called(*arguments, **others):
            self.moment()
            return function(*arguments, **others)

        return called

    def opened(self, function):
        def called(*arguments, **others):
            file = self.around(function)(*arguments, **others)
            return TornFile(file, self) if "x" in arguments[1:2] or "xb" in arguments[1:2] else file

        return called


class TornFile:
    """A file whose writes can stop in the middle."""

    def __init__(self, file, killer):
        self.file, self.killer = file, killer

    def write(self, data):
        half = len(data) // 2
        for part in (data[:half], data[half:]):
            self.file.write(part)
            self.file.flush()
            self.killer.moment()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.file.close()


def patched(killer):
    """Put moments around everything that changes a file or a lock."""
    for name in ("fsync", "replace", "open", "unlink", "mkdir", "ftruncate", "pwrite", "close"):
        setattr(os, name, killer.around(getattr(os, name)))
    folder_lock.fcntl.flock = killer.around(folder_lock.fcntl.flock)
    builtins.open = killer.opened(builtins.open)


def save_in(folder, log, kill_at):
    saves = itertools.repeat(None) if kill_at is None else range(SAVES)
    with builtins.open(log, "ab", buffering=0) as complete:
        patched(Killer(kill_at))
        with Folder(folder, IDENTITY) as one:
            found = one.load()
            last = 0 if found is None else found[1]["step"]
            for step, _ in enumerate(saves, last + 1):
                one.save(step, *state_of(step))
                complete.write(b"%d\n" % step)
                one.note(epoch=step)


def main():
    for line in sys.stdin:
        folder, log, kill_at = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            save_in(folder, log, None if kill_at == "never" else int(kill_at))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
