"""What an exception in the learner's code was, where it arose, and which shapes stood there."""

from __future__ import annotations

import ast
import linecache
from typing import Any

import numpy as np


def explained(problem: BaseException, files: set[str]) -> dict[str, Any]:
    """Return the type, the message, and of the innermost frame of the learner's files its line, names and values."""
    found: dict[str, Any] = {"type": type(problem).__name__, "message": str(problem)[:500], "name": None}
    if isinstance(problem, KeyError) and problem.args:
        found["name"] = str(problem.args[0])[:100]
    elif isinstance(problem, NameError | AttributeError):
        found["name"] = str(problem.name)[:100]
    trace, depth = problem.__traceback__, 0
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in files:
            depth += 1
            found |= {"cell": code.co_filename, "line": trace.tb_lineno, "function": code.co_name}
            local = list(trace.tb_frame.f_locals.items())[:100]
            found["shapes"] = {name: shape_of(one) for name, one in local if shape_of(one)}
            found["locals"] = [name for name, _ in local]
        trace = trace.tb_next
    found["depth"] = depth
    if isinstance(problem, SyntaxError):
        found["line"] = problem.lineno
    return found


def shape_of(value: Any) -> str:
    """Return "(4, 3)", or the type of what has no shape; nothing for what is no value."""
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, bool | int | float | np.generic):
        return f"{value:g}" if not isinstance(value, bool | np.bool_) else str(value)
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict of {', '.join(map(str, list(value)[:8]))}"
    return "None" if value is None else ""


def names_in(line: str) -> list[str]:
    """Return the names that a line of code reads, in order; none where it is no code of its own."""
    try:
        tree = ast.parse(line.strip().rstrip(":") if line.strip().startswith(("for", "if", "while")) else line.strip())
    except SyntaxError:
        tree = ast.parse("")
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(names))


def text_of(cell: str, line: int) -> str:
    """Return a line of a file that Python has read."""
    return linecache.getline(cell, line).strip()
