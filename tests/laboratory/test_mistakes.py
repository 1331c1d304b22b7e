"""Break it, the quiz, and a learner's code, asked through the table of questions."""

import inspect
import json
import time

import numpy as np
import pytest

from lamina.errors import SettingError
from lamina.glassbox.doctor import solutions
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.learners_code import put_on
from lamina.laboratory.questions import answer

RIGHT = inspect.getsource(solutions).replace("from __future__ import annotations", "")


@pytest.fixture(scope="module")
def bench():
    return Bench(built_in("lesson"))


def asked(bench, name, **arguments):
    return json.loads(json.dumps(answer(bench, name, arguments), allow_nan=False))


def test_every_mistake_is_listed_once(bench):
    found = asked(bench, "mistakes")
    keys = [one["key"] for function in found["functions"] for one in function["mistakes"]]
    assert len(keys) == len(set(keys)) > 300
    assert set(found["famous"]) <= set(keys)
    assert found["functions"][0]["function"] == "initialize_parameters_he"
    assert {one["name"] for one in found["rows"]} == {"circles", "xor", "moons", "lesson"}


@pytest.mark.parametrize("rows", ["circles", "xor", "moons", "lesson"])
def test_the_right_code_learns_every_rows(bench, rows):
    right = asked(bench, "break_it", rows=rows, keys=[])["right"]
    assert right["costs"][-1] < 0.3 * right["costs"][0]
    assert right["answers"]["right"] == right["answers"]["of"]


def test_the_lesson_starts_where_the_lab_does(bench):
    """The right training is the run of the lab itself, by its engine: the same numbers."""
    bench.play(20, wait=True)
    right = asked(bench, "break_it", rows="lesson", keys=[], steps=20)
    trace = [bench.trace_at(step) for step in range(20)]
    np.testing.assert_allclose(right["right"]["costs"][:20], [one["cost"] for one in trace], rtol=1e-9)
    gradients = {
        one["name"]: one["expected"]
        for one in asked(bench, "break_it", rows="lesson", keys=[], at=7)["wrong"]["gradients"]
    }
    for name in ("dW1", "db1", "dW3", "db3"):
        np.testing.assert_allclose(gradients[name], trace[7][name], rtol=1e-9, atol=1e-15)


def test_a_mistake_is_shown_beside_the_right_code(bench):
    found = asked(bench, "break_it", rows="circles", keys=["linear_backward/1/m-missing-dW"])
    gradients = {one["name"]: one for one in found["wrong"]["gradients"]}
    for name, one in gradients.items():
        times = 80 if name[:2] == "dW" else 1
        np.testing.assert_allclose(one["found"], times * np.array(one["expected"]), rtol=1e-9)
        assert bool(one["sentence"]) == (name[:2] == "dW")
    assert gradients["dA1"]["found_shape"] == [6, 80]
    assert np.shape(gradients["dA1"]["found"]) == (6, 12)  # of many examples the first
    assert found["right"]["answers"]["right"] == 80
    grid = np.array(found["right"]["answers"]["grid"])
    assert grid.shape == (44, 44)
    assert grid[22, 22] > 0.9  # inside of the circle
    assert grid[0, 0] < 0.1


def test_an_exception_and_what_is_infinite_arrive_as_json(bench):
    ended = asked(bench, "break_it", rows="circles", keys=["linear_backward/keepdims-missing"])["wrong"]["ended"]
    assert ended["step"] == 1
    assert "shapes do not fit" in ended["sentence"]
    keys = ["update_parameters/rate-divides", "update_parameters/update-sign"]
    wrong = asked(bench, "break_it", rows="circles", keys=keys, rate=0.01)["wrong"]
    assert wrong["not_finite"] is not None
    assert wrong["costs"][-1] in ("NaN", "Infinity")


def test_a_quiz_hides_the_name_and_tells_it_afterwards(bench):
    for seed in range(6):
        question = asked(bench, "quiz", rows="lesson", seed=seed)
        assert len(question["choices"]) == 4
        assert "key" not in json.dumps(question)
        answers = [asked(bench, "quiz_answer", rows="lesson", seed=seed, choice=k) for k in range(4)]
        assert [one["right"] for one in answers].count(True) == 1
        (right,) = [one for one in answers if one["right"]]
        assert right["sentence"] == question["choices"][right["answer"]]["sentence"]
        shown = asked(bench, "break_it", rows="lesson", keys=[right["key"]])["wrong"]
        assert shown == question["wrong"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("break_it", {"rows": "digits", "keys": []}),
        ("break_it", {"rows": ["circles"], "keys": []}),
        ("break_it", {"rows": "circles", "keys": "dW"}),
        ("break_it", {"rows": "circles", "keys": ["nonsense"]}),
        ("break_it", {"rows": "circles", "keys": [3]}),
        ("break_it", {"rows": "circles", "keys": ["relu/relu-abs"] * 9}),
        ("break_it", {"rows": "circles", "keys": [], "steps": 10**9}),
        ("break_it", {"rows": "circles", "keys": [], "steps": True}),
        ("break_it", {"rows": "circles", "keys": [], "rate": "1"}),
        ("break_it", {"rows": "circles", "keys": [], "rate": 0}),
        ("break_it", {"rows": "circles", "keys": [], "at": -1}),
        ("quiz", {"rows": "circles", "seed": -1}),
        ("quiz", {"rows": "circles", "seed": 1.5}),
        ("quiz_answer", {"rows": "circles", "seed": 1, "choice": 4}),
        ("quiz_answer", {"rows": "spiral", "seed": 1, "choice": 0}),
        ("code_block", {"key": "linear_forward 9"}),
        ("code_hint", {"function": "linear_forward", "finding": 0, "rung": 0}),
    ],
)
def test_what_does_not_fit_is_said(bench, name, arguments):
    with pytest.raises(SettingError) as problem:
        asked(bench, name, **arguments)
    assert str(problem.value)[-1] in ".?"


# ---- a learner's code ----


@pytest.fixture
def learning(tmp_path):
    """A bench with a learner's file."""
    path = tmp_path / "backprop.py"
    path.write_text(RIGHT)
    bench = Bench(built_in("lesson"))
    put_on(bench, path)
    yield bench, path
    bench.close()


def settled(bench, when, seconds=60):
    """The answer to `code`, once the file has been run and `when` holds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = asked(bench, "code")
        if not found["looking"] and when(found):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_without_a_file_the_chain_is_empty(bench):
    found = asked(bench, "code")
    assert found["file"] is None
    assert {one["status"] for one in found["blocks"]} == {""}
    inputs = asked(bench, "code_block", key="linear_backward 2")["inputs"]
    trace = bench.trace_at(0)
    np.testing.assert_allclose(inputs["dZ"], trace["dZ2"], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(inputs["A_prev"], trace["A1"], rtol=1e-9)


def test_a_file_is_run_again_whenever_it_is_saved(learning):
    bench, path = learning
    assert settled(bench, lambda found: found["first"] == "")["file"] == "backprop.py"
    before = asked(bench, "now")["counts"]["code"]
    path.write_text(RIGHT.replace("dW = dZ @ A_prev.T / m", "dW = dZ @ A_prev.T"))
    found = settled(bench, lambda found: found["first"] != "")
    assert found["first"] == "linear_backward 3"
    assert asked(bench, "now")["counts"]["code"] > before
    block = asked(bench, "code_block", key="linear_backward 3")
    (dW,) = [one for one in block["results"] if one["name"] == "dW"]
    trace = bench.trace_at(0)
    np.testing.assert_allclose(dW["expected"], trace["dW3"], rtol=1e-9)
    np.testing.assert_allclose(dW["found"], 12 * trace["dW3"], rtol=1e-9)
    assert block["hints"] == [4]
    lines = [asked(bench, "code_hint", function="linear_backward", finding=0, rung=rung)["lines"] for rung in range(4)]
    assert lines[0] == ["Look at dW."]
    assert lines[3] == ["dW lacks the factor 1/m."]
    assert "12" not in "".join(lines[0])
    path.write_text("def linear_forward(:\n")
    assert "is not Python" in settled(bench, lambda found: found["problem"] != "")["problem"]
    path.unlink()
    assert "moved or deleted" in settled(bench, lambda found: "not there" in found["problem"])["problem"]
    path.write_text(RIGHT)
    settled(bench, lambda found: found["problem"] == "" and found["first"] == "")
