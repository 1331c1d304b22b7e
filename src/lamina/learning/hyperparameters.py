"""Every setting, once: its default, its range and its help.

The table `SETTINGS` serves the estimators' constructors, their validation and docstrings, the command line's flags, the
commented TOML file and, later, search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, get_args

import numpy as np

from lamina.engine import EngineName
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import LAYERS
from lamina.equations.losses import LOSSES
from lamina.equations.optimisers import OPTIMISERS
from lamina.errors import SettingError, nearest
from lamina.learning.choices import chosen, interval, within
from lamina.learning.foreign_names import meant
from lamina.learning.initialisers import BIAS_INITIALISERS, INITIALISERS
from lamina.learning.lbfgs import LBFGS
from lamina.learning.presets import PRESETS
from lamina.learning.schedules import SCHEDULES

OPTIMISER_CHOICES: dict[str, type] = {**OPTIMISERS, LBFGS.kind: LBFGS}


@dataclass(frozen=True)
class Number:
    """A number in an interval, or one of a few words."""

    low: float
    high: float = float("inf")
    ends: str = "[]"
    whole: bool = False
    words: tuple[Any, ...] = ()

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, str | bool | type(None)):
            fits = any(value is word or (isinstance(word, str) and value == word) for word in self.words)
        else:
            number = isinstance(value, Integral if self.whole else Real)
            fits = number and within(_float(value), self.low, self.high, self.ends)
        if not fits:
            raise SettingError(f"{name}={value!r}: expected {self.text}.")

    @property
    def text(self) -> str:
        number = f"a {'whole ' if self.whole else ''}number {interval(self.low, self.high, self.ends)}"
        return " or ".join([number, *(repr(word) for word in self.words)])

    @property
    def annotation(self) -> str:
        return " | ".join(["int" if self.whole else "float", *literals(self.words)])


def literals(values: Sequence[Any]) -> list[str]:
    """Return the types of a few values, to be joined by a bar."""
    texts = [value for value in values if isinstance(value, str)]
    kinds = {type(value): None for value in values if not isinstance(value, str)}
    named = ["None" if kind is type(None) else kind.__name__ for kind in kinds]
    return [*([f"Literal[{', '.join(map(repr, texts))}]"] if texts else []), *named]


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


@dataclass(frozen=True)
class OneOf:
    """One of a few values."""

    values: tuple[Any, ...]

    def check(self, name: str, value: Any) -> None:
        if not any(value is known or (type(value) is type(known) and value == known) for known in self.values):
            raise SettingError(f"{name}={value!r}: expected {self.text}.{nearest(value, self.values)}")

    @property
    def text(self) -> str:
        return "one of " + ", ".join(repr(value) for value in self.values)

    @property
    def annotation(self) -> str:
        return " | ".join(literals(self.values))


@dataclass(frozen=True)
class Choice:
    """A row of a table with settings of its own: see `choices.chosen`."""

    table: Mapping[str, type]
    words: tuple[str, ...] = ()

    def check(self, name: str, value: Any) -> None:
        if not (isinstance(value, str) and value in self.words):
            chosen(name, value, self.table)

    @property
    def text(self) -> str:
        return "one of " + ", ".join([*self.words, *self.table]) + ", alone or with settings, like name(setting=value)"

    @property
    def annotation(self) -> str:
        return " | ".join(["str", "Mapping[str, object]", *(one.__name__ for one in self.table.values())])


@dataclass(frozen=True)
class HiddenLayers:
    """Units of the hidden layers; an entry may also be a layer of its own, such as a Residual."""

    text: str = "a list of whole numbers of at least 1, or layers"
    annotation: str = "int | Sequence[int | Layer | Dense] | Literal['auto']"

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, str) and value == "auto":
            return
        entries = [value] if isinstance(value, Integral) else value
        if isinstance(entries, str) or not (isinstance(entries, Sequence) or hasattr(entries, "tolist")):
            raise SettingError(f"{name}={value!r}: expected {self.text}.")
        for entry in entries:
            whole = isinstance(entry, Integral) and not isinstance(entry, bool)
            if not (whole and int(entry) >= 1) and not (
                hasattr(entry, "parts") or getattr(entry, "kind", None) in LAYERS
            ):
                raise SettingError(f"{name}={value!r}: {entry!r} is not a hidden layer; expected {self.text}.")


@dataclass(frozen=True)
class Activations:
    """One activation for all hidden layers, or one for each."""

    text: str = "one of " + ", ".join(ACTIVATIONS) + ", or one for each hidden layer"
    annotation: str = "ActivationName | Sequence[ActivationName] | Literal['auto']"

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, str) and value == "auto":
            return
        for one in [value] if isinstance(value, str) else value if isinstance(value, Sequence) else [None]:
            if not isinstance(one, str) or one not in ACTIVATIONS:
                raise SettingError(f"{name}={value!r}: expected {self.text}.{nearest(one, ACTIVATIONS)}")


@dataclass(frozen=True)
class Columns:
    """Columns by name or position, or none, or one of a few words."""

    words: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " or ".join(["a list of names or positions of columns, or None", *map(repr, self.words)])

    @property
    def annotation(self) -> str:
        return "str | int | Sequence[str | int] | None"

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, str) and value in self.words:
            return
        entries = () if value is None else [value] if isinstance(value, str | Integral) else value
        if not isinstance(entries, Sequence) or not all(map(self._is_column, entries)):
            raise SettingError(f"{name}={value!r}: expected {self.text}.")

    @staticmethod
    def _is_column(entry: Any) -> bool:
        return isinstance(entry, str) or (
            isinstance(entry, Integral) and not isinstance(entry, bool) and int(entry) >= 0
        )


@dataclass(frozen=True)
class Anything:
    """Checked where it is used: by scikit-learn (scorers, random states, class weights)."""

    text: str
    annotation: str

    def check(self, name: str, value: Any) -> None:
        return


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    name: str
    default: Any
    kind: Number | OneOf | Choice | HiddenLayers | Activations | Columns | Anything
    help: str
    only_for: str | None = None  # "classifier" or "regressor"


YES_NO = OneOf((True, False))
RATE = Number(0, 1, "[)")

# Settings that a preset answers have the default "auto": learning/presets.py.
AUTO = ("auto",)
AUTO_YES_NO = OneOf(("auto", True, False))
AUTO_SCHEDULE = Choice(SCHEDULES, AUTO)

SETTINGS: tuple[Setting, ...] = (
    Setting("preset", "auto", OneOf(tuple(PRESETS)), "The recipe that answers what is left at auto."),
    # The network
    Setting("hidden_layer_sizes", "auto", HiddenLayers(), "Units of each hidden layer."),
    Setting("activation", "auto", Activations(), "What each hidden layer applies to Z = W A_prev + b."),
    Setting("parametric_activation", "auto", AUTO_YES_NO, "Let each unit learn how much of its activation it wants."),
    Setting("normalization", None, OneOf((None, "layer", "batch")), "Normalisation between Z and the activation."),
    Setting("dropout", "auto", Number(0, 1, "[)", words=AUTO), "Part of the hidden units switched off in each step."),
    Setting("dropout_schedule", "auto", AUTO_SCHEDULE, "How dropout changes while training goes on."),
    Setting(
        "numeric_embedding",
        "auto",
        OneOf(("auto", None, "periodic")),
        "Let each number bring learned waves of itself into the network.",
    ),
    Setting(
        "numeric_embedding_rate",
        "auto",
        Number(0, ends="[)", words=AUTO),
        "What the rate is multiplied by for the waves of numbers.",
    ),
    Setting("embedding_size", 8, Number(1, 4096, whole=True), "Numbers that an embedded category becomes."),
    Setting(
        "front_scale",
        "auto",
        Number(0, ends="[)", words=AUTO),
        "A learned factor on every feature, with its rate this many times the rate; 0: none.",
    ),
    Setting(
        "n_members",
        "auto",
        Number(1, 1024, whole=True, words=AUTO),
        "Networks in one that share most of their weights and predict together.",
    ),
    Setting("ntk", "auto", AUTO_YES_NO, "Let the weights of wide layers learn more slowly, as in the NTK form."),
    Setting(
        "initializer",
        "auto",
        OneOf(("auto", "suited", "data", *INITIALISERS)),
        "Start of the weights; suited: to the activation; data: so that each Z has deviation 1 on the training rows.",
    ),
    Setting(
        "bias_initializer",
        "auto",
        OneOf(("auto", "data", *BIAS_INITIALISERS)),
        "Start of the biases; data: so that units switch amid the training rows.",
    ),
    Setting("zero_last_layer", "auto", AUTO_YES_NO, "Start the weights and biases of the last layer at 0."),
    # What it learns
    Setting("loss", "auto", Choice(LOSSES, AUTO), "The cost of an error; auto: log loss, or squared error."),
    Setting(
        "label_smoothing",
        "auto",
        Number(0, 1, "[)", words=AUTO),
        "Part of each label spread evenly over all the classes.",
        only_for="classifier",
    ),
    Setting(
        "calibrate",
        "auto",
        AUTO_YES_NO,
        "Divide Z[L] by the temperature that makes the probabilities of the held-out rows best.",
        only_for="classifier",
    ),
    Setting(
        "class_weight",
        None,
        Anything("None, 'balanced', or a dict of class: weight", "Literal['balanced'] | Mapping[Any, float] | None"),
        "What each class counts; 'balanced' makes all classes count the same.",
        only_for="classifier",
    ),
    Setting(
        "scale_target", True, YES_NO, "Learn targets standardised, give predictions back in their units.", "regressor"
    ),
    Setting(
        "clamp", False, YES_NO, "Keep predictions between the smallest and the largest target of training.", "regressor"
    ),
    Setting("alpha", "auto", Number(0, ends="[)", words=AUTO), "L2: the lambda of lambda/2m times the sum of W^2."),
    Setting("l1", 0.0, Number(0, ends="[)"), "L1: lambda of lambda/m times the sum of |W|."),
    # How it learns
    Setting("optimizer", "auto", Choice(OPTIMISER_CHOICES, AUTO), "The rule that moves the parameters."),
    Setting("decay_schedule", "auto", AUTO_SCHEDULE, "How the optimizer's weight_decay changes as training goes on."),
    Setting(
        "learning_rate_init",
        "auto",
        Number(0, ends="()", words=AUTO),
        "The learning rate before the schedule's factor.",
    ),
    Setting("bias_rate", "auto", Number(0, ends="[)", words=AUTO), "What the rate is multiplied by for biases."),
    Setting("schedule", "auto", AUTO_SCHEDULE, "How the learning rate changes while training goes on."),
    Setting(
        "batch_size",
        "auto",
        Number(1, ends="[)", whole=True, words=AUTO),
        "Rows of one step; auto: as the preset says, else 32 to 256, growing with the rows.",
    ),
    Setting("max_iter", "auto", Number(1, ends="[)", whole=True, words=AUTO), "Most passes over the rows (epochs)."),
    Setting(
        "averaging",
        "auto",
        Number(0, 1, "[)", words=AUTO),
        "Watch and keep a running mean of the weights: what of it stays in an epoch; 0: the weights themselves.",
    ),
    Setting("shuffle", True, YES_NO, "Draw a new order of the rows for every epoch."),
    # When it stops
    Setting(
        "early_stopping",
        "auto",
        OneOf(("auto", True, False)),
        "Hold rows out, and stop when their cost no longer falls.",
    ),
    Setting(
        "validation_fraction",
        "auto",
        Number(0, 1, "()", words=AUTO),
        "Part of the rows held out for early stopping.",
    ),
    Setting(
        "n_iter_no_change",
        "auto",
        Number(1, ends="[)", whole=True, words=AUTO),
        "Epochs without progress before it stops.",
    ),
    Setting("tol", 1e-4, Number(0, ends="[)"), "What counts as progress."),
    Setting(
        "max_time",
        None,
        Number(0, ends="()", words=(None,)),
        "Seconds after which training ends, with the best weights so far.",
    ),
    Setting(
        "checkpoint_interval",
        60.0,
        Number(0, ends="()"),
        "Seconds between two checkpoints within an epoch, where checkpoints are written; each epoch ends with one.",
    ),
    Setting(
        "scoring",
        "cost",
        Anything("'cost', or the name of a scikit-learn scorer, or a scorer", "str | Callable[..., Any] | None"),
        "What is watched for stopping and for the best epoch.",
    ),
    # How columns become features
    Setting(
        "scaling",
        "auto",
        OneOf(("auto", "robust", "standard", "minmax", "quantile", "none")),
        "Numbers: by quartiles, smoothly clipped; to mean 0 and deviation 1; to [0, 1]; to a normal; or as they are.",
    ),
    Setting("missing", "encode", OneOf(("encode", "raise")), "Missing values: fill in and mark, or refuse."),
    Setting(
        "max_categories",
        50,
        Number(2, ends="[)", whole=True),
        "Levels of a column that get a feature of their own; the rarest beyond share one.",
    ),
    Setting("min_frequency", 1, Number(1, ends="[)", whole=True), "Levels of fewer rows share one feature."),
    Setting(
        "embed_above",
        "auto",
        Number(2, ends="[)", whole=True, words=("auto", None)),
        "A column of more levels is looked up in an embedding instead of getting a feature for each; none: never.",
    ),
    Setting("categorical", None, Columns(), "Columns of numbers to treat as categories."),
    Setting(
        "splines",
        "auto",
        Columns(("auto", "jagged")),
        "Columns of numbers that also bring linear splines; jagged: those whose exact values say more of the targets.",
    ),
    Setting(
        "dates",
        "auto",
        OneOf(("auto", "number", "parts", "cyclic")),
        "Dates: one number, also its year, month, weekday and hour, or the last three as points of a circle; auto: "
        "as the preset says, which by default is parts where the hour or the year varies.",
    ),
    # Everything else
    Setting("warm_start", False, YES_NO, "Go on from the last fit instead of starting anew."),
    Setting(
        "random_state",
        None,
        Anything("None, a whole number, or a RandomState", "int | np.random.RandomState | np.random.Generator | None"),
        "Seed of every random number.",
    ),
    Setting("verbose", False, Number(0, ends="[)", whole=True, words=(False, True)), "Show the progress of training."),
    Setting("dtype", "float32", OneOf(("float32", "float64")), "Precision of the numbers in training."),
    Setting("engine", "auto", OneOf(get_args(EngineName)), "Who computes: the fastest that can, or the one named."),
)


# What may be another when a run goes on from its checkpoint.
MAY_CHANGE = frozenset({"max_iter", "max_time", "checkpoint_interval", "verbose", "warm_start"})


def settings_for(task: str) -> dict[str, Setting]:
    """Return the settings of a "classifier" or a "regressor" by name."""
    return {one.name: one for one in SETTINGS if one.only_for in (None, task)}


def unknown(name: str, who: str, task: str) -> str:
    """Say that there is no such setting, and which one may be meant."""
    known = settings_for(task)
    other = [one.only_for for one in SETTINGS if one.name == name and name not in known]
    if other:
        return f"{name} is only for a {other[0]}, and {who} is a {task}."
    return f"{who} has no setting {name!r}." + (meant(name, known) or f" It has {', '.join(known)}.")


def check(settings: Mapping[str, Any], task: str) -> None:
    """Check every value against its range.

    Raises
    ------
    SettingError
        Says what was found and what was expected.
    """
    known = settings_for(task)
    for name, value in settings.items():
        if name not in known:
            raise SettingError(unknown(name, f"A {task}", task))
        known[name].kind.check(name, value)


def automatic_batch_size(n: int) -> int:
    """Return about n/64 as a power of two, from 32 to 256, and no more than n: some 60 steps an epoch on small data."""
    return min(n, 2 ** int(np.clip(np.log2(max(n, 1) / 64), 5, 8)))


def seed_from(random_state: Any) -> int:
    """Return a seed of 63 bits: a whole number as it is, a RandomState's or fresh entropy's next number."""
    if isinstance(random_state, int | np.integer):
        if not 0 <= int(random_state) < 2**63:
            raise SettingError(f"random_state={random_state!r}: expected a whole number from 0 to 2**63 - 1.")
        return int(random_state)
    if random_state is None:
        return int(np.random.default_rng().integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(0, 2**63, dtype=np.uint64))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    raise SettingError(f"random_state={random_state!r}: expected None, a whole number, or a RandomState.")
