"""Numbers, arrays and small objects as JSON values, without losing a digit.

JSON knows no NaN and no infinity: they are the strings "NaN", "Infinity" and "-Infinity". A number in single
precision is its shortest decimal, as Python prints it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite, isnan
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return a value as dicts, lists, strings, numbers, booleans and None.

    Raises
    ------
    TypeError
        It is of a kind that is not known here.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):  # the name of a file may hold halves of surrogate pairs, which no other encoding knows
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if isfinite(value) else "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return plain(float(str(value)) if value.dtype == np.float32 else value.item())
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    raise TypeError(f"a {type(value).__name__} is no plain value")


def _array(array: Any) -> Any:
    if array.dtype == np.float32:
        array = array.astype(str).astype(np.float64)
    if array.dtype.kind in "biuU" or (array.dtype.kind == "f" and np.isfinite(array).all()):
        return array.tolist()
    return plain(array.tolist())
