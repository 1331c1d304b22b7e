"""The arguments of `train_steps`: batch size, rates, and the place of the first step; and those of many at once."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lamina.errors import DataError


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


class _Stretch(NamedTuple):
    """Where an array lies: the address of its first byte, and the one after its last."""

    start: int
    end: int
    training: int
    name: str


def require_apart(trainings: Sequence[Training]) -> None:
    """Check that what a training changes is part of no other array, of its own or of another training.

    Raises
    ------
    DataError
        The parameters or the memory of one overlap with another array.
    """
    reaching = changing = _Stretch(0, 0, 0, "")  # of those before, which reaches furthest: of all, of what is changed
    for here in sorted(_stretches(trainings)):
        before = reaching if here.name in CHANGED else changing
        if before.end > here.start:
            a, b = sorted((before, here), key=lambda one: one.training)
            raise DataError(
                f"{a.name} of training {a.training} and {b.name} of training {b.training} overlap, and params and "
                "memory are changed: give each its own copy."
            )
        reaching = max(reaching, here, key=lambda one: one.end)
        if here.name in CHANGED:
            changing = max(changing, here, key=lambda one: one.end)


CHANGED, READ = ("params", "memory"), ("X", "Y", "weights")


def _stretches(trainings: Sequence[Training]) -> Iterator[_Stretch]:
    for k, training in enumerate(trainings):
        for name, array in zip(Training._fields, training, strict=True):
            if name in CHANGED + READ and array is not None and array.size:
                first = array.__array_interface__["data"][0]
                ways = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
                end = first + sum(way for way in ways if way > 0) + array.itemsize
                yield _Stretch(first + sum(way for way in ways if way < 0), end, k, name)
