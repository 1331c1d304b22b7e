"""What there is to say of the functions of a namespace: arguments, and what they read of the values around them."""

from __future__ import annotations

import builtins
import dis
import types
from typing import Any

import numpy as np

from lamina.glassbox.doctor import solutions
from lamina.glassbox.doctor.explained import shape_of

MISSING = object()


def described_functions(space: dict[str, Any]) -> dict[str, Any]:
    """Return, of every function: file, line, arguments, and what it reads of the values around it."""
    found = {}
    for name, one in list(space.items()):
        if isinstance(one, types.FunctionType):
            code = one.__code__
            count = code.co_argcount + code.co_kwonlyargcount
            read = names_read(one, space)
            found[name] = {
                "file": code.co_filename,
                "line": code.co_firstlineno,
                "arguments": list(code.co_varnames[:count]),
                "needed": code.co_argcount - len(one.__defaults__ or ()),
                "most": None if code.co_flags & 0x04 else code.co_argcount,
                "reads": {n: shape_of(space[n]) for n in sorted(read) if is_data(space.get(n, MISSING))},
                "calls": sorted(n for n in read if callable(space.get(n))),
                "missing": sorted(n for n in read if n not in space and n not in vars(builtins)),
            }
    return found


def names_read(function: Any, space: dict[str, Any], seen: set[str] | None = None) -> set[str]:
    """Return the global names that a function reads, and those that its own helpers read."""
    seen = set() if seen is None else seen
    found: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        found |= {one.argval for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        codes += [one for one in code.co_consts if isinstance(one, types.CodeType)]
    for name in sorted(found - seen):
        seen.add(name)
        one = space.get(name)
        if isinstance(one, types.FunctionType) and one.__globals__ is space and name not in solutions.NAMES:
            found |= names_read(one, space, seen)
    return found


def is_data(value: Any) -> bool:
    """Whether this is a value that a function should get as an argument."""
    return isinstance(value, np.ndarray | np.generic | int | float | dict | list | tuple) and not isinstance(
        value, bool
    )
