"""Rows in memory on their way to examples: which count, which are held out, what they teach, how they are encoded."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.class_weights import class_factors, class_numbers
from lamina.data.examples import Examples, examples_of
from lamina.data.folds import AllButOne, LeftOut, folds_of, folds_of_groups
from lamina.data.holding_out import By, LowestKeys, capped, highest_key, keys_of, rows_wanted
from lamina.data.label_counts import LabelCounts
from lamina.data.labels import Labels
from lamina.data.late_scales import LateScales, with_late_range
from lamina.data.learning import Columns, Known, Task, learn
from lamina.data.number_targets import Numbers, TargetMoments
from lamina.data.source import Source
from lamina.data.splitting import Bits, Part, Split, canonical_rows, split_of
from lamina.data.target_values import plain_numbers
from lamina.errors import DataWarning, SettingError


@dataclass(frozen=True, eq=False)
class RowsInMemory:
    """The rows of a source that count, in an order that only their values decide.

    Attributes
    ----------
    source : Source
    task : {"classifier", "regressor"}
    Y : array, shape (m, targets)
        The targets as numbers; 0 for rows of weight 0: what those say does not count, not even their label.
    counted : Part
    fingerprint : str
        Of their values.
    split : Split
    """

    source: Source
    task: Task
    Y: NDArray[Any]
    counted: Part
    fingerprint: str
    split: Split

    @staticmethod
    def of(source: Source, task: Task) -> "RowsInMemory":
        """Return the rows of a source; none of them is held out yet."""
        table, y, weights = source.table, source.y, source.weights
        if weights is None:
            Y = _as_numbers(y, task)
            counted, fingerprint = canonical_rows(table, Y)
            return RowsInMemory(source, task, Y, counted, fingerprint, Split(counted, None))
        some = np.flatnonzero(weights)
        Y_some = _as_numbers(y[some], task)
        part, fingerprint = canonical_rows(table.take(some), Y_some, weights[some])
        Y = np.zeros((len(y), *Y_some.shape[1:]))
        Y[some] = Y_some
        counted = Part(some[part.rows], part.weights)
        return RowsInMemory(source, task, Y, counted, fingerprint, Split(counted, None))

    @property
    def n(self) -> int:
        """How many rows count."""
        return self.counted.n

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to learn from."""
        return self.source.table.names

    @property
    def held_out_by(self) -> By | None:
        """What rows are held out by, if not at random."""
        return None if self.source.held_out_by is None else self.source.held_out_by.what

    def check_classes(self, known: Known | None, classes: Any) -> None:
        """Look for a class that is not among the known ones while the rows have the numbers of their source."""
        y, weights = self.source.y, self.source.weights
        if weights is not None:  # what rows of weight 0 say does not count
            y = np.where(weights.reshape(-1, *(1,) * (y.ndim - 1)) > 0, y, y[np.argmax(weights > 0)])
        if known is not None and isinstance(known.target, Labels):
            known.target.encode(y)
        elif classes is not None:
            Labels.fit(y, classes=classes)

    def hold_out(self, fraction: float, seed: int, bits: Bits) -> "RowsInMemory":
        """Return the same rows with a part of them held out: by classes where there are some, or by groups or time."""
        by, rows = self.source.held_out_by, self.counted.rows
        if by is None:
            return replace(self, split=split_of(self.counted, capped(fraction, self.n), bits, self._strata))
        keys = keys_of(by.what, by.column, seed)[rows]
        lowest = LowestKeys.of(keys, rows_wanted(fraction, self.n))
        held = keys <= highest_key(by.what, by.column.name, lowest)
        train, validation = (self.counted.some(np.flatnonzero(mask)) for mask in (~held, held))
        return replace(self, split=Split(train, validation))

    @property
    def _strata(self) -> NDArray[Any] | None:
        """The class of each row that counts, where it has one."""
        one_class_each = self.task == "classifier" and self.source.y.ndim == 1
        return class_numbers(self.Y)[self.counted.rows] if one_class_each else None

    def in_folds(self, k: int, seed: int, bits: Bits, columns: Columns, dtype: Any) -> tuple[AllButOne, LeftOut]:
        """Return the rows that count, encoded, for k networks: to learn from, and to watch.

        Raises
        ------
        SettingError
            Rows are held out by time.
        DataError
            Fewer rows, or fewer groups, than folds.
        """
        by = self.source.held_out_by
        if by is None:
            fold = folds_of(self.n, k, bits, self._strata)
        elif by.what == "time":
            raise SettingError(
                f"n_bags={k} leaves out every row once, and time={by.column.name!r} says that the latest are held out: "
                "leave out one of them."
            )
        else:
            fold = folds_of_groups(keys_of(by.what, by.column, seed)[self.counted.rows], k, by.column.name)
        examples = AllButOne(examples_of(self.source, self.counted, columns, dtype), fold, k)
        _warn_of_hidden_classes(examples, columns.target, None if by is None else by.column.name)
        return examples, examples.left_out(self.counted.rows, len(self.source.y))

    def learn(
        self,
        settings: Mapping[str, Any],
        known: Known | None = None,
        *,
        classes: Any = None,
        log_link: bool = False,
    ) -> Columns:
        """Return the way from columns to numbers and back, learned from the training rows or kept from before.

        What had no spread before takes its scale from these rows.
        """
        train = self.split.train
        if known is None:
            return learn(self.source.batches(train), settings, self.task, classes=classes, log_link=log_link)
        late, target, factors = LateScales(known.encoder, settings), known.target, None
        found = None
        for batch in self.source.batches(train):
            here = late.seen(batch)
            found = here if found is None else found.joined(here)
            if isinstance(target, Numbers):
                target = with_late_range(target, TargetMoments.of(batch.y, batch.weights), settings, log_link)
        if settings.get("class_weight") is not None and isinstance(target, Labels):
            counts = LabelCounts.of(self.source.y[train.rows], train.weights, target.classes)
            factors = class_factors(settings["class_weight"], counts)
        return Columns(late.encoder(found), target, factors, train.n)

    def targets_as_numbers(self) -> NDArray[np.float64]:
        """Return the targets of the rows that count, for a loss that takes not all numbers."""
        return plain_numbers(self.source.y[self.counted.rows])

    def examples(self, columns: Columns, dtype: Any) -> tuple[Examples, Examples | None]:
        """Return the training rows and the held-out ones, encoded."""
        train, held = self.split
        return (
            examples_of(self.source, train, columns, dtype),
            None if held is None else examples_of(self.source, held, columns, dtype),
        )

    @property
    def watched(self) -> Any:
        """The numbers of the rows that a score looks at."""
        return (self.split.validation or self.split.train).rows


def _warn_of_hidden_classes(examples: AllButOne, target: Labels | Numbers, groups: str | None) -> None:
    """Warn where all rows of a class are in one fold: the network that leaves it out never learns that class."""
    if not isinstance(target, Labels) or len(target.classes) < 2:
        return
    for bag, own in enumerate(examples.own):
        if what := _hidden(target, examples.rows.Y, own):
            why, cure = "there are too few of them", "take more"
            if groups is not None:
                why, cure = f"groups={groups!r} keeps them together", "take groups that share their classes"
            warnings.warn(
                f"n_bags={examples.k}: all rows {what} are in fold {bag}, since {why}. The network that leaves that "
                f"fold out, bag({bag}), learns from none of them: {cure}, or leave out n_bags.",
                DataWarning,
                stacklevel=5,
            )


def _hidden(target: Labels, Y: NDArray[Any], own: NDArray[Any]) -> str:
    """Return which rows there are, and none among its own: of a class; with a label, or without it."""
    if target.task != "multilabel":
        numbers = class_numbers(Y)
        names = ", ".join(map(repr, target.classes[np.setdiff1d(numbers, numbers[own])].tolist()))
        return f"of class {names}" if names else ""
    found = []
    for word, has in (("with", Y > 0.5), ("without", Y <= 0.5)):
        names = ", ".join(map(str, target.classes[has.any(axis=0) & ~has[own].any(axis=0)].tolist()))
        found += [f"{word} label {names}"] if names else []
    return " and ".join(found)


def _as_numbers(y: Any, task: Task) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the target itself is learned later, and warns
        return (Labels.fit(y) if task == "classifier" else Numbers.fit(y, standardise=False)).encode(y)
