"""lamina doctor: which mistakes a learner's file of course functions holds."""

import time
from collections.abc import Iterator
from pathlib import Path

from lamina.cli.options import AsJson, Whole
from lamina.cli.terminal import Terminal
from lamina.errors import DataError, LaminaError, SettingError
from lamina.glassbox.doctor import Report, examine

PAUSE = 0.3  # seconds between two looks at a file that is watched


def doctor(
    file: Path,
    /,
    *,
    hint: Whole | None = None,
    solution: bool = False,
    watch: bool = False,
    seconds: float = 5.0,
    json: AsJson = False,
) -> int:
    """Name the mistakes in hand-written functions of the course.

    Every function of the course that FILE defines is called on many cases, in a
    process of its own, and its mistake named: what is wrong, in which equation
    of the lecture, on which line. The exit code is 1 if one is wrong.

    Parameters
    ----------
    file
        A Python file (.py) or a notebook (.ipynb).
    hint
        Tell less: 1 where to look, 2 the equation too, 3 the line too.
    solution
        Show a solution of what is wrong.
    watch
        Look again whenever the file changes, until Ctrl-C.
    seconds
        After how long one call is stopped.
    """
    if not seconds > 0:
        raise SettingError(f"--seconds {seconds:g}: expected more than 0")
    terminal = Terminal(json)
    if not watch:
        return _told(terminal, _examined(terminal, file, hint, solution, seconds))
    if json:
        raise SettingError("--watch and --json exclude one another: JSON is one result")
    code = 0
    try:
        for _ in _changes(file):
            try:
                code = _told(terminal, _examined(terminal, file, hint, solution, seconds))
            except (LaminaError, OSError) as problem:  # the file is being written
                terminal.complain("error", str(problem))
                code = 1
            terminal.note(f"{time.strftime('%H:%M:%S')}: watching {file}; Ctrl-C ends")
    except KeyboardInterrupt:
        terminal.note("")
    return code


def _examined(terminal: Terminal, file: Path, hint: int | None, solution: bool, seconds: float) -> Report:
    with terminal.working(f"examining {file}"):
        return examine(file, hint=hint, solution=solution, seconds=seconds)


def _told(terminal: Terminal, report: Report) -> int:
    for line in report.lines():
        terminal.say(line)
    terminal.result(report.as_dict())
    return 0 if report.passed else 1


def _changes(file: Path) -> Iterator[None]:
    """Yield at once, and then whenever the file was written."""
    if not file.exists():
        raise DataError(f"{file} is not there: expected a Python file or a notebook")
    seen: tuple[int, int] | None = None
    while True:
        try:
            now = file.stat().st_mtime_ns, file.stat().st_size
        except OSError:  # an editor replaces it just now
            now = seen or (0, 0)
        if now != seen:
            seen = now
            yield
        time.sleep(PAUSE)
