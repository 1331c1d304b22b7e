"""Training made visible, for every face: a bar in a terminal or notebook, a line now and then elsewhere."""

import time
from collections.abc import Mapping
from typing import Any

from lamina.learning.run import Run
from lamina.learning.training import Progress

SECONDS_BETWEEN_LINES = 2.0


def described(record: Mapping[str, Any], score_name: str) -> str:
    """Return cost and score of an epoch in a few words."""
    score = record["score"] if record["validation_score"] is None else record["validation_score"]
    parts = [("cost", record["cost"]), ("validation cost", record["validation_cost"]), (score_name, score)]
    return "  ".join(f"{name} {value:.4g}" for name, value in parts if value is not None)


class Silent:
    """Shows nothing."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def update(self, progress: Progress) -> None:
        """Take note of where training stands."""


class Bar(Silent):
    """A progress bar that moves within an epoch.

    Parameters
    ----------
    run : Run
    console : rich.console.Console, optional
        Stdout by default.
    """

    def __init__(self, run: Run, console: Any = None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(bar_width=12),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
        )
        self._run, self._bar = run, RichProgress(*columns, console=console)
        self._task = self._bar.add_task("", total=run.recipe.epochs)

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, progress: Progress) -> None:
        text = None if progress.record is None else described(progress.record._asdict(), self._run.score_name)
        done = progress.epoch + progress.rows / self._run.n_rows
        self._bar.update(self._task, completed=done, description=text)


class Lines(Silent):
    """A line for the first epoch, then one every two seconds, and one for the last.

    Parameters
    ----------
    run : Run
    write : callable
        Takes a line.
    """

    def __init__(self, run: Run, write: Any) -> None:
        self._run, self._write = run, write
        self._last, self._unsaid = -SECONDS_BETWEEN_LINES, ""

    def __exit__(self, *_: object) -> None:
        if self._unsaid:
            self._write(self._unsaid)

    def update(self, progress: Progress) -> None:
        epochs, now = self._run.recipe.epochs, time.monotonic()
        due = now - self._last > SECONDS_BETWEEN_LINES
        if progress.record is not None:
            text = described(progress.record._asdict(), self._run.score_name)
            self._unsaid = f"epoch {progress.epoch:>{len(str(epochs))}}/{epochs}  {text}"
        elif due:
            within = progress.rows / self._run.n_rows
            self._unsaid = f"epoch {progress.epoch + 1:>{len(str(epochs))}}/{epochs}  {within:.0%} of the rows"
        else:
            return
        if due:
            self._write(self._unsaid)
            self._last, self._unsaid = now, ""
