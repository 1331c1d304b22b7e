"""The benchmark's end of the line to a peer's process."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from peers import PEERS

HERE = Path(__file__).parent

# Some environments set these against their processor, and NumPy is then several times slower.
MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def plain_environment() -> dict[str, str]:
    """Return the environment without the variables that mislead NumPy."""
    return {name: value for name, value in os.environ.items() if name not in MISLEADING}


class PeerError(Exception):
    """A peer cannot do what it was asked; `str` is the reason in a line, `details` the rest."""

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.details = details


class Runner:
    """A peer at a number of threads.

    Attributes
    ----------
    versions : dict of str
    blas : list of str
        Which kernels OpenBLAS, that NumPy and SciPy bring, uses there.
    """

    def __init__(self, peer: str, threads: int) -> None:
        self.peer, self.threads = peer, threads
        self._errors = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  (closed in close)
        self._process = subprocess.Popen(
            [sys.executable, HERE / "serve.py", PEERS[peer], str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=plain_environment() | dict.fromkeys(THREAD_VARIABLES, str(threads)),
        )
        self.versions: dict[str, str] = {}
        self.blas: list[str] = []

    def greet(self) -> None:
        """Wait until the peer's library is loaded."""
        reply = self._ask("about")
        self.versions, self.blas = reply["versions"], reply["blas"]

    def prepare(self, folder: Path) -> str:
        """Have the peer read a task; return what it chose."""
        return str(self._ask("prepare", folder=str(folder))["how"])

    def run(self) -> tuple[float, float]:
        """Return the seconds of all passes, from the starting weights, and the processor time of all threads."""
        reply = self._ask("run")
        return float(reply["seconds"]), float(reply["cpu"])

    def answer(self, folder: Path) -> list[np.ndarray]:
        """Return what the last run ended with."""
        path = folder / "answer.npz"
        self._ask("answer", path=str(path))
        with np.load(path) as arrays:
            return [arrays[f"arr_{i}"] for i in range(len(arrays.files))]

    def close(self) -> None:
        with suppress(BrokenPipeError):  # it has died with a question unread
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _ask(self, verb: str, **values: Any) -> dict[str, Any]:
        try:
            print(json.dumps({"verb": verb, **values}), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise PeerError("its process has ended", self._printed()) from None
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"its process ended with {self._process.wait()}", self._printed())
        reply: dict[str, Any] = json.loads(line)
        if "not_offered" in reply:
            raise PeerError(reply["not_offered"])
        if "error" in reply:
            raise PeerError(reply["error"], reply["details"])
        return reply

    def _printed(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-2000:]
