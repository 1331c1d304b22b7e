"""A learner's own function of the course, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def check(name: str, function: Callable[..., Any], **how: Any) -> Any:
    """Check your own function of the course, and name its mistake.

    It is called on cases of many shapes, in a process of its own.

    Parameters
    ----------
    name : str
        The course's name, such as "linear_backward".
    function : callable
        Yours, with the course's arguments.
    **how
        `hint`, `solution`, `seconds`: see `lamina.glassbox.doctor.check`.

    Returns
    -------
    FunctionReport
        True where the function is right. It prints what is wrong.
    """
    from lamina.glassbox.doctor import check

    return check(name, function, **how)
