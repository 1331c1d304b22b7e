"""What one worker cannot read ends the run of all with its sentence, long before they give up waiting for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("reading.py")


def said(environment, tmp_path, *command):
    """What each process says that says something; the limit of time is below that of the workers' patience."""
    patient = {**environment, "LAMINA_CLUSTER_TIMEOUT": "500"}
    done = subprocess.run(command, cwd=tmp_path, env=patient, capture_output=True, text=True, timeout=200)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found, done.stderr
    return found


def check(sentences):
    for one in sentences:
        assert one.startswith("FileError: ")
        assert ".parquet is gone" in one
        assert one.endswith("(found by worker 1 of 2)")


def test_mpi(environment, tmp_path, mpiexec):
    check(said(environment, tmp_path, *mpiexec(2), sys.executable, str(SCRIPT), "mpi"))


def test_ray(environment, tmp_path):
    pytest.importorskip("ray")
    check(said(environment, tmp_path, sys.executable, str(SCRIPT), "ray"))
