"""One peer in a process of its own: `python serve.py MODULE THREADS`. A line of JSON in, a line of JSON out:

    {"verb": "about"}                      -> {"versions": {...}, "blas": [...]}
    {"verb": "prepare", "folder": path}    -> {"how": ...}      reads the task that `Task.save` wrote
    {"verb": "run"}                        -> {"seconds": ..., "cpu": ...}  from the starting weights, all passes
    {"verb": "answer", "path": path}       -> {}                writes the arrays of the last run

or {"not_offered": why}, or {"error": line, "details": traceback}. The process keeps to THREADS
processors, so that libraries which ask for their number, not for a variable, start as many threads.
"""

import gc
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


class Server:
    def __init__(self, module: str, threads: int) -> None:
        self.module, self.threads = module, threads
        self.peer, self.work, self.state = None, None, None

    def about(self) -> dict[str, Any]:
        import numpy as np

        self.peer = importlib.import_module(f"peers.{self.module}")
        _ = np.ones((2, 2)) @ np.ones((2, 2))
        return {"versions": self.peer.about(), "blas": blas()}

    def prepare(self, folder: str) -> dict[str, Any]:
        from tasks import Task

        self.work = self.state = None  # what the last case held
        task = Task.load(Path(folder), self.threads)
        self.work = (self.peer.training if task.case.work == "train" else self.peer.predicting)(task)
        return {"how": self.work.how}

    def run(self) -> dict[str, Any]:
        state = self.work.start()
        gc.collect()
        gc.disable()
        began, used = time.perf_counter(), time.process_time()
        self.state = self.work.run(state)
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        gc.enable()
        return {"seconds": seconds, "cpu": cpu}

    def answer(self, path: str) -> dict[str, Any]:
        import numpy as np

        np.savez(path, *self.work.answer(self.state))
        return {}


def blas() -> list[str]:
    """Return which kernels the loaded BLAS libraries chose for this processor, as in "openblas 0.3.31 SkylakeX"."""
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return [f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}" for pool in pools]


def keep_to(threads: int) -> None:
    """Keep to the last few processors: the first has the interrupts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def main(module: str, threads: int) -> None:
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no reply
    keep_to(threads)
    server = Server(module, threads)
    from tasks import NotOfferedError

    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(server, request.pop("verb"))(**request)
        except NotOfferedError as why:
            reply = {"not_offered": str(why)}
        except Exception as problem:
            what = traceback.format_exception_only(problem)[0].strip().splitlines()[0]
            reply = {"error": what, "details": traceback.format_exc()}
        print(json.dumps(reply), file=channel, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
