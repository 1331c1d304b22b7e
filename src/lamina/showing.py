"""Training made visible, for every face: a bar in a terminal or notebook, a line now and then elsewhere."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.learning.training import Progress

SECONDS_BETWEEN_LINES = 2.0
LONGEST_COUNTED_PATIENCE = 10_000  # epochs; more is no limit
MANY_ROWS = 1_000_000  # take a while
COLUMNS_BESIDE_THE_TEXT = 32  # of a bar


def cost_and_score(record: Mapping[str, Any], score_name: str) -> list[str]:
    """Return cost and score of an epoch in a few words each."""
    score = record["score"] if record["validation_score"] is None else record["validation_score"]
    parts = [("cost", record["cost"]), ("validation", record["validation_cost"]), (score_name, score)]
    return [f"{name} {value:.4g}" for name, value in parts if value is not None]


def patience_used(run: Run, state: State) -> list[str]:
    """Return how many epochs there was no progress for, out of those after which training ends; or nothing."""
    patience = run.recipe.patience
    if not state.waited or patience >= min(run.recipe.epochs, LONGEST_COUNTED_PATIENCE):
        return []
    return [f"no progress for {state.waited} of {patience} epochs"]


def time_left(run: Run, state: State, seconds_per_epoch: float) -> list[str]:
    """Return how long training takes at most, in words, if that can be told; patience may end it earlier."""
    seconds = seconds_per_epoch * (run.recipe.epochs - state.epoch)
    limit = run.settings.get("max_time")
    if limit is not None:
        seconds = min(seconds, max(0.0, float(limit) - (time.monotonic() - run.began)))
    return [f"{timedelta(seconds=round(seconds))} left at most"] if seconds > 1 else []


def within(run: Run, state: State, progress: Progress, seconds: float, first: float) -> list[str]:
    """Return how far an epoch is, in a few words each: rows, bytes, cost so far, time left."""
    done, part = progress.epoch + progress.rows / run.n_rows, progress.rows / run.n_rows
    size = getattr(run.examples, "n_bytes", None)
    read = f", {part * size / 1e9:.2f} of {size / 1e9:.2f} GB" if size else ""
    found = [f"{part:.0%} of {run.n_rows:,} rows{read}"]
    if progress.rows:
        found.append(f"cost so far {state.pass_cost / progress.rows:.4g}")
    if done > first and seconds > 1:
        left = seconds / (done - first) * (progress.epoch + 1 - done)
        found.append(f"{timedelta(seconds=round(left))} to the end of the epoch")
    return found


def _of(epoch: int, epochs: int) -> str:
    return f"{epoch:>{len(str(epochs))}}/{epochs}"


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
    state : State
    console : rich.console.Console, optional
        Stdout by default.
    """

    def __init__(self, run: Run, state: State, console: Any = None) -> None:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=8),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self._run, self._state, self._bar = run, state, RichProgress(*columns, console=console)
        at, last = state.epoch, run.recipe.epochs
        self._first, self._began = at + state.rows / run.n_rows, time.monotonic()
        self._task = self._bar.add_task("", total=last, completed=at, epoch=_of(min(at + 1, last), last))

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the terminal was closed
            self._bar.stop()

    def update(self, progress: Progress) -> None:
        done = progress.epoch + progress.rows / self._run.n_rows
        epoch = _of(progress.epoch + (progress.record is None), self._run.recipe.epochs)
        if progress.record is None:
            self._bar.update(self._task, completed=done, epoch=epoch)
            if done - self._first < 1 or self._run.n_rows >= MANY_ROWS:  # nothing else to say, or long to wait
                text = "  ".join(within(self._run, self._state, progress, time.monotonic() - self._began, self._first))
                self._bar.update(self._task, description=text)
            return
        parts = cost_and_score(progress.record._asdict(), self._run.score_name)
        used = patience_used(self._run, self._state)
        pace = (time.monotonic() - self._began) / max(progress.epoch - self._first, 1e-9)
        rest = [*used, *time_left(self._run, self._state, pace)]
        texts = ["  ".join(words) for words in ([*parts, *rest], [*parts, *used], parts, parts[1:])]
        room = self._bar.console.width - COLUMNS_BESIDE_THE_TEXT
        text = next((one for one in texts if len(one) <= room), parts[-1])
        self._bar.update(self._task, completed=done, epoch=epoch, description=text)


class Lines(Silent):
    """A line for the first epoch, then one every two seconds, and one for the last.

    Parameters
    ----------
    run : Run
    state : State
    write : callable
        Takes a line.
    """

    def __init__(self, run: Run, state: State, write: Any) -> None:
        self._run, self._state, self._write = run, state, write
        self._began, self._last, self._unsaid = time.monotonic(), -SECONDS_BETWEEN_LINES, ""
        self._first = state.epoch + state.rows / run.n_rows

    def __exit__(self, *_: object) -> None:
        if self._unsaid:
            self._write(self._unsaid)

    def update(self, progress: Progress) -> None:
        now = time.monotonic()
        due = now - self._last > SECONDS_BETWEEN_LINES
        if progress.record is not None:
            parts = cost_and_score(progress.record._asdict(), self._run.score_name)
            self._unsaid = self._line(progress.epoch, now, *parts, *patience_used(self._run, self._state))
        elif due:
            parts = within(self._run, self._state, progress, now - self._began, self._first)
            self._unsaid = self._line(progress.epoch + 1, now, *parts)
        else:
            return
        if due:
            self._write(self._unsaid)
            self._last, self._unsaid = now, ""

    def _line(self, epoch: int, now: float, *parts: str) -> str:
        start = f"epoch {_of(epoch, self._run.recipe.epochs)}"
        return "  ".join([start, *parts, f"{now - self._began:.1f} s"])
