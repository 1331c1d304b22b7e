"""From settings to layers, and the loss of each task."""

import pytest

from lamina.equations.layers import Activation, BatchNorm, Dense, Dropout, LayerNorm, Linear, Residual, Scale
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Huber, Quantile, SquaredError
from lamina.errors import SettingError
from lamina.learning.hyperparameters import settings_for
from lamina.learning.networks import Inputs, loss_from, network_from
from lamina.learning.presets import Facts, resolved

DEFAULTS = {name: one.default for name, one in settings_for("classifier").items()}
PLAIN = resolved({**DEFAULTS, "preset": "sklearn"}, Facts("classifier", 100))


def layers(n_inputs=3, n_targets=1, loss=None, **settings):
    return list(network_from({**PLAIN, **settings}, Inputs(n_inputs), n_targets, loss or SquaredError()).layers)


def test_the_lectures_network():
    assert layers(hidden_layer_sizes=(5, 4)) == [
        Linear(5),
        Activation("relu"),
        Linear(4),
        Activation("relu"),
        Linear(1),
    ]


def test_a_single_number_is_one_hidden_layer_and_none_is_a_linear_model():
    assert layers(hidden_layer_sizes=5) == layers(hidden_layer_sizes=[5]) == [Linear(5), Activation("relu"), Linear(1)]
    assert layers(hidden_layer_sizes=()) == [Linear(1)]


@pytest.mark.parametrize(("name", "layer"), [("layer", LayerNorm()), ("batch", BatchNorm())])
def test_normalisation_stands_before_the_activation_and_dropout_behind(name, layer):
    found = layers(hidden_layer_sizes=(5, 4), normalization=name, dropout=0.25, activation=["tanh", "gelu"])
    assert found == [
        *(Linear(5), layer, Activation("tanh"), Dropout(0.25)),
        *(Linear(4), layer, Activation("gelu"), Dropout(0.25)),
        Linear(1),
    ]


def test_a_layer_of_its_own_stands_as_it_is():
    block = Residual([Dense(5, "tanh"), Linear(5)])
    found = layers(hidden_layer_sizes=(Scale(), 5, block, 4), activation=("relu", "elu"), normalization="layer")
    assert found == [
        Scale(),
        *(Linear(5), LayerNorm(), Activation("relu")),
        block,
        *(Linear(4), LayerNorm(), Activation("elu")),
        Linear(1),
    ]


@pytest.mark.parametrize(("targets", "units"), [(1, 3), (2, 6)])
def test_the_last_layer_has_the_units_that_the_loss_needs(targets, units):
    assert layers(n_targets=targets, loss=Quantile((0.1, 0.5, 0.9)))[-1] == Linear(units)


def test_penalties():
    network = network_from({**PLAIN, "alpha": 0.3, "l1": 0.2}, Inputs(3), 1, SquaredError())
    assert (network.l2, network.l1) == (0.3, 0.2)


def test_as_many_activations_as_hidden_layers():
    with pytest.raises(SettingError, match="activation has 3 names for 2 hidden layers: expected one for each"):
        layers(hidden_layer_sizes=(5, Scale(), 4), activation=("relu",) * 3)


def test_a_skip_adds_equal_widths():
    with pytest.raises(
        SettingError, match=r"a Residual gets 5 units and its chain gives 4; .* Linear\(5\) or Dense\(5"
    ):
        layers(hidden_layer_sizes=(5, Residual([Dense(4)])))
    with pytest.raises(SettingError, match="a Residual gets 6 units and its chain gives 2"):
        layers(hidden_layer_sizes=(Residual([Dense(6), Residual([Dense(2)]), Dense(3)]),))
    layers(n_inputs=3, hidden_layer_sizes=(Residual([Dense(6), Residual([Dense(6)]), Linear(3)]),))


# ---- losses ----


def loss(task, **settings):
    return loss_from({**PLAIN, **settings}, task)


def test_auto():
    assert loss("binary") == loss("multilabel") == BinaryLogLoss()
    assert loss("multiclass") == CategoricalLogLoss()
    assert loss("regression") == SquaredError()


def test_label_smoothing_joins_the_log_losses_only():
    assert loss("binary", label_smoothing=0.2) == BinaryLogLoss(0.2)
    assert loss("multiclass", label_smoothing=0.2, loss="categorical_log_loss") == CategoricalLogLoss(0.2)
    assert loss("multiclass", loss=CategoricalLogLoss(0.3)) == CategoricalLogLoss(0.3)
    assert loss("regression", label_smoothing=0.2, loss=Huber(2)) == Huber(2)


FITS = {
    "binary": {"binary_log_loss"},
    "multilabel": {"binary_log_loss"},
    "multiclass": {"categorical_log_loss"},
    "regression": {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"},
}


@pytest.mark.parametrize("task", FITS)
@pytest.mark.parametrize("kind", LOSSES)
def test_which_loss_fits_which_task(task, kind):
    if kind in FITS[task]:
        assert loss(task, loss=kind) == LOSSES[kind]()
        return
    with pytest.raises(SettingError, match=f"loss='{kind}' does not fit a {task} target: expected .*, or 'auto'") as no:
        loss(task, loss=kind)
    assert all(known in str(no.value) for known in FITS[task])
