"""lamina demo: the whole job on the packaged census data, with rows set aside that nobody learns from."""

import csv
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np

from lamina.cli.exit_codes import DONE, SIGNALS
from lamina.cli.files import check_folder
from lamina.cli.pictures import can_draw, draw_curve
from lamina.cli.scores import Answers, rows_of
from lamina.cli.terminal import Terminal, program_name
from lamina.data import datasets
from lamina.data.encoding.learning import learn_encoder
from lamina.data.splitting import hold_out
from lamina.data.tables.sources import read
from lamina.data.tables.table import Table
from lamina.data.targets import Labels
from lamina.equations import random
from lamina.fitting import finish, prepare
from lamina.interrupts import Interrupts
from lamina.learning.run import Run
from lamina.model import Model
from lamina.model_file import save
from lamina.running import carry_out
from lamina.sealed_file import replacing

TARGET = "income"
TEST_FRACTION = 0.2
SETTINGS = {"random_state": 1}  # else as by default


def demo(*, out_dir: Path = Path()) -> int:
    """Train on the packaged census data (48,842 people) and see what comes of it.

    Does a person earn more than 50,000 dollars a year? A fifth of the rows is set
    aside before anything is learned; on it, the network is measured beside
    logistic regression and the majority class.

    Parameters
    ----------
    out_dir
        Where to write adult.lamina, adult-holdout.csv and adult-learning-curve.png; by default the current folder.
    """
    check_folder("--out-dir", out_dir)
    terminal, table = Terminal(), read(datasets.path("adult"))
    y = table.column(TARGET)
    bits = lambda m: random.bits(m, seed=0, stream=random.HOLD_OUT)  # noqa: E731
    learn, aside = hold_out(table.n_rows, TEST_FRACTION, bits, np.unique(y.astype(str), return_inverse=True)[1])
    rows = table.drop(TARGET)
    terminal.say(
        f"Adult census: {table.n_rows:,} people, {len(rows.names)} columns. Who earns more than $50,000 a year?"
    )
    terminal.say(f"{len(aside):,} rows are set aside; nothing is learned from them")
    run, state = prepare(rows.take(learn), y[learn], settings=SETTINGS, task="classifier", target_name=TARGET)
    began = time.perf_counter()
    with Interrupts(ending=True, finishing=True):  # once something is learned, it is shown
        carry_out(run, state, shown=terminal.progress(run, state))
        if state.stopped in SIGNALS:
            terminal.note(f"{state.stopped}: stopping; the best weights are used")
        model = finish(run, state)
    terminal.say(f"{state.epoch} epochs in {time.perf_counter() - began:.1f} s: {state.stopped}")
    terminal.say()
    terminal.say(f"On the {len(aside):,} rows set aside:")
    terminal.table(*rows_of(scores_beside(model, rows, y, learn, aside)))
    _write(terminal, out_dir, run, model, aside)
    return SIGNALS.get(state.stopped, DONE)


def scores_beside(model: Model, rows: Table, y: Any, learn: Any, aside: Any) -> dict[str, dict[str, float]]:
    """Return the scores of the network, of logistic regression on standardised features, and of the majority class."""
    from sklearn.linear_model import LogisticRegression

    target, loss = model.target, model.network.loss
    assert isinstance(target, Labels)
    Y, known = target.encode(y[aside]), target.encode(y[learn])
    standard = learn_encoder(rows.take(learn))
    logistic = LogisticRegression(max_iter=1000).fit(standard.encode(rows.take(learn)), known[:, 0])
    P = logistic.predict_proba(standard.encode(rows.take(aside)))[:, 1:]
    network = Answers(target, loss, model.output(rows.take(aside)), Y)
    majority = network.constant(Answers(target, loss, known, known))
    everyone = {"lamina": network, "logistic regression": Answers(target, loss, P, Y), "majority class": majority}
    return {
        who: {name: value for name, value in answers.measured().scores.items() if name != "balanced_accuracy"}
        for who, answers in everyone.items()
    }


def _write(terminal: Terminal, folder: Path, run: Run, model: Model, aside: Any) -> None:
    model_path, rows_path, picture = (
        folder / name for name in ("adult.lamina", "adult-holdout.csv", "adult-learning-curve.png")
    )
    save(model, model_path)
    _write_rows(rows_path, aside)
    written = {model_path: "the model", rows_path: "the rows set aside"}
    if can_draw():
        draw_curve(picture, model, run.score_name)
        written[picture] = "the learning curve"
    terminal.say("Written:")
    for path, what in written.items():
        terminal.say(f"  {path}: {what}")
    if not can_draw():
        terminal.say("There is no picture of the learning curve without matplotlib: pip install 'lamina[plot]'")
    terminal.say()
    terminal.say("Next, try:")
    me, m, r = program_name(), shlex.quote(str(model_path)), shlex.quote(str(rows_path))
    for command in (f"show {m}", f"evaluate {m} {r}", f"predict {m} {r} --proba"):
        terminal.say(f"  {me} {command}")


def _write_rows(path: Path, rows: Any) -> None:
    """Write rows of the packaged table as CSV; a missing value is an empty cell."""
    import pyarrow.parquet as pq

    table = pq.read_table(datasets.path("adult")).take(rows)
    with replacing(path) as file:
        lines = zip(*(column.to_pylist() for column in table.columns), strict=True)
        text = _Lines(file)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(lines)


class _Lines:
    """What csv needs of a file, over bytes."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def write(self, line: str) -> int:
        return int(self.file.write(line.encode()))
