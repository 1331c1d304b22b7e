"""Layers and settings as the page edits them: the network that the library makes of them, and what goes on learning."""

import base64
import threading
import time

import numpy as np
import pytest

from lamina.equations.dropout import Dropout
from lamina.equations.layers import Activation, Linear
from lamina.errors import LaminaError, SettingError
from lamina.laboratory.bench import Bench
from lamina.laboratory.hidden_layers import Hidden, hidden_of, settings_of
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import QUESTIONS, answer
from lamina.learning.hyperparameters import GROUPS, settings_for


@pytest.fixture
def bench():
    found = Bench(built_in("xor"))
    found.play(60, wait=True)
    return found


LAYERS = [{"units": 6, "activation": "relu", "dropout": 0.25}, {"units": 4, "activation": "tanh"}]


def test_each_layer_has_its_own_width_activation_and_dropout(bench):
    answer(bench, "change_layers", {"layers": LAYERS})
    layers = bench.run.network.layers
    assert layers == (Linear(6), Activation("relu"), Dropout(0.25), Linear(4), Activation("tanh"), Linear(1))
    assert hidden_of(bench.run.network) == [Hidden(6, "relu", 0.25), Hidden(4, "tanh", 0.0)]
    assert answer(bench, "settings", {})["layers"] == [
        {"units": 6, "activation": "relu", "dropout": 0.25},
        {"units": 4, "activation": "tanh", "dropout": 0.0},
    ]


def test_one_dropout_for_all_is_the_library_s_own_setting():
    both = [{"units": 3, "activation": "relu", "dropout": 0.5}, {"units": 2, "activation": "tanh", "dropout": 0.5}]
    assert settings_of(both) == {"hidden_layer_sizes": (3, 2), "activation": ("relu", "tanh"), "dropout": 0.5}
    assert settings_of(both[:1]) == {"hidden_layer_sizes": (3,), "activation": "relu", "dropout": 0.5}


def test_the_same_arrays_go_on_learning_and_others_start_again(bench):
    before = bench.newest()[1].params
    assert answer(bench, "change_layers", {"layers": LAYERS})["goes_on"]
    np.testing.assert_array_equal(bench.newest()[1].params, before)
    assert bench.head == 60
    wider = [{"units": 7}, {"units": 4}]
    assert not answer(bench, "change_layers", {"layers": wider})["goes_on"]
    assert bench.head == 0


def test_normalisation_stays_where_layers_change(bench):
    answer(bench, "change", {"settings": {"normalization": "layer"}})
    answer(bench, "change_layers", {"layers": LAYERS})
    assert [layer.kind for layer in bench.run.network.layers] == [
        "linear",
        "layer_norm",
        "activation",
        "dropout",
        "linear",
        "layer_norm",
        "activation",
        "linear",
    ]
    assert hidden_of(bench.run.network) == [Hidden(6, "relu", 0.25), Hidden(4, "tanh", 0.0)]


@pytest.mark.parametrize(
    "layers",
    [
        [],
        "6,4",
        [6],
        [{"units": 0}],
        [{"units": 2.5}],
        [{"units": True}],
        [{"units": 10**6}],
        [{"unitss": 3}],
        [{"units": 3, "activation": "swishy"}],
        [{"units": 3, "activation": 1}],
        [{"units": 3, "dropout": 1.0}],
        [{"units": 3, "dropout": "auto"}],
        [{"units": 3}] * 13,
    ],
)
def test_other_layers_are_refused(bench, layers):
    with pytest.raises(SettingError):
        answer(bench, "change_layers", {"layers": layers})
    assert (bench.head, bench.run.network.widths[0]) == (60, 6)


def test_a_change_holds_from_the_step_that_is_looked_at(bench):
    at_20 = bench.state_at(20)[1].params
    answer(bench, "change", {"settings": {"learning_rate_init": 0.5}, "at": 20})
    assert (bench.head, bench.run.recipe.learning_rate) == (20, 0.5)
    np.testing.assert_array_equal(bench.newest()[1].params, at_20)
    bench.play(5, wait=True)
    ended = bench.newest()[1].params
    assert bench.state_at(10)[0].recipe.learning_rate == 0.02
    np.testing.assert_array_equal(bench.state_at(25)[1].params, ended)


def test_settings_are_those_of_the_library_with_what_is_used(bench):
    sent = [one for group in answer(bench, "settings", {})["groups"] for one in group["settings"]]
    assert {one["name"] for one in sent} <= set(settings_for("classifier"))
    assert len({one["name"] for one in sent}) == len(sent) >= len(settings_for("classifier")) - 8
    by_name = {one["name"]: one for one in sent}
    assert (by_name["learning_rate_init"]["used"], by_name["learning_rate_init"]["live"]) == (0.02, True)
    assert (by_name["random_state"]["used"], by_name["random_state"]["live"]) == (1, False)
    assert by_name["optimizer"]["value"] == "adam"
    assert "nesterov" in by_name["optimizer"]["values"] or "momentum" in by_name["optimizer"]["values"]
    answer(bench, "change", {"settings": {"optimizer": "adam(beta1=0.5)"}})
    again = {one["name"]: one for group in answer(bench, "settings", {})["groups"] for one in group["settings"]}
    assert again["optimizer"]["value"] == "adam(beta1=0.5)"
    assert {group["title"] for group in answer(bench, "settings", {})["groups"]} <= set(GROUPS)


def test_the_newest_state_is_whole_while_the_network_learns(bench):
    bench.play()
    try:
        found = [bench.newest()[1] for _ in range(5)]
    finally:
        bench.pause()
    assert len({state.step for state in found}) > 1
    for state in found:
        np.testing.assert_array_equal(bench.state_at(state.step)[1].params, state.params)
    assert bench.newest()[1].step == bench.head


def test_pages_that_give_commands_at_once_train_one_network():
    bench, plain = Bench(built_in("moons")), Bench(built_in("moons"))

    def press(k):
        for step in range(10):
            bench.play(3) if (k + step) % 3 else bench.pause()

    pages = [threading.Thread(target=press, args=(k,)) for k in range(4)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    bench.play(5, wait=True)
    plain.play(bench.head, wait=True)
    np.testing.assert_array_equal(bench.newest()[1].params, plain.newest()[1].params)


def test_the_pace_stays_where_a_setting_changes(bench):
    bench.play(pace=20.0)
    bench.change({"learning_rate_init": 0.01})
    began = bench.head
    time.sleep(0.3)
    bench.pause()
    assert bench.head - began < 20


def test_a_frame_is_the_picture_of_its_step(bench):
    frames = [answer(bench, "frame", {"step": 30, "resolution": 16}) for _ in range(2)]
    assert frames[0] == frames[1]
    assert answer(bench, "frame", {})["step"] == 60
    W1 = next(one for one in frames[0]["weights"] if one["name"] == "W1")
    sent = np.frombuffer(base64.b64decode(W1["values"]["data"]), "<f4").reshape(W1["values"]["shape"])
    params = bench.state_at(30)[1].params
    np.testing.assert_array_equal(sent, bench.run.network.named(params)["W1"].astype(np.float32))
    other = answer(bench, "frame", {"step": 30, "edits": [["W1", 0, 0, 9.0]]})
    assert other["surface"] != frames[0]["surface"]


def test_a_unit_is_told_with_its_numbers(bench):
    sent = answer(bench, "unit", {"step": 60, "layer": 2, "unit": 3})
    named = bench.run.network.named(bench.newest()[1].params)
    np.testing.assert_array_equal(sent["w"], named["W2"][2])
    assert sent["b"] == named["b2"][2, 0]
    X = np.stack([bench.rows.X["x1"], bench.rows.X["x2"]])
    A2 = np.tanh(named["W2"] @ np.tanh(named["W1"] @ X + named["b1"]) + named["b2"])
    assert sent["mean"] == pytest.approx(A2[2].mean())
    assert sum(sent["outputs"]["counts"]) == 400
    assert (sent["function"], sent["from"][0], sent["units"]) == ("tanh", "a[1]1", 4)
    assert answer(bench, "unit", {"step": 60, "layer": 1, "unit": 1})["from"] == ["x1", "x2"]


@pytest.mark.parametrize("name", ["plane", "frame", "unit", "health", "pictures"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": "x1"},
        {"columns": ["x1", "x9"]},
        {"step": -1},
        {"step": 10**9},
        {"resolution": 10**6},
        {"resolution": "64"},
        {"layer": "1"},
        {"unit": None},
        {"count": 10**6},
        {"edits": [["W1"]]},
    ],
)
def test_questions_that_do_not_fit_are_refused(bench, name, wrong):
    fitting = {
        "plane": {},
        "frame": {"step": 1},
        "unit": {"step": 1, "layer": 1, "unit": 1},
        "health": {"step": 1},
        "pictures": {"step": 1},
    }
    taken = QUESTIONS[name].__code__.co_varnames[: QUESTIONS[name].__code__.co_argcount]
    if set(wrong) <= set(taken):
        with pytest.raises(LaminaError):
            answer(bench, name, {**fitting[name], **wrong})


def test_curves_are_of_bounded_length():
    bench = Bench(built_in("lesson"))
    bench.play(3000, wait=True)
    sent = answer(bench, "curves", {})
    history = bench.recording.history
    assert len(history) == sent["epochs"] == 3000
    assert len(sent["epoch"]) <= 602
    assert (sent["epoch"][0], sent["epoch"][-1], sent["cost"][-1]) == (1, 3000, history[-1]["cost"])
