"""Where a search looks: the ranges of the table, those that somebody gives, and Optuna's values of them."""

import pytest

from lamina.errors import SettingError
from lamina.learning.hyperparameters import SETTINGS, settings_for
from lamina.learning.presets import PRESETS, Facts
from lamina.learning.search_ranges import Among, Between
from lamina.tuning.space import space_of

FACTS = Facts("classifier", 5000, 10)
SEARCHED = [one for one in SETTINGS if one.search is not None]


@pytest.mark.parametrize("one", SEARCHED, ids=lambda one: one.name)
def test_every_value_of_a_range_is_one_of_its_setting(one):
    values = one.search.values if isinstance(one.search, Among) else (one.search.low, one.search.high)
    for value in values:
        one.kind.check(one.name, value)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("task", ["classifier", "regressor"])
def test_every_preset_starts_within_its_space(preset, task):
    space = space_of({"preset": preset}, Facts(task, 5000, 10))
    assert set(space.start) == set(space.ranges) == set(space.distributions())
    assert space.settings(space.start) == space.defaults


def test_what_is_only_for_the_other_task_is_not_searched():
    assert "label_smoothing" in space_of({}, FACTS).ranges
    assert "label_smoothing" not in space_of({}, Facts("regressor", 5000, 10)).ranges


def test_a_range_takes_the_place_of_the_usual_one_or_stands_beside_it():
    space = space_of({"batch_size": 64}, FACTS, {"dropout": (0.1, 0.2), "alpha": (1e-6, 1e-2), "tol": [0.0, 1e-3]})
    assert space.ranges["dropout"] == Between(0.1, 0.2)
    assert space.distributions()["alpha"].log
    assert not space.distributions()["dropout"].log
    assert "batch_size" not in space.ranges
    assert {"tol", "activation"} <= set(space.ranges)
    assert list(space.ranges) == [name for name in settings_for("classifier") if name in space.ranges]


def test_only_these_are_searched():
    assert list(space_of({}, FACTS, {"n_iter_no_change": (3, 30)}, ["dropout"]).ranges) == [
        "dropout",
        "n_iter_no_change",
    ]


def test_whole_numbers_stay_whole():
    space = space_of({}, FACTS, {"n_iter_no_change": (3, 60)}, [])
    (found,) = space.distributions().values()
    assert (type(found).__name__, found.low, found.high, found.log) == ("IntDistribution", 3, 60, True)


def test_layers_are_kept_as_text_and_come_back_as_layers():
    space = space_of({}, FACTS, {"hidden_layer_sizes": [(32, 16), [8]]}, [])
    choices = space.distributions()["hidden_layer_sizes"].choices
    assert all(isinstance(one, str) for one in choices)
    assert [space.settings({"hidden_layer_sizes": one})["hidden_layer_sizes"] for one in choices] == [(32, 16), [8]]


@pytest.mark.parametrize(
    ("fixed", "given", "only", "message"),
    [
        ({}, {"dropout": (0.5, 0.1)}, None, "a low number, and a higher one"),
        ({}, {"dropout": (0.1, 1.5)}, None, r"dropout=1.5: expected a number in \[0, 1\)"),
        ({}, {"dropout": (0.1, "auto")}, None, "a low number, and a higher one"),
        ({}, {"dropout": (0.1, 0.2, 0.3)}, None, r"expected \(low, high\)"),
        ({}, {"dropout": 0.1}, None, "expected a list of values"),
        ({}, {"activation": ["relu"]}, None, "two values or more"),
        ({}, {"activation": ["relu", "tahn"]}, None, "Did you mean 'tanh'"),
        ({}, {"activation": Between(0, 1)}, None, "is no number"),
        ({}, {"learnin_rate": (0.1, 1)}, None, "learning_rate_init"),
        ({}, {"max_time": (1, 10)}, None, "no part of a space"),
        ({"dropout": 0.1}, {"dropout": (0.1, 0.2)}, None, "fixed at 0.1"),
        ({}, None, ["tol"], "no range of its own"),
        ({}, None, [], "no setting is left"),
        ({}, {"clamp": [True, False]}, None, "only for a regressor"),
    ],
)
def test_what_is_no_space_is_said(fixed, given, only, message):
    with pytest.raises(SettingError, match=message):
        space_of(fixed, FACTS, given, only)


def test_batches_of_more_than_half_the_rows_are_not_tried():
    assert space_of({}, Facts("classifier", 600, 4)).ranges["batch_size"] == Among((128, 256))
    assert "batch_size" not in space_of({}, Facts("classifier", 100, 4)).ranges
    assert space_of({}, Facts("classifier", 100, 4), {"batch_size": [16, 32]}).ranges["batch_size"] == Among((16, 32))


def test_it_begins_where_the_columns_say():
    pixels, others = (space_of({}, Facts("classifier", 5000, 30, alike)).start for alike in (True, False))
    assert [pixels[name] for name in ("scaling", "numeric_embedding")] == ["robust", None]
    assert [others[name] for name in ("scaling", "numeric_embedding")] == ["quantile", "periodic"]
