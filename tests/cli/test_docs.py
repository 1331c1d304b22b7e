"""The console blocks of docs/command-line.md, run in order in one folder, print what the page shows, digits aside."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.cli.main import COMMANDS

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def sessions():
    """Every command, and the lines that the page shows for it."""
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def masked(text):
    """Digits, blanks, the drawing and the length of rules aside."""
    text = re.sub("[\u2800-\u28ff]+", "~", text)
    return re.sub(r"[ \n]+", " ", re.sub(r"-?\d[\d.,]*(e-?\d+)?", "0", re.sub("─+", "─", text))).strip()


def fits(shown, found):
    """Whether what was found is what is shown, with anything for a line of dots."""
    parts = [re.escape(masked(part)) for part in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)]
    return re.fullmatch(".*".join(parts), masked(found), re.DOTALL) is not None


@pytest.mark.parametrize(
    ("shown", "found", "same"),
    [
        ("lamina  0.8592\n", "lamina   0.8601\n", True),
        ("lamina  0.8592\n", "lamina   0.8601 0.5\n", False),
        ("one\n...\ntwo 2\n", "one\nand\nmore\ntwo 3\n", True),
        ("one\n...\ntwo 2\n", "one\nand\nmore\nthree 3\n", False),
        ("...\n", "anything", True),
        ("", "anything", False),
    ],
)
def test_the_test_sees_a_difference(shown, found, same):
    assert fits(shown, found) == same


@pytest.mark.slow
def test_the_page_shows_what_happens(tmp_path):
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "lamina"
    start = "import sys; from lamina.cli.main import main; sys.argv[0] = 'bin/lamina'; sys.exit(main())"
    script.write_text(f"#!{sys.executable}\n{start.replace('bin/lamina', str(script))}\n")
    script.chmod(0o755)
    environment = {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}"}
    wrong, count = [], 0
    for command, shown in sessions():
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        count += 1
        found = (done.stdout if done.stdout else done.stderr).replace(str(tmp_path), "/home/you")
        found = re.sub(r"^(reading|looking at) .* \.\.\.\n", "", found, flags=re.MULTILINE)  # of a busy machine
        if done.returncode or not fits(shown, found):
            wrong.append(f"$ {command}\n[{done.returncode}] {found}\n{done.stderr}\ninstead of\n{shown}")
    assert not wrong, "\n\n".join(wrong)
    assert count >= 20


def test_the_page_lists_every_command_and_exit_code():
    from lamina.cli import exit_codes, main

    text = PAGE.read_text(encoding="utf-8")
    for name in main.COMMANDS:
        assert re.search(rf"^\| `{name}[ `]", text, re.MULTILINE)
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert codes == [exit_codes.DONE, exit_codes.FAILED, exit_codes.USAGE, *sorted(exit_codes.SIGNALS.values())]


def test_every_flag_on_the_page_is_one(lamina, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    known = set()
    for command in COMMANDS:
        known |= set(re.findall(r"--[a-z0-9-]+", lamina(command, "--help").out))
    page = re.sub(r"curl [^;\n]*", "", PAGE.read_text(encoding="utf-8"))  # which has flags of its own
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page))
    assert named <= known | {"--debug", "--help", "--install-completion"}
