"""An exception of the learner's code in the learner's terms: which line, which names, which shapes."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable
from typing import Any

from lamina.errors import nearest
from lamina.glassbox.doctor.exercise import Exercise
from lamina.glassbox.doctor.report import Finding
from lamina.glassbox.doctor.sandbox import SILENT
from lamina.glassbox.doctor.source import Source

Raised = dict[str, Any]


def finding_of(raised: Raised, exercise: Exercise, source: Source, label: str, known: dict[str, Any]) -> Finding:
    """Return what an exception says, and where. `known`: what the worker says of the function."""
    name, words = _worded(raised, exercise, source, known)
    cell, line = raised.get("cell") or known.get("file", ""), raised.get("line") or known.get("line")
    found = source.cell(cell) if line else None
    return Finding(
        name,
        f"{words} (Case: {label}.)",
        place=source.place(cell, line) if line and cell else "",
        line=line,
        cell=cell,
        code=found.line(line) if found and line else "",
    )


def ended(how: str, exercise: Exercise, seconds: float) -> Finding:
    """Return what the end of the process says."""
    if how == SILENT:
        return Finding("does-not-end", f"{exercise.name} does not end: it was stopped after {seconds:g} seconds.")
    return Finding(
        "ends-the-process",
        f"{exercise.name} ends Python itself: os._exit, a crash in a library, or more memory than there is.",
    )


def _worded(raised: Raised, exercise: Exercise, source: Source, known: dict[str, Any]) -> tuple[str, str]:
    for kind, explain in EXPLANATIONS:
        if raised["type"] in kind:
            return explain(raised, exercise, source, known)
    return "raises", f"It raises {raised['type']}{': ' if raised['message'] else ''}{raised['message']}."


def _shapes(raised: Raised, source: Source) -> str:
    """Return the shapes of the arrays that the line names: "dZ is (4, 5), A_prev is (3, 5)"."""
    found = source.cell(raised.get("cell", ""))
    if found is None or "line" not in raised:
        return ""
    names = _names_of_statement(found.tree, raised["line"])
    shapes = raised.get("shapes", {})
    return ", ".join(f"{name} is {shapes[name]}" for name in names if shapes.get(name, "")[:1] == "(")


def _names_of_statement(tree: ast.Module, line: int) -> list[str]:
    """The names that the innermost statement on a line reads."""
    holding = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not holding:
        return []
    statement = max(holding, key=lambda node: node.lineno)
    nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    return list(dict.fromkeys(node.id for node in nodes))


def _value(raised: Raised, exercise: Exercise, source: Source, known: dict[str, Any]) -> tuple[str, str]:
    shapes, message = _shapes(raised, source), raised["message"]
    if "operands could not be broadcast" in message or "matmul" in message or "not aligned" in message:
        product = "the matrix product" if "matmul" in message or "aligned" in message else "number by number"
        said = f": {shapes}" if shapes else f": {_plain(message)}"
        return "shapes-do-not-fit", f"Shapes do not fit ({product}){said}."
    if "unpack" in message:
        return "unpacks-another-number", f"It unpacks what has another number of parts: {message}."
    if "truth value" in message:
        return "truth-of-an-array", (
            f"`if` or `and` is asked for the truth of a whole array{f' ({shapes})' if shapes else ''}: "
            "np.where or a mask compares number by number."
        )
    if "reshape" in message:
        return "shapes-do-not-fit", f"It cannot be reshaped: {message}{f' ({shapes})' if shapes else ''}."
    return "raises", f"It raises {raised['type']}: {message}{f' ({shapes})' if shapes else ''}."


def _plain(message: str) -> str:
    shapes = re.findall(r"\([\d,]+\)", message)
    return " and ".join(shapes) if shapes else message


def _name(raised: Raised, exercise: Exercise, source: Source, known: dict[str, Any]) -> tuple[str, str]:
    name = raised.get("name") or ""
    if raised["type"] == "UnboundLocalError":
        name = re.search(r"'(\w+)'", raised["message"])[1] if "'" in raised["message"] else name  # type: ignore[index]
        return "used-before-assigned", f"{name} is used before it has a value, perhaps because no branch assigned it."
    arguments = known.get("arguments", [])
    if name in IMPORTS:
        return "import-missing", f"{name} is not defined: `{IMPORTS[name]}` is missing, or did not run."
    local = [*arguments, *raised.get("locals", []), *dir(builtins)]
    meant = nearest(name, local)
    if _assigned_outside(source, name):
        return "global-for-argument", (
            f"{name} is taken from outside of the function, where it has no value here: its arguments are "
            f"{', '.join(arguments)}."
        )
    return "undefined-name", (
        f"{name} is not defined: it is neither an argument ({', '.join(arguments)}) nor assigned before.{meant}"
    )


def _assigned_outside(source: Source, name: str) -> bool:
    for cell in source.cells:
        for statement in cell.tree.body:
            names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)
                     and isinstance(node.ctx, ast.Store)]  # fmt: skip
            if not isinstance(statement, ast.FunctionDef | ast.ClassDef) and name in names:
                return True
    return False


def _key(raised: Raised, exercise: Exercise, source: Source, known: dict[str, Any]) -> tuple[str, str]:
    dicts = [(name, kind) for name, kind in raised.get("shapes", {}).items() if kind.startswith("a dict of")]
    there = "; ".join(f"{name} is {kind}" for name, kind in dicts[:3])
    hint = ""
    if re.fullmatch(r"d?[Wb]\d+", raised.get("name") or ""):
        number = int(re.sub(r"\D", "", raised["name"]))
        hint = " Layers count from 1." if number == 0 else " Is the number of layers len(parameters) // 2?"
    return "missing-key", f"There is no key {raised['message']}{f': {there}' if there else ''}.{hint}"


def _index(raised: Raised, exercise: Exercise, source: Source, known: dict[str, Any]) -> tuple[str, str]:
    lists = [f"{name} is {kind}" for name, kind in raised.get("shapes", {}).items() if " of " in kind]
    there = ", ".join(lists[:3]) or _shapes(raised, source)
    return "index-out-of-range", f"An index is out of range ({raised['message']}){f': {there}' if there else ''}."


def _type(raised: Raised, exercise: Exercise, source: Source, known: dict[str, Any]) -> tuple[str, str]:
    message, arguments = raised["message"], known.get("arguments", [])
    if "positional argument" in message and exercise.name in message and raised.get("depth", 1) <= 1:
        return "other-arguments", (
            f"It takes {len(arguments)} arguments ({', '.join(arguments)}): expected {', '.join(exercise.arguments)}."
        )
    if "NoneType" in message:
        return "nothing-there", f"A value is None: {message}. Does a function that it calls return nothing?"
    if "only length-1 arrays" in message or "only 0-dimensional arrays" in message or "scalar" in message:
        return "math-of-an-array", f"A function for single numbers gets an array: {message}. math.exp is np.exp here."
    return "raises", f"It raises TypeError: {message}."


IMPORTS = {
    "np": "import numpy as np",
    "numpy": "import numpy",
    "math": "import math",
    "plt": "import matplotlib.pyplot as plt",
}


def _ends(name: str, text: str) -> Callable[..., tuple[str, str]]:
    return lambda raised, exercise, source, known: (name, text.format(**raised))


EXPLANATIONS: tuple[tuple[tuple[str, ...], Callable[..., tuple[str, str]]], ...] = (
    (("ValueError", "LinAlgError", "AxisError"), _value),
    (("NameError", "UnboundLocalError"), _name),
    (("KeyError",), _key),
    (("IndexError",), _index),
    (("TypeError",), _type),
    (("TimeUp",), _ends("does-not-end", "It does not end: it was stopped at this line.")),
    (("Stopped",), _ends("not-possible-here", "{message}.")),
    (("SystemExit",), _ends("exits", "It ends the program (sys.exit or exit): expected a return.")),
    (("RecursionError",), _ends("calls-itself-without-end", "It calls itself without end.")),
    (
        ("MemoryError", "_ArrayMemoryError"),
        _ends("too-much-memory", "It asks for more memory than there is: {message}."),
    ),
    (("FileNotFoundError",), _ends("file-missing", "It reads a file that is not there: {message}.")),
    (("ModuleNotFoundError", "ImportError"), _ends("import-missing", "It imports what is not there: {message}.")),
    (("ZeroDivisionError",), _ends("divides-by-0", "It divides by 0.")),
    (("NotImplementedError",), _ends("not-written", "It is not written yet.")),
    (("KeyboardInterrupt",), _ends("raises", "It raises KeyboardInterrupt.")),
)
