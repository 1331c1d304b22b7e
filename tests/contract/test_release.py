"""What a release promises beside the code: one version everywhere, and versions of others that are really tested."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture
def cells(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import compat

    yield compat.CELLS
    for name in ("compat", "interpreters"):
        sys.modules.pop(name, None)


def test_one_version():
    assert re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.M)[1] == PROJECT["version"]


def test_every_python_that_is_promised_has_a_cell(cells):
    promised = {line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if re.search(r"Python :: \d\.\d+$", line)}
    assert {cell.python for cell in cells.values()} == promised


def test_lowest_means_lowest():
    """The lock of the lowest versions is that of today's bounds."""
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", (ROOT / "requirements/lowest.lock").read_text(), re.M))
    declared = [
        re.fullmatch(r"([A-Za-z0-9-]+)(?:\[\w+\])?(?:>=|==)([\d.]+)", line)
        for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
        if not line.startswith("lamina[")
    ]
    # "2.2" is met by 2.2.2 where 2.2.0 cannot be had with the others.
    wrong = {
        name: (bound, locked[name])
        for name, bound in (found.groups() for found in declared)
        if locked[name].split(".")[: len(bound.split("."))] != bound.split(".")
    }
    assert wrong == {}
