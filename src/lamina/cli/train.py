"""lamina train: a table in, a model file out."""

import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.pictures import check_picture, draw_curve
from lamina.cli.preparation import Columns, kind_of_task, prepared, taken_apart, task_of
from lamina.cli.scores import baseline_name, compared, rows_of
from lamina.cli.settings import Flags, from_flags, joined, read_toml
from lamina.cli.terminal import Terminal, counted, program_name
from lamina.data.tables.sources import read
from lamina.data.targets import Labels
from lamina.errors import SettingError
from lamina.fitting import finish
from lamina.interrupts import CTRL_C
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.model_file import save
from lamina.running import carry_out, opened, stored_seed

SIGNALLED = {CTRL_C: 130, "SIGTERM": 143, "SIGHUP": 129}  # exit codes: 128 and the signal's number


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
    checkpoint: Path | None = None,
    json: bool = False,
    settings: Annotated[Flags | None, Parameter(name="*")] = None,
) -> int:
    """Train a deep network on a table and write it to a model file.

    Ctrl-C or SIGTERM stops training: the best weights so far are written, and the exit code is 130 or 143.

    Parameters
    ----------
    file
        CSV, Parquet, Arrow or Feather file: a row per example, named columns.
    target
        The column to predict.
    task
        What the target is: classes or numbers. Detected and printed if not given.
    weights
        A column that says how much each row counts.
    drop
        A column to leave out; may be given several times.
    validation
        A file of validation rows, in place of held-out ones.
    config
        A TOML file of settings; `lamina init` writes one.
    out
        The model file to write; by default FILE's name with the ending .lamina, in this folder.
    plot
        Write the learning curve to this PNG, SVG or PDF file.
    checkpoint
        A folder to write checkpoints to. The same command run again, or `lamina resume FOLDER`, goes on where it was.
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
    chosen = joined(toml, given, task_of(kind))
    seed = None if chosen.get("random_state") is not None else stored_seed(checkpoint)
    run, state = prepared(rows, file, columns, task_of(kind), chosen, validation, seed)
    if isinstance(run.columns.target, Labels) and len(run.columns.target.classes) == 1:
        terminal.complain("warning", f"target {target!r} has a single class: there is nothing to tell apart")
    validating = f", validating on {run.n_validation:,} others" if run.n_validation else ""
    terminal.say(f"training on {counted(run.n_rows, 'row')}{validating}")
    with ExitStack() as stack:
        folder = None
        if checkpoint is not None:
            options = {"target": target, "task": task, "weights": weights, "drop": drop, "validation": validation}
            options |= {"config": config, "out": path.resolve(), "plot": plot, **vars(settings or Flags())}
            words = [str(file.resolve()), *words_of(options)]
            folder, state = opened(checkpoint, run, state, data=str(file.resolve()), command=words)
            stack.enter_context(folder)
            if state.step:
                terminal.say(f"going on from epoch {state.epoch} of {run.recipe.epochs}, as found in {checkpoint}")
        began = time.perf_counter()
        carry_out(run, state, shown=terminal.progress(run), folder=folder, ending_signals=True)
        seconds = round(time.perf_counter() - began, 3)
        found: dict[str, Any] = {"file": str(file), "target": run.target_name, "task": kind, "reason": reason}
        found |= {"interrupted": state.stopped in SIGNALLED, "seconds": seconds}
        found |= _finished(run, state, terminal, path, plot, seconds)
    if checkpoint is not None and state.stopped in SIGNALLED:
        terminal.say(f"to go on: {program_name()} resume {shlex.quote(str(checkpoint))}")
    terminal.result(found)
    return SIGNALLED.get(state.stopped, 0)


def _check_out(path: Path) -> None:
    """Find out before training whether the model can be written after it."""
    if path.is_dir():
        raise SettingError(f"--out {path} is a folder: name the model file in it, such as {path / 'model.lamina'}")
    if not path.resolve().parent.is_dir():
        raise SettingError(f"--out {path}: there is no folder {str(path.parent)!r}")


def words_of(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options as they are written on a command line that can be run from any folder."""
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield flag if value else f"--no-{flag.removeprefix('--')}"
        elif value is not None:
            for one in value if isinstance(value, list) else [value]:
                yield f"{flag}={one.resolve() if isinstance(one, Path) else one}"


def _finished(
    run: Run, state: State, terminal: Terminal, path: Path, plot: Path | None, seconds: float
) -> dict[str, Any]:
    """Write the model and the picture, and say what came of it."""
    model, done = finish(run, state), state.epoch
    terminal.say(f"stopped after {counted(done, 'epoch')}, {seconds:.1f} s: {state.stopped}")
    kept = f"epoch {state.best_epoch}" if state.best_epoch else f"step {state.step}: no epoch was whole"
    terminal.say(f"kept: the weights of {kept}\n")
    scores = compared(run, model)
    on = "validation rows" if run.n_validation else "training rows"
    terminal.say(f"On the {on}:")
    terminal.table(*rows_of(scores))
    if not run.n_validation:
        terminal.say("No rows were held out, so these scores flatter: try --early-stopping true, or --validation FILE")
    replaced = ", in place of an older file" if path.exists() else ""
    save(model, path)
    terminal.say(f"model: {path} ({path.stat().st_size / 1024:,.0f} KiB{replaced})")
    if plot is not None:
        draw_curve(plot, model.history, run.score_name, state.best_epoch)
        terminal.say(f"learning curve: {plot}")
    terminal.say(f"next: {program_name()} show {shlex.quote(str(path))}")
    baseline = baseline_name(model.target, model.network.loss)
    return {
        "model": str(path),
        "rows": run.n_rows,
        "validation_rows": run.n_validation,
        "epochs": done,
        "best_epoch": state.best_epoch,
        "stopped": state.stopped,
        "seed": run.recipe.seed,
        "scores_on": on,
        "scores": scores["lamina"],
        "baseline": {"name": baseline, "scores": scores[baseline]},
    }
