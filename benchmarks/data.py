"""A great deal of data: lamina beside scikit-learn, PyTorch, LightGBM and XGBoost, each reading the same files.

`make bench-data`, or `python benchmarks/data.py`. docs/large-data.md says how it measures.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import data_report
import machine
from data_peers import CONTENDERS
from large_files import TABLES, Table, prepared
from large_files.flights import FetchError
from rich.console import Console
from runners import THREAD_VARIABLES, plain_environment

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("data_worker.py")
ROWS = {"flights": 2_800_000, "generated": 50_000_000}
QUICK_ROWS = 300_000  # more than lamina shuffles in one piece, so that it streams
PASSES = {"flights": 3, "generated": 2}
LIMIT_HOURS = 3


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--quick", action="store_true", help=f"a look: {QUICK_ROWS:,} rows of each table, into build/bench")
    add("--tables", nargs="+", choices=TABLES, default=list(TABLES), metavar="TABLE", help=f"of {', '.join(TABLES)}")
    add("--rows", type=int, help="rows of the generated table; default: 50,000,000")
    add(
        "--peer-rows",
        type=int,
        default=5_000_000,
        help="rows that others than lamina, and lamina in memory, get at the most (default: %(default)s)",
    )
    add(
        "--passes",
        type=int,
        help="passes over the rows; default: 3 of flights, 2 of the generated table; quick 2, of others 1",
    )
    add("--contenders", nargs="+", metavar="PART", help="those whose name has such a part in it, as in lamina stream")
    add("--threads", type=int, default=machine.processors(), help="threads of every contender; default: all processors")
    add("--output", type=Path, help="folder of the results; default: benchmarks/results, quick build/bench")
    chosen = parser.parse_args(given)
    chosen.output = chosen.output or ROOT / ("build/bench" if chosen.quick else "benchmarks/results")
    parts = chosen.contenders or [""]
    chosen.contenders = [name for name in CONTENDERS if any(part.lower() in name.lower() for part in parts)]
    for part in parts:
        if not any(part.lower() in name.lower() for name in CONTENDERS):
            parser.error(f"no contender has {part!r} in its name; there are {'; '.join(CONTENDERS)}")
    return chosen


def rows_of(name: str, chosen: argparse.Namespace) -> int:
    if name == "generated" and chosen.rows:
        return chosen.rows
    return QUICK_ROWS if chosen.quick else ROWS[name]


@dataclass
class Line:
    """What came of a contender on a table."""

    table: str
    contender: str
    rows: int
    found: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def measure(name: str, table: Table, chosen: argparse.Namespace) -> Line:
    """Run a contender in a process of its own."""
    contender = CONTENDERS[name]
    ours = name.startswith(("lamina", "read"))
    all_rows = ours and contender.options.get("way") != "memory"
    rows = min(table.rows, contender.most_rows or table.rows, table.rows if all_rows else chosen.peer_rows)
    passes = contender.passes or chosen.passes or PASSES[table.name]
    if chosen.quick:
        rows = rows if contender.most_rows is None else min(rows, QUICK_ROWS // 10)
        passes = min(passes, 2 if ours else 1)
    line = Line(table.name, name, rows)
    if table.csv is None and contender.options.get("way") == "csv":
        line.reason = "no CSV of this table"
        return line
    job = {
        "contender": name,
        "parquet": str(table.parquet),
        "csv": None if table.csv is None else str(table.csv),
        "target": table.target,
        "rows": rows,
        "test": str(table.test),
        "passes": passes,
        "threads": chosen.threads,
    }
    found = asked(job)
    line.reason = found.pop("reason", "")
    line.found = found
    return line


def asked(job: dict[str, Any]) -> dict[str, Any]:
    """Return what the worker says, or with the key `reason` why it says nothing."""
    environment = plain_environment() | dict.fromkeys((*THREAD_VARIABLES, "LAMINA_NUM_THREADS"), str(job["threads"]))
    command = [sys.executable, "-W", "ignore", str(WORKER), json.dumps(job)]
    options: dict[str, Any] = {"capture_output": True, "text": True, "errors": "replace", "env": environment}
    try:
        done = subprocess.run(command, timeout=LIMIT_HOURS * 3600, check=False, **options)
    except subprocess.TimeoutExpired:
        return {"reason": f"no answer within {LIMIT_HOURS} hours"}
    lines = done.stdout.splitlines()
    if lines:
        return json.loads(lines[-1])
    return {"reason": f"ended with {done.returncode}: {done.stderr.strip()[-200:]}"}


def main(given: Sequence[str] | None = None) -> int:
    chosen = arguments(given)
    out = Console(width=None if sys.stdout.isatty() else 160)
    run = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        **machine.described(),
        "threads": chosen.threads,
        "quick": chosen.quick,
    }
    tables, lines = [], []
    for name in chosen.tables:
        with out.status(f"{name}: writing the files ..."):
            try:
                tables.append(prepared(name, rows_of(name, chosen), chosen.quick))
            except FetchError as problem:
                out.print(str(problem), style="red", markup=False)
                return 1
        for contender in chosen.contenders:
            with out.status(f"{name}: {contender} ..."):
                lines.append(measure(contender, tables[-1], chosen))
            out.print(data_report.in_words(lines[-1]), markup=False)
    return data_report.show(run, tables, lines, chosen.output, out)


if __name__ == "__main__":
    sys.exit(main())
