"""The processes that measure: one for each method, which imports its library once."""

import json
import selectors
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine import described
from runners import THREAD_VARIABLES, plain_environment

WORKER = Path(__file__).with_name("accuracy_worker.py")
HANGS = 10  # times the limit in seconds of CPU, where the machine is busy with others; more is a hang
SECONDS_TO_IMPORT, SECONDS_TO_END = 600, 1

Job = dict[str, Any]


class Workers:
    """Processes by method and number of threads, started when they are asked first. One caller at a time."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], subprocess.Popen] = {}

    def run(self, job: Job, limit: float) -> Job:
        """Return a line: the measurement, or with the key `reason` why there is none; `limit` in seconds of CPU."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        answer = self._asked(job["method"], {**job, "limit": limit}, SECONDS_TO_IMPORT + HANGS * limit)
        return {**job, "date": now, "processor": described()["processor"], **answer}

    def version_of(self, method: str) -> str:
        """Return which release a method is, or a question mark and why it cannot be used."""
        answer = self._asked(method, {"about": method, "threads": 1}, SECONDS_TO_IMPORT)
        return answer["version"] if "version" in answer else f"?{answer['reason']}"

    def close(self) -> None:
        """End all processes."""
        for worker in self._running.values():
            _ended(worker)
        self._running.clear()

    def _asked(self, method: str, job: Job, seconds: float) -> Job:
        key = (method, job["threads"])
        if key not in self._running:
            self._running[key] = _started(method, job["threads"])
        worker = self._running[key]
        with suppress(OSError):  # it has ended: so has its output
            worker.stdin.write(json.dumps(job) + "\n")
            worker.stdin.flush()
        with selectors.DefaultSelector() as ready:
            ready.register(worker.stdout, selectors.EVENT_READ)
            line = worker.stdout.readline() if ready.select(seconds) else None
        if line:
            return json.loads(line)
        del self._running[key]
        code = _ended(worker)
        return {"reason": f"ended with {code}" if line == "" else f"no answer within {seconds:g} seconds"}


def version_of(method: str) -> str:
    """Return what `Workers.version_of` does, from a process that ends with the answer."""
    workers = Workers()
    try:
        return workers.version_of(method)
    finally:
        workers.close()


def _ended(worker: subprocess.Popen) -> int:
    with suppress(OSError):
        worker.stdin.close()
    worker.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        return worker.wait(SECONDS_TO_END)
    worker.kill()
    return worker.wait()


def _started(method: str, threads: int) -> subprocess.Popen:
    environment = plain_environment() | dict.fromkeys((*THREAD_VARIABLES, "LAMINA_NUM_THREADS"), str(threads))
    command = [sys.executable, "-W", "ignore", WORKER, method]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, text=True, errors="replace", env=environment, **pipes)
