"""Training made visible: a bar in a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lamina.cli.terminal import Terminal, number
from lamina.fitting import Fit

SECONDS = 2.0  # between two lines


def shown(fit: Fit, terminal: Terminal) -> Iterator[dict[str, Any]]:
    """Train; yield every record after it was shown."""
    yield from _with_bar(fit, terminal) if terminal.notes.is_terminal else _with_lines(fit, terminal)


def described(record: Mapping[str, Any], score_name: str) -> str:
    """Return cost and score of an epoch in a few words."""
    parts = [("cost", record["cost"]), ("held-out", record["validation_cost"])]
    score = record["score"] if record["validation_score"] is None else record["validation_score"]
    return "  ".join(f"{name} {number(value)}" for name, value in [*parts, (score_name, score)] if value is not None)


def _with_bar(fit: Fit, terminal: Terminal) -> Iterator[dict[str, Any]]:
    columns = (
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(bar_width=12),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal.notes) as bar:
        task = bar.add_task("", total=fit.epochs)
        for record in fit:
            bar.update(task, advance=1, description=described(record, fit.score_name))
            yield record


def _with_lines(fit: Fit, terminal: Terminal) -> Iterator[dict[str, Any]]:
    last, record, said = time.monotonic(), None, True
    for record in fit:
        said = record["epoch"] == 1 or time.monotonic() - last > SECONDS
        if said:
            _line(fit, terminal, record)
            last = time.monotonic()
        yield record
    if record is not None and not said:
        _line(fit, terminal, record)


def _line(fit: Fit, terminal: Terminal, record: Mapping[str, Any]) -> None:
    digits = len(str(fit.epochs))
    terminal.note(f"epoch {record['epoch']:>{digits}}/{fit.epochs}  {described(record, fit.score_name)}")
