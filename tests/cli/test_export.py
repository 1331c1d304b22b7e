"""lamina export: the file, what is said of it, and what is refused."""

import numpy as np
import onnxruntime
import pytest

import lamina as package
from lamina.exporting import onnx_inputs


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


def test_the_file_predicts_what_predict_writes(lamina, tmp_path):
    out = tmp_path / "income.onnx"
    done = lamina("export", "income.lamina", "--to", "onnx", "--out", str(out))
    assert (done.code, done.err) == (0, "")
    model = package.load("income.lamina")
    label, _ = onnxruntime.InferenceSession(out).run(None, onnx_inputs(model, "new.csv"))
    predicted = lamina("predict", "income.lamina", "new.csv").out.split()[1:]
    np.testing.assert_array_equal(label, predicted)


def test_inputs_and_outputs_are_listed(lamina, trained, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = " ".join(lamina("export", str(trained / "price.lamina")).out.split())
    assert (tmp_path / "price.onnx").exists()  # its name, in the current folder
    assert words.startswith("price.onnx: onnx of opset 18, ")
    assert "predicts 'price'" in words
    assert 'town string (rows, 1) text; "" where missing' in words
    assert "since double (rows, 1) seconds since 1970-01-01 00:00 UTC; NaN where missing" in words
    assert words.endswith("price double (rows)")


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (("--out", "income.pb"), 1, "--out income.pb: expected a name that ends in .onnx"),
        (("--out", "nowhere/a.onnx"), 1, "--out: there is no folder 'nowhere'"),
        (("--inputs", "matrix"), 1, "the column 'town' is text: choose --inputs columns"),
        (("--to", "pmml"), 2, 'Invalid value "pmml" for --to'),
    ],
)
def test_what_is_refused(lamina, flags, code, message, trained):
    before = sorted(trained.iterdir())
    done = lamina("export", "income.lamina", *flags)
    assert done.code == code
    assert message in done.err
    assert sorted(trained.iterdir()) == before
