"""The kernels against the equations: every row of every table, in both types of number, on odd sizes.

In double precision the two agree to 1e-11 of the largest gradient. In single precision the kernels are held against the
equations in double precision, so the tolerance measures single precision and not two roundings of it.
"""

from dataclasses import replace

import numpy as np
import pytest

from lamina import native
from lamina.engine import EQUATIONS, KERNELS, choose
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import (
    LAYERS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    LayerNorm,
    Linear,
    ParametricActivation,
    Residual,
    Scale,
)
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Huber, Quantile, SquaredError
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Group, Network
from lamina.equations.optimisers import OPTIMISERS, Adam, AdamW
from lamina.equations.steps import Steps

pytestmark = pytest.mark.skipif(not native.present(), reason="the kernels are not built")

SIZES = (1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33)
LOOSE = {np.float32: 3e-5, np.float64: 1e-11}
TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])

# One layer of every kind, wherever a size of its own does not matter. A new row of LAYERS must come in here.
EXAMPLES = {
    "linear": lambda: [Linear(9)],
    "activation": lambda: [Activation("gelu")],
    "dropout": lambda: [Dropout(0.3)],
    "layer_norm": lambda: [LayerNorm()],
    "batch_norm": lambda: [BatchNorm()],
    "scale": lambda: [Scale()],
    "member_scale": lambda: [MemberScale()],
    "member_choice": lambda: [MemberChoice()],
    "parametric_activation": lambda: [ParametricActivation("mish")],
    "embedding": lambda: [Embedding((0,), (3,), 1)],
    "periodic": lambda: [Periodic((0,), 3, 2), Linear(9)],
    "residual": lambda: [Residual([Dense(9, "tanh"), Residual([Activation("silu")]), Dropout(0.2), Linear(9)])],
}


def targets(loss, m, units, rng):
    """Targets that suit the loss, shape (m, targets)."""
    k = units // len(getattr(loss, "quantiles", (1,)))
    if loss.kind == "categorical_log_loss":
        return np.eye(k)[rng.integers(k, size=m)]
    if loss.kind in ("binary_log_loss", "poisson"):
        return rng.integers(0, 2 if loss.kind == "binary_log_loss" else 4, size=(m, k)).astype(float)
    return rng.gamma(2.0, size=(m, k)) if loss.kind == "gamma" else rng.normal(size=(m, k))


def case(network, m, dtype, seed=0, weighted=False):
    """Parameters and rows of `dtype`: params, X, Y, weights."""
    rng = np.random.default_rng(seed)
    params = rng.normal(size=network.size) * 0.5
    var = [s for s in network.slots if s.role == "var"]
    for slot in var:
        params[slot.offset : slot.offset + slot.size] = rng.uniform(0.5, 2, slot.size)
    X = rng.normal(size=(m, network.n_inputs))
    Y = targets(network.loss, m, network.n_outputs, rng)
    w = rng.exponential(size=m) if weighted else None
    return tuple(None if a is None else a.astype(dtype) for a in (params, X, Y, w))


def wide(*arrays):
    return [None if a is None else a.astype(np.float64) for a in arrays]


def close(found, expected, dtype, loose=1.0):
    scale = max(1e-30, float(np.max(np.abs(expected), initial=0)))
    assert found.shape == expected.shape
    assert np.max(np.abs(found - expected), initial=0) <= loose * LOOSE[dtype] * scale


def agree(network, rows, dtype, loose=1.0, weighted=False, **settings):
    """Hold cost, gradient, prediction and watched cost of the two engines against each other."""
    params, X, Y, w = case(network, rows, dtype, weighted=weighted)
    J, grads = KERNELS.gradients(network, params, X, Y, w, seed=5, step=2, **settings)
    p, x, y, v = wide(params, X, Y, w)
    J_, grads_ = EQUATIONS.gradients(network, p, x, y, v, seed=5, step=2, **settings)
    assert grads.dtype == dtype
    assert pytest.approx(J_, rel=LOOSE[dtype] * loose, abs=LOOSE[dtype]) == J
    close(grads, grads_, dtype, loose)
    A = KERNELS.predict(network, params, X)
    assert A.dtype == dtype
    close(A, EQUATIONS.predict(network, p, x), dtype, loose)
    watched = pytest.approx(EQUATIONS.cost(network, p, x, y, v), rel=LOOSE[dtype] * loose, abs=LOOSE[dtype])
    assert KERNELS.cost(network, params, X, Y, w) == watched


def test_the_kernels_know_every_row_of_every_table():
    every = [Linear(4, True), *(Activation(name) for name in ACTIVATIONS), Dropout(0.1), LayerNorm(), BatchNorm()]
    every += [Scale(2.0), *(ParametricActivation(name, 0.5) for name in ACTIVATIONS), MemberScale(), MemberChoice()]
    every += [Embedding((0,), (3,), 2, 3.0), Periodic((1,), rate_factor=0.1), Linear(4)]
    for loss in LOSSES.values():
        network = Network(3, [*every, Residual([Linear(4)])], loss())
        assert set(LAYERS) == {layer.kind for layer in network.layers}
        for rule in OPTIMISERS.values():
            assert native.missing(network, rule()) == []
        assert choose(network) is choose(network, "kernels") is KERNELS


def test_every_kind_of_layer_has_an_example():
    assert set(EXAMPLES) == set(LAYERS)


@TYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, dtype):
    for units in SIZES:
        agree(Network(5, [Linear(units), Activation(name), Dense(3, name), Linear(1)], SquaredError()), 17, dtype, 3)


@TYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_stacked_and_in_front(name, dtype):
    layers = [Activation(name), Activation(name), Linear(5), Activation(name), Activation(name), Activation("relu")]
    agree(Network(5, layers, SquaredError()), 17, dtype, 3)


@TYPES
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("units", [1, 3, 8, 16, 17, 40])
def test_losses(name, units, dtype):
    loss = LOSSES[name]()
    for m, weighted in ((1, False), (16, True), (33, True)):
        agree(Network(4, [Linear(units)], loss), m, dtype, 5, weighted)


@TYPES
@pytest.mark.parametrize(
    "loss", [BinaryLogLoss(0.1), CategoricalLogLoss(0.2), Huber(delta=0.3), Quantile((0.1, 0.5, 0.9))], ids=str
)
def test_losses_with_settings(loss, dtype):
    agree(Network(4, [Linear(6)], loss), 19, dtype, 5, True)


@TYPES
@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("m", [1, 17, 64])
def test_layers(kind, m, dtype):
    if kind == "batch_norm" and m == 1:
        pytest.skip("the variance of one example is 0")
    for width in (1, 9, 16, 33):
        layers = EXAMPLES[kind]() if kind != "residual" or width == 9 else [Residual([Dense(width, "tanh")])]
        agree(Network(4, [Linear(width), *layers, Dense(7), Linear(3)], CategoricalLogLoss()), m, dtype, 10)


@TYPES
@pytest.mark.parametrize("kind", EXAMPLES)
def test_layers_in_front(kind, dtype):
    layers = [*EXAMPLES[kind](), Dense(9, "tanh"), *EXAMPLES[kind]()[:1], Linear(2)]
    agree(Network(9, layers, SquaredError()), 23, dtype, 10)


@TYPES
@pytest.mark.parametrize("kind", EXAMPLES)
def test_layers_inside_residuals(kind, dtype):
    inside = Residual([*EXAMPLES[kind](), Residual([*EXAMPLES[kind]()]), *EXAMPLES[kind]()])
    agree(Network(5, [Dense(9, "tanh"), inside, inside, Linear(1)], SquaredError()), 23, dtype, 20)
    agree(Network(9, [inside, Linear(1)], SquaredError()), 23, dtype, 20)


@TYPES
@pytest.mark.parametrize("m", [1, 2, 5, 6, 7, 13, 31, 64, 100, 129, 1025, 2500])
def test_numbers_of_examples(m, dtype):
    agree(Network(11, [Dense(20, "tanh"), Dense(18), Linear(2)], SquaredError()), m, dtype, 5, True)


@TYPES
@pytest.mark.parametrize("sizes", [(1, 1), (257, 31), (300, 513), (17, 255), (1024, 33)])
def test_sizes_of_products(sizes, dtype):
    n, units = sizes
    agree(Network(n, [Dense(units, "tanh"), Linear(max(units // 2, 1))], SquaredError()), 37, dtype, 20)


@TYPES
def test_penalties_and_examples(dtype):
    """They are in the costs of steps and in what moves, not in the cost and the gradient of a batch."""
    layers = [Dense(17, "tanh"), LayerNorm(), Linear(2)]
    network, free = Network(6, layers, SquaredError(), l1=0.3, l2=0.7), Network(6, layers, SquaredError())
    loose = {np.float32: 1e-3, np.float64: 1e-8}[dtype]
    found, expected = (steps(engine, network, Adam(), dtype, examples=25) for engine in (KERNELS, EQUATIONS))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=loose, atol=loose)
    assert found[0][0] > 1.1 * steps(KERNELS, free, Adam(), dtype, examples=25)[0][0]
    params, X, Y, w = case(network, 10, dtype, weighted=True)
    with_penalty, without = (KERNELS.gradients(net, params, X, Y, w) for net in (network, free))
    assert with_penalty[0] == without[0]
    np.testing.assert_array_equal(with_penalty[1], without[1])


PIECES = {
    "dropout": lambda: Network(6, [Dropout(0.4), Dense(17, "tanh"), Dropout(0.2), Linear(2)], SquaredError()),
    "members": lambda: ensemble(3, CategoricalLogLoss(), units=4, inside=[Dropout(0.3), Dense(12)]),
    "columns": lambda: Network(
        6, [Embedding((1,), (4,), 3), Periodic((0, 2), 3, 2), ParametricActivation("mish"), Linear(1)], SquaredError()
    ),
    "residual": lambda: Network(
        6, [Residual([LayerNorm(), Dense(6), Dropout(0.5)]), Scale(), Linear(2)], SquaredError()
    ),
}


@TYPES
@pytest.mark.parametrize("name", PIECES)
def test_the_gradients_of_pieces_add_up(name, dtype):
    network, m, place = PIECES[name](), 37, {"seed": 5, "step": 2, "dropout": 0.8}
    params, X, Y, w = case(network, m, dtype, weighted=True)
    for engine in (KERNELS, EQUATIONS):
        J, whole = engine.gradients(network, params, X, Y, w, **place)
        J_sum, pieces = 0.0, np.zeros(network.size)
        for rows in (slice(0, 1), slice(1, 20), slice(20, 37)):
            J_piece, grads = engine.gradients(
                network, params, X[rows], Y[rows], w[rows], first=rows.start, m=m, **place
            )  # fmt: skip
            J_sum, pieces = J_sum + J_piece, pieces + grads
        assert pytest.approx(J, rel=10 * LOOSE[dtype]) == J_sum
        close(pieces, whole.astype(np.float64), dtype, 10)


@TYPES
@pytest.mark.parametrize("name", PIECES)
def test_a_piece_of_a_batch(name, dtype):
    agree(PIECES[name](), 21, dtype, 20, True, first=1000, m=1500)


@TYPES
def test_each_piece_is_normalised_by_itself(dtype):
    """And moves the running values by its share."""
    network = Network(5, [Dense(9), BatchNorm(), Linear(2)], SquaredError())
    agree(network, 20, dtype, 20, True, first=10, m=50)
    params, X, Y, _ = case(network, 20, dtype)
    whole, part = (KERNELS.gradients(network, params, X, Y, m=m)[1] for m in (20, 80))
    close(part, whole / 4, dtype, 10)


@pytest.mark.parametrize(("first", "m"), [(-1, 10), (5, 10), (0, 5), (6, 11), (6, 1 << 62)])
def test_rows_outside_the_batch_are_refused(first, m):
    network = Network(2, [Linear(1)], SquaredError())
    params, X, Y, _ = case(network, 6, np.float64)
    with pytest.raises(ValueError, match=r"of a batch of|numbered"):
        KERNELS.gradients(network, params, X, Y, first=first, m=m)


def test_the_numbers_of_examples_go_round():
    """Their words in the random counter are taken modulo 2**32."""
    network = Network(9, [Dropout(0.5), Linear(1)], SquaredError())
    agree(network, 5, np.float64, first=(1 << 32) - 3, m=1 << 40)


@TYPES
def test_batch_norm_over_many_examples(dtype):
    agree(Network(4, [BatchNorm(), Linear(20), BatchNorm(), Linear(1)], SquaredError()), 1500, dtype, 20)


def steps(
    engine, network, rule, dtype, n=70, batch=16, passes=3, rate=0.01, weighted=True, seed=0, examples=70, **factors
):
    params, X, Y, w = case(network, n, dtype, seed, weighted)
    memory = np.zeros((len(rule.remembers), network.size), dtype)
    order = np.random.default_rng(1).permutation(n)
    costs, per_pass = [], -(-n // batch)
    for i in range(passes):
        rates = rate * (1 - 0.1 * np.arange(per_pass))
        now = {name: factor(np.arange(per_pass)) for name, factor in factors.items()}
        these = Steps(batch, rates, seed=3, step=i * per_pass, examples=examples, **now)
        costs.append(engine.train_steps(network, rule, params, memory, X, Y, w, order, these))
    return np.concatenate(costs), params, memory


def ensemble(members, loss=None, n=11, units=1, inside=(), **settings):
    """An ensemble as TabM has it: a factor for each member in front and within, outputs of its own at the end."""
    layers = [
        MemberScale(members), Dense(19, "tanh"), *inside, MemberScale(members), Dense(17),
        Linear(members * units), MemberChoice(members),
    ]  # fmt: skip
    return Network(n, layers, loss or SquaredError(), members=members, **settings)


@TYPES
@pytest.mark.parametrize("members", [2, 3, 8, 16, 100])
def test_members(members, dtype):
    for m in (1, 5, 33):
        agree(ensemble(members), m, dtype, 10, m > 1)
        agree(ensemble(members, CategoricalLogLoss(), units=3), m, dtype, 10, m > 1)


@TYPES
@pytest.mark.parametrize("members", [3, 8])
def test_members_over_many_examples(members, dtype):
    agree(ensemble(members, l2=0.3), 400, dtype, 20, True, m=1000)
    inside = [BatchNorm(), Residual([Dense(19, "gelu"), MemberScale(members)]), Dropout(0.3), LayerNorm(), Dense(16)]
    agree(ensemble(members, CategoricalLogLoss(), units=17, inside=inside), 400, dtype, 20, True)


@TYPES
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_members(loss, dtype):
    agree(ensemble(3, LOSSES[loss](), units=6), 19, dtype, 20, True)


@TYPES
def test_members_where_nothing_is_theirs(dtype):
    """All members alike, and layers that do not look at them."""
    agree(Network(5, [MemberScale(), Dense(9), MemberChoice(), Linear(2)], SquaredError(), members=4), 13, dtype, 5)


@pytest.mark.parametrize("members", [1, 4])
@pytest.mark.parametrize("kind", ["adamw", "gradient_descent", "lion"])
def test_factors_of_each_step(kind, members):
    """Decay and dropout that change from step to step; the last batch is a part of one."""
    rule = replace(OPTIMISERS[kind](), weight_decay=0.2)
    network = ensemble(members, inside=[Dropout(0.4), BatchNorm(), Dense(12)], l2=0.1, groups=GROUPS)
    factors = {"decays": lambda k: 1 - 0.2 * k, "dropouts": lambda k: 1 / (1 + k)}
    found, expected = (steps(engine, network, rule, np.float64, **factors) for engine in (KERNELS, EQUATIONS))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    for name in factors:
        other = steps(KERNELS, network, rule, np.float64, **{**factors, name: np.ones_like})
        assert np.abs(other[1] - found[1]).max() > 1e-4


@TYPES
def test_dropout_of_one_gradient(dtype):
    for dropout in (0.0, 0.37, 1.0):
        agree(Network(6, [Dropout(0.6), Dense(9), Linear(2)], SquaredError()), 50, dtype, 5, dropout=dropout)


def test_decay_of_one_update():
    network, rule = Network(5, [Dense(7), Scale(), Linear(1)], SquaredError(), groups=GROUPS), AdamW(weight_decay=0.3)
    found = [np.linspace(-1, 1, network.size) for _ in range(3)]
    for params, engine, decay in zip(found, (KERNELS, EQUATIONS, KERNELS), (0.5, 0.5, 1.0), strict=True):
        memory = np.zeros((2, network.size))
        engine.update(network, rule, params, np.cos(np.arange(network.size)), memory, 0.1, 3, decay)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    assert np.abs(found[0] - found[2]).max() > 1e-3


GROUPS = {"biases": Group(0.5, 0.0), "scales": Group(2.0, 0.5), "weights": Group(1.0, 2.0)}
DEEP = [Dropout(0.1), Dense(17, "tanh"), LayerNorm(), Residual([Dense(17, "gelu"), BatchNorm()]), Scale(), Linear(3)]


@TYPES
@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1}, {"clip_norm": 0.05}, {"clip_norm": 1e3}], ids=str)
@pytest.mark.parametrize("kind", OPTIMISERS)
def test_training(kind, settings, dtype):
    rule = replace(OPTIMISERS[kind](), **settings)
    network = Network(6, DEEP, CategoricalLogLoss(), l2=0.5, groups=GROUPS)
    found, expected = (steps(engine, network, rule, dtype) for engine in (KERNELS, EQUATIONS))
    loose = {np.float32: 2e-3, np.float64: 1e-8}[dtype] if kind != "lion" else 0.1
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=loose, atol=loose)


@TYPES
@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1}, {"clip_norm": 0.05}], ids=str)
@pytest.mark.parametrize("kind", OPTIMISERS)
def test_update(kind, settings, dtype):
    rule = replace(OPTIMISERS[kind](), **settings)
    network = Network(5, [Dense(7), BatchNorm(), Scale(), Linear(1)], SquaredError(), groups=GROUPS)
    rng = np.random.default_rng(1)
    states = []
    for engine in (KERNELS, EQUATIONS):
        rng = np.random.default_rng(1)
        params = rng.normal(size=network.size).astype(dtype)
        memory = np.zeros((len(rule.remembers), network.size), dtype)
        for step in range(5):
            engine.update(network, rule, params, rng.normal(size=network.size).astype(dtype), memory, 0.01, step)
        states.append((params, memory))
    for a, b in zip(*states, strict=True):
        np.testing.assert_allclose(a, b, rtol=20 * LOOSE[dtype], atol=LOOSE[dtype])


@TYPES
@pytest.mark.parametrize("batch", [1, 7, 64, 70, 1000])
def test_batch_sizes(batch, dtype):
    network = Network(6, [Dropout(0.5), Dense(17, "tanh"), Dropout(0.2), Linear(3)], CategoricalLogLoss())
    found, expected = (steps(engine, network, Adam(), dtype, batch=batch, passes=1) for engine in (KERNELS, EQUATIONS))
    loose = {np.float32: 1e-3, np.float64: 1e-8}[dtype]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=loose, atol=loose)


@TYPES
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_stops_before_a_step_that_is_not_finite(bad, dtype):
    network = Network(6, [Dense(17, "relu"), Linear(1)], SquaredError())
    states = []
    for engine in (KERNELS, EQUATIONS):
        params, X, Y, _ = case(network, 40, dtype)
        X[25] = bad
        memory = np.zeros((2, network.size), dtype)
        with np.errstate(all="ignore"):
            costs = engine.train_steps(
                network, Adam(), params, memory, X, Y, None, np.arange(40), Steps(8, np.full(5, 0.01))
            )
        assert len(costs) == 3
        states.append((params, memory))
    for a, b in zip(*states, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


@TYPES
def test_a_long_rate_list_is_refused_and_an_empty_one_is_nothing(dtype):
    network = Network(2, [Linear(1)], SquaredError())
    params, X, Y, _ = case(network, 10, dtype)
    before, memory = params.copy(), np.zeros((2, network.size), dtype)
    none = KERNELS.train_steps(network, Adam(), params, memory, X, Y, None, np.arange(10), Steps(5, np.empty(0)))
    assert len(none) == 0
    np.testing.assert_array_equal(params, before)


@TYPES
def test_rows_of_another_type_or_order_are_taken(dtype):
    network = Network(5, [Dense(4), Linear(2)], SquaredError())
    params, X, Y, _ = case(network, 12, dtype)
    other = np.float64 if dtype == np.float32 else np.float32
    expected = KERNELS.gradients(network, params, X.astype(np.float32).astype(dtype), Y)[1]
    X32 = X.astype(np.float32)
    for rows in (X32.astype(other), np.asfortranarray(X32), np.repeat(X32, 2, axis=0)[::2]):
        np.testing.assert_array_equal(KERNELS.gradients(network, params, rows, Y)[1], expected)


@pytest.mark.parametrize("name", ["DeepClassifier", "DeepRegressor"])
def test_fitted_estimators(name):
    estimators = pytest.importorskip("lamina.estimators")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    y = X[:, 0] * X[:, 1] + X[:, 2] if name == "DeepRegressor" else (X[:, 0] > X[:, 1] * X[:, 2]).astype(int)
    found = [
        getattr(estimators, name)(hidden_layer_sizes=(12, 6), max_iter=5, random_state=0, engine=engine).fit(X, y)
        for engine in ("kernels", "equations")
    ]
    out = [e.predict(X) if name == "DeepRegressor" else e.predict_proba(X) for e in found]
    np.testing.assert_allclose(out[0], out[1], rtol=2e-2, atol=2e-3)
