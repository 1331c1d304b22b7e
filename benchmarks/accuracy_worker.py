"""One method: `python accuracy_worker.py METHOD`, a line of JSON in for each split, a line of JSON out.

The library is imported once, and every split has a process of its own, forked from there. A job {"about": method} asks
for the release alone.
"""

import gc
import importlib
import json
import os
import resource
import signal
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
    from accuracy_peers.frames import without_dates
    from datasets import SETS, development, split, training_groups, validation

    module, options, _ = found(job["method"])
    peer = importlib.import_module(f"accuracy_peers.{module}")
    if "limit" in job:
        resource.setrlimit(resource.RLIMIT_CPU, (int(job["limit"]), int(job["limit"]) + 5))
    rows_of = {"test": split, "development": development}[job["part"]]
    most = None if job["rows"] == "all" else job["rows"]
    X, y, X_test, y_test = rows_of(job["set"], job["seed"], most)
    held, groups = (find(job["set"], job["part"], job["seed"], most) for find in (validation, training_groups))
    if not getattr(peer, "TAKES_DATES", False):
        X, X_test = without_dates(X), without_dates(X_test)
    task = SETS[job["set"]].task
    model = peer.estimator(task, job["seed"], job["threads"], **options)
    gc.collect()
    forget_peak()
    before = memory("VmRSS")
    if held is None or not hasattr(peer, "fit_with"):
        _, fit = timed(lambda: model.fit(X, y), "fit")
    else:
        _, fit = timed(lambda: peer.fit_with(model, X, y, held, groups), "fit")
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


def in_a_child(job: dict[str, Any], channel: int) -> None:
    """Measure in a process of its own, which has the imports already, and answer with a line; the parent waits."""
    child = os.fork()
    if not child:
        code = 2
        try:
            code = answered(job, channel)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU:
        say({"reason": f"over {job['limit']:g} seconds of CPU", "took": job["limit"]}, channel)
    elif code not in (0, 1):
        say({"reason": f"ended with {code}"}, channel)


def answered(job: dict[str, Any], channel: int) -> int:
    """Return 0 with the measurement said, 1 with what went wrong."""
    try:
        say((about if "about" in job else measured)(job), channel)
    except Exception as problem:
        traceback.print_exc()
        say({"reason": f"{type(problem).__name__}: {problem}".splitlines()[0]}, channel)
        return 1
    return 0


def say(line: dict[str, Any], channel: int) -> None:
    os.write(channel, json.dumps(line).encode() + b"\n")


def main(method: str) -> None:
    channel = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is no result
    with suppress(Exception):  # a job says what is wrong
        from accuracy_peers import found

        for name in ("accuracy_metrics", "datasets", f"accuracy_peers.{found(method).module}"):
            importlib.import_module(name)
    for line in sys.stdin:
        in_a_child(json.loads(line), channel)


if __name__ == "__main__":
    main(sys.argv[1])
