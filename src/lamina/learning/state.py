"""A state: everything that moves while a network learns, and nothing else.

A copy of it, or a file of its `arrays` and `scalars`, is all that is needed to continue with the same bits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np

from lamina.learning.lbfgs import LBFGS

INFINITY = float("inf")


class Record(NamedTuple):
    """What is known after an epoch; the history holds them as dicts."""

    epoch: int  # counts from 1
    cost: float  # mean over the pass, as the parameters moved; penalty included
    validation_cost: float | None  # cost on the validation rows, without penalty or dropout
    score: float  # of up to 512 training rows, or of all that are watched by a scorer
    validation_score: float | None
    learning_rate: float  # of the last step
    seconds: float  # of this pass


class WatchedCosts(Sequence[float]):
    """The watched cost of every epoch of a history: that on the validation rows, or on the training rows without such.

    A view, because it is passed at every step and used by few schedules.
    """

    def __init__(self, history: list[dict[str, Any]]) -> None:
        self._history = history

    def __len__(self) -> int:
        return len(self._history)

    def __getitem__(self, k: Any) -> Any:
        record = self._history[k]
        watched = record["validation_cost"]
        return record["cost"] if watched is None else watched


@dataclass
class State:
    """Where a run stands.

    Attributes
    ----------
    params : array, shape (network.size,), or (bags, network.size)
    memory : array, shape (len(optimiser.remembers), network.size); with bags, one such for each
    average : array, shape (network.size,), or None
        The exponential moving average of the parameters, where the recipe asks for one.
    best_params : array, shape (network.size,), or None
        Those of the best epoch.
    epoch, rows, step : int
        Epochs completed, rows done in the current epoch, steps done in all.
    learning_rate : float
        Of the last step.
    pass_cost : float
        Sum of cost times rows over the steps of the current epoch.
    pass_seconds, seconds : float
        Time spent in the current epoch, and in all.
    best : float
        The lowest watched value; `best_epoch` is its epoch, counted from 1; 0 before the first. `best_cost` is the
        cost there: of equal scores that of the lower cost is the best.
    threshold : float
        The lowest watched value as patience sees it: `waited` epochs in a row did not beat it by the tolerance.
    history : list of dict
        A `Record` of every epoch; a dict that stands there is never changed.
    looks : sequence of dict
        What looks at the layers showed (`vital_signs`).
    stopped : str
        Why training ended; empty before that.
    final : bool
        Whether more epochs or more time would not change that end.
    torn : bool
        Whether an interrupt within a step left parameters and memory of no one moment.
    seed : int
    optimiser : str
        Whose memory it is.
    watched : str
        Fingerprint of the rows that it learned from, and of what was watched.
    n_rows_first_run : int
        Rows of the first fit of this network, from which the preset chose its settings.
    temperature : float
        What the last layer was divided by in the model that was handed out; `handed_out` is a digest of its parameters.
    """

    params: Any
    memory: Any
    average: Any = None
    best_params: Any = None
    epoch: int = 0
    rows: int = 0
    step: int = 0
    learning_rate: float = 0.0
    pass_cost: float = 0.0
    pass_seconds: float = 0.0
    seconds: float = 0.0
    best: float = INFINITY
    best_cost: float = INFINITY
    best_epoch: int = 0
    waited: int = 0
    threshold: float = INFINITY
    history: list[dict[str, Any]] = field(default_factory=list)
    looks: Sequence[dict[str, Any]] = ()
    stopped: str = ""
    final: bool = False
    torn: bool = False
    seed: int = 0
    optimiser: str = ""
    watched: str = ""
    n_rows_first_run: int = 0
    temperature: float = 1.0
    handed_out: str = ""

    def __post_init__(self) -> None:
        self.looks = tuple(self.looks)  # a file has lists

    @classmethod
    def start(cls, optimiser: Any, params: Any) -> "State":
        """Return the state before the first step."""
        shape = *params.shape[:-1], len(optimiser.remembers), params.shape[-1]
        memory = np.zeros(shape, _type_of_memory(optimiser.kind, params.dtype))
        return cls(params, memory, optimiser=optimiser.kind)

    @property
    def evaluated(self) -> Any:
        """The parameters that are watched and kept: their moving average, or they themselves."""
        return self.params if self.average is None else self.average

    @property
    def costs(self) -> "WatchedCosts":
        """The watched cost of every epoch."""
        return WatchedCosts(self.history)

    def see(self, value: float, patience: int, tolerance: float, cost: float | None = None) -> bool:
        """Take note of an epoch's watched value, lower is better; return whether patience is used up.

        Any lower value makes an epoch the best, and of equal values the lower cost; patience counts the epochs in a row
        that did not beat the lowest value by more than the tolerance. Epochs without a value, such as a score that is
        NaN, come after all others: as long as there are no others, their costs are compared. Where no cost is given,
        the value is one.
        """
        value, cost = _comparable(value, value if cost is None else cost)
        without = self.best == INFINITY
        if without and value < INFINITY:
            self.threshold = INFINITY
        if (value, cost) < (self.best, self.best_cost):
            self.best, self.best_cost, self.best_epoch, self.best_params = (
                value,
                cost,
                self.epoch,
                self.evaluated.copy(),
            )
        watched = cost if without and value == INFINITY else value
        self.waited = 0 if watched < self.threshold - tolerance else self.waited + 1
        self.threshold = min(self.threshold, watched)
        return self.waited >= patience

    def forget_the_best(self) -> None:
        """Search for the best epoch again: other rows are watched from here on, or the parameters were edited."""
        self.best, self.best_cost, self.best_epoch, self.best_params = INFINITY, INFINITY, 0, None
        self.threshold, self.waited = INFINITY, 0

    def judge_the_best(self, value: float, cost: float) -> None:
        """Take note of what the weights of the best epoch are worth now; patience goes by it too."""
        self.best, self.best_cost = _comparable(value, cost)
        self.threshold = self.best_cost if self.best == INFINITY else self.best

    def convert(self, dtype: Any) -> None:
        """Keep every array in another type of number from here on."""
        for name, array in self.arrays().items():
            kept = _type_of_memory(self.optimiser, dtype) if name == "memory" else dtype
            setattr(self, name, array.astype(kept))

    def go_on(self) -> None:
        """Take up training again after its end: patience counts from here."""
        if self.final:
            self.waited = 0
        self.stopped, self.final = "", False

    def mend(self) -> None:
        """Where an interrupt tore the state, go back to the best parameters, and restart the optimiser."""
        if not self.torn:
            return
        if self.best_params is not None:
            self.params = self.best_params.copy()
        self.average = None if self.average is None else self.params.copy()
        self.memory[:], self.step, self.torn = 0, 0, False
        self.rows, self.pass_cost, self.pass_seconds = 0, 0.0, 0.0

    def arrays(self) -> dict[str, Any]:
        """Return the arrays by name; those that are not there yet are left out."""
        named = {name: getattr(self, name) for name in ARRAYS}
        return {name: array for name, array in named.items() if array is not None}

    def scalars(self) -> dict[str, Any]:
        """Return everything else, as plain values."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ARRAYS}

    @classmethod
    def of(cls, arrays: Mapping[str, Any], scalars: Mapping[str, Any]) -> "State":
        """Return the state of which these are the arrays and scalars."""
        copies: dict[str, Any] = {name: np.array(array) for name, array in arrays.items()}
        return cls(**copies, **scalars)

    def copy(self) -> "State":
        """Return a state that moves by itself."""
        return State.of(self.arrays(), {**self.scalars(), "history": list(self.history)})


def _comparable(*values: float) -> Iterator[float]:
    """Return values to compare: NaN is infinity, and so is infinity."""
    return (one if one < INFINITY else INFINITY for one in values)


def _type_of_memory(optimiser: str, dtype: Any) -> Any:
    """Return the type of an optimiser's memory: the line search of L-BFGS tells costs apart by their last digits."""
    return np.float64 if optimiser == LBFGS.kind else dtype


ARRAYS = ("params", "memory", "average", "best_params")
