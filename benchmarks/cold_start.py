"""What a first model costs in a process that has just started: import, training, prediction, and compilers on the way.

`bench.py` starts every peer anew: `python cold_start.py MODULE THREADS FOLDER` reads the task that `Task.save` wrote,
trains and predicts twice, and prints the seconds. What the first time takes beyond the second is compiling, and
whatever else a library does once.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

PARTS = {"start": "interpreter, import", "compile": "the first time only", "work": "training, prediction"}


@dataclass(frozen=True)
class ColdStart:
    """A peer's first model, medians over the repetitions; all in seconds.

    Attributes
    ----------
    wall : float
        Until the process has its predictions: `start`, `compile` and `work` together.
    least : float
        The shortest of the repetitions.
    cpu : float
        Processor time of the process and of all that it started.
    """

    peer: str
    threads: int
    start: float
    compile: float
    work: float
    wall: float
    least: float
    cpu: float


def measure(peers: Sequence[str], threads: int, repeats: int) -> list[ColdStart]:
    """Start the peers in turn, over and over; those that cannot train are left out."""
    from cases import COLD
    from networks import task_of

    runs: dict[str, list[dict[str, float]]] = {peer: [] for peer in peers}
    with TemporaryDirectory() as folder:
        task_of(COLD).save(Path(folder))
        for _ in range(repeats):
            for peer in [*runs]:
                if (found := _started(peer, threads, folder)) is None:
                    del runs[peer]
                else:
                    runs[peer].append(found)
    return [_summary(peer, threads, found) for peer, found in runs.items()]


def _started(peer: str, threads: int, folder: str) -> dict[str, float] | None:
    from peers import PEERS
    from runners import THREAD_VARIABLES, plain_environment

    environment = plain_environment() | dict.fromkeys(THREAD_VARIABLES, str(threads))
    with TemporaryDirectory() as empty:  # what a compiler kept from an earlier run does not count
        kept = {"TORCHINDUCTOR_CACHE_DIR": empty, "JAX_ENABLE_COMPILATION_CACHE": "0"}
        used, began = _cpu(), time.time()
        command = [sys.executable, __file__, PEERS[peer], str(threads), folder, repr(began)]
        done = subprocess.run(command, env=environment | kept, capture_output=True, text=True)
    if done.returncode:
        return None
    return {**json.loads(done.stdout.splitlines()[-1]), "cpu": _cpu() - used}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _summary(peer: str, threads: int, runs: Sequence[dict[str, float]]) -> ColdStart:
    middle = {name: median(run[name] for run in runs) for name in runs[0]}
    walls = [run["start"] + run["compile"] + run["work"] for run in runs]
    return ColdStart(peer, threads, **middle, wall=median(walls), least=min(walls))


# ---- in the process of a peer ----


def main(module: str, threads: str, folder: str, began: str) -> None:
    import importlib

    from serve import keep_to

    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    keep_to(int(threads))
    peer = importlib.import_module(f"peers.{module}")
    start = time.time() - float(began)
    first, again = _first_model(peer, Path(folder), int(threads)), None
    again = _first_model(peer, Path(folder), int(threads), first[1])
    work = min(first[0], again[0])
    print(json.dumps({"start": start, "compile": first[0] - work, "work": work}), file=answer, flush=True)
    os._exit(0)  # the end of a process is not measured


def _first_model(peer: Any, folder: Path, threads: int, made: Any = None) -> tuple[float, Any]:
    """Return the seconds of training and predicting, and what does them: compiled functions can be called again."""
    from tasks import Task

    task = Task.load(folder, threads)
    began = time.perf_counter()
    if made is None:
        rows = replace(task, case=replace(task.case, work="predict", batch=task.case.rows, steps=1, passes=1))
        made = peer.training(task), peer.predicting(rows)
    for work in made:
        work.answer(work.run(work.start()))
    return time.perf_counter() - began, made


# ---- the table and the chart ----


def table(found: Sequence[ColdStart]) -> Any:
    """Return the parts, the whole and the processor time: a line per peer."""
    from cases import COLD
    from report import duration, ratio
    from rich.table import Table

    title = (
        f"Cold start: a process until it has trained on {COLD.rows:,} rows ({COLD.passes} passes) and predicted them"
    )
    grid = Table(title=title)
    for heading in ("peer", *PARTS, "whole", "least", "CPU"):
        grid.add_column(heading, justify="left" if heading == "peer" else "right")
    for one in found:
        times = "" if one is found[0] else f" {ratio(one.wall / found[0].wall)}"
        parts = [duration(getattr(one, part)) for part in PARTS]
        grid.add_row(one.peer, *parts, duration(one.wall) + times, duration(one.least), duration(one.cpu))
    return grid


def lines(found: Sequence[ColdStart], date: str) -> list[dict[str, Any]]:
    """Return the records of a results file."""
    return [{"record": "cold start", "date": date, **asdict(one)} for one in found]


def draw(path: Path, found: Sequence[ColdStart], title: str) -> None:
    """Draw a bar for each peer, made of its parts."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 0.45 * len(found) + 1.4), layout="constrained")
    names = [one.peer for one in found]
    left = [0.0] * len(found)
    for (part, what), colour in zip(PARTS.items(), ("#bdc3c7", "#e07b39", "#1b6ca8"), strict=True):
        widths = [getattr(one, part) for one in found]
        axes.barh(names, widths, left=left, color=colour, label=f"{part}: {what}")
        left = [x + width for x, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.bar_label(axes.containers[-1], [f"{one.wall:.2f} s" for one in found], padding=3, size=8)
    axes.margins(x=0.12)
    axes.set_xlabel("seconds until the first model has predicted", size=8)
    axes.legend(fontsize=7)
    axes.set_title(title, size=9)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
