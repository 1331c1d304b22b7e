"""pyarrow alone: every column of every row is decoded, nothing is made of it."""

from collections.abc import Callable

import pyarrow
import pyarrow.dataset

from . import Job


def versions() -> dict[str, str]:
    return {"pyarrow": pyarrow.__version__}


def run(job: Job, ended: Callable[[], None]) -> None:
    for _ in range(job.passes):
        for batch in pyarrow.dataset.dataset(job.files).to_batches():
            assert batch.num_columns
        ended()
