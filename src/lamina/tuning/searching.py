"""A search over settings: `lamina.tune`."""

import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lamina.data.roles import Roles
from lamina.data.rows import rows_of_source
from lamina.data.source import Source, opened
from lamina.data.tables.row_streams import is_stream, rows_of
from lamina.data.target_values import detect_task
from lamina.errors import DataError, InterruptedWarning, MissingExtraError, SettingError, TuningError
from lamina.fitting import finish
from lamina.interrupts import NAMES
from lamina.learning.hyperparameters import check, seed_from
from lamina.learning.presets import Facts
from lamina.learning.run import Task
from lamina.tuning.folds import folds_of
from lamina.tuning.measures import measure_of
from lamina.tuning.results import Search
from lamina.tuning.space import FIXED, space_of
from lamina.tuning.trials import Job, refitted

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

Told = Callable[[dict[str, Any], "Study"], None]

STATES = {"COMPLETE": "finished", "PRUNED": "ended early", "FAIL": "cut", "RUNNING": "running", "WAITING": "waiting"}


def tune(
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    target: str | Sequence[str] | None = None,
    weight: str | None = None,
    groups: Any = None,
    time: Any = None,
    drop: Sequence[str] = (),
    task: Literal["classification", "regression"] | None = None,
    trials: int = 50,
    max_time: float | None = None,
    scoring: Any = None,
    cv: Any = 1,
    space: Mapping[str, Any] | None = None,
    only: Iterable[str] | None = None,
    pruning: bool = True,
    n_jobs: int = 1,
    storage: Any = None,
    random_state: Any = None,
    refit: bool = True,
    verbose: bool = False,
    **settings: Any,
) -> Search:
    """Search for settings that suit some rows, and fit with the best of them.

    The first trial is that of the defaults. Later ones are chosen by what the trials before them came to (Bergstra,
    Bardenet, Bengio, Kegl 2011, as Optuna has it), and end early where they are worse than the median of those before.

    Parameters
    ----------
    X, y, sample_weight, target, weight, groups, time, drop
        As in `DeepClassifier.fit`. Rows of a group are on one side of a fold; of times, the validation rows are later.
    task : {"classification", "regression"}, optional
        What the targets look like by default.
    trials : int
        How many, the first included; those in the storage count.
    max_time : float, optional
        Seconds after which no trial goes on. The last fit comes on top.
    scoring : str or callable, optional
        The name of a scikit-learn scorer, or a scorer, which the training of each trial watches too. By default trials
        are compared by log loss, or by RMSE.
    cv : int, splitter or iterable
        1: a fifth of the rows is held out. More: so many folds. Or what scikit-learn takes.
    space : mapping, optional
        Ranges by setting, in place of the usual ones or beside them: ``{"learning_rate_init": (1e-3, 1e-1), "dropout":
        [0, 0.1]}``.
    only : iterable of str, optional
        The settings to search.
    pruning : bool
        Whether hopeless trials end early.
    n_jobs : int
        Processes, among which the cores are divided; -1: one for each core.
    storage : path, optional
        A file in which the trials are kept: study.log (a journal, which machines with a shared folder can share) or
        study.db (SQLite). The same call again goes on.
    random_state : int, optional
        With a seed and ``n_jobs=1`` the trials are the same again.
    refit : bool
        Whether to fit with the best settings on all rows.
    verbose : bool
        Print a line for each trial.
    **settings
        Settings of the estimators that are the same in every trial.

    Returns
    -------
    Search

    Raises
    ------
    lamina.errors.SettingError, lamina.errors.DataError
        What was found, what was expected, what to do.
    lamina.errors.TuningError
        No trial finished, or the storage holds another search.
    lamina.errors.MissingExtraError
        Optuna is not installed.

    Warns
    -----
    lamina.errors.InterruptedWarning
        Ctrl-C or a signal ended the search: the best settings so far are fitted.
    """
    roles = Roles(target, weight, groups, time, tuple(drop))
    how = {"trials": trials, "max_time": max_time, "scoring": scoring, "cv": cv, "space": space, "only": only}
    how |= {"pruning": pruning, "n_jobs": n_jobs, "storage": storage, "random_state": random_state, "refit": refit}
    found = searched(X, y, sample_weight, roles, task, settings, told=print_trial if verbose else None, **how)
    if found.stopped in NAMES.values():
        warnings.warn(
            f"{found.stopped} ended the search after {len(found.ranked)} trials: the best so far is kept.",
            InterruptedWarning,
            stacklevel=2,
        )
    return found


def searched(
    X: Any,
    y: Any,
    sample_weight: Any,
    roles: Roles,
    task: str | None,
    settings: Mapping[str, Any],
    *,
    trials: int,
    max_time: float | None,
    scoring: Any,
    cv: Any,
    space: Mapping[str, Any] | None,
    only: Iterable[str] | None,
    pruning: bool,
    n_jobs: int,
    storage: Any,
    random_state: Any,
    refit: bool,
    told: Told | None = None,
    before_refit: Callable[[Any], Any] | None = None,
    began: Callable[[Job], None] | None = None,
    target_name: str | None = None,
) -> Search:
    """Search, as `tune` does; what a face adds is how it looks."""
    try:
        from lamina.tuning import storage as stored
        from lamina.tuning import workers
    except ImportError:
        raise MissingExtraError("a search needs Optuna: pip install 'lamina[tune]'") from None
    until = None if max_time is None else time.time() + _positive("max_time", max_time)
    _check_counts(trials, n_jobs)
    if is_stream(X):
        X = rows_of(X).whole() if roles.named else X
    source = opened(X, y, sample_weight, roles=roles)
    if not isinstance(source, Source):
        raise SettingError("a search needs rows in memory, and these files are too large for it: give it a sample.")
    who = _task_of(source, task)
    _check_fixed(settings, who)
    facts = Facts(
        who,
        int(np.count_nonzero(np.ones(source.table.n_rows) if source.weights is None else source.weights)),
        len(source.table.names),
    )
    searching = space_of(settings, facts, space, only)
    loss = settings.get("loss", "")
    measure = measure_of(scoring, who, not callable(loss) and "quantile" in str(loss).lower())
    identity = {
        "rows": rows_of_source(source, who).fingerprint,
        "target": target_name or str(roles.target or "y"),
        "settings": stored.identity_text(dict(settings)),
        "the space": stored.identity_text(searching.described()),
        "scoring": f"{measure.name}, {measure.direction}",
        "cv": stored.identity_text(cv) if isinstance(cv, int | str) else type(cv).__name__,
    }
    seed = None if random_state is None else seed_from(random_state)
    with TemporaryDirectory(prefix="lamina-") as folder, stored.quiet():
        n_jobs = workers.number_of_processes(n_jobs)
        place = str(Path(folder) / "study.log") if storage is None and n_jobs > 1 else storage
        study, seed = stored.study_in(
            stored.storage_at(place), place, identity, seed, searching.start, measure.direction
        )
        name = target_name or (roles.target if isinstance(roles.target, str) else "y")
        folds = folds_of(source, cv, who, seed)
        job = Job(source, who, name, dict(settings), searching, folds, measure, pruning, seed)
        if began is not None:
            began(job)
        limits = workers.Limits(trials, until, Path(folder) / "stop" if n_jobs > 1 else None)

        def tell(trial: "FrozenTrial") -> None:
            if told is not None:
                told(_record(trial, job), study)

        if n_jobs > 1:
            stopped = workers.try_in_processes(study, job, limits, place, identity, n_jobs, tell)
        else:
            stopped = workers.try_settings(study, job, limits, tell)
        others = bool(stored.running(study)) and not stopped
        return _result(study, job, X, roles, stopped, refit and not others, before_refit)


def _result(
    study: "Study", job: Job, X: Any, roles: Roles, stopped: str, refit: bool, before_refit: Callable[[Any], Any] | None
) -> Search:
    """Return what was found, with the model of the best trial."""
    from lamina.tuning.sampling import importances

    listed = study.get_trials(deepcopy=False)
    records = [_record(one, job) for one in listed if one.state.name in ("COMPLETE", "PRUNED")]
    done = [one for one in records if one["state"] == "finished"]
    if not done:
        raise _none_finished(records, stopped)
    lower = job.measure.direction == "minimize"
    best = (min if lower else max)(done, key=lambda one: one["score"])  # the first of equals
    defaults = next((one["score"] for one in done if one["defaults"]), None)
    settings = job.fixed | best["settings"] | {"random_state": job.seed}
    if job.measure.scored:
        settings["scoring"] = job.measure.scoring
    found = Search(
        best_params=best["settings"],
        best_score=best["score"],
        default_score=defaults,
        score_name=job.measure.name,
        lower_is_better=lower,
        settings=settings,
        model=None,
        records=records,
        importances=importances(study, list(job.space.ranges), job.seed),
        stopped=stopped,
        seed=job.seed,
    )
    if not refit:
        return found
    shown = None if before_refit is None else before_refit(found)
    run, state = refitted(job, X, roles, settings, shown)
    return Search(**{**vars(found), "model": finish(run, state)})


def _record(trial: "FrozenTrial", job: Job) -> dict[str, Any]:
    """Return what there is to say of a trial."""
    attrs, settings = trial.user_attrs, job.space.settings(trial.params)
    if attrs.get("defaults"):
        settings = {}
    is_done = trial.state.name == "COMPLETE"
    return {
        "number": trial.number,
        "state": STATES[trial.state.name],
        "score": trial.value if is_done else None,
        "scores": attrs.get("scores", []) if is_done else [],
        "seconds": attrs.get("seconds"),
        "epochs": attrs.get("epochs"),
        "why": attrs.get("why", ""),
        "defaults": bool(attrs.get("defaults")),
        "settings": settings,
        "changed": {name: one for name, one in settings.items() if one != job.space.defaults[name]},
    }


def _none_finished(records: list[dict[str, Any]], stopped: str) -> TuningError:
    if not records:
        return TuningError(
            f"no trial finished before {stopped or 'the search ended'}: give it more time (max_time), fewer rows, or a "
            "smaller network"
        )
    return TuningError(f"none of {len(records)} trials finished. The first: {records[0]['why']}")


def print_trial(record: dict[str, Any], study: "Study") -> None:
    """Print a line for a trial."""
    print(line_of(record, study), flush=True)


def line_of(record: dict[str, Any], study: "Study") -> str:
    """Return what came of a trial, in a line."""
    from lamina.learning.search_ranges import written

    found = f"{record['score']:.5g}" if record["score"] is not None else record["why"].partition("\n")[0]
    what = ", ".join(f"{name}={written(one)}" for name, one in record["changed"].items()) or "the defaults"
    best = [one for one in study.get_trials(deepcopy=False) if one.state.name == "COMPLETE"]
    lead = f" (best {study.best_value:.5g}, trial {study.best_trial.number})" if best else ""
    return f"trial {record['number']}: {found}{lead}, {record['seconds']:.1f} s: {what}"


# ---- what is given ----


def _positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise SettingError(f"{name}={value!r}: expected a number of seconds above 0.")
    return float(value)


def _check_counts(trials: Any, n_jobs: Any) -> None:
    for name, value in (("trials", trials), ("n_jobs", n_jobs)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value == 0 or (name == "trials" and value < 1):
            known = "1 or more" if name == "trials" else "1 or more processes, or -1 for one on each core"
            raise SettingError(f"{name}={value!r}: expected {known}.")


def _check_fixed(settings: Mapping[str, Any], task: Task) -> None:
    """Check the settings that do not vary."""
    for name in FIXED:
        if name in settings:
            raise SettingError(f"{name} cannot be fixed in the trials of a search.")
    check(settings, task)


def _task_of(source: Source, task: str | None) -> Task:
    """Return who learns, checked.

    Raises
    ------
    DataError
        There is a single class.
    """
    if task not in (None, "classification", "regression"):
        raise SettingError(f"task={task!r}: expected 'classification' or 'regression'.")
    y = source.y if source.weights is None else source.y[source.weights > 0]
    if task is None:
        several = y.ndim == 2
        labels = several and y.dtype.kind in "iub" and np.isin(y, (0, 1)).all()
        kind: str = ("multilabel" if labels else "regression") if several else detect_task(y)[0]
    else:
        kind = task
    if kind == "regression":
        return "regressor"
    if y.ndim == 1 and len(set(y.tolist())) == 1:
        raise DataError(f"all targets are {y[0]!r}: a search needs two classes or more to tell settings apart.")
    return "classifier"
