"""lamina train --track: settings, epochs and the end are written down, whatever the end is."""

import json
import shlex
import signal
import sys

import pytest

QUICK = ("--target", "income", "--max-iter", "4", "--hidden-layer-sizes", "4", "--random-state", "0")


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_lines_hold_what_the_run_had(lamina, table, folder):
    done = lamina("train", table, *QUICK, "--track", "jsonl=log.jsonl", "--json")
    begin, settings, *epochs, end = lines(folder / "log.jsonl")
    assert (begin["event"], begin["name"]) == ("begin", "people")
    assert settings["settings"]["max_iter"] == 4
    assert settings["settings"]["random_state"] == 0
    assert [one["epoch"] for one in epochs] == [1, 2, 3, 4]
    assert (end["status"], end["best_epoch"]) == ("finished", done.json["best_epoch"])
    assert {name: end[name] for name in done.json["scores"]} == done.json["scores"]
    assert len({one["run"] for one in lines(folder / "log.jsonl")}) == 1


@pytest.mark.parametrize(("number", "why"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_kills_the_run(lamina, table, folder, signalled, number, why):
    signalled(2, number)
    lamina("train", table, *QUICK, "--track=jsonl=log.jsonl")
    *_, end = lines(folder / "log.jsonl")
    assert (end["status"], end["stopped"]) == ("killed", why)
    assert (folder / end["model"]).exists()


def test_an_error_fails_the_run(lamina, table, folder):
    done = lamina("train", table, *QUICK, "--track=jsonl=log.jsonl", "--learning-rate-init=1e30")
    assert done.code == 1
    *_, end = lines(folder / "log.jsonl")
    assert end["status"] == "failed"
    assert "DivergenceError: training diverged in epoch 1" in end["stopped"]


def test_a_resumed_run_goes_on_in_the_same_file_from_any_folder(lamina, table, folder, signalled, monkeypatch):
    signalled(2)
    lamina("train", table, *QUICK, "--checkpoint", "run", "--track", "jsonl")
    monkeypatch.undo()
    monkeypatch.chdir(folder.parent)
    assert lamina("resume", folder / "run").code == 0
    epochs = [one["epoch"] for one in lines(folder / "track.jsonl") if one["event"] == "epoch"]
    assert epochs == [1, 2, 3, 4]


def test_a_run_file_may_name_trackers(lamina, table, folder):
    (folder / "run.toml").write_text('file = "people.csv"\ntarget = "income"\nmax_iter = 1\ntrack = "jsonl=a.jsonl"\n')
    assert lamina("train", "--config", folder / "run.toml").code == 0
    assert lines(folder / "a.jsonl")[-1]["status"] == "finished"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("mlfow", "expected one of mlflow=URI, tensorboard=runs, jsonl=track.jsonl. Did you mean 'mlflow'?"),
        ("jsonl=nowhere/log", "expected a file in a folder that exists"),
    ],
)
def test_what_is_no_tracker_is_said(lamina, table, word, message):
    done = lamina("train", table, *QUICK, "--track", word)
    assert done.code == 1
    assert message in done.err


@pytest.mark.parametrize("library", ["mlflow", "tensorboardX"])
def test_what_is_not_installed_is_said_before_anything_is_read(lamina, folder, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr("lamina.tracking.told.find_spec", lambda name: None)
    done = lamina("train", "missing.csv", "--target", "y", "--track", library.lower().removesuffix("x"))
    assert done.code == 1
    assert shlex.quote("lamina[track]") in done.err
    assert f"{library} is not installed" in done.err
