"""Choices with settings of their own: every spelling means the same, nothing else is understood, nothing is run."""

from dataclasses import fields

import numpy as np
import pytest

from lamina.equations.layers import LAYERS
from lamina.equations.losses import LOSSES, Huber, Quantile
from lamina.equations.optimisers import Adam, GradientDescent
from lamina.errors import SettingError
from lamina.learning.choices import RANGES, chosen, interval, spelled, within
from lamina.learning.hyperparameters import OPTIMISER_CHOICES
from lamina.learning.schedules import SCHEDULES

TABLES = {"optimizer": OPTIMISER_CHOICES, "loss": LOSSES, "schedule": SCHEDULES}


@pytest.mark.parametrize(
    "value",
    [
        Adam(beta1=0.95, clip_norm=2),
        "adam(beta1=0.95, clip_norm=2)",
        " adam(beta1=.95,clip_norm=2,) ",
        {"kind": "adam", "beta1": 0.95, "clip_norm": 2},
    ],
)
def test_every_spelling_means_the_same(value):
    assert chosen("optimizer", value, OPTIMISER_CHOICES) == Adam(beta1=0.95, clip_norm=2)


def test_a_name_alone_has_the_defaults_and_dashes_are_underscores():
    assert chosen("optimizer", "gradient-descent", OPTIMISER_CHOICES) == GradientDescent()
    assert chosen("optimizer", "adam()", OPTIMISER_CHOICES) == Adam()


@pytest.mark.parametrize(("setting", "kind"), [(setting, kind) for setting, table in TABLES.items() for kind in table])
def test_spelled_reads_back(setting, kind):
    """Plain values all the way: what a file or TOML can hold."""
    choice = TABLES[setting][kind]()
    plain = spelled(choice)
    assert plain["kind"] == kind
    assert set(plain) == {"kind", *(one.name for one in fields(choice))}
    assert chosen(setting, plain, TABLES[setting]) == choice


def test_lists_become_tuples():
    assert chosen("loss", {"kind": "quantile", "quantiles": [0.1, 0.9]}, LOSSES) == Quantile((0.1, 0.9))
    assert chosen("loss", "quantile(quantiles=[0.1, 0.9])", LOSSES) == Quantile((0.1, 0.9))


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("optimizer", "adm", r"optimizer='adm': expected one of gradient_descent, .*lbfgs.*Did you mean 'adam'\?"),
        ("optimizer", {"beta1": 0.9}, "optimizer='None': expected one of"),
        ("optimizer", 3, "optimizer=3: expected one of"),
        ("optimizer", Adam, "optimizer=<class .*Adam'>: expected one of"),
        ("optimizer", Huber(), r"optimizer=Huber\(delta=1.0\): expected one of"),
        ("optimizer", "adam(beta_1=0.9)", "adam has no setting 'beta_1'; it has .*beta1.*Did you mean 'beta1'"),
        ("loss", "squared_error(delta=1)", "squared_error has no setting 'delta'; it has none"),
        ("optimizer", "adam(beta1=1)", r"adam\(beta1=1\): expected a number in \[0, 1\)"),
        ("optimizer", "adam(beta1=True)", r"adam\(beta1=True\): expected a number"),
        ("optimizer", "adam(beta1='x')", "expected a number"),
        ("optimizer", "adam(beta1=None)", "expected a number"),
        ("optimizer", Adam(epsilon=0), r"adam\(epsilon=0\): expected a number in \(0, 1\)"),
        ("optimizer", Adam(clip_norm=-1), r"adam\(clip_norm=-1\): expected a number above 0"),
        ("optimizer", Adam(weight_decay=float("nan")), "weight_decay=nan"),
        ("optimizer", Adam(weight_decay=float("inf")), "weight_decay=inf"),
        ("optimizer", "muon(momentum=1)", r"muon\(momentum=1\): expected a number in \[0, 1\)"),
        ("optimizer", "lbfgs(history=2.5)", r"lbfgs\(history=2.5\): expected a whole number"),
        ("loss", "huber(delta=0)", r"huber\(delta=0\): expected a number above 0"),
        (
            "loss",
            "quantile(quantiles=(0.5, 1.0))",
            r"quantile\(quantiles=\(0.5, 1.0\)\): expected a number in \(0, 1\)",
        ),
        ("loss", "quantile(quantiles=())", r"quantile\(quantiles=\(\)\): expected numbers like \(0.5,\)"),
        ("loss", "quantile(quantiles=0.5)", r"quantile\(quantiles=0.5\): expected numbers like \(0.5,\)"),
        ("loss", Quantile([0.5]), r"expected numbers like \(0.5,\)"),
        ("schedule", "plateau(patience=0)", r"plateau\(patience=0\): expected a number of at least 1"),
        ("schedule", "cosine(warmup=-1)", "warmup=-1"),
    ],
)
def test_what_does_not_fit(setting, value, message):
    with pytest.raises(SettingError, match=message) as caught:
        chosen(setting, value, TABLES[setting])
    assert str(caught.value).startswith(setting)


def test_momentum_is_a_share_of_the_old_in_an_optimiser_and_of_the_new_in_a_batch_normalisation():
    assert chosen("optimizer", "muon(momentum=0)", OPTIMISER_CHOICES).momentum == 0
    assert chosen("layer", "batch_norm(momentum=1)", LAYERS).momentum == 1
    with pytest.raises(SettingError, match=r"batch_norm\(momentum=0\): expected a number in \(0, 1\]"):
        chosen("layer", "batch_norm(momentum=0)", LAYERS)


@pytest.mark.parametrize(
    "text",
    [
        "adam(beta1=__import__('os').getpid())",
        "adam(beta1=open('x'))",
        "adam(0.9)",
        "adam(beta1=0.9) + 1",
        "os.adam(beta1=0.9)",
        "adam(beta1=0.9",
        "adam(beta1=0.9); adam()",
        "(lambda: 0)()",
        "adam(**{'beta1': 0.9})",
        "a(" * 5000,
        "adam(beta1=" + "(" * 300 + "1" + ")" * 300 + ")",
    ],
)
def test_only_names_and_literals_are_read(text):
    with pytest.raises(SettingError, match=r"optimizer"):
        chosen("optimizer", text, OPTIMISER_CHOICES)


def test_every_number_of_every_choice_has_a_range():
    """A setting without a range would take anything."""
    for table in (*TABLES.values(), LAYERS):
        for kind in table.values():
            names = {one.name for one in fields(kind) if one.name not in ("function", "layers", "ntk")}
            assert names <= set(RANGES), kind


def test_intervals():
    assert [within(v, 0, 1, "[)") for v in (0, 0.5, 1, False, "0", None, np.nan)] == [True, True] + [False] * 5
    assert not within(float("inf"), 0, float("inf"), "[]")
    assert [within(v, 0, 1, "(]") for v in (0, 1)] == [False, True]
    assert [interval(0, 1, "[)"), interval(1, float("inf"), "[)"), interval(0, float("inf"), "()")] == [
        "in [0, 1)",
        "of at least 1",
        "above 0",
    ]
