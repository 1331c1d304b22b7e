"""Who tries: this process, or several that share a storage."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lamina.errors import LaminaError, TuningError
from lamina.interrupts import CTRL_C, Interrupts
from lamina.tuning.lost import CHOSEN, begun, finished, give_back, is_one_nameless, running, take_back_lost
from lamina.tuning.storage import quiet, storage_at, study_in
from lamina.tuning.trials import Cut, Hopeless, Job, value_of

SECONDS_BETWEEN_LOOKS = 0.2
THREADS = ("LAMINA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")

Told = Callable[[FrozenTrial], None]


class Limits(NamedTuple):
    """When a search ends."""

    trials: int  # finished ones, of all processes together
    until: float | None  # a clock time
    stop: Path | None = None  # a file: where there is one, its text says why to stop

    def why(self) -> str:
        """Return why to stop now, or nothing."""
        if self.until is not None and time.time() >= self.until:
            return "max_time"
        if self.stop is not None and self.stop.exists():
            return self.stop.read_text(encoding="utf-8")
        return ""


def try_settings(study: Study, job: Job, limits: Limits, told: Told | None = None) -> str:
    """Try one set of settings after another, until there are enough trials; return why it ended early, or nothing.

    Ctrl-C, SIGTERM and the limits end the trial that is going on; another call tries its settings again.
    """
    with Interrupts(ending=True) as wish:

        def stop_now() -> str:
            return str(wish.asked) or limits.why()

        while not stop_now():
            take_back_lost(study)
            if len(finished(study)) + len(running(study)) >= limits.trials:
                if not is_one_nameless(study):
                    break
                time.sleep(SECONDS_BETWEEN_LOOKS)
                continue
            ended = _tried(study, job, limits.trials, stop_now)
            if ended is not None and told is not None:
                told(ended)
        return stop_now()


def _is_one_too_many(study: Study, number: int, trials: int) -> bool:
    """Return whether enough trials began before this one: another process may have looked at the same moment."""
    return sum(one.number < number for one in [*finished(study), *running(study)]) >= trials


def _tried(study: Study, job: Job, trials: int, stop_now: Callable[[], str]) -> FrozenTrial | None:
    """Run one trial; return it as it ended, or None where it was cut, or is one too many."""
    trial = begun(study)
    if _is_one_too_many(study, trial.number, trials):
        study.tell(trial, state=TrialState.FAIL)
        return None
    is_first = "defaults" in trial.user_attrs
    space = job.space.distributions()
    if is_first:
        space = {name: one for name, one in space.items() if name in job.space.start}
    for name, one in space.items():
        trial._suggest(name, one)
    trial.set_user_attr(CHOSEN, True)
    began, params = time.perf_counter(), {} if is_first else trial.params
    try:
        value = value_of(job, job.settings(params), trial, stop_now, is_first)
    except Hopeless as problem:
        trial.set_user_attr("why", str(problem))
        state, value = TrialState.PRUNED, None
    except (Cut, KeyboardInterrupt) as problem:
        give_back(study, study._storage.get_trial(trial._trial_id), str(problem) or "Ctrl-C")
        return None
    except BaseException as problem:
        if is_first or not isinstance(problem, LaminaError | MemoryError):
            give_back(study, study._storage.get_trial(trial._trial_id), str(problem))
            raise
        trial.set_user_attr("why", f"cannot be used: {problem}")
        state, value = TrialState.PRUNED, None
    else:
        state = TrialState.COMPLETE
    trial.set_user_attr("seconds", round(time.perf_counter() - began, 3))
    return study.tell(trial, value, state)


# ---- several processes ----


def try_in_processes(
    study: Study, job: Job, limits: Limits, place: Any, identity: dict[str, str], n_jobs: int, told: Told | None
) -> str:
    """Do the same in several processes, which share the cores; `limits.stop` is a file that is not there yet.

    Raises
    ------
    TuningError
        A process was killed.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    assert limits.stop is not None
    each = str(threads_each(n_jobs))
    known = {one.number for one in finished(study)}
    executor = ProcessPoolExecutor(max_workers=n_jobs, env=dict.fromkeys(THREADS, each))
    with Interrupts(ending=True) as wish:
        try:
            with _ctrl_c_for_this_process_only():
                futures = [executor.submit(_work, job, limits, place, identity) for _ in range(n_jobs)]
            left = set(futures)
            while left:
                left = wait(left, timeout=SECONDS_BETWEEN_LOOKS).not_done
                if wish.asked and not limits.stop.exists():
                    limits.stop.write_text(wish.asked, encoding="utf-8")
                for one in finished(study):
                    if one.number not in known and told is not None:
                        told(one)
                    known.add(one.number)
                if any(one.done() and one.exception() for one in futures) and not limits.stop.exists():
                    limits.stop.write_text("another process failed", encoding="utf-8")
            found = [one.result() for one in futures]
        except KeyboardInterrupt:  # a second Ctrl-C: what is going on is not waited for
            return CTRL_C
        except BrokenProcessPool as problem:
            raise TuningError(
                "a process of the search was killed, perhaps for want of memory: the trials that finished are kept in "
                "the storage, if one was named. Call again with a smaller n_jobs"
            ) from problem
        finally:
            executor.shutdown(wait=True, kill_workers=True)
        return wish.asked or next((why for why in found if why), "")


@contextmanager
def _ctrl_c_for_this_process_only() -> Iterator[None]:
    """Let processes that are started here not get the Ctrl-C of a terminal, from their first moment on.

    It would end one that is still importing. `limits.stop` tells them instead.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(job: Job, limits: Limits, place: Any, identity: dict[str, str]) -> str:
    """Work as one of several processes."""
    with quiet():
        study, _ = study_in(storage_at(place), place, identity, job.seed, {}, job.measure.direction)
        return try_settings(study, job, limits)


def threads_each(n_jobs: int) -> int:
    """Return how many threads each of several processes may use: all of them together no more than there are cores."""
    from joblib import cpu_count

    allowed = [
        int(word) for word in map(os.environ.get, THREADS) if word is not None and word.isdecimal() and int(word)
    ]
    return max(1, min([cpu_count() // n_jobs, *allowed]))


def number_of_processes(n_jobs: int) -> int:
    """Return how many processes are meant: -1 is one for each core, -2 one less."""
    from joblib import cpu_count

    return n_jobs if n_jobs > 0 else max(1, cpu_count() + 1 + n_jobs)
