"""Values as JSON and back: what goes to the learner's process, and comes from it, where nothing is unpickled."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST = 200_000  # numbers in one array that a learner's function may return
DEEPEST = 8


@dataclass(frozen=True)
class Other:
    """A value of a kind that the course's functions never return."""

    what: str


def packed(value: Any, depth: int = 0) -> Any:
    """Return a JSON tree."""
    if depth > DEEPEST:
        return {"other": "a deeply nested container"}
    if value is None or isinstance(value, bool | str):
        return value if not isinstance(value, str) else value[:1000]
    if type(value) is int and abs(value) < 2**53:
        return {"int": value}
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return {"number": repr(float(value)) if abs(value) < 1e300 else "inf"}
    if isinstance(value, np.ndarray | np.generic):
        return _packed_array(np.asarray(value))
    if isinstance(value, tuple | list):
        return {"list": [packed(part, depth + 1) for part in value[:1000]], "tuple": isinstance(value, tuple)}
    if isinstance(value, dict):
        return {"dict": [[str(name), packed(part, depth + 1)] for name, part in list(value.items())[:1000]]}
    if callable(value):
        return {"other": f"the function {getattr(value, '__name__', '?')}"}
    return {"other": f"an object of type {type(value).__name__}"}


def _packed_array(array: Any) -> Any:
    if array.size > MOST:
        return {"other": f"an array of shape {array.shape}, {array.size:,} numbers"}
    if array.dtype == object or array.dtype.kind not in "biuf":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            return {"other": f"an array of dtype {array.dtype}, of shape {array.shape}"}
    kind = array.dtype.kind
    data = base64.b64encode(np.ascontiguousarray(array, np.float64).tobytes()).decode()
    return {"array": data, "shape": list(array.shape), "kind": kind}


def unpacked(tree: Any) -> Any:
    """Return the value of a JSON tree."""
    if not isinstance(tree, dict):
        return tree
    if "int" in tree:
        return tree["int"]
    if "number" in tree:
        return float(tree["number"])
    if "array" in tree:
        numbers = np.frombuffer(base64.b64decode(tree["array"]), np.float64).reshape(tree["shape"]).copy()
        return numbers.astype({"b": bool, "i": np.int64, "u": np.int64}.get(tree["kind"], np.float64))
    if "list" in tree:
        parts = [unpacked(part) for part in tree["list"]]
        return tuple(parts) if tree["tuple"] else parts
    if "dict" in tree:
        return {name: unpacked(part) for name, part in tree["dict"]}
    return Other(str(tree.get("other", "something")))
