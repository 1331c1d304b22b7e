"""lamina explain: which columns move the predictions."""

from math import isnan
from pathlib import Path
from typing import Any

from lamina.cli.files import check_rows, named, shown
from lamina.cli.options import ModelFile, Whole
from lamina.cli.pictures import check_picture, without_windows, write_picture
from lamina.cli.rows import in_stream, stream_of
from lamina.cli.terminal import Terminal, counted, number
from lamina.data.targets import Labels
from lamina.errors import SettingError
from lamina.explaining import ROWS, Explanation
from lamina.explaining import explain as explained
from lamina.model import Model
from lamina.model_file import load


def explain(
    model: ModelFile,
    /,
    *files: str,
    outcome: str | None = None,
    top: Whole = 20,
    most: Whole = ROWS,
    plot: Path | None = None,
    json: bool = False,
) -> int:
    """Show which columns move the predictions, and how strongly.

    Parameters
    ----------
    files
        CSV (also .gz, .zst), Parquet, Arrow or Feather files with the columns of training. Or a folder of them, a glob,
        or a URI like s3://bucket/folder.
    outcome
        A class; without it the second of two classes, or of more the predicted one. Or the number of an output, counted
        from 0, where there are several.
    top
        How many columns to show, the strongest first.
    most
        Of more rows, a sample of so many is looked at; 0: all.
    plot
        A .png, .svg or .pdf file to draw them into; needs matplotlib.
    json
        Print the result as JSON on stdout, and nothing else there: all columns.
    """
    paths = named("explain", files)
    check_rows(model, paths, {"--plot": plot})
    check_picture(plot)
    if top < 1:
        raise SettingError(f"--top {top}: expected a whole number of at least 1")
    if most == 1 or most < 0:
        raise SettingError(f"--most {most}: expected a whole number of at least 2, or 0 for all rows")
    terminal, loaded = Terminal(json), load(model)
    with terminal.working(f"reading {shown(paths)}"):
        rows = stream_of(paths, loaded.encoder.reading)
    with terminal.bar("rows", 2 * min(most or rows.n_rows, rows.n_rows)) as done, in_stream(rows):
        chosen_outcome = None if outcome is None else _spelled(loaded, outcome)
        found = explained(loaded, rows, chosen_outcome, most=most or None, progress=done)
    some = f"a sample of {found.n_rows:,} of " if found.n_rows < rows.n_rows else ""
    terminal.say(f"{model}: what moves {found.outcome} on {some}{counted(rows.n_rows, 'row')} of {shown(paths)}:")
    chosen = [(found.columns[j], float(found.strength[j]), _slope(found, j)) for j in found.order]
    terminal.table(
        ["column", "strength", "slope"], [(a, b, "" if c is None else number(c)) for a, b, c in chosen[:top]]
    )
    if len(chosen) > top:
        terminal.say(f"(and {counted(len(chosen) - top, 'weaker column')}; --top shows more)")
    if plot is not None:
        without_windows()
        write_picture(found.plot(top=top).figure, plot)
        terminal.note(f"picture: {plot}")
    listed = [{"column": a, "strength": b, "slope": c} for a, b, c in chosen]
    terminal.result(
        {"model": str(model), "file": shown(paths), "outcome": found.outcome, "rows": found.n_rows, "columns": listed}
    )
    return 0


def _spelled(model: Model, text: str) -> Any:
    """Return the class that is spelled so, or the number of an output; what is neither is left to `explain`."""
    known = model.target.classes.tolist() if isinstance(model.target, Labels) else range(model.network.n_outputs)
    return next((one for one in known if str(one) == text), text)


def _slope(found: Explanation, j: int) -> float | None:
    slope = float(found.slope[j])
    return None if isnan(slope) else slope
