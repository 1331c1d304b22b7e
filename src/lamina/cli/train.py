"""lamina train: a table in, a model file out."""

import os
import re
import shlex
import time as clock
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any, Literal, NamedTuple

from cyclopts import Parameter
from cyclopts.exceptions import CycloptsError

from lamina.cli.column_roles import Columns
from lamina.cli.exit_codes import DONE, SIGNALS
from lamina.cli.files import check_files, check_place, check_space, paths_of
from lamina.cli.options import AsJson, Drop, Target, Task, Weights, Whole
from lamina.cli.pictures import check_picture, draw_curve
from lamina.cli.preparation import task_of
from lamina.cli.reading_flags import ReadingFlags
from lamina.cli.rows_to_learn import Asked, OnError, opened_rows
from lamina.cli.run_file import RunFile, read_toml, with_options
from lamina.cli.scores import baseline_name, compared, rows_of
from lamina.cli.settings import Flags, from_flags, joined
from lamina.cli.terminal import Terminal, counted, program_name
from lamina.cluster.launching import launched
from lamina.cluster.places import asked_to_learn
from lamina.cluster.showing import ClusterBar
from lamina.data.streaming.streamed import Streamed
from lamina.data.tables.uris import is_uri
from lamina.data.targets import Labels
from lamina.errors import CheckpointError, ModelFileError, SettingError
from lamina.fitting import finish
from lamina.interrupts import Interrupts
from lamina.learning.checkpoints import Folder
from lamina.learning.group import Group
from lamina.learning.run import Run
from lamina.learning.state import Record, State
from lamina.model import Model
from lamina.model_file import save
from lamina.running import carry_out, opened, stored_seed
from lamina.tracking import FAILED, FINISHED, KILLED, Told, trackers_of
from lamina.tracking.trackers import from_anywhere

GLOB = re.compile(r"[*?\[\]]")  # not for the name of a model


def train(
    *files: str,
    target: Target = None,
    task: Task = None,
    weights: Weights = None,
    drop: Drop = None,
    groups: str | None = None,
    time: str | None = None,
    validation: Path | None = None,
    stream: bool | None = None,
    cache: Path | None = None,
    on_error: OnError | None = None,
    config: Path | None = None,
    out: Path | None = None,
    plot: Path | None = None,
    checkpoint: Path | None = None,
    track: list[str] | None = None,
    cluster: str | None = None,
    cluster_sums: Literal["same-bits", "plain", "bfloat16"] | None = None,
    local_steps: Whole | None = None,
    json: AsJson = False,
    cells: Annotated[ReadingFlags | None, Parameter(name="*")] = None,
    settings: Annotated[Flags | None, Parameter(name="*")] = None,
) -> int:
    """Train a deep network on a table and write it to a model file.

    Ctrl-C or SIGTERM stops training: the best model so far is written, and the
    exit code is 130 or 143. With --checkpoint the run can then be resumed.

    Parameters
    ----------
    files
        CSV (also .gz, .zst), Parquet, Arrow or Feather files: a row per example, named columns. Or a folder of them, a
        glob, or a URI like s3://bucket/folder.
    groups
        A column, such as the customer: rows of one group are held out together. It is not learned from.
    time
        A column of dates or numbers: the latest rows are held out.
    validation
        A file of validation rows; without it, some of FILES are held out, at most 100,000.
    stream
        Whether rows are read as they are needed, in place of all into memory. By default their size decides.
    cache
        A folder in which streamed rows are kept encoded, so that later epochs are faster.
    on_error
        Whether rows of a CSV file with too many or too few cells are an error, or are left out and counted.
    config
        A TOML file of the settings; `lamina init` writes one. It may also hold FILES and all these options.
    out
        The model file to write; by default the first file's name with the ending .lamina, in the current folder.
    plot
        Write the learning curve to this PNG, SVG or PDF file.
    checkpoint
        A folder to write checkpoints to. However the run ends, the same command run again, or `lamina resume FOLDER`,
        resumes from the newest one.
    track
        Where to write down how it goes: mlflow, or mlflow=URI; tensorboard=FOLDER; jsonl=FILE. May be given several
        times. Settings, numbers of every epoch, how it ended; with mlflow the model too.
    cluster
        Where to train: local[2] for two workers on this machine, auto or HOST:PORT for a Ray cluster, mpi in processes
        that mpiexec or srun started (then it need not be given).
    cluster_sums
        How gradients of the workers are added. By default the model has the same bits for any number of them; with
        bfloat16 too, and half the bytes are sent; with plain a step takes least.
    local_steps
        How many steps each worker takes by itself, before all continue from the mean of what they have.
    """
    given: dict[str, Any] = {
        "file": files or None,
        "target": target,
        "task": task,
        "weights": weights,
        "drop": drop,
        "groups": groups,
        "time": time,
        "validation": validation,
        "stream": stream,
        "cache": cache,
        "on_error": on_error,
    }
    given |= {
        "out": out,
        "plot": plot,
        "checkpoint": checkpoint,
        "track": track,
        "cluster": cluster,
        "json": json or None,
    }
    given |= {"cluster_sums": cluster_sums, "local_steps": local_steps}
    given |= {name: None if value is False else value for name, value in vars(cells or ReadingFlags()).items()}
    written = RunFile({}, {}) if config is None else read_toml(config)
    options = with_options(given, written)
    named = options.pop("file")
    if named is None:
        raise CycloptsError('Command "train" parameter FILE requires an argument: a table to learn from')
    cells = ReadingFlags.of(options)
    paths = paths_of([named] if isinstance(named, str | Path) else named)
    chosen = Chosen(paths, **{**options, "json": bool(options["json"])}, config=config, cells=cells)
    how = chosen, written.settings, from_flags(settings), vars(settings or Flags())
    where = asked_to_learn(chosen.cluster, chosen.cluster_sums, chosen.local_steps)
    if where is None:
        return _trained(*how)
    shown = None if chosen.json else ClusterBar(Terminal().notes)
    return launched(where, partial(_trained, *how), shown=shown)


class Chosen(NamedTuple):
    """The options of a run, from the command line and from its TOML file."""

    files: tuple[str, ...]
    target: str | None
    task: str | None
    weights: str | None
    drop: list[str] | None
    groups: str | None
    time: str | None
    validation: Path | None
    stream: bool | None
    cache: Path | None
    on_error: OnError | None
    config: Path | None
    out: Path | None
    plot: Path | None
    checkpoint: Path | None
    track: list[str] | None
    cluster: str | None
    cluster_sums: str | None
    local_steps: int | None
    json: bool
    cells: ReadingFlags

    @property
    def path(self) -> Path:
        """Where the model is written."""
        return Path(f"{Path(GLOB.sub('', self.files[0])).stem or 'model'}.lamina") if self.out is None else self.out

    @property
    def asked(self) -> Asked:
        """What is said of the rows."""
        columns = Columns(self.target, self.weights, tuple(self.drop or ()), self.groups, self.time)
        reading, leave_out = self.cells.reading(), self.cells.drop_missing_target
        found = Asked(self.files, columns, reading, self.validation, leave_out, self.stream, self.cache)
        return found if self.on_error is None else replace(found, on_error=self.on_error)

    def words(self, flags: Mapping[str, Any]) -> list[str]:
        """Return what stands behind `lamina train` to start this run from any folder."""
        elsewhere = ("files", "checkpoint", "json", "cells", "track")
        options = {name: one for name, one in self._asdict().items() if name not in elsewhere} | self.cells.options()
        tracks = [from_anywhere(word) for word in self.track or ()]
        return [*map(absolute, self.files), *words_of({**options, "track": tracks, "out": self.path, **flags})]


def _trained(
    chosen: Chosen, toml: dict[str, Any], given: dict[str, Any], flags: Mapping[str, Any], group: Group | None = None
) -> int:
    """Train as one process: alone, or as a worker of a group, of which the first speaks and writes."""
    terminal, path, checkpoint, asked = Terminal(chosen.json), chosen.path, chosen.checkpoint, chosen.asked
    trackers = trackers_of(chosen.track)
    if group is not None:
        checkpoint = checkpoint or (group.scratch and Path(group.scratch)) or None
        terminal.out.quiet = terminal.notes.quiet = group.rank > 0
    several = len(chosen.files) > 1
    files = {f"FILE {one}" if several else "FILE": Path(one) for one in chosen.files if Path(one).exists()}
    check_files(
        {**files, "--validation": chosen.validation, "--config": chosen.config},
        {"--out": path, "--plot": chosen.plot},
    )
    check_place("--out", path)
    check_picture(chosen.plot)
    rows = opened_rows(asked, terminal)
    n_rows, n_columns = rows.size
    kind, reason = rows.kind_of_task(chosen.task)
    terminal.say(f"{asked.shown}: {counted(n_rows, 'row')}, {counted(n_columns, 'column')} to learn from")
    terminal.say(f"target {chosen.target!r}: {kind} ({reason}{'' if chosen.task else '; --task overrides'})")
    settings = joined(toml, given, task_of(kind))
    seed = None if settings.get("random_state") is not None else stored_seed(checkpoint)
    run, state = rows.prepared(task_of(kind), settings, seed, terminal, group)
    check_place("--out", path, state.params.nbytes)
    if isinstance(run.columns.target, Labels) and len(run.columns.target.classes) == 1:
        terminal.complain("warning", f"target {chosen.target!r} has a single class: there is nothing to tell apart")
    validating = f", validating on {run.n_validation:,} others" if run.n_validation else ""
    if run.bags > 1:
        validating = f" for each of {run.bags} networks, validating each on the rows that it leaves out"
    by = "" if group is None else f", by {counted(group.size, 'worker')}"
    there = f", with {run.engine.name}" if run.engine.name.startswith("torch") else ""
    terminal.say(f"training on {counted(run.n_rows, 'row')}{validating}{by}{there}")
    if settings.get("random_state") is None:
        terminal.say(f"seed drawn: --random-state {run.recipe.seed} gives the same model again")
    with ExitStack() as stack:
        folder = None
        if checkpoint is not None:
            words = chosen.words(flags)
            folder, state = opened(checkpoint, run, state, data=absolute(chosen.files[0]), command=words)
            if folder is not None:
                stack.enter_context(folder)
                folder.note(command=words)  # that of the first start is kept too, in every checkpoint
            if state.step:
                terminal.say(_where(run, state, checkpoint))
            check_space("--checkpoint", checkpoint, _size_of_checkpoints(state))
        if group is not None and group.rank:
            _carried_out(run, state, terminal, None)
            return DONE
        told = stack.enter_context(Told.begun(trackers, path.stem))
        told.settings(run.settings)
        for one in told.runs:
            terminal.say(f"tracked: {one.place}")
        began = clock.perf_counter()
        with Interrupts(ending=True, finishing=True) as wish:  # once something is learned, it is written
            failed = _carried_out(run, state, terminal, folder, told)
            if state.stopped in SIGNALS:
                terminal.note(f"{state.stopped}: stopping; writing the best weights")
            seconds = clock.perf_counter() - began
            written = _written(run, state, path, chosen.plot)
        with Interrupts(ending=True) as late:
            late.asked = wish.asked or (state.stopped if state.stopped in SIGNALS else "")
            try:
                found = _told(run, state, terminal, written, seconds)
            except KeyboardInterrupt:
                terminal.note(f"the model is written: {path}")
                raise
        _end(told, state, found, failed)
    if failed is not None:
        raise failed
    if _can_go_on(run, state):
        terminal.say(_how_to_go_on(chosen.checkpoint))
    start = {"file": asked.shown, "target": run.target_name, "task": kind, "reason": reason}
    terminal.result({**start, "interrupted": bool(late.asked), **found})
    return SIGNALS.get(late.asked, DONE)


def absolute(file: str) -> str:
    """Return a path, a glob or a URI as one that means the same from any folder."""
    return file if is_uri(file) else os.path.abspath(file)


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


def _carried_out(
    run: Run, state: State, terminal: Terminal, folder: Folder | None, told: Told | None = None
) -> CheckpointError | None:
    """Train; return what was wrong if a checkpoint could not be written: the model still can, in another place."""
    shown = None if run.group is not None and run.group.is_shown else terminal.progress(run, state)

    def after_epoch(record: Record) -> bool:
        if told is not None:
            told.step(record.epoch, record._asdict(), lambda: run.network.named(state.params))
        return False

    try:
        carry_out(run, state, shown=shown, folder=folder, ending_signals=True, after_epoch=after_epoch)
    except CheckpointError as problem:
        state.stopped = "a checkpoint could not be written"
        return problem
    return None


def _end(told: Told, state: State, found: Mapping[str, Any], failed: CheckpointError | None) -> None:
    """Tell the trackers how a run ended."""
    status = KILLED if state.stopped in SIGNALS else FINISHED if failed is None else FAILED
    values = {"best_epoch": state.best_epoch, "seconds_in_all": found["seconds"], **found["scores"]}
    told.end(status, values, stopped=state.stopped, model=Path(found["model"]))


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


class Written(NamedTuple):
    """What a run left on the disk."""

    model: Model
    path: Path
    replaced: bool
    plot: Path | None


def _written(run: Run, state: State, path: Path, plot: Path | None) -> Written:
    """Write the model, then the picture."""
    model, replaced = finish(run, state), path.exists()
    _save(model, path)
    if plot is not None:
        try:
            draw_curve(plot, model, run.score_name)
        except OSError as problem:
            found = f"--plot {plot}: {problem.strerror}. The model is written: {path}"
            raise SettingError(found) from problem
    return Written(model, path, replaced, plot)


def _told(run: Run, state: State, terminal: Terminal, written: Written, seconds: float) -> dict[str, Any]:
    """Say what came of a run; return it as plain values."""
    model, path = written.model, written.path
    with terminal.working("measuring the model"):
        scores = compared(run, model)
    done = f"in epoch {state.epoch + 1}" if state.rows else f"after {counted(state.epoch, 'epoch')}"
    terminal.say(f"stopped {done}, {seconds:.1f} s: {state.stopped}")
    terminal.say(f"kept: the weights of {_kept(state)}")
    terminal.say()
    on = "the validation rows" if run.n_validation else f"{_some(run)}the training rows"
    if run.bags > 1:
        on = "the rows that each network left out, as that one predicts them"
    terminal.say(f"On {on}:")
    terminal.table(*rows_of({who: one.scores for who, one in scores.items()}))
    for line in scores["lamina"].told():
        terminal.say(line)
    if not run.n_validation:
        terminal.say(
            "Without validation rows these scores are too good: try --early-stopping true, or --validation FILE"
        )
    size = f"{path.stat().st_size / 1024:,.0f} KiB"
    terminal.say(f"model: {path} ({size}{', replacing an older file' if written.replaced else ''})")
    if written.plot is not None:
        terminal.say(f"learning curve: {written.plot}")
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
        "scores_on": on.removeprefix("the "),
        "scores": scores["lamina"].scores,
        "left_out": scores["lamina"].left_out,
        "baseline": {"name": baseline, "scores": scores[baseline].scores},
    }


def _some(run: Run) -> str:
    return f"{run.examples.sample.n:,} of " if isinstance(run.examples, Streamed) else ""


def _kept(state: State) -> str:
    if state.best_epoch:
        return f"epoch {state.best_epoch}"
    return f"step {state.step}, {'the last' if state.epoch else 'before the first epoch ended'}"


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
