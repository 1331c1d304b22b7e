"""A finding: one thing that is wrong with a run, in a sentence for people and a name for programs."""

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    name : str
        A row of `FINDINGS`, such as "dead_units".
    severity : {"error", "warning", "note"}
        The run cannot learn, or what it says is wrong; it learns worse than it could; it is worth knowing.
    seen : str
        A sentence with the figure and the layer or column.
    cause : str
        The likely cause; empty where `seen` says it.
    advice : str
        What to do.
    layer : int
        The lecture's number of the layer; 0 where it is about none.
    evidence : dict
        The numbers that it was found by.
    """

    name: str
    severity: Severity
    seen: str
    advice: str
    cause: str = ""
    layer: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(part for part in (self.seen, self.cause, self.advice) if part)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**vars(self), "text": str(self)}


def short(value: float) -> str:
    """Return a number for a sentence: three digits, with commas where it is large."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if 1000 <= abs(rounded) < 1e9 else f"{rounded:.3g}"


def percent(share: float) -> str:
    """Return a share for a sentence: "3 %", "99.5 %"."""
    if 0 < share < 5e-4:
        return "less than 0.1 %"
    digits = 0 if 0.02 <= share <= 0.98 or share in (0, 1) else 1
    return f"{100 * share:.{digits}f} %"


def listed(names: Any, most: int = 3) -> str:
    """Return names between quotes, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more
