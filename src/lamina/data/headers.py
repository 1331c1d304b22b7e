"""Reading a header strictly: plain JSON values of known keys and types; all else is a DataError that says where."""

import sys
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.errors import DataError


def fields(header: Any, what: str, keys: Collection[str]) -> Mapping[str, Any]:
    """Return the header if it is a dict with exactly these keys."""
    if not isinstance(header, dict):
        raise DataError(f"{what}: a dict expected, found {type(header).__name__}")
    missing, extra = sorted(set(keys) - set(header)), sorted(map(str, set(header) - set(keys)))
    if missing or extra:
        raise DataError(f"{what}: missing keys {missing}, unknown keys {extra}")
    return header


def listed(value: Any, what: str, length: int | None = None) -> list[Any]:
    """Return a list (of this length)."""
    if not isinstance(value, list):
        raise DataError(f"{what}: a list expected, found {type(value).__name__}")
    if length is not None and len(value) != length:
        raise DataError(f"{what}: {length} values expected, found {len(value)}")
    return value


def texts(value: Any, what: str, length: int | None = None) -> tuple[str, ...]:
    """Return a list of different strings as a tuple."""
    for one in listed(value, what, length):
        if not isinstance(one, str):
            raise DataError(f"{what}: strings expected, found {type(one).__name__}")
    if len(set(value)) != len(value):
        raise DataError(f"{what}: a string occurs twice")
    return tuple(value)


def finite(value: Any, what: str, length: int | None = None) -> NDArray[np.float64]:
    """Return a list of finite numbers as an array."""
    for one in listed(value, what, length):
        if isinstance(one, bool) or not isinstance(one, int | float):
            raise DataError(f"{what}: numbers expected, found {type(one).__name__}")
        if not abs(one) <= sys.float_info.max:  # NaN, infinity, or a whole number beyond them
            raise DataError(f"{what}: finite numbers expected, found {one}")
    return np.array(value, np.float64)


def flags(value: Any, what: str, length: int) -> NDArray[np.bool_]:
    """Return a list of true and false as an array."""
    for one in listed(value, what, length):
        flag(one, what)
    return np.array(value, np.bool_)


def flag(value: Any, what: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise DataError(f"{what}: true or false expected, found {type(value).__name__}")
    return value


def whole(value: Any, what: str, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DataError(f"{what}: a whole number from {low} to {high} expected, found {value!r}")
    return value


def choice(value: Any, what: str, choices: Collection[str]) -> str:
    """Return one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise DataError(f"{what}: one of {', '.join(choices)} expected, found {value!r}")
    return value
