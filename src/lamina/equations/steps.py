"""The arguments of `train_steps`: batch size, rates, and the place of the first step; and those of many at once."""

from typing import Any, NamedTuple


class Steps(NamedTuple):
    """Consecutive training steps: one for every rate, on `batch_size` rows each."""

    batch_size: int  # rows of a step; the last may be shorter
    rates: Any  # (steps,): the learning rate of each step
    decays: Any = None  # (steps,): what the optimiser's weight_decay is multiplied by; None: 1
    dropouts: Any = None  # (steps,): what the rates of dropout are multiplied by; None: 1
    seed: int = 0
    step: int = 0  # number of the first step, from 0: its place in the random numbers and in the optimiser's count
    examples: int | None = None  # size of the whole training set, the m of the penalty; None: the rows in the order

    def decay(self, k: int) -> float:
        """What the optimiser's weight_decay is multiplied by at step k of these."""
        return 1.0 if self.decays is None else float(self.decays[k])

    def dropout(self, k: int) -> float:
        """What the rates of dropout are multiplied by at step k of these."""
        return 1.0 if self.dropouts is None else float(self.dropouts[k])


class Training(NamedTuple):
    """One of the trainings of `train_steps_many`: what `train_steps` is given, but for the network."""

    optimiser: Any
    params: Any  # changed in place, and so is the memory: they are no other training's
    memory: Any
    X: Any
    Y: Any
    weights: Any
    order: Any
    steps: Steps
