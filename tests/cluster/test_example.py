"""The example kills a worker, and finds the files equal."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")

SCRIPT = Path(__file__).parents[2] / "examples" / "cluster.py"


def test_the_example(environment, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=550
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "killed: worker process" in done.stdout
    assert "equal byte for byte" in done.stdout
