"""JSON values that can be worked with: JSON itself knows numbers of any length, and lists within lists without end."""

from math import isfinite
from typing import Any

from lamina.errors import SettingError

DEEPEST = 32  # nothing that is asked needs more, and whoever walks through it stays within the depth of Python's stack
MOST_BITS = 64  # of a whole number: a seed has so many


def check_sound(name: str, value: Any) -> None:
    """Find out whether a value, and all within it, can be worked with.

    Raises
    ------
    SettingError
        A number is not finite or has more than 64 bits, or lists are nested too deeply.
    """
    level = [value]
    for _ in range(DEEPEST):
        for one in level:
            if isinstance(one, float) and not isfinite(one):
                raise SettingError(f"{name}: {one} is no finite number.")
            if isinstance(one, int) and one.bit_length() > MOST_BITS:
                raise SettingError(f"{name}: a whole number of {one.bit_length()} bits, expected at most {MOST_BITS}.")
        level = [part for one in level for part in _parts(one)]
        if not level:
            return
    raise SettingError(f"{name}: lists within lists, more than {DEEPEST} deep.")


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
