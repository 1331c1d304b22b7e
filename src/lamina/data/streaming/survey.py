"""The first pass over streamed rows: what it finds besides what columns and targets are."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from lamina.data.labels import Labels
from lamina.data.learning import Columns
from lamina.data.row_hash import hash_rows, words
from lamina.data.streaming.passes import Passes, RowWord, Sides, some_of, stacked
from lamina.data.streaming.sortedness import SORTED, Sortedness
from lamina.data.streaming.streamed import WINDOW_ROWS
from lamina.data.tables.table import Batch
from lamina.data.target_values import plain_labels, plain_numbers
from lamina.errors import DataWarning

SAMPLE_ROWS = 4096  # training rows that are kept to look at
MOST_DRAWN = 4 * SAMPLE_ROWS  # that wait to be chosen from


@dataclass(frozen=True, eq=False)
class Drawn:
    """Rows that were drawn: those with the lowest words, some thousands of them."""

    words: NDArray[np.uint64]
    rows: Batch


@dataclass(frozen=True, eq=False)
class Survey:
    """What a run of rows says besides what columns and targets are.

    Attributes
    ----------
    words : tuple of str
        A word of every value of each segment.
    order : Sortedness or None
        Of the training rows, by their stripes; None where there are no such rows.
    sample : tuple of Drawn
        Training rows to look at.
    held : tuple of Batch
        The held-out rows.
    first_stripe : str or None
        A word for the training rows of the first stripe, where it has some; it lies in the first segment.
    weighted : bool
    lowest : float
        The lowest target of a regression, held-out rows included.
    """

    words: tuple[str, ...]
    order: Sortedness | None
    sample: tuple[Drawn, ...]
    held: tuple[Batch, ...]
    first_stripe: str | None
    weighted: bool
    lowest: float

    def joined(self, other: "Survey") -> "Survey":
        """Return what both runs of rows say."""
        order = self.order or other.order
        return Survey(
            self.words + other.words,
            order if self.order is None or other.order is None else self.order.joined(other.order),
            _lowest(self.sample + other.sample, MOST_DRAWN),
            self.held + other.held,
            self.first_stripe or other.first_stripe,
            self.weighted or other.weighted,
            min(self.lowest, other.lowest),
        )

    def counts(self, n_stripes: int) -> NDArray[np.int64]:
        """Return how many training rows each stripe has."""
        counts = np.zeros(n_stripes, np.int64)
        if self.order is not None:
            counts[self.order.first : self.order.first + len(self.order.n)] = self.order.n
        return counts

    def fingerprint(self, columns: Columns, counts: NDArray[np.int64]) -> str:
        """Return a word for the rows and what was learned from them."""
        seen = blake2b("".join(self.words).encode(), digest_size=16)
        for part in (columns.encoder.to_header(), columns.target.to_header(), counts.tolist()):
            seen.update(repr(part).encode())
        return seen.hexdigest()

    def warn_of_sorted_rows(self, described: str, stripe_rows: int) -> None:
        """Warn of rows that are sorted by their target, where they are not shuffled all together."""
        if self.order is None or self.order.share <= SORTED or self.order.n.sum() <= WINDOW_ROWS:
            return
        warnings.warn(
            f"the rows of {described} are sorted by the target: {self.order.share:.0%} of its variance lies between "
            f"stretches of {stripe_rows:,} rows. Rows are shuffled only within {WINDOW_ROWS:,}, so steps will be "
            "one-sided: shuffle the rows once and write them anew",
            DataWarning,
            stacklevel=6,
        )

    def sampled(self) -> list[Batch]:
        """Return the sample as a batch, in random order."""
        if not self.sample:
            return []
        order = np.argsort(_words(self.sample), kind="stable")[:SAMPLE_ROWS]
        batches = [one.rows for one in self.sample]
        w = None if batches[0].weights is None else np.concatenate([batch.weights for batch in batches])[order]
        y = np.concatenate([batch.y for batch in batches])[order]
        return [Batch(stacked(batches).take(order), y, w)]


class Surveying:
    """A segment that is being looked at, batch by batch."""

    def __init__(self, rows: Passes) -> None:
        self._rows = rows
        self._found: Survey | None = None
        self._first_stripe: RowWord | None = None
        self._seen = blake2b(digest_size=16)

    def add(self, batch: Batch, sides: Sides) -> None:
        """Take note of all that matters later in a batch, whose rows are on these sides."""
        train, held = sides
        self._take_word(batch)
        here = Survey((), None, (), (held,) if held.table.n_rows else (), None, False, self._lowest_target(*sides))
        if train.table.n_rows:
            here = self._with_training_rows(here, train)
        self._found = here if self._found is None else self._found.joined(here)

    @property
    def survey(self) -> Survey:
        """What was found."""
        assert self._found is not None
        word = None if self._first_stripe is None else self._first_stripe.word
        sample = _lowest(self._found.sample, SAMPLE_ROWS)
        return replace(self._found, words=(self._seen.hexdigest(),), sample=sample, first_stripe=word)

    def _with_training_rows(self, here: Survey, train: Batch) -> Survey:
        at, regression = self._rows.stripes.at(train.row_numbers), self._rows.task == "regressor"
        if (at == 0).any():
            self._first_stripe = self._first_stripe or RowWord()
            self._first_stripe.add(some_of(train, at == 0))
        order = Sortedness.of(at, plain_numbers(train.y) if regression else train.y, classes=not regression)
        drawn = words(train.row_numbers ^ np.int64(2**40))
        some = drawn <= _highest(self._found.sample if self._found else ())
        sample = _lowest((Drawn(drawn[some], some_of(train, some)),), MOST_DRAWN) if some.any() else ()
        return replace(here, order=order, sample=sample, weighted=train.weights is not None)

    def _lowest_target(self, *sides: Batch) -> float:
        if self._rows.task != "regressor":
            return np.inf
        return min((float(plain_numbers(one.y).min()) for one in sides if one.table.n_rows), default=np.inf)

    def _take_word(self, batch: Batch) -> None:
        """Take note of every value of a batch, whatever the types and levels that it came with."""
        self._seen.update(hash_rows(batch.table).data)
        for beside in (batch.y, batch.weights):
            if beside is not None:
                numbers = beside.dtype.kind in "fiub"
                plain = np.ascontiguousarray(beside, np.float64).data if numbers else repr(beside.tolist()).encode()
                self._seen.update(plain)


def _words(sample: Sequence[Drawn]) -> NDArray[np.uint64]:
    return np.concatenate([np.zeros(0, np.uint64), *(one.words for one in sample)])


def _highest(sample: Sequence[Drawn]) -> np.uint64:
    """Return the highest word that a row may have to be one of the lowest so many."""
    found = _words(sample)
    return np.uint64(2**64 - 1) if len(found) < SAMPLE_ROWS else np.partition(found, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1]


def _lowest(sample: tuple[Drawn, ...], most: int) -> tuple[Drawn, ...]:
    """Return the rows of the lowest words, once there are more than `most`."""
    if sum(len(one.words) for one in sample) <= most:
        return sample
    highest = _highest(sample)
    cut = ((one, one.words <= highest) for one in sample)
    return tuple(Drawn(one.words[some], some_of(one.rows, some)) for one, some in cut if some.any())


def known_rows(held: Sequence[Batch], columns: Columns) -> list[Batch]:
    """Return the held-out rows whose class was also among the rows to learn from; warn where others are left out."""
    target = columns.target
    if not isinstance(target, Labels) or target.task == "multilabel":
        return list(held)
    kept, lost = [], 0
    for batch in held:
        known = np.isin(plain_labels(batch.y), target.classes)
        lost += int((~known).sum())
        kept.append(batch if known.all() else some_of(batch, known))
    if lost:
        warnings.warn(
            f"{lost} held-out row{'s' * (lost > 1)} of a class that no other row has: left out of validation",
            DataWarning,
            stacklevel=5,
        )
    return [batch for batch in kept if batch.table.n_rows]
