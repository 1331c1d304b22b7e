"""Settings as flags and as a TOML file, both made from the one table in learning/hyperparameters.py.

    --hidden-layer-sizes 128,64      hidden_layer_sizes = [128, 64]
    --normalization none             normalization = "none"
    --optimizer "adam(beta1=0.95)"   optimizer = "adam(beta1=0.95)"

TOML has no null: "none" stands for Python's None, wherever None is allowed.
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from lamina.errors import SettingError, nearest
from lamina.learning import hyperparameters
from lamina.learning.hyperparameters import SETTINGS, Activations, Columns, HiddenLayers, Setting

Task = Literal["classifier", "regressor"]

# A command is one training run, which always shows its progress.
NOT_HERE = ("warm_start", "verbose")
OFFERED: dict[str, Setting] = {one.name: one for one in SETTINGS if one.name not in NOT_HERE}
KINDS = {"classifier": "classes", "regressor": "numbers"}
PANEL = Group("Settings (also in a TOML file: lamina init)", sort_key=10)


def _is_switch(one: Setting) -> bool:
    return one.kind == hyperparameters.YES_NO


def help_of(one: Setting) -> str:
    """Return help, range and default of a setting as one sentence."""
    only = f" Only to predict {KINDS[one.only_for]}." if one.only_for else ""
    kind = "" if _is_switch(one) else f" {one.kind.text[0].upper()}{one.kind.text[1:]}."
    return f"{one.help}{only}{kind} [default: {_short(one.default)}]"


def _flag(one: Setting) -> tuple[str, Any, Any]:
    """Return name, type and default of the field that cyclopts makes a flag of."""
    name = one.name.replace("_", "-")
    negative = f"--no-{name}" if _is_switch(one) else ()
    look = Parameter(
        name=f"--{name}", help=help_of(one), group=PANEL, negative=negative, metavar="VALUE", allow_leading_hyphen=True
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
    given = {} if flags is None else {name: getattr(flags, name) for name in OFFERED}
    return {name: _understood(OFFERED[name], text) for name, text in given.items() if text is not None}


def _understood(one: Setting, text: Any) -> Any:
    """Return the first meaning of a text that is in the setting's range; else say what was expected."""
    meanings = list(_meanings(one, text))
    for value in meanings:
        with suppress(SettingError):
            one.kind.check(one.name, value)
            return value
    one.kind.check(one.name, meanings[0])
    return meanings[0]


def _meanings(one: Setting, text: Any) -> Iterator[Any]:
    if not isinstance(text, str):
        yield text
    elif isinstance(one.kind, HiddenLayers | Activations):
        parts = [part.strip() for part in text.strip("[]() ").split(",") if part.strip()]
        alone = len(parts) == 1 and (isinstance(one.kind, Activations) or parts[0] == "auto")
        yield parts[0] if alone else tuple(map(_literal, parts))
    elif isinstance(one.kind, Columns) and text not in one.kind.words and _literal(text) is not None:
        yield tuple(int(part) if part.isdecimal() else part for part in map(str.strip, text.split(",")))
    else:
        yield _literal(text)
        yield text


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


def read_toml(path: Path) -> dict[str, Any]:
    """Return the settings of a TOML file.

    Raises
    ------
    SettingError
        It does not exist, is not valid TOML (with the line), or names no setting.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingError(f"there is no file {str(path)!r}: `lamina init --out {path}` writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingError(f"{path} is not valid TOML: {problem}") from problem
    for name in found:
        if name not in OFFERED:
            raise SettingError(f"{path}: there is no setting {name!r}.{nearest(name, OFFERED)}")
    try:
        return {name: _from_toml(OFFERED[name], value) for name, value in found.items()}
    except SettingError as problem:
        raise SettingError(f"{path}: {problem}") from problem


def _from_toml(one: Setting, value: Any) -> Any:
    value = tuple(value) if isinstance(value, list) else value
    if value == "none":
        return _understood(one, value)
    one.kind.check(one.name, value)
    return value


def as_toml() -> str:
    """Return a TOML file with every setting at its default, explained."""
    lines = [
        "# Settings for: lamina train FILE --target COLUMN --config THIS_FILE",
        "# A flag on the command line wins.",
    ]
    for one in OFFERED.values():
        explained = help_of(one).partition(" [default:")[0]
        lines += ["", *(f"# {line}" for line in _wrapped(explained)), f"{one.name} = {_toml(one.default)}"]
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, 98, break_long_words=False, break_on_hyphens=False)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if value is None or isinstance(value, str):
        return f'"{spelled(value)}"'
    return spelled(value)


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


if TYPE_CHECKING:
    Flags = Any
else:
    Flags = make_dataclass("Flags", map(_flag, OFFERED.values()), namespace={"__module__": __name__})
