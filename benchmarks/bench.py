"""lamina beside scikit-learn, PyTorch, JAX and ONNX Runtime, in one run: `make bench`, or `python benchmarks/bench.py`.

docs/performance.md says how it measures.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cold_start
import machine
import report
from cases import CASES, LEFT_OUT, QUICK
from measuring import Outcome, measure
from peers import PEERS
from rich.console import Console
from runners import PeerError, Runner, plain_environment

ROOT = Path(__file__).parents[1]


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="a look in under a minute: few cases and peers, shortened")
    add("--cases", nargs="+", choices=CASES, metavar="CASE", help=f"of {', '.join(CASES)}")
    add("--peers", nargs="+", choices=PEERS, metavar="PEER", help=f"of {', '.join(PEERS)}; ratios are to the first")
    add("--threads", nargs="+", type=int, help="numbers of threads to try; default: 1 and all processors")
    add("--repeats", type=int, help="turns of every peer; default: 7, quick 3")
    add("--cold", type=int, help="turns of every peer's cold start; 0: none; default: 5, quick 1")
    add("--output", type=Path, help="folder of the results; default: benchmarks/results, quick build/bench")
    chosen = parser.parse_args(given)
    quick = chosen.quick
    chosen.cases = [CASES[name] for name in chosen.cases or (QUICK if quick else CASES)]
    chosen.peers = chosen.peers or [peer for peer in PEERS if not (quick and peer in LEFT_OUT)]
    chosen.threads = chosen.threads or sorted({1, machine.processors()})
    chosen.repeats = chosen.repeats or (3 if quick else 7)
    chosen.cold = (1 if quick else 5) if chosen.cold is None else chosen.cold
    chosen.output = chosen.output or ROOT / ("build/bench" if quick else "benchmarks/results")
    if quick:
        chosen.cases = [case.shortened() for case in chosen.cases]
    return chosen


def started(stack: ExitStack, peers: Sequence[str], threads: Sequence[int], out: Console) -> list[Runner]:
    """Start a process for every peer and number of threads; say which peers are not there."""
    runners = [Runner(peer, count) for peer in peers for count in threads]
    able = []
    for runner in runners:
        stack.callback(runner.close)
        try:
            runner.greet()
            able.append(runner)
        except PeerError as problem:
            out.print(f"without {runner.peer}: {problem}", style="yellow", markup=False)
    return able


def facts(chosen: argparse.Namespace, runners: Sequence[Runner], most: dict[str, float]) -> dict[str, Any]:
    """Return what a reader of the results needs to know about the run."""
    versions: dict[str, str] = {}
    for runner in runners:
        versions |= runner.versions
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        **machine.described(),
        "threads_tried": chosen.threads,
        "repeats": chosen.repeats,
        "quick": chosen.quick,
        "versions": versions,
        "blas": sorted({name for runner in runners for name in runner.blas}),
        "peak": most,
    }


def print_facts(run: dict[str, Any], out: Console) -> None:
    out.print(f"{run['processor']}, {run['processors']} processors, {' '.join(run['instructions'])}", markup=False)
    out.print(", ".join(f"{name} {version}" for name, version in run["versions"].items()), markup=False)
    out.print(f"BLAS of NumPy and SciPy: {', '.join(run['blas'])}", markup=False)
    print_peak(run["peak"], out)


def print_peak(peak: dict[str, float], out: Console) -> None:
    if peak:
        out.print(f"peak: {peak['gflops']:.0f} GFLOP/s in float32, {peak['gigabytes']:.1f} GB/s (triad)")
    else:
        out.print("peak: not measured, no C++ compiler works here", style="yellow")


def highest(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return the better of two measurements of the machine: another program may have disturbed one."""
    return {name: max(before[name], after[name]) for name in before.keys() & after.keys()}


def show(
    run: dict[str, Any],
    outcomes: Sequence[Outcome],
    cold: Sequence[cold_start.ColdStart],
    peers: Sequence[str],
    output: Path,
    out: Console,
) -> int:
    """Print, write and draw; return 1 where the peers do not agree, or the first has no result."""
    seen = [peer for peer in peers if any(peer in outcome.best() for outcome in outcomes)]
    if seen:
        out.print(report.table(outcomes, seen, run["peak"]))
        out.print(report.results_table(outcomes, seen))
    if cold:
        out.print(cold_start.table(cold))
    for line in report.remarks(outcomes):
        out.print(line, style="yellow", markup=False)
    name = f"{run['date'][:19].replace(':', '')}-{run['commit'].rstrip('+') or 'none'}"
    report.write(output / f"{name}.jsonl", run, outcomes, run["peak"], cold_start.lines(cold, run["date"]))
    title = f"{run['processor']}, {run['date'][:10]}"
    if seen:
        report.draw(output / f"{name}.png", outcomes, seen, title)
    if cold:
        cold_start.draw(output / f"{name}-start.png", cold, title)
    out.print(f"written: {output / name}.jsonl, .png", markup=False)
    faults = [f"DISAGREE: {fault}" for outcome in outcomes for fault in outcome.faults()]
    faults += [f"NOTHING: {o.case.name} has no result of {peers[0]}" for o in outcomes if peers[0] not in o.best()]
    for fault in faults:
        out.print(fault, style="bold red", markup=False)
    return 1 if faults else 0


def main(given: Sequence[str] | None = None) -> int:
    chosen = arguments(given)
    out = Console(width=None if sys.stdout.isatty() else 220)
    with ExitStack() as stack:
        runners = started(stack, chosen.peers, chosen.threads, out)
        run = facts(chosen, runners, machine.measured(chosen.threads))
        print_facts(run, out)
        outcomes = []
        for case in chosen.cases:
            with out.status(f"{case.name} ..."):
                outcomes.append(measure(case, runners, chosen.repeats))
        run["peak"] = highest(run["peak"], machine.measured(chosen.threads))
        print_peak(run["peak"], out)
    with out.status("cold start ..."):
        cold = cold_start.measure(chosen.peers, max(chosen.threads), chosen.cold)
    return show(run, outcomes, cold, chosen.peers, chosen.output, out)


if __name__ == "__main__":
    if plain_environment() != os.environ:  # they are read as NumPy is imported
        os.execve(sys.executable, [sys.executable, *sys.argv], plain_environment())
    sys.exit(main())
