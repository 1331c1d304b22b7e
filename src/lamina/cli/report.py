"""lamina report: one page that says what a model is, how it learned, and how good it is on given rows."""

import hashlib
import platform
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from lamina.cli.evaluate import answers_from
from lamina.cli.files import check_files, check_place, check_rows, paths_of, reading_for, shown
from lamina.cli.options import ModelFile
from lamina.cli.retraining import command_for
from lamina.cli.rows import in_stream, stream_of
from lamina.cli.scores import Answers, baseline_name
from lamina.cli.scores import named as name_of
from lamina.cli.terminal import Terminal, counted
from lamina.cli.wording import for_command_line
from lamina.data.tables.row_streams import RowStream
from lamina.data.tables.table import Table
from lamina.data.targets import Labels
from lamina.equations.losses import Quantile
from lamina.errors import ColumnError, nearest
from lamina.explaining import ROWS, Explanation
from lamina.explaining import explain as explained
from lamina.glassbox.origins import origins_of
from lamina.model import Model
from lamina.model_file import load
from lamina.reporting.answers import answers_of, worst_rows
from lamina.reporting.card import HELD_OUT, Words, card_of
from lamina.reporting.of_rows import LEARNED_FROM
from lamina.reporting.page import page_of
from lamina.reporting.pictures import check_drawing
from lamina.reporting.seen_before import are_training_rows, may_be_training_rows
from lamina.reporting.subject import Subject, Tried, WrongRow
from lamina.sealed_file import opened, replacing

WORST = 10  # rows
FEW = 3  # columns that may be the target
EXPLAINED = 4  # outcomes of a model that predicts several
MOST_COMPARED = 500_000  # rows
MOST_BYTES = 2**30  # of a file whose checksum is taken


def report(model: ModelFile, /, *files: str, target: str | None = None, out: Path | None = None) -> int:
    """Write a report on a model: one page of HTML that needs no network, or a model card.

    Parameters
    ----------
    files
        Rows whose answers are known, such as were held out, with the columns of training and the target: CSV (also
        .gz, .zst), Parquet, Arrow or Feather files, a folder of them, a glob, or a URI like s3://bucket/folder.
        Without them the report says what the model alone tells.
    target
        The column that holds the answers; the model's own by default.
    out
        The page to write; by default the model's name with the ending .html, in the current folder. With the ending
        .md it is a model card, Markdown with the metadata that Hugging Face reads.
    """
    paths, page = paths_of(files), Path(f"{model.stem}.html") if out is None else out
    if paths:
        check_rows(model, paths, {"--out": page})
    else:
        check_files({"MODEL": model}, {"--out": page})
    check_place("--out", page)
    is_card = page.suffix.lower() == ".md"
    if not is_card:
        check_drawing()
    terminal, loaded = Terminal(), load(model)
    rows = None
    if paths:
        with terminal.working(f"reading {shown(paths)}"):
            rows = stream_of(paths, reading_for(loaded))
        if target is not None and target not in rows.names:
            raise ColumnError(f"--target: {shown(paths)} has no column {target!r}.{nearest(target, rows.names)}")
    subject = _subject(loaded, model, rows, paths, target or loaded.target_name, terminal)
    with terminal.working("drawing"):
        text = _card(subject) if is_card else page_of(subject)
    with replacing(page) as file:
        file.write(text.encode("utf-8"))
    on = "" if rows is None else f" on {counted(rows.n_rows, 'row')} of {shown(paths)}"
    terminal.say(f"{'card' if is_card else 'report'}: {page} ({model.name}{on}; {page.stat().st_size / 1024:,.0f} KiB)")
    return 0


def _card(subject: Subject) -> str:
    """Return the card of what a report is about, with the scores on its rows if it has some."""
    model, tried = subject.model, subject.tried
    scores, where = tuple(model.scores.items()), HELD_OUT
    if tried is not None and tried.scores:
        scores, where = tuple((name, value) for name, value, _ in tried.scores), tried.name
        where = f"{where}, which it learned from" if tried.learned_from else where
    return card_of(model, subject.target, scores, where, subject.diagnosis, Words(Path(subject.name).stem))


def _subject(
    model: Model, path: Path, rows: RowStream | None, paths: Sequence[str], name: str, terminal: Terminal
) -> Subject:
    tried, X, y = None, None, None
    if rows is not None:
        tried, sample = _tried(model, rows, shown(paths), name, terminal)
        if not tried.without:
            X, y = sample, sample.column(name)
    with terminal.working("looking for faults"), nullcontext() if rows is None else in_stream(rows):
        found = model.diagnose(X, y)
    return Subject(
        model=model,
        name=path.name,
        target=name,
        diagnosis=found,
        on_command_line=for_command_line,
        origin=list(_origin(model, path, paths)),
        commands=command_for(model, name, path.name),
        tried=tried,
    )


# ---- rows ----


def _tried(model: Model, rows: RowStream, file: str, name: str, terminal: Terminal) -> tuple[Tried, Table]:
    """Return what rows say of a model, and those of them that are looked at closely."""
    with terminal.working(f"reading {file}"), in_stream(rows):
        sample = _sample(rows)
    tried = Tried(file, rows.n_rows, sample.n_rows, without=_why_none(model, rows, file, name))
    if tried.without:
        terminal.complain("warning", tried.without)
    else:
        with terminal.working(f"predicting {file}"):
            tried = _with_answers(model, tried, rows, answers_from(model, rows, file, name, None))
            tried = replace(tried, learned_from=_learned_from(model, rows, sample, name))
        if tried.learned_from:
            terminal.complain("warning", f"{file} {LEARNED_FROM}")
    return replace(tried, explanations=_explanations(model, rows, sample, terminal)), sample


def _why_none(model: Model, rows: RowStream, file: str, name: str) -> str:
    """Return why rows cannot be scored; nothing where they can."""
    target = model.target
    several = len(target.classes) if isinstance(target, Labels) and target.task == "multilabel" else 0
    several = several if isinstance(target, Labels) else target.n_targets
    if several > 1:
        here = f"The model predicts {several} targets at once, and a file has one"
        return f"{here}: no scores. In Python: model.score(X, y)."
    if name not in rows.names:
        others = [one for one in rows.names if one not in model.encoder.names_in]
        perhaps = f" It may be {' or '.join(map(repr, others))}: --target says." if 0 < len(others) <= FEW else ""
        return f"{file} has no column {name!r}, the target: no scores.{nearest(name, others) or perhaps}"
    return ""


def _sample(rows: RowStream) -> Table:
    """Return all rows, or of many the sample that `lamina explain` looks at."""
    if rows.n_rows <= ROWS:
        return rows.whole()
    return rows.take(np.sort(np.random.default_rng(0).choice(rows.n_rows, ROWS, replace=False)))


def _learned_from(model: Model, rows: RowStream, sample: Table, name: str) -> bool:
    """Return whether rows are known to be those of training; of very many nobody looks."""
    if rows.n_rows > MOST_COMPARED or not may_be_training_rows(model, rows.n_rows):
        return False
    table = sample if sample.n_rows == rows.n_rows else rows.whole()
    return are_training_rows(model, table, table.column(name))


def _with_answers(model: Model, tried: Tried, rows: RowStream, found: Answers) -> Tried:
    """Return what is tried with the answers for rows, without those that are not finite."""
    finite = np.isfinite(found.A).all(axis=1)
    numbers, notes = np.flatnonzero(finite), list[str]()
    if len(numbers) < len(finite):
        left_out = counted(len(finite) - len(numbers), "row")
        notes.append(f"{left_out} left out: their numbers are so large that the network's answer is not finite.")
    if len(numbers) == 0:
        return replace(tried, notes=notes)
    found = replace(found, A=found.A[numbers], Y=found.Y[numbers])
    measured, answers = found.measured(), answers_of(found.target, found.loss, found.A, found.Y)
    base = found.constant(found).measured().scores
    return replace(
        tried,
        answers=answers,
        scores=[(name_of(name), value, base.get(name)) for name, value in measured.scores.items()],
        baseline=baseline_name(found.target, found.loss),
        notes=[*notes, *measured.told()],
        worst=_worst(model, rows, worst_rows(answers.badness(), WORST), numbers),
    )


def _worst(model: Model, rows: RowStream, worst: Any, numbers: Any) -> list[WrongRow]:
    """Return the worst rows with the cells of their columns; `numbers` are those of all answers among the rows."""
    at = np.sort(numbers[worst])
    table = model.encoder.align(rows.take(at))
    values = [one.values for one in origins_of(model.encoder, model.target, "", model.network, table).columns]
    place_in = {int(row): k for k, row in enumerate(at)}
    found = []
    for k in worst.tolist():
        row = int(numbers[k])
        place = rows.place_of(row, 1)
        if len(rows.parts) == 1:
            place = place.removeprefix(f"{rows.parts[0].name}, ")
        cells = tuple(column[place_in[row]] if column else "" for column in values)
        found.append(WrongRow(place, k, cells))
    return found


def _explanations(model: Model, rows: RowStream, sample: Table, terminal: Terminal) -> list[Explanation]:
    if sample.n_rows < 2:
        model.encoder.align(sample)  # says which columns are missing
        return []
    outcomes = list(_outcomes(model))
    total = 2 * sample.n_rows * len(outcomes)
    with terminal.working("looking at the columns"), terminal.bar("rows", total) as done, in_stream(rows):
        return [explained(model, sample, one, most=None, progress=done) for one in outcomes]


def _outcomes(model: Model) -> Iterator[int | None]:
    """Yield what is explained: of quantiles the one nearest the middle, of several outputs the first few."""
    target, loss, units = model.target, model.network.loss, model.network.n_outputs
    if isinstance(target, Labels):
        yield from range(min(units, EXPLAINED)) if target.task == "multilabel" else (None,)
    elif isinstance(loss, Quantile):
        count = len(loss.quantiles)
        middle = min(range(count), key=lambda j: abs(loss.quantiles[j] - 0.5))
        yield from (middle + count * k for k in range(min(target.n_targets, EXPLAINED)))
    else:
        yield from range(min(units, EXPLAINED))


# ---- where it comes from ----


def _origin(model: Model, path: Path, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    with opened(path) as file:
        written_by = f"lamina {file.header.get('lamina')}, format {file.header.get('format')}"
    yield "model file", f"{path.name}, written {_time(path.stat().st_mtime)} by {written_by}"
    yield "its SHA-256", _checksum(path)
    recipe = (model.signs or {}).get("recipe", {})
    yield "fingerprint of the training rows", recipe.get("data") or "not kept"
    yield "seed", str(model.settings.get("random_state", "not kept"))
    for one in (Path(name) for name in paths):
        if one.is_file() and one.stat().st_size <= MOST_BYTES:
            yield f"SHA-256 of {one}", _checksum(one)
    here = [f"lamina {version('lamina')}", f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    yield "this report", f"written {_time(datetime.now(UTC).timestamp())} by {', '.join(here)} on {platform.platform()}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _checksum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
