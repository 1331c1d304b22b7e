"""A trace to a file and back: the same bits, and anything else is refused with a sentence."""

import numpy as np
import pytest

import lamina
from lamina import sealed_file
from lamina.errors import SealedFileError
from plain_network import PLAIN


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.choice(["a", "b"], 40)
    settings = PLAIN | {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, "dropout": 0.2, "n_members": 2}
    return lamina.DeepClassifier(**settings).fit(X, y, trace=[1]), X, y


def same(a, b):
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    assert (a.setting, a.origins, a.engine) == (b.setting, b.origins, b.engine)
    assert a.comparisons == b.comparisons
    assert a.network == b.network


def test_of_a_model_and_of_a_step(model, tmp_path):
    fitted, X, y = model
    for trace in (fitted.trace(X[:4], y[:4]), fitted.trace(X[:4]), fitted.traces_[1]):
        trace.save(tmp_path / "one.safetensors")
        again = lamina.load_trace(tmp_path / "one.safetensors")
        same(trace, again)
        assert again.replay().agrees
        assert str(again) == str(trace)
        assert str(again.why(0)) == str(trace.why(0))
        assert str(again.inputs(0 if again.step is None else None)) == str(
            trace.inputs(0 if trace.step is None else None)
        )


def test_of_every_kind_of_layer(network, case_of, tmp_path):
    params, X, Y, w = case_of(network)
    trace = lamina.trace(network, X, Y, w, params=params, training=True, seed=1)
    if any(layer.kind == "residual" and not layer.layers for layer in network.layers):
        with pytest.raises(SealedFileError, match="cannot save this trace"):  # no file holds such a network
            trace.save(tmp_path / "one")
        assert not (tmp_path / "one").exists()
        return
    trace.save(tmp_path / "one")
    same(trace, lamina.load_trace(tmp_path / "one"))


def test_other_programs_read_the_arrays(model, tmp_path):
    from safetensors.numpy import load_file

    fitted, X, y = model
    trace = fitted.trace(X[:4], y[:4])
    trace.save(tmp_path / "one.safetensors")
    np.testing.assert_array_equal(load_file(tmp_path / "one.safetensors")["dW1"], trace["dW1"])


def test_what_is_no_trace_is_refused(model, tmp_path):
    fitted, X, y = model
    path = tmp_path / "one"
    trace = fitted.trace(X[:4], y[:4])
    trace.save(path)
    whole = path.read_bytes()
    (tmp_path / "cut").write_bytes(whole[:-9])
    (tmp_path / "altered").write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    (tmp_path / "text").write_text("hello, this is no trace but a text")
    fitted.save(tmp_path / "model")
    header, arrays = sealed_file.read(path)
    for name, change in {
        "newer": {"trace": 2},
        "lacks": {"arrays": header["arrays"][:-1]},
        "other": {"blueprint": header["blueprint"][1:]},
        "no step": {"setting": {}},
    }.items():
        sealed_file.write(tmp_path / name, arrays, header | change)
    sealed_file.write(tmp_path / "shape", arrays | {"Z1": arrays["Z1"][:1]}, header)
    messages = {
        "cut": "cut off",
        "altered": "checksum",
        "text": "it is not a file of lamina",
        "model": "it holds a model: lamina.load reads it",
        "newer": "its format is 2",
        "lacks": "do not belong together",
        "other": "blueprint|belong",
        "no step": "its header lacks 'training'",
        "shape": "Z1 does not fit its network",
        "nothing": "there is no such file",
    }
    for name, message in messages.items():
        with pytest.raises(SealedFileError, match=message) as refused:
            lamina.load_trace(tmp_path / name)
        assert str(tmp_path / name) in str(refused.value)
    with pytest.raises(SealedFileError, match="cannot write"):
        trace.save(tmp_path / "no folder" / "one")
