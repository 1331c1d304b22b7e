"""One worker of a group, on one core of this machine, or one alone: `python cluster_worker.py JOB`.

JSON in; the first worker writes a line of JSON.
"""

import json
import os
import sys
import time
import warnings
from statistics import median
from typing import Any

RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK")
COLUMNS, CLASSES = 54, 7
SMALL, LARGE = 1024, 8192  # batches whose steps say what a row and what an update costs
OWN = {"early_stopping": False, "n_iter_no_change": 10**6, "max_time": None, "random_state": 0}


def bound() -> None:
    """Stay on one core: a worker of its own each, its reader on the same one."""
    rank = next((int(os.environ[name]) for name in RANKS if name in os.environ), 0)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[rank % len(cores)]})


def prepared(job: dict[str, Any], batch: int, group: Any) -> Any:
    """Return a run on random numbers and its state."""
    import numpy as np

    from lamina.fitting import prepare

    rows, rng = 2**17, np.random.default_rng(0)
    X, y = rng.normal(size=(rows, job.get("columns", COLUMNS))), rng.integers(0, job.get("classes", CLASSES), rows)
    settings = {"hidden_layer_sizes": tuple(job["widths"]), "batch_size": batch, "max_iter": 10**6, **OWN}
    return prepare(X, y, settings=settings | job.get("settings", {}), task="classifier", group=group)


def timed(job: dict[str, Any], batch: int, group: Any) -> dict[str, Any]:
    """Train on random numbers for some seconds: the median seconds of a step over the epochs, and shares."""
    from lamina.learning.group import Group
    from lamina.learning.training import train

    group = Group(group.messages)  # nobody has asked it to stop yet
    run, state = prepared(job, batch, group)
    progress = iter(train(run, state))
    while next(progress).record is None:  # the first epoch warms up
        pass
    began, computing, summing, steps = time.perf_counter(), group.computing, group.summing, -(-run.n_rows // batch)
    seconds, at = [], began
    for one in progress:
        if one.record is None:
            continue
        now = time.perf_counter()
        seconds.append(now - at)
        at = now
        if now - began >= job["seconds"]:
            group.ask("enough")
    took = time.perf_counter() - began
    own = {"compute": (group.computing - computing) / took, "sum": (group.summing - summing) / took}
    everyone = [json.loads(one) for one in group.told(json.dumps(own).encode())]
    return {"step": median(seconds[:-1] or seconds) / steps, "size": 4 * (run.network.size + 3), "workers": everyone}


def parts(group: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Measure what a row and an update cost: steps of two sizes of a batch, neither of which is checked later."""
    small, large = (timed(job, batch, group)["step"] for batch in (SMALL, LARGE))
    compute = (large - small) / (LARGE - SMALL)
    return {"compute": compute, "update": max(small - compute * SMALL, 0.0)}


def sums(group: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Measure the sum of a message over the workers, with a pause in between, as steps have it."""
    import numpy as np

    from lamina.learning.leaves import Sums, subtrees_of

    run, _ = prepared(job, 1024, group)
    width, seconds = run.network.size + 3, []
    for _ in range(200):
        own = Sums(width, np.float32)
        for tree in subtrees_of(range(8 * group.rank, 8 * group.rank + 8)):
            own.add(tree, np.ones(width, np.float32))
        group.told(b"")  # all begin together
        began = time.perf_counter()
        group.total(own, 1024)
        seconds.append(time.perf_counter() - began)
    return {"sum": median(seconds), "size": 4 * width}


def trained(group: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Train on random numbers."""
    return timed(job, job["batch"], group)


def streamed(group: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Train on files; with `idle`, only read and encode what an epoch reads."""
    from lamina.data.roles import Roles
    from lamina.data.streaming.streamed_source import StreamedSource
    from lamina.data.tables.row_streams import rows_of
    from lamina.fitting import prepare
    from lamina.learning.training import train

    warnings.simplefilter("ignore")
    source = StreamedSource(rows_of(job["files"]), Roles(job["target"]))
    settings = {"hidden_layer_sizes": tuple(job["widths"]), "batch_size": job["batch"], "max_iter": job["passes"]}
    settings |= {**OWN, **job["settings"]}
    began = time.perf_counter()
    run, state = prepare(source, roles=source.roles, settings=settings, task="classifier", group=group)
    first = time.perf_counter() - began
    found = {"rows": run.n_rows, "columns": run.network.n_inputs, "classes": 2, "first": first}
    if job.get("idle"):
        return {**found, "reading": _read(run, job["passes"]) / run.n_rows}
    seconds, shares = [], []
    at, computing, summing = time.perf_counter(), 0.0, 0.0
    for one in train(run, state):
        if one.record is None:
            continue
        now = time.perf_counter()
        seconds.append(now - at)
        shares.append(
            {"compute": (group.computing - computing) / (now - at), "sum": (group.summing - summing) / (now - at)}
        )
        at, computing, summing = now, group.computing, group.summing
    everyone = [json.loads(one) for one in group.told(json.dumps(shares[-1]).encode())]
    return {**found, "epoch": median(seconds), "workers": everyone}


def _read(run: Any, passes: int) -> float:
    """Return the median seconds of reading and encoding a pass."""
    seconds = []
    for epoch in range(passes):
        began = time.perf_counter()
        for chunk in run.examples.chunks(run.recipe, epoch, 0, lambda rows: slice(0, rows)):
            del chunk
        seconds.append(time.perf_counter() - began)
    return median(seconds)


WORK = {"parts": parts, "sums": sums, "train": trained, "stream": streamed}


def main(job: dict[str, Any]) -> None:
    bound()
    from lamina.cluster.launching import launched
    from lamina.cluster.places import started_by_mpi

    def work(group: Any) -> None:
        found = WORK[job["work"]](group, job)
        if group.rank == 0:
            print(json.dumps(found), flush=True)

    launched("mpi" if started_by_mpi() else "local[1]", work)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
