"""What `lamina lab WHAT` opens: built-in rows, a table, a model, a learner's code."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lamina.data.encoding.categories import CategoryColumn
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.data.tables.table_files import SUFFIXES
from lamina.data.targets import Labels
from lamina.errors import ColumnError, SettingError, nearest
from lamina.laboratory.lab_rows import BUILT_IN, LabRows, built_in
from lamina.laboratory.own_rows import OwnTable, lab_rows, read_path
from lamina.laboratory.snapshot import LINK, read_snapshot, state_in_link
from lamina.learning.run import Task
from lamina.model import Model
from lamina.model_file import load
from lamina.starting import Before

CODE = (".py", ".ipynb")
MADE_UP = 32  # rows, where a model comes without any


@dataclass(frozen=True)
class Opening:
    """Where a bench starts.

    Attributes
    ----------
    rows : LabRows
    before : Before, optional
        The model to look at.
    code : Path, optional
        The learner's file.
    own : OwnTable, optional
        The table that the rows come from: the page may choose another target.
    state : dict, optional
        A state of the lab (`snapshot.restore`).
    """

    rows: LabRows
    before: Before | None = None
    code: Path | None = None
    own: OwnTable | None = None
    state: dict[str, Any] | None = None


def opening_of(what: str, file: Path | None = None, target: str | None = None) -> Opening:
    """Return where to start.

    Parameters
    ----------
    what : str
        The name of built-in rows, or a path: a table (CSV, Parquet, ...), a model, code with the course's functions, or
        a state of the lab; or a link that holds one.
    file : Path, optional
        Rows for a model or for code.
    target : str, optional
        The column of a table to predict; by default the last one.

    Raises
    ------
    LaminaError
        It is none of these, or cannot be read.
    """
    path = Path(what).expanduser()
    if what in BUILT_IN and file is None and target is None:
        return Opening(built_in(what))
    if LINK in what:
        return _of_state(state_in_link(what), file)
    if what in BUILT_IN and not path.exists():
        raise SettingError(f"{what}: these rows are built in, with their own target: name no file and no --target.")
    if not path.exists():
        known = ", ".join(BUILT_IN)
        raise SettingError(
            f"{what}: no such file, and no built-in rows.{nearest(what, BUILT_IN)} Expected a table, a model, "
            f"a .py or .ipynb file, or one of {known}."
        )
    if path.suffix == ".json":
        return _of_state(read_snapshot(path.read_bytes()), file)
    if path.suffix in CODE:
        rows = built_in("lesson") if file is None else lab_rows(read_path(file), target)
        return Opening(rows, code=path)
    if any(path.name.lower().endswith((suffix, f"{suffix}.gz")) for suffix in SUFFIXES):
        if file is not None:
            raise SettingError(f"{path} and {file} are two tables: name one, or a model and a table.")
        own = read_path(path)
        return Opening(lab_rows(own, target), own=own)
    return of_model(load(path), path.name, None if file is None else read(file), target)


def _of_state(state: dict[str, Any], file: Path | None) -> Opening:
    wanted = state["rows"]
    own = None if file is None else lab_rows(read_path(file), wanted["target"])
    if own is None and wanted["name"] not in BUILT_IN:
        raise SettingError(f"this state is of the rows of {wanted['name']}: name that file too, behind the state.")
    return Opening(own or built_in(wanted["name"]), state=state)


def of_model(model: Model, name: str, table: Table | None = None, target: str | None = None) -> Opening:
    """Return a bench that goes on from a model; without a table, with rows made up from what it knows of its columns.

    Raises
    ------
    ColumnError
        The table lacks the column that the model predicts.
    """
    wanted = target or model.target_name
    if table is None:
        X, y, title = made_up(model), None, f"{name}, with made-up rows: their targets are its own answers"
        y = model.predict(X)
    else:
        if wanted not in table.names:
            raise ColumnError(
                f"the table has no column {wanted!r}, which the model predicts.{nearest(wanted, table.names)} Where "
                "it has another name there, say which: --target NAME"
            )
        X, title = model.encoder.align(table.select(one for one in table.names if one != wanted)), name
        y = table.column(wanted)
    task: Task = "classifier" if isinstance(model.target, Labels) else "regressor"
    ends = {"early_stopping": False, **({"calibrate": False} if task == "classifier" else {})}
    return Opening(
        LabRows(name, title, X, y, model.target_name, task, settings=model.settings | ends, built_in=False),
        Before(model),
    )


def made_up(model: Model, n: int = MADE_UP) -> Table:
    """Return rows like those that a model was trained on: numbers around their middles, levels in turn."""
    import pyarrow

    encoder, rng = model.encoder, np.random.default_rng(0)
    columns = dict(_made_up_columns(encoder, rng, n))
    return encoder.align(read(pyarrow.table({name: columns[name] for name in encoder.names_in})))


def _made_up_columns(encoder: Any, rng: np.random.Generator, n: int) -> Iterator[tuple[str, Any]]:
    numbers = encoder.numbers
    for place, j in enumerate(numbers.at.tolist()):
        if numbers.parts[place] == "":
            values = numbers.location[place] + numbers.scale[place] * rng.normal(size=n)
            days = np.round(values).astype("datetime64[D]") if j in encoder.dates else values
            yield encoder.names_in[j], days
    for column in encoder.categories:
        assert isinstance(column, CategoryColumn)
        levels = [_of_kind(level, column.kind) for level in column.levels] or [None]
        yield encoder.names_in[column.at], [levels[k] for k in rng.integers(len(levels), size=n)]


def _of_kind(level: str, kind: str) -> Any:
    return float(level) if kind == "number" else level == "True" if kind == "boolean" else level
