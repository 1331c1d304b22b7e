"""LightGBM with its `Sequence`: it asks for rows of a file by their numbers, and keeps their bins in memory."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow.parquet as pq

from . import Job
from .trees import ROUNDS, Codes, predicted


def versions() -> dict[str, str]:
    return {"lightgbm": lightgbm.__version__}


class ParquetRows(lightgbm.Sequence):
    """The rows of a file; the row group that was read last is kept."""

    batch_size = 65_536

    def __init__(self, path: str, codes: Codes, most: int) -> None:
        self.file, self.codes, self.most = pq.ParquetFile(path), codes, most
        groups = self.file.metadata.num_row_groups
        self.ends = np.cumsum([self.file.metadata.row_group(k).num_rows for k in range(groups)])
        self.at, self.group = -1, np.empty((0, 0))

    def __len__(self) -> int:
        return min(int(self.ends[-1]), self.most)

    def __getitem__(self, rows: Any) -> np.ndarray:
        if isinstance(rows, slice):
            wanted = np.arange(*rows.indices(len(self)))
            groups = np.unique(np.searchsorted(self.ends, wanted, "right"))
            return np.concatenate([self._of(k, wanted) for k in groups.tolist()])
        return self._of(int(np.searchsorted(self.ends, rows, "right")), np.array([rows]))[0]

    def _of(self, k: int, wanted: np.ndarray) -> np.ndarray:
        """Return those of the wanted rows that are in row group `k`."""
        if self.at != k:
            (batch,) = self.file.read_row_group(k).combine_chunks().to_batches()
            self.at, self.group = k, self.codes.rows(batch)
        first = int(self.ends[k]) - len(self.group)
        return self.group[wanted[(wanted >= first) & (wanted < self.ends[k])] - first]


def run(job: Job, ended: Callable[[], None]) -> Callable[[Path], np.ndarray]:
    codes, labels = Codes.learned(job)
    rows: list[ParquetRows] = []
    for path in job.files:
        left = job.rows - sum(map(len, rows))
        if left > 0:
            rows.append(ParquetRows(path, codes, left))
    settings = {"objective": "binary", "num_threads": job.threads, "seed": job.seed, "verbose": -1}
    data = lightgbm.Dataset(rows, labels, categorical_feature=codes.categories, params=settings)
    model = lightgbm.train(settings, data, ROUNDS)
    ended()
    return partial(predicted, codes, model.predict)
