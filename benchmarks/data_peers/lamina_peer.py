"""lamina: one call, whether the rows are streamed or read into memory. And its reading and encoding alone."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import lamina
from lamina import DeepClassifier
from lamina.data.learning import learn
from lamina.data.tables.row_streams import rows_of
from lamina.data.tables.table import Batch
from lamina.errors import DataWarning

from . import Job
from .columns import blocks

Predict = Callable[[Path], np.ndarray]


def versions() -> dict[str, str]:
    return {"lamina": lamina.__version__, "numpy": np.__version__}


def run(job: Job, ended: Callable[[float], None], way: str) -> Predict | None:
    """Go through the rows in one of the ways of `WAYS`."""
    warnings.simplefilter("ignore", DataWarning)  # of pooled levels
    return WAYS[way](job, ended)


def _encode(job: Job, ended: Callable[[], None]) -> None:
    """Read and encode the rows as training does, without training: the first pass also learns how."""
    settings = _model(job).get_params() | {"embed_above": None, "splines": None, "dates": "number"}
    settings |= {"scaling": "standard", "class_weight": None, "categorical": None}
    rows = rows_of(job.files)
    columns = learn(_with_targets(rows, job.target), settings, "classifier")
    for _ in range(job.passes):
        for batch in _with_targets(rows, job.target):
            columns.encoder.encode(batch.table, np.float32)
            columns.target.encode(batch.y, np.float32)
        ended()


def _with_targets(rows: Any, target: str) -> Any:
    for batch in rows:
        yield Batch(batch.table.drop(target), batch.table.column(target), None, batch.first)


def _fit(rows: Any, stream: bool | None, job: Job, ended: Callable[..., None], began: float | None = None) -> Predict:
    began = time.perf_counter() if began is None else began
    model = _model(job).fit(rows, target=job.target, stream=stream)
    took = time.perf_counter() - began
    later = [one["seconds"] for one in model.history_[1:]]
    for seconds in (took - sum(later), *later):
        ended(seconds)
    return lambda test: model.predict_proba(pq.read_table(test).drop_columns(job.target))[:, 1]


def _fit_in_memory(job: Job, ended: Callable[..., None]) -> Predict:
    """Read the rows into an Arrow table and train on it."""
    began = time.perf_counter()
    return _fit(pa.Table.from_batches(list(blocks(job))), None, job, ended, began)


def _model(job: Job) -> DeepClassifier:
    return DeepClassifier(
        hidden_layer_sizes=(job.hidden,),
        preset="sklearn",  # what the others train, too; it scales the columns
        initializer="suited",
        alpha=0.0,
        batch_size=job.batch,
        learning_rate_init=job.rate,
        max_categories=job.most_levels,
        max_iter=job.passes,
        early_stopping=False,
        random_state=job.seed,
    )


WAYS: dict[str, Callable[[Job, Callable[..., None]], Predict | None]] = {
    "encode": _encode,
    "stream": lambda job, ended: _fit(job.files, True, job, ended),
    "csv": lambda job, ended: _fit(str(job.csv), True, job, ended),
    "memory": _fit_in_memory,
}
