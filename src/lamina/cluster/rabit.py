"""Messages over TCP by xgboost's collective.

It only reduces, so rows are gathered by an OR of their bits: each worker has zeros in the places of the others. That
takes the bytes of all workers, once for each: good for few workers; `gloo` and MPI send less.
"""

import io
import re
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.cluster.waiting import seconds_to_wait
from lamina.errors import ClusterError

WORD = np.uint64


class ByRabit:
    """The messages of a worker.

    Parameters
    ----------
    rank, size : int
    address : dict
        Where the first worker waits for the others: what `meeting` returned there.

    Raises
    ------
    ClusterError
        The others did not come.
    """

    def __init__(self, rank: int, size: int, address: dict[str, Any]) -> None:
        from xgboost import collective
        from xgboost.core import XGBoostError

        self.rank, self.size = rank, size
        self._collective, self._failed = collective, XGBoostError
        how = {"dmlc_task_id": f"{rank:06}", "dmlc_timeout": int(seconds_to_wait()), "dmlc_retry": 3}
        try:
            with redirect_stdout(io.StringIO()):  # its tracker prints who came
                collective.init(**address, **how)
        except XGBoostError as problem:
            raise ClusterError(f"worker {rank} of {size} did not meet the others: {_reason(problem)}") from problem
        if (collective.get_rank(), collective.get_world_size()) != (rank, size):
            raise ClusterError(f"worker {rank} of {size} came as {collective.get_rank()}: start the run again")

    def gather(self, mine: NDArray[Any], counts: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        n = mine.shape[1]
        first, size = sum(counts[: self.rank]), sum(counts) * n * mine.itemsize
        words = np.zeros(-(-size // WORD().itemsize), WORD)
        everything = words.view(np.uint8)[:size].view(mine.dtype).reshape(sum(counts), n)
        everything[first : first + len(mine)] = mine
        words = self._reduced(words, self._collective.Op.BITWISE_OR)
        return words.view(np.uint8)[:size].view(mine.dtype).reshape(sum(counts), n)

    def deal(self, mine: NDArray[Any], counts: Sequence[int], widths: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`; everything comes, and what goes to others is left out."""
        first = sum(widths[: self.rank])
        return self.gather(mine, counts)[:, first : first + widths[self.rank]].copy()

    def reduce(self, mine: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `lamina.learning.group.Messages`."""
        return self._reduced(mine, self._collective.Op.SUM)

    def _reduced(self, mine: NDArray[Any], how: Any) -> NDArray[Any]:
        try:
            total: NDArray[Any] = self._collective.allreduce(mine, how)
        except self._failed as problem:
            raise ClusterError(
                f"worker {self.rank} of {self.size}: another one left, or did not answer for {seconds_to_wait():g} "
                f"seconds ({_reason(problem)})"
            ) from problem
        return total

    def close(self) -> None:
        """Leave the group."""
        with suppress(self._failed):
            self._collective.finalize()


def meeting(size: int, host: str) -> tuple[Any, dict[str, Any]]:
    """Return a tracker, to be kept, and where the workers find it."""
    from xgboost.tracker import RabitTracker

    tracker = RabitTracker(n_workers=size, host_ip=host, sortby="task", timeout=int(seconds_to_wait()))
    tracker.start()
    return tracker, tracker.worker_args()


def _reason(problem: BaseException) -> str:
    """Return the last of the reasons that xgboost gives, without the places in its source."""
    reasons = re.findall(r"^- \[[^\]]*\]: (.*)$", str(problem), re.MULTILINE)
    return reasons[-1].rstrip(". ")[:200] if reasons else "no reason given"
