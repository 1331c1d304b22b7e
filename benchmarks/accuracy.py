"""How accurate, and at what cost: lamina beside its peers on real tables. `make bench-accuracy`; docs/accuracy.md.

    python benchmarks/accuracy.py --sets titanic --methods lamina lightgbm --seeds 0

A result that is there, from the same release of the method, is not measured again: a run can be stopped and continued.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import accuracy_report as report
from accuracy_peers import METHODS, found
from accuracy_results import Results, run, version_of
from datasets import SETS, seeds
from datasets.splits import TRAINING_ROWS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "accuracy"

QUICK_SETS = ("titanic", "german", "wage", "auto")
QUICK_METHODS = ("sklearn-mlp-scaled", "sklearn-histgb", "lightgbm", "lamina")


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="a look in a minute: four small sets, four methods, one seed")
    add("--sets", nargs="+", choices=SETS, metavar="SET", help=f"of {', '.join(SETS)}")
    add("--methods", nargs="+", metavar="METHOD", help=f"of {', '.join(METHODS)}, or lamina:NAME=VALUE,...")
    add("--seeds", nargs="+", type=int, help="of splits and methods; default: 0 1 2, on small sets 0 1 2 3 4")
    add("--part", choices=("test", "development"), default="test", help="development: never a test row, for choosing")
    add("--rows", type=int, default=TRAINING_ROWS, help=f"training rows at most; default {TRAINING_ROWS:,}")
    add("--threads", type=int, default=1, choices=(1, 2), help="of every method; default 1: CPU seconds compare")
    add("--limit", type=float, default=3600, help="seconds of CPU after which a method is given up; default 3600")
    add("--again", action="store_true", help="measure what is there too")
    add("--only-report", action="store_true", help="measure nothing, print what is there")
    add("--results", type=Path, default=FOLDER, help="folder of the lines of JSON; default build/accuracy")
    add("--output", type=Path, help="folder of table and picture; default: benchmarks/results for the whole suite")
    chosen = parser.parse_args(given)
    chosen.whole = not (chosen.quick or chosen.sets or chosen.methods or chosen.seeds or chosen.part != "test")
    chosen.output = chosen.output or (ROOT / "benchmarks" / "results" if chosen.whole else chosen.results)
    chosen.sets = chosen.sets or (QUICK_SETS if chosen.quick else tuple(SETS))
    chosen.methods = chosen.methods or (QUICK_METHODS if chosen.quick else tuple(METHODS))
    chosen.seeds = chosen.seeds or ([0] if chosen.quick else None)
    for method in chosen.methods:
        try:
            found(method)
        except KeyError as problem:
            parser.error(problem.args[0])
    return chosen


def jobs(chosen: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what is to be measured: method by method, small sets first."""
    for method in chosen.methods:
        for name in sorted(chosen.sets, key=lambda name: SETS[name].rows):
            for seed in chosen.seeds or seeds(name, chosen.rows):
                keys = {"set": name, "method": method, "seed": seed, "part": chosen.part}
                yield {**keys, "rows": chosen.rows, "threads": chosen.threads}


def measure(chosen: argparse.Namespace, results: Results) -> None:
    versions: dict[str, str] = {}
    for job in jobs(chosen):
        method = job["method"]
        if method not in versions:
            versions[method] = version_of(method)
            if versions[method].startswith("?"):
                print(f"without {method}: {versions[method][1:]}", flush=True)
        if versions[method].startswith("?") or (not chosen.again and results.has(job, versions[method])):
            continue
        line = run(job, chosen.limit)
        results.add(line)
        print(report.line(line), flush=True)


def main(given: Sequence[str] | None = None) -> int:
    chosen = arguments(given)
    results = Results(chosen.results)
    if not chosen.only_report:
        measure(chosen, results)
    lines = [line for line in results.latest(chosen) if line["set"] in chosen.sets and line["method"] in chosen.methods]
    text = report.page(lines, chosen.sets, chosen.methods)
    print(text)
    if lines:
        chosen.output.mkdir(parents=True, exist_ok=True)
        (chosen.output / f"accuracy-{chosen.part}.md").write_text(text, encoding="utf-8")
        report.draw(chosen.output / f"accuracy-{chosen.part}.png", lines, chosen.methods)
        print(f"written: {chosen.output}/accuracy-{chosen.part}.md, .png")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        os._exit(130)
