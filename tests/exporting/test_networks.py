"""Every row of the tables of layers, activations and losses in ONNX, against lamina's own engines.

The parameters are drawn, not learned: no array is 0 or 1 by chance.
"""

import numpy as np
import pytest

from lamina.data.encoding.encodings import ENCODINGS
from lamina.data.encoding.learning import learn_encoder
from lamina.data.tables.sources import read
from lamina.data.targets import Labels, Numbers
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import (
    LAYERS,
    Activation,
    Dense,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    RoundedLinear,
)
from lamina.equations.losses import LOSSES, CategoricalLogLoss, Quantile, SquaredError
from lamina.equations.network import Network
from lamina.errors import ExportError
from lamina.exporting import activation_nodes, encoder_nodes, layer_nodes, network_nodes, onnx_model
from lamina.model import Model
from onnx_runs import agree, ran

N, ROWS = 9, 40
EXAMPLES = [layer for kind in LAYERS.values() for layer in kind.examples(N)]
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])


def rows(layer=None):
    """Rows of numbers; where a layer embeds, some of them are numbers of categories, and some beyond the last."""
    X = np.random.default_rng(1).normal(size=(ROWS, N)) * 1.5
    for column, levels in zip(*((layer.columns, layer.levels) if hasattr(layer, "levels") else ((), ())), strict=True):
        X[:, column] = np.arange(ROWS) % (levels + 2) - 1
    return X


def target_for(loss, outputs):
    if loss.kind in ("binary_log_loss", "categorical_log_loss"):
        task = "multiclass" if loss.kind.startswith("cat") else "multilabel" if outputs > 1 else "binary"
        return Labels(task, np.arange(max(outputs, 2)))
    n = outputs // loss.units(1)
    return Numbers(np.linspace(5, 9, n), np.linspace(2, 3, n), n == 1)


def model_of(layers, loss, dtype, X, members=1):
    network = Network(N, layers, loss, members=members)
    rng = np.random.default_rng(0)
    params = rng.normal(size=network.size) * 0.5
    for slot in network.slots:
        if slot.role == "var":
            params[slot.place] = rng.uniform(0.5, 2, slot.size)
    encoder = learn_encoder(read(X), scaling="none", splines=())
    return Model(network, params.astype(dtype), encoder, target_for(loss, network.n_outputs))


def test_every_row_of_every_table_has_a_form_in_onnx():
    assert set(layer_nodes.LAYERS) == set(LAYERS)
    assert set(activation_nodes.ACTIVATIONS) == set(ACTIVATIONS)
    assert set(network_nodes.OUTPUTS) == {loss.output_name for loss in LOSSES.values()}
    assert set(encoder_nodes.ENCODINGS) == set(ENCODINGS)


@DTYPES
@pytest.mark.parametrize("layer", EXAMPLES, ids=str)
def test_layers(layer, dtype):
    X, members = rows(layer), getattr(layer, "members", 1)
    agree(model_of([layer, Dense(6, "tanh"), Linear(2)], SquaredError(), dtype, X, members), X)


def test_products_of_bfloat16():
    X = rows()
    agree(model_of([RoundedLinear(2)], SquaredError(), np.float32, X), X)
    deep = [RoundedLinear(20), Activation("relu"), RoundedLinear(2)]  # a last bit may decide how a unit is rounded
    agree(model_of(deep, SquaredError(), np.float32, X), X, close=2e-3)


@DTYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, dtype):
    X = rows() * 4
    layers = [Linear(8), Activation(name), Linear(8), ParametricActivation(name), Linear(1)]
    agree(model_of(layers, SquaredError(), dtype, X), X)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_exact_in_double_precision(name):
    Z = np.repeat(np.concatenate([np.linspace(-40, 40, 401), [0.0, 1e-9, -1e-9]])[:, None], N, axis=1)
    model = model_of([Activation(name)], SquaredError(), np.float64, Z)
    model = Model(model.network, model.params, model.encoder, Numbers(np.zeros(N), np.ones(N), False))
    (found,) = ran(model, Z).values()
    loose = 3e-7 if name == "gelu" else 1e-14  # erf in single precision
    np.testing.assert_allclose(found, ACTIVATIONS[name].g(Z), rtol=loose, atol=loose)


@DTYPES
@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("loss", [*(loss() for loss in LOSSES.values()), Quantile((0.9, 0.1))], ids=str)
def test_losses(loss, outputs, dtype):
    X = rows()
    if isinstance(loss, CategoricalLogLoss):
        outputs += 2
    agree(model_of([Dense(5), Linear(loss.units(outputs))], loss, dtype, X), X)


@DTYPES
@pytest.mark.parametrize("members", [2, 5])
@pytest.mark.parametrize("loss", [CategoricalLogLoss(), SquaredError()], ids=str)
def test_members_are_averaged(loss, members, dtype):
    X = rows()
    layers = [MemberScale(members), Dense(7, "silu"), Linear(3 * members), MemberChoice(members)]
    model = model_of(layers, loss, dtype, X, members)
    agree(model, X)
    alone = [next(iter(ran(model, X[i : i + 1]).values()))[0] for i in range(5)]
    np.testing.assert_array_equal(alone, next(iter(ran(model, X).values()))[:5])


def test_a_thousand_classes_and_a_deep_network():
    X = rows()
    model = model_of([Dense(12, "relu")] * 30 + [Linear(1000)], CategoricalLogLoss(), np.float32, X)
    agree(model, X)


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        (layer_nodes.LAYERS, "activation", "the layer activation has no form in ONNX yet: lamina exports linear, "),
        (activation_nodes.ACTIVATIONS, "tanh", "the activation tanh has no form in ONNX yet"),
        (network_nodes.OUTPUTS, "identity", "the output function identity has no form"),
        (encoder_nodes.ENCODINGS, "numbers", "the encoding numbers has no form"),
    ],
)
def test_what_has_no_form_is_named(table, name, message, monkeypatch):
    monkeypatch.delitem(table, name)
    X = rows()
    with pytest.raises(ExportError, match=message):
        onnx_model(model_of([Dense(3, "tanh"), Linear(1)], SquaredError(), np.float32, X))
