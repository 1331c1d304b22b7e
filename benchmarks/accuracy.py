"""How accurate, and at what cost: lamina beside its peers on real tables. `make bench-accuracy`; docs/accuracy.md.

    python benchmarks/accuracy.py --sets titanic --methods lamina lightgbm --seeds 0
    python benchmarks/accuracy.py --methods quick --jobs 2 --minutes 20     # a piece; the same command goes on

A result that is there, from the same release of the method, is not measured again: a run can be stopped and continued.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import accuracy_report as report
from accuracy_peers import GROUPS, METHODS, found, in_groups
from accuracy_picture import draw
from accuracy_results import Results
from accuracy_workers import Workers, version_of
from datasets import SETS, seeds
from datasets.splits import TRAINING_ROWS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "accuracy"
PUBLISHED = ROOT / "benchmarks" / "results"

QUICK_SETS = ("titanic", "german", "wage", "auto")
QUICK_METHODS = ("sklearn-mlp-scaled", "sklearn-histgb", "lightgbm", "lamina")
FREE = ("minutes", "again", "results", "output")  # a run may choose these and still be one of everything

Job = dict[str, Any]


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="a look in a minute: four small sets, four methods, one seed")
    add("--sets", nargs="+", choices=SETS, metavar="SET", help=f"of {', '.join(SETS)}")
    add("--methods", nargs="+", metavar="METHOD", help=f"of {', '.join((*METHODS, *GROUPS))}, or lamina:NAME=VALUE,...")
    add("--seeds", nargs="+", type=int, help="of splits and methods; default: as many as docs/accuracy.md says")
    add("--part", choices=("test", "development"), default="test", help="development: never a test row, for choosing")
    add("--rows", nargs="+", type=rows, default=[TRAINING_ROWS], help="training rows at most, or all; default 10000")
    add("--threads", type=int, default=1, choices=(1, 2), help="of every method; default 1: CPU seconds compare")
    add("--jobs", type=count, default=1, help="processes at once; each then has less of caches and memory; default 1")
    add("--minutes", type=float, default=float("inf"), help="begin nothing after so long; the same command goes on")
    add("--limit", type=float, default=3600, help="seconds of CPU after which a method is given up; default 3600")
    add("--against", default="lamina", metavar="METHOD", help="whose ratios to the others are shown; default lamina")
    add("--again", action="store_true", help="measure what is there too")
    add("--only-report", action="store_true", help="measure nothing, print what is there")
    add("--results", type=Path, default=FOLDER, help="folder of the lines of JSON; default build/accuracy")
    add("--output", type=Path, help="folder of table and picture; default: benchmarks/results once all is measured")
    chosen = parser.parse_args(given)
    chosen.whole = all(one == parser.get_default(name) for name, one in vars(chosen).items() if name not in FREE)
    chosen.sets = chosen.sets or (QUICK_SETS if chosen.quick else tuple(SETS))
    chosen.methods = in_groups(chosen.methods or (QUICK_METHODS if chosen.quick else ("quick", "slow")))
    chosen.seeds = chosen.seeds or ([0] if chosen.quick else None)
    for method in chosen.methods:
        try:
            found(method)
        except KeyError as problem:
            parser.error(problem.args[0])
    if chosen.against not in (*chosen.methods, parser.get_default("against")):
        parser.error(f"--against {chosen.against}: expected one of the methods measured, {', '.join(chosen.methods)}")
    return chosen


def rows(text: str) -> int | str:
    """Return a number of training rows, or "all"."""
    return text if text == "all" else count(text, "a number of training rows, or all")


def count(text: str, what: str = "a whole number, 1 or more") -> int:
    """Return a number, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected {what}; found {text!r}")
    return int(text)


def jobs(chosen: argparse.Namespace) -> Iterator[Job]:
    """Yield what is to be measured: quick methods first, of these split by split, and of each the small sets first.

    So what there is after a run was stopped is comparable: whole splits, not whole methods.
    """
    sets = sorted(chosen.sets, key=lambda name: SETS[name].rows)
    for slow in (False, True):
        methods = [method for method in chosen.methods if found(method).slow == slow]
        wanted = {(name, n): chosen.seeds or seeds(name, n, slow) for name in sets for n in chosen.rows}
        for seed in sorted({seed for several in wanted.values() for seed in several}):
            for (name, n), several in wanted.items():
                for method in methods if seed in several else ():
                    keys = {"set": name, "method": method, "seed": seed, "part": chosen.part}
                    yield {**keys, "rows": n, "threads": chosen.threads}


def measure(chosen: argparse.Namespace, results: Results) -> bool:
    """Measure what is not there, as many at once as were chosen; every result is written as it comes.

    Returns whether all is there in the end.
    """
    end = time.monotonic() + 60 * chosen.minutes
    idle = [Workers() for _ in range(chosen.jobs)]
    versions = Versions()
    waiting = missing(chosen, results, versions, chosen.again)
    with ExitStack() as stack:
        for workers in idle:
            stack.callback(workers.close)
        pool = stack.enter_context(ThreadPoolExecutor(chosen.jobs))
        running: dict[Future, tuple[str, Workers]] = {}
        while True:
            while idle and time.monotonic() < end and (next_one := next(waiting, None)):
                job, version = next_one
                workers = idle.pop()
                running[pool.submit(workers.run, job, chosen.limit)] = (version, workers)
            if not running:
                break
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                version, workers = running.pop(done)
                idle.append(workers)
                line = {"version": version, "at_once": chosen.jobs, **done.result()}
                results.add(line)
                print(report.line(line), flush=True)
    if time.monotonic() >= end and (left := sum(1 for _ in waiting)):
        print(f"{chosen.minutes:g} minutes are over, {left:,} results are missing; the same command goes on")
        return False
    return None not in versions.values() and not any(missing(chosen, results, versions))


class Versions(dict[str, str | None]):
    """The release of each method, asked for once; None, and a line that says why, of one that cannot be used."""

    def __missing__(self, method: str) -> str | None:
        found = version_of(method)
        if found.startswith("?"):
            print(f"without {method}: {found[1:]}", flush=True)
        self[method] = None if found.startswith("?") else found
        return self[method]


def missing(
    chosen: argparse.Namespace, results: Results, versions: Versions, again: bool = False
) -> Iterator[tuple[Job, str]]:
    """Yield jobs without a result of the release that is installed, with the release; `again`: those with one too."""
    for job in jobs(chosen):
        version = versions[job["method"]]
        if version and (again or not results.has(job, version, chosen.limit)):
            yield job, version


def main(given: Sequence[str] | None = None) -> int:
    chosen = arguments(given)
    results = Results(chosen.results)
    complete = not chosen.only_report and measure(chosen, results) and chosen.whole
    lines = [line for line in results.latest(chosen) if line["set"] in chosen.sets and line["method"] in chosen.methods]
    text = report.page(lines, chosen.sets, chosen.methods, chosen.against)
    print(text)
    if lines:
        name = f"accuracy-{datetime.now(UTC):%Y-%m-%d}" if complete else f"accuracy-{chosen.part}"
        output = chosen.output or (PUBLISHED if complete else chosen.results)
        output.mkdir(parents=True, exist_ok=True)
        (output / f"{name}.md").write_text(text, encoding="utf-8")
        draw(output / f"{name}.png", lines, chosen.methods)
        print(f"written: {output / name}.md, .png")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        os._exit(130)
