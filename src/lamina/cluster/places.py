"""Where workers are, and how they move together: the setting `cluster`, read."""

import os
import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from lamina.errors import SettingError
from lamina.learning.group import BY_LEAVES, PLAIN, SUMS, Together

EXPECTED = "'local[2]' (two workers on this machine), 'auto' or HOST:PORT (a Ray cluster; 'auto[8]': 8 workers), 'mpi'"
PATTERN = re.compile(r"(?P<where>local|auto|mpi|[\w.\-]+:\d+|\[[0-9a-fA-F:]+\]:\d+)(?:\[(?P<workers>\d+)\])?")
MOST_WORKERS = 10_000
OF_MPI = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK")  # Open MPI; MPICH and Intel; srun


class Place(NamedTuple):
    """Where workers are."""

    kind: Literal["alone", "local", "ray", "mpi"]
    workers: int | None = None  # None: as many as there are
    address: str | None = None
    together: Together = BY_LEAVES


@dataclass(frozen=True)
class Cluster:
    """Where to train, and what goes between the workers (docs/cluster.md).

    Parameters
    ----------
    where : str
        "local[2]" for two workers on this machine, "auto" or HOST:PORT for a Ray cluster, "mpi" in a process that
        mpiexec started.
    sums : {"same-bits", "plain", "bfloat16"}, optional
        "same-bits", the default: the same model, bit for bit, for any number of workers. "bfloat16": as well, and half
        the bytes go between them; gradients have three digits. "plain": least work; the bits depend on the number of
        workers, and on what carries the sums.
    local_steps : int
        Above 1, each worker takes so many steps by itself; then all continue from the mean of their parameters and of
        what their optimisers remember. Sums are plain ones then.

    Raises
    ------
    SettingError
        What was found, what was expected.

    Examples
    --------
    >>> model.fit(X, y, cluster=lamina.Cluster("local[4]", sums="bfloat16"))  # doctest: +SKIP
    """

    where: str
    sums: Literal["same-bits", "plain", "bfloat16"] | None = None
    local_steps: int = 1

    def __post_init__(self) -> None:
        if self.sums is not None and self.sums not in SUMS:
            raise SettingError(f"sums={self.sums!r}: expected one of {', '.join(SUMS)}")
        if not isinstance(self.local_steps, int) or isinstance(self.local_steps, bool) or self.local_steps < 1:
            raise SettingError(f"local_steps={self.local_steps!r}: expected a whole number of steps from 1")
        if self.local_steps > 1 and self.sums not in (None, PLAIN):
            raise SettingError(
                f"local_steps={self.local_steps} with sums={self.sums!r}: workers that take steps by themselves add no "
                "gradients; leave out one of the two"
            )
        place_of(self.where)

    @property
    def together(self) -> Together:
        """How the workers move together."""
        if self.local_steps > 1:
            return Together("plain", self.local_steps)
        return Together(self.sums or "same-bits")


def place_of(cluster: Any) -> Place:
    """Return what a setting `cluster` says, a text or a `Cluster`.

    Raises
    ------
    SettingError
        It is none of the forms that are known.
    """
    if isinstance(cluster, Cluster):
        return place_of(cluster.where)._replace(together=cluster.together)
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


def asked_to_learn(cluster: str | None, sums: Any, local_steps: int | None) -> Cluster | None:
    """Return where to learn, and how together; None: here.

    Raises
    ------
    SettingError
        How is said, and where is not.
    """
    where = asked_for(cluster)
    if where is not None:
        return Cluster(where, sums, 1 if local_steps is None else local_steps)
    for name, value in {"--cluster-sums": sums, "--local-steps": local_steps}.items():
        if value is not None:
            raise SettingError(f"{name} {value} says how workers learn together, and there are none: add --cluster")
    return None
