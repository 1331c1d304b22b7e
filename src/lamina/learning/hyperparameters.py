"""Every setting, once: its default, its range and its help.

The table `SETTINGS` serves the estimators' constructors, their validation and docstrings, the command line's flags, the
commented TOML file, and the search (`lamina.tuning`), which varies the settings that have a `search` range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, get_args

import numpy as np

from lamina.engine import DEVICES_TEXT, EngineName, check_device
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import LAYERS, Dense, Residual
from lamina.equations.losses import LOSSES
from lamina.equations.optimisers import OPTIMISERS
from lamina.errors import SettingError, nearest
from lamina.learning.choices import checked, chosen, interval, shown, within
from lamina.learning.foreign_names import meant
from lamina.learning.initialisers import BIAS_INITIALISERS, INITIALISERS
from lamina.learning.lbfgs import LBFGS
from lamina.learning.own_losses import own_loss_of
from lamina.learning.precision import DTYPES
from lamina.learning.presets import PRESETS
from lamina.learning.schedules import SCHEDULES
from lamina.learning.search_ranges import Among, Between, Range

MOST_UNITS = 2**31 - 1  # of a layer
DEEPEST = 32  # residuals inside residuals

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
            if fits and self.whole and int(value) >= 2**63:
                raise SettingError(f"{name}={shown(value)}: expected a whole number below 2**63.")
        if not fits:
            raise SettingError(f"{name}={shown(value)}: expected {self.text}.")

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
class LossChoice(Choice):
    """A loss of the table, or a function of one's own."""

    def check(self, name: str, value: Any) -> None:
        if own_loss_of(value) is None:
            super().check(name, value)

    @property
    def text(self) -> str:
        return f"{super().text}; in Python also a function (docs/own-losses.md)"

    @property
    def annotation(self) -> str:
        return f"{super().annotation} | OwnLoss | Callable[..., Any]"


@dataclass(frozen=True)
class HiddenLayers:
    """Units of the hidden layers; an entry may also be a layer of its own, such as a Residual."""

    text: str = "a list of whole numbers of at least 1, or layers"
    annotation: str = "int | Sequence[int | Layer | Dense] | Literal['auto']"

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, str) and value == "auto":
            return
        entries = [value] if isinstance(value, Integral) else value
        if isinstance(entries, str | bytes) or not (isinstance(entries, Sequence) or hasattr(entries, "tolist")):
            raise SettingError(f"{name}={shown(value)}: expected {self.text}.")
        for entry in entries:
            if isinstance(entry, Dense) or getattr(entry, "kind", None) in LAYERS:
                self._check_layer(name, entry, 0)
            elif not isinstance(entry, Integral) or isinstance(entry, bool) or not 1 <= int(entry) <= MOST_UNITS:
                raise SettingError(
                    f"{name}={shown(value)}: {shown(entry)} is not a hidden layer; expected {self.text}."
                )

    def _check_layer(self, name: str, layer: Any, depth: int) -> None:
        if depth > DEEPEST:
            raise SettingError(f"{name}: residuals inside residuals, deeper than {DEEPEST}.")
        if isinstance(layer, Residual):
            for inside in layer.layers:
                self._check_layer(name, inside, depth + 1)
            return
        for part in layer.parts() if isinstance(layer, Dense) else (layer,):
            checked(name, part)


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
class Device:
    """The name of a device, whether or not it is there."""

    text: str = DEVICES_TEXT
    annotation: str = "str"

    def check(self, name: str, value: Any) -> None:
        check_device(value)


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
    kind: Number | OneOf | Choice | HiddenLayers | Activations | Columns | Device | Anything
    help: str
    only_for: str | None = None  # "classifier" or "regressor"
    search: Range | None = None  # where a search looks, unless told otherwise


YES_NO = OneOf((True, False))
RATE = Number(0, 1, "[)")

# Settings that a preset answers have the default "auto": learning/presets.py.
AUTO = ("auto",)
AUTO_YES_NO = OneOf(("auto", True, False))
AUTO_SCHEDULE = Choice(SCHEDULES, AUTO)

HIDDEN_LAYERS_TO_SEARCH = Among(((64, 64), (160,), (160, 160), (160, 160, 160), (320, 320)))
OPTIMISERS_TO_SEARCH = Among(
    (
        "adam(beta2=0.95)",
        "adamw(beta2=0.95, weight_decay=0.02)",
        "adamw(beta2=0.95, weight_decay=0.1)",
        "muon(beta2=0.95, weight_decay=0.02)",
    )
)

SETTINGS: tuple[Setting, ...] = (
    Setting("preset", "auto", OneOf(tuple(PRESETS)), "Named recipe that fills in every setting left at 'auto'."),
    # The network
    Setting(
        "hidden_layer_sizes",
        "auto",
        HiddenLayers(),
        "Number of units in each hidden layer.",
        search=HIDDEN_LAYERS_TO_SEARCH,
    ),
    Setting(
        "activation",
        "auto",
        Activations(),
        "Activation of the hidden layers, applied to Z = W A_prev + b.",
        search=Among(("relu", "mish", "selu")),
    ),
    Setting("parametric_activation", "auto", AUTO_YES_NO, "Learn, per unit, the mix of identity and activation."),
    Setting("normalization", None, OneOf((None, "layer", "batch")), "Normalisation between Z and the activation."),
    Setting(
        "dropout",
        "auto",
        Number(0, 1, "[)", words=AUTO),
        "Fraction of the hidden units dropped in each step.",
        search=Between(0.0, 0.5),
    ),
    Setting("dropout_schedule", "auto", AUTO_SCHEDULE, "Schedule of the dropout rate over training."),
    Setting(
        "numeric_embedding",
        "auto",
        OneOf(("auto", None, "periodic")),
        "Periodic (Fourier) embedding of numeric columns.",
        search=Among((None, "periodic")),
    ),
    Setting(
        "numeric_embedding_rate",
        "auto",
        Number(0, ends="[)", words=AUTO),
        "Factor on the learning rate of the periodic embedding.",
    ),
    Setting("embedding_size", 8, Number(1, 4096, whole=True), "Dimension of the embedding of a categorical column."),
    Setting(
        "front_scale",
        "auto",
        Number(0, ends="[)", words=AUTO),
        "Learn a scale for each input feature, with this factor on its learning rate; 0 disables it.",
    ),
    Setting(
        "n_members",
        "auto",
        Number(1, 1024, whole=True, words=AUTO),
        "Number of ensemble members, which share most of their weights; their predictions are averaged.",
        search=Among((1, 4, 8)),
    ),
    Setting(
        "n_bags",
        1,
        Number(1, 1000, whole=True),
        "Number of networks, each trained on all folds of the rows but one; their predictions are averaged.",
    ),
    Setting("ntk", "auto", AUTO_YES_NO, "NTK parametrisation: divide the learning rate of weights by sqrt(inputs)."),
    Setting(
        "initializer",
        "auto",
        OneOf(("auto", "suited", "data", *INITIALISERS)),
        "Initial weights; 'suited' follows the activation, 'data' gives each Z unit variance on the training rows.",
    ),
    Setting(
        "bias_initializer",
        "auto",
        OneOf(("auto", "data", *BIAS_INITIALISERS)),
        "Initial biases; 'data' places the kinks of the units among the training rows.",
    ),
    Setting("zero_last_layer", "auto", AUTO_YES_NO, "Initialise the weights and biases of the last layer to 0."),
    # What it learns
    Setting("loss", "auto", LossChoice(LOSSES, AUTO), "Loss function; 'auto': log loss, or squared error for numbers."),
    Setting(
        "label_smoothing",
        "auto",
        Number(0, 1, "[)", words=AUTO),
        "Fraction of each label that is spread evenly over all classes.",
        only_for="classifier",
        search=Among((0.0, 0.1)),
    ),
    Setting(
        "calibrate",
        "auto",
        AUTO_YES_NO,
        "Temperature scaling: divide Z[L] by the temperature with the lowest log loss on the validation rows.",
        only_for="classifier",
    ),
    Setting(
        "class_weight",
        None,
        Anything("None, 'balanced', or a dict of class: weight", "Literal['balanced'] | Mapping[Any, float] | None"),
        "Weight of each class; 'balanced' gives all classes the same total weight.",
        only_for="classifier",
    ),
    Setting(
        "scale_target",
        True,
        YES_NO,
        "Standardise targets for training; predictions are in the original units.",
        "regressor",
    ),
    Setting("clamp", False, YES_NO, "Clip predictions to the range of the training targets.", "regressor"),
    Setting("alpha", "auto", Number(0, ends="[)", words=AUTO), "L2 penalty: lambda in lambda/(2m) * sum(W^2)."),
    Setting("l1", 0.0, Number(0, ends="[)"), "L1 penalty: lambda in lambda/m * sum(|W|)."),
    # How it learns
    Setting(
        "optimizer",
        "auto",
        Choice(OPTIMISER_CHOICES, AUTO),
        "Optimiser that updates the parameters.",
        search=OPTIMISERS_TO_SEARCH,
    ),
    Setting("decay_schedule", "auto", AUTO_SCHEDULE, "Schedule of the optimiser's weight_decay over training."),
    Setting(
        "learning_rate_init",
        "auto",
        Number(0, ends="()", words=AUTO),
        "Learning rate that the schedule multiplies.",
        search=Between(0.002, 0.2),
    ),
    Setting("bias_rate", "auto", Number(0, ends="[)", words=AUTO), "Factor on the learning rate of the biases."),
    Setting("schedule", "auto", AUTO_SCHEDULE, "Schedule of the learning rate over training."),
    Setting(
        "batch_size",
        "auto",
        Number(1, ends="[)", whole=True, words=AUTO),
        "Rows per step; 'auto' is the preset's choice, or grows with the number of rows from 32 to 256.",
        search=Among((128, 256, 512)),
    ),
    Setting("max_iter", "auto", Number(1, ends="[)", whole=True, words=AUTO), "Maximum number of epochs."),
    Setting(
        "averaging",
        "auto",
        Number(0, 1, "[)", words=AUTO),
        "Decay per epoch of the exponential moving average of the weights that is evaluated and kept; 0 disables it.",
    ),
    Setting("shuffle", True, YES_NO, "Shuffle the training rows in every epoch."),
    # When it stops
    Setting(
        "early_stopping",
        "auto",
        OneOf(("auto", True, False)),
        "Hold out validation rows, and stop when their cost (or score) no longer improves.",
    ),
    Setting(
        "validation_fraction",
        "auto",
        Number(0, 1, "()", words=AUTO),
        "Fraction of the rows held out for validation.",
    ),
    Setting(
        "n_iter_no_change",
        "auto",
        Number(1, ends="[)", whole=True, words=AUTO),
        "Early-stopping patience: epochs without improvement before training stops.",
    ),
    Setting("tol", 1e-4, Number(0, ends="[)"), "Smallest change of the monitored value that counts as an improvement."),
    Setting(
        "max_time",
        None,
        Number(0, ends="()", words=(None,)),
        "Time limit in seconds; training then ends with the best weights so far.",
    ),
    Setting(
        "checkpoint_interval",
        60.0,
        Number(0, ends="()"),
        "Seconds between checkpoints within an epoch, if checkpoints are written; every epoch ends with one.",
    ),
    Setting(
        "scoring",
        "cost",
        Anything(
            "'cost' (or None), or the name of a scikit-learn scorer, or a scorer", "str | Callable[..., Any] | None"
        ),
        "What early stopping monitors and the best epoch is chosen by.",
    ),
    # How columns become features
    Setting(
        "scaling",
        "auto",
        OneOf(("auto", "suited", "robust", "standard", "minmax", "quantile", "none")),
        "Numeric columns: by quartiles, smoothly clipped; to mean 0, variance 1; to [0, 1]; to a normal; or unscaled. "
        "'suited': robust where the columns are measurements of one kind, like pixels, else quantile.",
        search=Among(("quantile", "robust", "standard")),
    ),
    Setting("missing", "encode", OneOf(("encode", "raise")), "Missing values: impute and add an indicator, or raise."),
    Setting(
        "max_categories",
        50,
        Number(2, ends="[)", whole=True),
        "Maximum number of one-hot features per column; the rarest levels beyond it share one.",
    ),
    Setting("min_frequency", 1, Number(1, ends="[)", whole=True), "Levels that occur in fewer rows share one feature."),
    Setting(
        "embed_above",
        "auto",
        Number(2, ends="[)", whole=True, words=("auto", None)),
        "Columns with more levels than this get an embedding instead of one-hot features; none: never.",
    ),
    Setting(
        "categorical",
        "auto",
        Columns(("auto", "identifiers")),
        "Numeric columns to treat as categories; 'identifiers' finds those whose exact number says more of the target "
        "than where it lies.",
    ),
    Setting(
        "splines",
        "auto",
        Columns(("auto", "jagged")),
        "Numeric columns that also get a linear-spline basis; 'jagged' picks those where it helps.",
        search=Among((None, "jagged")),
    ),
    Setting(
        "dates",
        "auto",
        OneOf(("auto", "number", "parts", "cyclic")),
        "Dates: as one number, with year, month, weekday and hour, or with the last three as sine and cosine; auto: "
        "with the parts where the hour or the year varies, and the days from each date to each later column of dates.",
    ),
    # Everything else
    Setting("warm_start", False, YES_NO, "Continue from the previous fit instead of starting over."),
    Setting(
        "random_state",
        None,
        Anything("None, a whole number, or a RandomState", "int | np.random.RandomState | np.random.Generator | None"),
        "Seed of all random numbers.",
    ),
    Setting("verbose", False, Number(0, ends="[)", whole=True, words=(False, True)), "Show the progress of training."),
    Setting(
        "dtype",
        "float32",
        OneOf(DTYPES),
        "Floating-point precision. 'bfloat16' rounds the operands of matrix products to it; all else is float32.",
    ),
    Setting(
        "engine",
        "auto",
        OneOf(get_args(EngineName)),
        "Computation engine; 'auto' picks the fastest that supports the network, 'torch' computes on a device.",
    ),
    Setting(
        "device",
        "auto",
        Device(),
        "Device that torch computes on, such as 'cuda'; 'auto': the CPU, and for engine='torch' a GPU if there is one.",
    ),
)


# Settings that may differ when a run resumes from its checkpoint.
MAY_CHANGE = frozenset({"max_iter", "max_time", "checkpoint_interval", "verbose", "warm_start", "device"})


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
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
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


# How help pages and files arrange the settings: every one once.
GROUPS: dict[str, tuple[str, ...]] = {
    "Settings most runs need": (
        *("preset", "max_iter", "max_time", "hidden_layer_sizes", "loss", "class_weight", "scoring", "categorical"),
        *("dates", "random_state"),
    ),
    "The network": (
        *("activation", "parametric_activation", "normalization", "dropout", "dropout_schedule", "numeric_embedding"),
        *("numeric_embedding_rate", "embedding_size", "front_scale", "n_members", "n_bags", "ntk", "initializer"),
        *("bias_initializer", "zero_last_layer"),
    ),
    "What it learns": ("label_smoothing", "calibrate", "scale_target", "clamp", "alpha", "l1"),
    "How it learns": (
        *("optimizer", "decay_schedule", "learning_rate_init", "bias_rate", "schedule", "batch_size", "averaging"),
        "shuffle",
    ),
    "When it stops": ("early_stopping", "validation_fraction", "n_iter_no_change", "tol", "checkpoint_interval"),
    "How columns become features": (
        *("scaling", "missing", "max_categories", "min_frequency", "embed_above", "splines"),
    ),
    "Everything else": ("warm_start", "verbose", "dtype", "engine", "device"),
}
