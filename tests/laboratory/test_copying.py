"""What is taken home from the lab: scripts with the numbers of the page, and states that lead back to the same bits."""

import base64
import copy
import json

import numpy as np
import pytest

from lamina.errors import DataError, LaminaError, SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import edits_of
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.own_rows import lab_rows, read_path
from lamina.laboratory.questions import answer
from lamina.laboratory.snapshot import read_snapshot, restore
from script_process import run_scripts


def lesson(steps=20):
    bench = Bench(built_in("lesson"))
    bench.play(steps, wait=True)
    return bench


def edits_at(*edits):
    return edits_of(list(edits))


def changed_under_way():
    """Another rate and optimiser at step 5, a change by hand at step 8."""
    bench = lesson(6)
    bench.change({"learning_rate_init": 0.2, "optimizer": "momentum(dampening=0.9)"}, at=5)
    bench.play(4, wait=True)
    bench.branch(8, edits_at(["W1", 0, 2, 0.75]))
    bench.play(9, wait=True)
    return bench


def changed_within_an_epoch():
    """Other rates and batches in the middle of a pass: it begins again from its first row."""
    bench = Bench(built_in("moons"))
    bench.play(6, wait=True)
    bench.change({"learning_rate_init": 0.01, "batch_size": 50, "schedule": "cosine"}, at=5)
    bench.play(12, wait=True)
    return bench


def changed_at_step_0():
    bench = lesson(2)
    bench.branch(0, edits_at(["W1", 0, 0, 2.0]))
    bench.play(17, wait=True)
    return bench


def of_a_file(folder):
    rng = np.random.default_rng(0)
    lines = [f"{a:.3f},{'red' if b > 0 else 'blue'},{int(a * b > 0)}" for a, b in rng.normal(size=(100, 2))]
    (folder / "own.csv").write_text("\n".join(["size,colour,good", *lines]))
    bench = Bench(lab_rows(read_path(folder / "own.csv")))
    bench.play(17, wait=True)
    return bench


STEP = 15
ALL = ("numpy", "lamina", "course")
CASES = {
    "lesson": (lesson, ALL, "DeepClassifier("),
    "moons": (lambda: Bench(built_in("moons")), ALL[:2], "built_in('moons')"),
    "digits": (lambda: Bench(built_in("digits")), ALL[:2], "DeepClassifier("),
    "changed under way": (changed_under_way, ALL, "Network("),
    "changed within an epoch": (changed_within_an_epoch, ALL[:2], "Network("),
    "changed by hand at step 0": (changed_at_step_0, ALL, "Network("),
    "a file": (of_a_file, ALL[:2], "read_path('own.csv')"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copied")
    scripts, keys, traces = [], [], {}
    for name, (make, dialects, _) in CASES.items():
        bench = make(folder) if name == "a file" else make()
        if bench.head < STEP:
            bench.play(STEP, wait=True)
        traces[name] = bench.trace_at(STEP)
        for dialect in dialects:
            sent = answer(bench, "python", {"step": STEP, "dialect": dialect})
            files = {one: base64.b64decode(content) for one, content in sent["files"].items()}
            own = {"own.csv": (folder / "own.csv").read_bytes()} if name == "a file" else {}
            scripts.append((sent["code"], files | own))
            keys.append((name, dialect))
    found, _ = run_scripts(scripts, folder)
    codes = [code for code, _ in scripts]
    return {key: (code, one.arrays, traces[key[0]]) for key, code, one in zip(keys, codes, found, strict=True)}


@pytest.mark.parametrize(("name", "dialect"), [(name, one) for name, (_, some, _) in CASES.items() for one in some])
def test_scripts_give_the_numbers_of_the_page(ran, name, dialect):
    code, found, trace = ran[name, dialect]
    assert len(found) > 6
    for array, values in found.items():
        if dialect == "lamina":
            np.testing.assert_array_equal(values, trace[array], err_msg=array)
        largest = np.abs(trace[array]).max()
        np.testing.assert_allclose(values, trace[array], rtol=1e-10, atol=1e-10 * largest, err_msg=array)
    if dialect == "lamina":
        assert CASES[name][2] in code


def test_what_a_dialect_lacks_is_a_sentence():
    bench = Bench(built_in("moons"))
    with pytest.raises(SettingError, match="no hidden layers of tanh"):
        answer(bench, "python", {"step": 0, "dialect": "course"})
    with pytest.raises(SettingError, match=r"no dialect 'nmpy'. Did you mean 'numpy'"):
        answer(bench, "python", {"step": 0, "dialect": "nmpy"})


# ---- states ----


def same_bits(one, other, steps):
    for step in steps:
        ours, theirs = one.trace_at(step), other.trace_at(step)
        assert list(ours) == list(theirs)
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=f"{name} at {step}")


def taken_home(bench, **how):
    return json.loads(json.dumps(answer(bench, "snapshot", how), allow_nan=False))


def test_a_state_leads_back_to_the_same_bits():
    bench = Bench(built_in("moons"), {"alpha": 0.1, "dropout": 0.2})
    bench.play(30, wait=True)
    state = taken_home(bench, step=22, edits=[["b1", 1, 0, 0.5]], looks={"view": "step", "line": 3, "other": 1})
    assert len(json.dumps(state)) < 1500  # short enough for a link
    elsewhere = lesson(3)
    found = answer(elsewhere, "open_snapshot", {"state": state})
    assert (found["step"], found["view"], found["line"], found["edits"]) == (22, "step", 3, [["b1", 1, 0, 0.5]])
    assert "other" not in found
    same_bits(bench, elsewhere, (0, 7, 22))


def test_a_state_after_changes_brings_what_it_began_with():
    bench = lesson(30)
    bench.change({"learning_rate_init": 0.05, "schedule": "plateau(patience=1)"}, at=25)
    bench.play(20, wait=True)
    state = taken_home(bench, step=41)
    elsewhere = Bench(built_in("xor"))
    restore(elsewhere, read_snapshot(json.dumps(state)))
    same_bits(bench, elsewhere, (25, 33, 41))
    assert elsewhere.recording.first == 25
    assert answer(elsewhere, "history", {})[-1]["epoch"] == 41


def test_rows_that_are_not_at_hand_are_named(tmp_path):
    (tmp_path / "own.csv").write_text("a,y\n" + "\n".join(f"{k},{k % 2}" for k in range(90)))
    bench = Bench(lab_rows(read_path(tmp_path / "own.csv")))
    state = taken_home(bench, step=0)
    with pytest.raises(DataError, match=r"'own\.csv', which are not open"):
        answer(lesson(1), "open_snapshot", {"state": state})
    restore(bench, state)
    (tmp_path / "own.csv").write_text("a,y\n" + "\n".join(f"{k + 1},{k % 2}" for k in range(90)))
    with pytest.raises(DataError, match="have changed since"):
        restore(Bench(lab_rows(read_path(tmp_path / "own.csv"))), state)


SHORT = {"dtype": "float64", "shape": [2], "data": "A" * 22}
OBJECTS = {"dtype": "object", "shape": [1], "data": "gASV"}
LIAR = {"dtype": "float64", "shape": [10**9], "data": ""}
HOSTILE = {
    "no object": lambda s: [s],
    "another format": lambda s: s | {"format": "lamina lab 99"},
    "a field too many": lambda s: s | {"code": "import os"},
    "no rows": lambda s: {k: v for k, v in s.items() if k != "rows"},
    "rows of a path": lambda s: s | {"rows": {"name": "/etc/passwd", "target": "y", "data": "x"}},
    "rows of another kind": lambda s: s | {"rows": {"name": 3, "target": "y", "data": "x"}},
    "a huge layer": lambda s: s | {"settings": {"hidden_layer_sizes": [10**9]}},
    "many layers": lambda s: s | {"settings": {"hidden_layer_sizes": [8] * 1000}},
    "an unknown setting": lambda s: s | {"settings": {"evil": 1}},
    "a setting of a wrong kind": lambda s: s | {"settings": {"batch_size": {"a": 1}}},
    "a negative step": lambda s: s | {"step": -1},
    "a step beyond all": lambda s: s | {"step": 10**12},
    "no number as a step": lambda s: s | {"step": True},
    "edits of an array that is not there": lambda s: s | {"edits": [["Q7", 0, 0, 1.0]]},
    "edits without end": lambda s: s | {"edits": [["W1", 0, 0, 1.0]] * 5000},
    "a view that is no text": lambda s: s | {"view": {"a": 1}},
    "arrays of another shape": lambda s: changed(s, "arrays", "params", SHORT),
    "an array of objects": lambda s: changed(s, "arrays", "params", OBJECTS),
    "an array that lies about its shape": lambda s: changed(s, "arrays", "memory", LIAR),
    "no numbers": lambda s: changed(s, "scalars", "epoch", "x"),
    "a negative number": lambda s: changed(s, "scalars", "epoch", -5),
    "a scalar too many": lambda s: changed(s, "scalars", "__class__", 1),
    "a history of texts": lambda s: changed(s, "scalars", "history", [{"epoch": "<script>"}]),
    "begun with nothing": lambda s: s | {"begun": {}},
}


def changed(state, part, name, value):
    state = copy.deepcopy(state)
    state["begun"][part][name] = value
    return state


@pytest.fixture(scope="module")
def with_begun():
    bench = lesson(5)
    bench.change({"learning_rate_init": 0.05}, at=4)
    bench.play(3, wait=True)
    return taken_home(bench, step=6)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_states_are_refused_and_change_nothing(with_begun, name):
    bench = lesson(3)
    before = bench.now()
    with pytest.raises(LaminaError) as problem:
        restore(bench, read_snapshot(json.dumps(HOSTILE[name](with_begun))))
    assert len(str(problem.value)) < 900
    assert bench.now() == before


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "null", "\x00", "{}" + " " * (17 << 20)], ids=range(6))
def test_files_that_are_no_state(content):
    with pytest.raises(DataError):
        read_snapshot(content)
