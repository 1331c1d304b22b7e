"""Where output goes and how it looks: results to stdout, progress and complaints to stderr.

In a terminal there are colours (unless NO_COLOR is set) and a bar; elsewhere plain lines of any length.
"""

import errno
import json
import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from lamina.cli.printable import printable

SECONDS_BETWEEN_LINES = 2.0
SECONDS_OF_SILENCE = 2.0  # after which work that shows no progress is named
LONGEST_MESSAGE = 2000  # characters
WIDE_COLUMNS = 1000  # where there is no terminal: nothing is wrapped


class Terminal:
    """The two streams of a command. What it prints holds no control characters, wherever the text came from.

    Parameters
    ----------
    as_json : bool
        Only `result` goes to stdout; everything for people goes to stderr.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.notes = _console(stderr=True)
        self.out = self.notes if as_json else _console(stderr=False)

    def say(self, text: str = "") -> None:
        """Write a line for people."""
        self.out.print(Text(printable(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """Write a line about what is going on."""
        self.notes.print(Text(printable(text)), soft_wrap=True)

    def complain(self, kind: str, *lines: str) -> None:
        """Write "kind: text" to stderr, further lines below it."""
        first, *more = map(_shortened, lines or ("",))
        start = f"{kind}: " if first else kind
        style = "bold yellow" if kind == "warning" else "bold red"
        text = Text.assemble(
            (start, style), printable(" ".join(first.split())), *(f"\n  {printable(line)}" for line in more)
        )
        self.notes.print(text, soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] | None = None) -> None:
        """Write a table; the columns of these places stand to the right: all but the first unless told otherwise."""
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for place, heading in enumerate(headings):
            to_the_right = place > 0 if right is None else place in right
            table.add_column(Text(printable(heading)), justify="right" if to_the_right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell) if isinstance(cell, str) else number(cell)) for cell in row))
        if self.out.is_terminal:
            self.out.print(table)
            return
        with self.out.capture() as plain:
            self.out.print(table)
        for line in plain.get().split("\n")[:-1]:
            self.say(line.rstrip())

    def result(self, value: Any) -> None:
        """Write the result as JSON to stdout, where that was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, indent=2, allow_nan=False, default=_plain) + "\n")

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Say what is going on if it takes longer than a moment."""
        timer = threading.Timer(SECONDS_OF_SILENCE, self.note, [f"{what} ..."])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def progress(self, run: Any, state: Any) -> Any:
        """Return what shows training (`running.carry_out` takes it): a bar in a terminal, lines elsewhere."""
        from lamina.showing import Bar, Lines

        return Bar(run, state, self.notes) if self.notes.is_terminal else Lines(run, state, self.note)

    @contextmanager
    def bar(self, what: str, total: int) -> Iterator[Callable[..., None]]:
        """Show in a terminal how much is done; give the function to call after each part, or with how many."""
        if not self.notes.is_terminal:
            yield lambda parts=1: None
            return
        columns = TextColumn(f"{what} {{task.completed:,.0f}}/{{task.total:,.0f}}"), BarColumn(), TimeRemainingColumn()
        with Progress(*columns, console=self.notes, transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda parts=1: progress.advance(task, parts)

    @contextmanager
    def passing(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show how many rows of a pass are done: a bar in a terminal, a line now and then elsewhere.

        It gives the function to call with how many are done; a lower number than before begins another pass.
        """
        if self.notes.is_terminal:
            columns = (
                TextColumn(f"{what} {{task.completed:,.0f}}/{{task.total:,.0f}} rows"),
                BarColumn(),
                TimeRemainingColumn(),
            )
            with Progress(*columns, console=self.notes, transient=True) as progress:
                task = progress.add_task(what, total=total)
                yield lambda done: progress.update(task, completed=done)
            return
        began = said = time.monotonic()

        def told(done: int) -> None:
            nonlocal said
            now = time.monotonic()
            if now - said >= SECONDS_BETWEEN_LINES and done < total:
                left = (now - began) * (total - done) / max(done, 1)
                self.note(f"{what}: {done:,} of {total:,} rows, about {left:.0f} s left")
                said = now

        yield told

    @property
    def unicode(self) -> bool:
        """Whether the results may hold more than ASCII."""
        return self.out.encoding.lower().startswith("utf")


def _shortened(line: str) -> str:
    """Return a message without its middle, where a hostile file or flag made it too long to be read."""
    if len(line) <= LONGEST_MESSAGE:
        return line
    half = LONGEST_MESSAGE // 2
    return f"{line[:half]} ... {line[-half:]}"


def number(value: float | None) -> str:
    """Return a number as text: 48,842 or 0.8531 or 20,640.5."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    if 0 < size < 1e-3 or size >= 1e7:
        return f"{value:.3e}"
    return f"{value:.4f}" if size < 10 else f"{value:.2f}" if size < 10_000 else f"{value:,.1f}"


def counted(count: int, what: str) -> str:
    """Return "1 row", "48,842 rows"."""
    return f"{count:,} {what}{'s' * (count != 1)}"


class _Console(Console):
    """A console that falls silent when nobody reads it any more, while the work goes on.

    The reader of a pipe, such as `head`, has seen enough, or the terminal was closed.
    """

    def print(self, *texts: Any, **how: Any) -> None:
        try:
            super().print(*texts, **how)
        except OSError as problem:
            if problem.errno != errno.EIO:
                raise
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())  # what is buffered goes there


def _console(stderr: bool) -> Console:
    console = _Console(stderr=stderr)
    return console if console.is_terminal else _Console(stderr=stderr, width=WIDE_COLUMNS)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def program_name() -> str:
    """Return how this program was called, so that a command can be copied: "lamina" where that finds it."""
    me = Path(sys.argv[0])
    found = shutil.which("lamina")
    if found is not None and me.exists() and Path(found).samefile(me):
        return "lamina"
    return shlex.quote(str(me)) if me.name == "lamina" else f"{shlex.quote(sys.executable)} -m lamina.cli.main"
