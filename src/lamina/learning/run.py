"""A run: everything that stays while a network learns."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

from lamina.data.examples import Examples
from lamina.data.folds import AllButOne
from lamina.data.learning import Columns
from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.learning.group import Group
from lamina.learning.hyperparameters import MAY_CHANGE
from lamina.learning.recipe import Recipe
from lamina.learning.state import State

Task = Literal["classifier", "regressor"]


@dataclass(frozen=True, eq=False)
class Run:
    """What stays.

    Attributes
    ----------
    network : Network
    engine : Engine
    recipe : Recipe
    columns : Columns
        The way from rows to A[0] and from A[L] to answers.
    examples : Examples
        The rows to learn from.
    validation : Examples or None
        The validation rows, never learned from.
    settings : mapping
        Every setting, with what the preset chose where it was left at "auto".
    given : mapping
        The settings as they were given.
    task : {"classifier", "regressor"}
    target_name : str
    score : callable, optional
        `score(run, state)`, higher is better: monitored instead of the cost.
    score_name : str
    n_rows_first_run : int
        Rows of the first fit of this network, from which the preset chose its settings.
    rows : mapping of str to str or int
        What tells these rows from others: their "columns" and how many "rows", and fingerprints of their "data" and
        "validation data".
    group : Group, optional
        The workers that learn together; None where one takes whole batches.
    began : float
        When preparing began, on the clock of `time.monotonic`; `max_time` counts from there.
    """

    network: Network
    engine: Engine
    recipe: Recipe
    columns: Columns
    examples: Examples
    validation: Examples | None
    settings: Mapping[str, Any]
    given: Mapping[str, Any]
    task: Task
    target_name: str
    score: Callable[["Run", State], float] | None
    score_name: str
    n_rows_first_run: int
    rows: Mapping[str, Any]
    group: Group | None = None
    began: float = 0.0

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be resumed, as plain values by name."""
        settings = {name: _spelled(value) for name, value in self.given.items() if name not in MAY_CHANGE}
        if not isinstance(self.given["random_state"], int | None):
            settings["random_state"] = type(self.given["random_state"]).__name__
        sums = {} if self.group is None else self.group.together.identity  # not the bits of one who takes batches
        plain = {"task": self.task, "target": self.target_name, **settings, **self.rows, **sums}
        return {**plain, "lamina": version("lamina")}

    @property
    def bags(self) -> int:
        """How many networks learn, each from all folds but one."""
        return self.examples.k if isinstance(self.examples, AllButOne) else 1

    @property
    def n_rows(self) -> int:
        """Number of training rows."""
        return self.examples.n

    @property
    def n_validation(self) -> int:
        """Number of validation rows."""
        return 0 if self.validation is None else self.validation.n


def _spelled(value: Any) -> Any:
    """Return a value as a plain one that is the same in another process: a function's address is not."""
    if isinstance(value, list | tuple):
        return [_spelled(one) for one in value]
    return value if isinstance(value, str | int | float | None) else re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
