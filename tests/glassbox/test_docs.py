"""docs/glassbox.md shows what its blocks print, digits aside."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "glassbox.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n\n(?:```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
END = "end of block"


def masked(text):
    """Digits, signs and the width of columns aside."""
    return re.sub(r"[ \n]+", " ", re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "0", re.sub("-{3,}", "---", text))).strip()


def fits(shown, found):
    parts = [re.escape(masked(part)) for part in re.split(r"^.*\.\.\.$", shown, flags=re.MULTILINE)]
    return re.fullmatch(".*".join(parts), masked(found), re.DOTALL) is not None


def test_a_difference_is_seen():
    assert fits("a  0.5\n...\nb -2", "a 1.25\nmore\nb 3")
    assert not fits("a  0.5\n...\nb -2", "a 1.25\nmore\nc 3")
    assert not fits("a  0.5\n", "a 1.25\nb")


def test_the_page_shows_what_happens(tmp_path):
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert sum(bool(shown) for _, shown in blocks) >= 7
    script = tmp_path / "page.py"
    script.write_text(f"\nprint('{END}')\n".join(code for code, _ in blocks), encoding="utf-8")
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    for (code, shown), found in zip(blocks, done.stdout.split(END), strict=True):
        assert fits(shown, found), f"{code}\nprints\n{found}\nand the page shows\n{shown}"
