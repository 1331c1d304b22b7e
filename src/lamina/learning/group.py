"""Workers that learn the same network together: each takes its leaves of every batch, and all move alike."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.errors import ClusterError, LaminaError
from lamina.learning.halves import packed, unpacked
from lamina.learning.leaves import Subtree, Sums, leaves_of, subtrees_of
from lamina.learning.precision import BFLOAT16

# Of long vectors each worker adds a part, and has the other parts from the others: two messages, but twice the bytes of
# a vector in all, however many workers there are. Otherwise each has all vectors, and adds them itself.
DEALT_TO, DEALT_BYTES = 3, 2**16
SAME_BITS, PLAIN = "same-bits", "plain"
SUMS = SAME_BITS, PLAIN, BFLOAT16


class Together(NamedTuple):
    """How the workers of a group move together (docs/cluster.md)."""

    sums: Literal["same-bits", "plain", "bfloat16"] = "same-bits"
    local_steps: int = 1  # that each takes by itself, before all continue from their mean

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be resumed."""
        return {"sums": self.sums} | ({"local_steps": self.local_steps} if self.local_steps > 1 else {})


BY_LEAVES = Together()


class Apart(NamedTuple):
    """Workers that take steps by themselves: what all had when they met last, and what was done since."""

    params: NDArray[np.floating]
    memory: NDArray[np.floating]
    rows: int = 0  # of all workers
    own_rows: int = 0
    own_cost: float = 0.0  # sum of cost times rows

    def moved(self, rows: int, own_rows: int, J: float) -> "Apart":
        """Return what is known after another step, and so many rows of it."""
        own = self.own_rows + own_rows, self.own_cost + own_rows * J
        return Apart(self.params, self.memory, self.rows + rows, *own)


class Messages(Protocol):
    """What carries arrays between the workers of a group."""

    @property
    def rank(self) -> int: ...
    @property
    def size(self) -> int: ...

    def gather(self, mine: NDArray[Any], counts: Sequence[int]) -> NDArray[Any]:
        """Return the rows of all workers, those of a lower rank first.

        Parameters
        ----------
        mine : array, shape (counts[rank], n)
        counts : sequence of int
            How many rows each worker has; every worker knows them.

        Raises
        ------
        ClusterError
            A worker left, or did not answer in time.
        """
        ...

    def deal(self, mine: NDArray[Any], counts: Sequence[int], widths: Sequence[int]) -> NDArray[Any]:
        """Return some columns of the rows of all workers: the first `widths[0]` columns go to worker 0, and so on.

        Parameters
        ----------
        mine : array, shape (counts[rank], sum(widths))
        counts, widths : sequence of int
            One for each worker.

        Returns
        -------
        array, shape (sum(counts), widths[rank])
        """
        ...

    def reduce(self, mine: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the sum of the vectors of all workers, shape (n,): the same bits in every one of them.

        The order of the additions is that of whatever carries them.
        """
        ...

    def report(self, facts: dict[str, Any]) -> str:
        """Show where this worker stands to whoever started the workers; return why they are to stop, or empty text."""
        ...


class Silence:
    """The messages of a group of one."""

    rank, size = 0, 1

    def gather(self, mine: NDArray[Any], counts: Sequence[int]) -> NDArray[Any]:
        return mine

    def deal(self, mine: NDArray[Any], counts: Sequence[int], widths: Sequence[int]) -> NDArray[Any]:
        return mine

    def reduce(self, mine: NDArray[np.floating]) -> NDArray[np.floating]:
        return mine

    def report(self, facts: dict[str, Any]) -> str:
        return ""


class Group:
    """The workers of a run, as one of them sees them.

    Every method is called by all workers at the same place of the run, save `ask`.

    Attributes
    ----------
    messages : Messages
    scratch : str, optional
        A folder that all workers see, and that outlives them: for checkpoints where the user names no folder.
    is_shown : bool
        Whether whoever started the workers shows the progress of them all.
    together : Together
        How they move together.
    apart : Apart, optional
        What they do by themselves, between two meetings; None: all have the same bits.
    halted : bool
        Whether all left a pass after the same step, because one of them asked to stop.
    fault : Exception, optional
        What keeps this worker from reading: `lamina.learning.faults`.
    summing, computing : float
        Seconds that this worker spent in sums, waiting for others included, and in all else of its steps.
    """

    def __init__(
        self, messages: Messages, *, together: Together = BY_LEAVES, scratch: str | None = None, is_shown: bool = False
    ) -> None:
        self.together: Together = together
        self.apart: Apart | None = None
        self.scratch, self.is_shown = scratch, is_shown
        self.messages, self.rank, self.size = messages, messages.rank, messages.size
        self.halted, self.summing, self.computing = False, 0.0, 0.0
        self._asked = ""

    fault: Exception | None = None

    def ask(self, why: str) -> None:
        """Ask all to stop: after the next step, or at the end of the epoch. The first reason counts."""
        self._asked = self._asked or why

    @property
    def asks(self) -> bool:
        """Whether this worker asks to stop."""
        return bool(self._asked)

    def agreed(self) -> str:
        """Return why to stop: the reason of the lowest rank that has one; empty if nobody asks."""
        reasons = self.told(self._asked.encode())
        self.halted = False
        return next((reason.decode() for reason in reasons if reason), "")

    def told(self, text: bytes) -> list[bytes]:
        """Return what each worker tells, in the order of their ranks."""
        lengths = self.messages.gather(np.array([[len(text)]]), [1] * self.size)[:, 0].tolist()
        everything = self.messages.gather(np.frombuffer(text, np.uint8)[:, None], lengths)[:, 0]
        ends = np.cumsum(lengths).tolist()
        return [everything[end - n : end].tobytes() for end, n in zip(ends, lengths, strict=True)]

    def from_first(self, make: Callable[[], bytes]) -> bytes:
        """Return what the first worker makes; the others do not try.

        Raises
        ------
        LaminaError
            It could not: the others raise a ClusterError in its words.
        """
        found, failed = b"", None
        if self.rank == 0:
            try:
                found = b"+" + make()
            except LaminaError as problem:
                found, failed = b"-" + str(problem).encode(), problem
        found = self.told(found)[0]
        if failed is not None:
            raise failed
        if found.startswith(b"-"):
            raise ClusterError(f"worker 0: {found[1:].decode()}")
        return found[1:]

    def check_same(self, what: str, *values: Any) -> None:
        """Compare arrays or texts of all workers.

        Raises
        ------
        ClusterError
            One has others: it reads other rows, or its processor rounds in another way.
        """
        word = blake2b(digest_size=16)
        for value in values:
            word.update(value.encode() if isinstance(value, str) else np.ascontiguousarray(value).data)
        words = self.told(word.digest())
        others = [str(rank) for rank, one in enumerate(words) if one != words[0]]
        if others:
            raise ClusterError(
                f"{what}: worker {', '.join(others)} of {self.size} differs from worker 0. All need the same files, "
                "the same release of lamina and NumPy, and processors with the same instructions "
                "(LAMINA_ISA=avx2 on all of them, if some have more)"
            )

    def total(self, own: Sums, rows: int) -> NDArray[np.floating]:
        """Return the sum over all leaves of a batch of so many rows, from the leaves of this worker."""
        if self.size == 1:
            return own.vectors[0]
        places, counts = _places(rows, self.size)
        width, kind = own.shape
        rounded = own.rounded
        sent = _sent(np.stack(own.vectors) if own.vectors else np.empty((0, width), kind), rounded)
        if self.size < DEALT_TO or sent.shape[1] * sent.itemsize < DEALT_BYTES:
            return _sum(places, _came(self.messages.gather(sent, counts), rounded), rounded)
        whole = sent.shape[1] - rounded if rounded else 0  # what follows the rounded numbers stays together
        cut = sent.shape[1] - whole
        widths = [cut * (k + 1) // self.size - cut * k // self.size for k in range(self.size)]
        mine = widths[self.rank] if rounded else 0
        widths[-1] += whole
        part = _sum(places, _came(self.messages.deal(sent, counts, widths), mine), mine)
        everyones = self.messages.gather(_sent(part[None], mine).T, widths)
        return _came(everyones.T, rounded)[0]

    def reduced(self, mine: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the sum of the vectors of all workers, in the order of the library that carries them."""
        return mine if self.size == 1 else self.messages.reduce(mine)


def _sent(rows: NDArray[Any], rounded: int) -> NDArray[Any]:
    return packed(rows, rounded) if rounded else rows


def _came(rows: NDArray[Any], rounded: int) -> NDArray[Any]:
    return unpacked(rows, rounded) if rounded else rows


def _sum(places: Sequence[Subtree], vectors: NDArray[np.floating], rounded: int) -> NDArray[np.floating]:
    """Return the sum over all leaves from those over subtrees, shape (subtrees, n)."""
    sums = Sums(vectors.shape[1], vectors.dtype, rounded)
    for place, vector in zip(places, vectors, strict=True):
        sums.add(place, vector)
    return sums.vectors[0]


@lru_cache(maxsize=16)  # of two sizes of batches, as a rule
def _places(rows: int, size: int) -> tuple[list[Subtree], list[int]]:
    """Return the subtrees that are sent in a step, and how many each worker sends."""
    parts = [list(subtrees_of(leaves_of(rows, rank, size))) for rank in range(size)]
    return [place for part in parts for place in part], [len(part) for part in parts]
