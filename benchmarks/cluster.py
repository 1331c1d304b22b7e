"""What workers cost: rows per second of one and of two, on numbers in memory and on files, and a model of the cost.

    make bench-cluster                    all of it, an hour: leave the machine alone
    make bench-cluster BENCH=--quick      a look

Workers are processes of MPI on this machine, each on a core of its own, with one thread: what is measured is lamina,
not how long Ray takes to start. The others train on the same files in Ray Train's workers, two of them too.
"""

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cluster_model as model
import machine
from data_report import duration, grid
from large_files import TABLES, Table, prepared
from rich.console import Console
from runners import plain_environment

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
NETWORKS = {"64": (64,), "256, 256, 256": (256, 256, 256), "512, 512, 512": (512, 512, 512)}
BATCH = 4096
ROWS = {"flights": 2_800_000, "generated": 50_000_000}
QUICK_ROWS = 600_000
# What data_peers trains, too.
FILE_SETTINGS = {
    "preset": "sklearn",
    "initializer": "suited",
    "alpha": 0.0,
    "learning_rate_init": 1e-3,
    "max_categories": 50,
}
PEERS = {"Ray Train, PyTorch DDP": "torch", "Ray Train, XGBoost": "xgboost"}
LIMIT_SECONDS = 7200


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--quick", action="store_true", help=f"seconds for each, {QUICK_ROWS:,} rows of files, into build/bench")
    add("--tables", nargs="*", choices=TABLES, default=list(TABLES), help="of files; none: numbers in memory only")
    add("--rows", type=int, help="rows of the generated table; default: 50,000,000")
    add("--peer-rows", type=int, default=4_000_000, help="rows that others get at the most (default: %(default)s)")
    add("--no-peers", action="store_true", help="lamina alone")
    add("--picture", type=Path, help="where to draw the curves; default: beside the results")
    add("--output", type=Path, help="folder of the results; default: benchmarks/results, quick build/bench")
    chosen = parser.parse_args()
    chosen.output = chosen.output or ROOT / ("build/bench" if chosen.quick else "benchmarks/results")
    return chosen


def asked(size: int, work: str, **job: Any) -> dict[str, Any]:
    """Return what so many workers find."""
    here = [sys.executable, str(HERE / "cluster_worker.py"), json.dumps({"work": work, **job})]
    own = Path(sys.executable).with_name("mpiexec")
    start = [] if size == 1 else [str(own) if own.exists() else "mpiexec", "--bind-to", "none", "-n", str(size)]
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LAMINA_NUM_THREADS"), "1")
    return _said([*start, *here], root | one)


def of_peer(name: str, job: dict[str, Any]) -> dict[str, Any]:
    """Return what two workers of another library find."""
    with TemporaryDirectory() as folder:
        given = json.dumps({**job, "storage": folder})
        return _said([sys.executable, str(HERE / "cluster_peers.py"), name, given], {"OMP_NUM_THREADS": "1"})


def _said(command: list[str], more: dict[str, str]) -> dict[str, Any]:
    environment = {**plain_environment(), **more}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise SystemExit(f"{command[1]}: ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return json.loads(lines[-1])


def in_memory(name: str, widths: tuple[int, ...], seconds: float) -> tuple[model.Parts, list[list[str]]]:
    """Measure a network on random numbers: its parts, and rows of the report for one and two workers."""
    found = asked(1, "parts", widths=widths, seconds=seconds) | asked(2, "sums", widths=widths)
    parts = model.Parts(**found)
    lines, alone = [], 0.0
    for size in (1, 2):
        told = asked(size, "train", widths=widths, batch=BATCH, seconds=seconds)
        rate = BATCH / told["step"]
        alone = alone or rate
        lines.append(
            [name, str(size), *_row(rate, alone, size, told["workers"], BATCH / model.step(parts, BATCH, size))]
        )
    return parts, lines


def on_files(table: Table, quick: bool) -> list[list[str]]:
    """Measure one and two workers on files: rows of the report."""
    settings = {**FILE_SETTINGS, "hidden_layer_sizes": (64,)}
    job = {"files": str(table.parquet), "target": table.target, "batch": BATCH, "passes": 3 if quick else 2}
    job |= {"widths": (64,), "settings": settings}
    reading = asked(1, "stream", idle=True, **job)
    like = {"columns": reading["columns"], "classes": reading["classes"], "settings": settings}
    seconds = 2 if quick else 6
    found = asked(1, "parts", widths=(64,), seconds=seconds, **like) | asked(2, "sums", widths=(64,), **like)
    parts = model.Parts(**found, reading=reading["reading"])
    lines, alone = [], 0.0
    for size in (1, 2):
        told = asked(size, "stream", **job)
        rate = told["rows"] / told["epoch"]
        alone = alone or rate
        says = BATCH / model.step(parts, BATCH, size)
        cells = _row(rate, alone, size, told["workers"], says)
        lines.append([f"{table.name}, {table.rows:,} rows", str(size), duration(told["first"]), *cells])
    return lines


def _row(rate: float, alone: float, size: int, shares: list[dict[str, float]], says: float) -> list[str]:
    """Return cells: rows per second, efficiency, shares, and the model."""
    mean = {what: sum(one[what] for one in shares) / len(shares) for what in ("compute", "sum")}
    rest = max(1 - mean["compute"] - mean["sum"], 0.0)
    share = [f"{mean['compute']:.0%}", f"{mean['sum']:.0%}", f"{rest:.0%}"]
    return [f"{rate:,.0f}", f"{rate / alone / size:.0%}", *share, f"{says:,.0f}", f"{says / rate - 1:+.0%}"]


def peers(table: Table, most: int, threads: int) -> list[list[str]]:
    """Measure the others on the same files: rows of the report."""
    rows = min(table.rows, most)
    job = {
        "parquet": str(table.parquet),
        "target": table.target,
        "rows": rows,
        "passes": 2,
        "batch": BATCH,
        "hidden": 64,
    }
    lines = []
    for name, peer in PEERS.items():
        found = of_peer(peer, job)
        what = f"{found['rounds']} rounds" if "rounds" in found else "a pass"
        each = found["rows"] / found["seconds"]
        lines.append([name, "2", f"{found['rows']:,}", f"{duration(found['seconds'])} for {what}", f"{each:,.0f}"])
    given = {**job, "contender": "scikit-learn, partial_fit", "csv": None, "test": str(table.test), "threads": threads}
    given["batch"] = 512  # that of a data scientist on one machine
    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    found = _said(
        [sys.executable, "-W", "ignore", str(HERE / "data_worker.py"), json.dumps(given)],
        environment,
    )
    seconds = min(found["seconds"])
    lines.append(
        ["scikit-learn, one process", "1", f"{rows:,}", f"{duration(seconds)} for a pass", f"{rows / seconds:,.0f}"]
    )
    return lines


def main() -> None:
    chosen, out = arguments(), Console(width=None if sys.stdout.isatty() else 160)
    about, commit = machine.described(), machine.commit()
    text = [
        f"{about['processor']}, one thread for each worker, {about['system']}; {datetime.now(UTC):%Y-%m-%d}, "
        f"commit {commit}."
    ]

    def say(*lines: str) -> None:
        out.print(*lines, sep="\n", markup=False, highlight=False, soft_wrap=True)
        text.extend(lines)

    shares = ["rows/s", "efficiency", "compute", "sum", "reading", "model: rows/s", "off by"]
    networks, lines = {}, []
    for name, widths in list(NETWORKS.items())[: 1 if chosen.quick else None]:
        with out.status(f"{name} hidden units ..."):
            networks[name], found = in_memory(name, widths, 2 if chosen.quick else 6)
        lines += found
    say("", f"Numbers in memory, {BATCH:,} rows of a batch:", "")
    say(*grid([["hidden units", "workers", *shares], *lines]))
    heading = ["network", *(f"{n:,} workers" for n in (2, 8, 64, model.MOST_WORKERS))]
    for name, parts in networks.items():
        say(
            "",
            f"{name} hidden units: rows of a batch for each worker from which they are {model.EFFICIENT:.0%} efficient",
            "",
        )
        say(*grid([heading, *model.told(parts)]))
    for name in chosen.tables:
        with out.status(f"{name}: writing the files, and training on them ..."):
            rows = chosen.rows or ROWS[name] if name == "generated" else ROWS[name]
            table = prepared(name, min(rows, QUICK_ROWS) if chosen.quick else rows, chosen.quick)
            lines = on_files(table, chosen.quick)
        say("", *grid([["files, 64 hidden units", "workers", "first pass", *shares], *lines]))
        if not chosen.no_peers:
            with out.status(f"{name}: the others ..."):
                lines = peers(table, chosen.peer_rows, machine.processors())
            say("", *grid([["others on the same files", "workers", "rows", "time", "rows/s"], *lines]))
    chosen.output.mkdir(parents=True, exist_ok=True)
    stem = chosen.output / f"cluster-{datetime.now(UTC):%Y-%m-%d}-{commit.rstrip('+') or 'none'}"
    model.draw(networks, chosen.picture or stem.with_suffix(".png"))
    stem.with_suffix(".md").write_text("\n".join(text) + "\n", encoding="utf-8")
    out.print(f"written: {stem}.md", markup=False)


if __name__ == "__main__":
    main()
