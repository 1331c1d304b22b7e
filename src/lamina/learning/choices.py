"""Choices with settings of their own: an object, its name, or its name with settings, and the ranges of those.

    Adam(beta1=0.95)      "adam"      "adam(beta1=0.95)"      {"kind": "adam", "beta1": 0.95}

all say the same, in Python, on the command line and in TOML. Only names of a table and literals are understood; nothing
is ever executed.
"""

import ast
from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isfinite
from typing import Any

from lamina.errors import SettingError, nearest

# The range of every setting that a layer, loss, optimiser or schedule may have: lowest, highest, and whether it may be
# lowest or highest itself.
RANGES: dict[str, tuple[float, float, str]] = {
    "beta1": (0, 1, "[)"),
    "beta2": (0, 1, "[)"),
    "dampening": (0, 1, "[]"),
    "epsilon": (0, 1, "()"),
    "weight_decay": (0, float("inf"), "[)"),
    "clip_norm": (0, float("inf"), "()"),
    "history": (1, 1000, "[]"),
    "label_smoothing": (0, 1, "[)"),
    "delta": (0, float("inf"), "()"),
    "quantiles": (0, 1, "()"),
    "warmup": (0, float("inf"), "[)"),
    "every": (1, float("inf"), "[)"),
    "drop": (0, 1, "()"),
    "decay": (0, float("inf"), "()"),
    "final": (0, 1, "[]"),
    "rise": (0, 1, "()"),
    "start": (0, 1, "[]"),
    "flat": (0, 1, "[)"),
    "patience": (1, float("inf"), "[)"),
    "tolerance": (0, 1, "[)"),
    "rate": (0, 1, "[)"),
    "momentum": (0, 1, "(]"),
    "units": (1, float("inf"), "[)"),
    "rate_factor": (0, float("inf"), "[)"),
    "columns": (0, float("inf"), "[)"),
    "levels": (1, float("inf"), "[)"),
    "size": (1, 4096, "[]"),
    "frequencies": (1, 4096, "[]"),
    "outputs": (1, 4096, "[]"),
    "members": (1, 4096, "[]"),
}


def within(value: Any, low: float, high: float, ends: str) -> bool:
    """Return whether a finite number lies in the interval; `ends` is "[]", "[)", "(]" or "()"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return False
    return (low <= value if ends[0] == "[" else low < value) and (value <= high if ends[1] == "]" else value < high)


def interval(low: float, high: float, ends: str) -> str:
    """Return the interval in words: "in [0, 1)", "of at least 1", "above 0"."""
    if high == float("inf"):
        return f"of at least {low:g}" if ends[0] == "[" else f"above {low:g}"
    return f"in {ends[0]}{low:g}, {high:g}{ends[1]}"


def chosen(setting: str, value: Any, table: Mapping[str, type]) -> Any:
    """Return the object that a choice stands for.

    Parameters
    ----------
    setting : str
        What is being chosen, for the message: "optimizer".
    value : object, str or mapping
    table : mapping of str to class
        The closed list of what may be chosen.

    Raises
    ------
    SettingError
        The name is not in the table, a setting is not one of its own, or is outside its range.
    """
    if type(value) in table.values():
        return _checked(setting, value)
    if isinstance(value, Mapping):
        kind, settings = str(value.get("kind")), {name: one for name, one in value.items() if name != "kind"}
    elif isinstance(value, str):
        kind, settings = _parsed(setting, value)
    else:
        raise SettingError(f"{setting}={value!r}: expected {_expected(table)}.")
    if kind not in table:
        raise SettingError(f"{setting}={kind!r}: expected {_expected(table)}.{nearest(kind, table)}")
    known = [one.name for one in fields(table[kind]) if one.init]
    for name in settings:
        if name not in known:
            raise SettingError(
                f"{setting}: {kind} has no setting {name!r}; it has {', '.join(known) or 'none'}.{nearest(name, known)}"
            )
    return _checked(setting, table[kind](**{n: tuple(v) if isinstance(v, list) else v for n, v in settings.items()}))


def spelled(choice: Any) -> dict[str, Any]:
    """Return the plain dict that `chosen` reads back: the kind and every setting."""
    return {"kind": choice.kind, **asdict(choice)}


def _expected(table: Mapping[str, type]) -> str:
    names = list(table)
    return f'one of {", ".join(names)}, alone or with its settings, like "{names[-1]}(...)"'


def _parsed(setting: str, text: str) -> tuple[str, dict[str, Any]]:
    """Read `name` or `name(setting=literal, ...)`."""
    if "(" not in text:
        return text.strip().replace("-", "_"), {}
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)) or call.args:
            raise ValueError
        return call.func.id, {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SettingError(
            f"{setting}={text!r} cannot be read: expected a name with settings, like adam(beta1=0.95)."
        ) from None


def _checked(setting: str, choice: Any) -> Any:
    for one in fields(choice):
        value = getattr(choice, one.name)
        if one.type in (bool, "bool") and not isinstance(value, bool):
            raise SettingError(f"{setting}: {choice.kind}({one.name}={value!r}): expected True or False.")
        if one.name not in RANGES:
            continue
        bounds = RANGES[one.name]
        if value is None and one.default is None:
            continue
        if one.type in (int, "int") and not isinstance(value, int):
            raise SettingError(f"{setting}: {choice.kind}({one.name}={value!r}): expected a whole number.")
        if isinstance(one.default, tuple) and not (isinstance(value, tuple) and value):
            raise SettingError(
                f"{setting}: {choice.kind}({one.name}={value!r}): expected numbers like {one.default!r}."
            )
        whole = str(one.type) == "tuple[int, ...]"
        for number in value if isinstance(value, tuple) else (value,):
            if not within(number, *bounds) or (whole and not isinstance(number, int)):
                expected = f"a number {interval(*bounds)}"
                raise SettingError(f"{setting}: {choice.kind}({one.name}={value!r}): expected {expected}.")
    return choice
