"""Plain values as JSON and back without a change: every float64, infinities and NaN too.

A float is written as the shortest digits that give it back (`repr`), which keeps every bit and the sign of 0. JSON has
no word for the others: they are `{"$float": "inf"}`, `{"$float": "-inf"}` and `{"$float": "nan"}`. Tuples become lists.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import CheckpointError

NOT_FINITE = "$float"


def to_json(value: Any, place: str) -> Any:
    """Return a value that JSON holds, which `from_json` turns back.

    Parameters
    ----------
    value
        None, a bool, text, a whole number of 64 bits, a float, or lists and dicts of them; NumPy's scalars too.
    place : str
        What it is called in an error.

    Raises
    ------
    CheckpointError
        Something in it is not such a value.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise CheckpointError(f"{place} is {value}: expected a whole number of 64 bits")
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {NOT_FINITE: str(float(value))}
    if isinstance(value, list | tuple):
        return [to_json(one, f"{place}[{i}]") for i, one in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or key == NOT_FINITE:
                raise CheckpointError(f"{place} has the key {key!r}: expected text other than {NOT_FINITE!r}")
        return {key: to_json(one, f"{place}[{key!r}]") for key, one in value.items()}
    raise CheckpointError(f"{place} is a {type(value).__name__}: expected a plain value, or a list or dict of them")


def from_json(value: Any) -> Any:
    """Return the value that `to_json` was given, tuples as lists."""
    if isinstance(value, list):
        return [from_json(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {NOT_FINITE}:
            return float(value[NOT_FINITE])
        return {key: from_json(one) for key, one in value.items()}
    return value
