"""lamina course: the functions of the course as exercises, and how far a learner is."""

import shlex
from pathlib import Path

from lamina.cli.files import check_place
from lamina.cli.options import AsJson
from lamina.cli.terminal import Terminal, counted, program_name
from lamina.errors import SettingError
from lamina.glassbox.doctor import FunctionReport, examine
from lamina.glassbox.doctor.curriculum import PARTS, starting_file
from lamina.sealed_file import replacing

FILE = Path("backprop.py")


def course(file: Path = FILE, /, *, start: bool = False, force: bool = False, json: AsJson = False) -> int:
    """List the course's functions as exercises, in order, and how far FILE is.

    The exit code is 1 while an exercise that FILE holds is not right.

    Parameters
    ----------
    file
        The file with your functions; by default backprop.py.
    start
        Write that file: signatures and what each function is to do.
    force
        With --start: replace an existing file.
    """
    terminal = Terminal(json)
    if start:
        return _start(terminal, file, force)
    reports: dict[str, FunctionReport] = {}
    if file.exists():
        with terminal.working(f"examining {file}"):
            reports = {one.function: one for one in examine(file).functions}
    elif file != FILE:
        raise FileNotFoundError(2, "no such file", str(file))
    rows = [(part.title, name) for part in PARTS for name in part.functions]
    shown = ""
    for title, name in rows:
        if title != shown:
            if shown:
                terminal.say()
            terminal.say(title)
            shown = title
        terminal.say(f"  {_mark(reports.get(name))} {name}")
    _say_next(terminal, file, [name for _, name in rows], reports)
    verdicts = {name: reports[name].verdict if name in reports else None for _, name in rows}
    terminal.result({"file": str(file) if reports else None, "exercises": verdicts})
    return 0 if all(one.passed for one in reports.values()) else 1


def _mark(report: FunctionReport | None) -> str:
    if report is None:
        return " "
    return {"right": "x", "wrong": "!"}.get(report.verdict, "?")


def _say_next(terminal: Terminal, file: Path, names: list[str], reports: dict[str, FunctionReport]) -> None:
    program, done = program_name(), sum(one.passed for one in reports.values())
    terminal.say()
    if not reports:
        terminal.say(f"{counted(len(names), 'exercise')}. Begin: {program} course --start")
        return
    terminal.say(f"{done} of {len(names)} done (x: right, !: wrong, ?: not written or not checked)")
    left = [name for name in names if name not in reports or not reports[name].passed]
    if not left:
        terminal.say("That was the last one: your functions train a network.")
        return
    terminal.say(f"Next: {left[0]}")
    if any(one.verdict == "wrong" for one in reports.values()):
        terminal.say(f"What is wrong: {program} doctor {shlex.quote(str(file))}")


def _start(terminal: Terminal, file: Path, force: bool) -> int:
    check_place("FILE", file)
    if file.suffix != ".py":
        raise SettingError(f"{file} is no Python file: expected a name that ends in .py")
    if file.exists() and not force:
        raise SettingError(f"{str(file)!r} already exists: choose another name, or replace it with --force")
    with replacing(file) as out:
        out.write(starting_file().encode())
    name, program = shlex.quote(str(file)), program_name()
    terminal.say(f"{file} written: fill in the functions from top to bottom.")
    terminal.say(f"How far you are: {program} course {name}")
    terminal.say(f"What is wrong, as you write: {program} doctor {name} --watch")
    terminal.say(f"The same as a picture, block by block: {program} lab {name}")
    return 0
