"""Workers of MPI that move together in other ways: what is promised of each, on real processes."""

import subprocess
import sys
from pathlib import Path

import pytest

LAMINA = [sys.executable, "-m", "lamina.cli.main", "train", "rows.csv", "--target", "y", "--random-state", "1"]
LAMINA += ["--hidden-layer-sizes", "32", "--batch-size", "512", "--max-iter", "2", "--early-stopping", "false"]


def trained(environment, start, how):
    done = subprocess.run([*start, *LAMINA, *how], env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return Path("rows.lamina").read_bytes()


def test_rounded_sums_have_the_same_bits_for_any_number(rows, environment, mpiexec):
    how = ["--cluster-sums", "bfloat16"]
    assert trained(environment, mpiexec(3), how) == trained(environment, [], ["--cluster", "local[1]", *how])


@pytest.mark.parametrize("how", [["--cluster-sums", "plain"], ["--local-steps", "4"]])
def test_the_others_have_them_for_the_same_number(rows, environment, mpiexec, how):
    two = trained(environment, mpiexec(2), how)
    assert trained(environment, mpiexec(2), how) == two
    assert trained(environment, [], ["--cluster", "local[1]", *how]) != two
