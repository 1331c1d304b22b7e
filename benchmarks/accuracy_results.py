"""Results as lines of JSON."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEYS = ("set", "method", "seed", "part", "rows", "threads")


class Results:
    """The lines of a folder; a file for every method, so that two runs can write beside each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines = [line for file in sorted(folder.glob("*.jsonl")) for line in whole_lines(file)]
        self.lines.sort(key=lambda line: line["date"])

    def has(self, job: dict[str, Any], version: str, limit: float = 0.0) -> bool:
        """Return True where this release was measured, or found too slow for the limit. A failure is tried again."""
        wanted = {**job, "version": version}
        of_job = (line for line in self.lines if all(line.get(name) == value for name, value in wanted.items()))
        return any("reason" not in line or line.get("took", 0) >= limit > 0 for line in of_job)

    def add(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = "".join(letter if letter.isalnum() or letter in "-=,." else "_" for letter in line["method"])
        with (self.folder / f"{line['part']}-{name[:100]}.jsonl").open("a+b") as file:
            cut_off = file.tell() and (file.seek(-1, 2), file.read(1))[1] != b"\n"
            file.write(b"\n" * cut_off + json.dumps(line).encode() + b"\n")

    def latest(self, chosen: argparse.Namespace) -> list[dict[str, Any]]:
        """Return the newest result of every set, method, seed and number of rows, at the chosen part and threads."""
        newest: dict[tuple, dict[str, Any]] = {}
        for line in self.lines:
            fits = line["part"] == chosen.part and line["threads"] == chosen.threads and line["rows"] in chosen.rows
            if fits and "reason" not in line and (not chosen.seeds or line["seed"] in chosen.seeds):
                newest[tuple(line[name] for name in KEYS)] = line
        return list(newest.values())


def whole_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file but those that were cut off when a run was killed."""
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            print(f"{file.name}: left out a line that was cut off", file=sys.stderr)
