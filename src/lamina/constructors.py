"""The estimators' constructors: an argument for each setting of the table, with its default.

What type checkers and editors see of them stands in constructors.pyi, which `make stubs` writes from the same table.
"""

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from lamina.learning.hyperparameters import settings_for, unknown

BY_POSITION = ("hidden_layer_sizes", "activation")  # as scikit-learn's MLPClassifier takes them


def parameters(task: str) -> list[Parameter]:
    """Return the arguments of a constructor, in order."""
    known = settings_for(task)
    kinds = dict.fromkeys(BY_POSITION, Parameter.POSITIONAL_OR_KEYWORD) | dict.fromkeys(
        (name for name in known if name not in BY_POSITION), Parameter.KEYWORD_ONLY
    )
    return [Parameter(name, kind, default=known[name].default) for name, kind in kinds.items()]


def _constructor(task: str) -> Callable[..., None]:
    arguments = parameters(task)

    def __init__(self: Any, *given: Any, **values: Any) -> None:
        who = type(self).__name__
        if len(given) > len(BY_POSITION):
            raise TypeError(
                f"{who} takes {' and '.join(BY_POSITION)} by position and all else by name: found {len(given)} values "
                f"without a name."
            )
        placed = dict(zip(BY_POSITION, given, strict=False))
        for name in values:
            if name in placed:
                raise TypeError(f"{who} got {name} twice: by position and by name.")
            if name not in settings_for(task):
                raise TypeError(unknown(name, who, task))
        placed |= values
        for one in arguments:
            setattr(self, one.name, placed.get(one.name, one.default))

    me = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    __init__.__signature__ = Signature([me, *arguments])  # type: ignore[attr-defined]
    return __init__


class ClassifierSettings:
    """The settings of a classifier."""

    __init__ = _constructor("classifier")


class RegressorSettings:
    """The settings of a regressor."""

    __init__ = _constructor("regressor")
