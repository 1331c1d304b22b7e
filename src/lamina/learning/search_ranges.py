"""Where a search looks for the value of a setting: between two numbers, or among a few values."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Between:
    """A number between two others, both included."""

    low: float
    high: float

    @property
    def by_ratio(self) -> bool:
        """Whether values are drawn by their logarithm: where the highest is ten times the lowest, or more."""
        return self.low > 0 and self.high >= 10 * self.low

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Among:
    """One of a few values."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return " | ".join(map(written, self.values))


Range = Between | Among


def written(value: Any) -> str:
    """Return a value as the command line spells it: 160,160 or none or 0.05."""
    if isinstance(value, list | tuple):
        return ",".join(map(written, value))
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
