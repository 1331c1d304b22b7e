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

from lamina.equations.activations import ACTIVATIONS
from lamina.errors import SettingError, nearest

LONGEST_TEXT = 1_000  # characters of a choice that is written as text
SHOWN_CHARACTERS = 100  # of a value in a message

# The range of every setting that a layer, loss, optimiser or schedule may have: lowest, highest, and whether it may be
# lowest or highest itself. A kind that has another range than the rest has a row of its own.
RANGES: dict[str, tuple[float, float, str]] = {
    "beta1": (0, 1, "[)"),
    "beta2": (0, 1, "[)"),
    "dampening": (0, 1, "[]"),
    "epsilon": (0, 1, "()"),
    "weight_decay": (0, float("inf"), "[)"),
    "clip_norm": (0, float("inf"), "()"),
    "iterations": (1, 20, "[]"),
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
    "momentum": (0, 1, "[)"),
    "batch_norm.momentum": (0, 1, "(]"),  # the share of the newest batch, not that of what was
    "units": (1, 2**31 - 1, "[]"),
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
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        return False
    return (low <= value if ends[0] == "[" else low < value) and (value <= high if ends[1] == "]" else value < high)


def _is_finite(number: int | float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:  # a whole number beyond every float
        return False


def shown(value: Any) -> str:
    """Return a value as it is written, cut where it is long."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text):,} characters)"


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
        return checked(setting, value)
    if isinstance(value, Mapping):
        kind, settings = str(value.get("kind")), {name: one for name, one in value.items() if name != "kind"}
    elif isinstance(value, str):
        kind, settings = _parsed(setting, value)
    else:
        raise SettingError(f"{setting}={shown(value)}: expected {_expected(table)}.")
    if kind not in table:
        raise SettingError(
            f"{setting}={shown(kind)}: expected {_expected(table)}.{nearest(kind[:LONGEST_TEXT], table)}"
        )
    known = [one.name for one in fields(table[kind]) if one.init]
    for name in settings:
        if name not in known:
            it_has = f"it has {', '.join(known) or 'none'}.{nearest(str(name)[:LONGEST_TEXT], known)}"
            raise SettingError(f"{setting}: {kind} has no setting {shown(name)}; {it_has}")
    try:
        choice = table[kind](**{n: tuple(v) if isinstance(v, list) else v for n, v in settings.items()})
    except TypeError as problem:  # a setting without a default was left out
        raise SettingError(f"{setting}: {kind} needs {', '.join(known)}, found {shown(value)}.") from problem
    return checked(setting, choice)


def spelled(choice: Any) -> dict[str, Any]:
    """Return the plain dict that `chosen` reads back: the kind and every setting."""
    return {"kind": choice.kind, **asdict(choice)}


def _expected(table: Mapping[str, type]) -> str:
    names = list(table)
    return f'one of {", ".join(names)}, alone or with its settings, like "{names[-1]}(...)"'


def _parsed(setting: str, text: str) -> tuple[str, dict[str, Any]]:
    """Read `name` or `name(setting=literal, ...)`."""
    if len(text) > LONGEST_TEXT:
        raise SettingError(f"{setting}={shown(text)}: at most {LONGEST_TEXT:,} characters expected.")
    if "(" not in text:
        return text.strip().replace("-", "_"), {}
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)) or call.args:
            raise ValueError
        return call.func.id, {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        raise SettingError(
            f"{setting}={shown(text)} cannot be read: expected a name with settings, like adam(beta1=0.95)."
        ) from None


def checked(setting: str, choice: Any) -> Any:
    """Return an object whose settings are all in their ranges.

    Raises
    ------
    SettingError
        One is not.
    """
    for one in fields(choice):
        value = getattr(choice, one.name)
        value = value.item() if hasattr(value, "item") else value  # a NumPy scalar
        here = f"{setting}: {choice.kind}({one.name}={shown(value)})"
        if one.type in (bool, "bool") and not isinstance(value, bool):
            raise SettingError(f"{here}: expected True or False.")
        if one.name in ("function", "activation") and not (isinstance(value, str) and value in ACTIVATIONS):
            raise SettingError(f"{here}: expected one of {', '.join(ACTIVATIONS)}.{nearest(value, ACTIVATIONS)}")
        if one.name not in RANGES:
            continue
        bounds = RANGES.get(f"{choice.kind}.{one.name}", RANGES[one.name])
        if value is None and one.default is None:
            continue
        if one.type in (int, "int") and not isinstance(value, int):
            raise SettingError(f"{here}: expected a whole number.")
        if isinstance(one.default, tuple) and not (isinstance(value, tuple) and value):
            raise SettingError(f"{here}: expected numbers like {one.default!r}.")
        whole = str(one.type) == "tuple[int, ...]"
        for number in value if isinstance(value, tuple) else (value,):
            if not within(number, *bounds) or (whole and not isinstance(number, int)):
                raise SettingError(f"{here}: expected a number {interval(*bounds)}.")
    return choice
