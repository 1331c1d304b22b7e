"""One contender on one table in a process of its own: `python data_worker.py JOB`, JSON in, a line of JSON out."""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peak_memory import PeakMemory, resident


class Passes:
    """The seconds of each pass over the rows; the first has in it what comes before it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._began = time.perf_counter()

    def ended(self, seconds: float | None = None) -> None:
        """Note the end of a pass; `seconds` where the contender has measured it itself."""
        now = time.perf_counter()
        self.seconds.append(now - self._began if seconds is None else seconds)
        self._began = now


def measured(given: dict[str, Any]) -> dict[str, Any]:
    from data_peers import CONTENDERS, Job

    contender = CONTENDERS[given.pop("contender")]
    paths = {name: None if given[name] is None else Path(given[name]) for name in ("parquet", "csv", "test")}
    job = Job(**(given | paths))
    peer = importlib.import_module(f"data_peers.{contender.module}")
    loaded = resident()
    with PeakMemory() as peak:
        passes = Passes()
        predict = peer.run(job, passes.ended, **contender.options)
    found = {"seconds": passes.seconds, "peak_mib": peak.mib, "loaded_mib": loaded, "versions": peer.versions()}
    return found if predict is None else found | scores(predict, job)


def scores(predict: Callable[[Path], np.ndarray], job: Any) -> dict[str, float]:
    """Return how well the test rows are predicted."""
    import pyarrow.parquet as pq

    y = pq.read_table(job.test, columns=[job.target])[job.target].to_numpy()
    p = np.clip(np.asarray(predict(job.test), np.float64), 1e-15, 1 - 1e-15)
    if p.shape != y.shape:
        raise ValueError(f"{len(y)} probabilities expected, found an array of shape {p.shape}")
    return {
        "log_loss": float(-np.mean(np.log(np.where(y == 1, p, 1 - p)))),
        "accuracy": float(np.mean((p > 0.5) == (y == 1))),
    }


def main(job: dict[str, Any]) -> int:
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no result
    try:
        print(json.dumps(measured(job)), file=channel, flush=True)
    except Exception as problem:
        traceback.print_exc()
        print(json.dumps({"reason": f"{type(problem).__name__}: {problem}".splitlines()[0]}), file=channel, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
