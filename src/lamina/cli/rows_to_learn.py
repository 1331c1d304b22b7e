"""What `lamina train` learns from: rows read into memory, or streamed where they are too many for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lamina.cli.column_roles import Columns
from lamina.cli.files import shown
from lamina.cli.preparation import (
    Rows,
    by_class,
    check_targets,
    kind_of_task,
    prepared,
    taken_apart,
    whatever_scores,
    with_targets,
)
from lamina.cli.rows import all_of, in_stream
from lamina.cli.settings import Task
from lamina.cli.terminal import Terminal, counted
from lamina.data.roles import Roles
from lamina.data.streaming.streamed import window_rows
from lamina.data.streaming.streamed_source import StreamedSource, size_in_words, way_of, why_not_in_memory
from lamina.data.tables.reading import Reading
from lamina.data.tables.row_streams import RowStream, rows_of
from lamina.data.tables.uris import is_uri
from lamina.data.target_values import FEW_CLASSES, is_missing_target, plain
from lamina.errors import DataError, SettingError
from lamina.fitting import prepare
from lamina.learning.group import Group
from lamina.learning.run import Run
from lamina.learning.state import State
from lamina.scoring import score_of
from lamina.tuning.asked import too_many

READ_AT_ONCE_BYTES = 2**25  # a single file up to this size is read without looking at it before
ENOUGH_VALUES = 1000  # different targets that decide the kind of task

OnError = Literal["raise", "skip"]


@dataclass(frozen=True)
class Asked:
    """What the command line says of the rows."""

    files: tuple[str, ...]
    columns: Columns
    reading: Reading
    validation: Path | None = None
    drop_missing_target: bool = False
    stream: bool | None = None
    cache: Path | None = None
    on_error: OnError = "raise"
    must_fit: bool = False  # whether rows that do not fit the memory are an error

    @property
    def shown(self) -> str:
        """The files, as the user wrote them."""
        return shown(self.files)


def opened_rows(asked: Asked, terminal: Terminal) -> "Read | Streaming":
    """Return the rows, read into memory or not; say which, and why."""
    only = Path(asked.files[0])
    small = len(asked.files) == 1 and not is_uri(asked.files[0]) and only.is_file()
    if small and not asked.stream and asked.on_error == "raise" and only.stat().st_size <= READ_AT_ONCE_BYTES:
        with terminal.working(f"reading {only}"):
            return Read.of(taken_apart(all_of(only, asked.reading), asked.shown, asked.columns), asked, terminal)
    with terminal.working(f"looking at {asked.shown}"):
        source = asked.files[0] if len(asked.files) == 1 else list(asked.files)
        stream = rows_of(source, reading=asked.reading, on_error=asked.on_error)
        way = way_of(stream, asked.stream)
        why = why_not_in_memory(stream) if asked.must_fit else ""
    if why:
        raise SettingError(too_many(why))
    how = "streamed" if way.streamed else "read into memory"
    override = "" if asked.stream is not None else f"; {'--no-stream' if way.streamed else '--stream'} overrides"
    terminal.say(f"{stream.described}: {how} ({way.why}{override})")
    if way.streamed:
        return Streaming(stream, asked)
    with terminal.working(f"reading {asked.shown}"):
        return Read.of(taken_apart(stream.whole(), asked.shown, asked.columns), asked, terminal, stream)


@dataclass(frozen=True)
class Read:
    """Rows in memory."""

    rows: Rows
    asked: Asked
    stream: RowStream | None

    @staticmethod
    def of(rows: Rows, asked: Asked, terminal: Terminal, stream: RowStream | None = None) -> "Read":
        """Return the rows whose targets are there.

        Raises
        ------
        DataError
            Targets are missing, and rows without one are not to be left out.
        """
        if asked.drop_missing_target:
            rows = with_targets(rows, terminal)
        found = Read(rows, asked, stream)
        check_targets(rows, found.place, asked.columns)
        return found

    @property
    def place(self) -> Any:
        """What tells where a row stands."""
        return Path(self.asked.files[0]) if self.stream is None else self.stream

    @property
    def size(self) -> tuple[int, int]:
        """How many rows, and how many columns to learn from."""
        return self.rows.X.n_rows, len(self.rows.X.names)

    def kind_of_task(self, asked: str | None) -> tuple[str, str]:
        """Return the kind of task, and why."""
        return kind_of_task(self.rows.y, asked)

    def prepared(
        self,
        task: Task,
        settings: dict[str, Any],
        seed: int | None,
        terminal: Terminal,
        group: Group | None = None,
    ) -> tuple[Run, State]:
        """Return the run and its state."""
        with terminal.working("turning the columns into features"):
            return prepared(
                self.rows, self.place, self.asked.columns, task, settings, self.asked.validation, seed, group
            )


@dataclass(frozen=True)
class Streaming:
    """Rows that are not in memory."""

    stream: RowStream
    asked: Asked

    @property
    def roles(self) -> Roles:
        """What the columns are."""
        columns = self.asked.columns
        return Roles(columns.target, columns.weights, columns.groups, columns.time, columns.dropped(self.stream.names))

    @property
    def size(self) -> tuple[int, int]:
        """How many rows, and how many columns to learn from."""
        self.asked.columns.check_target(self.asked.shown, self.stream.names)
        return self.stream.n_rows, len(self.roles.inputs(self.stream.names))

    def kind_of_task(self, asked: str | None) -> tuple[str, str]:
        """Return the kind of task, and why: from the different targets of all rows, or of as many as it takes."""
        return kind_of_task(self._targets(), asked)

    def _targets(self) -> NDArray[Any]:
        """Return the different targets, each twice; no more than are needed."""
        name = str(self.asked.columns.target)
        found: dict[Any, None] = {}
        for batch in self.stream.regrouped(65_536, [name]):
            y = plain(batch.table.column(name))
            y = y[~is_missing_target(y)]
            found |= dict.fromkeys(dict.fromkeys(y.tolist()) if y.dtype.kind == "O" else np.unique(y).tolist())
            if len(found) > ENOUGH_VALUES:
                break
        if not found:
            raise DataError(f"--target: column {name!r} has no value")
        values = list(found)
        kind = object if isinstance(values[0], str) else None
        return np.repeat(np.array([*values], kind), 2 if len(values) <= FEW_CLASSES else 1)

    def prepared(
        self,
        task: Task,
        settings: dict[str, Any],
        seed: int | None,
        terminal: Terminal,
        group: Group | None = None,
    ) -> tuple[Run, State]:
        """Return the run and its state."""
        asked, n = self.asked, self.stream.n_rows
        if isinstance(settings.get("class_weight"), dict):
            settings = {**settings, "class_weight": by_class(settings["class_weight"], self._targets())}
        with terminal.passing("learning the columns", n) as watching, in_stream(self.stream):
            source = StreamedSource(self.stream, self.roles, asked.drop_missing_target, asked.cache, watching)
            scoring = settings.get("scoring", "cost")
            score = whatever_scores(score_of(scoring, None, None, None, task=task), scoring)
            validation = None if asked.validation is None else str(asked.validation)
            run, state = prepare(
                source,
                roles=self.roles,
                X_val=validation,
                settings=settings,
                task=task,
                target_name=str(asked.columns.target),
                score=score,
                seed=seed,
                group=group,
            )
        width = run.network.n_inputs + run.network.n_outputs
        rows = min(window_rows(width, run.recipe.batch_size), run.n_rows)
        size = size_in_words(rows * width * state.params.itemsize)
        inputs = counted(run.network.n_inputs, "input")
        terminal.say(f"in memory at a time: {rows:,} rows of {inputs}, at most {size} once they are encoded")
        return run, state
