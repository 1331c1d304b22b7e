"""One worker of a Ray cluster: it meets the others, does its work, and tells the board."""

import io
import logging
import os
import socket
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from lamina.cluster.board import Outcome
from lamina.errors import ClusterError, MissingExtraError
from lamina.learning.group import Group, Silence

CARRIER = "LAMINA_CLUSTER_SUMS"  # what carries the sums, one of CARRIERS
CARRIERS = "pipes", "gloo", "rabit"


class Told:
    """Messages of a worker, whose progress goes to the board."""

    def __init__(self, messages: Any, board: Any) -> None:
        self._messages, self._board, self._answer = messages, board, None
        self.rank, self.size = messages.rank, messages.size

    def gather(self, mine: NDArray[Any], counts: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        return self._messages.gather(mine, counts)

    def deal(self, mine: NDArray[Any], counts: Sequence[int], widths: Sequence[int]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        return self._messages.deal(mine, counts, widths)

    def reduce(self, mine: NDArray[Any]) -> NDArray[Any]:
        """See `lamina.learning.group.Messages`."""
        return self._messages.reduce(mine)

    def report(self, facts: dict[str, Any]) -> str:
        """See `lamina.learning.group.Messages`: an answer is looked at when it is there, and never waited for."""
        import ray

        wish = ""
        if self._answer is not None:
            if not ray.wait([self._answer], timeout=0)[0]:
                return ""
            wish = ray.get(self._answer)
        self._answer = self._board.note.remote(self.rank, {**facts, "host": socket.gethostname(), "pid": os.getpid()})
        return str(wish)


class Writer(io.TextIOBase):
    """A stream of text that the board takes."""

    encoding = "utf-8"

    def __init__(self, board: Any, stream: str) -> None:
        self._board, self._stream = board, stream

    def write(self, text: str) -> int:
        """Send the text."""
        if text:
            self._board.write.remote(self._stream, text)
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True

    @property
    def buffer(self) -> "BinaryWriter":
        """The same stream for bytes of text in UTF-8."""
        return BinaryWriter(self)


class BinaryWriter(io.BufferedIOBase):
    """A stream of text, as bytes in UTF-8; every write has whole characters."""

    def __init__(self, text: Writer) -> None:
        self._text = text

    def write(self, data: Any) -> int:
        """Send the text."""
        self._text.write(bytes(data).decode())
        return len(data)

    def writable(self) -> bool:
        """Return True."""
        return True


def work_in_worker(config: dict[str, Any]) -> None:
    """Do the work of this worker: what Ray Train calls in each of them, and anew after a fault.

    A worker that is lost is Ray's concern, and the work begins anew from its checkpoint. Any other problem ends the
    run: it would come again.
    """
    import ray
    import ray.train

    logging.getLogger("ray.train").setLevel(logging.CRITICAL)  # a lost worker is told of in our words
    board, context = config["board"], ray.train.get_context()
    rank, size = context.get_world_rank(), context.get_world_size()
    if not _goes_on(board, rank):
        return
    with suppress(OSError):
        os.chdir(config["folder"])
    sys.argv[0] = config["program"]  # what the user called, for messages that name it
    _speak(board, rank)
    messages, tracker = met(rank, size, config["host"] or ray.util.get_node_ip_address())
    try:
        how = {"together": config["together"], "scratch": config["scratch"]}
        result = config["work"](Group(Told(messages, board), **how, is_shown=True))
    except ClusterError:
        raise
    except Exception as problem:
        ray.get(board.end.remote(Outcome(problem=_sendable(problem))))
        raise
    if rank == 0:
        ray.get(board.end.remote(Outcome(result)))
    if hasattr(messages, "close"):
        messages.close()
    del tracker


def _speak(board: Any, rank: int) -> None:
    """Send what the first worker says to the board; the others say the same, and are not heard."""
    if rank:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        warnings.simplefilter("ignore")
        return
    sys.stdout, sys.stderr = Writer(board, "out"), Writer(board, "err")

    def show(message: Any, *_: Any, **__: Any) -> None:
        board.warn.remote(message)

    warnings.showwarning = show


def _goes_on(board: Any, rank: int) -> bool:
    """Return whether there is still something to do: what the board tells the first worker."""
    import ray
    from ray.train.collective import broadcast_from_rank_zero

    return bool(broadcast_from_rank_zero(ray.get(board.started.remote()) if rank == 0 else None))


def met(rank: int, size: int, host: str) -> tuple[Any, Any]:
    """Return what carries messages to the other workers, and what is to be kept until the end."""
    from ray.train.collective import broadcast_from_rank_zero

    if size == 1:
        return Silence(), None
    tracker, address, name = None, None, ""
    if rank == 0:
        name = os.environ.get(CARRIER) or _carrier(host)
        tracker, address = _meeting(name, size, host)
    name, address = broadcast_from_rank_zero((name, address))
    if name == "gloo":
        from lamina.cluster.gloo import ByGloo

        if host.startswith("127."):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        return ByGloo(rank, size, {**address, "store": tracker}), tracker
    if name == "pipes":
        from lamina.cluster.pipes import ByPipes

        return ByPipes(rank, size, address), tracker
    from lamina.cluster.rabit import ByRabit

    return ByRabit(rank, size, address), tracker


def _carrier(host: str) -> str:
    """Return what carries messages, by default: on one machine what listens on no port, or on loopback only.

    Raises
    ------
    ClusterError
        There is none: xgboost's collective listens on all addresses.
    """
    here, torch = host.startswith("127."), find_spec("torch") is not None
    if here and hasattr(socket, "AF_UNIX"):
        return "pipes"
    if here and not torch:
        raise ClusterError(
            "workers of this machine need torch here (pip install torch), or "
            f"{CARRIER}=rabit: xgboost's collective, which listens on all addresses while it runs, without a password"
        )
    return "gloo" if torch else "rabit"


def _meeting(name: str, size: int, host: str) -> tuple[Any, dict[str, Any]]:
    if name not in CARRIERS:
        raise ClusterError(f"{CARRIER}={name!r}: expected one of {', '.join(CARRIERS)}")
    if name == "pipes" and not host.startswith("127."):
        raise ClusterError(
            f"{CARRIER}=pipes: they join processes of one machine, cluster='local[2]'; expected gloo or rabit"
        )
    try:
        if name == "gloo":
            from lamina.cluster.gloo import meeting
        elif name == "pipes":
            from lamina.cluster.pipes import meeting
        else:
            from lamina.cluster.rabit import meeting
        return meeting(size, host)
    except ImportError as problem:
        raise MissingExtraError(f"{problem}: pip install 'lamina[cluster]' on every machine") from problem


def _sendable(problem: BaseException) -> BaseException:
    """Return a problem that another process can have, without what it was raised from."""
    import pickle

    problem.__cause__ = problem.__context__ = problem.__traceback__ = None
    try:
        pickle.loads(pickle.dumps(problem))
    except Exception:
        return ClusterError(f"{type(problem).__name__}: {problem}")
    return problem
