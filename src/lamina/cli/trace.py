"""lamina trace: every number of a pass through a model, by the lecture's name."""

import re
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from lamina.cli.files import check_files, check_place, reading_for
from lamina.cli.options import AsJson, ModelFile, Whole
from lamina.cli.pictures import check_picture, without_windows, write_picture
from lamina.cli.rows import Place, all_of, located
from lamina.cli.terminal import Terminal
from lamina.data.tables.table import Table
from lamina.errors import SettingError
from lamina.glassbox.replay import Replay
from lamina.glassbox.trace import Trace
from lamina.glassbox.tracing import trace as traced
from lamina.model_file import load
from lamina.sealed_file import replacing

RANGE = re.compile(r"(\d*)(:?)(\d*)")


def trace(
    model: ModelFile,
    file: Path,
    /,
    *,
    rows: str = "0:5",
    array: tuple[str, ...] = (),
    why: Whole | None = None,
    output: Whole | None = None,
    training: bool = False,
    inputs: bool = False,
    equations: bool = False,
    replay: bool = False,
    out: Path | None = None,
    html: Path | None = None,
    plot: Path | None = None,
    json: AsJson = False,
) -> int:
    """Show every number of forward and backward by the lecture's name.

    Without the column of the targets in FILE there is no way back. Every
    equation is computed again from the arrays; the exit code is 1 if one does
    not hold.

    Parameters
    ----------
    file
        CSV, Parquet, Arrow or Feather file with the columns of training.
    rows
        Which rows: 0:5 for the first five, 7 for one, counted from 0.
    array
        Print the numbers of this array too, such as dZ2; may be given several times.
    why
        Show which columns and units carried the prediction of this row of the trace.
    output
        For --why: the unit of Z[L].
    training
        Trace as in training: dropout draws, batch normalisation looks at these rows.
    inputs
        Show how each column was encoded, and to which rows of A0, in place of the table.
    equations
        Show the equations in place of the table.
    replay
        Show every equation, computed again, in place of the table.
    out
        A file to write the arrays to, in safetensors; lamina.load_trace reads it.
    html
        An .html file to write the table to, with a picture of every array.
    plot
        For --why: a .png, .svg or .pdf file to draw it into; needs matplotlib.
    """
    check_files({"MODEL": model, "FILE": file}, {"--out": out, "--html": html, "--plot": plot})
    check_picture(plot)
    for option, place in (("--out", out), ("--html", html)):
        if place is not None:
            check_place(option, place)
    if why is None and (plot is not None or output is not None):
        raise SettingError(f"{'--plot' if plot else '--output'} belongs to --why: say which row, --why 0")
    wanted, terminal, loaded = range_of(rows), Terminal(json), load(model)
    reading = reading_for(loaded)
    with terminal.working(f"reading {file}"):
        table = _taken(all_of(file, reading), wanted, file)
    y = table.column(loaded.target_name) if loaded.target_name in table.names else None
    if y is not None:
        with located(Place(file, -(wanted.start or 0), reading), column=loaded.target_name):
            loaded.target.encode(
                y
            )  # its faults count from the first of these rows, those of the columns from the file's
    with located(Place(file, 0, reading)):
        found = traced(loaded, table, y, training=training)
    values, reason = {name: found[name] for name in array}, None if why is None else found.why(why, output)
    checked = found.replay()
    terminal.say(f"{model}, rows {rows} of {file}: {found.heading}")
    _show(terminal, found, checked, inputs=inputs, equations=equations, replay=replay)
    for name, numbers in values.items():
        terminal.say(f"{name} {numbers.shape if numbers.ndim else '(one number)'}:")
        terminal.say(np.array2string(numbers, precision=4, suppress_small=True, threshold=2000, max_line_width=120))
    if reason is not None:
        terminal.say(reason.heading)
        terminal.table(*_parted(reason.cells()), right=(2, 3))
    if y is None:
        terminal.say(f"{file} has no column {loaded.target_name!r}: without targets there is no way back")
    terminal.say(checked.verdict)
    if checked.agrees and checked.comparisons:
        terminal.say(checked.of_engine)
    _write(terminal, found, reason, out, html, plot)
    terminal.result(_result(found, checked, reason, array, str(model), str(file)))
    return 0 if checked.agrees else 1


def range_of(text: str) -> slice:
    """Return the rows that a text names: "0:5", "7", "10:".

    Raises
    ------
    SettingError
        It names none.
    """
    parts = RANGE.fullmatch(text.strip())
    start, stop = (int(parts[k]) if parts and parts[k] else None for k in (1, 3))
    if parts is None or (not parts[2] and start is None):
        raise SettingError(f"--rows {text}: expected rows counted from 0, such as 0:5, or 7 for one")
    found = slice(start, stop) if parts[2] else slice(start, (start or 0) + 1)
    if found.stop is not None and found.stop <= (found.start or 0):
        raise SettingError(f"--rows {text}: these are no rows; the first counts and the last does not, as in 0:5")
    return found


def _taken(table: Table, wanted: slice, file: Path) -> Table:
    start = wanted.start or 0
    if start >= table.n_rows:
        raise SettingError(f"--rows begins at row {start}: {file} has {table.n_rows:,} rows, counted from 0")
    return table.take(slice(start, wanted.stop))


def _show(terminal: Terminal, found: Trace, checked: Replay, *, inputs: bool, equations: bool, replay: bool) -> None:
    """Show what was asked for, or the table of the arrays."""
    if inputs:
        before = found.inputs()
        terminal.say(before.heading)
        terminal.table(*_parted(before.cells()), right=())
    if equations:
        for line in str(found.equations()).splitlines():
            terminal.say(line)
    if replay:
        terminal.table(*_parted(checked.cells()), right=(1, 2))
    if not (inputs or equations or replay):
        cells = found.table().cells()
        terminal.table(*_parted(cells), right=range(3, len(cells[0])))


def _parted(cells: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
    """Return heading and rows."""
    return cells[0], cells[1:]


def _write(
    terminal: Terminal, found: Trace, reason: Any, out: Path | None, html: Path | None, plot: Path | None
) -> None:
    if out is not None:
        found.save(out)
        terminal.note(f"trace: {out}")
    if html is not None:
        page = f'<!DOCTYPE html><meta charset="utf-8"><title>lamina trace</title>{found._repr_html_()}'
        with replacing(html) as file:
            file.write(page.encode())
        terminal.note(f"page: {html}")
    if plot is not None:
        without_windows()
        write_picture(reason.plot()[0].figure, plot)
        terminal.note(f"picture: {plot}")


def _result(found: Trace, checked: Any, reason: Any, array: tuple[str, ...], model: str, file: str) -> dict[str, Any]:
    """Return everything as plain values; what is not finite is null."""
    entries = [entry._asdict() for entry in found.table().entries]
    lines = [line._asdict() for line in checked.lines]
    result: dict[str, Any] = {"model": model, "file": file, "trace": found.heading, "arrays": entries}
    result["replay"] = {"agrees": checked.agrees, "verdict": checked.verdict, "equations": lines}
    result["values"] = {name: found[name].tolist() for name in array}
    if reason is not None:
        levels = {one.name: one for one in ([reason.columns] if reason.columns else []) + list(reason.levels)}
        result["why"] = {
            "heading": reason.heading,
            "Z": reason.Z,
            "A": reason.A,
            "levels": {
                name: {"rest": one.rest, "parts": [part._asdict() for part in one.parts]}
                for name, one in levels.items()
            },
        }
    plain: dict[str, Any] = _finite(result)
    return plain


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
