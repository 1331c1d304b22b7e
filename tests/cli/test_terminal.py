"""How it looks: a bar in a terminal, plain lines elsewhere, NO_COLOR, Ctrl-C from the keyboard."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

import lamina
from lamina.cli.terminal import Terminal, counted, number

COMMAND = [sys.executable, "-m", "lamina.cli.main"]
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def hear_ctrl_c():
    """In a process started in the background Ctrl-C is ignored, and so in its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def in_a_terminal(words, cwd, *, columns=80, interrupt_at=None, **environment):
    """Run a command in a pseudo-terminal; return exit code and everything it wrote.

    `interrupt_at` is a text at whose first sight Ctrl-C is pressed.
    """
    master, slave = pty.openpty()
    settings = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "40", **environment}
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=cwd,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=settings,
        preexec_fn=hear_ctrl_c,
    )
    os.close(slave)
    seen, until = b"", time.monotonic() + 100
    while time.monotonic() < until:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        with contextlib.suppress(OSError):  # the end of a pseudo-terminal is an error
            if part := os.read(master, 65_536):
                seen += part
                if interrupt_at is not None and interrupt_at in ESCAPE.sub("", seen.decode(errors="replace")):
                    process.send_signal(signal.SIGINT)
                    interrupt_at = None
                continue
        break
    os.close(master)
    return process.wait(timeout=20), seen.decode()


def plain(text):
    return ESCAPE.sub("", text).replace("\r", "\n")


TRAIN = ["train", "people.csv", "--target", "income", "--drop", "price", "--random-state", "1", "--preset", "sklearn"]


def test_a_terminal_has_a_bar_with_cost_and_score(trained):
    words = [*TRAIN, "--out", "t.lamina", "--max-iter", "3", "--early-stopping", "true"]
    code, seen = in_a_terminal(words, trained)
    assert code == 0
    assert re.search(r"epoch 3/3 ━+ \d:\d\d:\d\d cost 0\.\d+  validation 0\.\d+  accuracy 0\.\d+", plain(seen))
    assert "\x1b[" in seen
    assert "epoch 1/3  cost" not in plain(seen)  # no lines beside the bar


def test_the_bar_fits_80_columns_and_says_all(trained):
    words = [*TRAIN, "--out", "t.lamina", "--max-iter", "100", "--n-iter-no-change", "3", "--tol", "1"]
    words += ["--early-stopping", "true"]
    code, seen = in_a_terminal(words, trained)
    assert code == 0
    bars = [line for line in plain(seen).split("\n") if "━" in line]
    assert bars
    assert max(map(len, bars)) <= 80
    assert "…" not in seen


def test_no_color_means_none(trained):
    words = ["show", "income.lamina"]
    coloured, without = (in_a_terminal(words, trained, **more)[1] for more in ({}, {"NO_COLOR": "1"}))
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
    code, error = in_a_terminal(["show", "nowhere.lamina"], trained)
    assert code == 1
    assert colour.search(error)
    assert not colour.search(in_a_terminal(["show", "nowhere.lamina"], trained, NO_COLOR="1")[1])
    assert not colour.search(without)
    assert plain(coloured) == plain(without)


def test_without_a_terminal_there_are_plain_lines(trained):
    done = subprocess.run(
        [*COMMAND, *TRAIN, "--out", "t.lamina", "--max-iter", "2"], cwd=trained, capture_output=True, check=True
    )
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\r" not in done.stderr
    assert not [line for line in done.stdout.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("in_terminal", [True, False])
def test_ctrl_c_from_the_keyboard_writes_the_best_model(trained, in_terminal):
    words = [*TRAIN, "--max-iter", "1000000", "--n-iter-no-change", "1000000", "--out", f"c{in_terminal}.lamina"]
    if in_terminal:
        code, seen = in_a_terminal(words, trained, interrupt_at="cost 0.")
    else:
        process = subprocess.Popen(
            [*COMMAND, *words],
            cwd=trained,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_ctrl_c,
        )
        assert process.stderr is not None
        assert process.stderr.readline().startswith("epoch ")
        process.send_signal(signal.SIGINT)
        seen = "".join(process.communicate(timeout=60))
        code = process.returncode
    assert code == 130
    assert "Ctrl-C" in seen
    assert "Traceback" not in seen
    assert lamina.load(trained / f"c{in_terminal}.lamina").history


def test_a_terminal_that_is_closed_costs_no_model(trained):
    """The kernel then sends SIGHUP, and every write to the terminal is an error."""
    master, slave = pty.openpty()
    words = [*TRAIN, "--max-iter", "1000000", "--n-iter-no-change", "1000000", "--out", "closed.lamina"]
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=trained,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
    )
    os.close(slave)
    seen = b""
    while b"cost" not in seen:
        seen += os.read(master, 4096)
    os.close(master)
    assert process.wait(timeout=60) == 129
    assert lamina.load(trained / "closed.lamina").stopped == "SIGHUP"


def test_a_reader_that_has_seen_enough_costs_no_model(trained):
    command = " ".join([*COMMAND, *TRAIN, "--max-iter 2 --out head.lamina"])
    done = subprocess.run(
        ["bash", "-c", f"{command} 2>&1 | head -1; echo ${{PIPESTATUS[0]}}"],
        cwd=trained,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "people.csv: 300 rows, 4 columns to learn from\n0\n"
    assert len(lamina.load(trained / "head.lamina").history) == 2


def test_numbers_are_short():
    values = [None, 0, 48_842, 0.0, 0.85312, 1.0, 123.456, 20_640.52, 1e-5, -0.25, 1e9]
    assert [number(value) for value in values] == (
        ["-", "0", "48,842", "0.0000", "0.8531", "1.0000", "123.46", "20,640.5", "1.000e-05", "-0.2500", "1.000e+09"]
    )


def test_one_and_many():
    assert (counted(1, "row"), counted(0, "row"), counted(48_842, "row")) == ("1 row", "0 rows", "48,842 rows")


def test_json_is_alone_on_stdout(capsys):
    terminal = Terminal(as_json=True)
    terminal.say("for people")
    terminal.table(["a", "b"], [["x", 1]])
    terminal.result({"a": 1})
    out, err = capsys.readouterr()
    assert out == '{\n  "a": 1\n}\n'
    assert "for people" in err


def test_text_of_users_is_no_markup(capsys):
    Terminal().say("[bold]x[/bold] :smile:")
    Terminal().table(["[b]h[/b]"], [["[i]c[/i] :smile:"]])
    out = capsys.readouterr().out
    assert out.startswith("[bold]x[/bold] :smile:\n")
    assert "[b]h[/b]" in out
    assert "[i]c[/i] :smile:" in out
