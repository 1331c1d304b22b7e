"""Messages over TCP by gloo, which comes with torch: for groups that have torch anyway."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.cluster.waiting import seconds_to_wait
from lamina.errors import ClusterError


class ByGloo:
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
        import torch
        import torch.distributed as distributed

        self.rank, self.size, self._torch, self._distributed = rank, size, torch, distributed
        wait = timedelta(seconds=seconds_to_wait())
        try:
            if "file" in address:
                store = distributed.FileStore(address["file"], size)
                store.set_timeout(wait)
            else:
                store = address.get("store") or distributed.TCPStore(
                    address["host"], address["port"], size, is_master=False, timeout=wait
                )
            distributed.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=wait)
        except (RuntimeError, ValueError) as problem:
            raise ClusterError(f"worker {rank} of {size} did not meet the others: {problem}") from problem

    def gather(self, mine: NDArray[Any], counts: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        bytes_of_row, most = mine.shape[1] * mine.itemsize, max(counts)
        sent = np.zeros((most, bytes_of_row), np.uint8)
        sent[: len(mine)] = np.ascontiguousarray(mine).view(np.uint8).reshape(len(mine), bytes_of_row)
        everything = np.empty((self.size, most, bytes_of_row), np.uint8)
        with self._told():
            parts = list(self._torch.from_numpy(everything).unbind())
            self._distributed.all_gather(parts, self._torch.from_numpy(sent))
        rows = np.concatenate([part[:n] for part, n in zip(everything, counts, strict=True)])
        return rows.view(mine.dtype).reshape(sum(counts), mine.shape[1])

    def deal(self, mine: NDArray[Any], counts: Sequence[int], widths: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        size, own = mine.itemsize, widths[self.rank]
        sent = np.concatenate([part.ravel() for part in np.split(mine, np.cumsum(widths)[:-1], axis=1)])
        everything = np.empty((sum(counts), own), mine.dtype)
        come, to = ([n * own * size for n in counts], [len(mine) * w * size for w in widths])
        sent, into = (self._torch.from_numpy(one.reshape(-1).view(np.uint8)) for one in (sent, everything))
        with self._told():
            self._distributed.all_to_all_single(into, sent, come, to)
        return everything

    def reduce(self, mine: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `lamina.learning.group.Messages`."""
        total = mine.copy()
        with self._told():
            self._distributed.all_reduce(self._torch.from_numpy(total))
        return total

    def close(self) -> None:
        """Leave the group."""
        with suppress(RuntimeError, AssertionError):
            self._distributed.destroy_process_group()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in our words that another worker is gone."""
        try:
            yield
        except RuntimeError as problem:
            raise ClusterError(
                f"worker {self.rank} of {self.size}: another one left, or did not answer for {seconds_to_wait():g} "
                f"seconds ({str(problem).splitlines()[0][:200]})"
            ) from problem


def meeting(size: int, host: str) -> tuple[Any, dict[str, Any]]:
    """Return what is to be kept until the end, and where the workers meet: on one machine in a file.

    A TCPStore listens on all addresses.
    """
    if host.startswith("127."):
        folder = TemporaryDirectory(prefix="lamina-gloo-", ignore_cleanup_errors=True)
        return folder, {"file": f"{folder.name}/store"}
    import torch.distributed as distributed

    wait = timedelta(seconds=seconds_to_wait())
    store = distributed.TCPStore(host, 0, size, is_master=True, timeout=wait, wait_for_workers=False)
    return store, {"host": host, "port": store.port}
