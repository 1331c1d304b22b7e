"""Many networks of the same layers at once: `train_steps_many` beside one by one and beside a process for each core.

python benchmarks/many.py [--rounds 7] [case ...]

Each network has parameters, order and rate of its own; the rows are shared. A call of `train_steps_many` takes one pass
of each network, so that all wait for the last of them after every pass, as they do while a fit is watched. The
processes wait for nobody; their start is not in the time.
"""

import argparse
import multiprocessing
import time
from statistics import median

import numpy as np
from cases import CASES
from networks import network_of
from tasks import Case

from lamina import native
from lamina.engine import KERNELS
from lamina.equations.optimisers import Adam
from lamina.equations.steps import Steps, Training

# The case, how many steps a pass has, how many networks, and how many passes are timed.
TRIED = (
    ("tiny-32", 32, 8, 100),
    ("tiny-32", 256, 8, 12),
    ("tiny-32", 32, 3, 200),
    ("tiny-256", 64, 8, 8),
    ("census-256", 40, 8, 8),
    ("medium-128", 20, 4, 2),
)


def trainings_of(case: Case, steps: int, numbers: range) -> list[Training]:
    """Return the trainings of these numbers, each at its start."""
    network, rng = network_of(case), np.random.default_rng(0)
    X = rng.normal(size=(steps * case.batch, network.n_inputs)).astype(np.float32)
    k = network.n_outputs
    Y = np.eye(k, dtype=np.float32)[rng.integers(k, size=len(X))] if k > 1 else (X[:, :1] > 0).astype(np.float32)
    found = []
    for number in numbers:
        own = np.random.default_rng(number)
        params = (own.normal(size=network.size) * 0.05).astype(np.float32)
        memory, order = np.zeros((2, network.size), np.float32), own.permutation(len(X))
        rates = np.full(steps, 1e-3 / (1 + number))
        found.append(Training(Adam(), params, memory, X, Y, None, order, Steps(case.batch, rates, examples=len(X))))
    return found


def one_by_one(case: Case, trainings: list[Training], passes: int, threads: int) -> None:
    network = network_of(case)
    native.set_threads(threads)
    for _ in range(passes):
        for training in trainings:
            KERNELS.train_steps(network, *training)


def at_once(case: Case, trainings: list[Training], passes: int, threads: int) -> None:
    network = network_of(case)
    native.set_threads(threads)
    for _ in range(passes):
        KERNELS.train_steps_many(network, trainings)


def worker(pipe, case: Case, steps: int, numbers: range, passes: int) -> None:
    """Train some of them on one thread, whenever told to."""
    trainings = trainings_of(case, steps, numbers)
    pipe.send("ready")
    while pipe.recv():
        one_by_one(case, trainings, passes, 1)
        pipe.send("done")


class Processes:
    """One for each core, each with its share of the networks; of 3 on 2 cores one has 2."""

    def __init__(self, case: Case, steps: int, k: int, passes: int, cores: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes = []
        for core in range(min(cores, k)):
            ours, theirs = context.Pipe()
            args = theirs, case, steps, range(core, k, cores), passes
            context.Process(target=worker, args=args, daemon=True).start()
            self.pipes.append(ours)
        self.wait()

    def wait(self) -> None:
        for pipe in self.pipes:
            pipe.recv()

    def run(self) -> None:
        for pipe in self.pipes:
            pipe.send(True)
        self.wait()

    def end(self) -> None:
        for pipe in self.pipes:
            pipe.send(False)


def measured(name: str, steps: int, k: int, passes: int, rounds: int, cores: int) -> list[float]:
    """Return the median seconds of one pass of all networks in each way, tried in turns."""
    case = CASES[name]
    trainings, processes = trainings_of(case, steps, range(k)), Processes(case, steps, k, passes, cores)
    ways = (
        lambda: one_by_one(case, trainings, passes, 1),
        lambda: at_once(case, trainings, passes, 1),
        lambda: one_by_one(case, trainings, passes, cores),
        lambda: at_once(case, trainings, passes, cores),
        processes.run,
    )
    took: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds + 1):
        for each, way in zip(took, ways, strict=True):
            start = time.perf_counter()
            way()
            each.append((time.perf_counter() - start) / passes)
    processes.end()
    return [median(each[1:]) for each in took]  # the first is cold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[[], *dict.fromkeys(one[0] for one in TRIED)], default=[])
    parser.add_argument("--rounds", type=int, default=7)
    given, cores = parser.parse_args(), native.threads()
    print(f"{cores} cores; ms for a pass of all networks; in brackets, of the speed of a process for each core")
    heads = "one by one, 1 thread", "at once, 1 thread", f"one by one, {cores}", f"at once, {cores}", "processes"
    print(f"{'networks':<28}" + "".join(f"{head:>22}" for head in heads))
    for name, steps, k, passes in TRIED:
        if given.cases and name not in given.cases:
            continue
        found = measured(name, steps, k, passes, given.rounds, cores)
        row = "".join(f"{1e3 * t:>14.2f} ({found[-1] / t:>4.0%})" for t in found)
        print(f"{f'{k} x {name}, {steps} steps':<28}{row}")


if __name__ == "__main__":
    main()
