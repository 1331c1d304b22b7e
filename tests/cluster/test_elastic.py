"""A Ray cluster that is there, of which a machine goes, and another comes: the fit goes on with those that are there.

Each machine is a node of its own on this one, with one core.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest

pytest.importorskip("ray")

SCRIPT = Path(__file__).with_name("elastic.py")
RAY = Path(sys.executable).with_name("ray")
SLOW_SECONDS = 240


class Cluster:
    """Nodes of Ray on this machine, on loopback."""

    def __init__(self, environment, folder):
        quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1", "RAY_AUTH_MODE": "token"}
        soon = {
            "RAY_health_check_period_ms": "1000",
            "RAY_health_check_failure_threshold": "3",
        }  # that a machine is gone
        self.environment = {**environment, **quiet, **soon, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        with socket.socket() as place:
            place.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{place.getsockname()[1]}"
        self._folder, self._nodes = folder, 0
        self.start("--head", f"--port={self.address.partition(':')[2]}", "--include-dashboard=false")

    def start(self, *how):
        """Start a node, and return its mark."""
        self._nodes += 1
        mark = f"LAMINA_TEST_NODE={self._folder}.{self._nodes}"
        name, _, value = mark.partition("=")
        how = [*(how or [f"--address={self.address}"]), "--node-ip-address=127.0.0.1", "--num-cpus=1"]
        how += ["--object-store-memory=100000000"]
        done = subprocess.run(
            [RAY, "start", *how],
            env={**self.environment, name: value},
            stdout=DEVNULL,
            stderr=PIPE,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return mark

    def lose(self, mark):
        """Kill everything that a node consists of."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark.encode() in (process / "environ").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)

    def close(self):
        for _ in range(2):  # what started something meanwhile is gone by then
            self.lose(f"LAMINA_TEST_NODE={self._folder}.")


@pytest.fixture
def cluster(environment, tmp_path):
    found = Cluster(environment, tmp_path)
    yield found
    found.close()


class Fit:
    """A fit in a process of its own, and what it says line by line."""

    def __init__(self, cluster, folder, epochs):
        command = [sys.executable, SCRIPT, cluster.address, str(epochs)]
        self.process = subprocess.Popen(
            command, cwd=folder, env=cluster.environment, stdout=PIPE, stderr=PIPE, text=True
        )
        self.alone = self.until(lambda line: "bits" in line)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.process.kill()
        self.process.communicate(timeout=60)

    def until(self, here):
        """Return the next line of which this is true."""
        last = time.monotonic() + SLOW_SECONDS
        for line in self.process.stdout:
            assert time.monotonic() < last, line
            if here(found := json.loads(line)):
                return found
            assert "seconds" not in found, found  # the end came before
        raise AssertionError(self.process.communicate()[1])


def test_a_machine_goes_and_another_comes(cluster, tmp_path):
    gone = cluster.start()
    slow = tmp_path / "slow"
    slow.touch()
    with Fit(cluster, tmp_path, epochs=400) as fit:
        fit.until(lambda line: line.get("workers") == 2 and line["epoch"] >= 3)
        cluster.lose(gone)
        assert fit.until(lambda line: line.get("starts") == 2 and line["epoch"] > 3)["workers"] == 1
        cluster.start()
        fit.until(lambda line: line.get("starts") == 3 and line["workers"] == 2)
        slow.unlink()
        found = fit.until(lambda line: "bits" in line)
    assert found["size"] == 2
    assert found["begun"] > 3
    assert found["bits"] == fit.alone["bits"]
