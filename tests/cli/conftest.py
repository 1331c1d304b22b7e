"""Small tables, a model trained on one of them, and commands run within the process or outside."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from lamina import running
from lamina.cli.main import main
from lamina.learning import training


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def lamina(capsys):
    """Run a command line within this process."""

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Done(code, *capsys.readouterr())

    return run


COMMAND = [sys.executable, "-m", "lamina.cli.main"]


@pytest.fixture
def outside():
    """Run a command line in a process of its own."""

    def run(*words, **options):
        done = subprocess.run(
            [*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120, check=False, **options
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def people(n, seed=0):
    """Age, town, a date, members; income depends on age and town."""
    rng = np.random.default_rng(seed)
    age, town = rng.integers(18, 80, n), rng.choice(["Basel", "Bern", "Zürich"], n)
    member, day = rng.choice(["true", "false"], n), rng.integers(1, 28, n)
    chance = (age > 45).astype(int) + (town == "Bern")
    income = np.where(chance + rng.normal(0, 0.3, n) > 0.9, "high", "low")
    price = 100.5 + 2 * age + 30 * (town == "Bern") + rng.normal(0, 5, n)
    gap = rng.random(n) < 0.05
    return [
        {
            "age": "" if gap[i] else age[i],
            "town": town[i],
            "member": member[i],
            "since": f"2020-03-{day[i]:02d}",
            "income": income[i],
            "price": f"{price[i]:.2f}",
        }
        for i in range(n)
    ]


def write(path, rows, names=None):
    """Write a CSV file."""
    names = names or list(rows[0])
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(name="people")
def _people():
    return people


@pytest.fixture(name="write")
def _write():
    return write


@pytest.fixture
def signalled(monkeypatch):
    """Let a signal come while a step is taken: in the first epoch, or after so many."""

    def at(epochs, number=signal.SIGINT):
        real = running.train
        monkeypatch.setattr(training, "FIRST_MULTIPLY_ADDS", 1)  # a yield after every step
        monkeypatch.setattr(training, "SECONDS_PER_MOVE", 0)

        def train(run, state, **more):
            sent = False
            for progress in real(run, state, **more):
                if not sent and progress.epoch >= epochs:
                    sent = True
                    signal.raise_signal(number)
                yield progress

        monkeypatch.setattr(running, "train", train)

    return at


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table(folder):
    return write(folder / "people.csv", people(200))


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with people.csv, new.csv, income.lamina and price.lamina."""
    place, before = tmp_path_factory.mktemp("trained"), Path.cwd()
    os.chdir(place)
    try:
        write("people.csv", people(300))
        write("new.csv", people(80, seed=1))
        quick = ["--max-iter", "8", "--hidden-layer-sizes", "8", "--random-state", "1", "--early-stopping", "true"]
        quick += ["--learning-rate-init", "0.02", "--preset", "sklearn", "--batch-size", "32"]
        quick += ["--initializer", "suited", "--bias-initializer", "zeros"]
        assert (
            main(["train", "people.csv", "--target", "income", "--drop", "price", "--out", "income.lamina", *quick])
            == 0
        )
        assert main(["train", "people.csv", "--target", "price", "--out", "price.lamina", *quick]) == 0
    finally:
        os.chdir(before)
    return place
