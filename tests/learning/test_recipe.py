"""From settings to a recipe: what each decides, and how an earlier fit counts."""

import dataclasses

import numpy as np
import pytest

from lamina.equations.optimisers import AdamW
from lamina.errors import DataWarning, SettingError
from lamina.learning.hyperparameters import automatic_batch_size, settings_for
from lamina.learning.lbfgs import LBFGS
from lamina.learning.presets import Facts, resolved
from lamina.learning.recipe import recipe_of, warn_of_large_batch
from lamina.learning.schedules import Cosine, Exponential, Step


def chosen(n=1000, **settings):
    known = {name: one.default for name, one in settings_for("regressor").items()}
    return resolved({**known, "preset": "sklearn", **settings}, Facts("regressor", n))


def recipe(n=1000, seed=4, done=0, **settings):
    return recipe_of(chosen(n, **settings), n, seed, done=done)


def test_every_setting_reaches_the_recipe():
    found = recipe(
        optimizer="adamw(weight_decay=0.5)",
        schedule="cosine(warmup=2)",
        decay_schedule="exponential(decay=0.9)",
        dropout_schedule="step(every=1, drop=0.5)",
        learning_rate_init=0.125,
        batch_size=50,
        max_iter=17,
        shuffle=False,
        tol=0.25,
        averaging=0.75,
        n_iter_no_change=6,
        max_time=2.5,
    )
    assert dataclasses.asdict(found) | {"optimiser": None} == {
        "optimiser": None,
        "schedule": dataclasses.asdict(Cosine(warmup=2)),
        "decay_schedule": dataclasses.asdict(Exponential(decay=0.9)),
        "dropout_schedule": dataclasses.asdict(Step(every=1, drop=0.5)),
        "learning_rate": 0.125,
        "batch_size": 50,
        "epochs": 17,
        "seed": 4,
        "shuffle": False,
        "tolerance": 0.25,
        "averaging": 0.75,
        "patience": 6,
        "max_time": 2.5,
    }
    assert found.optimiser == AdamW(weight_decay=0.5)
    assert (type(found.schedule), type(found.decay_schedule)) == (Cosine, Exponential)
    assert isinstance(recipe(optimizer="lbfgs").optimiser, LBFGS)


def test_epochs_count_from_the_first_of_the_network():
    assert recipe(max_iter=6, done=4).epochs == 10


@pytest.mark.parametrize(("n", "size"), [(120, 32), (20, 20)])
def test_a_batch_is_at_most_all_rows(n, size):
    assert recipe(n, batch_size=32).batch_size == size
    automatic = recipe_of(chosen(n) | {"batch_size": "auto"}, n, 4)
    assert automatic.batch_size == min(automatic_batch_size(n), n)


def test_a_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe().epochs = 3


def test_an_unknown_optimiser():
    with pytest.raises(SettingError, match=r"adma.*adam"):
        recipe(optimizer="adma")


def test_the_words_of_a_pass_are_a_function_of_the_seed_and_the_pass():
    one = recipe()
    np.testing.assert_array_equal(one.words(50, 3), recipe().words(50, 3))
    np.testing.assert_array_equal(one.words(50, 3)[:20], one.words(20, 3))
    different = [one.words(50, 3), one.words(50, 4), recipe(seed=5).words(50, 3)]
    assert len({words.tobytes() for words in different}) == 3
    assert all(len(np.unique(words)) == 50 for words in different)


def test_a_batch_larger_than_the_rows_is_told():
    with pytest.warns(DataWarning, match="batch_size=500 is larger than the 120 training rows: each step uses all"):
        warn_of_large_batch(500, 120)
    for size in (120, "auto"):
        warn_of_large_batch(size, 120)  # silent: a warning would be an error here
