"""Trials whose process is gone: noticed, and tried again by another."""

import os
import socket
import time
from datetime import datetime
from pathlib import Path

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

SECONDS_OF_SILENCE = 300.0  # after which a trial on another machine is taken for lost
SECONDS_TO_BEGIN = 10.0  # after which a trial that nobody put his name to is taken for lost
CHOSEN = "chosen"  # mark of a trial whose settings are all there
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def worker_name() -> str:
    """Return what tells this process from others: machine, number, and when it began."""
    return f"{socket.gethostname()} {os.getpid()} {_began(os.getpid())}"


def _began(pid: int) -> str:
    """Return when a process began, as Linux says it; elsewhere, whether there is one."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        return stat.read_text().rpartition(")")[2].split()[19] if stat.exists() else ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "there"


def begun(study: Study) -> Trial:
    """Return the next trial, which carries the name of this process from its first moment: as `study.ask` does it.

    One that was queued gets its name a moment later.
    """
    number = study._pop_waiting_trial_id()
    if number is not None:
        trial = Trial(study, number)
        trial.set_user_attr("worker", worker_name())
        return trial
    template = FrozenTrial(
        number=-1,
        trial_id=-1,
        state=TrialState.RUNNING,
        value=None,
        params={},
        distributions={},
        intermediate_values={},
        user_attrs={"worker": worker_name()},
        system_attrs={},
        datetime_start=datetime.now(),
        datetime_complete=None,
    )
    return Trial(study, study._storage.create_new_trial(study._study_id, template_trial=template))


def is_alive(trial: FrozenTrial) -> bool:
    """Return whether a running trial still has a process."""
    host, _, rest = str(trial.user_attrs.get("worker", "")).partition(" ")
    pid, _, began = rest.partition(" ")
    if host == socket.gethostname() and pid.isdecimal():
        return bool(began) and _began(int(pid)) == began
    started = 0.0 if trial.datetime_start is None else trial.datetime_start.timestamp()
    if not host:
        return time.time() - started < SECONDS_TO_BEGIN
    return time.time() - max(float(trial.user_attrs.get("seen", 0)), started) < SECONDS_OF_SILENCE


def take_back_lost(study: Study) -> int:
    """Mark running trials whose process is gone as failed, and queue what they tried again; return how many."""
    lost = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if not is_alive(trial):
            give_back(study, trial, "its process is gone")
            lost += 1
    return lost


def give_back(study: Study, trial: FrozenTrial, why: str) -> None:
    """Mark a trial as failed, and queue what it tried, to be tried again."""
    try:
        study._storage.set_trial_user_attr(trial._trial_id, "why", why)
        study.tell(trial.number, state=TrialState.FAIL)
    except Exception:  # another process was faster
        if study._storage.get_trial(trial._trial_id).state == TrialState.RUNNING:
            raise
        return
    kept = {name: trial.user_attrs[name] for name in ("defaults",) if name in trial.user_attrs}
    chosen = CHOSEN in trial.user_attrs  # else some of its settings are not drawn yet: all of them are drawn again
    params = trial.params if chosen else trial.system_attrs.get("fixed_params", {})
    study.enqueue_trial(dict(params), user_attrs=kept)


def finished(study: Study) -> list[FrozenTrial]:
    """Return the trials that came to an end."""
    return study.get_trials(deepcopy=False, states=FINISHED)


def is_one_nameless(study: Study) -> bool:
    """Return whether a trial was begun by a process that did not say yet who it is, or was killed before it could."""
    return any("worker" not in one.user_attrs for one in running(study))


def running(study: Study) -> list[FrozenTrial]:
    """Return the trials that a process is at."""
    return [one for one in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)) if is_alive(one)]
