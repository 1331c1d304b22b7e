"""How the test libraries behave in every test, and the fixtures of several."""

import os
import shutil
import signal
import subprocess

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")  # plots without a screen

# No deadline: a busy machine says nothing about the code. In CI the same examples every time.
settings.register_profile("lamina", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("lamina")

# A shell that runs the tests in the background has SIGINT ignored, in them and in the processes that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.getuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no small file system: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)
