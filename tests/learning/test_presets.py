"""Presets answer what is left at auto, and nothing else; their networks are those of the papers."""

import numpy as np
import pytest

from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import Activation, Dropout, Linear, ParametricActivation, Scale
from lamina.equations.losses import SquaredError
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.optimisers import Adam, AdamW
from lamina.learning.choices import chosen
from lamina.learning.hyperparameters import OPTIMISER_CHOICES, check, settings_for
from lamina.learning.networks import Inputs, network_from
from lamina.learning.presets import PRESETS, Facts, facts_with, resolved

# What has a rule of its own where it is used.
LEFT = {"preset", "loss", "batch_size", "engine", "device", "dates"}
TASKS = ("classifier", "regressor")
INPUTS = Inputs(5, numbers=(0, 2, 4), embedded=((1, 12), (3, 30)))


def preset(name, task="classifier", n_rows=2000, **given):
    defaults = {n: one.default for n, one in settings_for(task).items()}
    return resolved({**defaults, **given, "preset": name}, Facts(task, n_rows))


def layers(settings, units=1):
    return list(network_from(settings, INPUTS, units, SquaredError()).layers)


@pytest.mark.parametrize("n_rows", [1, 50, 999, 1000, 10_000, 1_000_000])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", PRESETS)
def test_every_auto_has_an_answer_within_its_range(name, task, n_rows):
    settings = preset(name, task, n_rows)
    assert {name for name, value in settings.items() if isinstance(value, str) and value == "auto"} <= LEFT
    check(settings, task)
    assert layers(settings)


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_given_stays(name):
    given = {"dropout": 0.35, "numeric_embedding": None, "hidden_layer_sizes": (7,), "ntk": False, "max_iter": 3}
    settings = preset(name, **given)
    assert {name: settings[name] for name in given} == given


def test_the_small_recipe_of_the_paper():
    hidden = [Linear(256, ntk=True), Activation("selu")]
    assert layers(preset("td_s", embed_above=9)) == [
        Embedding((1, 3), (12, 30), 8),
        Scale(6.0),
        *hidden * 3,
        Linear(1, ntk=True),
    ]
    settings = preset("td_s", "regressor")
    assert Activation("mish") in layers(settings)
    assert (settings["learning_rate_init"], settings["schedule"]) == (0.07, "four_cycle")
    assert chosen("optimizer", settings["optimizer"], OPTIMISER_CHOICES) == Adam(beta1=0.9, beta2=0.95)


def test_the_whole_recipe_of_the_paper():
    hidden = [Linear(256, ntk=True), ParametricActivation("selu", 0.1), Dropout(0.15)]
    settings = preset("td")
    assert layers(settings) == [
        Embedding((1, 3), (12, 30), 8),
        Periodic((0, 1, 2), 16, 3, 0.1),  # the embedding took columns 1 and 3 away
        Scale(6.0),
        *hidden * 3,
        Linear(1, ntk=True),
    ]
    optimiser = chosen("optimizer", settings["optimizer"], OPTIMISER_CHOICES)
    assert optimiser == AdamW(beta2=0.95, weight_decay=0.02)


def test_biases_learn_at_a_tenth_of_the_rate():
    network = network_from(preset("td_s"), INPUTS, 1, SquaredError())
    rates = {slot.name: slot.rate for slot in network.slots}
    assert (rates["b1"], rates["s0"], rates["W2"]) == (0.1, 6.0, 256**-0.5)


def test_members_share_all_but_their_ends():
    found = layers(preset("sklearn", n_members=4, hidden_layer_sizes=(9,)), units=2)
    assert found == [
        Embedding((1, 3), (12, 30), 8),
        MemberScale(4),
        Linear(9),
        Activation("relu"),
        Linear(8),
        MemberChoice(4),
    ]


@pytest.mark.parametrize("name", ["sklearn", "course"])
def test_the_plain_ones_are_plain(name):
    settings = preset(name)
    assert {settings[trick] for trick in ("front_scale", "dropout", "label_smoothing")} == {0.0}
    assert (settings["numeric_embedding"], settings["n_members"], settings["ntk"]) == (None, 1, False)


def test_rows_per_step_of_scikit_learn():
    assert [preset("sklearn", n_rows=n)["batch_size"] for n in (50, 1000)] == [50, 200]
    assert np.isclose(preset("sklearn")["alpha"], 1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_the_fast_one_is_the_default_with_a_fraction_of_the_work(task):
    fast, default = preset("fast", task), preset("auto", task)
    columns = ("scaling", "numeric_embedding", "embed_above", "splines", "dates", "early_stopping", "schedule")
    assert {name: fast[name] for name in columns} == {name: default[name] for name in columns}
    work = [one["n_members"] * network_from(one, INPUTS, 1, SquaredError()).size for one in (fast, default)]
    assert work[0] * 4 < work[1]


@pytest.mark.parametrize("name", ["auto", "fast"])
def test_of_many_rows_steps_are_larger_and_patience_is_shorter(name):
    few, many = (preset(name, n_rows=n) for n in (49_999, 50_000))
    assert many["batch_size"] > few["batch_size"]
    assert many["n_iter_no_change"] < few["n_iter_no_change"]
    assert many["averaging"] < few["averaging"]


def test_columns_of_one_kind_have_plain_numbers_and_smoothed_labels():
    defaults = {name: one.default for name, one in settings_for("classifier").items()}
    before = Facts("classifier", 2000, 30)
    assert resolved(defaults, before)["scaling"] == "suited"
    pixels, others = (resolved(defaults, facts_with(before, defaults, scaling)) for scaling in ("robust", "quantile"))
    told = ("scaling", "numeric_embedding", "label_smoothing")
    assert [pixels[name] for name in told] == ["robust", None, 0.1]
    assert [others[name] for name in told] == ["quantile", "periodic", 0.0]
    chosen = {**defaults, "scaling": "robust"}  # by somebody: it says nothing about the columns
    assert resolved(chosen, facts_with(before, chosen, "robust"))["numeric_embedding"] == "periodic"
