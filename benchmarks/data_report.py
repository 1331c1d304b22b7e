"""What was measured, as a Markdown table with the aims, and as lines of JSON."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_peers import CONTENDERS
from large_files import Table
from rich.console import Console

ENCODED, STREAMED, IN_MEMORY = "read and encode: lamina", "lamina, streamed Parquet", "lamina, in memory"
HEADINGS = (
    "",
    "rows",
    "first pass",
    "rows/s",
    "later passes",
    "rows/s",
    "peak memory",
    "of it loaded",
    "log loss",
    "accuracy",
)


def first_and_later(line: Any) -> tuple[float, float | None]:
    """Return the seconds of the first pass and the median of the later ones, in which less is disturbed."""
    first, *later = line.found["seconds"]
    return first, sorted(later)[len(later) // 2] if later else None


def in_words(line: Any) -> str:
    """Return a line for the terminal, as soon as a contender is done."""
    if line.reason:
        return f"{line.table}: {line.contender}: {line.reason}"
    return f"{line.table}: " + "  ".join(cell for cell in cells(line) if cell)


def cells(line: Any) -> list[str]:
    """Return the cells of a row of the table."""
    if line.reason:
        return [line.contender, f"{line.rows:,}", *[""] * (len(HEADINGS) - 2)]
    first, later = first_and_later(line)
    found = line.found
    return [
        line.contender,
        f"{line.rows:,}",
        duration(first),
        f"{line.rows / first:,.0f}",
        "" if later is None else duration(later),
        "" if later is None else f"{line.rows / later:,.0f}",
        f"{found['peak_mib']:,.0f} MiB",
        f"{found['loaded_mib']:,.0f} MiB",
        f"{found['log_loss']:.4f}" if "log_loss" in found else "",
        f"{found['accuracy']:.4f}" if "accuracy" in found else "",
    ]


def duration(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.3g} s"


def aims(lines: Sequence[Any]) -> list[tuple[str, float, str, bool]]:
    """Return the aims of a table: what, the figure, the aim, and whether it is met."""
    by_name = {line.contender: line for line in lines if not line.reason}
    mine = by_name.get(STREAMED)
    found: list[tuple[str, float, str, bool]] = []
    if mine is None:
        return found

    def per_row(line: Any) -> float:
        first, later = first_and_later(line)
        return (first if later is None else later) / line.rows

    def add(what: str, value: float, aim: str, met: Callable[[float], bool]) -> None:
        found.append((what, value, aim, met(value)))

    if ENCODED in by_name:
        add(
            "an epoch, in times of reading and encoding",
            per_row(mine) / per_row(by_name[ENCODED]),
            "1.5 or less",
            lambda x: x <= 1.5,
        )
    if IN_MEMORY in by_name:
        of_memory = per_row(mine) / per_row(by_name[IN_MEMORY])
        add("an epoch, in times of one in memory", of_memory, "1.5 or less", lambda x: x <= 1.5)
    for start, aim in (("scikit-learn", 5), ("PyTorch, blocks", 10), ("PyTorch, row", 10)):
        others = [per_row(line) for name, line in by_name.items() if name.startswith(start)]
        if others:
            add(f"times as fast as {start}", min(others) / per_row(mine), f"{aim} or more", lambda x, aim=aim: x >= aim)
    add("peak memory in MB", mine.found["peak_mib"] * 2**20 / 1e6, "under 500", lambda x: x < 500)
    if IN_MEMORY in by_name and by_name[IN_MEMORY].rows == mine.rows:
        apart = abs(mine.found["log_loss"] - by_name[IN_MEMORY].found["log_loss"])
        add("log loss, apart from training in memory", apart, "0.003 or less", lambda x: x <= 0.003)
    return found


def markdown(run: dict[str, Any], tables: Iterable[Table], lines: Sequence[Any]) -> str:
    """Return the report."""
    versions = {name: number for line in lines for name, number in line.found.get("versions", {}).items()}
    said = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    text = [
        f"{run['processor']}, {run['threads']} of {run['processors']} processors, {run['system']}, "
        f"Python {run['python']}; {run['date'][:10]}, commit {run['commit']}.",
        f"{said}.",
    ]
    for table in tables:
        mine = [line for line in lines if line.table == table.name]
        best = "" if table.least_loss is None else f" Nobody can do better than a log loss of {table.least_loss:.4f}."
        text += [
            "",
            f"### {table.name}",
            "",
            f"{table.rows:,} rows, {size_of(table)} of Parquet; {table.test_rows:,} test rows.{best}",
            "",
        ]
        text += grid([HEADINGS, *(cells(line) for line in mine)])
        missing = [f"- {line.contender}: {line.reason}" for line in mine if line.reason]
        text += ["", *missing] if missing else []
        found = [(what, f"{value:.3g}", aim, "met" if met else "missed") for what, value, aim, met in aims(mine)]
        if found:
            text += ["", *grid([("streamed Parquet", "found", "aim", ""), *found])]
    return "\n".join(text) + "\n"


def size_of(table: Table) -> str:
    total = sum(file.stat().st_size for file in table.parquet.glob("*.parquet"))
    return f"{total / 1e9:.2f} GB" if total >= 1e9 else f"{total / 1e6:.1f} MB"


def grid(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table, the first column to the left."""
    widths = [max(3, *(len(row[k]) for row in rows)) for k in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (width + 2) if k == 0 else "-" * (width + 1) + ":" for k, width in enumerate(widths))
    return [line(rows[0]), f"|{rule}|", *map(line, rows[1:])]


def show(run: dict[str, Any], tables: Sequence[Table], lines: Sequence[Any], output: Path, out: Console) -> int:
    """Print and write; return 1 where a contender of those that are installed has failed."""
    text = markdown(run, tables, lines)
    out.print(text, markup=False, highlight=False, soft_wrap=True)
    name = f"data-{run['date'][:19].replace(':', '')}-{run['commit'].rstrip('+') or 'none'}"
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{name}.md").write_text(text, encoding="utf-8")
    records = [run, *({**asdict(line), "kind": CONTENDERS[line.contender].kind} for line in lines)]
    (output / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    out.print(f"written: {output / name}.md, .jsonl", markup=False)
    missing = ("no CSV", "ModuleNotFoundError")
    return int(any(line.reason and not line.reason.startswith(missing) for line in lines))
