"""`cached_property` without a lock, as Python has it from 3.12 on.

Python 3.11 holds a lock while it computes: a child that is forked in that moment waits for it for ever. Without one,
two threads may compute the same value twice, which does no harm.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functools import cached_property as cached_property
else:

    class cached_property:
        """A property that is computed once and kept in the object's dictionary."""

        def __init__(self, compute: Any) -> None:
            self._compute, self.__doc__ = compute, compute.__doc__

        def __set_name__(self, owner: Any, name: str) -> None:
            self._name = name

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            found = instance.__dict__[self._name] = self._compute(instance)
            return found
