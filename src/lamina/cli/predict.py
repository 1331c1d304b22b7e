"""lamina predict: the rows of a table in, one line per row out, in constant memory."""

import csv
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lamina.cli.files import ModelFile, check_place
from lamina.cli.terminal import Terminal, counted
from lamina.data.tables.sources import stream
from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import Quantile
from lamina.errors import DataError, SettingError
from lamina.model import Model
from lamina.model_file import load
from lamina.sealed_file import replacing

ROWS_AT_ONCE = 16_384
ENDINGS = (".csv", ".parquet")
Columns = list[NDArray[Any]]  # one array per column, each (rows,)
Write = Callable[[Columns], None]


def predict(model: ModelFile, file: Path, /, *, proba: bool = False, out: Path | None = None) -> int:
    """Predict the rows of a table, in their order.

    FILE may be larger than memory. Columns that the model does not know are
    ignored.

    Parameters
    ----------
    file
        CSV, Parquet, Arrow or Feather file with the columns of training.
    proba
        Give the probability of every class instead of the class.
    out
        A .csv or .parquet file to write; without it, CSV goes to stdout.
    """
    if out is not None and out.suffix.lower() not in ENDINGS:
        raise SettingError(
            f"--out {out}: expected a name that ends in {' or '.join(ENDINGS)}; without --out, CSV goes to stdout"
        )
    if out is not None:
        check_place("--out", out)
    loaded = load(model)
    if proba and not isinstance(loaded.target, Labels):
        raise DataError(f"{model} predicts numbers: there are no probabilities. Remove --proba.")
    names, count = column_names(loaded, proba), 0
    with _writing(out, names) as write:
        for rows in stream(file, ROWS_AT_ONCE, reading=loaded.encoder.reading):
            found = loaded.predict_proba(rows) if proba else loaded.predict(rows)
            write(list(found.reshape(rows.n_rows, len(names)).T))
            count += rows.n_rows
    if out is not None:
        Terminal().note(f"{counted(count, 'prediction')}: {out}")
    return 0


def column_names(model: Model, proba: bool) -> list[str]:
    """Return the names of the columns that are written: "income", "income=>50K", "price[0.9]", "y[1]"."""
    name, target, loss = model.target_name, model.target, model.network.loss
    if isinstance(target, Numbers):
        targets = [name] if target.n_targets == 1 else [f"{name}[{t}]" for t in range(target.n_targets)]
        quantiles = loss.quantiles if isinstance(loss, Quantile) else ()
        return [f"{one}[{q:g}]" for one in targets for q in quantiles] if len(quantiles) > 1 else targets
    if proba or target.task == "multilabel":
        return [f"{name}={label}" for label in target.classes]
    return [name]


@contextmanager
def _writing(out: Path | None, names: list[str]) -> Iterator[Write]:
    """Yield what writes some rows; a file gets its name only when it is complete."""
    if out is None:
        yield _csv(sys.stdout, names)
        return
    with replacing(out) as file:
        if out.suffix.lower() == ".parquet":
            with _Parquet(file, names) as parquet:
                yield parquet.write
        else:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            yield _csv(text, names)
            text.flush()
            text.detach()  # the file is closed by whoever opened it


def _csv(file: IO[str], names: list[str]) -> Write:
    writer, header = csv.writer(file, lineterminator="\n"), iter([names])

    def write(columns: Columns) -> None:
        writer.writerows(header)  # before the first rows, once it is known that they can be predicted
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))

    return write


class _Parquet:
    """A Parquet file whose column types are those of the first rows."""

    def __init__(self, file: IO[bytes], names: list[str]) -> None:
        self.file, self.names = file, names
        self.writer: Any = None

    def __enter__(self) -> "_Parquet":
        return self

    def write(self, columns: Columns) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        batch = pa.record_batch([pa.array(np.asarray(column).tolist()) for column in columns], self.names)
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.file, batch.schema)
        self.writer.write_batch(batch)

    def __exit__(self, *problem: object) -> None:
        if self.writer is not None:
            self.writer.close()
