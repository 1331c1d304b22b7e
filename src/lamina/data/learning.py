"""What the training rows say about columns and targets: `learn` looks at each of them once, and at no other row.

Everything is learned by summaries that join: of a batch of rows, and of two runs of rows what both say. So rows that
arrive in batches teach what they teach at once: the same classes, counts and ranges; means and deviations to rounding;
quantiles within the error that quantiles.py states. Splines, and which columns are jagged, are learned from a sample of
20,000 rows where there are several batches; their numbers decide which.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from lamina.data.class_weights import class_factors
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.learning import ColumnSummary
from lamina.data.label_counts import LabelCounts
from lamina.data.number_targets import TargetMoments
from lamina.data.tables.table import Batch
from lamina.data.target_values import same_length
from lamina.data.targets import Labels, Numbers
from lamina.errors import DataError

IN_ROW = re.compile(r"\brow (\d+)")

Task = Literal["classifier", "regressor"]


class Columns(NamedTuple):
    """What was learned: how rows become numbers, on either side of the network."""

    encoder: Encoder
    target: Labels | Numbers
    class_factors: Any  # what each class counts (see class_weights.py), or None
    n: int  # rows learned from


class Known(NamedTuple):
    """What an earlier fit learned."""

    encoder: Encoder
    target: Labels | Numbers


def learn(
    batches: Iterable[Batch],
    settings: Mapping[str, Any],
    task: Task,
    *,
    classes: Any = None,
    log_link: bool = False,
) -> Columns:
    """Return the encodings of columns and targets that the training rows give.

    Parameters
    ----------
    batches : iterable of Batch
        The training rows and no others, read once. Batches without rows are passed over.
    settings : mapping
        Resolved values: scaling, missing, max_categories, min_frequency, embed_above, categorical, dates, splines; of a
        regressor scale_target and clamp; of a classifier class_weight.
    task : {"classifier", "regressor"}
    classes : array, optional
        Every class, where `y` may lack some.
    log_link : bool
        The network predicts the logarithm of the target: it is scaled, but not shifted.

    Raises
    ------
    DataError
        No rows, or rows or targets that cannot be learned from; it names the column and the row.
    """
    found: RowSummary | None = None
    for batch in batches:
        if batch.table.n_rows:
            found = RowSummary.after(found, batch, settings, task, classes)
    if found is None:
        raise DataError("training rows expected, found none")
    return found.learned(settings, classes, log_link)


@dataclass(frozen=True, eq=False)
class RowSummary:
    """What a run of training rows says about columns and targets."""

    columns: ColumnSummary
    targets: Any  # LabelCounts of a classifier, TargetMoments of a regressor

    @staticmethod
    def after(
        before: "RowSummary | None", batch: Batch, settings: Mapping[str, Any], task: Task, classes: Any = None
    ) -> "RowSummary":
        """Return what a batch says, together with what the rows before it said."""
        targets = target_summary(batch, task, classes)
        if before is None:
            return RowSummary(ColumnSummary.of(batch, settings), targets)
        targets = before.targets.joined(targets)
        columns = ColumnSummary.of(batch, settings, before.columns.plan)
        return RowSummary(before.columns.joined(columns), targets)

    def joined(self, other: "RowSummary") -> "RowSummary":
        """Return what both runs of rows say."""
        targets = self.targets.joined(other.targets)
        return RowSummary(self.columns.joined(other.columns), targets)

    def learned(self, settings: Mapping[str, Any], classes: Any = None, log_link: bool = False) -> Columns:
        """Return the encodings of columns and targets that these rows give: see `learn`."""
        targets, n = self.targets, self.columns.weighing.n_rows
        if isinstance(targets, TargetMoments):
            target = targets.target(settings["scale_target"], settings["clamp"], log_link)
            return Columns(self.columns.encoder(target), target, None, n)
        labels = targets.target(classes)
        class_weight = settings.get("class_weight")
        factors = None if class_weight is None else class_factors(class_weight, targets)
        return Columns(self.columns.encoder(labels), labels, factors, n)


def target_summary(batch: Batch, task: Task, classes: Any = None) -> LabelCounts | TargetMoments:
    """Return what a batch says about its targets; errors name rows by their numbers in the source."""
    if batch.y is None:
        raise DataError("targets expected beside the rows, found none")
    same_length(batch.table.n_rows, len(batch.y), "targets")
    with numbered_as(batch.row_numbers):
        if task == "classifier":
            return LabelCounts.of(batch.y, batch.weights, classes)
        return TargetMoments.of(batch.y, batch.weights)


@contextmanager
def numbered_as(row_numbers: NDArray[Any]) -> Iterator[None]:
    """Let errors about targets name a row by its number in the source."""
    try:
        yield
    except DataError as problem:
        said = IN_ROW.sub(lambda found: f"row {row_numbers[int(found[1])]}", str(problem))
        raise type(problem)(said) from problem
