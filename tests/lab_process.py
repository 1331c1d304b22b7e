"""`lamina lab` in a process of its own, as a user starts it."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LAMINA = Path(sys.executable).with_name("lamina")
PATIENCE = 60  # seconds, for a machine that does much else
ADDRESS = re.compile(r"https?://\S+")


@dataclass
class LabProcess:
    """A server that runs, and the address that it printed."""

    address: str
    process: subprocess.Popen

    @property
    def origin(self) -> str:
        """The address without token and path."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return urlsplit(self.address).port

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, wait, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def lab_process(*arguments: str | Path, folder: Path) -> Iterator[LabProcess]:
    """Start `lamina lab` with these arguments on a free port; a port among the arguments is taken instead."""
    port = [] if "--port" in arguments else ["--port", "0"]
    with (folder / "lab-errors.txt").open("w+") as errors:
        process = subprocess.Popen(
            [LAMINA, "lab", *map(str, arguments), "--no-browser", *port],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | {"NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        )
        try:
            lab = LabProcess(_printed_address(process, folder), process)
            yield lab
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _printed_address(process: subprocess.Popen, folder: Path) -> str:
    """Read until an address stands on a line; fail with what the process said instead."""
    late = threading.Timer(PATIENCE, process.kill)
    late.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if found := ADDRESS.search(line):
                threading.Thread(target=process.stdout.read, daemon=True).start()  # so that it is never held up
                return found.group()
    finally:
        late.cancel()
    said = "".join(lines) + (folder / "lab-errors.txt").read_text()
    raise AssertionError(f"lamina lab printed no address within {PATIENCE} seconds:\n{said}")
