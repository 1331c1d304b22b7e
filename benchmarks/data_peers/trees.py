"""What boosted trees take, one matrix: numbers as they are, a date as seconds, a category as its level's number."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset

from . import Job
from .columns import BLOCK_ROWS, blocks, names_of, numbers_of, plain_text

ROUNDS = 100  # trees that LightGBM's and XGBoost's estimators grow by default


@dataclass(frozen=True)
class Codes:
    """How rows become numbers."""

    numbers: tuple[str, ...]
    levels: dict[str, pa.Array]

    @staticmethod
    def learned(job: Job) -> tuple["Codes", np.ndarray]:
        """Return what one pass over the rows says, and the labels."""
        numbers, texts = names_of(job)
        seen: dict[str, set[str]] = {name: set() for name in texts}
        labels = []
        for batch in blocks(job):
            for name in texts:
                seen[name] |= set(pc.unique(plain_text(batch[name])).to_pylist())
            labels.append(batch[job.target].to_numpy(zero_copy_only=False))
        return Codes(numbers, {name: pa.array(sorted(found)) for name, found in seen.items()}), np.concatenate(labels)

    @property
    def categories(self) -> list[int]:
        """Which columns of the matrix are categories."""
        return list(range(len(self.numbers), len(self.numbers) + len(self.levels)))

    def rows(self, batch: pa.RecordBatch) -> np.ndarray:
        """Return the matrix of some rows; a level that was never seen is missing."""
        X = np.empty((batch.num_rows, len(self.numbers) + len(self.levels)))
        X[:, : len(self.numbers)] = numbers_of(batch, self.numbers)
        for k, (name, levels) in zip(self.categories, self.levels.items(), strict=True):
            codes = pc.index_in(plain_text(batch[name]), value_set=levels).cast(pa.float64())
            X[:, k] = codes.to_numpy(zero_copy_only=False)
        return X


def predicted(codes: Codes, predict: Any, test: Path) -> np.ndarray:
    """Return the probabilities of the test rows, block by block."""
    found = pyarrow.dataset.dataset(test).to_batches(batch_size=BLOCK_ROWS)
    return np.concatenate([predict(codes.rows(batch)) for batch in found if batch.num_rows])
