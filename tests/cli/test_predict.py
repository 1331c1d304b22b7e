"""lamina predict: every row, in its order, whatever the size of the file."""

import csv
import errno
import io
import os
import resource
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas
import pytest

import lamina as package
from lamina.cli import rows as module
from lamina.data.targets import Labels, Numbers
from lamina.equations.layers import Linear
from lamina.equations.losses import BinaryLogLoss, Quantile, SquaredError
from lamina.equations.network import Network


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


def table_of(text):
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


def new_rows():
    return pandas.read_csv("new.csv", parse_dates=["since"])


def test_labels_as_csv_on_stdout(lamina):
    done = lamina("predict", "income.lamina", "new.csv")
    assert (done.code, done.err) == (0, "")
    header, rows = table_of(done.out)
    assert header == ["income"]
    assert [row[0] for row in rows] == package.load("income.lamina").predict(new_rows()).tolist()


def test_probabilities_of_every_class(lamina):
    header, rows = table_of(lamina("predict", "income.lamina", "new.csv", "--proba").out)
    assert header == ["income=high", "income=low"]
    P = np.array(rows, float)
    assert np.array_equal(P, package.load("income.lamina").predict_proba(new_rows()))  # every digit is written
    assert np.allclose(P.sum(axis=1), 1)


def test_numbers(lamina):
    header, rows = table_of(lamina("predict", "price.lamina", "new.csv").out)
    assert header == ["price"]
    assert np.array_equal(np.array(rows, float)[:, 0], package.load("price.lamina").predict(new_rows()))


def test_many_pieces_are_one_table(lamina, monkeypatch):
    whole = lamina("predict", "income.lamina", "new.csv", "--proba").out
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    assert lamina("predict", "income.lamina", "new.csv", "--proba").out == whole


def test_a_csv_file(lamina, tmp_path):
    shown = lamina("predict", "income.lamina", "new.csv").out
    done = lamina("predict", "income.lamina", "new.csv", "--out", tmp_path / "p.csv")
    assert done == (0, "", f"80 predictions: {tmp_path / 'p.csv'}\n")
    assert (tmp_path / "p.csv").read_text(encoding="utf-8") == shown


@pytest.mark.parametrize("words", [("income.lamina",), ("income.lamina", "--proba"), ("price.lamina",)])
def test_a_parquet_file(lamina, tmp_path, monkeypatch, words):
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 30)
    model, *more = words
    header, rows = table_of(lamina("predict", model, "new.csv", *more).out)
    assert lamina("predict", model, "new.csv", *more, "--out", tmp_path / "p.parquet").code == 0
    found = pandas.read_parquet(tmp_path / "p.parquet")
    assert list(found.columns) == header
    assert found.astype(str).to_numpy().tolist() == rows


def test_columns_may_be_more_and_in_any_order(lamina, tmp_path):
    rows = new_rows()
    rows["other"] = 1
    rows[rows.columns[::-1]].to_csv(tmp_path / "r.csv", index=False)
    assert (
        lamina("predict", "income.lamina", tmp_path / "r.csv").out == lamina("predict", "income.lamina", "new.csv").out
    )


def test_a_town_never_seen_and_gaps_are_no_errors(lamina, tmp_path):
    (tmp_path / "r.csv").write_text("age,town,member,since\n30,Genf,true,2020-03-01\n,,,\n")
    done = lamina("predict", "income.lamina", tmp_path / "r.csv")
    assert done.code == 0
    assert len(done.out.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age,twon,member,since\n1,Bern,true,2020-03-01\n", "missing: town. Did you mean 'twon'?"),
        ("age,town,member\n1,Bern,true\n", "trained on 4 columns, these rows have 3; missing: since"),
        (
            "age,town,member,since\n1,Bern,true,2020-03-01\nold,Bern,true,2020-03-01\n",
            "column 'age' held numbers in training, here it holds text: 'old' in 'r.csv', line 3",
        ),
        ("age,town,member,since\ninf,Bern,true,2020-03-01\n", "r.csv, line 2, column 'age': contains infinity"),
        ("age,age,town,member,since\n1,1,Bern,true,2020-03-01\n", "column names occur more than once: 'age'"),
        (
            "age,town,member,since\n1,Bern,true,2020-03-01\n2,Bern\n",
            "line 3: 4 fields expected, as in the header, found 2",
        ),
        ("", "is empty"),
    ],
)
def test_rows_that_cannot_be_predicted(lamina, tmp_path, text, message):
    (tmp_path / "r.csv").write_text(text)
    code, out, err = lamina("predict", "income.lamina", tmp_path / "r.csv")
    assert (code, out) == (1, "")  # not even a header
    assert err.startswith("error: ")
    assert message in err


def test_an_error_in_the_middle_leaves_the_old_file(lamina, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 1)
    (tmp_path / "r.csv").write_text("age,town,member,since\n1,Bern,true,2020-03-01\ninf,Bern,true,2020-03-01\n")
    for name in ("p.csv", "p.parquet"):
        (tmp_path / name).write_text("old")
        assert lamina("predict", "income.lamina", tmp_path / "r.csv", "--out", tmp_path / name).code == 1
        assert (tmp_path / name).read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["p.csv", "p.parquet", "r.csv"]


def test_what_cannot_be_asked(lamina):
    assert lamina("predict", "price.lamina", "new.csv", "--proba").err == (
        "error: price.lamina predicts numbers: there are no probabilities. Remove --proba.\n"
    )
    assert lamina("predict", "price.lamina", "new.csv", "--out", "p.txt").err == (
        "error: --out p.txt: expected a name that ends in .csv or .parquet; without --out, CSV goes to stdout\n"
    )
    assert lamina("predict", "price.lamina", "new.csv", "--out", "no/p.csv").err == (
        "error: --out: there is no folder 'no'\n"
    )
    assert "it is not a file of lamina" in lamina("predict", "new.csv", "new.csv").err
    assert "Did you mean 'price.lamina'?" in lamina("predict", "prize.lamina", "new.csv").err


def test_a_full_disk_behind_stdout_is_one_line():
    """/dev/full takes no byte."""
    words = [sys.executable, "-m", "lamina.cli.main", "predict", "income.lamina", "new.csv"]
    for buffered in ({}, {"PYTHONUNBUFFERED": "1"}):
        others = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                words, stdout=full, stderr=subprocess.PIPE, text=True, env=others | buffered, check=False
            )
        assert (done.returncode, done.stderr) == (1, "error: stdout: No space left on device\n")


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_a_full_disk_leaves_the_old_file(lamina, tmp_path, monkeypatch, name):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / name).write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    done = lamina("predict", "income.lamina", "new.csv", "--out", tmp_path / name)
    assert done == (1, "", f"error: {tmp_path / name}: No space left on device\n")
    assert (tmp_path / name).read_text() == "old"
    assert os.listdir(tmp_path) == [name]


def several(units, loss, target):
    """A model of several outputs for the rows of new.csv."""
    model = package.load("income.lamina")
    network = Network(model.encoder.n_features, [Linear(units)], loss)
    params = np.random.default_rng(0).normal(size=network.size).astype(np.float32)
    return replace(model, network=network, params=params, target=target, target_name="y", signs=None, conformal=None)


@pytest.mark.parametrize(
    ("units", "loss", "target", "names"),
    [
        (3, BinaryLogLoss(), Labels("multilabel", np.arange(3)), ["y=0", "y=1", "y=2"]),
        (2, SquaredError(), Numbers(np.zeros(2), np.ones(2), False), ["y[0]", "y[1]"]),
        (2, Quantile((0.1, 0.9)), Numbers(np.zeros(1), np.ones(1), True), ["y[0.1]", "y[0.9]"]),
        (
            4,
            Quantile((0.1, 0.9)),
            Numbers(np.zeros(2), np.ones(2), False),
            ["y[0][0.1]", "y[0][0.9]", "y[1][0.1]", "y[1][0.9]"],
        ),
        (1, SquaredError(), Numbers(np.zeros(1), np.ones(1), False), ["y"]),
    ],
)
def test_several_outputs_have_a_column_each(lamina, tmp_path, units, loss, target, names):
    model = several(units, loss, target)
    package.save(model, tmp_path / "m.lamina")
    header, rows = table_of(lamina("predict", tmp_path / "m.lamina", "new.csv").out)
    assert header == names
    assert np.array_equal(np.array(rows, float), model.predict(new_rows()).reshape(80, -1))


SMALL = 1_500_000  # rows, 60 MB of CSV


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    """Peak memory for a file of 60 MB is less than 60 MB above that for one of 6 MB."""
    line = "40,Bern,true,2020-03-11,some text to ignore\n"
    peaks = []
    for rows in (SMALL // 10, SMALL):
        with open(tmp_path / "r.csv", "w") as file:
            file.write("age,town,member,since,other\n")
            for _ in range(rows // 1000):
                file.write(line * 1000)
        words = ["predict", "income.lamina", tmp_path / "r.csv", "--out", tmp_path / "p.csv"]
        subprocess.run([sys.executable, "-m", "lamina.cli.main", *words], check=True, capture_output=True)
        peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    assert peaks[1] - peaks[0] < 60


def test_intervals_of_numbers(lamina):
    model = package.load("price.lamina")
    rows = model.conformal.rows if model.conformal else 0
    done = lamina("predict", "price.lamina", "new.csv", "--interval", "0.8")
    if rows < 4:  # nothing, or too little, was held out
        assert (done.code != 0, done.out) == (True, "")
        assert "interval" in done.err or "rows" in done.err
        held = model.calibrate_intervals(new_rows(), model.predict(new_rows()) + np.arange(len(new_rows())))
        held.save("held.lamina")
        done, model = lamina("predict", "held.lamina", "new.csv", "--interval", "0.8"), held
    header, found = table_of(done.out)
    assert header == ["price", "price[low]", "price[high]"]
    expected = np.column_stack([model.predict(new_rows()), model.predict_interval(new_rows(), 0.8)])
    assert np.array_equal(np.array(found, float), expected)
