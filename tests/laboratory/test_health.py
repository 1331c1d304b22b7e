"""The health of a run: signs against looks that training took, findings of sick runs, and settings that mend them."""

import numpy as np
import pytest

from lamina.laboratory.bench import Bench
from lamina.laboratory.health import MOST_MOMENTS, moments
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.mending import remedies
from lamina.laboratory.questions import answer
from lamina.learning.diagnosis.finding import Finding


def trained(name="xor", steps=120, **settings):
    bench = Bench(built_in(name), settings)
    bench.play(steps, wait=True)
    return bench


def test_the_signs_are_those_that_training_saw():
    bench = trained(batch_size=400)  # a step is an epoch, so looks are at steps 0, 1, 2, 4, 8, ...
    found = answer(bench, "health", {"step": 64})
    looks = {look["step"]: look for look in bench.newest()[1].looks}
    compared = set(found["steps"]) & set(looks)
    assert {0, 64} <= compared
    for step in compared:
        for layer in found["layers"]:
            for sign in ("dead", "saturated", "gradient", "update", "weight", "spread"):
                k = found["steps"].index(step)
                assert layer[sign][k] == looks[step][sign][layer["layer"] - 1], (step, sign)


def test_a_healthy_run_has_no_findings_and_a_sick_one_says_since_when():
    assert answer(trained("moons"), "health", {"step": 100})["findings"] == []
    bench = trained("moons", activation="relu", learning_rate_init=30.0, optimizer="gradient_descent")
    found = answer(bench, "health", {"step": 120})
    since = {one["name"]: one["since"] for one in found["findings"]}
    began = since["learning_rate_too_high"]
    assert 0 < began < 120
    before = found["steps"][found["steps"].index(began) - 1]
    for step, seen in ((before, False), (began, True)):
        names = {one["name"] for one in answer(bench, "health", {"step": step})["findings"]}
        assert ("learning_rate_too_high" in names) is seen


def test_a_remedy_mends():
    bench = trained("moons", activation="relu", learning_rate_init=30.0, optimizer="gradient_descent")
    found = answer(bench, "health", {"step": 120})["findings"]
    high = next(one for one in found if one["name"] == "learning_rate_too_high")
    remedy = high["remedies"][0]
    assert remedy["setting"] == "learning_rate_init"
    assert remedy["value"] == pytest.approx(3.0)
    answer(bench, "change", {"settings": {remedy["setting"]: remedy["value"]}, "at": 0})
    assert bench.run.recipe.learning_rate == remedy["value"]


@pytest.mark.parametrize(
    ("advice", "wanted"),
    [
        (
            "Use a smaller learning rate, or initializer='he_normal' with biases at 0.",
            [("learning_rate_init", 0.001), ("initializer", "he_normal")],
        ),
        ("Use shuffle=True.", [("shuffle", True)]),
        ("Use learning_rate_init=3e-4, or ask find_learning_rate.", [("learning_rate_init", 3e-4)]),
        ("Use learning_rate_init=0.05.", [("learning_rate_init", 0.05)]),
        ("and clip (optimizer='adam(clip_norm=1)').", [("optimizer", "adam(clip_norm=1)")]),
        ("Train longer: a larger max_iter or max_time.", [("max_iter", 400)]),
        ("Use activation='swishy', or loss=3.", []),
        ("Use normalization='layer', or activation='relu'.", [("normalization", "layer")]),  # relu it is already
    ],
)
def test_settings_are_read_from_the_advice(advice, wanted):
    settings = {"learning_rate_init": 0.01, "max_iter": 200, "activation": "relu"}
    found = remedies(Finding("x", "warning", "", advice), settings, "classifier")
    assert [(one.setting, one.value) for one in found] == wanted


def test_moments_cover_a_run_evenly_however_long_it_is():
    assert moments([0, 1, 2], 2) == [0, 1, 2]
    assert moments([], 0) == [0]
    found = moments(range(0, 100_000, 256), 90_000)
    assert (len(found), found[0], found[-1]) == (MOST_MOMENTS, 0, 90_000)
    assert np.ptp(np.diff(found)) <= 512


def test_the_past_is_judged_by_what_was_known_then():
    bench = trained("xor", 200)
    now = answer(bench, "health", {"step": 200})
    before = answer(bench, "health", {"step": 50})
    assert before["steps"][-1] == 50
    again = answer(bench, "health", {"step": 200})
    assert again["layers"] == now["layers"]
