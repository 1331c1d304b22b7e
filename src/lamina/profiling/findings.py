"""What is worth a look before training: each kind of finding is a function, and a row of the table at the end."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from lamina.profiling.columns import ColumnCounts
from lamina.profiling.relations import FEWEST_ROWS
from lamina.profiling.table_profile import Profile

SURELY_GIVEN_AWAY, PERHAPS_GIVEN_AWAY = 0.999, 0.95  # of the target, by one column alone
MOSTLY_MISSING = 0.9
FEW_OF_A_CLASS = 10
SORTED = 0.1  # of the difference of two rows drawn at random, between neighbours
FEWEST_FOR_ORDER = 50  # rows
FEWEST_NUMBERS_OF_AN_IDENTIFIER = 1_000
FEWEST_NAMES_OF_AN_IDENTIFIER = 20
NUMBERED = 0.01  # so far the span of running numbers may be from their number, where that is estimated
LEAST_REPEATED = 5e-4  # of all rows
SHOWN_NAMES = 5


class Finding(NamedTuple):
    """Something to look at."""

    kind: str
    columns: tuple[str, ...]
    text: str


def findings_of(profile: Profile, told: Iterable[str] = ()) -> list[Finding]:
    """Return what is worth a look, the gravest first.

    Parameters
    ----------
    profile : Profile
    told : iterable of str
        What reading the rows warned of.
    """
    found = [one for look in FINDINGS for one in look(profile)]
    for kind, messages in (("reading", dict.fromkeys(told)), ("training", profile.warned)):
        known = {repr(name) for one in found if one.kind in ("identifier", "empty") for name in one.columns}
        for message in messages:
            if not any(f"column {name}" in message for name in known):
                named = tuple(name for name in profile.names if f"column {name!r}" in message)
                found.append(Finding(kind, named, message))
    return found


def _refused(profile: Profile) -> Iterator[Finding]:
    if profile.refused is not None:
        yield Finding("refused", (), f"training would refuse these rows: {profile.refused}")


def _target(profile: Profile) -> Iterator[Finding]:
    """The target: missing, of one value, of rare classes, too many of them, or of dates."""
    column = profile.target_column
    if column is None:
        return
    name = column.name
    if column.kind == "date":
        yield Finding("target", (name,), f"the target {name!r} holds dates, and classes or numbers are predicted")
        return
    if column.missing:
        text = f"the target {name!r} is missing in {column.missing:,} of {profile.rows:,} rows: fill them, or leave "
        yield Finding("target missing", (name,), text + "these rows out with --drop-missing-target")
    if column.infinite:
        text = f"the target {name!r} is infinite in {column.infinite:,} rows: training would refuse them"
        yield Finding("target", (name,), text)
    if column.known and column.values.number == 1:
        yield Finding("target", (name,), f"the target {name!r} has a single value: there is nothing to learn")
    if profile.task is None or profile.task[0] == "regression" or profile.target is None:
        return
    classes = profile.target.classes
    if classes is None or (column.values.number > column.known / 2 and column.known > FEWEST_ROWS):
        text = f"the target {name!r} has {column.values.number:,} different classes in {column.known:,} rows: "
        yield Finding("target", (name,), text + "if it is a number to predict, say --task regression")
        return
    ordered = sorted(classes.items(), key=lambda one: one[1])
    rare = [spelled(label) for label, count in ordered if count < FEW_OF_A_CLASS]
    if rare:
        which = f"classes {_listed(rare)} have" if len(rare) > 1 else f"class {_listed(rare)} has"
        text = f"{which} fewer than {FEW_OF_A_CLASS} rows{' each' * (len(rare) > 1)}: too few to learn from"
        yield Finding("rare class", (name,), f"{text}, and to measure")


def _weights(profile: Profile) -> Iterator[Finding]:
    """Weights that training would refuse."""
    name = profile.roles.weight
    if name is None:
        return
    column = profile.column(name)
    faults = {"missing": column.missing > 0, "infinite": column.infinite > 0, "negative": (column.low or 0) < 0}
    found = [what for what, is_there in faults.items() if is_there]
    if found:
        text = f"the weights {name!r} are {' and '.join(found)} in some rows: training would refuse them"
        yield Finding("weights", (name,), text)


def _given_away(profile: Profile) -> Iterator[Finding]:
    """Columns that hold the target, or say nearly all of it."""
    target, told = next(iter(profile.roles.targets), None), set[str]()
    for group in profile.in_step:
        if target not in group:
            continue
        others = [name for name in group if name != target and name in profile.inputs]
        told |= set(others)
        where = _where(profile, profile.are_copies(group))
        for name in others:
            text = f"{name!r} gives the target away: each of its values goes with one value of {target!r}, {where}. "
            yield Finding("gives the target away", (name,), text + f"Drop it: --drop {flag_value(name)}")
    for name, part in sorted(profile.explained.items(), key=lambda one: -one[1]):
        if part < PERHAPS_GIVEN_AWAY or name in told:
            continue
        share = f"{100 * part:.1f} % of the target" if part < SURELY_GIVEN_AWAY else "the whole target"
        text = f"{name!r} alone explains {share} in {profile.rows_looked_at:,} rows looked at: is it known when you "
        yield Finding("gives the target away", (name,), text + f"predict? If not: --drop {flag_value(name)}")


def _where(profile: Profile, everywhere: bool) -> str:
    if everywhere or profile.rows_looked_at == profile.rows:
        return "in every row"
    return f"in all {profile.rows_looked_at:,} rows looked at"


def _order(profile: Profile) -> Iterator[Finding]:
    """Rows that stand in the order of the target."""
    column, target, task = profile.target_column, profile.target, profile.task
    if column is None or target is None or task is None or column.known < FEWEST_FOR_ORDER:
        return
    name = column.name
    if target.rises + target.falls == 0 or (task[0] != "regression" and target.classes is None):
        return
    if target.rises == 0 or target.falls == 0:
        text = f"the rows are sorted by the target {name!r}"
    elif (task[0] == "regression" and target.numbers is None) or target.unrest(task[0] != "regression") > SORTED:
        return
    else:
        text = f"neighbouring rows have nearly the same target {name!r}: they stand in its order, or in that of time"
    text += ". Training shuffles them; shuffle them too before you set test rows aside"
    yield Finding("order", (name,), text)


def _identifiers(profile: Profile) -> Iterator[Finding]:
    """Columns that say which row it is: no two rows have the same value, unless one repeats the other altogether."""
    rows = profile.different_rows
    for name in profile.inputs:
        column = profile.column(name)
        if column.values.repeated > rows.repeated * (1 if rows.is_exact else 2):
            continue
        what = _identifies(column)
        if what:
            text = f"{name!r} {what}: an identifier says nothing of new rows. Drop it: --drop {flag_value(name)}"
            yield Finding("identifier", (name,), text)


def _identifies(column: ColumnCounts) -> str:
    """Return what makes an identifier of a column whose values do not repeat, or nothing."""
    n = round(column.known * (1 - column.values.repeated))
    if n < FEWEST_NAMES_OF_AN_IDENTIFIER:
        return ""
    if column.kind == "category":
        return "is another text in every row"
    if column.kind != "number" or not column.whole or column.infinite:
        return ""
    assert column.low is not None
    assert column.high is not None
    if abs(column.high - column.low + 1 - n) <= NUMBERED * n * (not column.values.is_exact):
        return f"numbers the rows, from {column.low:.0f} to {column.high:.0f}"
    if n >= FEWEST_NUMBERS_OF_AN_IDENTIFIER:
        return "is another whole number in every row"
    return ""


def _empty(profile: Profile) -> Iterator[Finding]:
    """Columns without a value, of one value, or missing nearly everywhere: those of a kind together."""
    columns = [profile.column(name) for name in profile.inputs]
    empty = [one.name for one in columns if not one.known]
    constant = [one.name for one in columns if one.values.number == 1 and not one.missing]
    missing = [one.name for one in columns if one.known and one.missing >= MOSTLY_MISSING * one.rows]
    least = 100 * min((profile.column(name).missing / profile.rows for name in missing), default=0.0)
    part = f"{'in ' if len(missing) == 1 else 'in at least '}{least:.1f} % of the rows"
    for kind, names, one, several in (
        ("empty", empty, "has no value in any row: it is encoded as 0", "have no value in any row"),
        ("constant", constant, "holds one value in all rows: it is encoded as 0", "hold one value each in all rows"),
        ("mostly missing", missing, f"is missing {part}", f"are missing {part}"),
    ):
        if names:
            yield Finding(kind, tuple(names), f"{_listed(names)} {one if len(names) == 1 else several}")


def _copies(profile: Profile) -> Iterator[Finding]:
    """Columns that say the same as others."""
    for group in profile.in_step:
        names = [name for name in group if name in profile.inputs]
        if len(names) < 2 or set(profile.roles.targets) & set(group):
            continue
        copies = profile.are_copies(names)
        what = "hold the same values" if copies else "say the same (each value of one goes with one of the other)"
        text = f"{_listed(names)} {what}, {_where(profile, copies)}: one of them is enough"
        yield Finding("copies", tuple(names), text)


def _duplicates(profile: Profile) -> Iterator[Finding]:
    """Rows that are there more than once."""
    found = profile.different_rows
    part = found.repeated
    if part < LEAST_REPEATED:
        return
    n = f"{round(part * profile.rows):,}" if found.is_exact else f"about {_rounded(part * profile.rows):,}"
    text = (
        f"{n} of {profile.rows:,} rows ({100 * part:.2g} %) repeat{'s' * (n == '1')} an earlier one in every column: "
    )
    yield Finding("repeated rows", (), text + "on both sides of a split they flatter the score")


def _rounded(n: float) -> int:
    """Return a number rounded to two digits."""
    return int(float(f"{n:.2g}"))


def _listed(names: list[str]) -> str:
    shown, more = [*map(repr, names[:SHOWN_NAMES])], len(names) - SHOWN_NAMES
    last = f"{more} more" if more > 0 else shown.pop()
    return f"{', '.join(shown)} and {last}" if shown else last


def spelled(label: object) -> str:
    """Return a class as text: 1 for 1.0."""
    return f"{label:g}" if isinstance(label, float) else str(label)


def flag_value(name: str) -> str:
    """Return a name as it is written behind a flag."""
    return shlex.quote(name)


# In the order in which they are told.
FINDINGS: tuple[Callable[[Profile], Iterator[Finding]], ...] = (
    _refused,
    _target,
    _weights,
    _given_away,
    _order,
    _identifiers,
    _copies,
    _empty,
    _duplicates,
)
