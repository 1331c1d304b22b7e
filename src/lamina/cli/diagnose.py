"""lamina diagnose: what is wrong with the training of a model."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from lamina.cli.files import check_files, reading_for
from lamina.cli.options import AsJson, ModelFile
from lamina.cli.rows import Place, all_of, column_of, located
from lamina.cli.terminal import Terminal, counted
from lamina.cli.wording import for_command_line
from lamina.data.tables.table import Table
from lamina.errors import SettingError
from lamina.model import Model
from lamina.model_file import load


def diagnose(
    model: ModelFile,
    file: Path | None = None,
    /,
    *,
    target: str | None = None,
    validation: Path | None = None,
    json: AsJson = False,
) -> int:
    """Say what is wrong with the training of a model, the likely cause first.

    Parameters
    ----------
    file
        The training rows, with the target, or others like them: then columns and targets are looked at again, and a
        fresh network of the same settings tries to learn a few rows by heart.
    target
        The column to predict; the model's own by default.
    validation
        A file of validation rows, to see whether they stand in FILE too.
    """
    check_files({"MODEL": model, "FILE": file, "--validation": validation}, {})
    if validation is not None and file is None:
        raise SettingError("--validation needs FILE, the training rows, to compare with")
    terminal, loaded = Terminal(json), load(model)
    name = loaded.target_name if target is None else target
    rows = None if file is None else _rows(loaded, file, name, terminal)
    others = None if validation is None else _rows(loaded, validation, name, terminal)
    place = nullcontext() if file is None else located(Place(file, 0, reading_for(loaded)))
    with terminal.working("looking at the rows"), place:
        X, y = rows or (None, None)
        X_val, y_val = others or (None, None)
        found = loaded.diagnose(X, y, X_val=X_val, y_val=y_val)
    on = "" if rows is None else f", with {counted(rows[0].n_rows, 'row')} of {file}"
    first, *lines = found.lines()
    terminal.say(f"{model}{on}: {first}")
    for line in lines:
        terminal.say(for_command_line(line))
    terminal.result({"model": str(model), "file": None if file is None else str(file), **found.to_dict()})
    return 0


def _rows(model: Model, file: Path, name: str, terminal: Terminal) -> tuple[Table, Any]:
    """Return rows and targets of a file."""
    reading = reading_for(model)
    with terminal.working(f"reading {file}"):
        table = all_of(file, reading)
    return table, column_of(table, name, file, "the target")
