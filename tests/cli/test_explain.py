"""lamina explain: what `lamina.explain` says, as a table, as JSON and as a picture."""

import math

import pandas
import pytest

import lamina as package


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


def rows():
    return pandas.read_csv("new.csv", parse_dates=["since"])


def expected(model, **settings):
    found = package.explain(package.load(model), rows(), **settings)
    names = [found.columns[j] for j in found.order]
    slopes = [None if math.isnan(found.slope[j]) else found.slope[j] for j in found.order]
    return [
        {"column": name, "strength": pytest.approx(found.strength[j]), "slope": slope and pytest.approx(slope)}
        for name, j, slope in zip(names, found.order, slopes, strict=True)
    ]


def test_the_table(lamina):
    done = lamina("explain", "price.lamina", "new.csv", "--top", 2)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "price.lamina: what moves price on 80 rows of new.csv:"
    assert lines[2].split() == ["column", "strength", "slope"]
    first, second = expected("price.lamina")[:2]
    assert [lines[4].split()[0], lines[5].split()[0]] == [first["column"], second["column"]]
    n = len(package.load("price.lamina").encoder.names_in)
    assert lines[-1] == f"(and {n - 2} weaker columns; --top shows more)"
    assert len(lines) == 8


def test_json_has_all_columns(lamina):
    found = lamina("explain", "income.lamina", "new.csv", "--json", "--top", 1).json
    assert found["outcome"] == "Z[L] of 'low'"
    assert found["columns"] == expected("income.lamina")
    other = lamina("explain", "income.lamina", "new.csv", "--json", "--outcome", "high").json
    assert other["outcome"] == "Z[L] of 'high'"
    assert other["columns"] == expected("income.lamina", outcome="high") != found["columns"]


def test_a_picture(lamina, tmp_path):
    pytest.importorskip("matplotlib")
    done = lamina("explain", "price.lamina", "new.csv", "--plot", tmp_path / "bars.png")
    assert done.code == 0
    assert done.err == f"picture: {tmp_path / 'bars.png'}\n"
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--outcome", "hihg"], "error: outcome='hihg': expected one of 'high', 'low'. Did you mean 'high'?"),
        (["--top", "0"], "error: --top 0: expected a whole number of at least 1"),
        (["--plot", "bars.bmp"], "error: --plot bars.bmp: expected a name that ends in .png, .svg, .pdf"),
    ],
)
def test_errors(lamina, words, message):
    done = lamina("explain", "income.lamina", "new.csv", *words)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == message


def test_a_sample_of_the_rows(lamina):
    done = lamina("explain", "price.lamina", "new.csv", "--most", 30)
    assert done.out.splitlines()[0] == "price.lamina: what moves price on a sample of 30 of 80 rows of new.csv:"
    found = lamina("explain", "price.lamina", "new.csv", "--most", 30, "--json").json
    assert found["rows"] == 30
    assert found["columns"] == expected("price.lamina", most=30) != expected("price.lamina")
    assert lamina("explain", "price.lamina", "new.csv", "--most", 0, "--json").json["columns"] == expected(
        "price.lamina"
    )
    assert (
        "--most 1: expected a whole number of at least 2"
        in lamina("explain", "price.lamina", "new.csv", "--most", 1).err
    )
