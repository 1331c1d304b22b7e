"""A script: fits on a cluster of this machine, of which one or another has a fault on the way; a line of JSON for each.

python faults.py FOLDER CASE ...
"""

import json
import os
import resource
import signal
import sys
import time
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np

WORKERS = 2
SHARDS = Path.cwd() / "shards"


def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 6))
    return X, np.digitize(X[:, 0] * X[:, 1], [-0.5, 0.5])


def shards():
    """The same rows as a stream of three files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lamina.data.roles import Roles
    from lamina.data.streaming.streamed_source import StreamedSource
    from lamina.data.tables.row_streams import rows_of

    if not SHARDS.exists():
        SHARDS.mkdir()
        X, y = rows()
        for k in range(3):
            part = slice(k * 1000, (k + 1) * 1000)
            columns = {f"x{j}": X[part, j] for j in range(X.shape[1])}
            pq.write_table(pa.table({**columns, "y": y[part]}), SHARDS / f"{k}.parquet")
    return StreamedSource(rows_of(str(SHARDS)), Roles("y"))


def work(group, pause=0.3, broken=None, place=None, epochs=6):
    """A fit with checkpoints; slow epochs, so that there is time for a fault."""
    from contextlib import nullcontext

    from lamina.errors import DataError
    from lamina.fitting import finish, prepare
    from lamina.running import carry_out, opened

    settings = {"hidden_layer_sizes": (24,), "random_state": 0, "max_iter": epochs, "batch_size": 512, "dropout": 0.1}
    how = {"settings": {**settings, "n_iter_no_change": 100}, "task": "classifier", "group": group}
    run, state = prepare(*rows(), **how) if broken != "shard" else prepare(shards(), roles=shards().roles, **how)
    path, folder, begun = place or group.scratch, None, 0
    if path:
        folder, state = opened(path, run, state)
        begun = state.epoch

    def after_epoch(record):
        if path == group.scratch or Path("slow").exists():
            time.sleep(pause)
        if broken == "raises" and group.rank == 1 and record.epoch == 2:
            raise DataError("a cell is bad")
        if broken == "disk" and group.rank == 0 and record.epoch == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        if broken == "shard" and group.rank == 0 and record.epoch == 2:
            next(SHARDS.glob("*.parquet")).unlink()
        return False

    with folder or nullcontext():
        carry_out(run, state, after_epoch=after_epoch, folder=folder)
    params = finish(run, state).params
    return {"bits": blake2b(params.tobytes()).hexdigest(), "begun": begun, "stopped": state.stopped, "size": group.size}


class Fault:
    """Does something to workers once they are in their third epoch."""

    def __init__(self, do):
        self._do, self.starts, self._done = do, 0, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return

    def update(self, news):
        self.starts = max(self.starts, news.starts)
        epochs = [one["epoch"] for one in news.facts.values()]
        if not self._done and len(epochs) == WORKERS and min(epochs) >= 2:
            self._done = True
            for rank, number in self._do:
                os.kill(os.getpid() if rank is None else news.facts[rank]["pid"], number)


CASES = {
    "none": [],
    "one": [(1, signal.SIGKILL)],
    "two": [(0, signal.SIGKILL), (1, signal.SIGKILL)],
    "hang": [(1, signal.SIGSTOP)],
    "raises": [],
    "disk": [],
    "shard": [],
    "interrupt": [(None, signal.SIGINT)],
    "driver": [(None, signal.SIGKILL)],
}


def main():
    from lamina.cluster.launching import launched
    from lamina.errors import LaminaError

    alone = launched("local[1]", partial(work, pause=0))
    print(json.dumps({"case": "alone", **alone}), flush=True)
    if "shard" in sys.argv:
        shards()
    for case in sys.argv[1:]:
        began, fault = time.monotonic(), Fault(CASES[case])
        try:
            found = launched(f"local[{WORKERS}]", partial(work, broken=case), shown=fault)
        except LaminaError as problem:
            found = {"problem": type(problem).__name__, "says": str(problem)}
        seconds = round(time.monotonic() - began, 1)
        print(json.dumps({"case": case, **found, "starts": fault.starts, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
