"""What a question is given: JSON values of the kinds that it names, in a size that can be worked with.

The annotations of a question say what each argument must be. Those of `Any` are looked at by the question itself.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_args

from lamina.errors import SettingError
from lamina.laboratory.sound import check_sound

LONGEST_QUOTE = 80  # signs of a value that an error repeats


def bound_arguments(name: str, question: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a question by name, if they are of the kinds that its annotations say.

    Parameters
    ----------
    name : str
        Of the question.
    question : callable
        Its first parameter is the bench.
    given : mapping
        Plain JSON values.

    Raises
    ------
    SettingError
        One is missing, unknown, of another kind, no finite number, or nested too deeply.
    """
    _, *parameters = inspect.signature(question).parameters.values()
    known = ", ".join(one.name for one in parameters) or "nothing"
    unknown = [one for one in given if one not in {one.name for one in parameters}]
    missing = [one.name for one in parameters if one.default is one.empty and one.name not in given]
    if unknown or missing:
        problem = f"no argument {quoted(unknown[0])}" if unknown else f"{missing[0]!r} is missing"
        raise SettingError(f"{name}: {problem}. It takes {known}.")
    for argument, value in given.items():
        check_sound(argument, value)
    return {one.name: _of_kind(one, given[one.name]) for one in parameters if one.name in given}


def _of_kind(parameter: inspect.Parameter, value: Any) -> Any:
    """Return a value of the kind that a parameter names; a whole number stands for a number too."""
    wanted = get_args(parameter.annotation) or (parameter.annotation,)
    if Any in wanted or type(value) in wanted:
        return value
    if float in wanted and type(value) is int:
        return float(value)
    words = " or ".join(KINDS[one] for one in wanted)
    raise SettingError(f"{parameter.name}={quoted(value)}: expected {words}.")


KINDS: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    type(None): "nothing",
}


def quoted(value: Any) -> str:
    """Return a value as an error repeats it: its beginning alone where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}\N{HORIZONTAL ELLIPSIS}"
