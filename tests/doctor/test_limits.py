"""Code that does not end, ends Python, asks for a keyboard or a terabyte: each ends with a sentence."""

import json

import pytest

from lamina.errors import DataError
from lamina.glassbox.doctor import examine, sandbox

HOSTILE = """
import os
import sys
import time

import numpy as np


def sigmoid(Z):
    while True:
        Z = Z + 1


def relu(Z):
    os._exit(3)


def softmax(Z):
    return softmax(Z)


def sigmoid_backward(dA, cache):
    return np.ones((10**6, 10**6))


def relu_backward(dA, cache):
    sys.exit()


def linear_forward(A, W, b):
    return float(input("Z?"))


def compute_cost(AL, Y):
    print("x" * 5_000_000)
    return -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / Y.shape[1]


def linear_backward(dZ, cache):
    return open("no such file").read()


def predict(X, y, parameters):
    os.fork()


def update_parameters(params, grads, learning_rate):
    return {"W1": params}
"""

ENDS = {
    "sigmoid": "does-not-end",
    "relu": "ends-the-process",
    "softmax": "calls-itself-without-end",
    "sigmoid_backward": "too-much-memory",
    "relu_backward": "exits",
    "linear_forward": "not-possible-here",
    "linear_backward": "file-missing",
    "predict": "not-possible-here",
    "update_parameters": "returns-something-else",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "hostile.py"
    path.write_text(HOSTILE)
    return examine(path, seconds=1)


@pytest.mark.parametrize("function", ENDS)
def test_each_ends_with_a_sentence(hostile, function):
    (finding,) = hostile[function].findings
    assert finding.name == ENDS[function]
    assert finding.sentence.endswith((".", ")"))


def test_megabytes_printed_are_a_note(hostile):
    assert hostile["compute_cost"].passed
    assert any("million characters" in note for note in hostile["compute_cost"].notes)


def test_a_file_that_does_not_end_is_examined_by_its_definitions(tmp_path):
    path = tmp_path / "endless.py"
    path.write_text("import numpy as np\ndef relu(Z):\n    return np.maximum(0, Z), Z\nwhile True:\n    pass\n")
    report = examine(path, seconds=1)
    assert report["relu"].passed
    assert any("line 4 did not end" in note for note in report.notes)


def test_statements_that_fail_are_left_out_and_named(tmp_path):
    path = tmp_path / "failing.py"
    path.write_text(
        "import numpy as np\nimport no_such_module\ndef relu(Z):\n    return np.maximum(0, Z), Z\nrelu(1)[5]\n"
    )
    report = examine(path)
    assert report.passed
    assert len(report.notes) == 2
    assert "no_such_module" in report.notes[0]
    assert "line 5" in report.notes[1]


def test_a_module_beside_the_file_hides_none_of_pythons(tmp_path):
    (tmp_path / "random.py").write_text("1/0\n")
    (tmp_path / "mine.py").write_text("import numpy as np\n\ndef gate(Z):\n    return Z > 0\n")
    path = tmp_path / "answer.py"
    path.write_text("from mine import gate\ndef relu(Z):\n    return Z * gate(Z), Z\n")
    assert examine(path).passed


def notebook(tmp_path, *cells):
    path = tmp_path / "week4.ipynb"
    kinds = [{"cell_type": "markdown", "source": ["# Week 4"]}]
    kinds += [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []} for cell in cells]
    path.write_text(json.dumps({"cells": kinds, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    return path


def test_a_notebook_runs_cell_by_cell_without_its_magics(tmp_path):
    path = notebook(
        tmp_path,
        "import numpy as np\nfrom dnn_utils_v2 import sigmoid, relu\nfrom testCases import *\n%matplotlib inline\n!ls",
        "%%bash\necho {",
        "def linear_forward(A, W, b):\n    cache = (A, W, b)\n    Z = W @ A\n    return Z, cache",
        "def oops(:",
        "linear_forward_test(linear_forward)\nnp.array?\nfiles = !ls",
        "t_A, t_W, t_b = linear_forward_test_case()\nt_Z, _ = linear_forward(t_A, t_W, t_b)\nprint(t_Z)",
    )
    report = examine(path)
    (finding,) = report["linear_forward"].findings
    assert finding.name == "b-missing"
    assert (finding.cell, finding.line, finding.place) == ("cell 4", 3, "cell 4, line 3")
    assert finding.code == "Z = W @ A"
    assert len(report.notes) == 1
    assert "cell 5, line 1" in report.notes[0]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.py", "def relu(Z)\n    return Z\n", "a.py is not Python: line 1"),
        ("a.py", "x = 1\n", "defines no function of the course"),
        ("a.txt", "x = 1\n", "neither a Python file"),
        ("a.ipynb", "{", "is not a notebook"),
        ("a.ipynb", '{"cells": 3}', "is not a notebook"),
        ("a.py", "# coding: nonsense\n", "encoding"),
    ],
)
def test_what_cannot_be_examined_is_refused_in_words(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        examine(tmp_path / name)


def test_a_file_that_is_written_may_not_be_large(tmp_path):
    path = tmp_path / "writing.py"
    path.write_text(
        "import numpy as np\n\ndef relu(Z):\n    with open('large.bin', 'wb') as file:\n"
        "        file.write(b'0' * 100_000_000)\n    return np.maximum(0, Z), Z\n"
    )
    (finding,) = examine(path)["relu"].findings
    assert "File too large" in finding.sentence
    assert (tmp_path / "large.bin").stat().st_size <= 64 << 20


def test_one_number_that_is_off_in_an_array_is_told(tmp_path):
    path = tmp_path / "one.py"
    path.write_text("import numpy as np\n\ndef relu_backward(dA, cache):\n    return 1.7 * dA * (cache > 0)\n")
    (finding,) = examine(path)["relu_backward"].findings
    assert "1.7 times what it should be" in finding.sentence


FLOOD = """
import os


def sigmoid(Z):
    for pipe in range(3, 9):
        try:
            while True:
                os.write(pipe, {says})
        except OSError:
            pass
"""

STARTS = """
import subprocess
import sys


def sigmoid(Z):
    subprocess.run([sys.executable, "-c", "open({mark!r}, 'w')"], start_new_session=True)
    return Z
"""


@pytest.mark.parametrize("says", [b"x" * 1_000_000, b"[1, 2]\n3\nnull\n"], ids=["no end", "no object"])
def test_what_code_writes_into_the_pipe_of_the_answers_is_no_answer(tmp_path, monkeypatch, says):
    monkeypatch.setattr(sandbox, "LONGEST_LINE", 5_000_000)
    file = tmp_path / "flood.py"
    file.write_text(FLOOD.format(says=says))
    report = examine(file, seconds=1)
    assert not report["sigmoid"].passed


def test_code_starts_no_other_program_that_would_outlive_it(tmp_path):
    file, mark = tmp_path / "starts.py", tmp_path / "mark"
    file.write_text(STARTS.format(mark=str(mark)))
    assert "other programs cannot be started" in str(examine(file))
    assert not mark.exists()
