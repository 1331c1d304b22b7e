"""One method on one split in a process of its own: `python accuracy_worker.py JOB`, JSON in, a line of JSON out.

A job {"about": method} asks for its release alone.
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

ASKED_ROWS, TIMES = 1_000, 5  # how many rows a trained model is asked about, and how often


def cpu_seconds() -> float:
    """Return the time of this process and its ended children, in user and system mode."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def timed(work: Callable[[], Any], name: str) -> tuple[Any, dict[str, float]]:
    began, cpu = time.perf_counter(), cpu_seconds()
    result = work()
    return result, {f"{name}_cpu": cpu_seconds() - cpu, f"{name}_wall": time.perf_counter() - began}


def answering(answer: Callable[[Any], Any], X: Any) -> float:
    """Return the seconds of CPU that 1,000 rows take: the median of five times, rows of X again where it has fewer."""
    rows = X.iloc[[i % len(X) for i in range(ASKED_ROWS)]].reset_index(drop=True)
    return median(timed(lambda: answer(rows), "asked")[1]["asked_cpu"] for _ in range(TIMES))


def forget_peak() -> None:
    """Have the system measure the peak of memory anew; where it cannot, loading is part of it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def memory(name: str) -> float:
    """Return MiB: "VmRSS", what is held now, or "VmHWM", the peak."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(lines[name].split()[0]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def about(job: dict[str, Any]) -> dict[str, Any]:
    from accuracy_peers import found

    return {"version": importlib.import_module(f"accuracy_peers.{found(job['about']).module}").version()}


def measured(job: dict[str, Any]) -> dict[str, Any]:
    import accuracy_metrics as metrics
    from accuracy_peers import found
    from datasets import SETS, development, split

    module, options, _ = found(job["method"])
    peer = importlib.import_module(f"accuracy_peers.{module}")
    if "limit" in job:
        resource.setrlimit(resource.RLIMIT_CPU, (int(job["limit"]), int(job["limit"]) + 5))
    rows_of = {"test": split, "development": development}[job["part"]]
    X, y, X_test, y_test = rows_of(job["set"], job["seed"], None if job["rows"] == "all" else job["rows"])
    task = SETS[job["set"]].task
    model = peer.estimator(task, job["seed"], job["threads"], **options)
    gc.collect()
    forget_peak()
    before = memory("VmRSS")
    _, fit = timed(lambda: model.fit(X, y), "fit")
    answer = model.predict_proba if task == "classification" else model.predict
    said, predict = timed(lambda: answer(X_test), "predict")
    peak = memory("VmHWM") - before
    if task == "classification":
        scores = metrics.classification(said, model.classes_, y_test)
    else:
        scores = metrics.regression(said, y_test)
    sizes = {"training_rows": len(X), "test_rows": len(X_test), "columns": X.shape[1], "task": task}
    costs = {**fit, **predict, "thousand_cpu": answering(answer, X_test), "peak_mib": peak}
    return {"version": peer.version(), **sizes, **scores, **costs}


def main(job: dict[str, Any]) -> int:
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no result
    try:
        print(json.dumps((about if "about" in job else measured)(job)), file=channel, flush=True)
    except Exception as problem:
        traceback.print_exc()
        print(json.dumps({"reason": f"{type(problem).__name__}: {problem}".splitlines()[0]}), file=channel, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
