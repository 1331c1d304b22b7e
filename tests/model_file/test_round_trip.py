"""What is saved is what is loaded, to the bit; and the file is what docs/file-format.md says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import lamina
from lamina.equations.layers import Dense, Linear, ParametricActivation, Residual
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.errors import ModelFileError
from lamina.model_file.blueprints import network_from

KINDS = ["binary", "every layer", "quantiles", "huber", "labels", "one class"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_is_the_saved_one(models, rows, tmp_path, kind):
    model = models[kind]
    lamina.save(model, tmp_path / "a.lamina")
    loaded = lamina.load(tmp_path / "a.lamina")
    assert loaded.params.dtype == model.params.dtype
    assert loaded.params.tobytes() == model.params.tobytes()
    assert loaded.network == model.network
    assert loaded.network.slots == model.network.slots
    for name in ("target_name", "settings", "scores", "best_epoch", "stopped"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.history == [{name: value for name, value in r.items() if name != "seconds"} for r in model.history]
    assert loaded.encoder.feature_names == model.encoder.feature_names
    assert loaded.output(rows).tobytes() == model.output(rows).tobytes()
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    assert loaded.predict(rows).dtype == model.predict(rows).dtype


@pytest.mark.parametrize("kind", KINDS)
def test_saving_what_was_loaded_gives_the_same_file(models, tmp_path, kind):
    lamina.save(models[kind], tmp_path / "a.lamina")
    lamina.save(lamina.load(tmp_path / "a.lamina"), tmp_path / "b.lamina")
    assert (tmp_path / "a.lamina").read_bytes() == (tmp_path / "b.lamina").read_bytes()


def test_bits_that_equal_numbers_do_not_tell_apart_are_kept(models, tmp_path):
    model = models["binary"]
    odd = np.array([-0.0, 5e-45, np.finfo(np.float32).max, -np.finfo(np.float32).tiny], np.float32)
    params = np.concatenate([odd, model.params[4:]])
    lamina.save(replace(model, params=params), tmp_path / "a.lamina")
    assert lamina.load(tmp_path / "a.lamina").params.tobytes() == params.tobytes()


def test_a_strided_vector_is_saved_as_it_reads(models, tmp_path):
    model = models["binary"]
    strided = np.repeat(model.params, 2)[::2]
    lamina.save(replace(model, params=strided), tmp_path / "a.lamina")
    assert np.array_equal(lamina.load(tmp_path / "a.lamina").params, model.params)


def test_any_reader_of_safetensors_sees_the_parameters_and_the_header(models, tmp_path):
    model = models["binary"]
    lamina.save(model, tmp_path / "a.lamina")
    tensors = load_file(tmp_path / "a.lamina")
    assert list(tensors) == ["params"]
    assert np.array_equal(tensors["params"], model.params)
    with safe_open(tmp_path / "a.lamina", "numpy") as file:
        header = json.loads(file.metadata()["lamina"])
    keys = ["format", "lamina", "blueprint", "encoder", "target", "target_name", "settings", "history", "scores"]
    assert list(header) == ["sha256", *keys, "best_epoch", "stopped"]
    assert (header["format"], header["best_epoch"], header["stopped"]) == (2, 2, "all 2 epochs were done")
    assert header["lamina"] == lamina.__version__
    assert header["target"] == {"kind": "labels", "task": "binary", "dtype": "str", "classes": ["no", "yes"]}
    assert header["settings"]["class_weight"] == [["no", 1.0], ["yes", 2.5]]


def test_a_file_of_format_1_is_read(rows):
    """Written by lamina 0.1 before there was a format 2: three epochs, of which the second was kept."""
    model = lamina.load(Path(__file__).with_name("format_1.lamina"))
    assert (model.best_epoch, model.stopped, model.target_name) == (2, "", "bought")
    assert [record["validation_cost"] for record in model.history] == [0.7, 0.625, 0.65]
    assert model.predict(rows).shape == (6,)


def test_numbers_that_are_not_finite_leave_the_history_but_not_the_model(models, tmp_path):
    record = {"epoch": np.int64(1), "cost": float("nan"), "score": np.float32(0.5), "validation_score": -np.inf}
    model = replace(models["binary"], history=[record], scores={"validation_r2": -np.inf, "cost": np.float64(0.5)})
    lamina.save(model, tmp_path / "a.lamina")
    loaded = lamina.load(tmp_path / "a.lamina")
    assert loaded.history == [{"epoch": 1, "cost": None, "score": 0.5, "validation_score": None}]
    assert loaded.scores == {"cost": 0.5}


def test_settings_without_a_plain_form_are_left_out(models, tmp_path):
    settings = {"random_state": np.random.RandomState(0), "scoring": len, "max_iter": np.int64(5), "dropout": 0.5}
    lamina.save(replace(models["binary"], settings=settings), tmp_path / "a.lamina")
    assert lamina.load(tmp_path / "a.lamina").settings == {"max_iter": 5, "dropout": 0.5}


def test_a_model_that_predicts_nothing_is_not_saved(models, tmp_path):
    params = models["binary"].params.copy()
    params[3] = np.nan
    with pytest.raises(ModelFileError, match="cannot save this model: its parameters hold NaN or infinity"):
        lamina.save(replace(models["binary"], params=params), tmp_path / "a.lamina")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"params": np.zeros(3, np.float32)}, r"params has shape \(3,\), the network has 53 parameters"),
        ({"params": np.zeros(53, np.float16)}, "params has dtype float16, expected float32 or float64"),
        ({"settings": {"max_iter": 0}}, "max_iter=0: expected a whole number of at least 1"),
        ({"settings": {"max_itre": 5}}, "settings: names of settings expected"),
        ({"history": [{"cost": 1.0}]}, "history: records of epoch, cost"),
        ({"best_epoch": -1}, "best_epoch: a whole number from 0"),
        ({"stopped": None}, "stopped: text expected, found NoneType"),
        ({"target_name": 5}, "target_name: text expected, found int"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(models, tmp_path, change, message):
    with pytest.raises(ModelFileError, match=message):
        lamina.save(replace(models["binary"], **change), tmp_path / "a.lamina")
    assert list(tmp_path.iterdir()) == []


def test_early_files_call_the_mix_of_a_parametric_activation_alpha():
    layers = [ParametricActivation("mish"), Residual([ParametricActivation("selu"), Dense(3)]), Linear(1)]
    network = Network(3, layers, SquaredError())
    old = json.loads(json.dumps(network.blueprint()).replace('"mix', '"alpha'))
    assert old[0]["arrays"][0]["name"] == "alpha0"
    assert network_from(old) == network
    assert [slot.name for slot in network_from(old).slots if slot.role == "mix"] == ["mix0", "mix0_2"]


def test_a_tilde_is_the_home_folder(models, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    lamina.save(models["binary"], "~/a.lamina")
    assert (tmp_path / "a.lamina").is_file()
    assert lamina.load("~/a.lamina").params.tobytes() == models["binary"].params.tobytes()
