"""Control characters of data, names and files never reach the terminal, whatever prints them."""

import csv
import re

import pytest

import lamina as package
from lamina.cli.printable import printable
from lamina.cli.terminal import Terminal
from lamina.data.tables.sources import read
from lamina.model_file import save

EVIL = "evil\x1b]0;owned\x07\x1b[31m\r\tline\nbreak\u202e\x9b2J"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
QUICK = ("--preset", "sklearn", "--max-iter", "2", "--hidden-layer-sizes", "4", "--random-state", "1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\tb\r", r"a\tb\r"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b2J", r"\x9b2J"),
        ("\x7f\x00", r"\x7f\x00"),
        ("abc\u202edef", r"abc\u202edef"),
        ("a\u2028b", r"a\u2028b"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
        ("Łódź, 東京, 👩\u200d🔬, না\u200cম", "Łódź, 東京, 👩\u200d🔬, না\u200cম"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_what_becomes_of_text(text, shown):
    assert printable(text) == shown


def test_every_way_to_print(capsys):
    terminal = Terminal()
    terminal.say(EVIL)
    terminal.note(EVIL)
    terminal.complain("error", EVIL, EVIL)
    terminal.table([EVIL, EVIL], [[EVIL, 1.0], ["x", EVIL]])
    out, err = capsys.readouterr()
    for text in (out, err):
        assert not CONTROL.search(text)
        assert r"evil\x1b]0;owned\x07\x1b[31m" in text
    lines = [line for line in out.splitlines() if line]
    assert len(lines) == 5  # no line break of the data is one of the terminal


@pytest.fixture
def evil(lamina, folder):
    """A table whose every name and text is hostile, and models of it."""
    with open("evil.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"col{EVIL}", f"town{EVIL}", f"class{EVIL}", "price"])
        for i in range(90):
            writer.writerow([i + 0.5, f"t{i % 3}{EVIL}", f"c{i % 2}{EVIL}", i / 7])
    table = read("evil.csv")
    X, y = table.drop(table.names[2]), table.column(table.names[2])
    model = package.DeepClassifier(max_iter=2, random_state=0, preset="sklearn").fit(X, y).model_
    object.__setattr__(model, "target_name", table.names[2])
    save(model, "evil.lamina")
    return table.names


@pytest.mark.parametrize(
    "words",
    [
        ("show", "evil.lamina"),
        ("evaluate", "evil.lamina", "evil.csv"),
        ("explain", "evil.lamina", "evil.csv"),
        ("train", "evil.csv", "--target", "price", "--out", "e.lamina", *QUICK),
        ("train", "evil.csv"),
        ("train", "evil.csv", "--target", f"nope{EVIL}"),
        ("train", f"nope{EVIL}.csv", "--target", "price"),
        ("show", f"nope{EVIL}"),
        ("show", f"nope{EVIL}", "--debug"),
        ("train", "evil.csv", f"--nope{EVIL}"),
        ("show", "evil.lamina", f"more{EVIL}"),
        (f"nope{EVIL}",),
        ("evaluate", "evil.lamina", "evil.csv", "--weights", f"w{EVIL}"),
        ("explain", "evil.lamina", "evil.csv", "--outcome", f"w{EVIL}"),
        ("train", "evil.csv", "--target", "price", "--scoring", EVIL, *QUICK),
        ("runs", f"nope{EVIL}"),
    ],
    ids=lambda words: " ".join(words)[:30].encode("unicode_escape").decode(),
)
def test_no_command_obeys_a_name(lamina, evil, words):
    done = lamina(*words)
    text = done.out + done.err
    assert "evil" in text
    assert not CONTROL.search(text)


def test_a_torn_table_stays_one(lamina, evil):
    rows = [line for line in lamina("show", "evil.lamina").out.splitlines() if line.lstrip().startswith("town")]
    assert len(rows) == 1
    assert "category" in rows[0]
    assert r"line\nbreak" in rows[0]
