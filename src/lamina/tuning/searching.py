"""A search over settings: `lamina.tune`."""

import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lamina.data.encoding.learning import learn_encoder
from lamina.data.roles import Roles
from lamina.data.rows import rows_of_source
from lamina.data.source import Source
from lamina.errors import DataWarning, InterruptedWarning, MissingExtraError, TuningError
from lamina.fitting import finish
from lamina.interrupts import NAMES
from lamina.learning.hyperparameters import seed_from, settings_for
from lamina.learning.presets import Facts, facts_with, resolved
from lamina.learning.run import Task
from lamina.tracking import trackers_of
from lamina.tuning.asked import Asked, Shown, check_fixed, source_of, task_of
from lamina.tuning.folds import folds_of
from lamina.tuning.measures import measure_of
from lamina.tuning.records import print_trial, record_of
from lamina.tuning.results import Search
from lamina.tuning.space import space_of
from lamina.tuning.tracked import TrackedSearch
from lamina.tuning.trials import Job, refitted

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


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
    track: str | Iterable[str] | None = None,
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
    track : str or iterable of str, optional
        Where to write the search and its trials down: "mlflow", "tensorboard=FOLDER", "jsonl=FILE". See
        docs/tracking.md.
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
    lamina.errors.TrackingError
        A tracker cannot begin.
    lamina.errors.MissingExtraError
        Optuna, or what `track` names, is not installed.

    Warns
    -----
    lamina.errors.InterruptedWarning
        Ctrl-C or a signal ended the search: the best settings so far are fitted.
    """
    roles = Roles(target, weight, groups, time, tuple(drop))
    asked = Asked(
        trials=trials,
        max_time=max_time,
        scoring=scoring,
        cv=cv,
        space=space,
        only=only,
        pruning=pruning,
        n_jobs=n_jobs,
        storage=storage,
        random_state=random_state,
        refit=refit,
        trackers=tuple(trackers_of(track)),
    )
    shown = Shown(told=print_trial) if verbose else Shown()
    found = searched(X, y, sample_weight, roles, task, settings, asked, shown)
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
    asked: Asked,
    shown: Shown,
    target_name: str | None = None,
) -> Search:
    """Search, as `tune` does."""
    try:
        from lamina.tuning import lost, storage, workers
    except ImportError:
        raise MissingExtraError("a search needs Optuna: pip install 'lamina[tune]'") from None
    until = None if asked.max_time is None else time.time() + asked.max_time
    name = target_name or (roles.target if isinstance(roles.target, str) else "y")
    seed = None if asked.random_state is None else seed_from(asked.random_state)
    job = _job(X, y, sample_weight, roles, task, settings, asked, name)
    with TemporaryDirectory(prefix="lamina-") as folder, storage.quiet():
        n_jobs = workers.number_of_processes(asked.n_jobs)
        place = str(Path(folder) / "study.log") if asked.storage is None and n_jobs > 1 else asked.storage
        identity = _identity(job, asked, target_name or str(roles.target or "y"))
        kept = storage.storage_at(place)
        study, seed = storage.study_in(kept, place, identity, seed, job.space.start, job.measure.direction)
        job = job.with_seed(seed, folds_of(job.source, asked.cv, job.task, seed))
        limits = workers.Limits(asked.trials, until, Path(folder) / "stop" if n_jobs > 1 else None)
        shown.began(job)
        with TrackedSearch(asked.trackers, name) as tracked:

            def tell(trial: "FrozenTrial") -> None:
                record = record_of(trial, job)
                shown.told(record, study)
                tracked.trial(trial, record, job)

            if n_jobs > 1:
                stopped = workers.try_in_processes(study, job, limits, place, identity, n_jobs, tell)
            else:
                stopped = workers.try_settings(study, job, limits, tell)
            found = _found(study, job, stopped)
            others = bool(lost.running(study)) and not stopped
            if asked.refit and not others:
                run, state = refitted(job, X, roles, found.settings, shown.before_refit(found))
                found = Search(**{**vars(found), "model": finish(run, state)})
            tracked.found(found)
            return found


def _job(
    X: Any,
    y: Any,
    sample_weight: Any,
    roles: Roles,
    task: str | None,
    settings: Mapping[str, Any],
    asked: Asked,
    name: str,
) -> Job:
    """Return what is searched, as yet without a seed and its folds."""
    source = source_of(X, y, sample_weight, roles)
    who = task_of(source, task)
    check_fixed(settings, who)
    counted = source.table.n_rows if source.weights is None else int(np.count_nonzero(source.weights))
    loss = settings.get("loss", "")
    space = space_of(settings, _facts(source, who, counted, settings), asked.space, asked.only)
    measure = measure_of(asked.scoring, who, not callable(loss) and "quantile" in str(loss).lower())
    return Job(source, who, name, dict(settings), space, (), measure, asked.pruning, 0)


def _facts(source: Source, task: Task, n_rows: int, settings: Mapping[str, Any]) -> Facts:
    """Return what a preset looks at, the columns among it."""
    given = {name: one.default for name, one in settings_for(task).items()} | dict(settings)
    facts = Facts(task, n_rows, len(source.table.names))
    if resolved(given, facts)["scaling"] != "suited":
        return facts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the first trial says it too
        encoder = learn_encoder(source.table, scaling="suited")
    return facts_with(facts, given, encoder.numbers.scaling)


def _identity(job: Job, asked: Asked, target: str) -> dict[str, str]:
    """Return what a storage is to hold the trials of, in words."""
    from lamina.tuning.storage import identity_text

    return {
        "rows": rows_of_source(job.source, job.task).fingerprint,
        "target": target,
        "settings": identity_text(job.fixed),
        "the space": identity_text(job.space.described()),
        "scoring": f"{job.measure.name}, {job.measure.direction}",
        "cv": _folds_in_words(asked.cv),
    }


def _folds_in_words(cv: Any) -> str:
    """Return what tells one way to make folds from another, in every process."""
    from lamina.tuning.storage import identity_text

    if isinstance(cv, int | str):
        return identity_text(cv)
    if isinstance(cv, list | tuple):
        return blake2b(b"".join(np.asarray(rows).tobytes() + b"|" for pair in cv for rows in pair)).hexdigest()[:16]
    text = repr(cv) if hasattr(cv, "split") else ""
    return text if text and " at 0x" not in text else type(cv).__name__


def _found(study: "Study", job: Job, stopped: str) -> Search:
    """Return what was found, without the model."""
    from lamina.tuning.sampling import importances

    listed = study.get_trials(deepcopy=False)
    records = [record_of(one, job) for one in listed if one.state.name in ("COMPLETE", "PRUNED")]
    done = [one for one in records if one["state"] == "finished"]
    if not done:
        raise _none_finished(records, stopped)
    lower = job.measure.direction == "minimize"
    best = (min if lower else max)(done, key=lambda one: one["score"])  # the first of equals
    settings = job.fixed | best["settings"] | {"random_state": job.seed}
    if job.measure.scored:
        settings["scoring"] = job.measure.scoring
    return Search(
        best_params=best["settings"],
        best_score=best["score"],
        default_score=next((one["score"] for one in done if one["defaults"]), None),
        score_name=job.measure.name,
        lower_is_better=lower,
        settings=settings,
        model=None,
        records=records,
        importances=importances(study, list(job.space.ranges), job.seed),
        stopped=stopped,
        seed=job.seed,
    )


def _none_finished(records: list[dict[str, Any]], stopped: str) -> TuningError:
    if not records:
        return TuningError(
            f"no trial finished before {stopped or 'the search ended'}: give it more time (max_time), fewer rows, or a "
            "smaller network"
        )
    return TuningError(f"none of {len(records)} trials finished. The first: {records[0]['why']}")
