"""Every step can be gone back to, with the bits that it had; in bounded memory."""

import numpy as np
import pytest

from lamina.errors import SettingError
from lamina.fitting import prepare
from lamina.laboratory.bench import Bench
from lamina.laboratory.edits import Edit
from lamina.laboratory.lab_rows import BUILT_IN, built_in
from lamina.laboratory.recording import MOST_FRAMES, Recording
from lamina.learning.training import train


def parameters_of_a_plain_run(rows, steps):
    """The parameters before each step, of the loop without the lab."""
    run, state = prepare(rows.X, rows.y, settings=rows.settings, task=rows.task, target_name=rows.target)
    found = [state.params.copy()]
    for _ in train(run, state, pause=lambda _: 1):
        found.append(state.params.copy())
        if len(found) > steps:
            return found
    return found


@pytest.mark.parametrize("name", ["lesson", "moons", "digits"])
def test_every_step_has_the_bits_of_a_plain_run(name):
    steps = 1200 if name != "digits" else 120
    rows = built_in(name)
    expected = parameters_of_a_plain_run(rows, steps)
    bench = Bench(rows)
    bench.play(steps, wait=True)
    assert bench.head == steps
    for step in (0, 1, 7, steps // 2 + 1, steps - 1, steps):
        np.testing.assert_array_equal(bench.state_at(step)[1].params, expected[step])


def test_a_recording_keeps_to_its_memory():
    rows = built_in("digits")
    run, state = prepare(rows.X, rows.y, settings=rows.settings, task=rows.task)
    one = sum(array.nbytes for array in state.arrays().values())
    recording = Recording(most_bytes=12 * one)
    recording.begin(run, state)
    for _ in train(run, state, pause=lambda _: 1):
        recording.note(run, state)
        assert recording.nbytes <= 12 * one
        if state.step >= 100:
            break
    expected = parameters_of_a_plain_run(rows, 100)
    for step in (0, 33, 63, 99, 100):
        np.testing.assert_array_equal(recording.at(step)[1].params, expected[step])


def test_frames_are_few_however_long_the_run():
    bench = Bench(built_in("lesson"))
    bench.play(3 * MOST_FRAMES, wait=True)
    assert bench.recording.nbytes < (MOST_FRAMES + 1) * 10_000
    assert len(bench.recording.history) == 3 * MOST_FRAMES


def test_a_trace_of_a_step_ends_where_the_next_begins():
    bench = Bench(built_in("moons"))
    bench.play(40, wait=True)
    for step in (0, 12, 13, 39):  # a pass has 13 steps
        after, (run, state) = bench.trace_at(step), bench.state_at(step + 1)
        for name, array in run.network.named(state.params).items():
            np.testing.assert_array_equal(after[f"{name}_new"], array)
    assert bench.trace_at(40).replay().agrees


def test_settings_change_from_the_step_that_is_looked_at():
    bench = Bench(built_in("lesson"))
    bench.play(20, wait=True)
    before = bench.state_at(10)[1].params
    assert bench.change({"learning_rate_init": 0.125}, at=10)
    assert bench.head == 10
    np.testing.assert_array_equal(bench.state_at(10)[1].params, before)
    trace = bench.trace_at(10)
    np.testing.assert_allclose(trace["W1_new"], trace["W1"] - 0.125 * trace["dW1"], rtol=1e-13)
    bench.play(5, wait=True)
    assert bench.head == 15
    np.testing.assert_array_equal(bench.trace_at(9)["W1_new"], bench.trace_at(10)["W1"])
    assert not bench.change({"hidden_layer_sizes": (3,)})
    assert bench.head == 0
    assert bench.run.network.widths[0] == 3


def test_an_edit_moves_what_depends_on_it_and_nothing_else():
    bench = Bench(built_in("lesson"))
    plain, other = bench.trace_at(0), bench.trace_at(0, [Edit("W2", 1, 2, 5.0), Edit("A0", 0, 3, 0.0)])
    assert other["W2"][1, 2] == 5.0
    assert other["A0"][0, 3] == 0.0
    np.testing.assert_array_equal(other["Z1"][:, :3], plain["Z1"][:, :3])
    np.testing.assert_allclose(other["Z1"][:, 3], plain["Z1"][:, 3] - plain["W1"][:, 0] * plain["A0"][0, 3])
    np.testing.assert_allclose(other["Z2"], other["W2"] @ np.maximum(other["Z1"], 0) + other["b2"])
    np.testing.assert_array_equal(bench.trace_at(0)["W2"], plain["W2"])
    bench.branch(0, [Edit("W2", 1, 2, 5.0)])
    assert bench.trace_at(0)["W2"][1, 2] == 5.0


@pytest.mark.parametrize("edit", [Edit("Z1", 0, 0, 1.0), Edit("W1", 4, 0, 1.0), Edit("A0", 0, 12, 1.0)])
def test_what_is_computed_or_not_there_cannot_be_changed(edit):
    with pytest.raises(SettingError, match=r"is computed, not given|has shape"):
        Bench(built_in("lesson")).trace_at(0, [edit])


def test_steps_that_were_not_recorded_are_refused():
    bench = Bench(built_in("lesson"))
    for step in (1, -1, 0.5, True, "0"):
        with pytest.raises(SettingError, match="steps 0 to 0"):
            bench.trace_at(step)


def test_divergence_ends_in_a_sentence_and_can_still_be_looked_at():
    bench = Bench(built_in("lesson"), {"learning_rate_init": 1e300})
    bench.play(50, wait=True)
    assert "not finite" in bench.finished or "diverged" in bench.finished
    assert "dW1" in bench.trace_at(bench.head)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_rows_are_learned(name):
    bench = Bench(built_in(name))
    bench.play(1500, wait=True)
    history = bench.recording.history
    assert history[-1]["cost"] < 0.6 * history[0]["cost"]
    assert bench.trouble == ""
