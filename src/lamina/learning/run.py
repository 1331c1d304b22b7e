"""A run: everything that stays while a network learns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lamina.data.examples import Examples
from lamina.data.learning import Columns
from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.learning.group import ALONE, Group
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
        The rows to watch, never learned from.
    settings : mapping
        Every setting, with what the preset chose where it was left at "auto".
    given : mapping
        The settings as they were given.
    task : {"classifier", "regressor"}
    target_name : str
    score : callable, optional
        `score(run, state)`, higher is better: watched instead of the cost.
    score_name : str
    n_rows_first_run : int
        Rows of the first fit of this network: what its preset looked at.
    identity : mapping of str to plain value
        What must be the same for a checkpoint to be gone on with: settings, data, version.
    group : Group
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
    identity: Mapping[str, Any]
    group: Group = ALONE
    began: float = 0.0

    @property
    def n_rows(self) -> int:
        """Rows that are learned from."""
        return self.examples.n

    @property
    def n_validation(self) -> int:
        """Rows that are watched."""
        return 0 if self.validation is None else self.validation.n
