"""Without scikit-learn's callbacks there are none here, and the message says what to install."""

import sys

import pytest

import lamina
from lamina.callbacks import Checkpoint, EarlyStopping, Log
from lamina.errors import MissingExtraError


@pytest.mark.parametrize("make", [EarlyStopping, lambda: Checkpoint("model"), lambda: Log("log")])
def test_an_older_scikit_learn(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)  # importing it is a ModuleNotFoundError
    with pytest.raises(MissingExtraError, match=r"needs the callbacks of scikit-learn 1\.9.*pip install"):
        make()


def test_they_speak_the_protocol(tmp_path):
    callback = pytest.importorskip("sklearn.callback")
    for one in (EarlyStopping(), Checkpoint(tmp_path / "model"), Log(tmp_path / "log")):
        assert isinstance(one, callback.FitCallback)
        assert not isinstance(one, callback.AutoPropagatedCallback)


def test_public_names():
    assert lamina.callbacks.EarlyStopping is EarlyStopping
    assert sorted(lamina.callbacks.__all__) == ["Checkpoint", "EarlyStopping", "Log", "MLflow", "TensorBoard"]
