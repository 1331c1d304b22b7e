"""PyTorch with an IterableDataset over the same files.

blocks       the data set yields tens of thousands of rows as one tensor, shuffled within; the loop cuts batches
row by row   it yields single rows and the loader puts batches together, as most introductions have it
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from . import Job
from .by_hand import Encoding, predicted
from .columns import blocks


def versions() -> dict[str, str]:
    return {"torch": torch.__version__}


class Blocks(IterableDataset):
    """Blocks of rows; each worker takes files of its own."""

    def __init__(self, job: Job, encoding: Encoding) -> None:
        self.job, self.encoding = job, encoding

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        files = self.job.files if worker is None else self.job.files[worker.id :: worker.num_workers]
        if not files:
            return
        for batch in blocks(self.job, files):
            yield torch.from_numpy(self.encoding.rows(batch)), torch.from_numpy(np.array(self.encoding.labels(batch)))


class Rows(Blocks):
    """Single rows, each in turn."""

    def __iter__(self) -> Iterator[Any]:
        for X, y in super().__iter__():
            yield from zip(X, y, strict=True)


def run(job: Job, ended: Callable[[], None], workers: int, row_by_row: bool = False) -> Callable[[Path], np.ndarray]:
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    encoding = Encoding.learned(job)
    model = nn.Sequential(nn.Linear(encoding.width, job.hidden), nn.ReLU(), nn.Linear(job.hidden, 1))
    optimiser = torch.optim.Adam(model.parameters(), lr=job.rate, fused=True)
    loss = nn.BCEWithLogitsLoss()
    if row_by_row:
        loader = DataLoader(Rows(job, encoding), batch_size=job.batch, num_workers=workers)
    else:
        loader = DataLoader(Blocks(job, encoding), batch_size=None, num_workers=workers)
    for _ in range(job.passes):
        for X, y in loader if row_by_row else _batches(loader, job.batch):
            optimiser.zero_grad()
            loss(model(X)[:, 0], y.float()).backward()
            optimiser.step()
        ended()

    def predict(X: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return torch.sigmoid(model(torch.from_numpy(X)))[:, 0].numpy()

    return partial(predicted, encoding, predict)


def _batches(loader: DataLoader, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    for X, y in loader:
        order = torch.randperm(len(X))
        for chosen in order.split(size):
            yield X[chosen], y[chosen]
