"""lamina evaluate: how good a model is on rows whose answers are known."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lamina.cli.files import check_rows, named, reading_for, shown
from lamina.cli.options import AsJson, ModelFile, Weights
from lamina.cli.rows import Place, column_of, in_stream, located, pieces_of, stream_of, weights_of
from lamina.cli.scores import Answers
from lamina.cli.scores import named as name_of
from lamina.cli.terminal import Terminal, counted, number
from lamina.cluster.launching import launched
from lamina.cluster.places import asked_for
from lamina.cluster.turns import in_turns
from lamina.data.splitting import check_weights
from lamina.data.tables.row_streams import RowStream
from lamina.data.tables.table import Table
from lamina.data.targets import Labels
from lamina.errors import DataError
from lamina.learning.group import Group
from lamina.model import Model
from lamina.model_file import load

SHOWN_CLASSES = 15  # of a confusion matrix that fits a terminal


def evaluate(
    model: ModelFile, /, *files: str, weights: Weights = None, cluster: str | None = None, json: AsJson = False
) -> int:
    """Measure a model on rows whose answers are known.

    Parameters
    ----------
    files
        CSV (also .gz, .zst), Parquet, Arrow or Feather files with the columns of training, the target included. Or a
        folder of them, a glob, or a URI like s3://bucket/folder.
    cluster
        Where to work, as for `lamina train`: local[2], auto, HOST:PORT, mpi. The scores are the same.
    """
    paths = named("evaluate", files)
    check_rows(model, paths, {})
    where, how = asked_for(cluster), (model, paths, weights, json)
    return _told(*how) if where is None else launched(where, partial(_told, *how))


def _told(model: Path, paths: Sequence[str], weights: str | None, json: bool, group: Group | None = None) -> int:
    """Say what comes out, as one process: alone, or as a worker of a group, of which the first speaks."""
    terminal, loaded = Terminal(json), load(model)
    with terminal.working(f"reading {shown(paths)}"):
        answers = answered(loaded, paths, weights, group)
    if group is not None and group.rank:
        return 0
    scores, left_out = measured = answers.measured()
    terminal.say(f"{model} on {counted(len(answers.Y), 'row')} of {shown(paths)}, target {loaded.target_name!r}:")
    terminal.table(["score", ""], [(name_of(name), value) for name, value in scores.items()])
    for line in measured.told():
        terminal.say(line)
    result: dict[str, Any] = {"model": str(model), "file": shown(paths), "rows": len(answers.Y), "scores": scores}
    result["left_out"] = left_out
    if isinstance(loaded.target, Labels) and loaded.target.task != "multilabel":
        confusion = answers.confusion()
        result |= {"classes": loaded.target.classes, "confusion": confusion}
        _show_confusion(terminal, loaded, confusion)
    terminal.result(result)
    return 0


def answered(model: Model, files: Sequence[str], weights: str | None, group: Group | None = None) -> Answers:
    """Return the outputs for all rows of files, read piece by piece, beside their targets."""
    target = model.target
    if (target.n_outputs > 1 and target.task == "multilabel") if isinstance(target, Labels) else target.n_targets > 1:
        raise DataError("this model predicts several targets at once: evaluate it from Python")
    return answers_from(model, stream_of(files, reading_for(model)), shown(files), model.target_name, weights, group)


def answers_from(
    model: Model, stream: RowStream, file: str, name: str, weights: str | None, group: Group | None = None
) -> Answers:
    """Return the outputs for all rows of a stream, called `file`, beside the targets in its column `name`."""
    target, Y, w = model.target, list[Any](), list[Any]()

    def pieces() -> Iterator[Table]:
        for rows in pieces_of(stream, [*model.encoder.names_in, name, *([] if weights is None else [weights])]):
            yield rows  # an error of the model's columns comes first
            y = column_of(rows, name, file, "the target")
            with located(Place(stream, -int(rows.row_number(0))), column=name):
                Y.append(target.encode(y))
            if weights is not None:
                w.append(weights_of(rows, weights, file))

    def of_piece(rows: Table) -> Any:
        with in_stream(stream):
            return model.output(rows)

    A = list(in_turns(group, pieces(), of_piece))
    total = sum(map(len, Y))
    with located(Place(stream), column=weights):
        counts = check_weights(np.concatenate(w), total) if w else None
    return Answers(target, model.network.loss, np.concatenate(A), np.concatenate(Y), counts)


def _show_confusion(terminal: Terminal, model: Model, confusion: Any) -> None:
    classes = [str(label) for label in model.target.classes]  # type: ignore[union-attr]
    if len(classes) > SHOWN_CLASSES:
        terminal.say(f"(no confusion matrix: {len(classes)} classes; --json has it)")
        return
    terminal.say("rows are the true classes, columns the predicted ones:")
    rows = [
        [label, *(number(value) for value in line.tolist())] for label, line in zip(classes, confusion, strict=True)
    ]
    terminal.table([model.target_name, *classes], rows)
