"""Messages between processes of one machine, by Unix sockets in a folder that is their user's alone: no port listens.

Every worker has a connection to every other. A thread for each sends, while the worker itself receives.
"""

import socket
import struct
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.cluster.waiting import seconds_to_wait
from lamina.errors import ClusterError

BUFFER_BYTES = 2**20
NUMBER = struct.Struct("<q")  # a rank: who calls
SHORT = 2**15  # bytes that a socket takes without anybody reading them
PAUSE_SECONDS = 0.01


class ByPipes:
    """The messages of a worker.

    Parameters
    ----------
    rank, size : int
    address : dict
        What `meeting` returned to the first worker.

    Raises
    ------
    ClusterError
        The others did not come.
    """

    def __init__(self, rank: int, size: int, address: dict[str, Any]) -> None:
        self.rank, self.size = rank, size
        self._others: dict[int, socket.socket] = {}
        try:
            self._meet(Path(address["folder"]))
        except OSError as problem:
            raise ClusterError(f"worker {rank} of {size} did not meet the others: {problem}") from problem
        self._sending = ThreadPoolExecutor(max(size - 1, 1), "lamina sends")

    def gather(self, mine: NDArray[Any], counts: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        everything = np.empty((sum(counts), mine.shape[1]), mine.dtype)
        ends = np.cumsum(counts).tolist()
        parts = [everything[end - n : end] for end, n in zip(ends, counts, strict=True)]
        parts[self.rank][:] = mine
        self._exchange([np.ascontiguousarray(mine)] * self.size, parts)
        return everything

    def deal(self, mine: NDArray[Any], counts: Sequence[int], widths: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        sent = [np.ascontiguousarray(part) for part in np.split(mine, np.cumsum(widths)[:-1], axis=1)]
        everything = np.empty((sum(counts), widths[self.rank]), mine.dtype)
        ends = np.cumsum(counts).tolist()
        parts = [everything[end - n : end] for end, n in zip(ends, counts, strict=True)]
        parts[self.rank][:] = sent[self.rank]
        self._exchange(sent, parts)
        return everything

    def reduce(self, mine: NDArray[np.floating]) -> NDArray[np.floating]:
        """See `lamina.learning.group.Messages`: here the order is that of the ranks."""
        n, ones = len(mine), [1] * self.size
        widths = [n * (k + 1) // self.size - n * k // self.size for k in range(self.size)]
        total = np.add.reduce(self.deal(mine[None], ones, widths), axis=0)
        return self.gather(total[:, None], widths)[:, 0]

    def close(self) -> None:
        """Leave the group."""
        self._sending.shutdown(wait=False)
        for other in self._others.values():
            with suppress(OSError):
                other.close()

    def _exchange(self, sent: Sequence[NDArray[Any]], parts: Sequence[NDArray[Any]]) -> None:
        """Send each other worker its part, and receive theirs, whose sizes are known."""
        with self._told():
            waiting = []
            for rank, other in self._others.items():
                if sent[rank].nbytes <= SHORT:
                    other.sendall(_bytes(sent[rank]))
                else:
                    waiting.append(self._sending.submit(other.sendall, _bytes(sent[rank])))
            for rank, other in self._others.items():
                _receive(other, parts[rank])
            for one in waiting:
                one.result()

    def _meet(self, folder: Path) -> None:
        """Call every worker of a lower rank, and wait for the calls of those of a higher one."""
        last = time.monotonic() + seconds_to_wait()
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(folder / str(self.rank)))
            door.listen(self.size)
            for rank in range(self.rank):
                self._others[rank] = _called(folder / str(rank), self.rank, last)
            while len(self._others) < self.size - 1:
                door.settimeout(max(last - time.monotonic(), PAUSE_SECONDS))
                other = door.accept()[0]
                other.settimeout(seconds_to_wait())
                caller = np.empty(1, np.int64)
                _receive(other, caller)
                self._others[caller.item()] = other
        for other in self._others.values():
            other.settimeout(seconds_to_wait())
            for which in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                other.setsockopt(socket.SOL_SOCKET, which, BUFFER_BYTES)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in our words that another worker is gone."""
        try:
            yield
        except OSError as problem:
            raise ClusterError(
                f"worker {self.rank} of {self.size}: another one left, or did not answer for {seconds_to_wait():g} "
                f"seconds ({problem})"
            ) from problem


def meeting(size: int, host: str) -> tuple[Any, dict[str, Any]]:
    """Return what is to be kept until the end, and where the workers meet."""
    folder = TemporaryDirectory(prefix="lamina-", ignore_cleanup_errors=True)  # rwx------
    return folder, {"folder": folder.name}


def _called(place: Path, rank: int, last: float) -> socket.socket:
    """Return a connection to the worker whose door is there; it may not have come yet."""
    while True:
        other = socket.socket(socket.AF_UNIX)
        try:
            other.connect(str(place))
            other.sendall(NUMBER.pack(rank))
            return other
        except OSError:
            other.close()
            if time.monotonic() > last:
                raise
            time.sleep(PAUSE_SECONDS)


def _bytes(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _receive(other: socket.socket, into: NDArray[Any]) -> None:
    left = _bytes(into)
    while left.nbytes:
        n = other.recv_into(left)
        if not n:
            raise ConnectionError("its connection was closed")
        left = left[n:]
