"""What a diagnosis goes by, in the file: it comes back as it was, and anything else is refused."""

import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import lamina
from lamina import DeepClassifier
from lamina.errors import ModelFileError
from lamina.model_file.header import header_of
from lamina.sealed_file import text_of


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(0).normal(size=(90, 3))
    settings = {"preset": "sklearn", "hidden_layer_sizes": (4,), "max_iter": 4, "early_stopping": True}
    return DeepClassifier(**settings, random_state=0).fit(X, X[:, 0] > 0).model_


def loaded(model, path, change=lambda signs: None):
    header = json.loads(text_of(header_of(model)))
    change(header["signs"])
    text = json.dumps(header)
    digest = hashlib.sha256(text.encode() + model.params.tobytes()).hexdigest()
    save_file({"params": model.params}, path, {"lamina": f'{{"sha256":"{digest}",' + text[1:]})
    return lamina.load(path)


def test_they_come_back_as_they_were(model, tmp_path):
    assert [look["epoch"] for look in model.signs["looks"]] == [0, 1, 2, 4]
    assert loaded(model, tmp_path / "a.lamina").signs == model.signs


def test_they_are_small(model):
    assert len(json.dumps(model.signs)) < 3000


def _set(value, *path):
    def change(signs):
        for key in path[:-1]:
            signs = signs[key]
        signs[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set(1, "more"),
        _set([], "facts"),
        _set(1, "facts", "more"),
        _set("0.5", "facts", "baseline"),
        _set(True, "facts", "baseline"),
        _set(0.5, "facts", "rows"),
        _set(-1, "facts", "rows"),
        _set(1, "recipe", "data"),
        _set("1", "recipe", "preset_rows"),
        _set([1], "facts", "leak"),
        _set([[1, 2, 3]], "facts", "copies"),
        _set({"mean": 0.0}, "facts", "target"),
        _set([["a"]], "predictions", "actual"),
        _set({}, "looks"),
        _set([[]], "looks"),
        _set([{"epoch": 0, "step": 0, "cost": 0.5}], "looks"),
        _set([0.1], "looks", 1, "weight"),
        _set([0.1, 0.2, 0.3], "looks", 0, "update"),
        _set([0.1, "b"], "looks", 0, "dead"),
        _set(-1, "looks", 0, "epoch"),
        lambda signs: signs.pop("recipe"),
        lambda signs: signs.update(looks=signs["looks"] * 100),
    ],
)
def test_what_is_not_written_is_not_read(model, tmp_path, change):
    with pytest.raises(ModelFileError, match="signs"):
        loaded(model, tmp_path / "a.lamina", change)
