"""Trials outlive a killed process, processes share them, and a storage of another search is refused."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pytest

import lamina
from lamina.errors import InterruptedWarning, TuningError

N = 240
X = np.random.default_rng(0).normal(size=(N, 4))
Y = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
QUICK = {"max_iter": 3, "hidden_layer_sizes": (8,), "n_members": 1, "numeric_embedding": None}
STORAGES = ("study.log", "study.db")

SCRIPT = """
import sys
import numpy as np
import lamina, lamina.tuning.workers, lamina.scoring, sklearn.model_selection
print("ready", flush=True)
if len(sys.argv) > 4:
    sys.stdin.readline()
X = np.random.default_rng(0).normal(size=(240, 4))
y = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
quick = {"max_iter": int(sys.argv[3]), "hidden_layer_sizes": (8,), "n_members": 1, "numeric_embedding": None}
found = lamina.tune(X, y, trials=int(sys.argv[2]), storage=sys.argv[1], random_state=0, verbose=True,
                    n_iter_no_change=10**6, pruning=False, only=["dropout", "learning_rate_init"], **quick)
print("model", found.model is not None, len(found.records), found.stopped, flush=True)
"""
LONG = {"only": ["dropout", "learning_rate_init"], "n_iter_no_change": 10**6, "pruning": False}


def told(search):
    return [(one["state"], one["score"], one["settings"]) for one in search.records]


def started(storage, trials, max_iter=3, *more):
    words = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(storage), str(trials), str(max_iter), *more]
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("name", STORAGES)
def test_a_search_goes_on_with_the_trials_that_it_would_have_made(tmp_path, name):
    path = tmp_path / name
    lamina.tune(X, Y, trials=3, storage=path, random_state=0, **QUICK)
    gone_on = lamina.tune(X, Y, trials=7, storage=path, **QUICK)
    assert told(gone_on) == told(lamina.tune(X, Y, trials=7, random_state=0, **QUICK))


@pytest.mark.parametrize("name", STORAGES)
def test_a_killed_search_goes_on_and_no_finished_trial_is_lost(tmp_path, name):
    path = tmp_path / name
    process = started(path, 1000, 20)
    lines = [process.stdout.readline() for _ in range(3)]
    assert lines[2].startswith("trial 2: ")
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    trials = optuna.load_study(study_name="lamina", storage=_opened(path)).trials
    done = sum(one.state == optuna.trial.TrialState.COMPLETE for one in trials)
    assert done >= 3
    found = lamina.tune(X, Y, trials=done + 2, storage=path, **QUICK | LONG | {"max_iter": 20})
    again = lamina.tune(X, Y, trials=done + 2, random_state=0, **QUICK | LONG | {"max_iter": 20})
    assert told(found) == told(again)


def _opened(path):
    from lamina.tuning.storage import storage_at

    return storage_at(path)


@pytest.mark.parametrize("name", STORAGES)
def test_two_processes_share_a_search_and_the_last_one_writes_the_model(tmp_path, name):
    both = [started(tmp_path / name, 8, 20, "when told") for _ in range(2)]
    for one in both:
        one.stdin.write("\n")
        one.stdin.flush()
    ends = []
    for one in both:
        out, errors = one.communicate(timeout=120)
        assert one.returncode == 0, errors
        ends.append((sum(line.startswith("trial ") for line in out.splitlines()), out.splitlines()[-1]))
    assert sum(count for count, _ in ends) == 8
    assert any(line.startswith("model True 8") for _, line in ends)
    study = optuna.load_study(study_name="lamina", storage=_opened(tmp_path / name))
    trials = [one for one in study.trials if one.state.name != "FAIL"]  # one too many is given up
    assert [one.state.name for one in trials] == ["COMPLETE"] * 8
    assert len({str(one.params) for one in trials}) == 8
    workers = {one.user_attrs["worker"] for one in trials}
    assert len(workers) == 2, "one process made all trials"


def test_ctrl_c_keeps_the_best_so_far(tmp_path):
    process = started(tmp_path / "study.log", 1000, 20)
    for _ in range(2):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert out.splitlines()[-1].startswith("model True")
    assert out.splitlines()[-1].endswith("Ctrl-C")


IN_PROCESSES = """
import sys
import numpy as np
import lamina
X = np.random.default_rng(0).normal(size=(240, 4))
y = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
if __name__ == "__main__":
    quick = {"max_iter": 20, "hidden_layer_sizes": (8,), "n_members": 1, "numeric_embedding": None}
    found = lamina.tune(X, y, trials=1000, storage=sys.argv[1], random_state=0, n_jobs=2, verbose=True,
                        n_iter_no_change=10**6, pruning=False, only=["dropout", "learning_rate_init"], **quick)
    print("model", found.model is not None, len(found.records), found.best_score, found.stopped)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "times"), [("study.log", 1), ("study.db", 2)])
def test_ctrl_c_in_a_terminal_ends_all_processes_and_keeps_the_best_so_far(tmp_path, name, times):
    """A terminal sends it to every process of the group, also to those that still import."""
    path, pipe = tmp_path / name, subprocess.PIPE
    words = [sys.executable, "-W", "ignore", "-c", IN_PROCESSES, str(path)]
    process = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    assert process.stdout.readline().startswith("trial ")
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.01)
    out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    word, has_model, count, best, stopped = out.splitlines()[-1].split()
    assert (word, has_model, stopped) == ("model", "True", "Ctrl-C")
    trials = optuna.load_study(study_name="lamina", storage=_opened(path)).trials
    values = [one.value for one in trials if one.state.name == "COMPLETE"]
    assert (len(values), min(values)) == (int(count), float(best))
    found = lamina.tune(X, Y, trials=int(count) + 2, storage=path, refit=False, **QUICK | LONG | {"max_iter": 20})
    assert [one["state"] for one in found.records] == ["finished"] * (int(count) + 2)
    assert found.best_score <= float(best)


@pytest.mark.parametrize("name", STORAGES)
def test_a_trial_of_a_process_that_was_killed_before_it_said_its_name_is_tried_again(tmp_path, name, monkeypatch):
    monkeypatch.setattr("lamina.tuning.lost.SECONDS_TO_BEGIN", 0.3)
    path = tmp_path / name
    lamina.tune(X, Y, trials=2, storage=path, random_state=0, refit=False, **QUICK)
    optuna.load_study(study_name="lamina", storage=_opened(path)).ask()
    found = lamina.tune(X, Y, trials=3, storage=path, refit=False, **QUICK)
    assert len(found.records) == 3


def test_what_ended_a_search_is_warned_of(monkeypatch):
    from lamina.tuning import trials

    def killed(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)
        return carry_out(*_, **__)

    carry_out, calls = trials.carry_out, []

    def second(*given, **how):
        calls.append(1)
        return (killed if len(calls) == 2 else carry_out)(*given, **how)

    monkeypatch.setattr(trials, "carry_out", second)
    with pytest.warns(InterruptedWarning, match="SIGTERM ended the search after 1 trials"):
        found = lamina.tune(X, Y, trials=5, random_state=0, **QUICK)
    assert found.model is not None
    assert len(found.records) == 1


def test_processes_divide_the_cores_and_the_trials():
    alone = lamina.tune(X, Y, trials=6, random_state=0, refit=False, **QUICK)
    both = lamina.tune(X, Y, trials=6, random_state=0, refit=False, n_jobs=2, **QUICK)
    assert sorted(one["number"] for one in both.records) == list(range(6))
    assert both.default_score == alone.default_score


def test_threads_are_divided(monkeypatch):
    import joblib

    from lamina.tuning.workers import THREADS, threads_each

    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    assert [threads_each(n) for n in (1, 2, 3, 8, 20)] == [8, 4, 2, 1, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert [threads_each(n) for n in (1, 2, 8)] == [2, 2, 1]


@pytest.mark.parametrize("name", STORAGES)
@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"X": X + 1}, "over other rows"),
        ({"max_iter": 4}, 'settings was {.*"max_iter": 3'),
        ({"scoring": "accuracy"}, "scoring was log_loss"),
        ({"space": {"dropout": (0.1, 0.2)}}, "the space was"),
        ({"cv": 3}, "cv was 1, and is 3"),
        ({"random_state": 1}, "the seed 0, and random_state is 1"),
    ],
)
def test_a_storage_of_another_search_is_refused(tmp_path_factory, name, other, message):
    path = tmp_path_factory.getbasetemp() / f"shared-{name}"
    if not path.exists():
        lamina.tune(X, Y, trials=1, storage=path, random_state=0, refit=False, **QUICK)
    with pytest.raises(TuningError, match=message):
        lamina.tune(**{"X": X, "y": Y, "trials": 2, "storage": path, **QUICK, **other})


@pytest.mark.parametrize("name", STORAGES)
def test_a_file_that_is_no_storage_is_refused_and_stays_as_it_is(tmp_path, name):
    path = tmp_path / name
    path.write_text("age,job\n30,clerk\n" * 100)
    with pytest.raises(TuningError, match="cannot be used as one of a search"):
        lamina.tune(X, Y, trials=1, storage=path, **QUICK)
    assert path.read_text() == "age,job\n30,clerk\n" * 100


def test_a_place_that_is_none_is_said(tmp_path):
    for path, message in ((tmp_path, "is a folder"), (tmp_path / "a" / "study.log", "there is no folder")):
        with pytest.raises(TuningError, match=message):
            lamina.tune(X, Y, trials=1, storage=path, **QUICK)


def test_a_journal_whose_last_line_was_not_written_to_its_end_is_mended(tmp_path):
    path = tmp_path / "study.log"
    before = lamina.tune(X, Y, trials=3, storage=path, random_state=0, **QUICK)
    with path.open("ab") as file:
        file.write(b'{"op_code":5,"wor')
    found = lamina.tune(X, Y, trials=4, storage=path, **QUICK)
    assert told(found)[:3] == told(before)
    assert len(found.records) == 4
    assert Path(path).read_bytes().endswith(b"\n")


def test_other_folds_are_another_search(tmp_path):
    from sklearn.model_selection import KFold

    asked = {"storage": tmp_path / "study.log", "trials": 1, "random_state": 0, "refit": False, **QUICK}
    lamina.tune(X, Y, cv=KFold(2), class_weight={np.str_("no"): 1.0, np.str_("yes"): 2.0}, **asked)
    with pytest.raises(TuningError, match=r"cv was KFold\(n_splits=2.* is KFold\(n_splits=3"):
        lamina.tune(X, Y, cv=KFold(3), class_weight={np.str_("no"): 1.0, np.str_("yes"): 2.0}, **asked)
    rows = np.arange(N)
    halves = [(rows[:120], rows[120:])]
    asked["storage"] = tmp_path / "other.log"
    lamina.tune(X, Y, cv=halves, **asked)
    with pytest.raises(TuningError, match="cv was"):
        lamina.tune(X, Y, cv=[(rows[120:], rows[:120])], **asked)
