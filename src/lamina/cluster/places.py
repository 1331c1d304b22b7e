"""Where workers are: the setting `cluster`, read."""

import os
import re
from typing import Literal, NamedTuple

from lamina.errors import SettingError

EXPECTED = "'local[2]' (two workers on this machine), 'auto' or HOST:PORT (a Ray cluster; 'auto[8]': 8 workers), 'mpi'"
PATTERN = re.compile(r"(?P<where>local|auto|mpi|[\w.\-]+:\d+|\[[0-9a-fA-F:]+\]:\d+)(?:\[(?P<workers>\d+)\])?")
MOST_WORKERS = 10_000
OF_MPI = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK")  # Open MPI; MPICH and Intel; srun


class Place(NamedTuple):
    """Where workers are."""

    kind: Literal["alone", "local", "ray", "mpi"]
    workers: int | None = None  # None: as many as there are
    address: str | None = None


def place_of(cluster: str) -> Place:
    """Return what a setting `cluster` says.

    Raises
    ------
    SettingError
        It is none of the forms that are known.
    """
    found = PATTERN.fullmatch(cluster.strip()) if isinstance(cluster, str) else None
    if found is None:
        raise SettingError(f"cluster={cluster!r}: expected {EXPECTED}")
    where, workers = found["where"], None if found["workers"] is None else int(found["workers"])
    if workers is not None and not 0 < workers <= MOST_WORKERS:
        raise SettingError(f"cluster={cluster!r}: expected 1 to {MOST_WORKERS:,} workers")
    if where == "local":
        if workers is None:
            raise SettingError("cluster='local': expected the number of workers too, as in 'local[2]'")
        return Place("alone", 1) if workers == 1 else Place("local", workers)
    if where == "mpi":
        if workers is not None:
            raise SettingError(f"cluster={cluster!r}: mpiexec -n says how many workers there are: expected 'mpi'")
        return Place("mpi")
    return Place("ray", workers, where)


def started_by_mpi() -> bool:
    """Return whether mpiexec or srun started this process, with others beside it."""
    sizes = [os.environ.get(name, "") for name in OF_MPI[:2]]
    return any(size.isdecimal() and int(size) > 1 for size in sizes) or OF_MPI[2] in os.environ


def asked_for(cluster: str | None) -> str | None:
    """Return where to work: where the user says, or in the group of the processes that mpiexec started; None: here."""
    return cluster or ("mpi" if started_by_mpi() else None)
