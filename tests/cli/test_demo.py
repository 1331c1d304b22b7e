"""lamina demo: the whole job, and the commands that it says to try."""

import csv
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina as package
from lamina.cli import demo as module
from lamina.cli import terminal
from lamina.data import datasets


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "SETTINGS", {**module.SETTINGS, "max_iter": 1, "hidden_layer_sizes": (8,)})


def commands(out):
    return [line.strip() for line in out.partition("Next, try:\n")[2].splitlines()]


def test_it_trains_measures_and_says_what_to_try(lamina, folder, quick):
    import pyarrow.parquet

    done = lamina("demo")
    assert done.code == 0, done.err
    assert "9,768 rows are set aside; nothing is learned from them" in done.out
    scores = {
        line.rsplit(maxsplit=3)[0].strip(): [float(cell) for cell in line.split()[-3:]]
        for line in done.out.splitlines()
        if line.startswith((" lamina", " logistic", " majority"))
    }
    assert list(scores) == ["lamina", "logistic regression", "majority class"]
    assert scores["majority class"] == [0.7607, 0.5502, 0.5]  # 7,431 of 9,768 earn no more than 50,000
    assert scores["lamina"][0] > 0.8
    assert scores["logistic regression"] == pytest.approx([0.854, 0.321, 0.905], abs=0.003)
    assert sorted(path.name for path in folder.iterdir()) == (
        ["adult-holdout.csv", "adult-learning-curve.png", "adult.lamina"]
    )
    assert (folder / "adult-learning-curve.png").read_bytes().startswith(b"\x89PNG")
    with open("adult-holdout.csv", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    everything = pyarrow.parquet.read_table(datasets.path("adult"))
    assert rows[0] == everything.column_names
    assert len(rows) == 9769
    share = np.mean([row[-1] == ">50K" for row in rows[1:]])
    assert share == pytest.approx(11_687 / 48_842, abs=1e-4)  # stratified

    # The commands work as they were printed, and agree with what was printed.
    tried = [shlex.split(line) for line in commands(done.out)]
    for words, verb in zip(tried, ("show", "evaluate", "predict"), strict=True):
        assert words[:3] == [sys.executable, "-m", "lamina.cli.main"]
        assert words[3] == verb
        again = lamina(*words[3:])
        assert again.code == 0, again.err
    assert len(again.out.splitlines()) == 9769
    found = lamina("evaluate", "adult.lamina", "adult-holdout.csv", "--json").json["scores"]
    assert [found["accuracy"], found["log_loss"], found["roc_auc"]] == pytest.approx(scores["lamina"], abs=1e-4)


def test_rows_set_aside_are_not_learned_from(lamina, folder, quick, monkeypatch):
    """The hold-out file has the rows that were not given to `prepare`, and no others."""
    import pandas

    seen = []
    real = module.prepare

    def watched(X, y, **more):
        seen.extend(X.row_numbers.tolist())
        return real(X, y, **more)

    monkeypatch.setattr(module, "prepare", watched)
    assert lamina("demo").code == 0
    assert len(set(seen)) == 48_842 - 9_768
    everything = pandas.read_parquet(datasets.path("adult"))
    others = everything.drop(index=seen)
    written = pandas.read_csv("adult-holdout.csv", keep_default_na=False, dtype=str)
    texts = [tuple("" if pandas.isna(cell) else str(cell) for cell in row) for row in others.itertuples(index=False)]
    assert sorted(texts) == sorted(written.itertuples(index=False, name=None))


def test_ctrl_c_ends_training_and_the_rest_is_done(lamina, folder, quick, signalled):
    signalled(0)
    done = lamina("demo")
    assert done.code == 130
    assert ": Ctrl-C" in done.out
    assert package.load("adult.lamina").stopped == "Ctrl-C"


def test_without_matplotlib(lamina, folder, quick, monkeypatch):
    monkeypatch.setattr(module, "can_draw", lambda: False)
    out_dir = folder / "a b"
    out_dir.mkdir()
    done = lamina("demo", "--out-dir", out_dir)
    assert done.code == 0
    assert "no picture of the learning curve without matplotlib: pip install 'lamina[plot]'" in done.out
    assert sorted(path.name for path in out_dir.iterdir()) == ["adult-holdout.csv", "adult.lamina"]
    assert shlex.split(commands(done.out)[0])[-1] == str(out_dir / "adult.lamina")
    assert package.load(out_dir / "adult.lamina").target_name == "income"


def test_a_folder_that_is_not_there(lamina, folder):
    assert lamina("demo", "--out-dir", "no") == (1, "", "error: --out-dir: there is no folder 'no'\n")


@pytest.mark.parametrize(
    ("started", "on_path", "expected"),
    [
        ("bin/lamina", True, "lamina"),
        ("bin/lamina", False, "bin/lamina"),
        ("main.py", True, f"{shlex.quote(sys.executable)} -m lamina.cli.main"),
    ],
)
def test_commands_begin_as_this_one_did(folder, monkeypatch, started, on_path, expected):
    (folder / "bin").mkdir()
    script = folder / "bin" / "lamina"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    Path("main.py").touch()
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setenv("PATH", str(folder / "bin") if on_path else str(folder))
    assert terminal.program_name() == expected
