"""A script of three processes that send one another arrays: `python carrying.py gloo|rabit|pipes`, or of mpiexec."""

import importlib
import multiprocessing
import sys

import numpy as np

SIZE = 3
COUNTS, WIDTHS = [2, 0, 1], [4, 3, 0]


def rows_of(rank, dtype):
    """The rows of a worker: every number is known."""
    return (100 * rank + np.arange(COUNTS[rank] * sum(WIDTHS)).reshape(-1, sum(WIDTHS))).astype(dtype)


def check(messages):
    """Raise an AssertionError where something else came than was sent."""
    for dtype in (np.float32, np.float64, np.int64, np.uint8):
        sent = [rows_of(rank, dtype) for rank in range(SIZE)]
        if dtype == np.float32:
            sent[0][0, :3] = -0.0, np.nan, np.inf  # bits, not values
        everything = np.concatenate(sent)
        found = messages.gather(sent[messages.rank], COUNTS)
        assert (found.dtype, found.tobytes()) == (everything.dtype, everything.tobytes())
        first = sum(WIDTHS[: messages.rank])
        columns = np.ascontiguousarray(everything[:, first : first + WIDTHS[messages.rank]])
        found = messages.deal(sent[messages.rank], COUNTS, WIDTHS)
        assert (found.shape, found.tobytes()) == (columns.shape, columns.tobytes())
    big = np.arange(3 * 10**6, dtype=np.float32).reshape(3, -1) + messages.rank  # more than a socket takes at once
    assert messages.gather(big[messages.rank :][:1], [1] * SIZE).tolist() == [
        (big[rank] - messages.rank + rank).tolist() for rank in range(SIZE)
    ]
    for dtype in (np.float32, np.float64):
        mine = np.arange(5, dtype=dtype) + 100 * messages.rank
        assert messages.reduce(mine).tolist() == [300, 303, 306, 309, 312]
        assert mine.tolist() == [100 * messages.rank + k for k in range(5)]


def worker(kind, rank, place):
    module = importlib.import_module(f"lamina.cluster.{kind}")
    tracker = None
    if rank == 0:
        tracker, address = module.meeting(SIZE, "127.0.0.1")
        for _ in range(SIZE - 1):
            place.put(address)
    else:
        address = place.get(timeout=60)
    messages = {"gloo": "ByGloo", "rabit": "ByRabit", "pipes": "ByPipes"}[kind]
    more = {"store": tracker} if kind == "gloo" and rank == 0 else {}
    carried = getattr(module, messages)(rank, SIZE, {**address, **more})
    check(carried)
    carried.close()


def main(kind):
    if kind == "mpi":
        from lamina.cluster.launching import launched

        launched("mpi", lambda group: check(group.messages))
        return 0
    context = multiprocessing.get_context("spawn")
    place = context.Queue()
    processes = [context.Process(target=worker, args=(kind, rank, place)) for rank in range(SIZE)]
    for one in processes:
        one.start()
    for one in processes:
        one.join(120)
    return max(abs(one.exitcode if one.exitcode is not None else 99) for one in processes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
