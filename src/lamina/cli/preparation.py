"""What a training run starts from: the table taken apart, the kind of task, the settings, the scorer."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.cli.column_roles import Columns, dropped_names
from lamina.cli.rows import Place, all_of, column_of, located, placed, weights_of
from lamina.cli.settings import Task
from lamina.cli.terminal import Terminal, counted
from lamina.data.roles import Roles
from lamina.data.splitting import check_weights
from lamina.data.tables.alignment import check_present
from lamina.data.tables.columns import short
from lamina.data.tables.row_streams import RowStream
from lamina.data.tables.table import Table
from lamina.data.target_values import is_missing_target
from lamina.data.targets import Labels, Numbers, detect_task
from lamina.errors import DataError, LaminaError, SettingError
from lamina.fitting import Score, prepare
from lamina.learning.group import Group
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.model import Model
from lamina.scoring import score_of


@dataclass(frozen=True)
class Rows:
    """A table, with target and weights taken out of it."""

    X: Table
    y: NDArray[Any]
    weights: NDArray[Any] | None
    groups: NDArray[Any] | None = None

    def take(self, which: NDArray[Any]) -> "Rows":
        """Return some of the rows."""
        weights, groups = (None if array is None else array[which] for array in (self.weights, self.groups))
        return Rows(self.X.take(which), self.y[which], weights, groups)


def taken_apart(table: Table, file: Any, columns: Columns) -> Rows:
    """Return the columns to learn from, the target and the weights.

    Raises
    ------
    CycloptsError
        No target was named.
    DataError
        A column is not there (the message gives the nearest name) or cannot be used so, or none is left.
    """
    target = columns.check_target(file, table.names)
    y = column_of(table, target, file, "--target")
    if table.at(table.names.index(target)).kind == "date":
        raise DataError(
            f"--target: column {target!r} of {file} holds dates, and classes or numbers are predicted: write "
            "it as a number, such as the days since a day of your choice"
        )
    dropped = dropped_names(table, file, columns)
    gone = [one for one in (target, columns.weights, columns.groups, *dropped) if one is not None]
    weights = None if columns.weights is None else weights_of(table, columns.weights, file)
    groups = None if columns.groups is None else column_of(table, columns.groups, file, "--groups")
    if columns.time is not None:
        column_of(table, columns.time, file, "--time")
    X = table.select(name for name in table.names if name not in gone)
    if not X.names:
        raise DataError(f"{file}: no column is left to learn from")
    return Rows(X, y, weights, groups)


def with_targets(rows: Rows, terminal: Terminal) -> Rows:
    """Return the rows whose target is there; say how many are left out."""
    there = ~is_missing_target(rows.y)
    if there.all():
        return rows
    terminal.say(f"{counted(int((~there).sum()), 'row')} without a target left out")
    return rows.take(there)


def check_targets(rows: Rows, place: Path | RowStream, columns: Columns) -> None:
    """Raise a DataError that says where targets are missing, and what to do."""
    missing = is_missing_target(rows.y) & (True if rows.weights is None else np.asarray(rows.weights) != 0)
    first = np.flatnonzero(missing)[:1]
    for i in first:
        where = placed(place, rows.X.reading).of(rows.X.row_number(int(i)))
        raise DataError(
            f"{where}, column {columns.target!r}: has no value: {counted(int(missing.sum()), 'row')}, this is "
            "the first; fill them, or leave these rows out with --drop-missing-target"
        )


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
    place: Path | RowStream,
    columns: Columns,
    task: Task,
    settings: dict[str, Any],
    validation: Path | None,
    seed: int | None = None,
    group: Group | None = None,
) -> tuple[Run, State]:
    """Return the run and its state, everything checked and nothing trained."""
    if isinstance(settings.get("class_weight"), dict):
        settings = {**settings, "class_weight": by_class(settings["class_weight"], rows.y)}
    watched = None if validation is None else _watched(rows, validation, columns, task)
    n = rows.X.n_rows
    X_val = None if watched is None else replace(watched.X, row_numbers=n)  # so that messages can tell them apart
    pair = None if watched is None else (X_val, watched.y)
    places = [placed(place, rows.X.reading), *([] if validation is None else [Place(validation, n, rows.X.reading)])]
    try:
        with located(*places):
            return prepare(
                rows.X,
                rows.y,
                rows.weights,
                X_val=X_val,
                y_val=None if watched is None else watched.y,
                sample_weight_val=None if watched is None else watched.weights,
                roles=Roles(groups=rows.groups, time=columns.time),
                settings=settings,
                task=task,
                target_name=str(columns.target),
                score=_score(settings.get("scoring", "cost"), rows, pair, task),
                seed=seed,
                group=group,
            )
    except DataError:
        _check_targets(rows, place, watched, validation, columns, task)  # perhaps the fault is one of these
        raise


def _check_targets(
    rows: Rows, place: Path | RowStream, watched: Rows | None, validation: Path | None, columns: Columns, task: Task
) -> None:
    """Raise the error for the first target or weight that cannot be used, with its file, line and column."""
    known: Labels | Numbers | None = None
    for one, where in ((rows, place), (watched, validation)):
        if one is None or where is None:
            continue
        at = placed(where, one.X.reading)
        if one.weights is not None:
            with located(at, column=columns.weights):
                check_weights(one.weights, len(one.weights))
        counts = slice(None) if one.weights is None else np.flatnonzero(one.weights)
        with located(at, column=columns.target):
            try:
                if known is None:
                    known = Labels.fit(one.y[counts]) if task == "classifier" else Numbers.fit(one.y[counts])
                known.encode(one.y[counts])
            except DataError as problem:
                raise _renumbered(problem, counts) from problem


def _renumbered(problem: DataError, counts: Any) -> DataError:
    """Return the error with the row's number among all rows: those of weight 0 were not looked at."""
    if isinstance(counts, slice):
        return problem
    return type(problem)(re.sub(r"\brow (\d+)", lambda row: f"row {counts[int(row[1])]}", str(problem)))


def _score(scoring: Any, rows: Rows, pair: Any, task: Task) -> Score | None:
    """Return what watches training."""
    return whatever_scores(score_of(scoring, rows.X, rows.y, pair, task=task), scoring)


def whatever_scores(score: Score | None, scoring: Any) -> Score | None:
    """Return a score whose faults are the user's choice, no fault of ours."""

    def scored(model: Model, at: Any) -> float:
        assert score is not None
        try:
            return score(model, at)
        except (LaminaError, MemoryError):
            raise
        except Exception as problem:
            what = " ".join(str(problem).split())
            raise SettingError(f"scoring={scoring!r} does not fit these rows: {what} Choose another score") from problem

    return None if score is None else scored


def _watched(rows: Rows, validation: Path, columns: Columns, task: Task) -> Rows:
    """Return the rows of the validation file; what is text in the training file is text here."""
    kinds = {name: rows.X.at(j).kind for j, name in enumerate(rows.X.names)}
    text = [name for name, kind in kinds.items() if kind == "category"]
    if task == "classifier" and rows.y.dtype.kind == "O":
        text.append(str(columns.target))
    numbers, dates = (frozenset(n for n, k in kinds.items() if k == kind) for kind in ("number", "date"))
    reading = replace(rows.X.reading, text=tuple(text), numbers=numbers, dates=dates)
    found = taken_apart(all_of(validation, reading), validation, Columns(columns.target, columns.weights))
    with located(Place(validation, 0, reading)):
        check_present(found.X.names, rows.X.names)
    return found


def by_class(weights: dict[str, float], y: NDArray[Any]) -> dict[Any, float]:
    """Return class weights by class: TOML's keys are text, a class may be a number or a boolean."""
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            found = f"class_weight: the weight of {name!r} is {short(weight)}"
            raise SettingError(f"{found}: a number of at least 0 expected, as in yes=2,no=1")
    classes = {f"{label:g}" if isinstance(label, float) else str(label): label for label in set(y.tolist())}
    classes |= {name.lower(): label for name, label in classes.items() if isinstance(label, bool)}
    return {classes.get(name, name): weight for name, weight in weights.items()}
