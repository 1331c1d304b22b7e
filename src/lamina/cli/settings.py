"""Settings as flags and as a TOML file, both made from the one table in learning/hyperparameters.py.

    --hidden-layer-sizes 128,64      hidden_layer_sizes = [128, 64]
    --normalization none             normalization = "none"
    --optimizer "adam(beta1=0.95)"   optimizer = "adam(beta1=0.95)"
    --class-weight yes=2,no=1        class_weight = {yes = 2, no = 1}

TOML has no null: "none" stands for Python's None, wherever None is allowed.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field, make_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from lamina.data.tables.columns import short
from lamina.errors import SettingError
from lamina.learning import hyperparameters
from lamina.learning.hyperparameters import GROUPS, SETTINGS, Activations, Columns, HiddenLayers, Setting

Task = Literal["classifier", "regressor"]

# A command is one training run, which always shows its progress.
NOT_HERE = ("warm_start", "verbose")
OFFERED: dict[str, Setting] = {one.name: one for one in SETTINGS if one.name not in NOT_HERE}
KINDS = {"classifier": "classes", "regressor": "numbers"}
IN_GROUPS = {title: [name for name in names if name in OFFERED] for title, names in GROUPS.items()}
PANELS = {
    name: Group(title, sort_key=10 + place) for place, (title, names) in enumerate(IN_GROUPS.items()) for name in names
}
WEIGHTS = re.compile(r"(.+)=([^=]+)")  # of a class
HERE = {  # Python's words, and those of flags
    ", or a scorer$": "",
    "None, a whole number, or a RandomState": "none or a whole number",
    "a dict of class: weight": "class=weight,class=weight",
    r"\bTrue\b": "true",
    r"\bFalse\b": "false",
    r"\bNone\b": "none",
}


def _is_switch(one: Setting) -> bool:
    return one.kind == hyperparameters.YES_NO


def help_of(one: Setting) -> str:
    """Return help, range and default of a setting as one sentence."""
    kind = "" if _is_switch(one) else f" {expected(one)}."
    return f"{purpose_of(one)}{kind} [default: {_short(one.default)}]"


def purpose_of(one: Setting) -> str:
    """Return what a setting is for."""
    return one.help + (f" Only to predict {KINDS[one.only_for]}." if one.only_for else "")


def expected(one: Setting) -> str:
    """Return what a setting may be, as flags spell it."""
    text = one.kind.text
    for python, here in HERE.items():
        text = re.sub(python, here, text)
    return text if text.startswith("none") else text[0].upper() + text[1:]


def _flag(one: Setting) -> tuple[str, Any, Any]:
    """Return name, type and default of the field that cyclopts makes a flag of."""
    name = one.name.replace("_", "-")
    negative = f"--no-{name}" if _is_switch(one) else ()
    look = Parameter(
        name=f"--{name}",
        help=help_of(one),
        group=PANELS[one.name],
        negative=negative,
        metavar="VALUE",
        allow_leading_hyphen=True,
    )
    return one.name, Annotated[bool | None if _is_switch(one) else str | None, look], field(default=None)


def spelled(value: Any) -> str:
    """Return a value as it is written behind a flag."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(spelled, value)) if isinstance(value, tuple) else str(value)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else spelled(value)


def from_flags(flags: Any) -> dict[str, Any]:
    """Return the settings whose flag was given."""
    given = {} if flags is None else {name: getattr(flags, name, None) for name in OFFERED}
    return {name: from_text(OFFERED[name], text) for name, text in given.items() if text is not None}


def from_text(one: Setting, text: Any) -> Any:
    """Return the first meaning of a text that is in the setting's range; else say what was expected."""
    meanings = list(_meanings(one, text))
    for value in meanings:
        with suppress(SettingError):
            check_one(one, value)
            return value
    check_one(one, meanings[0])
    return meanings[0]


def check_one(one: Setting, value: Any) -> None:
    """Check a value against its setting's range.

    Raises
    ------
    SettingError
        Whatever Python says of it: a text may spell what no rule expects.
    """
    try:
        one.kind.check(one.name, value)
    except (TypeError, ValueError, ArithmeticError, RecursionError) as problem:
        if isinstance(problem, SettingError):
            raise
        raise SettingError(f"{one.name}={short(value)}: {problem}. Expected: {expected(one)}.") from problem


def _meanings(one: Setting, text: Any) -> Iterator[Any]:
    if not isinstance(text, str):
        yield text
    elif isinstance(one.kind, HiddenLayers | Activations):
        parts = [part.strip() for part in text.strip("[]() ").split(",") if part.strip()]
        alone = len(parts) == 1 and (isinstance(one.kind, Activations) or parts[0] == "auto")
        yield parts[0] if alone else tuple(map(_literal, parts))
    elif isinstance(one.kind, Columns) and text not in one.kind.words and _literal(text) is not None:
        yield tuple(int(part) if part.isdecimal() else part for part in map(str.strip, text.split(",")))
    elif one.name == "class_weight" and _weights(text):
        yield _weights(text)
    else:
        yield _literal(text)
        yield text


def _weights(text: str) -> dict[str, float] | None:
    """Return the weights in yes=2,no=1 or {"yes": 2}; None where the text spells none."""
    if text.lstrip().startswith("{"):
        with suppress(ValueError):
            found = json.loads(text)
            return found if isinstance(found, dict) else None
    parts = [WEIGHTS.fullmatch(part.strip()) for part in next(csv.reader([text], skipinitialspace=True), [])]
    with suppress(ValueError, TypeError):
        return {part[1].strip(): float(part[2]) for part in parts}  # type: ignore[index]
    return None


def _literal(text: str) -> Any:
    """Return None, a boolean or a number where the text spells one, else the text."""
    words = {"none": None, "true": True, "false": False}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def joined(config: Mapping[str, Any], flags: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return the settings of both, flags before file, checked.

    A file holds settings for both tasks: what is for the other one may stay at its default.
    """
    settings = {**config, **flags}
    for name, one in OFFERED.items():
        if name not in settings or one.only_for in (None, task):
            continue
        if name in flags or settings.pop(name) != one.default:
            known, here = (KINDS[str(who)] for who in (one.only_for, task))
            raise SettingError(f"{name} is only for {known}, and the target holds {here}; --task says otherwise")
    hyperparameters.check(settings, task)
    return settings


def _flags(name: str, *without: str) -> Any:
    """Return the type of a group of flags: every setting but these."""
    offered = (_flag(one) for one in OFFERED.values() if one.name not in without)
    return make_dataclass(name, offered, namespace={"__module__": __name__})


if TYPE_CHECKING:
    Flags = Any
    FlagsOfTrials = Any
else:
    Flags = _flags("Flags")
    # of a search: max_time is its own, and a trial is of one network
    FlagsOfTrials = _flags("FlagsOfTrials", "max_time", "checkpoint_interval", "n_bags")
