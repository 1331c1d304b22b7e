"""Any JSON value for any argument of any question: an answer, or a sentence, and soon."""

import inspect
import json
import time
from contextlib import closing, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.errors import LaminaError, SettingError
from lamina.laboratory import sizes
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import QUESTIONS, answer
from lamina.laboratory.snapshot import read_snapshot
from lamina.learning.hyperparameters import settings_for

SLOW = 10.0  # seconds, of one question on a busy machine
BREAKS = {"break_it", "quiz", "quiz_answer", "mistakes"}  # they train for some seconds whatever they are asked

DEEP = []
for _ in range(900):
    DEEP = [DEEP]

ODD = [None, True, -1, 0, 1, 10**9, 2**63, 10**400, 0.5, 1e308, 5e-324, float("nan"), float("inf"), "", "W1", "\ud800"]
ODD += ["x" * 10_000, [], [0, 10**30], [[]], ["x1", "x2"], {}, {"units": 1}, DEEP]
ODD += [[["W1", 0, 0, 10**400]], [["W1", 10**12, 0, 1.0]], [["A0", 0, 0, 1e300]]]
ODD += [[{"units": 10**6}], [{"units": 2, "activation": []}], [{"units": 2, "dropout": {}}]]

USUAL = {"step": 3, "at": 3, "name": "dW1", "index": [0, 0], "row": 0, "column": 0, "example": 0, "layer": 1, "unit": 1}
USUAL |= {"rows": "xor", "keys": [], "seed": 0, "choice": 0, "key": "", "function": "", "finding": 0, "rung": 0}
USUAL |= {"layers": [{"units": 3}], "settings": {}, "edits": [], "state": {}, "data": ""}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["W1", "Z2", "A0"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def bench():
    with closing(Bench(built_in("lesson"))) as one:
        one.play(6, wait=True)
        yield one


def needed(name):
    _, *parameters = inspect.signature(QUESTIONS[name]).parameters.values()
    return [one.name for one in parameters if one.default is one.empty]


def asked(bench, name, arguments):
    """Ask, and see that there is an answer in JSON, or a sentence."""
    began = time.monotonic()
    with suppress(LaminaError):
        json.dumps(answer(bench, name, arguments), allow_nan=False)
    assert time.monotonic() - began < SLOW, (name, arguments)
    bench.pause()
    if bench.head < USUAL["step"] or bench.rows.name != "lesson" or bench.run.settings["hidden_layer_sizes"] != (4, 3):
        bench.open(built_in("lesson"))
        bench.play(6, wait=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(QUESTIONS.keys() - BREAKS))
def test_an_odd_value_for_each_argument_is_answered_in_words(bench, name):
    usual = {one: USUAL[one] for one in needed(name)}
    for parameter in list(inspect.signature(QUESTIONS[name]).parameters)[1:]:
        for value in ODD:
            asked(bench, name, usual | {parameter: value})


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(sorted(QUESTIONS.keys() - BREAKS)), st.data())
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_values_for_any_arguments_are_answered_in_words(bench, name, data):
    known = list(inspect.signature(QUESTIONS[name]).parameters)[1:]
    some = data.draw(st.dictionaries(st.sampled_from([*known, "other"]), JSON, max_size=3))
    asked(bench, name, {one: USUAL[one] for one in needed(name)} | some)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(BREAKS))
def test_an_odd_value_for_what_trains_with_mistakes_is_refused(bench, name):
    for parameter in list(inspect.signature(QUESTIONS[name]).parameters)[1:]:
        for value in ({}, [1], "\ud800", 10**400, -1):
            with suppress(LaminaError):
                answer(bench, name, {one: USUAL[one] for one in needed(name)} | {parameter: value})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("setting", sorted(settings_for("classifier").keys() - {"hidden_layer_sizes"}))
def test_an_odd_value_for_each_setting_is_answered_in_words(bench, setting):
    for value in (None, True, -1, 10**9, 0.5, 1e308, "", "x", [], [[]], {}, {"kind": []}, "adam(beta1=", {"0": "x"}):
        asked(bench, "change", {"settings": {setting: value}})


@pytest.mark.parametrize("layers", [10**6, 10**9, [4096] * 32, [512] * 10_000, [65_000]])
def test_a_network_that_would_not_fit_is_refused_before_anything_is_allocated(bench, layers):
    began = time.monotonic()
    with pytest.raises(SettingError, match="this network would have"):
        answer(bench, "change", {"settings": {"hidden_layer_sizes": layers}})
    assert time.monotonic() - began < SLOW
    assert bench.run.settings["hidden_layer_sizes"] == (4, 3)


def test_a_step_that_would_not_fit_is_refused_with_the_batch_that_would(bench, monkeypatch):
    monkeypatch.setattr(sizes, "MOST_IN_A_STEP", 200)
    with pytest.raises(SettingError, match=r"batch_size to \d+ or less"):
        answer(bench, "trace", {"step": 4, "edits": [["W1", 0, 0, 0.25]]})


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "NaN"])
def test_numbers_of_a_state_file_that_nothing_can_hold_are_refused(number):
    text = '{"format": "lamina lab 1", "rows": {"name": "xor", "target": "y", "data": ""}, "step": 0, '
    with pytest.raises(LaminaError):
        read_snapshot(text + f'"settings": {{}}, "edits": [["W1", 0, 0, {number}]]}}')


def test_the_slowest_pace_is_a_pace(bench):
    bench.play(2, pace=5e-324)
    bench.pause()
    assert not bench.finished
