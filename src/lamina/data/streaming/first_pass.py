"""What passes over a whole source find, segment by segment, and the plain form in which workers tell one another."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.class_weights import class_factors
from lamina.data.encoding.category_summaries import CategorySummary, LevelCounts
from lamina.data.encoding.learning import ColumnSummary
from lamina.data.encoding.number_summaries import NumberPlan, NumberSummary
from lamina.data.encoding.pieces import InputColumns
from lamina.data.encoding.plan import ColumnPlan
from lamina.data.encoding.samples import RowSample
from lamina.data.encoding.splines import SplineSummary
from lamina.data.encoding.weighing import Weighing
from lamina.data.holding_out import LowestKeys
from lamina.data.label_counts import LabelCounts
from lamina.data.labels import Labels
from lamina.data.late_scales import LateScales, LateSummary, with_late_range
from lamina.data.learning import Columns, Known, RowSummary, Task, target_summary
from lamina.data.moments import Moments
from lamina.data.number_targets import Numbers, TargetMoments
from lamina.data.plain_form import PlainForm
from lamina.data.quantiles import Distribution, QuantileSketch
from lamina.data.streaming.passes import Passes
from lamina.data.streaming.segments import Segments
from lamina.data.streaming.sortedness import Sortedness
from lamina.data.streaming.survey import Drawn, Survey, Surveying
from lamina.data.tables.columns import Column
from lamina.data.tables.reading import Reading, Written
from lamina.data.tables.table import Batch, Table


class Learning:
    """Columns and targets that are learned from the rows.

    Parameters
    ----------
    settings, task, classes, log_link
        See `lamina.data.learning.learn`.
    """

    def __init__(self, settings: Mapping[str, Any], task: Task, classes: Any, log_link: bool) -> None:
        self._settings, self._task, self._classes, self._log_link = settings, task, classes, log_link

    def after(self, before: Any, batch: Batch) -> RowSummary:
        """Return what training rows say, together with what those before them said."""
        return RowSummary.after(before, batch, self._settings, self._task, self._classes)

    def columns(self, found: RowSummary) -> Columns:
        """Return the way from columns to numbers and back."""
        return found.learned(self._settings, self._classes, self._log_link)


@dataclass(frozen=True, eq=False)
class KnownSummary:
    """What a run of training rows says where columns and targets are known: see `LateScales`."""

    late: LateSummary
    targets: Any  # LabelCounts or TargetMoments
    n_rows: int

    def joined(self, other: "KnownSummary") -> "KnownSummary":
        """Return what both runs of rows say."""
        targets = self.targets.joined(other.targets)
        return KnownSummary(self.late.joined(other.late), targets, self.n_rows + other.n_rows)


class Keeping:
    """Columns and targets that are known from an earlier fit.

    Parameters
    ----------
    known : Known
    settings, task, log_link
        See `lamina.data.learning.learn`.
    """

    def __init__(self, known: Known, settings: Mapping[str, Any], task: Task, log_link: bool) -> None:
        self._known, self._settings, self._task, self._log_link = known, settings, task, log_link
        self._late = LateScales(known.encoder, settings)

    def after(self, before: Any, batch: Batch) -> KnownSummary:
        """Return what training rows say, together with what those before them said."""
        classes = self._known.target.classes if isinstance(self._known.target, Labels) else None
        targets = target_summary(batch, self._task, classes)
        here = KnownSummary(self._late.seen(batch), targets, batch.table.n_rows)
        return here if before is None else before.joined(here)

    def columns(self, found: KnownSummary) -> Columns:
        """Return the way from columns to numbers and back; what had no spread before takes its scale from the rows."""
        target, factors, weight = self._known.target, None, self._settings.get("class_weight")
        if isinstance(target, Numbers):
            target = with_late_range(target, found.targets, self._settings, self._log_link)
        elif weight is not None:
            factors = class_factors(weight, found.targets)
        return Columns(self._late.encoder(found.late), target, factors, found.n_rows)


@dataclass(frozen=True, eq=False)
class Seen:
    """What the first pass over a run of rows finds."""

    rows: Any  # RowSummary or KnownSummary of the training rows; None where there are none
    survey: Survey

    def joined(self, other: "Seen") -> "Seen":
        """Return what both runs of rows say."""
        rows = self.rows or other.rows
        if self.rows is not None and other.rows is not None:
            rows = self.rows.joined(other.rows)
        return Seen(rows, self.survey.joined(other.survey))


@dataclass(frozen=True, eq=False)
class Total:
    """A sum over a run of rows."""

    value: float

    def joined(self, other: "Total") -> "Total":
        """Return the sum over both runs of rows."""
        return Total(self.value + other.value)


def first_pass(passes: Passes, segments: Segments, what: Learning | Keeping, rows: range) -> Iterator[Seen]:
    """Yield what each of the segments says that these rows are."""
    for batches in segments.cut(passes.passed(rows)):
        summary: Any = None
        survey = Surveying(passes)
        for batch in batches:
            sides = passes.sides(batch)
            survey.add(batch, sides)
            if sides.train.table.n_rows:
                summary = what.after(summary, sides.train)
        yield Seen(summary, survey.survey)


def joined_by_segment(segments: Segments, batches: Iterator[Batch], of_batch: Callable[[Batch], Any]) -> Iterator[Any]:
    """Yield what each segment says, from what its batches say."""
    for here in segments.cut(batches):
        found: Any = None
        for batch in here:
            one = of_batch(batch)
            found = one if found is None else found.joined(one)
        yield found


def total_weight(targets: Any, factors: Any) -> float | None:
    """Return the sum of the weights of rows, those of their classes included; None where their targets do not say it.

    Parameters
    ----------
    targets : LabelCounts or TargetMoments
    factors : array, optional
        What each class counts: see `class_weights`.
    """
    if isinstance(targets, TargetMoments):
        return targets.weight
    sums: NDArray[np.float64] = targets.weights
    if targets.labels.task == "multilabel":  # a row counts as the product over its labels
        return float(sums[0].sum()) if factors is None else None
    return float((sums if factors is None else sums * factors[-len(sums) :]).sum())


def with_used_levels(column: Column) -> Column:
    """Return a column of text without the levels that none of its rows has."""
    if column.kind != "category" or column.levels is None or len(column.levels) <= 1:
        return column
    used = np.zeros(len(column.levels) + 1, bool)
    used[column.values] = True
    used[-1] = False  # code -1 is missing
    places = np.where(used, np.cumsum(used) - 1, -1)
    return replace(column, values=places[column.values], levels=column.levels[used[:-1]])


# What may be told, and what goes in place of it.
FORM = PlainForm(
    {
        **dict.fromkeys((Seen, KnownSummary, RowSummary, LateSummary, Survey, Drawn, Sortedness, Total, LowestKeys)),
        **dict.fromkeys((ColumnSummary, ColumnPlan, InputColumns, Reading, Written, Weighing, NumberPlan, Moments)),
        **dict.fromkeys((QuantileSketch, Distribution, CategorySummary, LevelCounts, SplineSummary, RowSample)),
        **dict.fromkeys((LabelCounts, Labels, TargetMoments, Batch, Table)),
        NumberSummary: NumberSummary.without_rows,
        Column: with_used_levels,
    }
)
