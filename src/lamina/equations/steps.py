"""The steps of a call of `train_steps`, as one record."""

from typing import Any, NamedTuple


class Steps(NamedTuple):
    """How many rows each step takes, how far it goes, and where its random numbers are."""

    batch_size: int  # rows of a step; the last may be shorter
    rates: Any  # (steps,) float64: learning rate of each step
    decays: Any = None  # (steps,) factor on the optimiser's weight_decay; None: 1
    dropouts: Any = None  # (steps,) factor on the dropout rates; None: 1
    seed: int = 0
    step: int = 0  # number of the first step, from 0: random numbers, optimiser's count
    examples: int | None = None  # size of the whole training set (the m of the penalty); None: len(order)
