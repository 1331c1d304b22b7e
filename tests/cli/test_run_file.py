"""A run is one file: a TOML file holds the table, the columns, the places and the settings."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

import lamina as package
from lamina.cli.run_file import OPTIONS, as_toml, read_toml
from lamina.errors import SettingError

RUN = """
file = "../people.csv"
target = "income"
task = "classification"
weights = "weight"
drop = ["price", "since"]
validation = "va.csv"
out = "m.lamina"
plot = "c.svg"
checkpoint = "run"
json = true
preset = "sklearn"
max_iter = 2
hidden_layer_sizes = [4]
random_state = 1
class_weight = {high = 2, low = 1}
"""


@pytest.fixture
def run(folder, people, write):
    rows = [{**row, "weight": 1 + i % 2} for i, row in enumerate(people(120))]
    (folder / "sub").mkdir()
    write(folder / "people.csv", rows[:100])
    write(folder / "sub" / "va.csv", rows[100:])
    (folder / "sub" / "run.toml").write_text(RUN)
    return folder


def test_a_run_from_its_file_is_that_of_the_flags(lamina, run):
    done = lamina("train", "--config", "sub/run.toml")
    assert done.code == 0
    assert done.json["validation_rows"] == 20
    assert {"m.lamina", "c.svg", "run"} <= {path.name for path in (run / "sub").iterdir()}
    words = ("train", "people.csv", "--target", "income", "--weights", "weight", "--drop", "price,since")
    words += ("--validation", "sub/va.csv", "--out", "flags.lamina", "--preset", "sklearn", "--max-iter", "2")
    words += ("--hidden-layer-sizes", "4", "--random-state", "1", "--class-weight", "high=2,low=1")
    assert lamina(*words).code == 0
    assert np.array_equal(package.load("flags.lamina").params, package.load("sub/m.lamina").params)


def test_flags_win_over_the_file(lamina, run):
    words = ("--target", "price", "--task", "regression", "--drop", "income", "--out", "other.lamina")
    (run / "sub" / "run.toml").write_text(RUN.replace("class_weight = {high = 2, low = 1}", ""))
    assert lamina("train", "people.csv", "--config", "sub/run.toml", *words, "--checkpoint", "other").code == 0
    assert package.load("other.lamina").target_name == "price"
    assert package.load("other.lamina").encoder.names_in == ("age", "town", "member", "since")
    assert not (run / "sub" / "m.lamina").exists()


def test_a_run_of_a_file_is_resumed(lamina, run, monkeypatch):
    assert lamina("train", "--config", "sub/run.toml").code == 0
    monkeypatch.chdir(run / "sub")
    assert lamina("resume", "run", "--max-iter", "3").code == 0
    assert len(package.load("m.lamina").history) == 3


def test_no_file_at_all(lamina, folder):
    Path("a.toml").write_text('target = "y"\n')
    code, _, err = lamina("train", "--config", "a.toml")
    assert code == 2
    assert 'Command "train" parameter FILE requires an argument' in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file = 3", "a.toml: file=3: expected a path"),
        ("target = 3", "a.toml: target=3: expected the name of a column"),
        ('task = "classify"', "a.toml: task='classify': expected one of classification, regression"),
        ("drop = [3]", "expected a list of names of columns"),
        ('json = "yes"', "a.toml: json='yes': expected true or false"),
        ('validation = "https://a.org/b.csv"', "a.toml: https://a.org/b.csv is a URL"),
        ('traget = "y"', "a.toml: there is no setting 'traget'. Did you mean 'target'?"),
        ("optimizer = [[[]]]", "a.toml: optimizer="),
        ("[optimizer]\nkind = 'adam'\nbeta1 = {}", "a.toml: optimizer"),
    ],
)
def test_what_a_file_cannot_say(folder, text, message):
    Path("a.toml").write_text(text + "\n")
    with pytest.raises(SettingError) as problem:
        read_toml(Path("a.toml"))
    assert message in str(problem.value)


def test_home_folders_and_lists(folder, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    Path("a.toml").write_text('file = "~/t.csv"\nout = "/abs/m.lamina"\nplot = "c.svg"\ndrop = "a,b"\n')
    options = read_toml(Path("a.toml")).options
    assert options == {
        "file": Path("/home/someone/t.csv"),
        "out": Path("/abs/m.lamina"),
        "plot": Path("c.svg"),
        "drop": ["a,b"],
    }


def test_the_written_file_holds_every_option_and_speaks_toml(folder):
    text = as_toml()
    for name in OPTIONS:
        assert f"# {name} = " in text
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert not [line for line in comments if "True" in line or "False" in line or "None" in line]
    uncommented = [line[2:] if line[2:].partition(" = ")[0] in OPTIONS else line for line in text.splitlines()]
    found = tomllib.loads("\n".join(uncommented))
    Path("a.toml").write_text("\n".join(uncommented))
    assert set(OPTIONS) == set(read_toml(Path("a.toml")).options) == set(OPTIONS) & set(found)
