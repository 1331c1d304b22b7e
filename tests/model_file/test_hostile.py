"""Files of somebody who means no good: huge headers and texts, columns that are not there, bytes that change."""

import hashlib
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import lamina
from lamina import DeepClassifier, sealed_file
from lamina.errors import ModelFileError, SettingError
from lamina.learning.choices import chosen
from lamina.learning.hyperparameters import OPTIMISER_CHOICES
from lamina.model_file.header import header_of
from lamina.sealed_file import text_of

PATIENCE_SECONDS = 10


def refusal(model, path, change=None, text=None):
    header = json.loads(text_of(header_of(model)))
    if change is not None:
        change(header)
    text = text or json.dumps(header)
    digest = hashlib.sha256(text.encode() + model.params.tobytes()).hexdigest()
    save_file({"params": model.params}, path, {"lamina": f'{{"sha256":"{digest}",' + text[1:]})
    began = time.monotonic()
    with pytest.raises(ModelFileError) as refused:
        lamina.load(path)
    assert time.monotonic() - began < PATIENCE_SECONDS
    said = str(refused.value)
    assert len(said) < 1000
    assert said.isprintable()
    return said


@pytest.fixture(scope="module")
def looked_up():
    """A model with waves of numbers and embeddings, small."""
    rng = np.random.default_rng(0)
    rows = {"a": rng.normal(size=80), "b": rng.normal(size=80), "g": rng.choice(list("uvwxyz"), 80)}
    settings = {"embed_above": 2, "hidden_layer_sizes": (3,), "max_iter": 1, "random_state": 0}
    return DeepClassifier(**settings).fit(rows, rows["a"] > 0).model_


TEXTS = {
    "400 digits": "adam(beta1=" + "9" * 400 + ")",
    "hexadecimal": "adam(beta1=0x" + "f" * 400 + ")",
    "a list as a key": "adam(beta1={[]:1})",
    "a set of sets": "adam(beta1={{}})",
    "very many settings": "adam(" + ",".join(f"a{i}=1" for i in range(300_000)) + ")",
    "line breaks": "adam(\n\x1b[31m\n)",
    "a long name": "x" * 5_000_000,
}


@pytest.mark.parametrize("what", TEXTS)
@pytest.mark.parametrize("setting", ["optimizer", "schedule", "loss"])
def test_texts_of_settings(models, tmp_path, what, setting):
    change = lambda header: header["settings"].update({setting: TEXTS[what]})  # noqa: E731
    assert setting in refusal(models["binary"], tmp_path / "a.lamina", change)
    with pytest.raises(SettingError, match=setting):
        chosen(setting, TEXTS[what], OPTIMISER_CHOICES)


@pytest.mark.parametrize(
    "value",
    [["relu"] * 300_000, list(range(300_000)), {"kind": "adam", "beta1": [[]] * 10_000}, {"kind": "a\n" * 99_999}],
    ids=["names", "numbers", "lists", "a kind"],
)
@pytest.mark.parametrize("setting", ["hidden_layer_sizes", "activation", "optimizer", "preset", "max_iter"])
def test_long_values_of_settings(models, tmp_path, setting, value):
    """Whatever loads, loads soon; whatever does not, says so in a line."""
    if (setting, type(value), type(value[0] if isinstance(value, list) else None)) in (
        ("hidden_layer_sizes", list, int),
        ("activation", list, str),
    ):
        value = [*value, None]
    refusal(models["binary"], tmp_path / "a.lamina", lambda header: header["settings"].update({setting: value}))


def test_a_header_beyond_its_limit(models, tmp_path, monkeypatch):
    padding = " " * (sealed_file.MOST_HEADER_BYTES + 2 * sealed_file.HEAD_OF_TENSORS_BYTES)
    text = json.dumps(json.loads(text_of(header_of(models["binary"]))))[:-1] + padding + "}"
    assert "bytes, at most 33,554,432 expected" in refusal(models["binary"], tmp_path / "a.lamina", text=text)
    monkeypatch.setattr(sealed_file, "MOST_HEADER_BYTES", 100)
    with pytest.raises(ModelFileError, match=r"cannot save this model: its header has .* bytes, at most 100 expected"):
        lamina.save(models["binary"], tmp_path / "b.lamina")
    assert not (tmp_path / "b.lamina").exists()


def test_very_many_brackets(models, tmp_path):
    text = text_of(header_of(models["binary"]))[:-1] + ',"more":[' + "[]," * 2_000_000 + "0]}"
    assert "unknown keys" in refusal(models["binary"], tmp_path / "a.lamina", text=text)


def test_very_many_scores(models, tmp_path):
    many = {f"s{k}": 0.5 for k in range(100_000)}
    said = refusal(models["binary"], tmp_path / "a.lamina", lambda header: header.update(scores=many))
    assert "scores: at most 100 expected, found 100,000" in said


@pytest.mark.parametrize("kind", ["periodic", "embedding"])
@pytest.mark.parametrize("columns", [lambda c: [c[0]] * len(c), lambda c: c[::-1], lambda c: [j + 90 for j in c]])
def test_columns_of_a_layer(looked_up, tmp_path, kind, columns):
    def change(header):
        entry = next(layer for layer in header["blueprint"] if layer["kind"] == kind)
        if len(entry["columns"]) == 1:
            entry["columns"], entry["levels"] = entry["columns"] * 2, entry["levels"] * 2
        entry["columns"] = columns(entry["columns"])

    assert f"blueprint {kind}" in refusal(looked_up, tmp_path / "a.lamina", change)


def test_levels_of_an_embedding(looked_up, tmp_path):
    def change(header):
        entry = next(layer for layer in header["blueprint"] if layer["kind"] == "embedding")
        entry["levels"] = [*entry["levels"], 3]

    assert "as many levels as columns expected" in refusal(looked_up, tmp_path / "a.lamina", change)


# ---- bytes that change while they are read ----


def test_a_file_that_is_rewritten_while_it_is_open(models, tmp_path):
    """A mapped file would end the process, or change under the checksum."""
    path = tmp_path / "a.lamina"
    lamina.save(models["binary"], path)
    with sealed_file.opened(path) as file:
        with open(path, "r+b") as other:
            other.truncate(10)
        np.testing.assert_array_equal(file.arrays()["params"], models["binary"].params)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of maps here")
def test_nothing_is_mapped(models, tmp_path, monkeypatch):
    path, seen = tmp_path / "mapped.lamina", []
    lamina.save(models["binary"], path)
    check = sealed_file.check_seal
    monkeypatch.setattr(
        sealed_file, "check_seal", lambda *given: seen.append(Path("/proc/self/maps").read_text()) or check(*given)
    )
    lamina.load(path)
    assert seen
    assert os.fspath(path) not in seen[0]
