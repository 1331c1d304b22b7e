"""A training run as one TOML file: what it reads and writes, and the settings that are not at their defaults.

    file = "people.csv"              lamina train people.csv
    target = "income"                    --target income
    drop = ["id", "name"]                --drop id,name
    max_iter = 20                        --max-iter 20

Paths are relative to the folder of the TOML file.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

from lamina.cli.files import is_elsewhere, local
from lamina.cli.settings import IN_GROUPS, OFFERED, check_one, expected, from_text, purpose_of, spelled
from lamina.errors import SettingError
from lamina.learning.foreign_names import meant
from lamina.learning.group import SUMS
from lamina.learning.hyperparameters import Setting

WIDTH = 98  # of a comment
NONE = re.compile(r"(?<!')\bnone\b(?!')")
TASKS = ("classification", "regression")


class RunFile(NamedTuple):
    """What a TOML file says."""

    options: dict[str, Any]  # of the command: file, target, ...
    settings: dict[str, Any]  # of hyperparameters.SETTINGS


class Option(NamedTuple):
    """An option of `lamina train` that is no setting."""

    example: str  # as TOML
    about: str
    expected: str
    fits: Callable[[Any], bool]
    is_path: bool = False


def _path(example: str, about: str) -> Option:
    return Option(f'"{example}"', about, "a path", lambda value: isinstance(value, str), True)


def _name(example: str, about: str) -> Option:
    return Option(f'"{example}"', about, "the name of a column", lambda value: isinstance(value, str))


def _word(example: str, about: str) -> Option:
    return Option(f'"{example}"', about, "text", lambda value: isinstance(value, str))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_list(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


OPTIONS = {
    "file": Option(
        '"people.csv"', "The table to learn from; or a list, a folder, a glob.", "a path, or a list", _is_list, True
    ),
    "target": _name("income", "The column to predict."),
    "task": Option('"classification"', "What the target holds.", f"one of {', '.join(TASKS)}", lambda v: v in TASKS),
    "weights": _name("weight", "A column that says how much each row counts."),
    "drop": Option('["id"]', "Columns to leave out.", "a list of names of columns", _is_list),
    "groups": _name("customer", "A column: rows of one group are held out together."),
    "time": _name("date", "A column: the latest rows are held out."),
    "stream": Option("true", "Read rows as they are needed.", "true or false", lambda value: isinstance(value, bool)),
    "cache": _path("cache", "A folder for encoded rows."),
    "on_error": Option('"skip"', "What to do with broken rows.", "'raise' or 'skip'", lambda v: v in ("raise", "skip")),
    "validation": _path("later.csv", "A file of validation rows."),
    "out": _path("income.lamina", "The model file to write."),
    "plot": _path("curve.png", "A picture of the learning curve to write."),
    "checkpoint": _path("run", "A folder to write checkpoints to."),
    "track": Option('["tensorboard=runs"]', "Where to write down how it goes.", "a list of words", _is_list),
    "cluster": _word("local[2]", "Where to train: workers on this machine, on Ray, or mpi."),
    "cluster_sums": Option(
        '"bfloat16"', "How workers add gradients.", f"one of {', '.join(SUMS)}", lambda v: v in SUMS
    ),
    "local_steps": Option("8", "Steps of each worker by itself.", "a whole number from 1", _is_count),
    "text": Option('["zip"]', "Columns to read as text.", "a list of names of columns", _is_list),
    "encoding": _word("latin-1", "The encoding of a CSV file."),
    "decimal": _word(",", "The decimal sign of numbers."),
    "thousands": _word(".", "The sign between thousands."),
    "missing_words": _word("NA,n.a.", "Cells that mean a missing value."),
    "drop_missing_target": Option(
        "false", "Leave out rows whose target is missing.", "true or false", lambda value: isinstance(value, bool)
    ),
    "json": Option("false", "Print the result as JSON.", "true or false", lambda value: isinstance(value, bool)),
}


def read_toml(path: Path) -> RunFile:
    """Return the options and settings of a TOML file.

    Raises
    ------
    SettingError
        It does not exist, is not valid TOML (with the line), or holds what is neither.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingError(f"there is no file {str(path)!r}: `lamina init --out {path}` writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise SettingError(f"{path} is not valid TOML: {problem}") from problem
    options, settings = {}, {}
    try:
        for name, value in found.items():
            if name in OPTIONS:
                options[name] = _option(name, value, path.parent)
            elif name in OFFERED:
                settings[name] = _setting(OFFERED[name], value)
            else:
                raise SettingError(f"there is no setting {name!r}.{meant(name, [*OFFERED, *OPTIONS])}")
    except SettingError as problem:
        raise SettingError(f"{path}: {problem}") from problem
    return RunFile(options, settings)


def _option(name: str, value: Any, folder: Path) -> Any:
    option = OPTIONS[name]
    if not option.fits(value):
        raise SettingError(f"{name}={value!r}: expected {option.expected}.")
    if option.is_path and isinstance(value, list):
        return [_placed(one, folder) for one in value]
    if option.is_path:
        return _placed(value, folder)
    if name == "track":
        return [_track_placed(word, folder) for word in ([value] if isinstance(value, str) else value)]
    return [value] if name in ("drop", "text") and isinstance(value, str) else value


def _track_placed(word: str, folder: Path) -> str:
    kind, _, place = word.partition("=")
    return f"{kind}={_placed(place, folder)}" if place and kind in ("tensorboard", "jsonl") else word


def _placed(value: str, folder: Path) -> Path | str:
    if is_elsewhere(value):
        return value
    place = local(Path(value))
    return place if place.is_absolute() else folder / place


def _setting(one: Setting, value: Any) -> Any:
    value = tuple(value) if isinstance(value, list) else value
    if value == "none":
        return from_text(one, value)
    check_one(one, value)
    return value


def with_options(given: Mapping[str, Any], file: RunFile) -> dict[str, Any]:
    """Return the options of a command: those of the command line win over those of the file."""
    return {name: file.options.get(name) if value is None else value for name, value in given.items()}


# ---- writing one ----


def as_toml() -> str:
    """Return a TOML file with every setting at its default, explained."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# A run: lamina train --config THIS_FILE"
    yield "# A flag on the command line wins. Paths are relative to the folder of this file."
    yield "# Every setting is at its default: keep the lines that you change."
    yield ""
    for name, option in OPTIONS.items():
        yield f"{f'# {name} = {option.example}':<36}  # {option.about}"
    for title, names in IN_GROUPS.items():
        if names:
            yield from ("", f"# ---- {title} ----")
        for name in names:
            one = OFFERED[name]
            explained = wrap(_explained(one), WIDTH, break_long_words=False, break_on_hyphens=False)
            yield from ("", *(f"# {line}" for line in explained), f"{name} = {_toml(one.default)}")


def _explained(one: Setting) -> str:
    if one.name == "class_weight":
        return f'{purpose_of(one)} "none", "balanced", or a table of class = weight, such as {{yes = 2, no = 1}}.'
    values = NONE.sub("'none'", expected(one))
    return f"{purpose_of(one)} {values}."


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if value is None or isinstance(value, str):
        return f'"{spelled(value)}"'
    return spelled(value)
