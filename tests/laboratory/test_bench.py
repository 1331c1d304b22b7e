"""Several look at the bench at once, while it learns and while others change it."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lamina.errors import LaminaError
from lamina.laboratory import bench as bench_module
from lamina.laboratory import recording as recording_module
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import Edit
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import answer


def parameters(bench, step):
    run, state = bench.state_at(step)
    return run.network.named(state.params)


def test_of_several_who_ask_for_the_same_trace_one_computes_it(monkeypatch):
    computed, may_end = [], threading.Event()
    original = bench_module.trace_of_step

    def slowly(run, state):
        computed.append(state.step)
        may_end.wait(5)
        return original(run, state)

    monkeypatch.setattr(bench_module, "trace_of_step", slowly)
    bench = Bench(built_in("lesson"))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(bench.trace_at, 0) for _ in range(4)]
        threading.Timer(0.2, may_end.set).start()
        traces = [one.result(timeout=10) for one in asked]
    assert computed == [0]
    assert all(one is traces[0] for one in traces)


def test_a_trace_that_was_begun_before_a_branch_is_not_shown_after_it(monkeypatch):
    original = bench_module.trace_of_step
    begun, may_end = threading.Event(), threading.Event()

    def slowly(run, state):
        begun.set()
        may_end.wait(5)
        return original(run, state)

    bench = Bench(built_in("lesson"))
    bench.play(3, wait=True)
    monkeypatch.setattr(bench_module, "trace_of_step", slowly)
    with ThreadPoolExecutor(1) as pool:
        old = pool.submit(bench.trace_at, 2)
        begun.wait(5)
        bench.branch(1, [Edit("W2", 1, 2, 5.0)])
        bench.play(3, wait=True)
        may_end.set()
        old.result(timeout=10)
    _, state = bench.state_at(2)
    np.testing.assert_array_equal(bench.trace_at(2)["W2"], bench.run.network.named(state.params)["W2"])


def test_the_newest_step_is_there_without_computing_it_again(monkeypatch):
    monkeypatch.setattr(recording_module, "MOST_FRAMES", 2)
    bench = Bench(built_in("moons"))
    bench.play(37, wait=True)
    assert 37 not in bench.recording.steps
    expected = bench.recording.at(37)[1]
    monkeypatch.setattr(recording_module, "train", lambda *_, **__: pytest.fail("computed again"))
    found = bench.state_at(37)[1]
    np.testing.assert_array_equal(found.params, expected.params)
    np.testing.assert_array_equal(found.memory, expected.memory)
    assert (found.epoch, found.rows, found.step) == (expected.epoch, expected.rows, expected.step)


def test_inputs_that_were_changed_by_hand_stay_when_a_setting_changes():
    bench = Bench(built_in("lesson"))
    bench.branch(0, [Edit("A0", 0, 3, 7.5)])
    bench.play(4, wait=True)
    assert bench.change({"learning_rate_init": 0.5})
    assert bench.trace_at(4)["A0"][0, 3] == 7.5


def test_a_penalty_that_comes_later_counts_for_the_best_epoch_too():
    """Else no epoch would be better than those before it, and training would end for lack of progress."""
    bench = Bench(built_in("moons"), {"alpha": 0.0, "early_stopping": False})
    bench.play(200, wait=True)
    before = bench.state_at(bench.head)[1]
    assert bench.change({"alpha": 50.0})
    run, state = bench.state_at(bench.head)
    cost = run.engine.cost(run.network, state.best_params, *next(run.examples.blocks()))
    penalty = 50.0 / (2 * run.examples.n) * sum(np.sum(W**2) for W in weights_of(run.network, state.best_params))
    assert state.best_epoch == before.best_epoch > 0
    assert state.best == pytest.approx(cost + penalty, rel=1e-6)
    assert state.best > 1.5 * before.best


def weights_of(network, params):
    return [p["W"] for p in network.views(params) if "W" in p]


def test_changes_of_settings_share_the_rows():
    bench = Bench(built_in("digits"))
    before = bench.run
    for rate in (0.1, 0.2):
        bench.change({"learning_rate_init": rate})
    assert bench.run.examples is before.examples
    assert bench.run.columns is before.columns


def test_many_changes_under_way_keep_to_the_memory_and_to_the_beginning():
    bench = Bench(built_in("digits"))
    first = bench.state_at(0)[1].params
    one = bench.recording.nbytes
    bench.recording.most_bytes = 12 * one
    for k in range(30):
        bench.play(1, wait=True)
        bench.change({"learning_rate_init": 0.001 * (k + 1)})
        assert bench.recording.nbytes <= 12 * one
    steps = range(bench.recording.first, bench.head + 1)
    assert 0 < steps[0] < 30
    for step in steps:
        np.testing.assert_array_equal(bench.trace_at(step)["W1"], parameters(bench, step)["W1"])
    bench.restart()
    assert bench.recording.first == bench.head == 0
    np.testing.assert_array_equal(bench.state_at(0)[1].params, first)


def test_training_that_fails_in_an_unforeseen_way_says_so(monkeypatch):
    def fails(*_, **__):
        raise MemoryError("no room for the batch")
        yield

    monkeypatch.setattr(bench_module, "train", fails)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    bench = Bench(built_in("lesson"))
    bench.play(3, wait=True)
    assert "no room for the batch" in bench.finished


def test_signs_of_health_are_those_of_the_inputs_as_they_are():
    bench, other = Bench(built_in("lesson")), Bench(built_in("lesson"))
    answer(bench, "health", {"step": 0})
    for one in (bench, other):
        one.branch(0, [Edit("A0", 0, column, 40.0) for column in range(5)])
    assert answer(bench, "health", {"step": 0})["layers"] == answer(other, "health", {"step": 0})["layers"]


def test_many_look_while_others_train_change_and_open():
    """Whoever looks gets an answer or a sentence, never a fault."""
    bench = Bench(built_in("lesson"))
    faults, ending = [], threading.Event()

    def look(name):
        while not ending.is_set():
            try:
                step = bench.head
                answer(bench, name, {"step": step} if name in {"trace", "health", "frame", "unit"} else {})
            except LaminaError:
                pass
            except Exception as problem:
                faults.append(f"{name}: {type(problem).__name__}: {problem}")

    names = ["trace", "health", "frame", "plane", "overview", "settings", "curves"]
    threads = [threading.Thread(target=look, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for k in range(6):
        bench.play(200)
        bench.change({"learning_rate_init": 0.01 * (k + 1)})
        bench.open(built_in(["moons", "lesson", "xor"][k % 3]))
        bench.play(200)
        bench.branch(0, [Edit("W1", 0, 0, 1.0)])
    ending.set()
    for thread in threads:
        thread.join()
    bench.close()
    assert not faults, sorted(set(faults))


def test_weights_that_have_grown_huge_are_sent_as_they_are():
    bench = Bench(built_in("lesson"), {"learning_rate_init": 1e300})
    bench.play(5, wait=True)
    sent = answer(bench, "frame", {"step": bench.head})["weights"][0]["values"]
    kind = {"float32": np.float32, "float64": np.float64}[sent["type"]]
    found = np.frombuffer(base64.b64decode(sent["data"]), kind).reshape(sent["shape"])
    np.testing.assert_array_equal(found, parameters(bench, bench.head)["W1"])


def test_the_statistics_of_numbers_that_are_none_are_none():
    bench = Bench(built_in("lesson"), {"learning_rate_init": 1e300})
    bench.play(5, wait=True)
    Z3 = next(one for one in answer(bench, "trace", {"step": bench.head})["arrays"] if one["name"] == "Z3")
    assert Z3["not_finite"] == Z3["size"]
    assert [Z3[name] for name in ("mean", "spread", "norm")] == ["NaN"] * 3
