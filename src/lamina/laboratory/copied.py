"""Copy as Python: the step that a page shows as a script, for the rows and the run on the bench."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.data.examples import InMemory
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.data.tables.table_files import SUFFIXES
from lamina.errors import SettingError, nearest
from lamina.fitting import prepare
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import Edit
from lamina.laboratory.lab_rows import LabRows
from lamina.laboratory.writing import DIALECTS, Fit, Script, episode_of
from lamina.laboratory.writing.literals import MOST_INLINE, literal
from lamina.learning.run import Run
from lamina.learning.state import State


def script_of(bench: Bench, dialect: str, step: int, edits: Sequence[Edit] = ()) -> Script:
    """Return a step of the recording as a script: from where its run began, to that step.

    Raises
    ------
    SettingError
        There is no such dialect or step, or the dialect has no words for this network or its training.
    """
    if dialect not in DIALECTS:
        raise SettingError(f"no dialect {dialect!r}.{nearest(dialect, DIALECTS)} There are {', '.join(DIALECTS)}.")
    run, state = bench.state_at(step)
    with bench.lock:
        _, start = bench.recording.beginning(step)
    fit = fit_of(bench.rows, run, start) if dialect == "lamina" and bench.before is None else None
    return DIALECTS[dialect](episode_of(run, start, state, edits), fit)


def fit_of(rows: LabRows, run: Run, start: State) -> Fit | None:
    """Return the fit that begins like this, where there is one: nothing of it was changed by hand."""
    lines = rows_lines(rows)
    if lines is None or start.step > 0 or not begins_like_a_fit(rows, run, start):
        return None
    return Fit(run.task, run.given, lines, "X, y")


def begins_like_a_fit(rows: LabRows, run: Run, start: State) -> bool:
    """Return whether a fit of these rows by the run's settings starts from the same parameters and inputs."""
    fresh, first = prepare(rows.X, rows.y, settings=run.given, task=run.task, target_name=run.target_name)
    ours, theirs = run.examples, fresh.examples
    same_inputs = ours is theirs or (
        isinstance(ours, InMemory) and isinstance(theirs, InMemory) and np.array_equal(ours.X, theirs.X)
    )
    return same_inputs and np.array_equal(start.params, first.params)


def rows_lines(rows: LabRows) -> list[str] | None:
    """Return the lines that make X and y; None where the rows are neither few numbers, nor built in, nor a file's."""
    table, y = read(rows.X), np.asarray(rows.y)
    X = _few_numbers(table)
    if X is not None and y.dtype.kind in "biuf":
        return [f"X = {literal(X, 4)}", f"y = {y.tolist()}"]
    if rows.built_in:
        lines = ["from lamina.laboratory.lab_rows import built_in", "", f"rows = built_in({rows.name!r})"]
        return [*lines, "X, y = rows.X, rows.y"]
    if not any(rows.name.lower().endswith((suffix, f"{suffix}.gz")) for suffix in SUFFIXES):
        return None
    return [
        "from lamina.laboratory.own_rows import lab_rows, read_path",
        "",
        f"rows = lab_rows(read_path({rows.name!r}), {rows.target!r})  # the file that was opened in the lab",
        f"X, y = rows.X.select({list(table.names)!r}), rows.y",
    ]


def _few_numbers(table: Table) -> Any:
    """Return a small table of numbers as an array; None where it is another."""
    if table.is_sparse or table.n_rows * len(table.names) > MOST_INLINE:
        return None
    if table.matrix is not None:
        return np.asarray(table.matrix, np.float64)
    if any(column.kind != "number" for column in table.columns):
        return None
    return np.stack([column.values for column in table.columns], axis=1).astype(np.float64)


def plain_script(script: Script) -> dict[str, Any]:
    """Return a script as plain values; files in base64."""
    return {"code": script.code, "files": {name: b64encode(one).decode() for name, one in script.files.items()}}
