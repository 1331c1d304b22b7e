"""Help, exit codes, errors and warnings of every command."""

import json
import os
import re
import subprocess
import sys
import warnings
from importlib import import_module

import pytest

import lamina as package
from lamina.cli import main as cli
from lamina.errors import DataWarning

COMMAND = [sys.executable, "-m", "lamina.cli.main"]


def docstring(command):
    return getattr(import_module(f"lamina.cli.{command}"), command).__doc__


def test_alone_it_prints_the_help(lamina):
    alone = lamina()
    assert alone == lamina("--help")
    assert alone.code == 0
    words = " ".join(alone.out.replace("│", " ").split())
    for name in cli.COMMANDS:
        assert f" {name} {docstring(name).partition(chr(10))[0]}" in words
    assert "Exit codes: 0 done, 1 an error in data, settings or a file, 2 a wrong" in alone.out


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help(lamina, command):
    done = lamina(command, "--help")
    assert done.code == 0
    assert f"Usage: lamina {command}" in done.out
    assert " ".join(docstring(command).partition("Parameters\n")[0].split()) in " ".join(done.out.split())
    assert done.err == ""


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_a_fraction_is_no_whole_number(lamina, command):
    for option in set(re.findall(r"(--[a-z-]+) INT\b", lamina(command, "--help").out)):
        code, _, err = lamina(command, "a", "b", f"{option}=1.5")
        assert code == 2, option
        assert f"{option}: expected a whole number, found '1.5'" in err


def test_version(lamina):
    assert lamina("--version") == (0, f"lamina {package.__version__}\n", "")


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_loads_nothing_heavy(words):
    script = f"""
import sys, json
from lamina.cli.main import main
main({words!r})
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded.isdisjoint({"numpy", "scipy", "sklearn", "pyarrow", "matplotlib", "pandas", "safetensors"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], 'Unknown command "trian". Did you mean "train"?'),
        (["train", "a.csv", "--traget", "x"], "Unknown option: --traget. Did you mean --target?"),
        (["train"], 'Command "train" parameter FILE requires an argument: a table to learn from'),
        (["train", "a.csv", "--task", "clasification"], 'Choose from: "classification", "regression".'),
        (["train", "a.csv", "--epochs", "3"], "--epochs is called --max-iter here"),
        (["train", "a.csv", "--weight_decay=3"], '--optimizer "adamw(weight_decay=0.01)" here'),
        (["train", "a.csv", "--target", "-x"], "a value that begins with a dash is written --target=-x"),
        (["show", "a.lamina", "b.lamina"], "not understood: b.lamina"),
    ],
)
def test_a_wrong_command_line_is_2_and_points_to_the_help(lamina, words, message):
    code, out, err = lamina(*words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert "`lamina --help` lists the commands" in err
    assert "Traceback" not in err


def test_an_error_is_1_and_one_line(lamina, folder):
    assert lamina("show", "none.lamina") == (1, "", "error: cannot load 'none.lamina': there is no such file.\n")


def test_debug_shows_where_it_arose(lamina, folder):
    code, _, err = lamina("show", "none.lamina", "--debug")
    assert code == 1
    assert "Traceback" in err
    assert err.endswith("error: cannot load 'none.lamina': there is no such file.\n")


def replace(monkeypatch, name, function):
    """Let a command be another function."""
    monkeypatch.setattr(f"lamina.cli.{name}.{name}", function)


def test_a_fault_of_ours_is_called_one(lamina, monkeypatch):
    def show(model):
        raise KeyError("oops")

    replace(monkeypatch, "show", show)
    code, _, err = lamina("show", "a")
    assert code == 1
    assert err == "error: KeyError: 'oops'\n  This is a fault in lamina: --debug shows where it arose\n"


def test_ctrl_c_is_130(lamina, monkeypatch):
    def show(model):
        raise KeyboardInterrupt

    replace(monkeypatch, "show", show)
    assert lamina("show", "a") == (130, "", "interrupted\n")


def test_an_error_of_the_system_names_the_file(lamina, monkeypatch):
    def show(model):
        raise PermissionError(13, "Permission denied", "secret.csv")

    replace(monkeypatch, "show", show)
    assert lamina("show", "a") == (1, "", "error: secret.csv: Permission denied\n")


def test_each_warning_is_printed_once_as_a_line(lamina, monkeypatch):
    def show(model):
        for _ in range(3):
            warnings.warn("a column\nis constant", DataWarning, stacklevel=1)
        warnings.warn("for programmers", DeprecationWarning, stacklevel=1)

    replace(monkeypatch, "show", show)
    assert lamina("show", "a") == (0, "", "warning: a column is constant\n")


def test_names_with_brackets_are_no_markup(lamina, folder):
    assert "'[red]x[/red].lamina'" in lamina("show", "[red]x[/red].lamina").err


def test_a_closed_pipe_is_silent(trained):
    """`lamina ... | head -1`, with more output than a pipe holds."""
    command = " ".join(COMMAND) + " predict income.lamina many.csv --proba"
    lines = (trained / "new.csv").read_text().splitlines()
    (trained / "many.csv").write_text("\n".join([lines[0], *lines[1:] * 100]))
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"],
        cwd=trained,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "income=high,income=low\n0\n"
    assert done.stderr == ""


@pytest.mark.parametrize("words", [["show", "income.lamina"], ["--help"], ["predict", "income.lamina", "new.csv"]])
def test_a_pipe_that_nobody_reads_is_silent(trained, words):
    """Less output than a buffer holds: it is lost only when it is flushed."""
    reading, writing = os.pipe()
    os.close(reading)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [*COMMAND, *words], cwd=trained, env=buffered, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ascii_terminals_get_ascii(trained):
    """Only the user's own text may need more: the table of `show` holds a town with an umlaut."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:backslashreplace"}
    done = subprocess.run(
        [*COMMAND, "show", "income.lamina"], cwd=trained, env=environment, capture_output=True, check=True
    )
    assert b"|h" in done.stdout
    assert done.stdout.isascii()
    assert b"\\u2500" not in done.stdout
    assert b"\\u28" not in done.stdout
