"""docs/doctor.md: the table of mistakes is that of the code, and the commands print what the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

from lamina.cli.main import main
from lamina.glassbox.doctor.catalogue import lines

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def test_the_table_is_that_of_the_code():
    text = PAGE.read_text(encoding="utf-8")
    assert (
        text.partition("## Known mistakes")[2].partition("\n###")[2] == "\n".join(lines()).partition("\n###")[2] + "\n"
    )


def test_the_page_shows_what_is_printed(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    script = tmp_path / "page.py"
    script.write_text("\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ}
    )
    (shown,) = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert re.sub(r"Line \d+", "Line", done.stdout) == re.sub(r"Line \d+", "Line", shown)


def test_the_commands_print_what_the_page_shows(tmp_path, monkeypatch, capsys):
    text = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    first = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]
    exec(first, {})
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        command, _, shown = block.removeprefix("$ lamina ").partition("\n")
        main(command.split())
        found = re.sub(r"(?<=: )\S+(?: -m \S+)?(?= (course|doctor|lab) )", "lamina", capsys.readouterr().out)
        assert found == shown
