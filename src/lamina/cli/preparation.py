"""What a training run starts from: the table taken apart, the kind of task, the settings, the scorer."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from cyclopts.exceptions import CycloptsError
from numpy.typing import NDArray

from lamina.cli.settings import Task
from lamina.cli.terminal import Terminal, counted
from lamina.data.tables.columns import is_missing
from lamina.data.tables.reading import Reading
from lamina.data.tables.sources import place_of, read
from lamina.data.tables.table import Table
from lamina.data.targets import detect_task
from lamina.errors import DataError
from lamina.fitting import prepare
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.scoring import score_of


@dataclass(frozen=True)
class Columns:
    """Which columns are not learned from."""

    target: str | None
    weights: str | None
    drop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rows:
    """A table, with target and weights taken out of it."""

    X: Table
    y: NDArray[Any]
    weights: NDArray[Any] | None


def taken_apart(table: Table, file: Path, columns: Columns) -> Rows:
    """Return the columns to learn from, the target and the weights.

    Raises
    ------
    CycloptsError
        No target was named.
    DataError
        A column is not there (the message gives the nearest name), or none is left.
    """
    if columns.target is None:
        raise CycloptsError(f"which column of {file} is to be predicted? --target is one of {', '.join(table.names)}")
    for name, what in ((columns.target, "target"), (columns.weights, "weights")):
        if name is not None and name in table.names and table.at(table.names.index(name)).kind == "date":
            raise DataError(
                f"{file}: the {what} {name!r} holds dates: numbers or classes expected. A number of days can be "
                "computed from them, or the year or month be made a column"
            )
    y = table.column(columns.target)
    weights = None if columns.weights is None else table.column(columns.weights)
    gone = [columns.target, *([] if columns.weights is None else [columns.weights]), *columns.drop]
    for name in gone:
        table.drop(name)  # a name that is not there is told with all that are
    table = table.select(name for name in table.names if name not in gone)
    if not table.names:
        raise DataError(f"{file}: no column is left to learn from")
    return Rows(table, y, weights)


def with_targets(rows: Rows, terminal: Terminal) -> Rows:
    """Return the rows whose target is there; say how many are left out."""
    there = ~_missing(rows.y)
    if there.all():
        return rows
    terminal.say(f"{counted(int((~there).sum()), 'row')} without a target left out")
    weights = None if rows.weights is None else rows.weights[there]
    return Rows(rows.X.take(there), rows.y[there], weights)


def check_targets(rows: Rows, file: Path, reading: Reading, columns: Columns) -> None:
    """Raise a DataError that says where targets are missing, and what to do."""
    missing = np.flatnonzero(_missing(rows.y))
    if len(missing):
        first = place_of(file, reading, rows.X.row_number(int(missing[0])))
        raise DataError(
            f"{file}: target {columns.target!r} is missing in {counted(len(missing), 'row')}, first in {first}: fill "
            "them, or leave these rows out with --drop-missing-target"
        )


def _missing(y: NDArray[Any]) -> NDArray[np.bool_]:
    if y.dtype.kind == "O":
        return np.array([is_missing(value) for value in y], bool)
    return np.isnan(y) if y.dtype.kind == "f" else np.zeros(len(y), bool)


def kind_of_task(y: NDArray[Any], asked: str | None) -> tuple[str, str]:
    """Return "regression", "binary classification" or "multiclass classification", and why."""
    found, reason = detect_task(y)
    if asked is None:
        return ("regression" if found == "regression" else f"{found} classification"), reason
    if asked == "regression":
        return asked, "as --task says"
    if found == "regression":
        found = "binary" if len(set(y.tolist())) <= 2 else "multiclass"
    return f"{found} classification", "as --task says"


def task_of(kind: str) -> Task:
    """Return who learns it: a classifier or a regressor."""
    return "regressor" if kind == "regression" else "classifier"


def prepared(
    rows: Rows,
    file: Path,
    columns: Columns,
    task: Task,
    settings: dict[str, Any],
    validation: Path | None,
    seed: int | None = None,
) -> tuple[Run, State]:
    """Return the run and its state, everything checked and nothing trained."""
    if isinstance(settings.get("class_weight"), dict):
        settings = {**settings, "class_weight": by_class(settings["class_weight"], rows.y)}
    watched = None if validation is None else _watched(rows, validation, columns, task)
    pair = None if watched is None else (watched.X, watched.y)
    return prepare(
        rows.X,
        rows.y,
        rows.weights,
        X_val=None if watched is None else watched.X,
        y_val=None if watched is None else watched.y,
        sample_weight_val=None if watched is None else watched.weights,
        settings=settings,
        task=task,
        target_name=str(columns.target),
        score=score_of(settings.get("scoring", "cost"), rows.X, rows.y, pair, task=task),
        seed=seed,
    )


def _watched(rows: Rows, validation: Path, columns: Columns, task: Task) -> Rows:
    """Return the rows of the validation file; what is text in the training file is text here."""
    kinds = {name: rows.X.at(j).kind for j, name in enumerate(rows.X.names)}
    text = [name for name, kind in kinds.items() if kind == "category"]
    if task == "classifier" and rows.y.dtype.kind == "O":
        text.append(str(columns.target))
    numbers, dates = (frozenset(n for n, k in kinds.items() if k == kind) for kind in ("number", "date"))
    reading = replace(rows.X.reading, text=tuple(text), numbers=numbers, dates=dates)
    return taken_apart(read(validation, reading=reading), validation, Columns(columns.target, columns.weights))


def by_class(weights: dict[str, float], y: NDArray[Any]) -> dict[Any, float]:
    """Return class weights by class: TOML's keys are text, a class may be a number or a boolean."""
    classes = {str(label): label for label in set(y.tolist())}
    return {classes.get(name, name): weight for name, weight in weights.items()}
