"""The encoding that a careful user writes for a network that wants a matrix: one pass to learn it, columns at a time.

numbers, dates     less their mean, by their deviation; a date is a number of seconds
categories         indicator columns: one for each of the most frequent levels, one for all others
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
from sklearn.preprocessing import StandardScaler

from . import Job
from .columns import BLOCK_ROWS, blocks, labels_of, names_of, numbers_of, plain_text


@dataclass(frozen=True)
class Encoding:
    """How rows become a matrix."""

    job: Job
    scaler: Any
    numbers: tuple[str, ...]
    levels: dict[str, pa.Array]  # of each category, those with a column of their own

    @staticmethod
    def learned(job: Job) -> "Encoding":
        """Return what one pass over the rows says."""
        numbers, texts = names_of(job)
        scaler, counts = StandardScaler(copy=False), {name: Counter() for name in texts}
        for batch in blocks(job):
            scaler.partial_fit(numbers_of(batch, numbers))
            for name in texts:
                for one in pc.value_counts(plain_text(batch[name])).to_pylist():
                    counts[name][one["values"]] += one["counts"]
        most = job.most_levels
        levels = {
            name: pa.array([level for level, _ in seen.most_common(most if len(seen) <= most else most - 1)])
            for name, seen in counts.items()
        }
        return Encoding(job, scaler, numbers, levels)

    @property
    def width(self) -> int:
        return len(self.numbers) + sum(len(levels) + 1 for levels in self.levels.values())

    def rows(self, batch: pa.RecordBatch) -> np.ndarray:
        """Return the matrix of some rows, float32."""
        X = np.zeros((batch.num_rows, self.width), np.float32)
        X[:, : len(self.numbers)] = self.scaler.transform(numbers_of(batch, self.numbers))
        start, each = len(self.numbers), np.arange(batch.num_rows)
        for name, levels in self.levels.items():
            codes = pc.index_in(plain_text(batch[name]), value_set=levels).fill_null(len(levels))
            X[each, start + codes.to_numpy(zero_copy_only=False)] = 1
            start += len(levels) + 1
        return X

    def labels(self, batch: pa.RecordBatch) -> np.ndarray:
        return labels_of(self.job, batch)


def predicted(encoding: Encoding, predict: Any, test: Path) -> np.ndarray:
    """Return the probabilities of the test rows, block by block."""
    found = pyarrow.dataset.dataset(test).to_batches(batch_size=BLOCK_ROWS)
    return np.concatenate([predict(encoding.rows(batch)) for batch in found if batch.num_rows])
