"""lamina evaluate: how good a model is on rows whose answers are known."""

from pathlib import Path
from typing import Any

import numpy as np

from lamina.cli.files import ModelFile, reading_for
from lamina.cli.scores import Answers, named
from lamina.cli.terminal import Terminal, counted, number
from lamina.data.splitting import check_weights
from lamina.data.tables.sources import stream
from lamina.data.tables.table import Table
from lamina.data.targets import Labels
from lamina.errors import ColumnError, DataError, nearest
from lamina.model import Model
from lamina.model_file import load

ROWS_AT_ONCE = 16_384
SHOWN_CLASSES = 15  # of a confusion matrix that fits a terminal


def evaluate(model: ModelFile, file: Path, /, *, weights: str | None = None, json: bool = False) -> int:
    """Measure a model on rows whose answers are known.

    Parameters
    ----------
    file
        CSV, Parquet, Arrow or Feather file with the columns of training, the target included.
    weights
        A column that says how much each row counts.
    json
        Print the result as JSON on stdout, and nothing else there.
    """
    terminal, loaded = Terminal(json), load(model)
    answers = answered(loaded, file, weights)
    scores = answers.measured()
    terminal.say(f"{model} on {counted(len(answers.Y), 'row')} of {file}, target {loaded.target_name!r}:")
    terminal.table(["score", ""], [(named(name), value) for name, value in scores.items()])
    result: dict[str, Any] = {"model": str(model), "file": str(file), "rows": len(answers.Y), "scores": scores}
    if isinstance(loaded.target, Labels) and loaded.target.task != "multilabel":
        confusion = answers.confusion()
        result |= {"classes": loaded.target.classes, "confusion": confusion}
        _show_confusion(terminal, loaded, confusion)
    terminal.result(result)
    return 0


def answered(model: Model, file: Path, weights: str | None) -> Answers:
    """Return the outputs for all rows of a file, read piece by piece, beside its targets."""
    target, name = model.target, model.target_name
    if (target.n_outputs > 1 and target.task == "multilabel") if isinstance(target, Labels) else target.n_targets > 1:
        raise DataError("this model predicts several targets at once: evaluate it from Python")
    A, Y, w = [], [], []
    for rows in stream(file, ROWS_AT_ONCE, reading=reading_for(model)):
        A.append(model.output(rows))
        Y.append(target.encode(_column(rows, name, file, "the target")))
        if weights is not None:
            w.append(_column(rows, weights, file, "the weights"))
    total = sum(map(len, Y))
    return Answers(
        target,
        model.network.loss,
        np.concatenate(A),
        np.concatenate(Y),
        check_weights(np.concatenate(w), total) if w else None,
    )


def _column(rows: Table, name: str, file: Path, what: str) -> Any:
    if name not in rows.names:
        raise ColumnError(
            f"{file} has no column {name!r} with {what}.{nearest(name, rows.names)} It has {', '.join(rows.names)}"
        )
    return rows.column(name)


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
