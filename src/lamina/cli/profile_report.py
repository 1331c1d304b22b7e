"""What `lamina data` prints: tables for people, and the same and more as plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lamina.cli.profile_words import balance, distinct, encoded, missing_in_words, number, percent, values_of
from lamina.cli.terminal import Terminal, counted
from lamina.data.streaming.streamed_source import Way, way_of
from lamina.data.tables.days import spell_date
from lamina.data.tables.row_streams import RowStream
from lamina.profiling.columns import ColumnCounts
from lamina.profiling.findings import Finding, spelled
from lamina.profiling.sizing import Sizing
from lamina.profiling.table_profile import Profile

MOST_COLUMNS = 20  # that are shown unless all are asked for
MOST_CLASSES = 10
MEGABYTE = 1e6


@dataclass(frozen=True)
class Report:
    """A profile with what was found, which words were read as missing, and what training would take."""

    stream: RowStream
    profile: Profile
    findings: list[Finding]
    words: Mapping[str, Mapping[str, int]]  # by column
    sizing: Sizing | None

    @cached_property
    def encoded(self) -> dict[str, tuple[str, int]]:
        """How each input column is encoded, and how many features it makes."""
        return {} if self.profile.encoder is None else encoded(self.profile.encoder)

    @cached_property
    def way(self) -> Way:
        """Whether training would read all rows into memory, and why."""
        return way_of(self.stream)

    # ---- for people ----

    def show(self, terminal: Terminal, everything: bool) -> None:
        """Print what was found, the most notable columns of many."""
        profile = self.profile
        terminal.say(f"{self.stream.described}: {counted(len(profile.columns), 'column')}")
        if profile.task is not None:
            self._show_target(terminal, everything)
        shown = self._notable(everything)
        terminal.table(*self._columns(shown), right=(2, 3, 5))
        if profile.explained:
            terminal.say(f"explains: how much of the target a column predicts by itself ({_looked_at(profile)})")
            terminal.say()
        if self.encoded:
            features = sum(n for _, n in self.encoded.values())
            terminal.say(f"{counted(len(self.encoded), 'column')} would become {counted(features, 'feature')}:")
            rows = [(c.name, *self.encoded[c.name]) for c in shown if c.name in self.encoded]
            terminal.table(["column", "as features", "features"], [(a, b, f"{n:,}") for a, b, n in rows], right=(2,))
        if len(shown) < len(profile.columns):
            terminal.say(f"(and {counted(len(profile.columns) - len(shown), 'more column')}; --all shows them)")
            terminal.say()
        self._show_missing(terminal, shown)
        self._show_findings(terminal)
        if self.sizing is not None:
            for line in _training(self.sizing, self.way):
                terminal.say(line)
        elif not profile.roles.targets:
            terminal.say("--target COLUMN adds what the others say of that column, and what training would take")

    def _notable(self, everything: bool) -> list[ColumnCounts]:
        """Return the columns to show, in their order: of many those with findings, then those that say most."""
        columns = self.profile.columns
        if everything or len(columns) <= MOST_COLUMNS:
            return list(columns)
        found = {name for one in self.findings for name in one.columns}
        explained = self.profile.explained

        def rank(place: int) -> tuple[bool, float, float]:
            column = columns[place]
            return column.name not in found, -explained.get(column.name, 0.0), -column.missing / column.rows

        chosen = sorted(sorted(range(len(columns)), key=rank)[:MOST_COLUMNS])
        return [columns[place] for place in chosen]

    def _columns(self, shown: Iterable[ColumnCounts]) -> tuple[list[str], list[list[str]]]:
        """Return headings and rows of the table of columns."""
        profile = self.profile
        explained = profile.explained
        headings = ["column", "kind", "missing", "distinct", "values", *(["explains"] if explained else [])]
        rows = []
        for column in shown:
            missing = percent(column.missing / column.rows) if column.missing else ""
            row = [column.name, column.kind, missing, distinct(column), values_of(column)]
            if explained:
                part = explained.get(column.name)
                row.append(self._role(column.name) if part is None else percent(part))
            rows.append(row)
        return headings, rows

    def _role(self, name: str) -> str:
        roles = self.profile.roles
        return "target" if name in roles.targets else "weights" if name == roles.weight else "dropped"

    def _show_target(self, terminal: Terminal, everything: bool) -> None:
        profile, column = self.profile, self.profile.target_column
        assert profile.task is not None
        assert column is not None
        task, reason = profile.task
        kind = task if task == "regression" else f"{task} classification"
        why = f"{reason}; --task overrides" if reason else "as --task says"
        terminal.say(f"target {column.name!r}: {kind} ({why})")
        if task == "regression":
            terminal.say(f"  {values_of(column)}, mean {number(_mean(column))}")
            return
        classes = self._classes()
        if classes:
            most = len(classes) if everything else MOST_CLASSES
            rows = balance(classes, most, terminal.unicode)
            terminal.table(["class", "rows", "", ""], rows, right=(1, 2))
            if len(classes) > most:
                terminal.say(f"({most} of {len(classes):,} classes; --all shows the others)")

    def _classes(self) -> dict[str, int]:
        target = self.profile.target
        if target is None or target.classes is None:
            return {}
        return {spelled(label): n for label, n in target.classes.items()}

    def _show_missing(self, terminal: Terminal, shown: Iterable[ColumnCounts]) -> None:
        rows = []
        for column in shown:
            if column.name in self.words:
                words = self.words[column.name]
                rows.append((column.name, missing_in_words(words, column.missing - sum(words.values()))))
        if rows:
            terminal.say("Read as missing:")
            terminal.table(["column", "cells"], rows, right=())

    def _show_findings(self, terminal: Terminal) -> None:
        terminal.say("Worth a look:" if self.findings else "Nothing looks wrong.")
        for one in self.findings:
            terminal.say(f"  - {one.text}")
        terminal.say()

    # ---- for programs ----

    def plain(self) -> dict[str, Any]:
        """Return everything as plain values."""
        profile = self.profile
        repeated = profile.different_rows
        return {
            "source": self.stream.described,
            "rows": profile.rows,
            "bytes": self.stream.n_bytes,
            "target": self._plain_target(),
            "columns": [self._plain_column(column) for column in profile.columns],
            "features": sum(n for _, n in self.encoded.values()) if self.encoded else None,
            "repeated_rows": {"share": repeated.repeated, "exact": repeated.is_exact},
            "in_step": [list(group) for group in profile.in_step],
            "rows_looked_at": profile.rows_looked_at,
            "findings": [{"kind": f.kind, "columns": list(f.columns), "text": f.text} for f in self.findings],
            "training": None if self.sizing is None else {**self.sizing._asdict(), **self.way._asdict()},
        }

    def _plain_target(self) -> dict[str, Any] | None:
        profile, column = self.profile, self.profile.target_column
        if column is None:
            return None
        task, reason = profile.task or (None, None)
        found: dict[str, Any] = {"column": column.name, "task": task, "reason": reason, "rows": profile.n_to_learn_from}
        if profile.target is not None and task is not None:
            as_classes = task != "regression"
            known = profile.target.classes if as_classes else profile.target.numbers
            found["classes"] = self._classes() if as_classes else None
            found["unrest"] = None if known is None else profile.target.unrest(as_classes)
        return found

    def _plain_column(self, column: ColumnCounts) -> dict[str, Any]:
        name, low, high = column.name, column.low, column.high
        if column.kind == "date":
            low, high = (None if end is None else spell_date(end) for end in (low, high))  # type: ignore[assignment]
        how, features = self.encoded.get(name, (None, None))
        is_number = column.kind == "number" and column.low is not None
        return {
            "column": name,
            "kind": column.kind,
            "role": "input" if name in self.profile.inputs else self._role(name),
            "missing": column.missing,
            "missing_cells": dict(self.words.get(name, {})),
            "infinite": column.infinite,
            "distinct": column.values.number,
            "distinct_standard_error": column.values.standard_error,
            "low": low,
            "high": high,
            "mean": _mean(column) if is_number else None,
            "deviation": float(column.moments.scale()[0]) if is_number else None,
            "most_frequent": dict(column.values.most_frequent(MOST_CLASSES)),
            "encoded": how,
            "features": features,
            "explains": self.profile.explained.get(name),
        }


def _looked_at(profile: Profile) -> str:
    n = profile.rows_looked_at
    return f"in a sample of {n:,} rows" if n < profile.n_to_learn_from else "in all rows"


def _mean(column: ColumnCounts) -> float:
    return float(column.moments.location()[0])


def _training(sizing: Sizing, way: Way) -> Iterable[str]:
    """Yield lines that say what training would take."""
    held = f", {sizing.validation_rows:,} to validate" if sizing.validation_rows else ""
    yield "Training with the default settings would be:"
    yield f"  on {counted(sizing.rows, 'row')}{held}; {counted(sizing.parameters, 'parameter')}"
    yield f"  about {_seconds(sizing.seconds_per_epoch)} an epoch on this machine, at most {sizing.most_epochs} epochs"
    sizes = sizing.bytes_of_a_stream if way.streamed else sizing.bytes_in_memory
    how = "streamed, in about" if way.streamed else "with all rows in memory, about"
    yield f"  {how} {round(sizes / MEGABYTE, -1):,.0f} MB: {way.why}"


def _seconds(seconds: float) -> str:
    """Return "0.2 s", "4.5 s", "45 s", "3 min", "2.5 h"."""
    if seconds < 1:
        return f"{max(seconds, 0.01):.1g} s"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
