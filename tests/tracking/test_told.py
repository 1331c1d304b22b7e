"""What trackers are told, and what becomes of one that fails."""

import json

import numpy as np
import pytest

from lamina.errors import TrackingError, TrackingWarning
from lamina.tracking import FAILED, FINISHED, KILLED, Told
from lamina.tracking.json_lines import JsonLines
from lamina.tracking.trackers import from_anywhere


class Recorder:
    """Writes down what it is told; fails in the epoch of that number, or at the beginning (0)."""

    place, copies_models = "here", True

    def __init__(self, fails=None):
        self.fails, self.told = fails, []

    def begin(self, name, parent=None, *, is_part=False):
        if self.fails == 0:
            raise OSError("the server is away\nand more")
        self.told.append(("begin", name, parent, is_part))
        return self

    def settings(self, values):
        self.told.append(("settings", dict(values)))

    def step(self, number, values, arrays):
        if number == self.fails:
            raise OSError("no space left")
        self.told.append(("step", number, dict(values)))

    def end(self, status, values, stopped, model):
        self.told.append(("end", status, dict(values), stopped))


def test_in_order_and_what_counts_once():
    one = Recorder()
    with Told.begun([one], "people") as told:
        told.settings({"a": 1})
        told.settings({"a": 2})
        told.step(1, {"cost": np.float32(0.5), "epoch": 1, "validation_cost": None, "text": "no"})
        told.end(FINISHED, {"best": np.int64(1)}, stopped="done")
        told.end(FAILED)
    assert one.told == [
        ("begin", "people", None, False),
        ("settings", {"a": 1}),
        ("step", 1, {"cost": 0.5, "epoch": 1}),
        ("end", "finished", {"best": 1}, "done"),
    ]


@pytest.mark.parametrize(
    ("problem", "status", "why"),
    [(ValueError("odd"), FAILED, "ValueError: odd"), (KeyboardInterrupt(), KILLED, "KeyboardInterrupt")],
)
def test_an_error_ends_it(problem, status, why):
    one = Recorder()
    with pytest.raises(type(problem)), Told.begun([one], "people"):
        raise problem
    assert one.told[-1] == ("end", status, {}, why)


def test_one_that_cannot_begin_ends_the_others_and_is_said():
    good, bad = Recorder(), Recorder(fails=0)
    with pytest.raises(TrackingError, match=r"^Recorder cannot begin: the server is away$"):
        Told.begun([good, bad], "people")
    assert good.told[-1][:2] == ("end", FAILED)


def test_one_that_fails_on_the_way_is_warned_of_once_and_its_run_is_ended():
    good, bad = Recorder(), Recorder(fails=2)
    told = Told.begun([bad, good], "people")
    told.step(1, {"cost": 3})
    with pytest.warns(TrackingWarning, match="Recorder here failed, and is told no more: no space left"):
        told.step(2, {"cost": 2})
    told.step(3, {"cost": 1})
    told.end(FINISHED, {"best": 3})
    assert [one[1] for one in good.told if one[0] == "step"] == [1, 2, 3]
    assert [one[0] for one in bad.told] == ["begin", "step", "end"]


def test_json_lines_have_no_number_that_json_lacks(tmp_path):
    def never(text):
        raise ValueError(f"{text} is no JSON")

    search = Told.begun([JsonLines(tmp_path / "log.jsonl")], "search")
    told = Told.begun([JsonLines(tmp_path / "log.jsonl")], "trial", search)
    told.step(1, {"cost": float("nan"), "epoch": 1})
    told.end(FINISHED, {"best": float("inf")})
    found = [json.loads(one, parse_constant=never) for one in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert found[1]["search"] == found[0]["run"] != found[1]["run"]
    assert found[2]["cost"] is None
    assert found[3]["best"] is None


def test_keys_of_any_kind_are_written_and_a_passing_file_is_not_named(tmp_path):
    told = Told.begun([JsonLines(tmp_path / "log.jsonl")], "people")
    told.settings({"class_weight": {np.int64(1): 2.0}})
    told.end(FINISHED, model=tmp_path / "gone.lamina", stays=False)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines[1]["settings"] == {"class_weight": {"1": 2.0}}
    assert "model" not in lines[-1]


@pytest.mark.parametrize(
    ("word", "elsewhere"),
    [
        ("mlflow=sqlite:///mine.db", "mlflow=sqlite:///{here}/mine.db"),
        ("mlflow=http://host:5000/a", "mlflow=http://host:5000/a"),
        ("mlflow=databricks", "mlflow=databricks"),
        ("jsonl=log.jsonl", "jsonl={here}/log.jsonl"),
    ],
)
def test_a_word_means_the_same_from_any_folder(word, elsewhere, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert from_anywhere(word) == elsewhere.format(here=tmp_path)
