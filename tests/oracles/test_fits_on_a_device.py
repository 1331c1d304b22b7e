"""Whole fits by the torch engine: on the CPU, and on a GPU where there is one, beside those of the equations."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification, make_regression

import lamina
from lamina import DeepClassifier, DeepRegressor
from lamina.cli import main
from lamina.errors import CheckpointError, EngineError

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
DEVICES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=with_cuda)])

X, y = make_classification(240, 8, n_informative=5, random_state=0)
X_numbers, y_numbers = make_regression(240, 8, noise=5, random_state=0)
SMALL = {"hidden_layer_sizes": [12, 12], "max_iter": 6, "batch_size": 32, "random_state": 0, "dtype": "float64"}


def fitted(kind=DeepClassifier, rows=(X, y), **settings):
    return kind(**{**SMALL, **settings}).fit(*rows)


def assert_same(found, expected, rtol=1e-6):
    """Costs of every epoch, parameters and predictions."""
    for name in ("cost", "validation_cost"):
        costs = [[record[name] for record in one.history_] for one in (found, expected)]
        if costs[0][0] is not None:
            np.testing.assert_allclose(*costs, rtol=rtol)
    np.testing.assert_allclose(found.model_.params, expected.model_.params, rtol=rtol, atol=1e-8)


FITS = {
    "default": {},
    "members": {"n_members": 3, "dropout": 0.2},
    "embeddings": {"numeric_embedding": "periodic", "normalization": "batch", "parametric_activation": True},
    "averaging": {"averaging": 0.9, "optimizer": "lion", "learning_rate_init": 1e-3, "normalization": "layer"},
    "lbfgs": {"optimizer": "lbfgs", "preset": "sklearn"},
    "no validation": {"early_stopping": False, "preset": "sklearn", "alpha": 0.1, "l1": 0.01},
    "weights": {"class_weight": {0: 1, 1: 3}, "label_smoothing": 0.1},
}


@DEVICES
@pytest.mark.parametrize("name", FITS)
def test_a_fit_is_that_of_the_equations(name, device):
    found = fitted(engine="torch", device=device, **FITS[name])
    expected = fitted(engine="equations", **FITS[name])
    assert_same(found, expected)
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), rtol=1e-6, atol=1e-9)


@DEVICES
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile(quantiles=(0.1, 0.9))"])
def test_a_regression(loss, device):
    found, expected = (
        fitted(DeepRegressor, (X_numbers, y_numbers), loss=loss, **one)
        for one in ({"engine": "torch", "device": device}, {"engine": "equations"})
    )
    np.testing.assert_allclose(found.predict(X_numbers), expected.predict(X_numbers), rtol=1e-6, atol=1e-6)


@DEVICES
def test_a_sparse_table(device):
    from scipy.sparse import csr_array

    rows = csr_array(np.where(np.abs(X) > 1, X, 0)), y
    found, expected = (
        fitted(rows=rows, **one) for one in ({"engine": "torch", "device": device}, {"engine": "equations"})
    )
    assert_same(found, expected)


@DEVICES
def test_partial_fits_and_a_warm_start(device):
    found, expected = (
        DeepClassifier(**SMALL, **one) for one in ({"engine": "torch", "device": device}, {"engine": "equations"})
    )
    for one in (found, expected):
        for at in range(0, 240, 60):
            one.partial_fit(X[at : at + 60], y[at : at + 60], classes=[0, 1])
    assert_same(found, expected)
    for one in (found, expected):
        one.set_params(warm_start=True, max_iter=3).fit(X, y)
    assert_same(found, expected)


@DEVICES
def test_a_stream(device, tmp_path):
    file = tmp_path / "rows.csv"
    lines = [",".join([*(f"{number:.6f}" for number in row), str(label)]) for row, label in zip(X, y, strict=True)]
    file.write_text("\n".join([",".join([*"abcdefgh", "label"]), *lines]))
    settings = {**SMALL, "early_stopping": False}
    found, expected = (
        DeepClassifier(**settings, **one).fit(str(file), target="label")
        for one in ({"engine": "torch", "device": device}, {"engine": "equations"})
    )
    assert_same(found, expected)


class Stop(Exception):
    """Ends a fit from within."""


@DEVICES
def test_a_run_that_was_broken_off_is_resumed(device, tmp_path, monkeypatch):
    whole = fitted(engine="torch", device=device)
    settings = {**SMALL, "engine": "torch", "device": device, "checkpoint_interval": 0.001}
    from lamina.learning import training

    close, closed = training.close, []

    def closing(run, state):
        record = close(run, state)
        closed.append(record)
        if len(closed) == 4:
            raise Stop
        return record

    monkeypatch.setattr(training, "close", closing)
    with pytest.raises(Stop):
        DeepClassifier(**settings).fit(X, y, checkpoint=tmp_path / "run")
    monkeypatch.setattr(training, "close", close)
    resumed = DeepClassifier(**{**settings, "device": "auto"}).fit(X, y, checkpoint=tmp_path / "run")  # or elsewhere
    assert_same(resumed, whole)
    with pytest.raises(CheckpointError, match="engine"):
        DeepClassifier(**{**settings, "engine": "equations", "device": "auto"}).fit(X, y, checkpoint=tmp_path / "run")


@DEVICES
def test_a_model_file_says_nothing_of_the_device(device, tmp_path):
    one = fitted(engine="torch", device=device)
    one.save(tmp_path / "model.lamina")
    loaded = lamina.load(tmp_path / "model.lamina")
    assert (loaded.engine, loaded.device) == ("auto", "auto")
    assert not {"engine", "device"} & set(loaded.settings)
    np.testing.assert_allclose(loaded.predict_proba(X), one.predict_proba(X), rtol=1e-9)


WITHOUT_TORCH = """
import pickle, sys, warnings

class NoTorch:
    def find_spec(self, name, *rest):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, NoTorch())
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    with open(sys.argv[1], "rb") as file:
        one, X = pickle.load(file)
    found = one.predict_proba(X), [str(w.message) for w in said]
    with open(sys.argv[1], "wb") as file:
        pickle.dump(found, file)
"""


def test_a_pickle_predicts_where_torch_is_missing(tmp_path):
    one = fitted(engine="torch", device="cpu")
    file = tmp_path / "one.pickle"
    file.write_bytes(pickle.dumps((one, X)))
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, str(file)], check=True)
    found, said = pickle.loads(file.read_bytes())
    np.testing.assert_allclose(found, one.predict_proba(X), rtol=1e-9)
    assert said[0].endswith("pip install 'lamina[gpu]' (docs/gpu.md). Predictions are computed on the CPU.")


def test_the_engine_can_be_sent_to_another_process():
    from lamina.engine import choose

    network = fitted().model_.network
    engine = pickle.loads(pickle.dumps(choose(network, "torch", device="cpu")))
    assert engine.predict(network, np.zeros(network.size), np.zeros((2, 8))).shape == (2, 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_gpu_that_is_not_there():
    with pytest.raises(EngineError, match="device='cuda'"):
        fitted(device="cuda")
    assert fitted(engine="torch").settings_["device"] == "auto"


@DEVICES
def test_rows_too_large_for_the_device(device, monkeypatch):
    def full(*args, **keywords):
        raise torch.OutOfMemoryError

    for name, message in (
        ("plan.Plan.gradients", r"the device \w+ is full.* Choose a smaller batch_size"),
        ("stepping.Stepper._take", r"not enough memory for a step: .* Choose a smaller batch_size"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"lamina.tensors.{name}", full)
            with pytest.raises(MemoryError, match=message):
                fitted(engine="torch", device=device)


def test_the_command_line_says_where_it_trains(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("a,b,y\n" + "".join(f"{a},{b},{a > b}\n" for a in range(8) for b in range(8)))
    flags = ["--engine", "torch", "--device", "cpu", "--max-iter", "2", "--random-state", "0"]
    assert main.main(["train", "rows.csv", "--target", "y", *flags, "--out", "model.lamina"]) == 0
    assert ", with torch on cpu" in capsys.readouterr().out
    assert main.main(["evaluate", "model.lamina", "rows.csv"]) == 0
