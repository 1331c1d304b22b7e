"""What stands in an exported file, what is refused before one is written, and what is left after an error."""

import builtins
import json
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest

import lamina
from lamina.errors import ColumnError, ExportError, MissingExtraError, SettingError
from lamina.estimators import DeepClassifier, DeepRegressor
from lamina.exporting import onnx_inputs, onnx_model, to_onnx
from lamina.exporting.graphs import OPSET
from onnx_runs import agree, ran, session_of

M = 60
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "age": RNG.normal(size=M),
        "job": RNG.choice(["a", "b", "c"], M),
        "owner": RNG.random(M) < 0.5,
        "built": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 99, M), unit="D"),
    }
)
Y = np.where(FRAME["age"] > 0, "old", "young")


def fitted(X=FRAME, y=Y, estimator=DeepClassifier, **settings):
    return estimator(max_iter=2, random_state=0, hidden_layer_sizes=(8,), **settings).fit(X, y)


@pytest.fixture(scope="module")
def net():
    return fitted()


def test_estimator_and_model_write_the_same_small_file(net, tmp_path):
    net.to_onnx(tmp_path / "a.onnx")
    net.model_.to_onnx(tmp_path / "b.onnx")
    net.save(tmp_path / "net.lamina")
    lamina.load(tmp_path / "net.lamina").to_onnx(str(tmp_path / "c.onnx"))
    content = (tmp_path / "a.onnx").read_bytes()
    assert content == (tmp_path / "b.onnx").read_bytes() == (tmp_path / "c.onnx").read_bytes()
    assert len(content) < 4 * net.model_.params.nbytes + 40_000
    onnx.checker.check_model(str(tmp_path / "a.onnx"), full_check=True)
    onnxruntime.InferenceSession(tmp_path / "a.onnx")


def test_what_the_file_says_of_itself(net):
    made = onnx_model(net.model_)
    assert {one.domain: one.version for one in made.opset_import} == {"": OPSET, "ai.onnx.ml": 3}
    assert (made.producer_name, made.producer_version) == ("lamina", version("lamina"))
    session = session_of(made)
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["classes"]) == ["old", "young"]
    assert (about["target"], about["task"], about["lamina"]) == ("y", "binary", version("lamina"))
    kinds = {one["name"]: one["kind"] for one in json.loads(about["columns"])}
    assert kinds == {"age": "number", "job": "text", "owner": "boolean", "built": "date"}
    inputs = {one.name: (one.type, one.shape) for one in session.get_inputs()}
    double, text = "tensor(double)", "tensor(string)"
    assert inputs == {name: (text if name == "job" else double, ["rows", 1]) for name in FRAME}
    outputs = {one.name: (one.type, one.shape) for one in session.get_outputs()}
    assert outputs == {"label": (text, ["rows"]), "probabilities": ("tensor(float)", ["rows", 2])}
    docs = {one.name: one.doc_string for one in made.graph.input}
    assert docs["built"] == "seconds since 1970-01-01 00:00 UTC; NaN where missing"


def test_numbers_come_by_the_name_of_the_target():
    rows = FRAME.assign(price=FRAME["age"] * 1e6 + 3e8)
    net = DeepRegressor(max_iter=2, random_state=0).fit(rows, target="price")
    agree(net.model_, rows)
    (one,) = session_of(onnx_model(net.model_)).get_outputs()
    assert (one.name, one.type, one.shape) == ("price", "tensor(double)", ["rows"])


@pytest.mark.parametrize(
    "names",
    [
        ["a b", "a_b", "a-b", "a.b"],
        ["Größe in m²", "価格", "🙂", "a/b:c\\d\"'"],
        ["label", "probabilities", "label_", "y"],
        ["lamina/constant_1", "lamina/Concat_2", "rows", "X"],
        [" ", "\n", "0", "None"],
    ],
    ids=str,
)
def test_column_names_stay_as_they_are(names):
    X = FRAME.set_axis(names, axis=1)
    net = fitted(X)
    session = session_of(onnx_model(net.model_))
    assert [one.name for one in session.get_inputs()] == names
    found = session.run(None, onnx_inputs(net, X))
    np.testing.assert_allclose(found[1], net.predict_proba(X), rtol=0, atol=1e-5)
    expected = ["label", "probabilities"] if "label" not in names else ["label__", "probabilities_"]
    assert [one.name for one in session.get_outputs()] == expected


def test_a_target_named_like_a_column():
    net = fitted(FRAME.rename(columns={"age": "y"}), FRAME["age"], DeepRegressor)
    assert list(ran(net.model_, FRAME.rename(columns={"age": "y"}))) == ["y_"]


@pytest.mark.parametrize("settings", [{"clamp": True}, {}, {"loss": "gamma"}], ids=str)
def test_numbers_stay_in_the_range_of_the_target(settings):
    y = np.column_stack([FRAME["age"] - FRAME["age"].min() + 1, np.full(M, 3.0)])  # the second without spread
    net = fitted(FRAME, y, DeepRegressor, **settings)
    far = FRAME.assign(age=FRAME["age"] * 1000)
    agree(net.model_, far)


@pytest.mark.parametrize("name", ["", "\ud800"])
def test_a_name_that_no_graph_can_hold(name):
    with pytest.raises(ExportError, match=r"column 1 is named .*: an input of an ONNX graph needs a name"):
        onnx_model(fitted({"age": FRAME["age"].to_numpy(), name: FRAME["owner"].to_numpy()}).model_)


def test_a_label_that_is_no_valid_unicode():
    with pytest.raises(ExportError, match="holds valid Unicode only, and a label, level or name is"):
        onnx_model(fitted(FRAME, np.where(FRAME["owner"], "a\ud800", "b")).model_)


def test_text_is_no_part_of_a_matrix(net):
    with pytest.raises(ExportError, match="a matrix holds numbers, and the column 'job' is text"):
        onnx_model(net.model_, inputs="matrix")
    with pytest.raises(SettingError, match=r"inputs='matrx': .* Did you mean 'matrix'"):
        onnx_model(net.model_, inputs="matrx")
    with pytest.raises(SettingError, match=r"Did you mean 'columns'"):
        onnx_inputs(net, FRAME, inputs="column")


def test_inputs_are_checked_as_rows_to_predict_are(net):
    with pytest.raises(ColumnError, match="missing: job"):
        onnx_inputs(net, FRAME.drop(columns="job"))


def test_without_the_library_the_error_says_what_to_install(net, monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.split(".")[0] in ("onnx", "skl2onnx"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'lamina\[onnx\]'"):
        net.to_onnx(tmp_path / "a.onnx")
    with pytest.raises(MissingExtraError, match="pip install skl2onnx"):
        lamina.exporting.register_skl2onnx()
    assert list(tmp_path.iterdir()) == []


def test_weights_that_predict_nothing(net):
    broken = fitted()
    broken.parameters_["W1"][0, 0] = np.nan
    with pytest.raises(ExportError, match="its parameters hold NaN or infinity"):
        onnx_model(broken.model_)


def test_a_file_that_cannot_be_written(net, tmp_path):
    with pytest.raises(ExportError, match=r"cannot write .*there is no folder"):
        net.to_onnx(tmp_path / "nowhere" / "a.onnx")
    with pytest.raises(ExportError, match=r"cannot write .*it is a folder"):
        net.to_onnx(tmp_path)


def test_after_an_error_the_old_file_is_unchanged(net, tmp_path, monkeypatch):
    old = tmp_path / "a.onnx"
    old.write_bytes(b"old")

    def refuse(*_, **__):
        raise ValueError("no")

    monkeypatch.setattr(onnx.checker, "check_model", refuse)
    with pytest.raises(ExportError, match="no valid ONNX: no"):
        to_onnx(net.model_, old)
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]
