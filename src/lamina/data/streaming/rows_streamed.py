"""Rows of any size on their way to examples: what `rows_in_memory` does, in passes over a source that is not in memory.

One pass learns the columns and targets, counts the training rows of every stripe, and keeps the held-out rows. A key
of each row decides on which side it is (holding_out.py), so every later pass finds the same rows on the same sides.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.examples import Examples
from lamina.data.holding_out import By, LowestKeys, capped, highest_key, keys_of, row_keys, rows_wanted
from lamina.data.learning import Columns, Known, Task
from lamina.data.roles import taken_apart
from lamina.data.splitting import Bits, plain_weights
from lamina.data.streaming.available_memory import available_bytes, give_back
from lamina.data.streaming.encoded_rows import StoredRows, stored
from lamina.data.streaming.encoding import Encoding, weights_of
from lamina.data.streaming.first_pass import FORM, Keeping, Learning, Total, first_pass, joined_by_segment, total_weight
from lamina.data.streaming.lanes import most_lanes
from lamina.data.streaming.passes import Sides, some_of, stacked
from lamina.data.streaming.segments import Segments, Workers, found_in
from lamina.data.streaming.streamed import WINDOW_ROWS, Streamed, window_rows
from lamina.data.streaming.streamed_source import StreamedSource, Watched, size_in_words
from lamina.data.streaming.stripes import Stripes
from lamina.data.streaming.survey import Survey, known_rows
from lamina.data.tables.table import Batch
from lamina.data.target_values import is_missing_target, plain
from lamina.errors import DataError

WINDOWS_AT_ONCE = 2  # one, and what is read and encoded beside it


class RowsStreamed:
    """The rows of a streamed source.

    Parameters
    ----------
    source : StreamedSource
    task : {"classifier", "regressor"}
    workers : Workers, optional
        Those who share the passes over all rows.
    """

    def __init__(self, source: StreamedSource, task: Task, workers: Workers | None = None) -> None:
        self.source, self.task, self._workers = source, task, workers
        self.names = source.roles.inputs(source.stream.names)
        self.n = source.stream.n_rows
        self._segments = Segments.of(self.n)
        self.held_out = False
        self._seed = 0
        self._highest = np.uint64(0)
        self.stripes = Stripes.of(source.stream.stretches)
        self._survey: Survey | None = None
        self._fingerprint = ""
        self._held: list[Batch] = []
        self._weight: float | None = None

    # ---- what `fitting.prepare` asks, in this order ----

    @property
    def held_out_by(self) -> By | None:
        """What rows are held out by, if not at random."""
        return self.source.roles.by

    def check_classes(self, known: Known | None, classes: Any) -> None:
        """See `RowsInMemory`: a pass looks at every label anyway."""

    def hold_out(self, fraction: float, seed: int, bits: Bits) -> "RowsStreamed":
        """Return the same rows with a part of them held out."""
        found = RowsStreamed(self.source, self.task, self._workers)
        found.held_out, found._seed = True, seed
        by = self.source.roles.by
        if by is None:
            found._highest = np.uint64(int(capped(fraction, self.n) * 2.0**64) - 1)
        else:
            found._highest = self._highest_key(by, seed, rows_wanted(fraction, self.n))
        return found

    def learn(
        self,
        settings: Mapping[str, Any],
        known: Known | None = None,
        *,
        classes: Any = None,
        log_link: bool = False,
    ) -> Columns:
        """Return the way from columns to numbers and back: see `RowsInMemory.learn`."""
        what: Learning | Keeping
        if known is None:
            what = Learning(settings, self.task, classes, log_link)
        else:
            what = Keeping(known, settings, self.task, log_link)
        found = self._found(partial(first_pass, self, self._segments, what))
        if found.rows is None:
            raise DataError("training rows expected, found none")
        survey = self._survey = found.survey
        self.stripes.count[:] = survey.counts(len(self.stripes.count))
        columns = what.columns(found.rows)
        self._weight = total_weight(found.rows.targets, columns.class_factors)
        self._fingerprint = survey.fingerprint(columns, self.stripes.count)
        survey.warn_of_sorted_rows(self.source.stream.described, int(self.stripes.rows[0]))
        return columns

    def targets_as_numbers(self) -> NDArray[np.float64]:
        """Return the lowest target, for a loss that takes not all numbers."""
        assert self._survey is not None
        return np.array([self._survey.lowest])

    def examples(self, columns: Columns, dtype: Any) -> tuple[Examples, Examples | None]:
        """Return the training rows, and the held-out ones in memory."""
        assert self._survey is not None
        give_back()
        survey = self._survey
        weighted = survey.weighted or columns.class_factors is not None
        encoding = Encoding(self, columns, np.dtype(dtype), self._mean_weight(columns) if weighted else None)
        sample = encoding.in_memory(survey.sampled())
        width, n_bytes = columns.encoder.n_features, self.source.stream.n_bytes
        self._check_memory(width + sample.Y.shape[1] + 1, np.dtype(dtype).itemsize)
        encoded: Encoding | StoredRows = encoding
        if self.source.cache is not None:
            factors = None if columns.class_factors is None else np.asarray(columns.class_factors).tolist()
            learned = f"{columns.encoder.to_header()} {columns.target.to_header()} {encoding.mean_weight!r} {factors}"
            identity = f"{self.fingerprint} {np.dtype(dtype)} {learned}"
            encoded = stored(self.source.cache, identity, encoding, self.stripes)
        stream = self.source.stream
        lanes = most_lanes([one.rows for one in stream.stretches], len(stream.names))
        train = Streamed(self.stripes, encoded, sample, width, n_bytes, lanes)
        if not self.held_out:
            return train, None
        held = self._held = known_rows(survey.held, columns)
        if not held or not sum(batch.table.n_rows for batch in held):
            raise DataError(
                "no row was held out for validation: choose a larger validation_fraction, pass validation data "
                "(X_val), or set early_stopping=False"
            )
        own = replace(encoding, mean_weight=None)
        return train, own.in_memory(held)

    def _check_memory(self, numbers: int, size: int) -> None:
        """Raise a MemoryError, before anything is trained, where the rows of a window would not fit."""
        window = window_rows(numbers) * numbers * size
        needed, there = WINDOWS_AT_ONCE * window, available_bytes()
        if needed > there:
            raise MemoryError(
                f"training on these rows as a stream takes about {size_in_words(needed)} beside the network "
                f"({window_rows(numbers):,} rows of {numbers} numbers at a time), and {size_in_words(there)} are "
                "available: allow more memory, or drop columns"
            )

    def watched_as(self, columns: Columns, dtype: Any) -> Examples:
        """Return all rows as examples to watch; where they are many, they are read again for every look at them."""
        encoding, kept, weight = Encoding(self, columns, np.dtype(dtype), None), list[Batch](), 0.0
        self.stripes.count[:] = 0
        weighted = columns.class_factors is not None
        for batch in self.passed():
            train = self.sides(batch).train
            if train.table.n_rows:
                self._count(train)
                weighted |= train.weights is not None
                weight += self._weight_of(train, columns) if weighted else 0.0
                kept.append(train)
            if self.stripes.n > WINDOW_ROWS:
                kept = kept[:1]
        if not kept:
            raise DataError(f"{self.source.stream.described}: validation rows expected, found none that count")
        if self.stripes.n <= WINDOW_ROWS:
            return encoding.in_memory(kept)
        encoding = replace(encoding, mean_weight=weight / self.stripes.n if weighted else None)
        width = columns.encoder.n_features
        return Streamed(self.stripes, encoding, encoding.in_memory(kept), width, self.source.stream.n_bytes)

    def _count(self, train: Batch) -> None:
        count = self.stripes.count
        count += np.bincount(self.stripes.at(train.row_numbers), minlength=len(count))

    @property
    def first_stripe(self) -> str | None:
        """A word for the training rows of the first stripe, as the first pass found them; None before it."""
        return None if self._survey is None else self._survey.first_stripe

    @property
    def fingerprint(self) -> str:
        """What the first pass found, as a word: other rows give another."""
        return self._fingerprint

    @property
    def watched(self) -> Any:
        """The rows that a score looks at: the held-out ones, or some of those that are learned from."""
        assert self._survey is not None
        batches = self._held if self.held_out else self._survey.sampled()
        return Watched(stacked(batches), np.concatenate([batch.y for batch in batches]))

    # ---- passes ----

    def sides(self, batch: Batch) -> Sides:
        """Return which rows of a batch count, by the side they are on."""
        roles, numbers = self.source.roles, batch.row_numbers
        taken = taken_apart(batch.table, roles)
        y, weights, counts = self._counted(batch, taken.y, taken.weights)
        if not self.held_out:
            held = np.zeros(len(y), bool)
        elif roles.by is None:
            held = row_keys(numbers, self._seed) <= self._highest
        else:
            assert taken.key is not None
            held = keys_of(roles.by, taken.key, self._seed) <= self._highest
        whole = Batch(taken.X, y, weights, batch.first)
        return Sides(some_of(whole, counts & ~held), some_of(whole, counts & held))

    def _counted(self, batch: Batch, y: Any, weights: Any) -> tuple[NDArray[Any], Any, NDArray[np.bool_]]:
        """Return targets and weights of a batch, of its columns or beside them, and which rows count."""
        for what, of_columns, beside in (("target", y, batch.y), ("weight", weights, batch.weights)):
            if of_columns is not None and beside is not None:
                raise DataError(f"{what}= names a column of the batches, and they bring their own: one expected")
        y = batch.y if y is None else y
        if y is None:
            raise DataError("X was given without y: name a column of X: target='...', or give batches of (X, y)")
        y = plain(y)
        given = batch.weights if weights is None else weights
        weights = None if given is None else plain_weights(given, len(y), batch.first)
        counts = np.ones(len(y), bool) if weights is None else weights > 0
        missing = is_missing_target(y) & counts
        if missing.any():
            if not self.source.drop_missing_target:
                row = batch.row_numbers[np.argmax(missing)]
                raise DataError(f"Input y contains NaN or None in row {row}; drop or fill these rows")
            counts &= ~missing
        return y, weights, counts

    def passed(self, rows: range | None = None) -> Iterator[Batch]:
        """Yield all rows in order, or those of these numbers."""
        of = range(self.n) if rows is None else rows
        done, watching = 0, self.source.watching
        for batch in self.source.stream.regrouped(self._segments.batch_rows, within=of):
            yield batch
            done += batch.table.n_rows
            if watching is not None:
                watching(self.n * done // len(of))  # where others have the other rows, they are as far

    def _found(self, look: Callable[[range], Iterator[Any]]) -> Any:
        """Return what a pass over all rows finds, which the workers share."""
        return found_in(self._segments, look, FORM, self._workers)

    def _highest_key(self, by: By, seed: int, wanted: int) -> np.uint64:
        name, roles = self._key_name(by), self.source.roles
        columns = dict.fromkeys(one for one in (name, *roles.targets[:1], roles.weight) if one is not None)

        def of_batch(batch: Batch) -> LowestKeys:
            table = batch.table
            y = None if roles.target is None else table.column(roles.targets[0])
            weights = None if roles.weight is None else table.column(roles.weight)
            counts = self._counted(batch, y, weights)[2]
            return LowestKeys.of(keys_of(by, table.at(table.names.index(name)), seed)[counts], wanted)

        def look(rows: range) -> Iterator[LowestKeys]:
            batches = self.source.stream.regrouped(self._segments.batch_rows, list(columns), rows)
            return joined_by_segment(self._segments, batches, of_batch)

        return highest_key(by, name, self._found(look))

    def _key_name(self, by: By) -> str:
        name = self.source.roles.groups if by == "groups" else self.source.roles.time
        if not isinstance(name, str):
            raise DataError(f"{by} is the name of a column where the rows are a stream; found {type(name).__name__}")
        return name

    def _mean_weight(self, columns: Columns) -> float:
        """Return the mean weight of the training rows, those of classes included."""
        if self._weight is None:

            def of_batch(batch: Batch) -> Total:
                return Total(self._weight_of(self.sides(batch).train, columns))

            found = self._found(lambda rows: joined_by_segment(self._segments, self.passed(rows), of_batch))
            self._weight = float(found.value)
        return self._weight / self.stripes.n

    @staticmethod
    def _weight_of(train: Batch, columns: Columns) -> float:
        w = weights_of(train, columns, columns.target.encode(train.y)) if train.table.n_rows else None
        return float(train.table.n_rows if w is None else w.sum())
