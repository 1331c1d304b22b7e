"""lamina tune: a search for settings that suit a table."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from lamina.cli.column_roles import Columns
from lamina.cli.exit_codes import DONE, SIGNALS
from lamina.cli.files import check_files, check_place, named
from lamina.cli.options import AsJson, Drop, Target, Task, Weights, Whole
from lamina.cli.pictures import check_picture, without_windows, write_picture
from lamina.cli.preparation import by_class, task_of
from lamina.cli.reading_flags import ReadingFlags
from lamina.cli.rows import located, placed
from lamina.cli.rows_to_learn import Asked, Read, opened_rows
from lamina.cli.scores import named as score_named
from lamina.cli.settings import OFFERED, FlagsOfTrials, from_flags, from_text, joined, spelled
from lamina.cli.terminal import Terminal, counted, number, program_name
from lamina.cli.train import absolute, words_of
from lamina.data.roles import Roles
from lamina.errors import SettingError
from lamina.learning.hyperparameters import Number
from lamina.learning.search_ranges import Among, Between, Range, written
from lamina.model_file import save
from lamina.tracking import trackers_of
from lamina.tuning.asked import Asked as SearchAsked
from lamina.tuning.asked import Shown
from lamina.tuning.records import line_of
from lamina.tuning.results import Search
from lamina.tuning.searching import searched
from lamina.tuning.trials import Job

SHOWN = 5  # trials, and importances


def tune(
    *files: str,
    target: Target = None,
    task: Task = None,
    weights: Weights = None,
    drop: Drop = None,
    groups: str | None = None,
    time: str | None = None,
    trials: Whole = 50,
    max_time: float | None = None,
    cv: Whole = 1,
    space: list[str] | None = None,
    only: list[str] | None = None,
    pruning: Annotated[bool, Parameter(negative="--no-pruning")] = True,
    n_jobs: Whole = 1,
    storage: str | None = None,
    track: list[str] | None = None,
    out: Path | None = None,
    plot: Path | None = None,
    json: AsJson = False,
    cells: Annotated[ReadingFlags | None, Parameter(name="*")] = None,
    settings: Annotated[FlagsOfTrials | None, Parameter(name="*")] = None,
) -> int:
    """Search for settings that suit a table, and train with the best of them.

    The first trial is that of the defaults. Ctrl-C or SIGTERM ends the search: the
    best settings so far are trained with, and the exit code is 130 or 143. Settings
    that are given are the same in every trial, and the others are searched.

    Parameters
    ----------
    files
        CSV (also .gz, .zst), Parquet, Arrow or Feather files, as for `lamina train`; they are read into memory.
    groups
        A column, such as the customer: rows of one group are on one side of every fold. It is not learned from.
    time
        A column of dates or numbers: trials are scored on rows that are later than those they learn from.
    trials
        How many settings to try, the defaults among them; those in the storage count. [default: 50]
    max_time
        Seconds after which no trial goes on; the training with the best settings comes on top.
    cv
        Folds of the cross-validation; 1: a fifth of the rows is held out. [default: 1]
    space
        Where to search, such as learning_rate_init=0.001..0.1 or "hidden_layer_sizes=64,64|128,128". May be given
        several times; settings that are not named keep their usual ranges.
    only
        The settings to search, with commas between them; the others keep their defaults.
    pruning
        Whether trials that are worse than the median of those before them end early. [default: true]
    n_jobs
        Processes, among which the cores are divided; -1: one for each core. [default: 1]
    storage
        A file in which trials are kept, study.log or study.db: the same command goes on after an interruption, and
        several that run at once share the work.
    track
        Where to write trials down: mlflow, or mlflow=URI; tensorboard=FOLDER; jsonl=FILE. May be given several times.
    out
        The model file to write; by default the first file's name with the ending .lamina, in the current folder.
    plot
        Write a picture of the trials, and of what mattered, to this PNG, SVG or PDF file.
    """
    terminal, paths, trackers = Terminal(json), named("tune", files), tuple(trackers_of(track))
    columns = Columns(target, weights, tuple(drop or ()), groups, time)
    cells = cells or ReadingFlags()
    asked = Asked(
        paths, columns, cells.reading(), drop_missing_target=cells.drop_missing_target, stream=False, must_fit=True
    )
    path = Path(f"{Path(paths[0]).stem or 'model'}.lamina") if out is None else out
    check_files({f"FILE {one}": Path(one) for one in paths if Path(one).exists()}, {"--out": path, "--plot": plot})
    check_place("--out", path)
    check_picture(plot)
    rows = opened_rows(asked, terminal)
    assert isinstance(rows, Read)
    kind, reason = rows.kind_of_task(task)
    n_rows, n_columns = rows.size
    terminal.say(f"{asked.shown}: {counted(n_rows, 'row')}, {counted(n_columns, 'column')} to learn from")
    terminal.say(f"target {target!r}: {kind} ({reason}{'' if task else '; --task overrides'})")
    given = joined({}, from_flags(settings), task_of(kind))
    if isinstance(given.get("class_weight"), dict):
        given["class_weight"] = by_class(given["class_weight"], rows.rows.y)
    scoring, seed = given.pop("scoring", None), given.pop("random_state", None)

    def refitting(found: Search) -> Any:
        terminal.note(f"training with the settings of trial {found.ranked[0]['number']}")

    with located(placed(rows.place, rows.rows.X.reading)):
        found = searched(
            rows.rows.X,
            rows.rows.y,
            rows.rows.weights,
            Roles(groups=rows.rows.groups, time=time),
            "regression" if kind == "regression" else "classification",
            given,
            SearchAsked(
                trials=trials,
                max_time=max_time,
                scoring=scoring,
                cv=cv,
                space=_space(space or []),
                only=None if only is None else [_setting(name) for word in only for name in word.split(",")],
                pruning=pruning,
                n_jobs=n_jobs,
                storage=storage,
                random_state=seed,
                refit=True,
                trackers=trackers,
            ),
            Shown(
                began=lambda job: _begun(terminal, job, seed),
                told=lambda record, study: terminal.note(line_of(record, study)),
                before_refit=refitting,
            ),
            target_name=target,
        )
    if found.model is not None:
        save(found.model, path)
    if plot is not None:
        without_windows()
        write_picture(found.plot()[0].figure, plot)
    options = {"target": target, "task": task, "weights": weights, "drop": drop, "groups": groups, "time": time}
    words = [*map(absolute, paths), *words_of({**options, **cells.options(), **_as_flags(found.settings)})]
    _told(terminal, found, path if found.model else None, plot, shlex.join(["lamina", "train", *words]))
    terminal.result(_plain(found, path if found.model else None))
    return SIGNALS.get(found.stopped, DONE)


def _space(given: list[str]) -> dict[str, Range]:
    """Return the ranges that --space spells: name=low..high, or name=value|value.

    Raises
    ------
    SettingError
        One is none of these.
    """
    found: dict[str, Range] = {}
    for text in given:
        name, equals, rest = text.partition("=")
        name = _setting(name)
        if not equals or ("|" not in rest and ".." not in rest):
            raise SettingError(f"--space {text}: expected name=low..high or name=value|value|value")
        if name not in OFFERED:
            found[name] = Among((rest,))  # whoever knows the settings says what is wrong
            continue
        one, low_high = OFFERED[name], rest.split("..")
        if "|" not in rest and len(low_high) == 2 and isinstance(one.kind, Number):
            low, high = (from_text(one, part.strip()) for part in low_high)
            found[name] = Between(low, high)
        else:
            found[name] = Among(tuple(from_text(one, part.strip()) for part in rest.split("|")))
    return found


def _setting(name: str) -> str:
    return name.strip().removeprefix("--").replace("-", "_")


def _as_flags(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: spelled(tuple(one) if isinstance(one, list) else one)
        for name, one in settings.items()
        if not (name == "scoring" and one == "cost") and not isinstance(one, dict)
    }


def _begun(terminal: Terminal, job: Job, seed: Any) -> None:
    """Say what is searched."""
    fold = job.folds[0]
    folds = f"{counted(len(job.folds), 'fold')}: " if len(job.folds) > 1 else ""
    on = f"{folds}each learns from {counted(len(fold.train), 'row')} and is scored on {len(fold.validation):,} others"
    terminal.say(f"{counted(len(job.space.ranges), 'setting')} to search, by {score_named(job.measure.name)}; {on}")
    where = [(name, text, written(job.space.defaults[name])) for name, text in job.space.described().items()]
    terminal.table(["setting", "searched", "default"], where, right=())
    if seed is None:
        terminal.say(f"seed: --random-state {job.seed} gives the same trials again, with --n-jobs 1")


def _told(terminal: Terminal, found: Search, path: Path | None, plot: Path | None, command: str) -> None:
    """Say what was found."""
    name = score_named(found.score_name)
    done = len(found.ranked)
    early = f", {len(found.records) - done} ended early" if len(found.records) > done else ""
    terminal.say(f"{counted(done, 'trial')} finished{early}{f'; stopped: {found.stopped}' if found.stopped else ''}")
    best = [
        (
            str(one["number"]),
            one["score"],
            ", ".join(f"{n}={written(v)}" for n, v in one["changed"].items()) or "defaults",
        )
        for one in found.ranked[:SHOWN]
    ]
    terminal.table(["trial", name, "what differs from the defaults"], best, right=(1,))
    if found.importances:
        shares = list(found.importances.items())[:SHOWN]
        terminal.say("what mattered: " + ", ".join(f"{setting} {share:.0%}" for setting, share in shares))
    if found.default_score is not None:
        lower = "lower" if found.lower_is_better else "higher"
        than = f"with the defaults {number(found.default_score)}"
        say = f"{name} {number(found.best_score)}, {than} ({lower} is better)"
        terminal.say(say if found.best_params else f"{say}: no trial was better than the defaults")
    if plot is not None:
        terminal.say(f"picture: {plot}")
    if path is None:
        terminal.say("another process is still at a trial: the last one to finish trains and writes the model")
        return
    terminal.say(f"model: {path} ({-(-path.stat().st_size // 1024):,} KiB)")
    terminal.say(f"the same model again: {command}")
    terminal.say(f"next: {program_name()} show {shlex.quote(str(path))}")


def _plain(found: Search, path: Path | None) -> dict[str, Any]:
    """Return the result as plain values."""
    return {
        "best_params": found.best_params,
        "best_score": found.best_score,
        "default_score": found.default_score,
        "score": found.score_name,
        "lower_is_better": found.lower_is_better,
        "settings": found.settings,
        "model": None if path is None else str(path),
        "importances": found.importances,
        "stopped": found.stopped,
        "seed": found.seed,
        "trials": found.records,
    }
