"""Every Python block of the README and of docs/ runs, in order, in a folder of its own; one page shares its names.

On the pages for learners, what a block prints is the text block after it: "..." stands for any lines, and numbers may
differ by 2 %.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = {"gpu.md"}  # needs torch: tests/oracles
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCK_AND_OUTPUT = re.compile(r"^```python\n(.*?)^```(?:\n+```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
FOR_LEARNERS = ("course.md", "tutorial.md")
NEEDS = {"tracking.md": ("mlflow", "tensorboardX", "skops")}  # `make tracking-tests` has them
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page) and page.name not in ELSEWHERE], ids=lambda page: page.name
)
def test_python_blocks_run(page, tmp_path):
    missing = [name for name in NEEDS.get(page.name, ()) if find_spec(name) is None]
    if missing:
        pytest.skip(f"{page.name} needs {', '.join(missing)}")
    done = run_blocks(page, tmp_path)
    assert done.returncode == 0, done.stderr
    for shown, found in zip(outputs(page), done.stdout.split(MARK), strict=True) if page.name in FOR_LEARNERS else ():
        assert fits(shown, found), f"{page.name} shows\n{shown}\nbut its block prints\n{found}"


MARK = "\N{END OF PROOF}\n"


def outputs(page: Path) -> list[str]:
    """What the page shows after each block."""
    return [output for _, output in BLOCK_AND_OUTPUT.findall(page.read_text(encoding="utf-8"))]


def fits(shown: str, found: str) -> bool:
    """Whether what was printed is what is shown."""
    anything = [NUMBER.sub("0", re.sub(r" +", " ", part)) for part in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)]
    words = NUMBER.sub("0", re.sub(r" +", " ", found))
    if not re.fullmatch(".*".join(map(re.escape, anything)), words, re.DOTALL):
        return False
    if len(anything) > 1:
        return True
    pairs = zip(map(float, NUMBER.findall(shown)), map(float, NUMBER.findall(found)), strict=True)
    return all(abs(a - b) <= max(0.02 * abs(a), 0.011) or max(abs(a), abs(b)) < 1e-6 for a, b in pairs)


@pytest.mark.parametrize(
    ("shown", "found", "same"),
    [
        ("cost 0.583\n", "cost 0.584\n", True),
        ("cost 0.583\n", "cost 0.683\n", False),
        ("cost 0.583\n", "loss 0.583\n", False),
        ("1.2e-09\n", "4.6e-10\n", True),
        ("1.2e-09\n", "0.5\n", False),
        ("W (4, 5)\n", "W (5, 4)\n", False),
        ("one\n...\ntwo\n", "one\n1\n2\ntwo\n", True),
        ("one\n...\ntwo\n", "one\n1\n2\nthree\n", False),
    ],
)
def test_the_test_sees_a_difference(shown, found, same):
    assert fits(shown, found) == same


def run_blocks(page: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    between = f"\nprint({MARK[:-1]!r})\n" if page.name in FOR_LEARNERS else "\n\n"
    script = tmp_path / "page.py"
    script.write_text(between.join(blocks(page)), encoding="utf-8")
    warned = "error,ignore::DeprecationWarning,ignore::FutureWarning" if page.name in NEEDS else "error"  # of others
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": warned}
    return subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


def test_the_readme_and_the_docs_have_blocks():
    assert sum(len(blocks(page)) for page in PAGES) >= 3
