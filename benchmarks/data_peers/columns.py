"""Rows of Parquet files by pyarrow, some tens of thousands at a time, and columns of theirs as NumPy takes them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.types as t

from . import Job

BLOCK_ROWS = 65_536


def blocks(job: Job, files: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order, some tens of thousands at a time; each `for` reads the files anew."""
    left = job.rows
    for batch in pyarrow.dataset.dataset(job.files if files is None else files).to_batches(batch_size=BLOCK_ROWS):
        if left <= 0:
            return
        if batch.num_rows:
            yield batch.slice(0, left)
            left -= min(batch.num_rows, left)


def numbers_of(batch: pa.RecordBatch, numbers: Sequence[str]) -> np.ndarray:
    """Return columns of numbers and dates as a matrix, dates as seconds since 1970."""
    X = np.empty((batch.num_rows, len(numbers)))
    for k, name in enumerate(numbers):
        column = batch[name]
        if t.is_timestamp(column.type):
            column = column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
        X[:, k] = column.to_numpy(zero_copy_only=False)
    return X


def is_text(kind: pa.DataType) -> bool:
    """Return whether this is a type of text, in a dictionary or not."""
    return t.is_string(kind) or t.is_large_string(kind) or t.is_dictionary(kind)


def plain_text(column: pa.Array) -> pa.Array:
    """Return text as an array of strings."""
    return (column.dictionary_decode() if t.is_dictionary(column.type) else column).cast(pa.string())


def names_of(job: Job) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of numbers and dates, and those of text, without the target."""
    schema = pyarrow.dataset.dataset(job.files).schema
    names = [name for name in schema.names if name != job.target]
    texts = tuple(name for name in names if is_text(schema.field(name).type))
    return tuple(name for name in names if name not in texts), texts


def labels_of(job: Job, batch: pa.RecordBatch) -> np.ndarray:
    return batch[job.target].to_numpy(zero_copy_only=False)
