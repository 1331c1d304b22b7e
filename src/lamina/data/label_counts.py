"""How often each class occurs, gathered batch by batch: what the classes and their weights are learned from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.labels import Labels, warn_of_many
from lamina.data.target_values import plain_labels
from lamina.errors import DataError


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """What a run of rows says about their classes."""

    labels: Labels  # of these rows; all classes, where they were given
    weights: NDArray[np.float64]  # (classes,) Σ w of the rows of each; for multilabel (labels, 2), of 0 and of 1
    n_rows: int

    @staticmethod
    def of(y: Any, weights: NDArray[np.float64] | None = None, classes: Any = None) -> "LabelCounts":
        """Return what one batch says; `classes` are all, where they are known.

        Raises
        ------
        DataError
            Labels missing, continuous, of mixed types, or not among `classes`.
        """
        given = plain_labels(y)
        labels = Labels.of(given, classes=classes)
        if labels.task == "multilabel":
            w = np.ones(len(given)) if weights is None else weights
            counts = np.array([[np.sum(w * (1 - column)), np.sum(w * column)] for column in given.T])
        else:
            counts = np.bincount(labels.codes(given), weights, len(labels.classes)).astype(np.float64)
        return LabelCounts(labels, counts, len(given))

    def joined(self, other: "LabelCounts") -> "LabelCounts":
        """Return what both runs of rows say."""
        n_rows = self.n_rows + other.n_rows
        tasks = [counts.labels.task == "multilabel" for counts in (self, other)]
        a, b = self.labels.classes, other.labels.classes
        if any(tasks):
            if not all(tasks) or len(a) != len(b):
                raise DataError("y: the same number of labels expected in all batches of rows")
            return LabelCounts(self.labels, self.weights + other.weights, n_rows)
        if (a.dtype.kind == "U") != (b.dtype.kind == "U"):
            found = " and ".join(repr(classes[0].item()) for classes in (a, b))
            raise DataError(f"y: labels of one kind expected in all batches of rows, found {found}")
        classes = np.union1d(a, b)
        counts = np.zeros(len(classes))
        counts[np.searchsorted(classes, a)] += self.weights
        counts[np.searchsorted(classes, b)] += other.weights
        return LabelCounts(Labels.of(classes), counts, n_rows)

    def target(self, classes: Any = None) -> Labels:
        """Return the classes; warn where nearly every row has its own, unless `classes` were given."""
        if classes is None and self.labels.task != "multilabel":
            warn_of_many(len(self.labels.classes), self.n_rows)
        return self.labels
