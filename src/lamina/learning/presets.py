"""Presets: named recipes that fill in the settings left at "auto", every trick on a line of its own.

    DeepClassifier()                                  the default recipe
    DeepClassifier(dropout=0.3)                       the same with another dropout
    DeepClassifier(preset="td", ntk=False)            a recipe without one of its tricks

A preset is a function of a few facts about the rows to a dict of settings. What a preset leaves at "auto" has a rule of
its own where it is used. docs/default-recipe.md measures how much each trick brings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import exp
from typing import Any, Literal


@dataclass(frozen=True)
class Facts:
    """What a preset may look at."""

    task: Literal["classifier", "regressor"]
    n_rows: int
    n_columns: int = 1  # before they are encoded
    alike: bool | None = None  # whether they are measurements of one kind; None before they were looked at


Settings = dict[str, Any]

# The plain network of the lecture: what the other presets start from.
PLAIN: Settings = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "parametric_activation": False,
    "dropout": 0.0,
    "dropout_schedule": "constant",
    "front_scale": 0.0,
    "numeric_embedding": None,
    "numeric_embedding_rate": 1.0,
    "embed_above": None,
    "splines": None,
    "categorical": None,
    "n_members": 1,
    "ntk": False,
    "initializer": "suited",
    "bias_initializer": "zeros",
    "zero_last_layer": False,
    "label_smoothing": 0.0,
    "alpha": 0.0,
    "optimizer": "adam",
    "decay_schedule": "constant",
    "learning_rate_init": 1e-3,
    "bias_rate": 1.0,
    "schedule": "constant",
    "averaging": 0.0,
    "max_iter": 200,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "n_iter_no_change": 10,
    "calibrate": False,
    "scaling": "standard",
    "dates": "number",
}


def course(facts: Facts) -> Settings:
    """The lecture: gradient descent on relu layers whose weights start small, all rows in a step."""
    return PLAIN | {
        "hidden_layer_sizes": (20, 7, 5),
        "initializer": "lecun_normal",
        "optimizer": "gradient_descent",
        "learning_rate_init": 0.0075,
        "batch_size": max(facts.n_rows, 1),
        "max_iter": 2500,
        "n_iter_no_change": 2500,
    }


def sklearn(facts: Facts) -> Settings:
    """What scikit-learn's MLPClassifier and MLPRegressor do by default, on standardised columns."""
    return PLAIN | {
        "initializer": "glorot_uniform",
        "bias_initializer": "glorot_uniform",
        "alpha": 1e-4,
        "batch_size": min(200, max(facts.n_rows, 1)),
    }


def td_s(facts: Facts) -> Settings:
    """RealMLP-TD-S of Holzmueller, Grinsztajn, Steinwart 2024, "Better by Default"."""
    classifies = facts.task == "classifier"
    return PLAIN | {
        "hidden_layer_sizes": (256, 256, 256),
        "activation": "selu" if classifies else "mish",
        "front_scale": 6.0,
        "ntk": True,
        "initializer": "lecun_normal",  # N(0, 1) in NTK form
        "bias_initializer": "normal",
        "zero_last_layer": True,
        "label_smoothing": 0.1 if classifies else 0.0,
        "optimizer": "adam(beta2=0.95)",
        "learning_rate_init": 0.04 if classifies else 0.07,
        "bias_rate": 0.1,
        "schedule": "four_cycle",
        "batch_size": 256,
        "max_iter": 256,
        "early_stopping": True,
        "validation_fraction": 0.2,
        "n_iter_no_change": 256,
        "scaling": "robust",
    }


def td(facts: Facts) -> Settings:
    """RealMLP-TD of the same paper: TD-S with embeddings, parametric activations, dropout and decay."""
    return td_s(facts) | {
        "numeric_embedding": "periodic",
        "numeric_embedding_rate": 0.1,
        "embed_above": 9,
        "parametric_activation": True,
        "initializer": "data",
        "bias_initializer": "data",
        "zero_last_layer": False,
        "dropout": 0.15,
        "dropout_schedule": "flat_then_cosine",
        "optimizer": "adamw(beta2=0.95, weight_decay=0.02)",
        "decay_schedule": "flat_then_cosine",
        "learning_rate_init": 0.04 if facts.task == "classifier" else 0.2,
    }


def auto(facts: Facts) -> Settings:
    """The default: an ensemble in one network on embedded columns, at a constant rate, with averaged weights.

    Embeddings and initialisation are those of RealMLP-TD, the members those of TabM-mini. Instead of a schedule, an
    exponential moving average of the weights is evaluated: at any time it is about as good as what a schedule ends
    with, so early stopping ends training after 10 to 80 epochs instead of 256. It takes the noise of large steps out
    again, so the rate is high, and of numbers a step has few rows. Few rows want more members. Columns that are all of
    one kind, like pixels, say little one by one: of classes they get no embedding, and smoothed labels.
    """
    n, classifies, wide = facts.n_rows, facts.task == "classifier", facts.n_columns > WIDE_TABLE_COLUMNS
    few, plain = n < FEW_ROWS, wide or facts.alike is True
    rate = (0.02 if few else 0.04 if plain else 0.06) if classifies else (0.035 if few else 0.05)
    embedding_rate = (0.02 if classifies else 0.035) / rate
    units = (256 if facts.alike and not few else 160) if classifies else (64 if few else 128)
    patience = 2 if n >= VERY_MANY_ROWS else 3 if n >= MANY_ROWS else 5 if classifies else 8
    return td(facts) | {
        "hidden_layer_sizes": (units, units),
        "activation": "relu",
        "parametric_activation": False,
        "numeric_embedding": None if wide or (facts.alike and classifies) else "periodic",
        "numeric_embedding_rate": embedding_rate,
        "embed_above": 50,
        "splines": None if wide else "jagged",
        "categorical": None if wide else "identifiers",
        "front_scale": 0.0,
        "n_members": 4 if few else 2,
        "label_smoothing": 0.1 if classifies and plain else 0.0,
        "calibrate": True,
        "learning_rate_init": rate,
        "schedule": "constant",
        "dropout": 0.15 if classifies or few else 0.05,
        "dropout_schedule": "constant",
        "decay_schedule": "constant",
        "averaging": max(0.5, min(0.8, exp(-n / 100_000))),  # over the last few hundred steps
        "batch_size": 512 if n >= MANY_ROWS else 128 if classifies else 64,
        "max_iter": 200,
        "early_stopping": n >= FEWEST_ROWS_TO_HOLD_OUT,
        "n_iter_no_change": patience,
        "scaling": "robust" if plain else "suited" if facts.alike is None else "quantile",
        "dates": "auto",
    }


def fast(facts: Facts) -> Settings:
    """A single, small network on the columns of the default, for about the time of boosted trees."""
    classifies, many = facts.task == "classifier", facts.n_rows >= MANY_ROWS
    return auto(facts) | {
        "hidden_layer_sizes": (96, 96) if classifies else (64, 64),
        "n_members": 1,
        "learning_rate_init": 0.02 if classifies else 0.035,
        "numeric_embedding_rate": 1.0,
        "dropout": 0.05 if classifies else 0.0,
        "batch_size": 256 if many else 64,
        "averaging": 0.5 if many else 0.7,
        "n_iter_no_change": 3 if many else 4,
    }


WIDE_TABLE_COLUMNS = 100  # more are rather pixels or a spectrum than quantities of their own
FEW_ROWS = 2_000
MANY_ROWS, VERY_MANY_ROWS = 50_000, 100_000  # from here on a pass has so many steps that fewer passes do
FEWEST_ROWS_TO_HOLD_OUT = 60


PRESETS: dict[str, Callable[[Facts], Settings]] = {
    "auto": auto,
    "fast": fast,
    "td": td,
    "td_s": td_s,
    "sklearn": sklearn,
    "course": course,
}


def resolved(settings: Mapping[str, Any], facts: Facts) -> Settings:
    """Return the settings with every "auto" replaced by the choice of the preset, where it makes one."""
    chosen = PRESETS[settings["preset"]](facts)
    return {name: chosen.get(name, value) if _is_auto(value) else value for name, value in settings.items()}


def facts_with(facts: Facts, settings: Mapping[str, Any], scaling: str) -> Facts:
    """Return the facts with what the scaling that was learned says of the columns.

    Parameters
    ----------
    facts : Facts
    settings : mapping
        As they were given.
    scaling : str
        Of the encoder.
    """
    asked = resolved(settings, replace(facts, alike=None))["scaling"]
    return replace(facts, alike=asked == "suited" and scaling == "robust")


def may_hold_out(settings: Mapping[str, Any], task: Literal["classifier", "regressor"]) -> bool:
    """Whether rows are held out for early stopping, if there are enough of them."""
    return bool(resolved(settings, Facts(task, n_rows=10**6))["early_stopping"])


SHARE_OF_A_SCHEDULED_RATE = 0.1


def constant_rate(preset: str, facts: Facts) -> float:
    """Return a learning rate for epochs without a schedule: a tenth of a rate that a schedule would reduce."""
    chosen = PRESETS[preset](facts)
    return float(chosen["learning_rate_init"] * (1 if chosen["schedule"] == "constant" else SHARE_OF_A_SCHEDULED_RATE))


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"
