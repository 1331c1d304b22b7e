"""Somebody's own rows on the bench: a file named on the command line, or one that the page uploads.

An upload is read as data and nothing else: its bytes go to a temporary file with the suffix of its name, the library's
readers read it, and it is removed.
"""

import os
import re
import tempfile
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

import numpy as np

from lamina.data.roles import Roles
from lamina.data.tables.sources import read
from lamina.data.tables.table import Batch, Table
from lamina.data.tables.table_files import COMPRESSIONS, SUFFIXES
from lamina.data.target_values import detect_task, is_missing_target
from lamina.errors import ColumnError, DataError, DataWarning, nearest
from lamina.laboratory.lab_rows import TABLES, LabRows
from lamina.laboratory.pixels import side_of_pictures
from lamina.laboratory.unpacked import check_unpacked
from lamina.learning.hyperparameters import settings_for
from lamina.learning.presets import Facts, resolved
from lamina.learning.run import Task
from lamina.profiling.findings import findings_of
from lamina.profiling.table_profile import ENCODING_SETTINGS, profile_of

MOST_BYTES = 50 * 2**20  # of an upload
MOST_ROWS = 50_000  # that the lab learns from
FEWEST_TO_HOLD_OUT = 20  # rows: of fewer, such as a table of XOR, the network learns from every one
MOST_COLUMNS = 4_096
TASKS: dict[str, Task] = {"classification": "classifier", "regression": "regressor"}


@dataclass(frozen=True, eq=False)
class OwnTable:
    """A table as it was read, with what reading it warned of."""

    name: str
    table: Table
    told: tuple[str, ...] = ()


class Notice(NamedTuple):
    """Something that the library says of a column."""

    kind: str
    columns: tuple[str, ...]
    text: str
    leave_out: bool  # whether leaving the columns out mends it


def read_path(path: str | os.PathLike[str]) -> OwnTable:
    """Return the table of a file on this machine.

    Raises
    ------
    DataError
        It is absent, empty, or no table.
    """
    return _read(Path(path), Path(path).name)


def read_upload(name: str, data: bytes) -> OwnTable:
    """Return the table of an upload.

    Parameters
    ----------
    name : str
        Of the file, whose suffix says what it is.
    data : bytes

    Raises
    ------
    DataError
        It is too large, has another suffix than a table file, is empty, or no table.
    """
    if len(data) > MOST_BYTES:
        raise DataError(
            f"{name!r} has {len(data) / 2**20:,.0f} MiB, at most {MOST_BYTES / 2**20:.0f} can be uploaded: name the "
            "file on the command line instead, lamina lab FILE"
        )
    suffix = _suffix(name)
    with tempfile.TemporaryDirectory(prefix="lamina-lab-") as folder:
        file = Path(folder) / f"upload{suffix}"
        file.write_bytes(data)
        check_unpacked(file, name)
        try:
            return _read(file, PurePosixPath(name.replace("\\", "/")).name)
        except DataError as problem:
            raise type(problem)(str(problem).replace(file.name, name)) from None


def _suffix(name: str) -> str:
    """Return the suffix of a table file: ".csv", ".csv.gz"."""
    parts = PurePosixPath(name.lower()).suffixes[-2:]
    packed = parts[-1] if parts and parts[-1] in COMPRESSIONS else ""
    kind = "".join(parts[:-1] if packed else parts[-1:])
    if kind not in SUFFIXES:
        raise DataError(f"{name!r} is no table file: expected a name that ends in {', '.join(SUFFIXES)}")
    return kind + packed


def _read(file: Path, name: str) -> OwnTable:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", DataWarning)
        table = read(file)
    said = tuple(dict.fromkeys(str(one.message) for one in told if issubclass(one.category, DataWarning)))
    if len(table.names) < 2:
        raise DataError(f"{name!r} has a single column: one to predict, and at least one to learn from expected")
    if len(table.names) > MOST_COLUMNS:
        raise DataError(
            f"{name!r} has {len(table.names):,} columns, and the lab looks at {MOST_COLUMNS:,} at most: leave some "
            "out, or train with lamina train"
        )
    return OwnTable(name, table, said)


def notices(own: OwnTable, target: str, left_out: Collection[str] = ()) -> list[Notice]:
    """Return what the library says of the columns before anything is trained, the gravest first."""
    known = settings_for("classifier")
    roles = Roles(target, drop=tuple(left_out))
    facts = Facts("classifier", own.table.n_rows, len(roles.inputs(own.table.names)))
    chosen = resolved({name: known[name].default for name in known}, facts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        profile = profile_of([Batch(own.table)], roles, {name: chosen[name] for name in ENCODING_SETTINGS})
    found = findings_of(profile, own.told)
    usable = {name for name in own.table.names if name not in (target, *left_out)}
    said = []
    for one in found:
        can_go = bool(re.search(r"--drop\b", one.text)) and set(one.columns) <= usable
        said.append(Notice(one.kind, one.columns, for_page(one.text), can_go))
    return said


def for_page(text: str) -> str:
    """Return what the library says to the command line in the words of the page."""
    for pattern, words in WORDS:
        text = re.sub(pattern, words, text)
    return text


FLAG_VALUE = r"(?:'[^']*'|\"[^\"]*\"|\S+)"
WORDS: tuple[tuple[str, str], ...] = (
    (rf"Drop it: --drop {FLAG_VALUE}", "Leave it out."),
    (rf"If not: --drop {FLAG_VALUE}", "If not, leave it out."),
    (r"fill them, or leave these rows out with --drop-missing-target", "these rows are left out"),
    (r"say --task (\w+)", r"choose \1"),
)


def lab_rows(
    own: OwnTable,
    target: str | None = None,
    left_out: Collection[str] = (),
    task: Literal["classification", "regression"] | None = None,
) -> LabRows:
    """Return rows for the bench.

    Parameters
    ----------
    own : OwnTable
    target : str, optional
        The column to predict; by default the last.
    left_out : collection of str
        Columns that are not learned from.
    task : {"classification", "regression"}, optional
        By default what the target's values say.

    Raises
    ------
    DataError
        A column is not there, cannot be predicted, or none is left to learn from.
    """
    table = own.table
    target = table.names[-1] if target is None else target
    for name in (target, *left_out):
        if name not in table.names:
            raise ColumnError(f"no column {name!r}.{nearest(name, table.names)}")
    column = table.at(table.names.index(target))
    if column.kind == "date":
        raise DataError(f"column {target!r} holds dates, and classes or numbers are predicted: choose another")
    X = table.select(name for name in table.names if name != target and name not in left_out)
    if not X.names:
        raise DataError("no column is left to learn from")
    rows = _rows(column.array())
    X, y = X.take(rows), column.array()[rows]
    kind = task or ("regression" if detect_task(y)[0] == "regression" else "classification")
    side = side_of_pictures(X)
    pixels = (side, side) if side else None
    settings = _settings_for(len(y))
    return LabRows(own.name, own.name, X, y, target, TASKS[kind], settings=settings, pixels=pixels, built_in=False)


def _settings_for(n: int) -> dict[str, Any]:
    """Return the settings for so many rows: of few, none are held out, and a step uses all."""
    settings = dict(TABLES)
    if n < FEWEST_TO_HOLD_OUT:
        settings["early_stopping"] = False
    if n < 2 * TABLES["batch_size"]:
        settings["batch_size"] = "auto"
    return settings


def _rows(y: Any) -> Any:
    """Return which rows have a target; of very many, the same ones always."""
    there = np.flatnonzero(~is_missing_target(y))
    if not len(there):
        raise DataError("the target has no value in any row")
    if len(there) <= MOST_ROWS:
        return there
    return np.sort(np.random.default_rng(0).choice(there, MOST_ROWS, replace=False))
