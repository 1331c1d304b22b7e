"""lamina data: what a table is like, before anything is trained on it."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from lamina.cli.column_roles import Columns, dropped_names
from lamina.cli.exit_codes import DONE
from lamina.cli.files import check_files
from lamina.cli.options import Drop, Task, Weights
from lamina.cli.profile_report import Report
from lamina.cli.reading_flags import ReadingFlags
from lamina.cli.rows import column_of, in_file, placed, weights_of
from lamina.cli.terminal import Terminal
from lamina.cli.wording import for_command_line
from lamina.data.roles import Roles
from lamina.data.tables.missing_cells import missing_words
from lamina.data.tables.opened_files import OnError
from lamina.data.tables.reading import Reading
from lamina.data.tables.row_streams import RowStream, rows_of
from lamina.data.tables.table import Batch, Table
from lamina.data.tables.table_files import files_of
from lamina.errors import DataError, DataWarning, SettingError
from lamina.learning.hyperparameters import settings_for
from lamina.learning.presets import Facts, resolved
from lamina.profiling.findings import Finding, findings_of
from lamina.profiling.sizing import Sizing, sizing_of
from lamina.profiling.table_profile import ENCODING_SETTINGS, Profile, profile_of


def data(
    files: list[str],
    /,
    *,
    target: str | None = None,
    task: Task = None,
    weights: Weights = None,
    drop: Drop = None,
    on_error: OnError = "raise",
    all: bool = False,  # noqa: A002
    json: bool = False,
    cells: Annotated[ReadingFlags | None, Parameter(name="*")] = None,
) -> int:
    """Show what a table is like before training: columns, gaps, what looks wrong, time and memory.

    Nothing is trained or written. The rows are read in pieces, so they may be more
    than the memory holds.

    Parameters
    ----------
    files
        CSV (also .gz, .zst), Parquet, Arrow or Feather files: a row per example, named columns. Or a folder of them, a
        glob, or a URI like s3://bucket/folder.
    target
        The column to predict: adds its classes, what each other column alone says of it, and what training would take.
    on_error
        Whether rows of a CSV file with too many or too few cells are an error, or are left out and counted.
    all
        Show all columns and classes, and not only the most notable of many.
    json
        Print everything as JSON on stdout, and nothing else there.
    """
    for file in files:
        check_files({"FILE": Path(file)}, {})
    if task is not None and target is None:
        raise SettingError("--task says what the target holds, and no target is named: add --target COLUMN")
    cells, columns = cells or ReadingFlags(), Columns(target, weights, tuple(drop or ()))
    terminal, told = Terminal(json), list[str]()
    with collected(told):
        with terminal.working(f"looking at {files[0]}"):
            source = files[0] if len(files) == 1 else files
            stream = rows_of(source, reading=cells.reading(), on_error=on_error)
            first = next(stream.regrouped(1)).table
        roles = roles_of(first, files[0], columns)
        settings = encoding_settings(len(roles.inputs(first.names)))
        with terminal.passing("looking at the rows", stream.n_rows) as done:
            profile = profile_of(counting(stream, done), roles, settings, task)
    found = in_words(findings_of(profile, told), profile, cells.drop_missing_target, stream)
    with terminal.working("measuring a step of training"):
        report = Report(stream, profile, found, missing_cells(profile, files, stream.reading), sized(profile))
    report.show(terminal, everything=all)
    terminal.result(report.plain())
    return DONE


def counting(stream: RowStream, done: Callable[[int], None]) -> Iterator[Batch]:
    """Yield the rows, and tell how many there were."""
    for batch in stream:
        yield batch
        done(batch.first + batch.table.n_rows)


def roles_of(table: Table, file: str, columns: Columns) -> Roles:
    """Return what the columns are for; raise a DataError for names that are not there."""
    if columns.target is not None:
        column_of(table, columns.target, file, "--target")
    if columns.weights is not None:
        weights_of(table, columns.weights, file)
    dropped = dropped_names(table, file, columns)
    if not set(table.names) - {columns.target, columns.weights, *dropped}:
        raise DataError(f"{file}: no column is left to learn from")
    return Roles(columns.target, columns.weights, drop=tuple(one for one in dropped if one != columns.weights))


def encoding_settings(n_columns: int) -> dict[str, Any]:
    """Return how columns are encoded by default: every preset decides it by the number of columns alone."""
    defaults = {name: one.default for name, one in settings_for("classifier").items()}
    chosen = resolved(defaults, Facts("classifier", 1, n_columns))
    return {name: chosen[name] for name in ENCODING_SETTINGS}


@contextmanager
def collected(told: list[str]) -> Iterator[None]:
    """Collect what reading the rows warns of: it is shown beside what else was found."""
    shown = warnings.showwarning

    def collect(message: Any, category: type[Warning], *where: Any) -> None:
        if issubclass(category, DataWarning):
            told.append(str(message))
        else:
            shown(message, category, *where)

    warnings.showwarning = collect  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.showwarning = shown


def in_words(found: Iterable[Finding], profile: Profile, with_targets: bool, stream: RowStream) -> list[Finding]:
    """Return findings in the words of the command line, with file and line where rows are refused.

    Rows without a target are nothing to tell of where those with one were asked for.
    """
    told = []
    for one in found:
        if one.kind == "target missing" and with_targets:
            continue
        text = one.text
        if one.kind == "refused" and profile.refused is not None:
            where = in_file(profile.refused, [placed(stream, stream.reading)])
            text = f"training would refuse these rows: {where}"
        told.append(one._replace(text=for_command_line(text)))
    return told


def missing_cells(profile: Profile, files: Sequence[str], reading: Reading) -> dict[str, Counter[str]]:
    """Return by column which words of CSV files were read as missing, and how often."""
    gaps = [column for column in profile.columns if column.missing]
    text, others = ([c.name for c in gaps if (c.kind == "category") == is_text] for is_text in (True, False))
    found: dict[str, Counter[str]] = {}
    for file in files_of(files):
        for name, words in missing_words(file.path, reading, text, others).items():
            found.setdefault(name, Counter()).update(words)
    return found


def sized(profile: Profile) -> Sizing | None:
    """Return what training with the default settings would take; None without a target that it could learn."""
    target = profile.learned_target
    if target is None or profile.encoder is None or profile.n_to_learn_from < 1:
        return None
    defaults = {name: one.default for name, one in settings_for("classifier").items()} | {
        name: one.default for name, one in settings_for("regressor").items()
    }
    some = profile.some
    return sizing_of(some.table, some.y, profile.n_to_learn_from, profile.encoder, target, defaults)
