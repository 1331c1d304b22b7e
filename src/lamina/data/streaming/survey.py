"""The first pass over streamed rows: what it finds besides what columns and targets are."""

import warnings
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.labels import Labels
from lamina.data.learning import Columns
from lamina.data.row_hash import hash_rows, words
from lamina.data.streaming.passes import Passes, RowWord, some_of, stacked
from lamina.data.streaming.sortedness import SORTED, Sortedness
from lamina.data.streaming.streamed import WINDOW_ROWS
from lamina.data.tables.table import Batch
from lamina.data.target_values import plain_labels, plain_numbers
from lamina.errors import DataWarning

SAMPLE_ROWS = 4096  # training rows that are kept to look at
MOST_DRAWN = 4 * SAMPLE_ROWS  # that wait to be chosen from


class Survey:
    """What the first pass over the rows finds besides what columns and targets are."""

    def __init__(self, rows: Passes) -> None:
        self._rows = rows
        self.held: list[Batch] = []
        self.weighted = False
        self.lowest = np.inf
        self._sample: list[tuple[NDArray[np.uint64], Batch]] = []
        self._likely = np.uint64(2**64 - 1)
        self.first_stripe = RowWord()
        self._order = Sortedness(len(rows.stripes.count))
        self._seen = blake2b(digest_size=16)

    def training(self) -> Iterator[Batch]:
        """Yield the training rows of every batch; take note of all that matters later."""
        stripes = self._rows.stripes
        stripes.count[:] = 0
        for batch in self._rows.passed():
            self._take_fingerprint(batch)
            train, held = self._rows.sides(batch)
            if held.table.n_rows:
                self.held.append(held)
                self._look_for_the_lowest(held.y)
            if not train.table.n_rows:
                continue
            self._rows.count(train)
            at = stripes.at(train.row_numbers)
            self.weighted |= train.weights is not None
            self._look_for_the_lowest(train.y)
            regression = self._rows.task == "regressor"
            self._order.add(at, plain_numbers(train.y) if regression else train.y, classes=not regression)
            self._draw(train)
            if (at == 0).any():
                self.first_stripe.add(some_of(train, at == 0))
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
        self._sample.append((drawn[some], some_of(train, some)))
        kept = np.concatenate([one for one, _ in self._sample])
        if len(kept) > MOST_DRAWN:
            self._likely = np.partition(kept, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1]
            cut = [(one, batch, one <= self._likely) for one, batch in self._sample]
            self._sample = [(one[mask], some_of(batch, mask)) for one, batch, mask in cut if mask.any()]

    def ended(self, columns: Columns) -> None:
        """Close the survey: warn of rows that are sorted, and take their fingerprint."""
        stripes, source = self._rows.stripes, self._rows.source
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
        table = stacked([batch for _, batch in self._sample]).take(order)
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
            kept.append(batch if known.all() else some_of(batch, known))
        if lost:
            warnings.warn(
                f"{lost} held-out row{'s' * (lost > 1)} of a class that no other row has: left out of validation",
                DataWarning,
                stacklevel=5,
            )
        self.held = [batch for batch in kept if batch.table.n_rows]
        return self.held
