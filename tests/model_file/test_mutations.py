"""Thousands of altered files: each gives a ModelFileError or a whole model; never anything else, nothing huge."""

import contextlib
import copy
import hashlib
import json
import random
import tracemalloc

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import lamina
from lamina.errors import DataError, ModelFileError
from lamina.model_file.header import header_of
from lamina.sealed_file import text_of

KINDS = ["binary", "every layer", "quantiles"]


def contents(model):
    return text_of(header_of(model)), model.params.dtype, model.params.tobytes()


def flipped(data, rng):
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def cut(data, rng):
    del data[rng.randrange(len(data)) :]


def inserted(data, rng):
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice([1, 2, 8, 100]))


def removed(data, rng):
    at = rng.randrange(len(data))
    del data[at : at + rng.choice([1, 2, 8, 100])]


def overwritten(data, rng):
    at = rng.randrange(len(data))
    data[at : at + 8] = rng.choice([b"\xff" * 8, b"\0" * 8, rng.randbytes(8), b"99999999", b'":[{"a":'])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mutate", [flipped, cut, inserted, removed, overwritten], ids=lambda one: one.__name__)
def test_altered_bytes(models, tmp_path, kind, mutate):
    path, rng, expected = tmp_path / "a.lamina", random.Random(1), contents(models[kind])
    lamina.save(models[kind], path)
    whole, loaded = path.read_bytes(), 0
    for _ in range(300):
        data = bytearray(whole)
        mutate(data, rng)
        path.write_bytes(data)
        try:
            assert contents(lamina.load(path)) == expected
            loaded += 1
        except ModelFileError:
            pass
    assert loaded < 30  # blanks behind the header, or bytes that were overwritten with themselves


# ---- headers that are edited and sealed again: only the checks stand between them and a model ----

VALUES = [None, True, False, 0, -1, 1, 2, 3.5, -0.25, 2**31, 2**40, 2**63, 10**19, 1e300]
VALUES += ["", "x", "relu", "weights", "linear", "å\ud800", "adam(beta1=2)", "__import__('os').getcwd()"]
VALUES += [[], {}, [1], [[]], {"kind": "adam"}, ["a", "b"], [0.5]]


def places(node):
    """Every (container, key) of a tree."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield node, key
        yield from places(value)


def edit(header, rng):
    node, key = rng.choice(list(places(header)))
    what = rng.randrange(6)
    if what < 3:
        node[key] = copy.deepcopy(rng.choice(VALUES))
    elif what == 3:
        del node[key]
    elif isinstance(node, dict):
        node[rng.choice(["kind", "extra", "units", "rate", "chain"])] = node[key] if what == 4 else node.pop(key)
    elif what == 4:
        node.insert(rng.randrange(len(node) + 1), copy.deepcopy(node[key]))
    else:
        other = rng.randrange(len(node))
        node[key], node[other] = node[other], node[key]


def sealed(header, params):
    text = json.dumps(header)
    digest = hashlib.sha256(text.encode() + params.tobytes()).hexdigest()
    return f'{{"sha256":"{digest}",' + text[1:]


def test_the_seal_is_that_of_the_file(models, tmp_path):
    """Without this, every edited header could be refused for its checksum alone."""
    lamina.save(models["binary"], tmp_path / "a.lamina")
    with safe_open(tmp_path / "a.lamina", "numpy") as file:
        text, params = file.metadata()["lamina"], file.get_tensor("params")
    seal, _, rest = text.partition(",")
    assert json.loads(seal + "}")["sha256"] == hashlib.sha256(b"{" + rest.encode() + params.tobytes()).hexdigest()
    header = json.loads("{" + rest)
    save_file({"params": params}, tmp_path / "b.lamina", {"lamina": sealed(header, params)})
    assert contents(lamina.load(tmp_path / "b.lamina")) == contents(models["binary"])


@pytest.mark.parametrize("kind", KINDS)
def test_edited_headers(models, rows, tmp_path, kind):
    model, rng, path = models[kind], random.Random(2), tmp_path / "a.lamina"
    header, loaded = header_of(model), 0
    for _ in range(900):
        changed = json.loads(text_of(header))
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            edit(changed, rng)
        save_file({"params": model.params}, path, {"lamina": sealed(changed, model.params)})
        try:
            found = lamina.load(path)
        except ModelFileError:
            continue
        loaded += 1
        lamina.save(found, tmp_path / "b.lamina")  # what was accepted is a whole model:
        assert contents(lamina.load(tmp_path / "b.lamina")) == contents(found)
        found.summary().cells()
        with contextlib.suppress(DataError), np.errstate(all="ignore"):  # other columns, numbers far out
            found.predict(rows)
    assert 10 < loaded < 600


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("blueprint", 0, "units"), 2**31 - 1),
        (("blueprint", 0, "inputs"), 2**31 - 1),
        (("blueprint", 0, "arrays", 0, "rows"), 2**62),
        (("blueprint", 0, "arrays", 0, "offset"), 2**62),
        (("encoder", "n_columns"), 2**31),
        (("encoder", "numbers", "at"), [2**31 - 1]),
        (("settings", "hidden_layer_sizes"), [2**40]),
    ],
)
def test_sizes_that_are_only_claimed_allocate_nothing(models, tmp_path, place, value):
    changed = json.loads(text_of(header_of(models["binary"])))
    node = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    params = models["binary"].params
    save_file({"params": params}, tmp_path / "a.lamina", {"lamina": sealed(changed, params)})
    tracemalloc.start()
    with contextlib.suppress(ModelFileError):
        lamina.load(tmp_path / "a.lamina")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_tensors_that_are_only_claimed_allocate_nothing(tmp_path):
    path = tmp_path / "a.lamina"
    for shape, end in [([2**40], 2**42), ([2**61, 8], 0), ([2**62], 2**64 - 1), ([10**6], 4)]:
        head = json.dumps({"params": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
        path.write_bytes(len(head).to_bytes(8, "little") + head + b"\0" * 64)
        with pytest.raises(ModelFileError):
            lamina.load(path)
    path.write_bytes((2**63).to_bytes(8, "little") + b"{" + b" " * 100)
    with pytest.raises(ModelFileError, match="cut off"):
        lamina.load(path)


def test_a_header_of_many_brackets(models, tmp_path):
    params = np.zeros(1, np.float32)
    for text in (
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"format":' + "9" * 10_000 + "}",
        '{"format":1e999}',
        '{"format":NaN}',
    ):
        save_file({"params": params}, tmp_path / "a.lamina", {"lamina": text})
        with pytest.raises(ModelFileError, match="header"):
            lamina.load(tmp_path / "a.lamina")


def test_residuals_inside_residuals_without_end(models, tmp_path):
    header = json.loads(text_of(header_of(models["binary"])))
    entry = header["blueprint"][0]
    for _ in range(300):
        entry = {"kind": "residual", "inputs": 4, "units": 4, "layer": 1, "chain": [entry], "arrays": []}
    header["blueprint"] = [entry, header["blueprint"][-1]]
    params = models["binary"].params
    save_file({"params": params}, tmp_path / "a.lamina", {"lamina": sealed(header, params)})
    with pytest.raises(ModelFileError, match="deeper than 32"):
        lamina.load(tmp_path / "a.lamina")


def test_too_many_layers_are_not_built(models, tmp_path):
    header = json.loads(text_of(header_of(models["binary"])))
    layers = header["blueprint"]
    header["blueprint"] = [layers[1]] * 5000 + [layers[-1]]
    params = models["binary"].params
    save_file({"params": params}, tmp_path / "a.lamina", {"lamina": sealed(header, params)})
    with pytest.raises(ModelFileError, match="more than 4096 layers"):
        lamina.load(tmp_path / "a.lamina")
