"""The choice of a device: settings, and what is said where torch is missing. tests/oracles has what torch computes."""

import subprocess
import sys

import numpy as np
import pytest

from lamina import DeepClassifier
from lamina.cli import main
from lamina.engine import KERNELS, choose
from lamina.equations.layers import Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.errors import MissingExtraError, SettingError

NETWORK = Network(2, [Linear(1)], SquaredError())
X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2


class NoTorch:
    """An importer that knows no torch."""

    def find_spec(self, name, *rest):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")


@pytest.fixture
def without_torch(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "torch" or name.startswith("lamina.tensors")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoTorch(), *sys.meta_path])


@pytest.mark.usefixtures("without_torch")
@pytest.mark.parametrize("asked", [{"engine": "torch"}, {"device": "cuda"}, {"engine": "torch", "device": "cpu"}])
def test_torch_is_missing(asked):
    with pytest.raises(MissingExtraError, match=r"compute with PyTorch: pip install 'lamina\[gpu\]'"):
        DeepClassifier(max_iter=1, **asked).fit(X, y)


@pytest.mark.usefixtures("without_torch")
def test_torch_is_missing_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("a,b,y\n" + "".join(f"{a},{b},{a > b}\n" for a in range(8) for b in range(8)))
    assert main.main(["train", "rows.csv", "--target", "y", "--device", "cuda"]) == 1
    assert "pip install 'lamina[gpu]'" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("engine", ["equations", "kernels"])
def test_an_engine_of_the_cpu_takes_no_gpu(engine):
    with pytest.raises(SettingError, match=f"engine='{engine}' computes on the CPU only: for device='cuda:1' choose"):
        choose(NETWORK, engine, device="cuda:1")


def test_a_gpu_is_not_taken_for_a_cpu():
    with pytest.raises(SettingError) as raised:
        choose(NETWORK, device="gpu")
    assert "Did you mean" not in str(raised.value)
    with pytest.raises(SettingError, match="Did you mean 'cuda'"):
        choose(NETWORK, device="CUDA")


@pytest.mark.parametrize("device", ["gpu", "CUDA", "cuda:", "cuda:-1", "cpu:0", "", None, 0])
def test_no_device_of_that_name(device):
    with pytest.raises(SettingError, match=r"device=.*: expected 'auto', 'cpu', 'cuda', 'cuda:1' \(or another"):
        DeepClassifier(device=device).fit(X, y)


def test_the_cpu_is_where_the_kernels_compute():
    assert choose(NETWORK, device="cpu") is choose(NETWORK)
    if choose(NETWORK) is KERNELS:
        assert choose(NETWORK, "kernels", device="cpu") is KERNELS


def test_torch_is_not_loaded_unless_asked_for():
    script = "import numpy, sys, lamina; lamina.DeepClassifier(max_iter=1, device='cpu').fit(numpy.eye(8), [0, 1] * 4)"
    script += "; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=False).returncode == 0


def test_rows_to_learn_from_cannot_be_written_to():
    """An engine may keep a copy of them on its device."""
    from lamina.fitting import prepare

    rows, weights = X.copy(), np.ones(40)
    run, _ = prepare(rows, y, weights, settings={"early_stopping": True}, task="classifier")
    for examples in (run.examples, run.validation):
        for array in next(iter(examples.blocks())):
            assert array is None or not array.flags.writeable
    assert rows.flags.writeable
    assert weights.flags.writeable
