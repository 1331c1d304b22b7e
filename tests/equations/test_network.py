"""One flat vector, its names and its blueprint, for random networks; and the verbs run through every one of them."""

import dataclasses
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lamina.equations import verbs
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import LAYERS, BatchNorm, Dense, Dropout, LayerNorm, Linear, Residual, Scale
from lamina.equations.losses import LOSSES, BinaryLogLoss, Quantile, SquaredError
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.slots import GROUPS, Group
from lamina.equations.walk import walk

# ---- random networks ----

# What the settings without a default may be, by name, where so many units come in; the others take their default.
SETTINGS = {
    "units": lambda n: st.integers(1, 5),
    "function": lambda n: st.sampled_from(list(ACTIVATIONS)),
    "rate": lambda n: st.sampled_from([0.0, 0.25, 0.5]),
    "members": lambda n: st.sampled_from([members for members in (1, 2, 3) if n % members == 0]),
    "columns": lambda n: st.sampled_from([(0,), (n - 1,)]),
    "levels": lambda n: st.sampled_from([(1,), (3,)]),
}
FACTORS = st.builds(Group, rate=st.sampled_from([0.0, 0.5, 1.0, 6.0]), decay=st.sampled_from([0.0, 1.0]))


@st.composite
def layers_of(draw, width, depth=2):
    """A list of layers and the width that comes out of them."""
    chosen = []
    for _ in range(draw(st.integers(1, 4))):
        kind = LAYERS[draw(st.sampled_from([kind for kind in LAYERS if depth or kind != "residual"]))]
        if kind is Residual:
            inner, reached = draw(layers_of(width, depth - 1))
            chosen.append(Residual([*inner, Linear(width)] if reached != width else inner))
        else:
            needed = [one.name for one in dataclasses.fields(kind) if one.default is dataclasses.MISSING]
            chosen.append(kind(**{name: draw(SETTINGS[name](width)) for name in needed}))
        width = chosen[-1].width(width)
    return chosen, width


@st.composite
def networks(draw):
    inputs = draw(st.integers(1, 4))
    layers, _ = draw(layers_of(inputs))
    kind = LOSSES[draw(st.sampled_from(list(LOSSES)))]
    loss = draw(st.sampled_from([kind(), Quantile((0.1, 0.9))]))
    layers = [*layers, Dense(loss.units(2), "identity")]
    groups = draw(st.dictionaries(st.sampled_from(["biases", "weights"]), FACTORS))
    l1, l2 = draw(st.tuples(st.sampled_from([0.0, 0.1]), st.sampled_from([0.0, 3.0])))
    return Network(inputs, layers, loss, l1=l1, l2=l2, groups=groups)


@given(networks())
def test_blueprint_gives_back_the_network(network):
    blueprint = network.blueprint()
    again = Network.from_blueprint(json.loads(json.dumps(blueprint)))
    assert again == network
    assert again.blueprint() == blueprint
    assert again.slots == network.slots
    assert again.spans == network.spans


@given(networks())
def test_every_number_of_the_vector_has_one_place(network):
    params = np.zeros(network.size)
    for array in network.named(params).values():
        array += 1
    np.testing.assert_array_equal(params, 1)
    names = [slot.name for slot in network.slots]
    assert len(set(names)) == len(names)


@given(networks())
def test_groups_stand_one_after_the_other(network):
    order = [slot.group for slot in sorted(network.slots, key=lambda slot: slot.offset)]
    assert order == sorted(order, key=list(GROUPS).index)
    for slot in network.slots:
        span = network.spans[slot.group]
        assert span.start <= slot.offset <= slot.offset + slot.size <= span.stop
    assert network.trained == slice(0, network.spans["statistics"].start)


@given(networks(), st.integers(1, 5))
def test_verbs_run_through_any_network(targets_for, params_of, network, m):
    m *= 6  # any number of members may share them
    X, params = np.random.default_rng(0).normal(size=(m, network.n_inputs)), params_of(network)
    Y = targets_for(network.loss, network.n_outputs, m).T
    J, grads = verbs.gradients(network, params, X, Y)
    assert np.isfinite(J)
    assert np.isfinite(grads).all()
    assert grads.shape == params.shape
    assert verbs.predict(network, params, X).shape == (m, network.n_outputs)
    assert walk(network, params, X.T, key=Key(0, 0)).Z.shape == (network.n_outputs, m)


# ---- names and layout ----


def test_names_are_those_of_the_lecture():
    network = Network(3, [Dense(4), Dense(2, "tanh"), Dense(1, "identity")], SquaredError())
    shapes = {name: array.shape for name, array in network.named(np.zeros(network.size)).items()}
    assert shapes == {"W1": (4, 3), "b1": (4, 1), "W2": (2, 4), "b2": (2, 1), "W3": (1, 2), "b3": (1, 1)}
    assert list(shapes) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert [slot.name for slot in network.slots] == ["W1", "W2", "W3", "b1", "b2", "b3"]
    assert [slot.offset for slot in network.slots] == [0, 12, 20, 22, 26, 28]
    assert network.size == 29
    assert network.n_outputs == 1


def test_names_of_what_follows_and_of_what_is_repeated():
    layers = [Scale(), Scale(), Dense(3), BatchNorm(), Residual([Dense(3), LayerNorm()]), LayerNorm(), Dense(1)]
    names = list(Network(2, layers, SquaredError()).named(np.zeros(100)))
    assert names[:2] == ["s0", "s0_2"]
    assert names[2:8] == ["W1", "b1", "beta1", "gamma1", "mean1", "var1"]
    assert names[8:] == ["W2", "b2", "beta2", "gamma2", "beta2_2", "gamma2_2", "W3", "b3"]


def test_matrices_lie_row_by_row():
    network = Network(3, [Linear(2)], SquaredError())
    named = network.named(np.arange(8.0))
    assert named["W1"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert named["b1"].tolist() == [[6], [7]]


def test_views_write_through():
    network = Network(2, [Residual([Dense(2, "tanh")]), Linear(1)], SquaredError())
    params = np.zeros(network.size, np.float32)
    views = network.views(params)
    views[0]["chain"][0]["W"][1, 0] = 5
    views[1]["b"][:] = 7
    assert params[2] == 5
    assert network.named(params)["W1"][1, 0] == 5
    assert params[-1] == 7
    network.named(params)["W2"][:] = 3
    assert views[1]["W"].tolist() == [[3, 3]]


def test_blueprint_says_where_everything_is():
    network = Network(2, [Dense(3), Dropout(0.25), Dense(1, "identity")], BinaryLogLoss(label_smoothing=0.1), l2=0.5)
    first, activation, dropout, *_, loss = network.blueprint()
    assert (first["kind"], first["inputs"], first["units"]) == ("linear", 2, 3)
    assert first["arrays"][0] == {
        "role": "W",
        "name": "W1",
        "offset": 0,
        "rows": 3,
        "columns": 2,
        "group": "weights",
        "rate": 1.0,
        "decay": 1.0,
    }
    assert (activation["function"], dropout["rate"]) == ("relu", 0.25)
    assert [layer["layer"] for layer in network.blueprint()[:-1]] == [1, 2, 3, 4, 5]
    settings = {"kind": "loss", "name": "binary_log_loss", "label_smoothing": 0.1, "l1": 0.0, "l2": 0.5, "members": 1}
    assert loss.pop("groups") == {name: {"rate": g.rate, "decay": g.decay} for name, g in network.groups.items()}
    assert loss == settings


def test_order_of_the_groups_does_not_depend_on_how_they_are_given():
    layers = [BatchNorm(), Dense(2), Dense(1)]
    plain = Network(2, layers, SquaredError())
    given = Network(2, layers, SquaredError(), groups={"scales": Group(6.0, 0.0), "biases": Group(0.1, 0.0)})
    assert [slot[:6] for slot in given.slots] == [slot[:6] for slot in plain.slots]
    assert given.spans == plain.spans
    assert given != plain
