"""The space of a search: for each setting that varies, where its values lie.

It follows from the table of settings. What somebody gives takes the place of a setting's own range, or adds a setting.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.errors import SettingError
from lamina.learning.choices import shown
from lamina.learning.hyperparameters import Number, Setting, automatic_batch_size, settings_for, unknown
from lamina.learning.presets import Facts, resolved
from lamina.learning.search_ranges import Among, Between, Range

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FIXED = ("max_time", "scoring", "random_state", "verbose", "warm_start")  # never part of a space
ONE_NETWORK = (
    "the trials of a search train one network each, on folds of their own. Leave it out, and fit with the settings "
    "that are found and n_bags."
)


@dataclass(frozen=True)
class Space:
    """Where the values of settings lie, in the order of the table of settings.

    Attributes
    ----------
    ranges : dict of str to Range
    defaults : dict
        What each of the settings is without a search: where a search begins.
    """

    ranges: dict[str, Range]
    defaults: dict[str, Any]
    whole: frozenset[str]  # settings that are whole numbers

    def distributions(self) -> "dict[str, BaseDistribution]":
        """Return the ranges as Optuna has them; of a value that is no number or text, the text."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        found: dict[str, BaseDistribution] = {}
        for name, one in self.ranges.items():
            if isinstance(one, Among):
                found[name] = CategoricalDistribution([*map(_key, one.values)])
            elif name in self.whole:
                found[name] = IntDistribution(int(one.low), int(one.high), log=one.by_ratio)
            else:
                found[name] = FloatDistribution(one.low, one.high, log=one.by_ratio)
        return found

    def settings(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that Optuna's values stand for; the inverse of `params`."""
        return {name: self._value(name, key) for name, key in params.items() if name in self.ranges}

    def _value(self, name: str, key: Any) -> Any:
        one = self.ranges[name]
        return {_key(value): value for value in one.values}[key] if isinstance(one, Among) else key

    @property
    def start(self) -> dict[str, Any]:
        """The defaults as Optuna has them, without those that lie outside of their ranges."""
        return {name: _key(value) for name, value in self.defaults.items() if _holds(self.ranges[name], value)}

    def described(self) -> dict[str, str]:
        """Return the ranges in words."""
        return {name: str(one) for name, one in self.ranges.items()}


def space_of(
    fixed: Mapping[str, Any],
    facts: Facts,
    given: Mapping[str, Any] | None = None,
    only: Iterable[str] | None = None,
) -> Space:
    """Return the space of a search.

    Parameters
    ----------
    fixed : mapping
        Settings that do not vary.
    facts : Facts
    given : mapping, optional
        Ranges by setting, in place of the table's or beside them: a pair (low, high), or a list of values.
    only : iterable of str, optional
        The settings to search, of those that have a range; all by default.

    Raises
    ------
    SettingError
        There is no such setting, it is fixed too, or a range is none; or no setting is left to search.
    """
    known, given = settings_for(facts.task), dict(given or {})
    wanted = None if only is None else [only] if isinstance(only, str) else list(only)
    for name in [*given, *(wanted or ())]:
        _check_name(name, known, fixed, facts.task)
    defaults = resolved({name: one.default for name, one in known.items()} | dict(fixed), facts)
    if defaults["batch_size"] == "auto":
        defaults["batch_size"] = automatic_batch_size(facts.n_rows)
    ranges: dict[str, Range] = {}
    for name, one in known.items():
        if name in given:
            ranges[name] = _read(one, given[name])
        elif one.search is not None and name not in fixed and (wanted is None or name in wanted):
            found = _widened(_sensible(name, one.search, facts.n_rows), defaults[name])
            if not isinstance(found, Among) or len(found.values) > 1:
                ranges[name] = found
        elif wanted is not None and name in wanted:
            raise SettingError(f"only={name!r}: it has no range of its own; give one, space={{{name!r}: (low, high)}}.")
    if not ranges:
        raise SettingError("no setting is left to search: fix fewer of them, or give ranges (space).")
    whole = frozenset(name for name in ranges if getattr(known[name].kind, "whole", False))
    return Space(ranges, {name: defaults[name] for name in ranges}, whole)


def _check_name(name: str, known: Mapping[str, Setting], fixed: Mapping[str, Any], task: str) -> None:
    if name not in known:
        raise SettingError(unknown(name, f"A {task}", task))
    if name in FIXED:
        raise SettingError(f"space: {name} is the same in every trial, and no part of a space.")
    if name == "n_bags":
        raise SettingError(f"space: n_bags is no part of a space: {ONE_NETWORK}")
    if name in fixed:
        raise SettingError(f"{name} is fixed at {shown(fixed[name])}, and to be searched too: one of them expected.")


def _read(setting: Setting, given: Any) -> Range:
    """Return the range that somebody gave, checked."""
    name = setting.name
    if isinstance(given, Between | Among):
        found: Range = given
    elif isinstance(given, tuple) and isinstance(setting.kind, Number):
        if len(given) != 2:
            raise SettingError(f"space: {name}={shown(given)}: expected (low, high), or a list of values.")
        found = Between(*given)
    elif isinstance(given, list | tuple):
        found = Among(tuple(given))
    else:
        raise SettingError(f"space: {name}={shown(given)}: expected a list of values, or (low, high) for a number.")
    if isinstance(found, Between) and not isinstance(setting.kind, Number):
        raise SettingError(f"space: {name} is no number: give a list of values.")
    values = (found.low, found.high) if isinstance(found, Between) else found.values
    for value in values:
        setting.kind.check(name, value)
    if isinstance(found, Between):
        if any(isinstance(one, str) or one is None for one in values) or not found.low < found.high:
            raise SettingError(f"space: {name}={shown(values)}: expected a low number, and a higher one.")
    elif len({_key(value) for value in values}) < 2:
        raise SettingError(f"space: {name}={shown(list(values))}: expected two values or more; one is a fixed setting.")
    return found


def _sensible(name: str, one: Range, n_rows: int) -> Range:
    """Return a range of the table without batches of more than half the rows."""
    if name != "batch_size" or not isinstance(one, Among):
        return one
    return Among(tuple(size for size in one.values if 2 * size <= n_rows))


def _widened(one: Range, default: Any) -> Range:
    """Return a range of the table that holds the default too: a search starts there."""
    if _holds(one, default):
        return one
    if isinstance(one, Among):
        return Among((*one.values, default))
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    return Between(min(one.low, default), max(one.high, default)) if is_number else one


def _holds(one: Range, value: Any) -> bool:
    if isinstance(one, Among):
        return any(_key(value) == _key(known) and type(value) is type(known) for known in one.values)
    return isinstance(value, int | float) and not isinstance(value, bool) and one.low <= value <= one.high


def _key(value: Any) -> Any:
    """Return a value as a storage keeps it."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
