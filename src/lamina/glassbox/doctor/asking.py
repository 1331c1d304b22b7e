"""`check` a function of this process, `examine` a file."""

from __future__ import annotations

import ast
import base64
import inspect
import linecache
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lamina.errors import DataError, SettingError, nearest
from lamina.glassbox.doctor.examination import Examination
from lamina.glassbox.doctor.exercises import BY_NAME
from lamina.glassbox.doctor.report import FunctionReport, Report
from lamina.glassbox.doctor.sandbox import GONE, SECONDS, Sandbox
from lamina.glassbox.doctor.source import Cell, Source, read

MOST_NOTES = 5  # about statements that failed


def check(
    name: str,
    function: Callable[..., Any],
    *,
    hint: int | None = None,
    solution: bool = False,
    seconds: float = SECONDS,
) -> FunctionReport:
    """Check a function of the course that you wrote, and name its mistake.

    It runs in a process of its own, on copies; nothing here is changed.

    Parameters
    ----------
    name : str
        The course's name, such as "linear_backward".
    function : callable
        Yours, with the course's arguments.
    hint : int, optional
        Tell less: 1 where to look, 2 the equation too, 3 the line too.
    solution : bool, default=False
        Add a solution, if yours is wrong.
    seconds : float, default=5
        After which one call is stopped.

    Returns
    -------
    FunctionReport
        True where the function is right, so that a test cell says ``assert check("relu", relu)``. It prints as text;
        `findings` and `as_dict()` are for programs.

    Raises
    ------
    SettingError
        There is no function of that name, or `hint` is not 1, 2 or 3.
    DataError
        `function` cannot be called, or cannot be sent to another process.
    """
    _check_choices(name, hint)
    if not callable(function):
        raise DataError(f"{name} is {function!r}: expected a function")
    task = {"pickled": _pickled(function), "name": name, "folder": os.getcwd(), "paths": [p for p in sys.path if p]}
    source = _source_of(function)
    with Sandbox(task, seconds) as sandbox:
        if not sandbox.load():
            raise DataError(f"{name} cannot be loaded in another process: {sandbox.unloadable}")
        (report,) = Examination(source, sandbox, [name]).reports_of_all()
    return report.told(hint, solution)


def examine(path: str | Path, *, hint: int | None = None, solution: bool = False, seconds: float = SECONDS) -> Report:
    """Check every function of the course that a Python file or a notebook defines.

    Parameters
    ----------
    path : path
        A file that ends in .py or .ipynb. It runs as it would by itself, but for a limit on time.
    hint, solution, seconds
        As for `check`.

    Returns
    -------
    Report

    Raises
    ------
    DataError
        The file is no Python, or defines no function of the course.
    """
    _check_choices("relu", hint)
    source = read(Path(path))
    names = defined_in(source)
    if not names:
        more = f" {source.unreadable[0]}" if source.unreadable else ""
        raise DataError(f"{path} defines no function of the course: expected one of {', '.join(BY_NAME)}.{more}")
    cells = [{"name": cell.name, "code": cell.code} for cell in source.cells]
    main = "__main__" if source.is_notebook else Path(source.name).stem
    with Sandbox({"cells": cells, "main": main, "folder": source.folder}, seconds) as sandbox:
        if not sandbox.load():
            raise DataError(f"{path} cannot be loaded: the process {sandbox.unloadable}")
        reports = Examination(source, sandbox, names).reports_of_all()
        notes = (*source.unreadable, *notes_on_loading(source, sandbox))
    return Report(source.name, tuple(report.told(hint, solution) for report in reports), notes)


def defined_in(source: Source) -> list[str]:
    """Return the course's functions that a source defines or assigns, anywhere but inside of others."""
    found: list[str] = []
    for cell in source.cells:
        nodes: list[ast.AST] = list(cell.tree.body)
        while nodes:
            node = nodes.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(node.name)
            elif isinstance(node, ast.Assign):
                found += [target.id for target in node.targets if isinstance(target, ast.Name)]
            elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
                nodes += ast.iter_child_nodes(node)
            elif isinstance(node, ast.ExceptHandler):
                nodes += node.body
    return [name for name in BY_NAME if name in found]


def _check_choices(name: str, hint: int | None) -> None:
    if name not in BY_NAME:
        known = ", ".join(BY_NAME)
        raise SettingError(f"the course has no function {name!r}: expected one of {known}.{nearest(name, BY_NAME)}")
    if hint not in (None, 1, 2, 3):
        raise SettingError(f"hint is {hint!r}: expected 1 (where), 2 (which equation) or 3 (which line)")


def notes_on_loading(source: Source, sandbox: Sandbox) -> list[str]:
    """Return what is worth a word about running the file."""
    notes = []
    if "ended while loading" in sandbox.task:
        ended = "ended by itself" if sandbox.task["ended while loading"] == GONE else "did not end"
        notes.append(f"Run from top to bottom, the file {ended}: only its definitions were run.")
    elif sandbox.loaded.get("late"):
        notes.append("Running the whole file takes long: from some point on, only its definitions were run.")
    failures = _first_causes(source, sandbox.loaded.get("failures", []))
    for failure in failures[:MOST_NOTES]:
        where = source.place(failure["cell"], failure["at"])
        kind, message = failure["type"], failure["message"]
        if kind == "TimeUp":
            notes.append(f"{where} did not end within {sandbox.seconds:g} seconds, and was left out.")
        else:
            notes.append(f"{where} was left out: {KINDS.get(kind, kind)}{': ' if message else ''}{message}")
    if len(failures) > MOST_NOTES:
        notes.append(f"{len(failures) - MOST_NOTES} more statements were left out.")
    return notes


def _first_causes(source: Source, failures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out calls of the notebooks' own tests, which are not there, and what follows from other failures."""
    lost: set[str] = set()
    kept = []
    for failure in failures:
        unknown = failure["name"] or "" if failure["type"] == "NameError" else ""
        if "test" not in unknown.lower() and unknown not in lost:
            kept.append(failure)
        cell = source.cell(failure["cell"])
        for statement in cell.tree.body if cell else []:
            if statement.lineno == failure["at"]:
                names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
                lost |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return kept


def _pickled(function: Callable[..., Any]) -> str:
    """Return the function and what it reads, by value: the other process need not find its module."""
    cloudpickle = _cloudpickle()
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    by_value = (
        module is not None and module.__name__ != "__main__" and not module.__name__.startswith(("lamina", "numpy"))
    )
    try:
        if by_value:
            cloudpickle.register_pickle_by_value(module)
        try:
            return base64.b64encode(cloudpickle.dumps(function)).decode()
        finally:
            if by_value:
                cloudpickle.unregister_pickle_by_value(module)
    except Exception as problem:
        raise DataError(
            f"the function cannot be sent to another process: {problem}. Put it in a file, and call lamina doctor FILE"
        ) from problem


def _cloudpickle() -> Any:
    """It comes with joblib, as a part of it or beside it."""
    try:
        import cloudpickle
    except ImportError:
        from joblib.externals import cloudpickle
    return cloudpickle


def _source_of(function: Callable[..., Any]) -> Source:
    function = inspect.unwrap(function)
    if not isinstance(function, types.FunctionType):
        return Source("a function", os.getcwd(), ())
    name = function.__code__.co_filename
    code = "".join(linecache.getlines(name, function.__globals__))
    try:
        ast.parse(code)
    except SyntaxError:
        code = ""
    return Source(Path(name).name, os.getcwd(), (Cell(name, code),) if code else ())


KINDS = {
    "ModuleNotFoundError": "a module is missing",
    "FileNotFoundError": "a file is missing",
    "Stopped": "it asks for what is not possible here",
    "SystemExit": "it ends the program",
}
