"""Schedules: how the learning rate changes over training, and the table of them.

Each is a frozen dataclass; `factor(epoch, epochs, costs)` is what the learning rate is multiplied by. `epoch` counts
the passes done and is fractional inside a pass, `epochs` is how many are planned, `costs` are the validation costs
of the epochs so far (training costs without validation rows). The factor depends on these alone, so training resumed at
any step has the rate that it would have had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, log2, pi
from typing import ClassVar, Protocol


class Schedule(Protocol):
    """What the loop asks of a schedule."""

    kind: ClassVar[str]

    @property
    def warmup(self) -> float: ...
    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float: ...


@dataclass(frozen=True, kw_only=True)
class _WarmUp:
    """Any schedule may begin with `warmup` epochs in which the rate rises linearly."""

    warmup: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Constant(_WarmUp):
    """1."""

    kind: ClassVar[str] = "constant"

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Step(_WarmUp):
    """drop^(number of whole `every` epochs done)."""

    kind: ClassVar[str] = "step"
    every: int = 30
    drop: float = 0.1

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        return self.drop ** (int(epoch) // self.every)


@dataclass(frozen=True, kw_only=True)
class Exponential(_WarmUp):
    """decay^(epochs done): the lecture's 0.95^epoch."""

    kind: ClassVar[str] = "exponential"
    decay: float = 0.95

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        return float(self.decay ** int(epoch))


@dataclass(frozen=True, kw_only=True)
class InverseTime(_WarmUp):
    """1 / (1 + decay * epochs done)."""

    kind: ClassVar[str] = "inverse_time"
    decay: float = 1.0

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        return 1 / (1 + self.decay * int(epoch))


@dataclass(frozen=True, kw_only=True)
class Cosine(_WarmUp):
    """From 1 to `final` along half a cosine (Loshchilov and Hutter 2017)."""

    kind: ClassVar[str] = "cosine"
    final: float = 0.0

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        return _half_cosine(1.0, self.final, epoch / epochs)


@dataclass(frozen=True, kw_only=True)
class OneCycle(_WarmUp):
    """From `start` up to 1 over the part `rise`, then down to `final`, both along half a cosine (Smith 2018)."""

    kind: ClassVar[str] = "one_cycle"
    rise: float = 0.3
    start: float = 0.04
    final: float = 4e-6

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        t = epoch / epochs
        if t < self.rise:
            return _half_cosine(self.start, 1.0, t / self.rise)
        return _half_cosine(1.0, self.final, (t - self.rise) / (1 - self.rise))


@dataclass(frozen=True, kw_only=True)
class FlatThenCosine(_WarmUp):
    """1 for the part `flat`, then to 0 along half a cosine."""

    kind: ClassVar[str] = "flat_then_cosine"
    flat: float = 0.5

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        t = epoch / epochs
        return 1.0 if t < self.flat else _half_cosine(1.0, 0.0, (t - self.flat) / (1 - self.flat))


@dataclass(frozen=True, kw_only=True)
class FourCycle(_WarmUp):
    """0.5 (1 - cos(2 pi log2(1 + 15 t))): four cycles, each twice as long (Holzmueller et al. 2024, "coslog4")."""

    kind: ClassVar[str] = "four_cycle"

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        return 0.5 * (1 - cos(2 * pi * log2(1 + 15 * epoch / epochs)))


@dataclass(frozen=True, kw_only=True)
class Plateau(_WarmUp):
    """`drop` to the number of times that `patience` epochs in a row brought no new lowest cost."""

    kind: ClassVar[str] = "plateau"
    patience: int = 5
    drop: float = 0.5
    tolerance: float = 1e-4

    def factor(self, epoch: float, epochs: float, costs: Sequence[float]) -> float:
        lowest, waited, drops = float("inf"), 0, 0
        for cost in costs:
            better = cost < lowest - self.tolerance * abs(lowest) if lowest != float("inf") else True
            lowest, waited = (cost, 0) if better else (lowest, waited + 1)
            if waited >= self.patience:
                drops, waited = drops + 1, 0
        return float(self.drop**drops)


def _half_cosine(start: float, end: float, t: float) -> float:
    return end + (start - end) * 0.5 * (1 + cos(pi * min(t, 1.0)))


def rate_factor(schedule: Schedule, epoch: float, epochs: float, costs: Sequence[float]) -> float:
    """Return the factor with the warm-up in front: rising to 1 over it, the schedule over what is left."""
    if epoch < schedule.warmup:
        return epoch / schedule.warmup
    try:
        return schedule.factor(epoch - schedule.warmup, max(epochs - schedule.warmup, 1e-9), costs)
    except OverflowError:  # a rate beyond all floats: training diverges, and says so
        return float("inf")


SCHEDULES: dict[str, type[Schedule]] = {
    way.kind: way
    for way in (
        Constant,
        Step,
        Exponential,
        InverseTime,
        Cosine,
        OneCycle,
        FlatThenCosine,
        FourCycle,
        Plateau,
    )
}
