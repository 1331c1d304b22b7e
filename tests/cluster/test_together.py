"""Workers of MPI that move together in other ways: what is promised of each, on real processes.

The processes do one fit after another: starting them takes most of the time.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("several.py")
TRAIN = ["train", "rows.csv", "--target", "y", "--random-state", "1", "--hidden-layer-sizes", "32"]
TRAIN += ["--batch-size", "512", "--max-iter", "2", "--early-stopping", "false"]
SAME_BITS, SAME_NUMBER = {"bfloat16": ["--cluster-sums", "bfloat16"]}, {"plain": ["--cluster-sums", "plain"]}
SAME_NUMBER |= {"local": ["--local-steps", "4"]}


def trained(environment, start, ways, *more):
    """The bytes of a fit in each of the ways, all by the same processes."""
    commands = [[*TRAIN, *how, *more, "--out", f"{way}.lamina"] for way, how in ways.items()]
    command = [*start, sys.executable, SCRIPT, json.dumps(commands)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return {way: Path(f"{way}.lamina").read_bytes() for way in ways}


@pytest.fixture
def alone(rows, environment):
    return trained(environment, [], SAME_BITS | SAME_NUMBER, "--cluster", "local[1]")


def test_what_is_promised(rows, environment, mpiexec, alone):
    """Rounded sums have the same bits for any number of workers, the others for the same number."""
    three = trained(environment, mpiexec(3), SAME_BITS)
    assert three["bfloat16"] == alone["bfloat16"]
    two, again = (trained(environment, mpiexec(2), SAME_NUMBER) for _ in range(2))
    assert two == again
    assert {way for way in SAME_NUMBER if two[way] == alone[way]} == set()
