"""The message of a run that left the finite numbers: which quantity of which layer, in which epoch and batch."""

import numpy as np
import pytest

from lamina.data.examples import InMemory
from lamina.equations.layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    LayerNorm,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    Residual,
    Scale,
)
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.random import Key
from lamina.errors import DivergenceError, DivergenceWarning
from lamina.learning.choices import chosen
from lamina.learning.divergence import WHAT_TO_TRY, divergence_error, first_not_finite
from lamina.learning.hyperparameters import OPTIMISER_CHOICES, check, settings_for
from lamina.learning.networks import Inputs, network_from
from lamina.learning.presets import Facts, resolved
from lamina.learning.recipe import Recipe
from lamina.learning.schedules import Constant
from lamina.learning.state import State
from lamina.learning.training import train
from small_runs import run_of

HIDDEN = [Linear(4), LayerNorm(), Activation("tanh"), Dropout(0.5), Residual([Dense(4, "relu"), Linear(4)]), Linear(1)]
X, Y = np.random.default_rng(0).normal(size=(6, 3)), np.ones((6, 1))


def place(layers=HIDDEN, X=X, Y=Y, weights=None, dtype=np.float64, members=1, **broken):
    """What is said of a network whose named arrays hold a value that is not finite, or too large."""
    network = Network(3, layers, SquaredError(), members=members)
    params = np.full(network.size, 0.1, dtype)
    for name, value in broken.items():
        network.named(params)[name][0, 0] = value
    with np.errstate(all="ignore"):
        return first_not_finite(network, params, X.astype(dtype), Y.astype(dtype), weights, Key(0, 0))


def test_on_the_way_forward():
    assert place(W1=np.inf) == "Z of layer 1 (linear) is not finite"
    assert place(gamma1=np.nan) == "Z of layer 1 (layer_norm) is not finite"
    assert place(W2=np.nan) == "Z of layer 2 (linear) is not finite"  # inside the residual
    assert place(b4=-np.inf) == "Z of layer 4 (linear) is not finite"


def test_layers_have_the_numbers_of_their_arrays():
    """The number in the message is that in the name of the array: with parametric activations, columns and members."""
    td = [Scale(), Linear(4), ParametricActivation("selu"), Linear(4), ParametricActivation("selu"), Linear(1)]
    assert place(td, s0=np.nan) == "A of layer 0 (scale) is not finite"
    assert place(td, mix1=np.nan) == "A of layer 1 (selu) is not finite"
    assert place(td, mix2=np.inf) == "A of layer 2 (selu) is not finite"
    assert place(td, b3=np.nan) == "Z of layer 3 (linear) is not finite"
    ensemble = [MemberScale(2), Linear(4), Activation("tanh"), MemberScale(2), Linear(2), MemberChoice(2)]
    assert place(ensemble, members=2, R0=np.inf) == "A of layer 0 (member_scale) is not finite"
    assert place(ensemble, members=2, R1=np.nan) == "A of layer 1 (member_scale) is not finite"
    assert place(ensemble, members=2, W2=np.inf) == "Z of layer 2 (linear) is not finite"


def test_the_first_array_inside_a_residual():
    layers = [Linear(4), Residual([Linear(4), BatchNorm(), Activation("relu")]), Linear(1)]
    assert place(layers, gamma2=np.inf) == "Z of layer 2 (batch_norm) is not finite"


@pytest.mark.parametrize("number", [1, 2])
def test_the_network_of_the_preset_td(number):
    defaults = {name: one.default for name, one in settings_for("regressor").items()}
    settings = resolved({**defaults, "preset": "td"}, Facts("regressor", 100))
    network = network_from(settings, Inputs(3, (0, 1, 2)), 1, SquaredError())
    params = np.full(network.size, 0.1)
    network.named(params)[f"mix{number}"][0, 0] = np.nan
    found = first_not_finite(network, params, X, Y, None, Key(0, 0))
    assert found == f"A of layer {number} ({settings['activation']}) is not finite"


def test_the_rows_themselves():
    rows = X.copy()
    rows[2, 1] = np.inf
    assert place(X=rows) == "A[0], the encoded rows, is not finite"


def test_the_cost():
    found = place([Linear(1)], Y=Y * 1e30, dtype=np.float32)
    assert found.startswith("the cost (squared_error) is not finite, with |Z[L]| up to 0.")


def test_on_the_way_back():
    layers = [Linear(1), Activation("identity"), Linear(1)]
    assert place(layers, X * 1e10, weights=np.full(6, 1e300), W2=0.0) == "dW of layer 2 (linear) is not finite"


def test_when_each_part_is_finite():
    assert place(Y=Y * 1e150) == "the sum of cost and penalty is not finite"


def test_the_whole_message():
    network = Network(3, [Linear(1)], SquaredError())
    params = np.full(network.size, np.nan)
    recipe = Recipe(Adam(), Constant(), 0.5, 2, 3, 0)
    error = divergence_error(network, params, X, Y, None, 0, 7, (3, 2, 9), recipe)
    assert isinstance(error, DivergenceError)
    assert str(error) == (
        "training diverged in epoch 3, batch 2 of 9: Z of layer 1 (linear) is not finite "
        f"(learning_rate_init=0.5, optimizer='adam'). {WHAT_TO_TRY}"
    )


def test_what_to_try_can_be_tried():
    """The settings named in the message are settings, spelled so that they are understood."""
    assert "learning_rate_init" in settings_for("regressor")
    assert "adam(clip_norm=1)" in WHAT_TO_TRY
    assert chosen("optimizer", "adam(clip_norm=1)", OPTIMISER_CHOICES) == Adam(clip_norm=1)
    check({"dtype": "float64"}, "regressor")


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_loop_names_the_batch_and_stops_before_it(batch):
    """One row in the middle of the second pass is beyond single precision."""
    network = Network(3, [Dense(4, "tanh"), Linear(1)], SquaredError())
    rows, targets = X.astype(np.float32), np.ones((6, 1), np.float32)
    recipe = Recipe(Adam(), Constant(), 0.01, 2, 5, 0, shuffle=False)
    state = State.start(recipe.optimiser, np.full(network.size, 0.1, np.float32))
    passes = train(run_of(network, recipe, InMemory(rows, targets)), state)
    next(passes)
    targets[2 * batch - 1] = 1e30
    with pytest.warns(DivergenceWarning, match=rf"epoch 2, batch {batch} of 3: the cost \(squared_error\)"):
        assert list(passes) == []
    assert state.stopped == "diverged"
    assert state.step == 3 + batch - 1  # the steps that were taken
    assert np.isfinite(state.params).all()
