"""The learner's code in a process of its own, with limits on time and memory."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any

SECONDS = 5.0  # for one call, and for one statement while a file is loaded
GRACE = 3.0  # seconds more, until a process that does not answer is ended
STARTING = 60.0  # seconds more for Python, NumPy and what the file imports
MEMORY = 2 << 30  # bytes, beyond those of Python and NumPy

LONGEST_LINE = 64 << 20  # bytes of an answer
MOST_LINES = 100  # that wait to be read; then the process waits

GONE = "gone"  # the process ended by itself
SILENT = "silent"  # it did not answer in time


class Sandbox:
    """A process that has loaded the learner's code. Where it ends or hangs, the next question starts another.

    Parameters
    ----------
    task : dict
        What to load: cells of a file, or a pickled function.
    seconds : float
        For one call.
    memory : int
        Bytes.
    """

    def __init__(self, task: dict[str, Any], seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.task = {**task, "seconds": seconds, "memory": memory}
        self.seconds = seconds
        self.loaded: dict[str, Any] = {}
        self.unloadable = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._said: queue.Queue[bytes] = queue.Queue(MOST_LINES)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, one: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def load(self) -> bool:
        """Start the process and load the code; where that ends or hangs, once more with the definitions alone."""
        for only_definitions in (self.task.get("only definitions", False), True):
            self.task["only definitions"] = only_definitions
            self._start()
            patience = STARTING + 5 * self.seconds + GRACE
            answer = self._heard(patience)
            if "loaded" in answer:
                self.loaded = answer["loaded"]
                return True
            self.unloadable = answer.get("unloadable") or answer["ended"]
            self.close()
            if "unloadable" in answer:
                return False
            self.task["ended while loading"] = answer["ended"]
        return False

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one job, or how the process ended in it."""
        if self._process is None and not self.load():
            return {"ended": self.unloadable}
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        answer = self._heard(2 * self.seconds * job.get("patience", 1) + GRACE)
        if "ended" in answer:
            self.close()
        return answer

    def close(self) -> None:
        """End the process, and all that it started."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, 9)
            else:
                process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lamina.glassbox.doctor.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        self._said = queue.Queue(MOST_LINES)
        assert self._process.stdin is not None
        threading.Thread(target=_listen, args=(self._process.stdout, self._said), daemon=True).start()
        with suppress(OSError):
            self._process.stdin.write(json.dumps(self.task).encode() + b"\n")
            self._process.stdin.flush()

    def _heard(self, patience: float) -> dict[str, Any]:
        """Return the next answer. Every sign of life begins the time anew."""
        while True:
            try:
                line = self._said.get(timeout=patience)
            except queue.Empty:
                return {"ended": SILENT}
            try:
                answer = json.loads(line)
            except (ValueError, RecursionError):
                return {"ended": GONE}
            if not isinstance(answer, dict):  # the learner's code wrote into the pipe
                return {"ended": GONE}
            if "alive" not in answer:
                return answer


def _listen(stream: Any, said: queue.Queue[bytes]) -> None:
    """Hand on lines until the process ends, or says more than any answer: a flood of words fills no memory."""
    with suppress(ValueError, OSError, queue.Full):
        while (line := stream.readline(LONGEST_LINE)).endswith(b"\n"):
            said.put(line, timeout=STARTING)
    with suppress(queue.Full):
        said.put(b"", timeout=STARTING)


def _environment() -> dict[str, str]:
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **one_thread, "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
