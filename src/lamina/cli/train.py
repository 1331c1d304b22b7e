"""lamina train: a table in, a model file out."""

import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.exit_codes import DONE, SIGNALS
from lamina.cli.files import check_place, check_space
from lamina.cli.pictures import check_picture, draw_curve
from lamina.cli.preparation import Columns, check_targets, kind_of_task, prepared, taken_apart, task_of, with_targets
from lamina.cli.reading_flags import ReadingFlags
from lamina.cli.scores import baseline_name, compared, rows_of
from lamina.cli.settings import Flags, from_flags, joined, read_toml
from lamina.cli.terminal import Terminal, counted, program_name
from lamina.data.tables.sources import read
from lamina.data.targets import Labels
from lamina.errors import CheckpointError, ModelFileError
from lamina.fitting import finish
from lamina.interrupts import Interrupts
from lamina.learning.checkpoints import Folder
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.model import Model
from lamina.model_file import save
from lamina.running import carry_out, opened, stored_seed


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
    cells: Annotated[ReadingFlags | None, Parameter(name="*")] = None,
    settings: Annotated[Flags | None, Parameter(name="*")] = None,
) -> int:
    """Train a deep network on a table and write it to a model file.

    Ctrl-C or SIGTERM stops training: the best model so far is written, and the
    exit code is 130 or 143. With --checkpoint the run can then be resumed.

    Parameters
    ----------
    file
        CSV, Parquet, Arrow or Feather file: a row per example, named columns.
    target
        The column to predict.
    task
        Whether the target holds classes or numbers. Detected and printed if not given.
    weights
        A column that says how much each row counts.
    drop
        A column to leave out; may be given several times.
    validation
        A file of validation rows; without it, some of FILE are held out.
    config
        A TOML file of settings; `lamina init` writes one.
    out
        The model file to write; by default FILE's name with the ending .lamina, in the current folder.
    plot
        Write the learning curve to this PNG, SVG or PDF file.
    checkpoint
        A folder to write checkpoints to. However the run ends, the same command run again, or `lamina resume FOLDER`,
        goes on from the newest one.
    json
        Print the result as JSON on stdout, and nothing else there.
    """
    terminal, columns = Terminal(json), Columns(target, weights, tuple(drop or ()))
    path = Path(f"{file.stem}.lamina") if out is None else out
    check_place("--out", path)
    check_picture(plot)
    given, toml = from_flags(settings), {} if config is None else read_toml(config)
    cells = cells or ReadingFlags()
    reading = cells.reading()
    rows = taken_apart(read(file, reading=reading), file, columns)
    if cells.drop_missing_target:
        rows = with_targets(rows, terminal)
    check_targets(rows, file, reading, columns)
    kind, reason = kind_of_task(rows.y, task)
    terminal.say(f"{file}: {counted(rows.X.n_rows, 'row')}, {counted(len(rows.X.names), 'column')} to learn from")
    terminal.say(f"target {target!r}: {kind} ({reason}{'' if task else '; --task overrides'})")
    chosen = joined(toml, given, task_of(kind))
    seed = None if chosen.get("random_state") is not None else stored_seed(checkpoint)
    run, state = prepared(rows, file, columns, task_of(kind), chosen, validation, seed)
    check_place("--out", path, state.params.nbytes)
    if isinstance(run.columns.target, Labels) and len(run.columns.target.classes) == 1:
        terminal.complain("warning", f"target {target!r} has a single class: there is nothing to tell apart")
    validating = f", validating on {run.n_validation:,} others" if run.n_validation else ""
    terminal.say(f"training on {counted(run.n_rows, 'row')}{validating}")
    with ExitStack() as stack:
        folder = None
        if checkpoint is not None:
            options = {"target": target, "task": task, "weights": weights, "drop": drop, "validation": validation}
            options |= {"config": config, "out": path, "plot": plot, **cells.options(), **vars(settings or Flags())}
            words = [str(file.resolve()), *words_of(options)]
            folder, state = opened(checkpoint, run, state, data=str(file.resolve()), command=words)
            stack.enter_context(folder)
            folder.note(command=words)  # that of the first start is kept too, in every checkpoint
            if state.step:
                terminal.say(_where(run, state, checkpoint))
            check_space("--checkpoint", checkpoint, _size_of_checkpoints(state))
        began = time.perf_counter()
        failed = _carried_out(run, state, terminal, folder)
        with Interrupts(ending=True) as late:  # the model is written, whatever comes now
            seconds = time.perf_counter() - began
            found = _finished(run, state, terminal, path, plot, seconds)
    if failed is not None:
        raise failed
    signal = late.asked or (state.stopped if state.stopped in SIGNALS else "")
    if _can_go_on(run, state):
        terminal.say(_how_to_go_on(checkpoint))
    start = {"file": str(file), "target": run.target_name, "task": kind, "reason": reason}
    terminal.result({**start, "interrupted": bool(signal), **found})
    return SIGNALS.get(signal, DONE)


def words_of(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options as they are written on a command line that can be run from any folder."""
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            yield flag if value else f"--no-{flag.removeprefix('--')}"
        elif value is not None:
            for one in value if isinstance(value, list) else [value]:
                yield f"{flag}={one.resolve() if isinstance(one, Path) else one}"


def _size_of_checkpoints(state: State) -> int:
    """Return how many bytes more a run will write at least: two states are kept while the next is written."""
    size = sum(array.nbytes for array in state.arrays().values())
    return size if state.step else 3 * (size + state.params.nbytes)  # the best parameters come with the first epoch


def _carried_out(run: Run, state: State, terminal: Terminal, folder: Folder | None) -> CheckpointError | None:
    """Train; return what was wrong if a checkpoint could not be written: the model still can, in another place."""
    try:
        carry_out(run, state, shown=terminal.progress(run, state), folder=folder, ending_signals=True)
    except CheckpointError as problem:
        state.stopped = "a checkpoint could not be written"
        return problem
    return None


def _where(run: Run, state: State, checkpoint: Path) -> str:
    """Return what a run finds in its folder."""
    found = f"the run in {checkpoint} "
    if state.final:
        return f"{found}is finished: {state.stopped}"
    if state.epoch >= run.recipe.epochs:
        return f"{found}is finished: {counted(state.epoch, 'epoch')}; --max-iter N trains longer"
    within = f", after {state.rows:,} of {run.n_rows:,} rows" if state.rows else ""
    return f"{found}resumes in epoch {state.epoch + 1} of {run.recipe.epochs}{within}"


def _can_go_on(run: Run, state: State) -> bool:
    return not state.final and state.epoch < run.recipe.epochs


def _how_to_go_on(checkpoint: Path | None) -> str:
    if checkpoint is None:
        return "A run can be resumed after an interruption if it is started with --checkpoint FOLDER"
    return f"to go on: {program_name()} resume {shlex.quote(str(checkpoint))}"


def _finished(
    run: Run, state: State, terminal: Terminal, path: Path, plot: Path | None, seconds: float
) -> dict[str, Any]:
    """Write the model and the picture, then say what came of it: the terminal may be gone."""
    model = finish(run, state)
    replaced = ", replacing an older file" if path.exists() else ""
    _save(model, path)
    if plot is not None:
        draw_curve(plot, model.history, run.score_name, state.best_epoch)
    scores = compared(run, model)
    done = f"in epoch {state.epoch + 1}" if state.rows else f"after {counted(state.epoch, 'epoch')}"
    terminal.say(f"stopped {done}, {seconds:.1f} s: {state.stopped}")
    kept = f"epoch {state.best_epoch}" if state.best_epoch else f"step {state.step}, before the first epoch ended"
    terminal.say(f"kept: the weights of {kept}\n")
    on = "validation rows" if run.n_validation else "training rows"
    terminal.say(f"On the {on}:")
    terminal.table(*rows_of(scores))
    if not run.n_validation:
        terminal.say(
            "Without validation rows these scores are too good: try --early-stopping true, or --validation FILE"
        )
    terminal.say(f"model: {path} ({path.stat().st_size / 1024:,.0f} KiB{replaced})")
    if plot is not None:
        terminal.say(f"learning curve: {plot}")
    terminal.say(f"next: {program_name()} show {shlex.quote(str(path))}")
    baseline = baseline_name(model.target, model.network.loss)
    return {
        "seconds": round(seconds, 3),
        "model": str(path),
        "rows": run.n_rows,
        "validation_rows": run.n_validation,
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "stopped": state.stopped,
        "seed": run.recipe.seed,
        "scores_on": on,
        "scores": scores["lamina"],
        "baseline": {"name": baseline, "scores": scores[baseline]},
    }


def _save(model: Model, path: Path) -> None:
    """Write the model; where that cannot be, to a temporary folder, so that training was not in vain.

    Raises
    ------
    ModelFileError
        It could not be written where it was to be.
    """
    try:
        save(model, path)
    except ModelFileError as problem:
        try:
            elsewhere = Path(mkdtemp(prefix="lamina-")) / path.name
            save(model, elsewhere)
        except (ModelFileError, OSError):
            raise problem from None
        raise ModelFileError(f"{problem} The model was written to {str(elsewhere)!r} instead.") from problem
