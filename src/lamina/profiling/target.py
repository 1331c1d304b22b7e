"""What a run of rows says about the target: its classes, its numbers, and whether the rows are sorted by it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.labels import Labels
from lamina.data.number_targets import Numbers, TargetMoments
from lamina.data.tables.arrays import from_numpy
from lamina.data.tables.columns import Column

MOST_CLASSES = 20_000  # that are counted


@dataclass(frozen=True, eq=False)
class TargetCounts:
    """What is known of the target, from the rows that have one.

    Attributes
    ----------
    classes : dict of label to rows, or None
        None for numbers with fractions, and for more than 20,000 different values.
    numbers : TargetMoments or None
        Of finite numbers.
    first, last : the targets at both ends of the run
    rises, falls : int
        How often a target is larger, or smaller, than that of the row before; of text: in the order of the alphabet.
    steps : float
        Sum of squared differences of neighbouring rows; of classes half of it is the number of changes.
    """

    classes: dict[Any, int] | None
    numbers: TargetMoments | None
    first: Any
    last: Any
    rises: int
    falls: int
    steps: float

    @staticmethod
    def of(column: Column) -> "TargetCounts | None":
        """Return what some rows say; None where no row has a target."""
        column = as_training_sees(column)
        if column.levels is None:
            y = np.asarray(column.values[~np.isnan(column.values)], np.float64)
            return _of_numbers(y) if len(y) else None
        codes = column.values[column.values >= 0]
        return _of_levels(codes, column.levels) if len(codes) else None

    def joined(self, other: "TargetCounts") -> "TargetCounts":
        """Return what both runs of rows say; `other` are those that follow."""
        classes, numbers = None, None
        if self.classes is not None and other.classes is not None:
            classes = dict(self.classes)
            for label, count in other.classes.items():
                classes[label] = classes.get(label, 0) + count
            classes = classes if len(classes) <= MOST_CLASSES else None
        if self.numbers is not None and other.numbers is not None:
            numbers = self.numbers.joined(other.numbers)
        between = float(other.first != self.last) * 2
        if numbers is not None:
            between = float(other.first - self.last) ** 2
        return replace(
            self,
            classes=classes,
            numbers=numbers,
            last=other.last,
            rises=self.rises + other.rises + bool(other.first > self.last),
            falls=self.falls + other.falls + bool(other.first < self.last),
            steps=self.steps + other.steps + between,
        )

    def labels(self) -> Labels | None:
        """Return the classes as training learns them."""
        if self.classes is None:
            return None
        known = list(self.classes)
        array = np.array(known, np.str_) if isinstance(known[0], str) else np.array(known)
        return Labels.of(array)

    def standardised(self) -> Numbers | None:
        """Return the numbers as training learns them by default."""
        return None if self.numbers is None else self.numbers.target()

    def unrest(self, as_classes: bool) -> float:
        """Return how much neighbouring rows differ, as a part of what two rows drawn at random do (von Neumann 1941).

        About 1 for rows in random order, near 0 where they are sorted. Of a target without variation 1.
        """
        if as_classes:
            assert self.classes is not None
            p = np.array(list(self.classes.values()), np.float64)
            n = p.sum()
            changes, expected = self.rises + self.falls, (n - 1) * (1 - np.sum((p / n) ** 2))
            return float(changes / expected) if expected > 0 else 1.0
        assert self.numbers is not None
        n, deviation = self.numbers.weight, float(self.numbers.moments.scale()[0])
        with np.errstate(over="ignore", invalid="ignore"):
            part = np.float64(self.steps) / (2 * (n - 1) * np.float64(deviation) ** 2) if n > 1 else 1.0
        return float(part) if np.isfinite(part) else 1.0


def as_training_sees(column: Column) -> Column:
    """Return a target column of the kind that its plain values have: levels that are numbers are numbers."""
    if column.kind == "category" and column.levels is not None and not all(map(_is_text, column.levels.tolist())):
        return from_numpy(column.name, column.array())
    return column


def _is_text(level: Any) -> bool:
    return isinstance(level, str)


def _of_numbers(y: NDArray[np.float64]) -> TargetCounts:
    classes, moments = None, None
    finite = bool(np.isfinite(y).all())
    if finite and (y == np.floor(y)).all():
        values, counts = np.unique(y, return_counts=True)
        if len(values) <= MOST_CLASSES:
            classes = dict(zip(values.tolist(), counts.tolist(), strict=True))
    if finite:
        moments = TargetMoments.of(y)
    with np.errstate(over="ignore", invalid="ignore"):
        d = np.diff(y)
        steps = float(np.sum(d**2))
    return TargetCounts(classes, moments, y[0], y[-1], int((d > 0).sum()), int((d < 0).sum()), steps)


def _of_levels(codes: NDArray[Any], levels: NDArray[Any]) -> TargetCounts:
    counts = np.bincount(codes, minlength=len(levels))
    named = levels.tolist()
    classes: dict[Any, int] = {}
    for code in np.flatnonzero(counts).tolist():
        classes[named[code]] = classes.get(named[code], 0) + int(counts[code])
    place = {label: i for i, label in enumerate(sorted(classes))}
    d = np.diff(np.array([place.get(label, 0) for label in named])[codes])
    rises, falls = int((d > 0).sum()), int((d < 0).sum())
    kept = classes if len(classes) <= MOST_CLASSES else None
    return TargetCounts(kept, None, named[codes[0]], named[codes[-1]], rises, falls, 2.0 * (rises + falls))
