"""lamina train: a table in, a model file out."""

import shlex
import time
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.pictures import check_picture, draw_curve
from lamina.cli.preparation import Columns, kind_of_task, prepared, taken_apart, task_of
from lamina.cli.progress import shown
from lamina.cli.scores import baseline_name, compared, rows_of
from lamina.cli.settings import Flags, from_flags, joined, read_toml
from lamina.cli.terminal import Terminal, called, counted
from lamina.data.tables.sources import read
from lamina.data.targets import Labels
from lamina.errors import SettingError
from lamina.fitting import Fit
from lamina.model_file import save

INTERRUPTED = 130


def train(
    file: Path,
    /,
    *,
    target: str | None = None,
    task: Literal["classification", "regression"] | None = None,
    weights: str | None = None,
    drop: list[str] | None = None,
    validation: Path | None = None,
    config: Path | None = None,
    out: Path | None = None,
    plot: Path | None = None,
    json: bool = False,
    settings: Annotated[Flags | None, Parameter(name="*")] = None,
) -> int:
    """Train a deep network on a table and write it to a model file.

    Ctrl-C stops training; the best weights so far are written, and the exit code is 130.

    Parameters
    ----------
    file
        CSV, Parquet, Arrow or Feather file: a row per example, named columns.
    target
        The column to predict.
    task
        What the target is: classes or numbers. Found out and printed unless you say it.
    weights
        A column that says how much each row counts.
    drop
        A column to leave out; may be given several times.
    validation
        A file of rows to watch instead of held-out ones.
    config
        A TOML file of settings; `lamina init` writes one.
    out
        The model file to write. Unless you say otherwise: FILE's name with the ending .lamina, in this folder.
    plot
        Write the learning curve to this PNG, SVG or PDF file.
    json
        Print the result as JSON on stdout, and nothing else there.
    """
    terminal, columns = Terminal(json), Columns(target, weights, tuple(drop or ()))
    path = Path(f"{file.stem}.lamina") if out is None else out
    _check_out(path)
    check_picture(plot)
    given, toml = from_flags(settings), {} if config is None else read_toml(config)
    rows = taken_apart(read(file), file, columns)
    kind, reason = kind_of_task(rows.y, task)
    terminal.say(f"{file}: {counted(rows.X.n_rows, 'row')}, {counted(len(rows.X.names), 'column')} to learn from")
    terminal.say(f"target {target!r}: {kind} ({reason}{'' if task else '; --task overrides'})")
    fit = prepared(rows, file, columns, task_of(kind), joined(toml, given, task_of(kind)), validation)
    if isinstance(fit.target, Labels) and len(fit.target.classes) == 1:
        terminal.complain("warning", f"target {target!r} has a single class: there is nothing to tell apart")
    watching = f", watching {fit.n_held_out:,} others" if fit.n_held_out else ""
    terminal.say(f"learning from {counted(fit.n_rows, 'row')}{watching}")
    run = _trained(fit, terminal)
    if not fit.best_epoch:
        raise KeyboardInterrupt  # there is nothing worth keeping
    found = {"file": str(file), "target": fit.target_name, "task": kind, "reason": reason, **run}
    terminal.result(found | _finished(fit, terminal, path, plot, run["seconds"]))
    return INTERRUPTED if run["interrupted"] else 0


def _check_out(path: Path) -> None:
    """Find out before training whether the model can be written after it."""
    if path.is_dir():
        raise SettingError(f"--out {path} is a folder: name the model file in it, such as {path / 'model.lamina'}")
    if not path.resolve().parent.is_dir():
        raise SettingError(f"--out {path}: there is no folder {str(path.parent)!r}")


def _trained(fit: Fit, terminal: Terminal) -> dict[str, Any]:
    """Train to the end or to Ctrl-C; return which, and the seconds."""
    began, interrupted = time.perf_counter(), False
    try:
        for _ in shown(fit, terminal):
            pass
    except KeyboardInterrupt:
        fit.stopped, interrupted = "Ctrl-C", True
    return {"interrupted": interrupted, "seconds": round(time.perf_counter() - began, 3)}


def _finished(fit: Fit, terminal: Terminal, path: Path, plot: Path | None, seconds: float) -> dict[str, Any]:
    """Write the model and the picture, and say what came of it."""
    model, done = fit.model(), len(fit.history)
    terminal.say(f"stopped after {counted(done, 'epoch')}, {seconds:.1f} s: {fit.stopped}")
    terminal.say(f"kept: the weights of epoch {fit.best_epoch}\n")
    scores = compared(fit, model)
    on = "held-out rows" if fit.n_held_out else "training rows"
    terminal.say(f"On the {on}:")
    terminal.table(*rows_of(scores))
    if not fit.n_held_out:
        terminal.say("No rows were held out, so these scores flatter: try --early-stopping true, or --validation FILE")
    replaced = ", in place of an older file" if path.exists() else ""
    save(model, path)
    terminal.say(f"model: {path} ({path.stat().st_size / 1024:,.0f} KiB{replaced})")
    if plot is not None:
        draw_curve(plot, model.history, fit.score_name, fit.best_epoch)
        terminal.say(f"learning curve: {plot}")
    terminal.say(f"next: {called()} show {shlex.quote(str(path))}")
    baseline = baseline_name(model.target, model.network.loss)
    return {
        "model": str(path),
        "rows": fit.n_rows,
        "held_out_rows": fit.n_held_out,
        "epochs": done,
        "best_epoch": fit.best_epoch,
        "stopped": fit.stopped,
        "scores_on": on,
        "scores": scores["lamina"],
        "baseline": {"name": baseline, "scores": scores[baseline]},
    }
