"""Workers that learn the same network together: each takes its leaves of every batch, and all move alike."""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.equations.steps import Steps
from lamina.equations.verbs import d_penalty, penalty
from lamina.errors import ClusterError, LaminaError
from lamina.learning.leaves import Subtree, Sums, leaf_rows, leaves_of, subtrees_of

# Of long vectors each worker adds a part, and has the other parts from the others: two messages, but twice the bytes of
# a vector in all, however many workers there are. Otherwise each has all vectors, and adds them itself.
DEALT_TO, DEALT_BYTES = 3, 2**16
BESIDE_THE_GRADIENT = 3  # numbers of a message: the cost in two parts, and how many workers ask to stop


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
    halted : bool
        Whether all left a pass after the same step, because one of them asked to stop.
    fault : Exception, optional
        What keeps this worker from reading: `lamina.learning.faults`.
    summing, computing : float
        Seconds that this worker spent in sums, waiting for others included, and in all else of its steps.
    """

    def __init__(self, messages: Messages, *, scratch: str | None = None, is_shown: bool = False) -> None:
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
        mine = np.stack(own.vectors) if own.vectors else np.empty((0, width), kind)
        if self.size < DEALT_TO or width * kind.itemsize < DEALT_BYTES:
            return _sum(places, self.messages.gather(mine, counts))
        widths = [width * (k + 1) // self.size - width * k // self.size for k in range(self.size)]
        part = _sum(places, self.messages.deal(mine, counts, widths))
        return self.messages.gather(part[:, None], widths)[:, 0]


def _sum(places: Sequence[Subtree], vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the sum over all leaves from those over subtrees, shape (subtrees, n)."""
    sums = Sums(vectors.shape[1], vectors.dtype)
    for place, vector in zip(places, vectors, strict=True):
        sums.add(place, vector)
    return sums.vectors[0]


@lru_cache(maxsize=16)  # of two sizes of batches, as a rule
def _places(rows: int, size: int) -> tuple[list[Subtree], list[int]]:
    """Return the subtrees that are sent in a step, and how many each worker sends."""
    parts = [list(subtrees_of(leaves_of(rows, rank, size))) for rank in range(size)]
    return [place for part in parts for place in part], [len(part) for part in parts]


def train_steps_together(engine: Engine, group: Group) -> Callable[..., Any]:
    """Return the verb `train_steps` for one worker of a group.

    Gradients and costs of its leaves go into one message a step; the sum over all leaves, with the penalty added once,
    is what each worker moves by. So all hold the same bits, and however many they are.

    Rows that others take need not be there: the order has -1 in their places.
    """

    def train_steps(
        network: Network, optimiser: Any, params: Any, memory: Any, X: Any, Y: Any, weights: Any, order: Any, how: Steps
    ) -> Any:
        costs, W, n = np.empty(len(how.rates)), network.spans["weights"], how.examples or len(order)
        for k, rate in enumerate(how.rates):
            began = time.perf_counter()
            rows = order[k * how.batch_size : (k + 1) * how.batch_size]
            own = Sums(network.size + BESIDE_THE_GRADIENT, params.dtype)
            for leaf in leaves_of(len(rows), group.rank, group.size):
                at = leaf_rows(len(rows), leaf)
                mine, w = rows[at], None if weights is None else weights[rows[at]]
                place = {"seed": how.seed, "step": how.step + k, "first": at.start, "m": len(rows)}
                J, grads = engine.gradients(network, params, X[mine], Y[mine], w, **place, dropout=how.dropout(k))
                own.add(Subtree(leaf, 1), _message(J, grads, group.asks))
            sent = time.perf_counter()
            message = group.total(own, len(rows))
            came = time.perf_counter()
            grads, (high, low, asked) = message[: network.size], message[network.size :]
            J = float(high) + float(low) + penalty(network, params, n)
            grads[W] += d_penalty(network, params, n)
            if not (np.isfinite(J) and np.isfinite(grads).all()):
                return costs[:k]
            engine.update(network, optimiser, params, grads, memory, float(rate), how.step + k, how.decay(k))
            costs[k] = J
            group.summing += came - sent
            group.computing += sent - began + time.perf_counter() - came
            if asked:
                group.halted = True
                return costs[: k + 1]
        return costs

    return train_steps


def _message(J: float, grads: NDArray[np.floating], asks: bool) -> NDArray[np.floating]:
    """Return a leaf's part of a message: the cost in two parts, since single precision would round it."""
    message = np.empty(len(grads) + BESIDE_THE_GRADIENT, grads.dtype)
    message[: len(grads)] = grads
    high = grads.dtype.type(J)
    with np.errstate(invalid="ignore"):
        message[len(grads) :] = high, J - float(high), asks
    return message
