"""Files that are read are never written, outputs are tried before the work, and paths mean what a shell means."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lamina as package

COMMAND = [sys.executable, "-m", "lamina.cli.main"]
QUICK = ("--preset", "sklearn", "--max-iter", "2", "--hidden-layer-sizes", "4", "--random-state", "1")


def refused(done):
    assert done.code == 1, done
    assert done.out == ""
    return done.err.removeprefix("error: ").rstrip("\n")


@pytest.fixture
def names(table, folder, people, write):
    """Two tables, a TOML file, and other names of the first table."""
    write(folder / "va.csv", people(30, seed=3))
    (folder / "c.toml").write_text("max_iter = 2\n")
    os.link("people.csv", "hard.csv")
    os.symlink("people.csv", "soft.csv")
    (folder / "sub").mkdir()
    return {path: path.read_bytes() for path in map(Path, ("people.csv", "va.csv", "c.toml"))}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--out", "people.csv"), "--out people.csv and FILE people.csv are the same file: it would be replaced"),
        (("--out", "sub/../people.csv"), "--out sub/../people.csv and FILE people.csv are the same file"),
        (("--out", "hard.csv"), "--out hard.csv and FILE people.csv are the same file"),
        (("--out", "soft.csv"), "--out soft.csv and FILE people.csv are the same file"),
        (("--out", "va.csv", "--validation", "va.csv"), "--out va.csv and --validation va.csv are the same file"),
        (("--out", "c.toml", "--config", "c.toml"), "--out c.toml and --config c.toml are the same file"),
        (("--out", "x.svg", "--plot", "x.svg"), "--out x.svg and --plot x.svg are the same file: one would replace"),
        (("--out", "x.svg", "--plot", "sub/../x.svg"), "--out x.svg and --plot sub/../x.svg are the same file"),
    ],
)
def test_training_replaces_nothing_that_it_reads(lamina, names, words, message):
    done = lamina("train", "people.csv", "--target", "income", *words, *QUICK)
    assert refused(done).startswith(message)
    assert {path: path.read_bytes() for path in names} == names


def test_a_table_that_is_named_like_a_model(lamina, names):
    os.rename("people.csv", "people.lamina")
    done = lamina("train", "people.lamina", "--target", "income", *QUICK)
    assert refused(done).startswith("--out people.lamina and FILE people.lamina are the same file")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("predict", "m.lamina", "va.csv", "--out", "va.csv"), "--out va.csv and FILE va.csv are the same file"),
        (("predict", "m.csv", "va.csv", "--out", "m.csv"), "--out m.csv and MODEL m.csv are the same file"),
        (("explain", "m.svg", "va.csv", "--plot", "m.svg"), "--plot m.svg and MODEL m.svg are the same file"),
        (("explain", "m.lamina", "va.svg", "--plot", "va.svg"), "--plot va.svg and FILE va.svg are the same file"),
    ],
)
def test_other_commands_replace_nothing_that_they_read(lamina, names, words, message):
    assert lamina("train", "people.csv", "--target", "income", "--out", "m.lamina", *QUICK).code == 0
    for copy in ("m.csv", "m.svg"):
        Path(copy).write_bytes(Path("m.lamina").read_bytes())
    Path("va.svg").write_bytes(Path("va.csv").read_bytes())
    before = {path: path.read_bytes() for path in Path().glob("*.*")}
    assert refused(lamina(*words)).startswith(message)
    assert {path: path.read_bytes() for path in Path().glob("*.*")} == before


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_a_place_that_takes_no_file_is_found_out_before_training(lamina, table, option):
    os.mkfifo("x.svg")
    done = lamina("train", table, "--target", "income", option, "x.svg", *QUICK)
    assert refused(done) == f"{option} x.svg is a pipe or a device: name a file"


def test_trying_a_place_leaves_nothing_behind(lamina, table, folder):
    lamina("train", table, "--target", "income", "--out", "m.lamina", *QUICK)
    assert sorted(os.listdir(folder)) == ["m.lamina", "people.csv"]


def test_a_pipe_is_no_table(lamina, folder):
    os.mkfifo("p.csv")
    for words in (("train", "p.csv", "--target", "y"), ("predict", "p.csv", "m"), ("evaluate", "m", "p.csv")):
        assert "p.csv is a pipe, and a file is read more than once: write it to a file first" in refused(lamina(*words))


def test_the_home_folder(lamina, table, monkeypatch, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / "t.csv").write_bytes(table.read_bytes())
    assert lamina("train", "~/t.csv", "--target", "income", "--out=~/m.lamina", "--plot=~/c.svg", *QUICK).code == 0
    assert {"c.svg", "m.lamina"} <= set(os.listdir(home))
    assert not Path("~").exists()
    for words in (("show", "~/m.lamina"), ("evaluate", "~/m.lamina", "~/t.csv"), ("init", "--out", "~/a.toml")):
        assert lamina(*words).code == 0
    assert (home / "a.toml").exists()
    assert "there is no home folder '~nobody-here'" in refused(lamina("show", "~nobody-here/m.lamina"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "https://a.org/t.csv", "--target", "y"), "https://a.org/t.csv is a URL, and files of this machine"),
        (("train", "t.csv", "--validation", "http://a.org/t.csv"), "http://a.org/t.csv is a URL"),
        (("train", "t.csv", "--out", "s3://bucket/m.lamina"), "s3://bucket/m.lamina is a URL"),
        (("show", "file:///tmp/m.lamina"), "file:///tmp/m.lamina is a URL: write the path alone, /tmp/m.lamina"),
        (("gradcheck", "gs://b/m.lamina"), "gs://b/m.lamina is a URL"),
    ],
)
def test_a_url_is_called_one(lamina, folder, words, message):
    assert refused(lamina(*words)).startswith(message)


# ---- what comes out ----


@pytest.fixture
def cities(lamina, folder):
    Path("p.csv").write_text("k,y\n" + "Łódź,1\nKöln,0\n" * 60, encoding="utf-8")
    assert lamina("train", "p.csv", "--target", "k", "--out", "p.lamina", *QUICK).code == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_encoding_can_be_written_to(cities, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    run = lambda *words: subprocess.run([*COMMAND, *words], env=environment, capture_output=True, check=True)  # noqa: E731
    lines = run("predict", "p.lamina", "p.csv").stdout.decode("utf-8").splitlines()
    assert lines[0] == "k"
    assert set(lines[1:]) <= {"Łódź", "Köln"}
    assert len(lines) == 121
    shown = run("show", "p.lamina").stdout.decode(encoding)
    assert ("Łódź" if encoding == "utf-8" else r"\u0141") in shown
    header = run("predict", "p.lamina", "p.csv", "--proba").stdout.decode("utf-8").splitlines()[0]
    assert header == "k=Köln,k=Łódź"


def test_closed_streams(cities):
    command = " ".join(COMMAND)
    done = subprocess.run(["bash", "-c", f"{command} show p.lamina >&-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "warning: stdout is closed: what is written to it is lost\n")
    words = f"train p.csv --target k --out c.lamina {' '.join(QUICK)} >&- 2>&-"
    assert subprocess.run(["bash", "-c", f"{command} {words}"], check=False).returncode == 0
    assert package.load("c.lamina").target_name == "k"


# ---- no rows ----


@pytest.mark.parametrize("ending", ["csv", "parquet", "feather"])
@pytest.mark.parametrize("proba", [True, False])
def test_a_header_without_rows_gives_a_header_without_rows(lamina, cities, ending, proba):
    import pandas
    import pyarrow.parquet

    empty = pandas.DataFrame({"more": pandas.Series(dtype=str), "y": pandas.Series(dtype=float)})
    if ending == "csv":
        empty.to_csv("e.csv", index=False)
    else:
        getattr(empty, f"to_{ending}")(f"e.{ending}")
    words = ("predict", "p.lamina", f"e.{ending}", *(["--proba"] if proba else []))
    names = ["k=Köln", "k=Łódź"] if proba else ["k"]
    assert lamina(*words) == (0, ",".join(names) + "\n", "")
    assert lamina(*words, "--out", "o.csv") == (0, "", "0 predictions: o.csv\n")
    assert Path("o.csv").read_text(encoding="utf-8") == ",".join(names) + "\n"
    assert lamina(*words, "--out", "o.parquet").code == 0
    found = pyarrow.parquet.read_table("o.parquet")
    assert (found.column_names, found.num_rows) == (names, 0)
    assert lamina("predict", "p.lamina", "p.csv", *words[3:], "--out", "full.parquet").code == 0
    assert found.schema.equals(pyarrow.parquet.read_schema("full.parquet"))


def test_a_header_of_other_columns_is_refused(lamina, cities):
    Path("e.csv").write_text("x\n")
    assert refused(lamina("predict", "p.lamina", "e.csv")).startswith("e.csv: trained on 1 columns")
    for command in ("evaluate", "explain"):
        assert "no rows" in refused(lamina(command, "p.lamina", "e.csv"))
