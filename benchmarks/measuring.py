"""Measuring a case: everybody trains once and is judged by it, then all take turns, over and over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from networks import cost, error, task_of
from runners import PeerError, Runner
from tasks import Case, Task

# How far apart peers may end, measured in how far the cost fell; they sum in other orders, in single precision.
COSTS_APART = 0.02
LARGEST_ERROR = {"predict": 1e-4, "verb": 1e-4, "estimator": 0.005}

HOPELESS = 1.5  # times slower than the same peer at another number of threads


@dataclass
class Measurement:
    """One peer at one number of threads on one case.

    Attributes
    ----------
    seconds : list of float
        Per step or call, one entry for every repetition.
    cpu : list of float
        Processor time of the same, of all threads together.
    result : float
        The cost after training; the largest error of predictions, or the share of other labels.
    reason : str
        Why there is no result.
    """

    case: Case
    peer: str
    threads: int
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    result: float | None = None
    how: str = ""
    reason: str = ""

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def least(self) -> float:
        return min(self.seconds)


@dataclass
class Outcome:
    """All measurements of a case; `start` is the cost before training."""

    case: Case
    start: float
    measurements: list[Measurement]

    def best(self) -> dict[str, Measurement]:
        """Return every peer's measurement at its best number of threads."""
        found: dict[str, Measurement] = {}
        for one in sorted((one for one in self.measurements if one.seconds), key=lambda one: one.median):
            found.setdefault(one.peer, one)
        return found

    def faults(self) -> list[str]:
        """Return what is wrong with the results, a line each."""
        return disagreements(
            self.case, self.start, {f"{m.peer}, {m.threads} threads": m.result for m in self.measurements}
        )


def disagreements(case: Case, start: float, results: dict[str, float | None]) -> list[str]:
    """Return a line for every result that does not fit the others: a cost, or an error."""
    found = {name: result for name, result in results.items() if result is not None}
    if case.work != "train":
        limit = LARGEST_ERROR[case.work]
        return [f"{case.name}: {name} is off by {x:.2g}, over {limit:g}" for name, x in found.items() if not x <= limit]
    if not found:
        return []
    middle = median([x for x in found.values() if isfinite(x)] or [nan])
    if not middle < start:
        return [f"{case.name}: the cost did not fall, from {start:.6g} to {middle:.6g}"]
    apart = {name: abs(result - middle) / (start - middle) for name, result in found.items()}
    return [
        f"{case.name}: {name} ended at a cost of {found[name]:.6g}, the others around {middle:.6g} (from {start:.6g})"
        for name, distance in apart.items()
        if not distance <= COSTS_APART
    ]


def measure(case: Case, runners: Sequence[Runner], repeats: int) -> Outcome:
    """Measure a case in all runners, which take turns so that a slow moment of the machine hits all of them."""
    task = task_of(case)
    with TemporaryDirectory() as name:
        folder = Path(name)
        task.save(folder)
        found = [_tried(task, runner, folder) for runner in runners]
        able = [(runner, one) for runner, one in zip(runners, found, strict=True) if not one.reason]
        for turn in range(repeats):
            for runner, one in _rotated(able, turn):
                if _may_win(one, found):
                    _timed(runner, one)
    return Outcome(case, cost(task, task.layers), found)


def _may_win(one: Measurement, found: Sequence[Measurement]) -> bool:
    """Return False where two turns have shown that the peer is much faster at another number of threads."""
    others = [min(other.seconds) for other in found if other.peer == one.peer and other.seconds]
    return len(one.seconds) < 2 or min(one.seconds) < HOPELESS * min(others)


def _timed(runner: Runner, one: Measurement) -> None:
    try:
        seconds, cpu = runner.run()
        one.seconds.append(seconds / one.case.repetitions)
        one.cpu.append(cpu / one.case.repetitions)
    except PeerError as problem:
        one.reason = str(problem)


def _tried(task: Task, runner: Runner, folder: Path) -> Measurement:
    """Run the case once in a peer, untimed (compilers and caches warm up), and judge what comes out."""
    one = Measurement(task.case, runner.peer, runner.threads)
    try:
        one.how = runner.prepare(folder)
        runner.run()
        arrays = runner.answer(folder)
    except PeerError as problem:
        one.reason = str(problem)
        return one
    layers = list(zip(arrays[::2], arrays[1::2], strict=False))
    one.result = cost(task, layers) if task.case.work == "train" else error(task, arrays[0])
    return one


def _rotated(items: Sequence[tuple[Runner, Measurement]], turn: int) -> Iterable[tuple[Runner, Measurement]]:
    start = turn % max(len(items), 1)
    return [*items[start:], *items[:start]]
