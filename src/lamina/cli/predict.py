"""lamina predict: the rows of a table in, one line per row out, in constant memory."""

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lamina.cli.files import check_place, check_rows, named, shown
from lamina.cli.options import ModelFile
from lamina.cli.printable import printable
from lamina.cli.rows import Place, in_stream, located, pieces_of, stream_of
from lamina.cli.terminal import Terminal, counted
from lamina.cluster.launching import launched
from lamina.cluster.places import asked_for
from lamina.cluster.turns import in_turns
from lamina.data.tables.alignment import check_present
from lamina.data.tables.row_streams import RowStream
from lamina.data.tables.table import Table
from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import Quantile
from lamina.errors import DataError, NoRowsError, SettingError
from lamina.learning.conformal import check_coverage
from lamina.learning.group import Group
from lamina.model import Model
from lamina.model_file import load
from lamina.sealed_file import replacing

ENDINGS = (".csv", ".parquet")
Columns = list[NDArray[Any]]  # one array per column, each (rows,)
Write = Callable[[Columns], None]


def predict(
    model: ModelFile,
    /,
    *files: str,
    proba: bool = False,
    interval: float | None = None,
    out: Path | None = None,
    cluster: str | None = None,
) -> int:
    """Predict the rows of tables, in their order.

    FILES may be larger than memory. Columns that the model does not know are
    ignored. Of a file without rows comes a header without rows.

    Parameters
    ----------
    files
        CSV (also .gz, .zst), Parquet, Arrow or Feather files with the columns of training. Or a folder of them, a glob,
        or a URI like s3://bucket/folder.
    proba
        Give the probability of every class instead of the class.
    interval
        Add the ends of an interval that holds the number with this probability, like 0.9, from the errors on the
        validation rows of training.
    out
        A .csv or .parquet file to write; without it, CSV goes to stdout.
    cluster
        Where to predict, as for `lamina train`: local[2], auto, HOST:PORT, mpi. What is written is the same.
    """
    if out is not None and out.suffix.lower() not in ENDINGS:
        raise SettingError(
            f"--out {out}: expected a name that ends in {' or '.join(ENDINGS)}; without --out, CSV goes to stdout"
        )
    paths = named("predict", files)
    check_rows(model, paths, {"--out": out})
    if out is not None:
        check_place("--out", out)
    if interval is not None:
        check_coverage(interval)
    where, how = asked_for(cluster), (model, paths, proba, interval, out)
    return _written(*how) if where is None else launched(where, partial(_written, *how))


def _written(
    model: Path,
    paths: Sequence[str],
    proba: bool,
    interval: float | None,
    out: Path | None,
    group: Group | None = None,
) -> int:
    """Write the predictions, as one process: alone, or as a worker of a group, of which the first writes."""
    terminal, loaded, speaks = Terminal(), load(model), group is None or group.rank == 0
    terminal.notes.quiet = not speaks
    if proba and not isinstance(loaded.target, Labels):
        raise DataError(f"{model} predicts numbers: there are no probabilities. Remove --proba.")
    if interval is not None:
        _check_interval(model, loaded, interval)
    names, count = column_names(loaded, proba, interval is not None), 0
    with _writing(out, names) if speaks else nullcontext(_nowhere) as write:
        with terminal.working(f"reading {shown(paths)}"):
            found = _predicted(loaded, paths, _way(loaded, proba, interval), group)
            first = next(found, None)
        if first is None:
            write([_no_values(loaded, proba)] * len(names))
        for y in () if first is None else chain((first,), found):
            write(list(y.reshape(len(y), len(names)).T))
            count += len(y)
    if out is not None:
        terminal.note(f"{counted(count, 'prediction')}: {out}")
    return 0


def _check_interval(path: Path, model: Model, coverage: float) -> None:
    """Find out before anything is written whether the model has intervals of this coverage."""
    if isinstance(model.target, Labels):
        raise DataError(f"{path} predicts labels: there are no intervals. --proba gives the probability of each.")
    if model.conformal is None:
        raise DataError(
            f"{path} has no intervals: no rows were held out when it was trained. Train it with --early-stopping true "
            "or --validation FILE."
        )
    model.conformal.at(coverage)


def _way(model: Model, proba: bool, interval: float | None) -> Callable[[Table], NDArray[Any]]:
    """Return from rows to what is written of each."""
    if interval is None:
        return model.predict_proba if proba else model.predict
    coverage = interval

    def with_ends(rows: Table) -> NDArray[Any]:
        A = model.output(rows)
        ends = model.intervals(A, coverage).reshape(len(A), -1, 2)
        y = model.decoded(A).reshape(len(A), ends.shape[1], -1)
        return np.concatenate([y, ends], axis=2)

    return with_ends


def _nowhere(columns: Columns) -> None:
    """Another worker writes."""


def _predicted(
    model: Model, files: Sequence[str], way: Callable[[Table], NDArray[Any]], group: Group | None
) -> Iterator[NDArray[Any]]:
    """Yield what is predicted for the rows of files, piece by piece; nothing where they have the columns only."""
    stream = _opened(model, files)
    if stream is None:
        return

    def of_piece(rows: Table) -> NDArray[Any]:
        with in_stream(stream):
            return way(rows)

    yield from in_turns(group, pieces_of(stream, model.encoder.names_in), of_piece)


def _opened(model: Model, files: Sequence[str]) -> RowStream | None:
    """Return the rows of files; nothing where they have the columns only."""
    try:
        return stream_of(files, model.encoder.reading)
    except NoRowsError as problem:
        if not problem.names:
            raise
        with located(Place(Path(files[0]))):
            check_present(problem.names, model.encoder.names_in)
        return None


def _no_values(model: Model, proba: bool) -> NDArray[Any]:
    """Return a column without values, of the type that predictions have."""
    target = model.target
    if proba or isinstance(target, Numbers):
        return np.zeros(0)
    return np.zeros(0, int) if target.task == "multilabel" else target.classes[:0]


def column_names(model: Model, proba: bool, interval: bool = False) -> list[str]:
    """Return the names of the columns that are written: "income", "income=>50K", "price[0.9]", "y[1]", "y[low]"."""
    name, target, loss = model.target_name, model.target, model.network.loss
    if isinstance(target, Numbers):
        targets = [name] if target.n_targets == 1 else [f"{name}[{t}]" for t in range(target.n_targets)]
        quantiles = loss.quantiles if isinstance(loss, Quantile) else ()
        endings = [f"[{q:g}]" for q in quantiles] if len(quantiles) > 1 else [""]
        endings += ["[low]", "[high]"] if interval else []
        return [f"{one}{ending}" for one in targets for ending in endings]
    if proba or target.task == "multilabel":
        return [f"{name}={label}" for label in target.classes]
    return [name]


@contextmanager
def _writing(out: Path | None, names: list[str]) -> Iterator[Write]:
    """Yield what writes some rows; a file gets its name only when it is complete."""
    if out is None:
        text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        sys.stdout.flush()
        try:
            yield _csv(text, names, printable if sys.stdout.isatty() else str)
        finally:
            text.detach()  # stdout is closed by whoever opened it
        return
    with replacing(out) as file:
        if out.suffix.lower() == ".parquet":
            with _Parquet(file, names) as parquet:
                yield parquet.write
        else:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            yield _csv(text, names, str)
            text.flush()
            text.detach()  # the file is closed by whoever opened it


def _csv(file: IO[str], names: list[str], spelled: Callable[[str], str]) -> Write:
    writer, header = csv.writer(file, lineterminator="\n"), iter([[spelled(name) for name in names]])

    def values(column: NDArray[Any]) -> list[Any]:
        return [spelled(one) for one in column.tolist()] if column.dtype.kind in "OU" else column.tolist()

    def write(columns: Columns) -> None:
        writer.writerows(header)  # before the first rows, once it is known that they can be predicted
        writer.writerows(zip(*map(values, columns), strict=True))

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

        arrays = [pa.array(column.tolist(), None if len(column) else _type_of(column)) for column in columns]
        batch = pa.record_batch(arrays, self.names)
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.file, batch.schema)
        self.writer.write_batch(batch)

    def __exit__(self, *problem: object) -> None:
        if self.writer is not None:
            self.writer.close()


def _type_of(column: NDArray[Any]) -> Any:
    """Return the Arrow type of a column without values: that of its values, if it had some."""
    import pyarrow as pa

    return pa.string() if column.dtype.kind in "OU" else pa.array(np.zeros(1, column.dtype).tolist()).type
