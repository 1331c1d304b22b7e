"""Files as learners write them: every function is judged, its mistake named, its line found."""

import re
from pathlib import Path

import pytest

from lamina.glassbox.doctor import examine

PATIENTS = Path(__file__).parent / "patients"
RIGHT = [PATIENTS / "right.py", PATIENTS / "unusual.py"]
WRONG = sorted(set(PATIENTS.glob("*.py")) - set(RIGHT))


def marked(path):
    """Function to the mistakes that its mark names and the line of "# <-"; "a + b" names two."""
    found, lines, expected, function = {}, {}, None, None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if mark := re.match(r"# expect: (.*)", line):
            expected = mark[1].strip().split(" + ")
        if start := re.match(r"def (\w+)", line):
            function = None
            if expected:
                function, expected = start[1], found.setdefault(start[1], expected) and None
        if (mark := re.search(r"# <-\s*(\w*)", line)) and (mark[1] or function):
            lines[mark[1] or function] = number
    return {name: (mistakes, lines.get(name)) for name, mistakes in found.items()}


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_the_mistakes_are_named_and_their_lines_found(path):
    report = examine(path)
    expected = marked(path)
    assert set(expected) <= {one.function for one in report.functions}
    for function, (mistakes, line) in expected.items():
        found = report[function]
        assert found.verdict == "wrong", function
        assert {one.name for one in found.findings} == set(mistakes), function
        if line is not None:
            assert any(one.line is not None and abs(one.line - line) <= 1 for one in found.findings), function


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_right_solutions_in_odd_styles_get_a_clean_bill(path):
    report = examine(path)
    assert [one.function for one in report.functions if not one.passed or one.findings] == []
    assert len(report.functions) >= 18


def test_the_patients_are_many():
    assert sum(len(marked(path)) for path in WRONG) >= 160
