"""lamina train --checkpoint, resume and runs: a run that goes on, what is known of it, and what is refused."""

import signal
from pathlib import Path

import pandas
import pytest

import lamina as package
from lamina.cli import resume as module
from lamina.learning.checkpoints import Folder
from lamina.learning.run_folders import run_in

QUICK = ("--preset", "sklearn", "--hidden-layer-sizes", "4", "--random-state", "1", "--batch-size", "32")


@pytest.fixture
def train(lamina, table):
    """Train in the folder "run", in three epochs."""

    def run(*more, epochs=3):
        words = ("--target", "income", "--checkpoint", "run", "--max-iter", epochs, *QUICK)
        return lamina("train", table, *words, *more)

    return run


def expected(lamina, table, *more):
    """The bytes of the model of a run that was never interrupted."""
    words = ("--target", "income", "--max-iter", "3", *QUICK, "--out", "whole.lamina", *more)
    assert lamina("train", table, *words).code == 0
    return (table.parent / "whole.lamina").read_bytes()


def bytes_of(table):
    return (table.parent / "people.lamina").read_bytes()


# ---- going on ----


@pytest.mark.parametrize("epochs", [0, 1])
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_an_interrupted_run_ends_as_one_that_was_not(
    lamina, table, train, signalled, monkeypatch, epochs, number, code
):
    with monkeypatch.context():
        signalled(epochs, getattr(signal, number))
        done = train()
    assert done.code == code
    assert done.out.splitlines()[-1].startswith("to go on: ")
    assert done.out.splitlines()[-1].endswith(" resume run")
    (words,) = lamina("runs", "run", "--json").json
    assert (words["status"], words["epoch"]) == ("stopped", epochs)
    monkeypatch.undo()
    monkeypatch.chdir(table.parent)
    done = lamina("resume", "run")
    assert done.code == 0
    after = "" if epochs else ", after 32 of 200 rows"
    assert f"the run in run resumes in epoch {epochs + 1} of 3{after}" in done.out
    assert bytes_of(table) == expected(lamina, table)


def test_the_same_command_goes_on_too(lamina, table, train, signalled, monkeypatch):
    signalled(1)
    assert train().code == 130
    monkeypatch.undo()
    monkeypatch.chdir(table.parent)
    assert train().code == 0
    assert bytes_of(table) == expected(lamina, table)


def test_it_goes_on_from_any_folder(lamina, table, train, signalled, monkeypatch, tmp_path_factory):
    signalled(1)
    assert train("--plot", "curve.png").code == 130
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    (table.parent / "people.lamina").unlink()
    assert lamina("resume", table.parent / "run").code == 0
    assert len(package.load(table.parent / "people.lamina").history) == 3


def test_a_seed_that_was_drawn_stays(lamina, table, signalled, monkeypatch):
    words = ("train", table, "--target", "income", "--max-iter", "3", "--checkpoint", "run", "--json", *QUICK)
    words = [word for i, word in enumerate(words) if "--random-state" not in (word, words[i - 1])]
    signalled(1)
    seed = lamina(*words).json["seed"]
    monkeypatch.undo()
    monkeypatch.chdir(table.parent)
    found = lamina("resume", "run", "--json").json
    assert (found["seed"], found["epochs"], found["interrupted"]) == (seed, 3, False)


def test_more_epochs_and_what_was_asked_last_stays(lamina, table, train, signalled, monkeypatch):
    assert train().code == 0
    done = lamina("resume", "run")
    assert "the run in run is finished: 3 epochs; --max-iter N trains longer" in done.out
    assert bytes_of(table) == expected(lamina, table)
    with monkeypatch.context() as patch:
        signalled(4)
        assert lamina("resume", "run", "--max-iter", "6").code == 130
        patch.undo()
    monkeypatch.undo()
    monkeypatch.chdir(table.parent)
    assert lamina("resume", "run").code == 0
    assert len(package.load("people.lamina").history) == 6


def test_an_end_that_no_epoch_changes(lamina, table, train):
    assert train("--tol", "10", "--n-iter-no-change", "1", "--schedule", "constant").code == 0
    done = lamina("resume", "run", "--max-iter", "9")
    assert "the run in run is finished: no progress on the training rows for 1 epochs" in done.out
    assert len(package.load("people.lamina").history) < 3


def test_max_time_ends_a_run_that_can_go_on(lamina, table, train):
    done = train("--max-time", "0.3", "--n-iter-no-change", "1000000", epochs=1_000_000)
    assert done.code == 0
    assert "max_time: the limit of 0.3 seconds was reached" in done.out
    assert done.out.splitlines()[-1].endswith(" resume run")
    before = len(package.load("people.lamina").history)
    assert lamina("resume", "run", "--max-time", "0.5").code == 0
    assert len(package.load("people.lamina").history) > before


# ---- what is refused ----


def refused(done):
    assert done.code == 1
    return done.err.splitlines()[-1].removeprefix("error: ")


def test_other_settings_are_named(train):
    assert train().code == 0
    message = refused(train("--alpha", "0.5", "--activation", "tanh"))
    assert message == (
        f"the run in {str(Path('run').resolve())!r} was started with activation='auto', alpha='auto', now "
        "activation='tanh', alpha=0.5: restore them, or choose another folder"
    )


def test_other_rows_are_told_in_words(lamina, table, train, people, write):
    assert train().code == 0
    write(table, people(200, seed=1))
    start = "the rows are not those that the run in 'run' was started with"
    assert refused(train()) == f"{start}: restore them, or choose another folder"
    write(table, people(190))
    assert refused(lamina("resume", "run")) == f"{start} (200 then, 190 now): restore them, or choose another folder"


def test_a_data_file_that_is_gone(lamina, table, train):
    assert train().code == 0
    table.rename(table.with_name("folks.csv"))
    assert refused(lamina("resume", "run")).startswith(f"no file '{table}'")


def test_a_folder_in_use(lamina, train):
    assert train().code == 0
    with Folder("run", run_in("run").identity):
        for done in (train(), lamina("resume", "run")):
            assert refused(done).startswith(f"the run in {str(Path('run').resolve())!r} is in use by process ")


def test_a_folder_that_holds_no_run(lamina, table, folder):
    (folder / "empty").mkdir()
    for name in ("nowhere", "empty", "people.csv"):
        assert refused(lamina("resume", name)).startswith(f"there is no run in '{name}'")
    words = ("train", table, "--target", "income", *QUICK, "--checkpoint", "people.csv")
    assert refused(lamina(*words)).startswith(f"{str(folder / 'people.csv')!r} is a file: expected a folder")


def test_a_run_that_was_started_in_python(lamina, table):
    rows = pandas.read_csv(table)
    package.DeepRegressor(max_iter=1, preset="sklearn").fit(rows[["age"]], rows.price, checkpoint="run")
    assert refused(lamina("resume", "run")) == (
        "the run in 'run' was not started by lamina train but by DeepRegressor in Python: run that program again, with "
        "checkpoint='run'"
    )
    assert "DeepRegressor" in lamina("runs").out


def test_a_damaged_checkpoint_is_told_and_the_one_before_taken(lamina, table, train, folder):
    assert train().code == 0
    newest = max((folder / "run").glob("state-*"), key=lambda path: int(path.stem.removeprefix("state-")))
    newest.write_bytes(newest.read_bytes()[:-1])
    done = lamina("resume", "run")
    assert done.code == 0
    assert f"resumes from state-14.safetensors, the newest intact one ({newest.name}: " in done.err
    assert bytes_of(table) == expected(lamina, table)


# ---- runs ----


def test_no_runs(lamina, folder):
    assert lamina("runs").out == "no runs in .: `lamina train FILE --target COLUMN --checkpoint FOLDER` starts one\n"
    assert lamina("runs", "--json").json == []
    assert refused(lamina("runs", "nowhere")).startswith("there is no folder 'nowhere'")


def test_runs_are_listed(lamina, table, train):
    assert train("--json").code == 0
    (line,) = [line for line in lamina("runs").out.splitlines() if line.startswith(" run ")]
    assert line.split()[3:5] == [str(table), "3/3"]
    assert line.endswith("done: all 3 epochs were done")
    (found,) = lamina("runs", "run", "--json").json
    score = package.load("people.lamina").history[-1]["score"]
    assert (found["status"], found["epoch"], found["epochs"], found["pid"]) == ("done", 3, 3, None)
    assert (found["score_name"], found["score"]) == ("accuracy", pytest.approx(score, abs=0.2))
    with Folder("run", run_in("run").identity):
        assert "running (process " in lamina("runs").out


def test_a_damaged_run_is_listed_as_one(lamina, train, folder):
    assert train().code == 0
    for file in (folder / "run").iterdir():
        file.write_text("{")
    (line,) = [line for line in lamina("runs").out.splitlines() if line.startswith(" run ")]
    assert line.endswith(" damaged")


def test_a_folder_of_before_the_last_command_was_kept(lamina, train, monkeypatch):
    """`run.json` made again from a checkpoint knows the first command only."""
    assert train().code == 0
    found = run_in("run")
    found.summary.pop("command")
    monkeypatch.setattr(module, "run_in", lambda _: found)
    assert lamina("resume", "run").code == 0
