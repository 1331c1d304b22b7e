"""lamina doctor and lamina course."""

import json

import pytest

from lamina.cli import doctor as command
from lamina.glassbox.doctor.curriculum import PARTS

WRONG = "import numpy as np\n\n\ndef relu(Z):\n    return np.abs(Z), Z\n"
RIGHT = WRONG.replace("np.abs(Z)", "np.maximum(0, Z)")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "right.py").write_text(RIGHT)


def test_the_exit_code_says_whether_all_is_right(lamina):
    assert lamina("doctor", "right.py").code == 0
    done = lamina("doctor", "wrong.py")
    assert done.code == 1
    assert "Negative Z gives -Z" in done.out
    assert "Line 5: return np.abs(Z), Z" in done.out


def test_json_is_the_whole_of_stdout(lamina):
    done = lamina("doctor", "wrong.py", "--json")
    (function,) = json.loads(done.out)["functions"]
    assert function["findings"][0]["name"] == "relu-abs"
    assert function["findings"][0]["line"] == 5
    assert "relu: wrong" in done.err


def test_hints_and_the_solution(lamina):
    assert "-Z" not in lamina("doctor", "wrong.py", "--hint", "1").out
    assert "Line 5" in lamina("doctor", "wrong.py", "--hint", "3").out
    assert "np.maximum(0, Z)" in lamina("doctor", "wrong.py", "--solution").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["doctor", "nothing.py"], "nothing.py"),
        (["doctor", "wrong.py", "--hint", "7"], "expected 1"),
        (["doctor", "wrong.py", "--seconds", "0"], "expected more than 0"),
        (["doctor", "wrong.py", "--watch", "--json"], "exclude one another"),
        (["course", "nothing.py"], "nothing.py"),
        (["course", "wrong.txt", "--start"], "ends in .py"),
        (["course", "wrong.py", "--start"], "already exists"),
    ],
)
def test_errors_say_what_to_do(lamina, words, message):
    done = lamina(*words)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err


def test_watch_looks_again_when_the_file_changes(lamina, tmp_path, monkeypatch):
    seen = []

    def told(terminal, report):
        seen.append(report.passed)
        if len(seen) == 2:
            raise KeyboardInterrupt
        (tmp_path / "wrong.py").write_text(RIGHT + "\n")
        return 1

    monkeypatch.setattr(command, "_told", told)
    monkeypatch.setattr(command, "PAUSE", 0.01)
    lamina("doctor", "wrong.py", "--watch")
    assert seen == [False, True]


def test_the_course_begins_with_a_file_to_fill_in(lamina, tmp_path):
    assert lamina("course").code == 0
    assert lamina("course", "--start").code == 0
    text = (tmp_path / "backprop.py").read_text()
    for part in PARTS:
        for name in part.functions:
            assert f"def {name}(" in text
    done = lamina("course", "--json")
    assert set(json.loads(done.out)["exercises"].values()) == {"not written yet"}
    stub = 'def relu(Z):\n    """Return A = max(0, Z) and the cache Z."""\n    raise NotImplementedError'
    assert stub in text
    (tmp_path / "backprop.py").write_text(text.replace(stub, "def relu(Z):\n    return np.maximum(0, Z), Z"))
    done = lamina("course")
    assert "x relu" in done.out
    assert "? sigmoid" in done.out
    assert "1 of 32 done" in done.out
