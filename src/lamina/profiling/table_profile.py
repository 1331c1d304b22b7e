"""What a table is like: one pass over its rows, in memory that does not grow with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.encoding.encoder import Encoder
from lamina.data.roles import Roles
from lamina.data.row_hash import NAN_BITS, column_words, words
from lamina.data.tables.table import Batch, Table
from lamina.data.target_values import task_of
from lamina.data.targets import Labels, Numbers
from lamina.errors import DataError, NoRowsError
from lamina.profiling.columns import ColumnCounts
from lamina.profiling.distinct import DistinctValues
from lamina.profiling.learned import LearnedColumns
from lamina.profiling.relations import FEWEST_ROWS, explains, in_step, target_matrix
from lamina.profiling.target import TargetCounts
from lamina.profiling.word_samples import WordSample

ROOM_FOR_ROWS = 2**16
SOME_ROWS = 4096
Task = Literal["classification", "regression"]
ENCODING_SETTINGS = (
    "scaling",
    "missing",
    "max_categories",
    "min_frequency",
    "embed_above",
    "categorical",
    "dates",
    "splines",
)


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of a table.

    Attributes
    ----------
    rows : int
    columns : tuple of ColumnCounts
        In the order of the table.
    different_rows : DistinctValues
    sample : WordSample
    roles : Roles
    asked : {"classification", "regression"} or None
        What the target holds, where that was said.
    target : TargetCounts or None
        Of the rows that have a target.
    some : Batch
        A few rows to learn from.
    n_to_learn_from : int
        Rows with a target and a weight above 0.
    encoder : Encoder or None
        That training would learn from all these rows; None where it would refuse them.
    refused : DataError or None
        Why it would.
    warned : list of str
        What it would warn of.
    """

    rows: int
    columns: tuple[ColumnCounts, ...]
    different_rows: DistinctValues
    sample: WordSample
    roles: Roles
    asked: Task | None
    target: TargetCounts | None
    some: Batch
    n_to_learn_from: int
    encoder: Encoder | None
    refused: DataError | None
    warned: list[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the table."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnCounts:
        """Return what is known of a column."""
        return self.columns[self.names.index(name)]

    @property
    def target_column(self) -> ColumnCounts | None:
        """The column to predict."""
        return next((self.column(name) for name in self.roles.targets), None)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The columns that are learned from."""
        return self.roles.inputs(self.names)

    @cached_property
    def task(self) -> tuple[str, str] | None:
        """The task ("binary", "multiclass" or "regression") and why, which is "" where it was asked for.

        None without a target, or for one of dates.
        """
        return _task(self.target_column, self.target, self.asked)

    @property
    def learned_target(self) -> Labels | Numbers | None:
        """The target as training would learn it."""
        return _learned(self.task, self.target)

    @cached_property
    def _rows_with_target(self) -> NDArray[np.uint64]:
        """The sample in the order of the rows, those without a target left out."""
        found = self.sample.in_order()
        if self.target_column is None:
            return found
        return found[found[:, self.columns.index(self.target_column)] != NAN_BITS]

    @property
    def rows_looked_at(self) -> int:
        """How many rows the relations of columns were seen in."""
        return len(self._rows_with_target)

    @cached_property
    def explained(self) -> dict[str, float]:
        """How much of the target each input alone explains; empty where there are too few rows to say."""
        found = self._rows_with_target
        if self.task is None or self.target_column is None or len(found) < FEWEST_ROWS:
            return {}
        Y = target_matrix(found[:, self.columns.index(self.target_column)], self.task[0] != "regression")
        numeric = {column.name: column.kind in ("number", "date") for column in self.columns}
        return {name: explains(found[:, self.names.index(name)], numeric[name], Y) for name in self.inputs}

    @cached_property
    def in_step(self) -> list[tuple[str, ...]]:
        """Groups of columns of which each gives all the others, in every row that was looked at."""
        numeric = [column.kind in ("number", "date") for column in self.columns]
        groups = {tuple(self.names[j] for j in group) for group in in_step(self._rows_with_target, numeric)}
        seen = {name for group in groups for name in group}
        copies: dict[int, list[str]] = {}
        for column in self.columns:
            if column.name not in seen and column.values.number > 1 and self.rows >= FEWEST_ROWS:
                copies.setdefault(column.fingerprint, []).append(column.name)
        groups |= {tuple(names) for names in copies.values() if len(names) > 1}
        return sorted(groups, key=lambda group: self.names.index(group[0]))

    def are_copies(self, group: Iterable[str]) -> bool:
        """Return whether columns hold the same values in all rows of the table."""
        return len({self.column(name).fingerprint for name in group}) == 1


def profile_of(
    batches: Iterable[Batch], roles: Roles, settings: Mapping[str, Any], asked: Task | None = None
) -> Profile:
    """Return what a table is like, from one pass over its rows.

    Parameters
    ----------
    batches : iterable of Batch
        All the rows, in order. What is found does not depend on how they are cut into batches, but for quantiles
        beyond the error that `data.quantiles` states.
    roles : Roles
        They name columns that are there, and one target at most.
    settings : mapping
        Resolved values of `ENCODING_SETTINGS`: how training would encode the columns.
    asked : {"classification", "regression"}, optional
        What the target holds; detected if not given.

    Raises
    ------
    NoRowsError
        There are no rows.
    """
    learned = LearnedColumns(settings)
    columns: list[ColumnCounts] | None = None
    rows, target, sample = 0, None, WordSample.empty(0)
    different = DistinctValues.of(np.zeros(0, np.uint64), room=ROOM_FOR_ROWS)
    n_to_learn_from, some = 0, None
    for batch in batches:
        if batch.table.n_rows == 0:
            continue
        columns, different, sample = _counted(batch, columns, different, sample)
        rows += batch.table.n_rows
        for name in roles.targets:
            found = TargetCounts.of(batch.table.at(batch.table.names.index(name)))
            target = found if target is None else target if found is None else target.joined(found)
        counting = _to_learn_from(batch, roles)
        learned.look(counting)
        if some is None or not some.table.n_rows:
            some = _few(counting)
        n_to_learn_from += counting.table.n_rows
    if columns is None or some is None:
        raise NoRowsError("rows expected, found none")
    task = _task(next((one for one in columns if one.name in roles.targets), None), target, asked)
    encoder, warned = learned.encoder(_learned(task, target))
    return Profile(
        rows,
        tuple(columns),
        different,
        sample,
        roles,
        asked,
        target,
        some,
        n_to_learn_from,
        encoder,
        learned.refused,
        warned,
    )


def _counted(
    batch: Batch, before: list[ColumnCounts] | None, different: DistinctValues, sample: WordSample
) -> tuple[list[ColumnCounts], DistinctValues, WordSample]:
    """Return what is known of columns and rows, and the sample of the rows, with one more batch."""
    table, row_numbers = batch.table, batch.row_numbers
    if sample.bits.shape[1] != len(table.names):
        sample = WordSample.empty(len(table.names))
    wanted = sample.wanted(row_numbers)
    kept = np.empty((len(wanted), len(table.names)), np.uint64)
    of_rows, columns = np.zeros(table.n_rows, np.uint64), []
    for j in range(len(table.names)):
        column = table.at(j)
        bits = column_words(column)
        columns.append(ColumnCounts.of(column, row_numbers, bits, None if before is None else before[j]))
        kept[:, j] = bits[wanted]
        of_rows += words(bits ^ words(np.array([j])))
    return columns, different.with_rows(of_rows), sample.joined(row_numbers[wanted], kept)


def _few(batch: Batch) -> Batch:
    rows = slice(0, SOME_ROWS)
    return Batch(batch.table.take(rows), None if batch.y is None else batch.y[rows])


def _to_learn_from(batch: Batch, roles: Roles) -> Batch:
    """Return the rows and columns that training would learn from: those with a target, and a weight above 0."""
    table, y, weights = batch.table, None, None
    there = np.ones(table.n_rows, bool)
    for name in roles.targets:
        y = table.column(name)
        there &= column_words(table.at(table.names.index(name))) != NAN_BITS
    if roles.weight is not None:
        weights = np.asarray(table.column(roles.weight), np.float64)
        there &= weights > 0
    X: Table = table.select(roles.inputs(table.names))
    if there.all():
        return Batch(X, y, weights, batch.first)
    numbered = replace(X, row_numbers=batch.row_numbers).take(there)
    return Batch(numbered, None if y is None else y[there], None if weights is None else weights[there])


def _task(column: ColumnCounts | None, target: TargetCounts | None, asked: Task | None) -> tuple[str, str] | None:
    if column is None or column.kind == "date" or target is None:
        return None
    if asked is not None:
        few = column.values.number <= 2
        return "regression" if asked == "regression" else "binary" if few else "multiclass", ""
    levels = column.levels_counted and target.numbers is None
    kind = column.kind if levels else "number"
    return task_of(kind, column.values.number, column.known, not levels and not column.whole)


def _learned(task: tuple[str, str] | None, target: TargetCounts | None) -> Labels | Numbers | None:
    if task is None or target is None:
        return None
    return target.standardised() if task[0] == "regression" else target.labels()
