"""What carries arrays between workers gives every one of them all the bits, of three real processes."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("carrying.py")


@pytest.mark.parametrize(("kind", "library"), [("gloo", "torch"), ("rabit", "xgboost"), ("pipes", "numpy")])
def test_sockets(environment, kind, library):
    pytest.importorskip(library)
    done = subprocess.run([sys.executable, SCRIPT, kind], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_mpi(environment, mpiexec):
    command = [*mpiexec(3), sys.executable, SCRIPT, "mpi"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
