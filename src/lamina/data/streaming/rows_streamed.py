"""Rows of any size on their way to examples: what `rows_in_memory` does, in passes over a source that is not in memory.

One pass learns the columns and targets, counts the training rows of every stripe, and keeps the held-out rows. A key
of each row decides on which side it is (holding_out.py), so every later pass finds the same rows on the same sides.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.computed_once import cached_property
from lamina.data.class_weights import class_factors, row_factors
from lamina.data.examples import Block, Examples, InMemory
from lamina.data.holding_out import By, capped, highest_key, keys_of, row_keys
from lamina.data.label_counts import LabelCounts
from lamina.data.labels import Labels
from lamina.data.late_scales import LateScales, with_late_range
from lamina.data.learning import Columns, Known, Task, learn, numbered_as
from lamina.data.number_targets import Numbers, TargetMoments
from lamina.data.roles import taken_apart
from lamina.data.row_hash import hash_rows, words
from lamina.data.splitting import Bits, plain_weights
from lamina.data.streaming.available_memory import available_bytes, give_back
from lamina.data.streaming.encoded_rows import StoredRows, stored
from lamina.data.streaming.sortedness import SORTED, Sortedness
from lamina.data.streaming.streamed import WINDOW_ROWS, Streamed, Stripes, window_rows
from lamina.data.streaming.streamed_source import StreamedSource, Watched, size_in_words
from lamina.data.tables.kinds import Joined, joined
from lamina.data.tables.stretches import split
from lamina.data.tables.table import Batch, Table
from lamina.data.target_values import is_missing_target, plain, plain_labels, plain_numbers
from lamina.errors import DataError, DataWarning, FileError

SAMPLE_ROWS = 4096  # training rows that are kept to look at
WINDOWS_AT_ONCE = 2  # one, and what is read and encoded beside it
MOST_DRAWN = 4 * SAMPLE_ROWS  # that wait to be chosen from


class Sides(NamedTuple):
    """The rows of a batch that count."""

    train: Batch
    held: Batch


class RowsStreamed:
    """The rows of a streamed source.

    Parameters
    ----------
    source : StreamedSource
    task : {"classifier", "regressor"}
    """

    def __init__(self, source: StreamedSource, task: Task) -> None:
        self.source, self.task = source, task
        self.names = source.roles.inputs(source.stream.names)
        self.n = source.stream.n_rows
        self.held_out = False
        self._seed = 0
        self._highest = np.uint64(0)
        self._stripes = Stripes.of(source.stream.stretches)
        self._survey: _Survey | None = None

    # ---- what `fitting.prepare` asks, in this order ----

    @property
    def held_out_by(self) -> By | None:
        """What rows are held out by, if not at random."""
        return self.source.roles.by

    def check_classes(self, known: Known | None, classes: Any) -> None:
        """See `RowsInMemory`: a pass looks at every label anyway."""

    def hold_out(self, fraction: float, seed: int, bits: Bits) -> "RowsStreamed":
        """Return the same rows with a part of them held out."""
        found = RowsStreamed(self.source, self.task)
        found.held_out, found._seed = True, seed
        by = self.source.roles.by
        if by is None:
            found._highest = np.uint64(int(capped(fraction, self.n) * 2.0**64) - 1)
        else:
            found._highest = highest_key(by, self._key_name(by), self._keys(by, seed), fraction, self.n)
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
        survey = self._survey = _Survey(self, classes if known is None else _classes_of(known))
        if known is None:
            columns = learn(survey.training(), settings, self.task, classes=classes, log_link=log_link)
        else:
            columns = self._kept(known, survey, settings, log_link)
        survey.ended(columns)
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
            encoded = stored(self.source.cache, identity, encoding, self._stripes)
        train = Streamed(self._stripes, encoded, sample, width, n_bytes)
        if not self.held_out:
            return train, None
        held = survey.held_rows(columns)
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
        encoding, kept = Encoding(self, columns, np.dtype(dtype), None), list[Batch]()
        self._stripes.count[:] = 0
        weighted = columns.class_factors is not None
        for batch in self.passed():
            train = self.sides(batch).train
            if train.table.n_rows:
                self._count(train)
                weighted |= train.weights is not None
                kept.append(train)
            if self._stripes.n > WINDOW_ROWS:
                kept.clear()
        if self._stripes.n == 0:
            raise DataError(f"{self.source.stream.described}: validation rows expected, found none that count")
        if kept and self._stripes.n <= WINDOW_ROWS:
            return encoding.in_memory(kept)
        encoding = replace(encoding, mean_weight=self._mean_weight(columns) if weighted else None)
        first = next(batch for batch in map(self.sides, self.passed()) if batch.train.table.n_rows).train
        width = columns.encoder.n_features
        return Streamed(self._stripes, encoding, encoding.in_memory([first]), width, self.source.stream.n_bytes)

    def _count(self, train: Batch) -> None:
        count = self._stripes.count
        count += np.bincount(self._stripes.at(train.row_numbers), minlength=len(count))

    @property
    def first_stripe(self) -> str | None:
        """A word for the training rows of the first stripe, as the first pass found them; None before it."""
        return None if self._survey is None else self._survey.first_stripe.word

    @property
    def fingerprint(self) -> str:
        """What the first pass found, as a word: other rows give another."""
        assert self._survey is not None
        return self._survey.fingerprint

    @property
    def watched(self) -> Any:
        """The rows that a score looks at: the held-out ones, or some of those that are learned from."""
        assert self._survey is not None
        batches = self._survey.held if self.held_out else self._survey.sampled()
        return Watched(_stacked(batches), np.concatenate([batch.y for batch in batches]))

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
        return Sides(_some(whole, counts & ~held), _some(whole, counts & held))

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

    def passed(self) -> Iterator[Batch]:
        """Yield all rows in order."""
        done = 0
        for batch in self.source.stream:
            yield batch
            done += batch.table.n_rows
            if self.source.watching is not None:
                self.source.watching(done)

    def _keys(self, by: By, seed: int) -> Iterator[Any]:
        name, roles = self._key_name(by), self.source.roles
        columns = dict.fromkeys(one for one in (name, *roles.targets[:1], roles.weight) if one is not None)
        for batch in self.source.stream.regrouped(65_536, list(columns)):
            table = batch.table
            y = None if roles.target is None else table.column(roles.targets[0])
            weights = None if roles.weight is None else table.column(roles.weight)
            counts = self._counted(batch, y, weights)[2]
            yield keys_of(by, table.at(table.names.index(name)), seed)[counts]

    def _key_name(self, by: By) -> str:
        name = self.source.roles.groups if by == "groups" else self.source.roles.time
        if not isinstance(name, str):
            raise DataError(f"{by} is the name of a column where the rows are a stream; found {type(name).__name__}")
        return name

    def _kept(self, known: Known, survey: "_Survey", settings: Mapping[str, Any], log_link: bool) -> Columns:
        late, target, n = LateScales(known.encoder, settings), known.target, 0
        counts: LabelCounts | None = None
        moments: TargetMoments | None = None
        for batch in survey.training():
            n += batch.table.n_rows
            late.add(batch)
            with numbered_as(batch.row_numbers):
                if isinstance(target, Numbers):
                    here = TargetMoments.of(batch.y, batch.weights)
                    moments = here if moments is None else moments.joined(here)
                else:
                    labels = LabelCounts.of(batch.y, batch.weights, target.classes)
                    counts = labels if counts is None else counts.joined(labels)
        if moments is not None and isinstance(target, Numbers):
            target = with_late_range(target, moments, settings, log_link)
        encoder = late.encoder()
        if n == 0:
            raise DataError("training rows expected, found none")
        factors = None
        if settings.get("class_weight") is not None and counts is not None:
            factors = class_factors(settings["class_weight"], counts)
        return Columns(encoder, target, factors, n)

    def _mean_weight(self, columns: Columns) -> float:
        """Return the mean weight of the training rows, those of classes included."""
        total = 0.0
        for batch in self.passed():
            train = self.sides(batch).train
            if train.table.n_rows:
                w = _weights_of(train, columns, columns.target.encode(train.y))
                assert w is not None
                total += float(w.sum())
        return total / self._stripes.n


class _Survey:
    """What the first pass over the rows finds besides what columns and targets are."""

    def __init__(self, rows: RowsStreamed, classes: Any) -> None:
        self._rows, self._classes = rows, classes
        self.held: list[Batch] = []
        self.weighted = False
        self.lowest = np.inf
        self._sample: list[tuple[NDArray[np.uint64], Batch]] = []
        self._likely = np.uint64(2**64 - 1)
        self.first_stripe = RowWord()
        self._order = Sortedness(len(rows._stripes.count))
        self._seen = blake2b(digest_size=16)

    def training(self) -> Iterator[Batch]:
        """Yield the training rows of every batch; take note of all that matters later."""
        stripes = self._rows._stripes
        stripes.count[:] = 0
        for batch in self._rows.passed():
            self._take_fingerprint(batch)
            train, held = self._rows.sides(batch)
            if held.table.n_rows:
                self.held.append(held)
                self._look_for_the_lowest(held.y)
            if not train.table.n_rows:
                continue
            self._rows._count(train)
            at = stripes.at(train.row_numbers)
            self.weighted |= train.weights is not None
            self._look_for_the_lowest(train.y)
            regression = self._rows.task == "regressor"
            self._order.add(at, plain_numbers(train.y) if regression else train.y, classes=not regression)
            self._draw(train)
            if (at == 0).any():
                self.first_stripe.add(_some(train, at == 0))
            yield train

    def _take_fingerprint(self, batch: Batch) -> None:
        """Take note of every value of a batch."""
        arrays = [batch.table.matrix, batch.y, batch.weights]
        for column in batch.table.columns:
            arrays += [column.values, column.levels]
        for array in arrays:
            if isinstance(array, np.ndarray):
                plain = repr(array.tolist()).encode() if array.dtype == object else np.ascontiguousarray(array).data
                self._seen.update(f"{array.dtype} {array.shape}".encode())
                self._seen.update(plain)
            elif array is not None:  # a CSR matrix
                self._seen.update(hash_rows(array).data)

    def _look_for_the_lowest(self, y: NDArray[Any]) -> None:
        if self._rows.task == "regressor":
            self.lowest = min(self.lowest, float(plain_numbers(y).min()))

    def _draw(self, train: Batch) -> None:
        """Keep the rows with the lowest words, a few thousand of them."""
        drawn = words(train.row_numbers ^ np.int64(2**40))
        some = drawn <= self._likely
        if not some.any():
            return
        self._sample.append((drawn[some], _some(train, some)))
        kept = np.concatenate([one for one, _ in self._sample])
        if len(kept) > MOST_DRAWN:
            self._likely = np.partition(kept, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1]
            cut = [(one, batch, one <= self._likely) for one, batch in self._sample]
            self._sample = [(one[mask], _some(batch, mask)) for one, batch, mask in cut if mask.any()]

    def ended(self, columns: Columns) -> None:
        """Close the survey: warn of rows that are sorted, and take their fingerprint."""
        stripes, source = self._rows._stripes, self._rows.source
        for part in (columns.encoder.to_header(), columns.target.to_header(), stripes.count.tolist()):
            self._seen.update(repr(part).encode())
        self.fingerprint = self._seen.hexdigest()
        if self._order.share > SORTED and stripes.n > WINDOW_ROWS:
            warnings.warn(
                f"the rows of {source.stream.described} are sorted by the target: {self._order.share:.0%} of its "
                f"variance lies between stretches of {int(stripes.rows[0]):,} rows. Rows are shuffled only within "
                f"{WINDOW_ROWS:,}, so steps will be one-sided: shuffle the rows once and write them anew",
                DataWarning,
                stacklevel=6,
            )

    def sampled(self) -> list[Batch]:
        """Return the sample as a batch, in random order."""
        if not self._sample:
            return []
        drawn = np.concatenate([one for one, _ in self._sample])
        order = np.argsort(drawn, kind="stable")[:SAMPLE_ROWS]
        table = _stacked([batch for _, batch in self._sample]).take(order)
        y = np.concatenate([batch.y for _, batch in self._sample])[order]
        w = None
        if self._sample[0][1].weights is not None:
            w = np.concatenate([batch.weights for _, batch in self._sample])[order]
        return [Batch(table, y, w)]

    def held_rows(self, columns: Columns) -> list[Batch]:
        """Return the held-out rows whose class was also among the rows to learn from."""
        target = columns.target
        if not isinstance(target, Labels) or target.task == "multilabel":
            return self.held
        kept, lost = [], 0
        for batch in self.held:
            known = np.isin(plain_labels(batch.y), target.classes)
            lost += int((~known).sum())
            kept.append(batch if known.all() else _some(batch, known))
        if lost:
            warnings.warn(
                f"{lost} held-out row{'s' * (lost > 1)} of a class that no other row has: left out of validation",
                DataWarning,
                stacklevel=5,
            )
        self.held = [batch for batch in kept if batch.table.n_rows]
        return self.held


@dataclass(frozen=True, eq=False)
class Encoding:
    """Rows become examples as they are read."""

    rows: RowsStreamed
    columns: Columns
    dtype: np.dtype[Any]
    mean_weight: float | None

    def read(self, stripes: Stripes, sequence: NDArray[np.intp]) -> Iterator[Batch]:
        """Yield the training rows of each stripe of a sequence, read from the source.

        Raises
        ------
        FileError
            The rows are no longer those of the first pass.
        """
        stream, first_stripe = self.rows.source.stream, RowWord()
        stream.check_unchanged()
        being_read: dict[int, _Reader] = {}
        for i in sequence:
            k, start = int(stripes.stretch[i]), int(stripes.start[i])
            if k not in being_read:
                being_read[k] = _Reader(stream.tables(stream.stretches[k], start=start, rows=int(stripes.rows[i])))
            n = 0
            for batch in being_read[k].take(int(stripes.rows[i])):
                train = self.rows.sides(batch).train
                if train.table.n_rows:
                    n += train.table.n_rows
                    if i == 0:
                        first_stripe.add(train)
                    yield train
            if i == 0 and self.rows.first_stripe not in (None, first_stripe.word):
                raise FileError(
                    f"{stream.described} gives other rows, or another order of them, than in the first pass: sort what "
                    "it is made of, or write its rows to a file"
                )
            if n != stripes.count[i]:
                first, stop = int(stripes.first[i]), int(stripes.first[i] + stripes.rows[i])
                raise FileError(
                    f"{stream.described} changed while it was read: rows {first:,} to {stop:,} held "
                    f"{int(stripes.count[i]):,} training rows in the first pass, now {n:,}. Train on files that nobody "
                    "writes to"
                )
            if start + stripes.rows[i] >= stream.stretches[k].rows:
                del being_read[k]

    def block(self, batch: Batch) -> Block:
        """Return a batch as examples."""
        Y = self.columns.target.encode(batch.y)
        w = _weights_of(batch, self.columns, Y)
        if w is not None:
            w = (w / (w.mean() if self.mean_weight is None else self.mean_weight)).astype(self.dtype)
        return Block(self.columns.encoder.encode(batch.table, self.dtype), np.ascontiguousarray(Y, self.dtype), w)

    def size(self, part: Batch) -> int:
        """Return how many rows a batch has."""
        return part.table.n_rows

    def split(self, part: Batch, rows: int) -> tuple[Batch, Batch]:
        """Return the first rows of a batch, at most so many, and the others."""
        return split(part, rows)

    def window(self, rows: int) -> "BatchWindow":
        """Return a window that has room for so many rows."""
        return BatchWindow(self, rows)

    def in_memory(self, batches: list[Batch]) -> InMemory:
        """Return some batches as examples in memory; without a mean weight, their weights have mean 1 over them."""
        encoding = self if self.mean_weight is not None else replace(self, mean_weight=1.0)
        blocks = [encoding.block(batch) for batch in batches]
        X, Y = (np.concatenate([block[i] for block in blocks]) for i in (0, 1))
        w = None if blocks[0].weights is None else np.concatenate([block.weights for block in blocks])
        if w is not None and self.mean_weight is None:
            w = (w / w.mean(dtype=np.float64)).astype(self.dtype)
        return InMemory(X, Y, w)


class RowWord:
    """A word for some rows in their order, however they are cut into batches."""

    def __init__(self) -> None:
        self._seen = blake2b(digest_size=16)

    def add(self, batch: Batch) -> None:
        """Take note of more rows."""
        self._seen.update(hash_rows(batch.table).data)

    @property
    def word(self) -> str:
        """The word so far."""
        return self._seen.hexdigest()


class BatchWindow:
    """Rows as they were read, encoded when they are taken."""

    def __init__(self, encoding: Encoding, rows: int) -> None:
        self._encoding, self._tables = encoding, Joined(rows)
        self._y: list[NDArray[Any]] = []
        self._weights: list[NDArray[np.float64]] = []

    def add(self, part: Batch) -> None:
        """Put rows behind those that are there."""
        self._tables.add(part.table)
        self._y.append(part.y)
        if part.weights is not None:
            self._weights.append(part.weights)

    @cached_property
    def _whole(self) -> Batch:
        weights = np.concatenate(self._weights) if self._weights else None
        return Batch(self._tables.table(), np.concatenate(self._y), weights)

    def block(self, rows: NDArray[np.intp]) -> Block:
        """Return these rows as examples."""
        whole = self._whole
        w = None if whole.weights is None else whole.weights[rows]
        return self._encoding.block(Batch(whole.table.take(rows), whole.y[rows], w))


class _Reader:
    """Batches of one stretch, handed out so many rows at a time."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._left: Batch | None = None

    def take(self, rows: int) -> Iterator[Batch]:
        """Yield the next so many rows; fewer where there are no more."""
        while rows > 0:
            batch = self._left if self._left is not None else next(self._batches, None)
            self._left = None
            if batch is None:
                return
            if batch.table.n_rows > rows:
                batch, self._left = split(batch, rows)
            rows -= batch.table.n_rows
            yield batch


def _weights_of(batch: Batch, columns: Columns, Y: NDArray[Any]) -> NDArray[np.float64] | None:
    w = batch.weights
    if columns.class_factors is not None:
        factors = row_factors(columns.class_factors, Y)
        w = factors if w is None else w * factors
    return w


def _stacked(batches: list[Batch]) -> Table:
    """Return the rows of some batches as one table; they keep their numbers."""
    numbers = np.concatenate([batch.row_numbers for batch in batches])
    return replace(joined([batch.table for batch in batches]), row_numbers=numbers)


def _some(batch: Batch, mask: NDArray[np.bool_]) -> Batch:
    if mask.all():
        return batch
    w = None if batch.weights is None else batch.weights[mask]
    return Batch(batch.table.take(np.flatnonzero(mask)), batch.y[mask], w, batch.first)


def _classes_of(known: Known) -> Any:
    return known.target.classes if isinstance(known.target, Labels) else None
