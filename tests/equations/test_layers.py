"""What every layer promises, whatever it does; and what each one does, against other sources."""

import numpy as np
import pytest
from scipy import stats

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import (
    LAYERS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    LayerNorm,
    Linear,
    Residual,
    Scale,
    unrolled,
)
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.random import Key

KEY = Key(seed=3, step=5, layer=2)
UNITS, M = 6, 9  # what the examples of layers take, and a number that three members share
# Without draws or statistics of the batch, which predictions do not have.
ALIKE = [
    layer
    for kind in LAYERS.values()
    if kind.kind not in ("dropout", "batch_norm", "residual")
    for layer in kind.examples(UNITS)
]


@pytest.fixture
def arrays(layer, params_of):
    """The layer's own parameters (views into a network of just this layer), and A_prev (UNITS, M)."""
    return _arrays(layer, params_of)


def _arrays(layer, params_of, dtype=np.float64):
    network = Network(UNITS, [layer], SquaredError())
    p = network.views(params_of(network, dtype=dtype))[0]
    return p, np.random.default_rng(1).normal(0.5, 1.5, (UNITS, M)).astype(dtype)


def leaves(tree, path=""):
    """(name, array) of every array of a dict that may hold a chain."""
    for name, value in tree.items():
        if name == "chain":
            for i, inner in enumerate(value):
                yield from leaves(inner, f"{path}{i}.")
        elif isinstance(value, list):  # the A of a chain
            yield from ((f"{path}{name}{i}", array) for i, array in enumerate(value))
        else:
            yield path + name, value


# ---- what every layer promises ----


def test_width_is_the_width(layer, arrays):
    p, A_prev = arrays
    A, _ = layer.forward(p, A_prev, KEY)
    assert A.shape == (layer.width(UNITS), M)


def test_gradients_have_the_names_and_shapes_of_the_parameters(layer, arrays):
    p, A_prev = arrays
    A, cache = layer.forward(p, A_prev, KEY)
    grads = layer.gradients(p, np.ones_like(A), cache)
    assert layer.backward(p, np.ones_like(A), cache).shape == A_prev.shape
    expected = {name: array.shape for name, array in leaves(p)}
    assert {name: array.shape for name, array in leaves(grads)} == expected
    if layer.kind != "residual":
        assert {name: array.shape for name, array in p.items()} == {n: s[:2] for n, s in layer.shapes(UNITS).items()}


def test_arguments_are_left_alone(layer, arrays, params_of):
    p, A_prev = arrays
    A, cache = layer.forward(p, A_prev, KEY)
    dA = np.ones_like(A)
    layer.forward(p, A_prev, None)
    layer.backward(p, dA, cache)
    layer.gradients(p, dA, cache)
    p_before, A_before = _arrays(layer, params_of)
    np.testing.assert_array_equal(A_prev, A_before)
    np.testing.assert_array_equal(dA, np.ones_like(A))
    for (name, now), (_, before) in zip(leaves(p), leaves(p_before), strict=True):
        np.testing.assert_array_equal(now, before, err_msg=name)


def test_cache_is_named_arrays(layer, arrays):
    p, A_prev = arrays
    _, cache = layer.forward(p, A_prev, KEY)
    assert all(isinstance(array, np.ndarray) for _, array in leaves(cache))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("key", [KEY, None], ids=["training", "predicting"])
def test_keeps_the_precision(layer, params_of, dtype, key):
    p, A_prev = _arrays(layer, params_of, dtype)
    A, cache = layer.forward(p, A_prev, key)
    dA_prev, grads = layer.backward(p, np.ones_like(A), cache), layer.gradients(p, np.ones_like(A), cache)
    assert (A.dtype, dA_prev.dtype) == (dtype, dtype)
    floats = {array.dtype for _, array in leaves(cache) if array.dtype.kind == "f"}  # others: masks, row numbers
    assert floats <= {np.dtype(dtype)}
    if key is not None:
        assert {array.dtype for _, array in leaves(grads)} <= {np.dtype(dtype)}


def test_same_key_same_result(layer, arrays):
    p, A_prev = arrays
    np.testing.assert_array_equal(layer.forward(p, A_prev, KEY)[0], layer.forward(p, A_prev, KEY)[0])


def test_prediction_of_an_example_does_not_depend_on_the_others(layer, arrays):
    p, A_prev = arrays
    together = layer.forward(p, A_prev, None)[0]
    apart = getattr(layer, "members", 1)  # a row comes once for each member
    alone = [layer.forward(p, A_prev[:, i : i + apart], None)[0] for i in range(0, M, apart)]
    np.testing.assert_allclose(together, np.concatenate(alone, axis=1), rtol=1e-13)


@pytest.mark.parametrize("layer", ALIKE, ids=str)
def test_prediction_is_the_forward_step(layer, params_of):
    p, A_prev = _arrays(layer, params_of)
    np.testing.assert_array_equal(layer.forward(p, A_prev, None)[0], layer.forward(p, A_prev, KEY)[0])


def test_gradients_while_predicting_are_slopes(layer, arrays):
    """With the statistics held still and nothing dropped: dA_prev against differences of sum(A R)."""
    p, A_prev = arrays
    A, cache = layer.forward(p, A_prev, None)
    R = np.random.default_rng(3).normal(size=A.shape)
    dA_prev = layer.backward(p, R, cache)
    slope = np.empty_like(A_prev)
    for place in np.ndindex(A_prev.shape):
        e = np.zeros_like(A_prev)
        e[place] = 1e-5
        slope[place] = (
            np.sum((layer.forward(p, A_prev + e, None)[0] - layer.forward(p, A_prev - e, None)[0]) * R) / 2e-5
        )
    np.testing.assert_allclose(dA_prev, slope, rtol=1e-7, atol=1e-9)


# ---- Linear, Activation, Dense: the lecture's four equations, element by element ----


def test_the_four_equations_of_the_lecture():
    rng = np.random.default_rng(4)
    W, b, A_prev, dA = (rng.normal(size=shape) for shape in ((3, 2), (3, 1), (2, 5), (3, 5)))
    linear, activation = unrolled([Dense(3, "sigmoid")])
    Z, linear_cache = linear.forward({"W": W, "b": b}, A_prev, KEY)
    A, activation_cache = activation.forward({}, Z, KEY)
    dZ = activation.backward({}, dA, activation_cache)
    dA_prev = linear.backward({"W": W, "b": b}, dZ, linear_cache)
    grads = linear.gradients({"W": W, "b": b}, dZ, linear_cache)
    for i in range(5):
        z = [sum(W[u, v] * A_prev[v, i] for v in range(2)) + b[u, 0] for u in range(3)]
        a = [1 / (1 + np.exp(-one)) for one in z]
        dz = [dA[u, i] * a[u] * (1 - a[u]) for u in range(3)]
        np.testing.assert_allclose(Z[:, i], z, rtol=1e-13)
        np.testing.assert_allclose(A[:, i], a, rtol=1e-13)
        np.testing.assert_allclose(dZ[:, i], dz, rtol=1e-12)
        np.testing.assert_allclose(
            dA_prev[:, i], [sum(W[u, v] * dz[u] for u in range(3)) for v in range(2)], rtol=1e-12
        )
    for u in range(3):
        assert grads["b"][u, 0] == pytest.approx(sum(dZ[u, i] for i in range(5)) / 5)
        for v in range(2):
            assert grads["W"][u, v] == pytest.approx(sum(dZ[u, i] * A_prev[v, i] for i in range(5)) / 5)


def test_cache_has_the_names_of_the_lecture():
    p, A_prev = {"W": np.ones((2, 3)), "b": np.zeros((2, 1))}, np.ones((3, 4))
    Z, cache = Linear(2).forward(p, A_prev, KEY)
    assert cache["A_prev"] is A_prev
    assert cache["Z"] is Z
    A, cache = Activation("tanh").forward({}, Z, KEY)
    assert cache["Z"] is Z
    assert cache["A"] is A


def test_dense_is_linear_then_activation():
    assert unrolled([Dense(5), Scale(), Dense(2, "tanh")]) == (
        Linear(5),
        Activation("relu"),
        Scale(),
        Linear(2),
        Activation("tanh"),
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_layer_is_the_row_of_the_table(name):
    Z, dA = np.random.default_rng(5).normal(size=(2, 3, 6))
    A, cache = Activation(name).forward({}, Z, KEY)
    np.testing.assert_array_equal(A, ACTIVATIONS[name].g(Z))
    np.testing.assert_array_equal(Activation(name).backward({}, dA, cache), dA * ACTIVATIONS[name].dg(Z, A))


# ---- Dropout ----


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.75])
def test_dropout_keeps_its_share_and_the_expectation(rate):
    A_prev = np.full((200, 500), 2.0)
    A, cache = Dropout(rate).forward({}, A_prev, KEY)
    np.testing.assert_allclose(A[A != 0], 2 / (1 - rate), rtol=1e-15)
    np.testing.assert_array_equal(cache["D"], A != 0)
    assert stats.binomtest(int(np.sum(A != 0)), A.size, 1 - rate).pvalue > 0.001
    assert A.mean() == pytest.approx(2, rel=4 * np.sqrt(rate / (1 - rate) / A.size))


def test_dropout_lets_the_gradient_through_where_it_let_the_activation_through():
    A_prev = np.random.default_rng(6).normal(size=(20, 30))
    A, cache = Dropout(0.4).forward({}, A_prev, KEY)
    dA = np.random.default_rng(7).normal(size=A.shape)
    np.testing.assert_allclose(Dropout(0.4).backward({}, dA, cache), dA * A / A_prev, rtol=1e-12, atol=1e-15)


def test_dropout_stops_infinities_in_units_that_it_drops():
    """0 * inf would be NaN."""
    D = Dropout(0.5).forward({}, np.ones((50, 2)), KEY)[1]["D"]
    A, _ = Dropout(0.5).forward({}, np.where(D, 1.0, np.inf), KEY)
    np.testing.assert_array_equal(A, np.where(D, 2, 0))


def test_dropout_depends_on_its_key_only():
    A_prev = np.ones((64, 8))

    def mask(key, A_prev=A_prev):
        return Dropout(0.5).forward({}, A_prev, key)[1]["D"]

    np.testing.assert_array_equal(mask(KEY), mask(KEY, 2 * A_prev))
    np.testing.assert_array_equal(mask(KEY)[:, :3], mask(KEY, A_prev[:, :3]))
    np.testing.assert_array_equal(mask(KEY)[:, 3:], mask(KEY._replace(first=3), A_prev[:, 3:]))
    for other in (KEY._replace(seed=4), KEY._replace(step=6), KEY._replace(layer=3)):
        assert 0.35 < np.mean(mask(KEY) != mask(other)) < 0.65


# ---- LayerNorm and BatchNorm ----


@pytest.mark.parametrize(("layer", "axis"), [(LayerNorm(epsilon=1e-12), 0), (BatchNorm(epsilon=1e-12), 1)])
def test_normalisation_is_the_z_score(layer, axis, params_of):
    p, A_prev = _arrays(layer, params_of)
    A, _ = layer.forward(p, A_prev, KEY)
    np.testing.assert_allclose(A, p["gamma"] * stats.zscore(A_prev, axis=axis) + p["beta"], rtol=1e-9)


@pytest.mark.parametrize("kind", ["layer_norm", "batch_norm"])
def test_epsilon_stands_beside_the_variance(kind):
    """Values -1 and 1 have variance 1: divided by sqrt(1 + eps)."""
    layer = LAYERS[kind](epsilon=3.0)
    p = {"gamma": np.ones((2, 1)), "beta": np.zeros((2, 1)), "mean": np.zeros((2, 1)), "var": np.ones((2, 1))}
    A_prev = np.array([[-1.0, 1], [1, -1]])
    np.testing.assert_allclose(layer.forward(p, A_prev, KEY)[0], A_prev / 2)
    np.testing.assert_allclose(layer.forward(p, A_prev, None)[0], A_prev / 2)


@pytest.mark.parametrize("kind", ["layer_norm", "batch_norm"])
def test_constant_values_are_normalised_to_beta(kind, params_of):
    layer = LAYERS[kind]()
    p, A_prev = _arrays(layer, params_of)
    A, cache = layer.forward(p, np.full_like(A_prev, 5), KEY)
    np.testing.assert_array_equal(A, p["beta"] * np.ones_like(A_prev))
    dA_prev = layer.backward(p, np.ones_like(A), cache)
    assert np.isfinite(dA_prev).all()


def test_batch_norm_predicts_with_the_running_statistics(params_of):
    layer = BatchNorm(epsilon=1e-12)
    p, A_prev = _arrays(layer, params_of)
    expected = p["gamma"] * (A_prev - p["mean"]) / np.sqrt(p["var"]) + p["beta"]
    np.testing.assert_allclose(layer.forward(p, A_prev, None)[0], expected, rtol=1e-9)


def test_running_statistics_move_towards_those_of_the_batch(params_of):
    """running - "gradient" = (1 - momentum) running + momentum batch, with the variance over m - 1."""
    layer = BatchNorm(momentum=0.3)
    p, A_prev = _arrays(layer, params_of)
    A, cache = layer.forward(p, A_prev, KEY)
    grads = layer.gradients(p, np.ones_like(A), cache)
    batch = {"mean": A_prev.mean(axis=1, keepdims=True), "var": A_prev.var(axis=1, ddof=1, keepdims=True)}
    for name, value in batch.items():
        np.testing.assert_allclose(p[name] - grads[name], 0.7 * p[name] + 0.3 * value, rtol=1e-12)


def test_a_batch_of_one_example_can_be_normalised(params_of):
    p, A_prev = _arrays(BatchNorm(), params_of)
    A, cache = BatchNorm().forward(p, A_prev[:, :1], KEY)
    dA_prev, grads = (way(p, np.ones_like(A), cache) for way in (BatchNorm().backward, BatchNorm().gradients))
    np.testing.assert_array_equal(A, p["beta"])
    np.testing.assert_allclose(p["var"] - grads["var"], 0.9 * p["var"], rtol=1e-12)
    np.testing.assert_array_equal(dA_prev, 0)


# ---- Scale and Residual ----


def test_scale_multiplies_each_unit():
    s, A_prev = np.array([[2.0], [-1.0]]), np.array([[1.0, 3], [5, 7]])
    A, cache = Scale().forward({"s": s}, A_prev, KEY)
    assert A.tolist() == [[2, 6], [-5, -7]]
    dA = np.array([[1.0, 1], [2, 0]])
    assert Scale().backward({"s": s}, dA, cache).tolist() == [[2, 2], [-2, 0]]
    assert Scale().gradients({"s": s}, dA, cache)["s"].tolist() == [[2], [5]]  # (1*1 + 1*3) / 2, (2*5 + 0*7) / 2


def test_residual_adds_what_came_in(params_of):
    chain = (Linear(3), Activation("tanh"), Linear(UNITS))
    p, A_prev = _arrays(Residual(chain), params_of)
    inner = A_prev
    for layer, views in zip(chain, p["chain"], strict=True):
        inner, _ = layer.forward(views, inner, KEY)
    np.testing.assert_array_equal(Residual(chain).forward(p, A_prev, KEY)[0], A_prev + inner)


def test_residual_of_zeros_changes_nothing():
    layer = Residual([Dense(3, "relu"), Residual([Dense(3, "tanh")]), Dense(UNITS, "identity")])
    network = Network(UNITS, [layer], SquaredError())
    p = network.views(np.zeros(network.size))[0]
    A_prev, dA = np.random.default_rng(8).normal(size=(2, UNITS, M))
    A, cache = layer.forward(p, A_prev, KEY)
    np.testing.assert_array_equal(A, A_prev)
    np.testing.assert_array_equal(layer.backward(p, dA, cache), dA)


def test_dropouts_in_nested_chains_draw_their_own_masks():
    layer = Residual([Dropout(0.5), Residual([Dropout(0.5), Dropout(0.5)]), Dropout(0.5)])
    p = {"chain": [{}, {"chain": [{}, {}]}, {}]}
    _, cache = layer.forward(p, np.ones((50, 40)), KEY)
    masks = [D for name, D in leaves(cache) if name.endswith("D")]
    assert len(masks) == 4
    for a in range(4):
        for b in range(a):
            assert 0.4 < np.mean(masks[a] != masks[b]) < 0.6
