"""A run of many workers, shown where it was started: a bar in a terminal, a line now and then elsewhere."""

import sys
import time
from typing import Any

from lamina.cluster.board import Facts, News

SECONDS_BETWEEN_LINES = 2.0


class ClusterBar:
    """All workers in one bar: epoch, rows per second, what the time goes to, and who is waited for.

    Parameters
    ----------
    console : rich.console.Console, optional
        Stdout by default.
    """

    def __init__(self, console: Any = None) -> None:
        from rich.console import Console

        self._console = Console() if console is None else console
        self._bar: Any = None
        self._rates, self._starts = Rates(), 0
        self._last, self._unsaid = time.monotonic(), ""

    def __enter__(self) -> "ClusterBar":
        from rich.progress import BarColumn, Progress, TextColumn

        if self._console.is_terminal:
            self._bar = Progress(BarColumn(bar_width=8), TextColumn("{task.description}"), console=self._console)
            self._task = self._bar.add_task("starting the workers", total=None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._unsaid:
            self._write(self._unsaid)
        if self._bar is not None:
            self._bar.stop()

    def update(self, news: News) -> None:
        """Show what came since the last look."""
        if news.starts > max(self._starts, 1):
            self._write("a worker was lost, or a machine came: the workers start anew, from the last checkpoint")
        if news.starts != self._starts:
            self._starts, self._rates = news.starts, Rates()
        text = self._rates.told(news.facts)
        if not text:
            return
        if self._bar is not None:
            first = news.facts[0]
            done = first["epoch"] + first["rows"] / first["n_rows"]
            self._bar.update(self._task, description=text, completed=done, total=first["epochs"])
        self._unsaid = text
        now = time.monotonic()
        if self._bar is None and now - self._last > SECONDS_BETWEEN_LINES:
            self._write(text)
            self._last, self._unsaid = now, ""

    def _write(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)
        sys.stdout.flush()


class Rates:
    """What workers did since they were first seen."""

    def __init__(self) -> None:
        self._first: dict[int, Facts] = {}

    def told(self, facts: dict[int, Facts]) -> str:
        """Return it in a line; empty before the first worker has told of itself twice."""
        for rank, one in facts.items():
            self._first.setdefault(rank, one)
        moved = {rank: _difference(self._first[rank], one) for rank, one in facts.items()}
        moved = {rank: one for rank, one in moved.items() if one["seconds"] > 0}
        if 0 not in moved:
            return ""
        now, seconds = facts[0], sum(one["seconds"] for one in moved.values())
        computing, summing = (sum(one[what] for one in moved.values()) / seconds for what in ("computing", "summing"))
        shares = f"compute {computing:.0%}, sum {summing:.0%}, reading {max(1 - computing - summing, 0):.0%}"
        parts = [f"epoch {min(now['epoch'] + 1, now['epochs'])}/{now['epochs']}", *_cost(now)]
        parts += [f"{moved[0]['rows'] / moved[0]['seconds']:,.0f} rows/s", f"{len(facts)} workers", shares]
        slowest = min(moved, key=lambda rank: moved[rank]["summing"])  # it waits for nobody
        if len(moved) > 1:
            parts.append(f"slowest: worker {slowest} on {facts[slowest]['host']}")
        return "  ".join(parts)


def _difference(first: Facts, last: Facts) -> dict[str, float]:
    found = {name: last[name] - first[name] for name in ("seconds", "computing", "summing")}
    rows = [one["epoch"] * one["n_rows"] + one["rows"] for one in (first, last)]
    return {**found, "rows": rows[1] - rows[0]}


def _cost(facts: Facts) -> list[str]:
    record = facts.get("record")
    if record is not None:
        watched = record["validation_cost"]
        return [f"cost {record['cost']:.4g}"] + ([] if watched is None else [f"validation {watched:.4g}"])
    return [] if facts["cost"] is None else [f"cost so far {facts['cost']:.4g}"]
