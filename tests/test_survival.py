"""Training runs that are killed again and again end with the bytes of one that was not."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lamina

KILLS = 200 if os.environ.get("LAMINA_TORTURE") else 20  # in all
SCRIPT = Path(__file__).with_name("killable.py")
ENDED = {"SIGINT": (130, "Ctrl-C"), "SIGTERM": (143, "SIGTERM"), "SIGHUP": (129, "SIGHUP")}

SMALL = {"preset": "sklearn", "hidden_layer_sizes": "48,48", "random_state": 3, "checkpoint_interval": 0.001}
SMALL |= {"n_iter_no_change": 1000}
COURSES = {
    "gradient descent": {"optimizer": "gradient_descent", "batch_size": 3, "max_iter": 3, "schedule": "cosine"},
    "Adam, dropout, batch norm": {"dropout": 0.2, "normalization": "batch", "batch_size": 8, "max_iter": 6},
    "L-BFGS": {"optimizer": "lbfgs", "max_iter": 20},
    "averaging, early stopping": {
        "averaging": 0.7,
        "early_stopping": "true",
        "n_iter_no_change": 3,
        "tol": 0.001,
        "batch_size": 8,
        "max_iter": 30,
        "schedule": "plateau",
    },
}
IN_PYTHON = {"preset": "td_s", "hidden_layer_sizes": (24,), "random_state": 3, "checkpoint_interval": 0.001}
IN_PYTHON |= {"batch_size": 8, "max_iter": 6}


class Killable:
    """The process of killable.py: it starts runs one after another."""

    def __init__(self, folder):
        self.folder, self._threads = folder, random.Random(5)
        self._process = subprocess.Popen(
            [sys.executable, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
        )
        assert self._process.stdout.readline() == "ready\n"

    def start(self, **told):
        """Start a run, with one or two threads; return the number of its process."""
        told = {"threads": self._threads.choice([1, 2]), "log": str(self.folder / "log"), **told}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def ended(self):
        """Wait for the end of the run; return its exit code, negative for a signal that killed it."""
        return int(self._process.stdout.readline())

    def run(self, **told):
        self.start(**told)
        return self.ended()

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def killable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("survival")
    generator = np.random.default_rng(0)
    x = generator.standard_normal((300, 4)).round(3)
    y = np.where(x[:, 0] * x[:, 1] + generator.normal(0, 0.3, 300) > 0, "yes", "no")
    lines = [",".join([*map(str, row), label]) for row, label in zip(x, y, strict=True)]
    (folder / "rows.csv").write_text("\n".join(["a,b,c,d,y", *lines]) + "\n")
    one = Killable(folder)
    yield one
    one.close()


def words(settings, out, checkpoint=None):
    flags = {**SMALL, **settings, "target": "y", "out": out}
    if checkpoint is not None:
        flags["checkpoint"] = checkpoint
    return ["train", "rows.csv", *(f"--{name.replace('_', '-')}={value}" for name, value in flags.items())]


def told(settings, out, checkpoint=None):
    """What starts a run: `lamina train`, or in Python with the settings of an estimator."""
    if settings is IN_PYTHON:
        return {"fit": settings, "rows": "rows.csv", "target": "y", "out": out, "checkpoint": checkpoint}
    return {"words": words(settings, out, checkpoint)}


def kill_and_resume(killable, settings, kills, name, seed):
    """Kill a run so often, then let it end; it starts anew where it ended before. Return the bytes of every end."""
    moments, ends, left = random.Random(seed), [], kills
    began = time.monotonic()
    assert killable.run(**told(settings, f"{name}.lamina", f"{name}-whole")) == 0, killable.log
    length = time.monotonic() - began
    while left or killable.folder.joinpath(name).exists():
        pid = killable.start(**told(settings, f"{name}.lamina", name))
        if left:
            time.sleep(moments.uniform(0, length))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        code = killable.ended()
        assert code in (0, -signal.SIGKILL), killable.log
        left -= code != 0
        if not code:
            ends.append((killable.folder / f"{name}.lamina").read_bytes())
            assert not list((killable.folder / name).glob(".lamina-*"))  # nothing half-written is left
            shutil.rmtree(killable.folder / name)
    return ends


@pytest.mark.parametrize("course", [*COURSES, "in Python"])
def test_killed_again_and_again(killable, course):
    number = [*COURSES, "in Python"].index(course)
    settings = COURSES.get(course, IN_PYTHON)
    whole = f"whole-{number}.lamina"
    assert killable.run(**told(settings, whole), threads=1) == 0, killable.log
    expected = (killable.folder / whole).read_bytes()
    for end in kill_and_resume(killable, settings, KILLS // 5, f"run-{number}", seed=number):
        assert end == expected


def wait_for_a_checkpoint(folder):
    until = time.monotonic() + 60
    while not list(folder.glob("state-*")):
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.parametrize("name", ENDED)
def test_a_signal_ends_a_run_that_can_be_resumed(killable, name):
    settings, run, model = COURSES["Adam, dropout, batch norm"], f"run-{name}", killable.folder / f"{name}.lamina"
    assert killable.run(**told(settings, "whole.lamina"), threads=1) == 0, killable.log
    pid = killable.start(**told(settings, model.name, run))
    wait_for_a_checkpoint(killable.folder / run)
    os.kill(pid, getattr(signal, name))
    code, why = ENDED[name]
    assert killable.ended() == code, killable.log
    assert f": {why}\n" in killable.log
    last = killable.log.splitlines()[-1]
    assert last.startswith("to go on: ")
    assert last.endswith(f" resume {run}")
    assert lamina.load(model).stopped == why
    assert killable.run(words=["resume", run]) == 0, killable.log
    assert "resumes in epoch" in killable.log
    assert model.read_bytes() == (killable.folder / "whole.lamina").read_bytes()


def test_a_second_ctrl_c_ends_at_once_and_loses_no_checkpoint(killable):
    settings = {"max_iter": 1000, "batch_size": 8}
    pid = killable.start(**told(settings, "twice.lamina", "run-twice"))
    wait_for_a_checkpoint(killable.folder / "run-twice")
    for _ in range(2):
        os.kill(pid, signal.SIGINT)
        time.sleep(0.002)
    assert killable.ended() == 130, killable.log
    assert "Traceback" not in killable.log
    assert killable.run(words=["resume", "run-twice", "--max-iter=1"]) == 0, killable.log


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_fit_that_goes_on_when_it_is_called_again(killable, name):
    run, model = f"fit-{name}", killable.folder / "fit.lamina"
    assert killable.run(**told(IN_PYTHON, "whole.lamina"), threads=1) == 0, killable.log
    pid = killable.start(**told(IN_PYTHON, model.name, run))
    wait_for_a_checkpoint(killable.folder / run)
    os.kill(pid, getattr(signal, name))
    assert killable.ended() == 0, killable.log
    assert "InterruptedWarning" in killable.log
    assert lamina.load(model).stopped == ENDED[name][1]
    for _ in range(2):  # the second finds that nothing is left to do
        assert killable.run(**told(IN_PYTHON, model.name, run)) == 0, killable.log
        assert model.read_bytes() == (killable.folder / "whole.lamina").read_bytes()


def test_two_processes_do_not_share_a_folder(killable, tmp_path):
    settings = {"max_iter": 1000, "batch_size": 8}
    pid = killable.start(**told(settings, "shared.lamina", "shared"))
    wait_for_a_checkpoint(killable.folder / "shared")
    other = Killable(killable.folder)
    assert other.run(words=words(settings, "other.lamina", "shared"), log=str(tmp_path / "log")) == 1
    assert f"is in use by process {pid} on " in (tmp_path / "log").read_text()
    os.kill(pid, signal.SIGKILL)
    assert killable.ended() == -signal.SIGKILL
    took_over = words({**settings, "max_iter": 1}, "other.lamina", "shared")
    assert other.run(words=took_over, log=str(tmp_path / "log")) == 0, (tmp_path / "log").read_text()
    other.close()


def test_a_disk_that_gets_full_costs_neither_model_nor_checkpoint(killable):
    """The checkpoint after the first epoch, which brings the best parameters, is larger than a file may be."""
    settings, model = COURSES["Adam, dropout, batch norm"], killable.folder / "full.lamina"
    assert killable.run(**told(settings, "whole.lamina"), threads=1) == 0, killable.log
    size = lamina.load(killable.folder / "whole.lamina").params.nbytes
    limit = 3 * size + 8000  # parameters, and two arrays that Adam remembers, fit; with the best parameters they do not
    assert killable.run(**told(settings, model.name, "run-full"), largest_file=limit) == 1
    assert "error: cannot save the state of step " in killable.log
    assert "start the same run again" in killable.log
    assert lamina.load(model).stopped == "a checkpoint could not be written"
    assert list((killable.folder / "run-full").glob("state-*"))
    assert killable.run(words=["resume", "run-full"]) == 0, killable.log
    assert model.read_bytes() == (killable.folder / "whole.lamina").read_bytes()
