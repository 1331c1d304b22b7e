"""The peak of memory of a process with its children, on Linux; elsewhere that of the process alone."""

import os
import resource
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

MIB = 2**20
EVERY_SECONDS = 0.1


class PeakMemory:
    """Watch this process from here on: `with PeakMemory() as peak: ...; peak.mib`.

    The process itself is measured by the system, so no short peak is missed. Where it has children, the sum over the
    tree is looked at ten times a second; a page that several of them share counts once (PSS).
    """

    def __init__(self) -> None:
        self._tree = 0.0
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "PeakMemory":
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins here
        self._watch.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._done.set()
        self._watch.join()
        self.mib = max(_own_peak(), self._tree)

    def _look(self) -> None:
        while not self._done.wait(EVERY_SECONDS):
            children = _descendants(os.getpid())
            if children:
                self._tree = max(self._tree, sum(map(_proportional, [os.getpid(), *children])))


def resident() -> float:
    """Return the memory that the process holds now, in MiB; 0 where nobody can tell."""
    return _status("VmRSS") or 0.0


def _own_peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB


def _status(name: str) -> float | None:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024 / MIB
    return None


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # a thread may end meanwhile
            for child in map(int, listed.read_text(encoding="ascii").split()):
                found += [child, *_descendants(child)]
    return found


def _proportional(process: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / MIB
    return 0.0
