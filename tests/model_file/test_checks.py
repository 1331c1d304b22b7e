"""Each check of the header, alone: the file is whole and sealed, and one thing in it is not what lamina writes."""

import hashlib
import json

import pytest
from safetensors.numpy import save_file

import lamina
from lamina.errors import ModelFileError
from lamina.model_file.header import header_of
from lamina.sealed_file import text_of


def refusal(model, path, change=None, text=None):
    """Return what is said about a model's file after a change of its header, or another text in its place."""
    header = json.loads(text_of(header_of(model)))
    if change is not None:
        change(header)
    text = text or json.dumps(header)
    digest = hashlib.sha256(text.encode() + model.params.tobytes()).hexdigest()
    save_file({"params": model.params}, path, {"lamina": f'{{"sha256":"{digest}",' + text[1:]})
    with pytest.raises(ModelFileError) as caught:
        lamina.load(path)
    return str(caught.value)


def put(*place, to):
    """Return a change that puts a value at a place of the header."""

    def change(header):
        node = header
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = to(node[place[-1]]) if callable(to) else to

    return change


BINARY = {
    "an offset": (put("blueprint", 0, "arrays", 0, "offset", to=1), "names, sizes or offsets do not belong together"),
    "a name": (put("blueprint", 0, "arrays", 0, "name", to="W2"), "names, sizes or offsets do not belong together"),
    "a role": (put("blueprint", 0, "arrays", 0, "role", to="b"), "names, sizes or offsets do not belong together"),
    "rows and columns": (put("blueprint", 0, "arrays", 0, "rows", to=11), "do not belong together"),
    "true for 1": (put("blueprint", 0, "arrays", 0, "rate", to=True), "rate is at least 0, found True"),
    "a layer's number": (put("blueprint", 1, "layer", to=9), "do not belong together"),
    "a width": (put("blueprint", 1, "units", to=5), "do not belong together"),
    "an order": (put("blueprint", to=lambda b: [b[1], b[0], *b[2:]]), "do not belong together"),
    "a group": (put("blueprint", 0, "arrays", 0, "group", to="others"), "group: one of weights, embeddings, biases"),
    "a rate": (put("blueprint", 0, "arrays", 0, "rate", to=-1), "rate is at least 0, found -1"),
    "a kind of layer": (put("blueprint", 0, "kind", to="os.system"), "kind: one of linear, activation"),
    "an activation": (put("blueprint", 1, "function", to="eval"), "function: one of identity, sigmoid"),
    "a loss": (put("blueprint", 3, "name", to="mse"), "name: one of binary_log_loss"),
    "a loss's setting": (
        put("blueprint", 3, "label_smoothing", to=1),
        "(label_smoothing=1): expected a number in [0, 1)",
    ),
    "a list for a number": (put("blueprint", 3, "label_smoothing", to=[0.1]), "label_smoothing cannot be [0.1]"),
    "a penalty": (put("blueprint", 3, "l2", to=-0.5), "l2 is at least 0, found -0.5"),
    "a key more": (put("blueprint", 0, to=lambda e: {**e, "module": "os"}), "unknown keys ['module']"),
    "a key less": (lambda h: h["blueprint"][0].pop("units"), "missing keys ['units']"),
    "no loss": (put("blueprint", to=lambda b: b[:-1]), "blueprint name: one of binary_log_loss"),
    "no layers": (put("blueprint", to=lambda b: b[-1:]), "at least one layer and a loss expected"),
    "units beyond": (put("blueprint", 0, "units", to=2**31), "a whole number from 1 to 2147483647"),
    "half a unit": (put("blueprint", 0, "units", to=4.0), "a whole number from 1"),
    "other columns": (
        put("encoder", "numbers", "indicator", 0, to=False),
        "give 10 features, its network takes 11",
    ),
    "an encoder's key": (put("encoder", to=lambda e: {**e, "hook": 1}), "unknown keys ['hook']"),
    "three classes": (
        put("target", to={"kind": "labels", "task": "multiclass", "dtype": "str", "classes": ["a", "b", "c"]}),
        "loss='binary_log_loss' does not fit a multiclass target",
    ),
    "three labels": (
        put("target", to={"kind": "labels", "task": "multilabel", "dtype": "int64", "classes": [0, 1, 2]}),
        "its network has 1 outputs, its target needs 3",
    ),
    "a number to predict": (
        put("target", to={"kind": "numbers", "location": [0.0], "scale": [1.0], "flat": True, "range": None}),
        "loss='binary_log_loss' does not fit a regression target",
    ),
    "a kind of target": (put("target", "kind", to="object"), "target kind: one of labels, numbers"),
    "a target's name": (put("target_name", to=None), "target_name: text expected"),
    "a setting": (put("settings", to={"max_itre": 1}), "settings: names of settings expected"),
    "a regressor's setting": (put("settings", to={"scale_target": True}), "settings: names of settings expected"),
    "a setting's range": (put("settings", to={"max_iter": 0}), "max_iter=0: expected a whole number"),
    "a setting that is a call": (put("settings", to={"optimizer": "os.system(x=1)"}), "optimizer="),
    "an optimiser's setting": (put("settings", to={"optimizer": {"kind": "adam", "beta": 1}}), "no setting 'beta'"),
    "a hidden layer": (put("settings", to={"hidden_layer_sizes": [{"kind": "dense"}]}), "missing keys"),
    "a scorer": (put("settings", to={"scoring": 5}), "settings scoring: strings expected"),
    "a seed": (put("settings", to={"random_state": "x"}), "settings random_state: a whole number"),
    "a class weight": (put("settings", to={"class_weight": [["no", "much"]]}), "class_weight: numbers expected"),
    "an epoch": (put("history", 0, "epoch", to=-1), "history epoch: a whole number"),
    "a record's key": (put("history", 0, to={"epoch": 1, "note": 1.0}), "history: records of epoch"),
    "a cost": (put("history", 0, "cost", to="low"), "history cost: a number expected, found str"),
    "a score": (put("scores", to={"r2": None}), "scores r2: a number expected, found NoneType"),
    "a header's key": (lambda header: header.update(code="1"), "unknown keys ['code']"),
    "an epoch that was kept": (put("best_epoch", to=0.5), "best_epoch: a whole number from 0"),
    "a reason": (put("stopped", to=None), "stopped: text expected"),
    "a key of format 2": (put("format", to=1), "unknown keys ['best_epoch', 'stopped']"),
    "a version": (put("lamina", to=1), "lamina: text expected"),
}


@pytest.mark.parametrize("what", BINARY)
def test_one_thing_is_wrong(models, tmp_path, what):
    change, expected = BINARY[what]
    said = refusal(models["binary"], tmp_path / "a.lamina", change)
    assert expected in said
    assert said.endswith("the file was altered or damaged: use an intact copy, or train again")


def test_a_residual_must_give_back_its_width(models, tmp_path):
    """Its chain ends with a layer of 3 units where 4 come in; every array is where it belongs all the same."""
    from dataclasses import replace

    from lamina.equations.layers import Linear, Residual
    from lamina.equations.losses import BinaryLogLoss
    from lamina.equations.network import Network
    from lamina.learning.initialisers import starting_parameters

    model = models["binary"]
    network = Network(model.network.n_inputs, [Linear(4), Residual([Linear(3)]), Linear(1)], BinaryLogLoss())
    broken = replace(model, network=network, params=starting_parameters(network, "zeros", 0))
    said = refusal(broken, tmp_path / "a.lamina")
    assert "a residual's chain does not give back the width it gets" in said
    with pytest.raises(ModelFileError, match=r"cannot save this model: .* does not give back the width"):
        lamina.save(broken, tmp_path / "b.lamina")


@pytest.mark.parametrize(
    ("quantiles", "message"),
    [([], "quantiles cannot be []"), (0.5, "quantiles cannot be 0.5"), ([1], "quantiles=(1,)")],
)
def test_quantiles(models, tmp_path, quantiles, message):
    assert message in refusal(
        models["quantiles"], tmp_path / "a.lamina", put("blueprint", -1, "quantiles", to=quantiles)
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"target_name": "bought"', '"target_name": "bought", "target_name": "sold"', "a key twice"),
        ('"cost": 0.7', '"cost": NaN', "its header holds NaN"),
        ('"cost": 0.7', '"cost": 1e999', "its header holds a number too large: 1e999"),
        ('"cost": 0.7', '"cost": 99999999999999999999', "its header holds a number too large"),
        ('"cost": 0.7', '"cost": ' + "9" * 5000, "its header holds a number too large"),
        ('"cost": 0.7', '"cost": -9223372036854775809', "its header holds a number too large"),
        ('"cost": 0.7', '"cost": 0.7,', "its header is no JSON"),
    ],
)
def test_strict_json(models, tmp_path, old, new, message):
    text = json.dumps(header_of(models["binary"]))
    assert old in text
    assert message in refusal(models["binary"], tmp_path / "a.lamina", text=text.replace(old, new, 1))
