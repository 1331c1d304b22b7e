"""The same bits through `fit` and `predict`: at any number of threads, in whatever process or thread they run."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamina import native

pytestmark = pytest.mark.skipif(not native.present() or bool(native.REASON), reason="the kernels do not run here")

SCRIPT = Path(__file__).with_name("fitted_digests.py")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("fitted_digests", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def expected(script):
    """The digest of fits on one thread."""
    before = native.threads()
    native.set_threads(1)
    try:
        return script.fitted()
    finally:
        native.set_threads(before)


@pytest.mark.parametrize("n", [2, 3, 5, 16])
def test_at_any_number_of_threads(n, script, expected):
    before = native.threads()
    native.set_threads(n)
    try:
        assert script.fitted() == expected
        if os.path.isdir("/proc/self/task"):  # the test means nothing if one thread does it all
            assert len(os.listdir("/proc/self/task")) >= n
    finally:
        native.set_threads(before)


WAYS = ["threads", "fork", "spawn", "loky"]


@pytest.mark.parametrize("way", WAYS)
def test_in_other_processes_and_threads(way, expected):
    """Also threads within processes. Whoever never comes back fails after the limit, rather than hang the tests."""
    path = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, str(SCRIPT), way]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [expected]


def test_every_way_is_tested(script):
    assert list(script.WAYS) == WAYS
