"""Learning an encoder: every batch of the training rows is looked at once, and what the batches say is joined."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.encoding.category_summaries import CategorySummary
from lamina.data.encoding.dates import DATE_CHOICES, Dates
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.encodings import ENCODINGS, Summary
from lamina.data.encoding.faults import MISSINGS, Missing
from lamina.data.encoding.identifiers import recurs
from lamina.data.encoding.number_summaries import NumberSummary
from lamina.data.encoding.numbers import ASKED_SCALINGS, AskedScaling
from lamina.data.encoding.plan import ColumnPlan
from lamina.data.encoding.splines import SplineSummary
from lamina.data.encoding.weighing import Weighing
from lamina.data.tables.alignment import aligned
from lamina.data.tables.table import Batch, Table, check_size
from lamina.data.targets import Labels, Numbers
from lamina.errors import DataError, SettingError


@dataclass(frozen=True, eq=False)
class ColumnSummary:
    """What training rows say about their columns."""

    plan: ColumnPlan
    weighing: Weighing
    kinds: dict[str, Summary]  # by kind of encoding

    @staticmethod
    def of(batch: Batch, settings: Mapping[str, Any], plan: ColumnPlan | None = None) -> "ColumnSummary":
        """Return what one batch says; `plan` is that of the batches before it."""
        plan = plan or ColumnPlan.of(batch.table, settings)
        weighing = Weighing.of(batch.weights, batch.table.n_rows)
        table = aligned(batch.table, plan.inputs.names, plan.inputs.named)
        batch = batch._replace(table=table, weights=weighing.scaled(batch.weights))
        return ColumnSummary(plan, weighing, {kind: one.summary.of(batch, plan) for kind, one in ENCODINGS.items()})

    def joined(self, other: "ColumnSummary") -> "ColumnSummary":
        """Return what both runs of rows say."""
        weighing = self.weighing.joined(other.weighing)
        kinds = {kind: mine.joined(other.kinds[kind]) for kind, mine in self.kinds.items()}
        return ColumnSummary(self.plan, weighing, kinds)

    def encoder(self, target: Labels | Numbers | None = None) -> Encoder:
        """Return the encoder that was learned; `target` is needed where columns are chosen by what they say of it."""
        finds = self.plan.finds_identifiers and "splines" in self.kinds  # which a look without a target has left out
        of_kinds = self._with_identifiers(target) if finds else self
        plan, kinds = of_kinds.plan, of_kinds.kinds
        found = [summary.pieces(plan, self.weighing.unit, target) for summary in kinds.values()]
        return Encoder(plan.inputs, tuple(piece for pieces in found for piece in pieces))

    def _with_identifiers(self, target: Labels | Numbers | None) -> "ColumnSummary":
        """Return the summary in which numbers that turn out to be identifiers are categories."""
        numbers, categories, sample = (self.kinds[kind] for kind in ("numbers", "categories", "splines"))
        assert isinstance(numbers, NumberSummary)
        assert isinstance(categories, CategorySummary)
        assert isinstance(sample, SplineSummary)
        counted = ((j, numbers.counts(j)) for j in sample.identifiers(self.plan, target))
        known = ((j, counts) for j, counts in counted if counts is not None)
        found = {j: counts for j, counts in known if recurs(len(counts.counts), counts.rows(self.weighing.unit))}
        plan = self.plan.with_categories(found)
        return replace(self, plan=plan, kinds=self.kinds | {"categories": categories.among(plan, found)})


def learn_encoder(
    tables: Table | Iterable[Table],
    weights: NDArray[np.float64] | None = None,
    *,
    scaling: AskedScaling = "standard",
    missing: Missing = "encode",
    max_categories: int = 50,
    dates: Dates = "number",
    embed_above: int | None = None,
    min_frequency: int = 1,
    categorical: Sequence[str | int] = (),
    splines: Sequence[str | int] = (),
) -> Encoder:
    """Learn an encoder from training rows without targets.

    Parameters
    ----------
    tables : Table, or iterable of Tables with the same columns
        Read once, in order. Quantiles of a single Table are exact; those of several are exact up to about 100,000
        different values in a column, and beyond that within the error that `quantiles.QuantileSketch` states.
    weights : array, shape (n_rows,), optional
        For a single table. A row of weight 2 counts as two rows, one of weight 0 is not looked at.
    scaling : {"standard", "minmax", "robust", "quantile", "none", "suited"}
        To mean 0 and standard deviation 1; to [0, 1]; by median and quartiles with a smooth clip to ±3; to a standard
        normal through up to 1,000 quantiles; or as they are; or robust where the columns are measurements of one kind
        (`number_summaries.are_alike`), else quantile. A missing number is filled with the median (robust,
        quantile) or the mean.
    missing : {"encode", "raise"}
    max_categories : int
        Above so many levels, the rarer ones of a column share one encoded column.
    dates : {"auto", "number", "parts", "cyclic"}
        A date is one scaled number; or also year, month, weekday and hour (UTC), those that vary; or month, weekday and
        hour as sine and cosine. "auto": parts, where the hour or the year varies.
    embed_above : int, optional
        A column of more levels becomes one column of whole numbers, for a layer that looks them up. Then not
        `max_categories` but 10,000 levels are the limit.
    min_frequency : int
        Levels of fewer rows share one encoded column.
    categorical : sequence of str or int
        Columns of numbers, by name or position, whose different numbers are levels. (`learn` also takes "identifiers":
        the columns that identifiers.py finds, by the targets.)
    splines : sequence of str or int
        Columns of numbers, by name or position, that also bring a spline basis, if they have three values or more.

    Raises
    ------
    DataError
        An infinite number, or a missing one where `missing="raise"`; it names the column and row.
    ColumnError
        `categorical` or `splines` names a column that is not there, or one of another kind.
    """
    if scaling not in ASKED_SCALINGS or missing not in MISSINGS or dates not in DATE_CHOICES:
        raise SettingError(
            f"scaling is one of {ASKED_SCALINGS}, missing one of {MISSINGS}, dates one of {DATE_CHOICES}; "
            f"found {scaling!r}, {missing!r}, {dates!r}"
        )
    for name, limit, least in (
        ("max_categories", max_categories, 2),
        ("embed_above", embed_above, 2),
        ("min_frequency", min_frequency, 1),
    ):
        if limit is not None and limit < least:
            raise SettingError(f"{name} is {least} or more, found {limit}")
    settings = {
        "scaling": scaling,
        "missing": missing,
        "max_categories": max_categories,
        "dates": dates,
        "embed_above": embed_above,
        "min_frequency": min_frequency,
        "categorical": categorical,
        "splines": splines,
    }
    if weights is not None and not isinstance(tables, Table):
        raise DataError("weights are for a single table of training rows")
    found: ColumnSummary | None = None
    first = 0
    for table in (tables,) if isinstance(tables, Table) else tables:
        here = ColumnSummary.of(_batch(table, weights, first), settings, None if found is None else found.plan)
        found = here if found is None else found.joined(here)
        first += table.n_rows
    if found is None:
        raise DataError("training rows expected, found none")
    return found.encoder()


def _batch(table: Table, weights: NDArray[np.float64] | None, first: int) -> Batch:
    """Return the rows that count."""
    check_size(table)
    if weights is None:
        return Batch(table, first=first)
    if len(weights) != table.n_rows:
        raise DataError(f"{table.n_rows} rows, but {len(weights)} weights")
    counts = weights > 0
    if not counts.any():
        raise DataError("all weights are zero: at least one positive weight expected")
    return Batch(table, None, weights, first) if counts.all() else Batch(table.take(counts), None, weights[counts])
