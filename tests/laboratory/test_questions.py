"""Questions are answered in plain values, without losing a digit; what does not fit is said in a sentence."""

import json

import numpy as np
import pytest

from lamina.errors import LaminaError, SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.plain import plain
from lamina.laboratory.questions import QUESTIONS, answer


@pytest.fixture(scope="module")
def bench():
    found = Bench(built_in("lesson"))
    found.play(30, wait=True)
    return found


def test_numbers_arrive_to_the_last_digit(bench):
    sent = json.loads(json.dumps(answer(bench, "trace", {"step": 17}), allow_nan=False))
    trace = bench.trace_at(17)
    assert [one["name"] for one in sent["arrays"]] == list(trace)
    for one in sent["arrays"]:
        np.testing.assert_array_equal(np.array(one["values"]), trace[one["name"]])


def test_a_window_is_a_part_of_the_array(bench):
    sent = answer(bench, "array", {"step": 3, "name": "Z1", "rows": [1, 3], "columns": [4, 9]})
    np.testing.assert_array_equal(sent["values"], bench.trace_at(3)["Z1"][1:3, 4:9])
    assert sent["shape"] == [4, 12]


def test_json_has_no_nan_and_single_precision_is_short():
    assert plain(np.array([np.nan, np.inf, -np.inf, 1.5])) == ["NaN", "Infinity", "-Infinity", 1.5]
    assert plain(np.float32(0.1)) == 0.1
    assert plain(np.array([0.1, 2.7], np.float32)) == [0.1, 2.7]
    with pytest.raises(TypeError, match="no plain value"):
        plain(object())


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("tracce", {"step": 0}),
        ("trace", {"stepp": 0}),
        ("trace", {}),
        ("trace", {"step": 31}),
        ("trace", {"step": None}),
        ("trace", {"step": 0, "edits": "W1"}),
        ("trace", {"step": 0, "edits": [["W1", 0, 0, "1"]]}),
        ("trace", {"step": 0, "edits": [["W1", -1, 0, 1.0]]}),
        ("array", {"step": 0, "name": "Q1"}),
        ("array", {"step": 0, "name": "Z1", "rows": [3, 1]}),
        ("array", {"step": 0, "name": "Z1", "rows": [0, 1e9]}),
        ("play", {"steps": 0}),
        ("play", {"pace": -1}),
        ("change", {"settings": []}),
        ("change", {"settings": {"learning_rate": 1}}),
        ("change", {"settings": {"learning_rate_init": -1}}),
        ("open", {"name": "../etc/passwd"}),
    ],
)
def test_what_does_not_fit_is_said(bench, name, arguments):
    head = bench.head
    with pytest.raises(SettingError) as problem:
        answer(bench, name, arguments)
    assert str(problem.value)[-1] in ".?"
    assert bench.head == head


def test_every_question_refuses_arguments_that_it_does_not_have(bench):
    for name in QUESTIONS:
        with pytest.raises(LaminaError, match="It takes"):
            answer(bench, name, {"nonsense": 1})
