"""The kernels against the equations: every row of every table, in both types of number, on odd sizes.

In double precision the two agree to 1e-11 of the largest gradient. In single precision the kernels are held against the
equations in double precision, so the tolerance measures single precision and not two roundings of it.
"""

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from lamina import native
from lamina.engine import EQUATIONS, KERNELS, choose
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import (
    LAYERS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    Periodic,
    Residual,
    Scale,
)
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Huber, Quantile, SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam, AdamW
from lamina.equations.slots import Group
from lamina.equations.steps import Steps
from lamina.errors import EngineError, EngineWarning

pytestmark = pytest.mark.skipif(not native.present(), reason="the kernels are not built")

AROUND_PANELS = (1, 3, 15, 16, 17, 33)
SIZES = (1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33)
LOOSE = {np.float32: 3e-5, np.float64: 1e-11}  # of the largest number
SMALL = 1e-3  # of the largest gradient: where an array whose numbers are smaller is held to that
TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])

EXAMPLES = [layer for kind in LAYERS.values() for layer in kind.examples(9)]


def members_of(*layers):
    """How many members a network of these layers has."""
    return max(getattr(layer, "members", 1) for layer in layers)


def columns(n, m, levels, dtype, seed=0):
    """Rows of n columns, of which `levels` (column -> how many) hold numbers of categories."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, n))
    for column, count in levels.items():
        X[:, column] = rng.integers(count, size=m)
    return X.astype(dtype)


def case(network, rows, dtype, seed=0, weighted=False):
    """Parameters and rows of `dtype`, those given or so many drawn ones: params, X, Y, weights."""
    rng = np.random.default_rng(seed)
    params = rng.normal(size=network.size) * 0.5
    for slot in network.slots:
        if slot.role == "var":
            params[slot.place] = rng.uniform(0.5, 2, slot.size)
    X = rows if isinstance(rows, np.ndarray) else rng.normal(size=(rows, network.n_inputs))
    m = len(X)
    Y = network.loss.sample_targets(rng, m, network.n_outputs // network.loss.units(1))
    w = rng.exponential(size=m) if weighted else None
    return tuple(None if a is None else a.astype(dtype) for a in (params, X, Y, w))


def wide(*arrays):
    return [None if a is None else a.astype(np.float64) for a in arrays]


def largest(a):
    return float(np.max(np.abs(a), initial=0))


def close(found, expected, dtype, loose=1.0, scale=0.0):
    assert found.dtype == dtype
    assert found.shape == expected.shape
    assert largest(found - expected) <= loose * LOOSE[dtype] * max(1e-30, scale, largest(expected))


def agree(network, rows, dtype, loose=1.0, weighted=False, **settings):
    """Hold cost, gradient, prediction and watched cost of the two engines against each other."""
    params, X, Y, w = case(network, rows, dtype, weighted=weighted)
    J, grads = KERNELS.gradients(network, params, X, Y, w, seed=5, step=2, **settings)
    p, x, y, v = wide(params, X, Y, w)
    J_, grads_ = EQUATIONS.gradients(network, p, x, y, v, seed=5, step=2, **settings)
    assert pytest.approx(J_, rel=LOOSE[dtype] * loose, abs=LOOSE[dtype]) == J
    for slot in network.slots:  # array by array: a small one must not hide behind a large one
        close(grads[slot.place], grads_[slot.place], dtype, loose, SMALL * largest(grads_))
    close(KERNELS.predict(network, params, X), EQUATIONS.predict(network, p, x), dtype, loose)
    watched = pytest.approx(EQUATIONS.cost(network, p, x, y, v), rel=LOOSE[dtype] * loose, abs=LOOSE[dtype])
    assert KERNELS.cost(network, params, X, Y, w) == watched


def test_the_kernels_know_every_row_of_every_table():
    every = [Linear(9, True), *(Activation(name) for name in ACTIVATIONS), *EXAMPLES]
    every += [layer for name in ACTIVATIONS for layer in (ParametricActivation(name, 0.5), Linear(9))]
    for layer, loss in itertools.product(every, LOSSES.values()):
        network = Network(9, [layer, Linear(4)], loss(), members=members_of(layer))
        for rule in OPTIMISERS.values():
            assert native.missing_parts(network, rule()) == []
            assert choose(network, "auto", rule()) is choose(network, "kernels", rule()) is KERNELS


@dataclass(frozen=True, kw_only=True)
class SignDescent:
    """An optimiser that only Python knows: d = sign(g)."""

    kind: ClassVar[str] = "sign_descent"
    remembers: ClassVar[tuple[str, ...]] = ()
    weight_decay: float = 0.0
    clip_norm: float | None = None

    def direction(self, memory, grad, t):
        return np.sign(grad)


def test_an_optimiser_that_only_python_knows_trains_by_the_equations():
    network, rule = Network(2, [Linear(1)], SquaredError()), SignDescent()
    with pytest.warns(EngineWarning, match=r"cannot run this network: optimiser sign_descent\. The slower equations"):
        engine = choose(network, "auto", rule)
    params, X, Y, _ = case(network, 8, np.float64)
    before = params.copy()
    costs = engine.train_steps(network, rule, params, np.zeros((0, 3)), X, Y, None, np.arange(8), Steps(4, [0.1, 0.1]))
    assert len(costs) == 2
    moved = np.abs(params - before)
    assert ((np.abs(moved) < 1e-12) | (np.abs(moved - 0.2) < 1e-12)).all()  # there and back, or on: 0.1 each
    assert moved.any()
    assert choose(network, "auto") is KERNELS  # to predict, and for gradients
    with pytest.raises(
        EngineError, match="engine='kernels': the kernels cannot run this network: optimiser sign_descent"
    ):
        choose(network, "kernels", rule)


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
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("m", [1, 17, 64])
def test_layers(kind, m, dtype):
    for width in (3, 9, 15, 33):
        for layer in LAYERS[kind].examples(width):
            if m == 1 and kind in ("batch_norm", "residual"):
                continue  # the variance of one example is 0
            layers = [Linear(width), layer, Dense(7), Linear(3)]
            agree(Network(4, layers, CategoricalLogLoss(), members=members_of(layer)), m, dtype, 20)


@TYPES
@pytest.mark.parametrize("layer", EXAMPLES, ids=str)
def test_layers_in_front(layer, dtype):
    layers = [layer, Dense(9, "tanh"), layer, Linear(2)]
    agree(Network(9, layers, SquaredError(), members=members_of(layer)), 23, dtype, 20)


@TYPES
@pytest.mark.parametrize("layer", EXAMPLES, ids=str)
def test_layers_inside_residuals(layer, dtype):
    inside = Residual([layer, Linear(9), Residual([layer, Linear(9)]), layer, Linear(9)])
    members = members_of(layer)
    agree(Network(5, [Dense(9, "tanh"), inside, inside, Linear(1)], SquaredError(), members=members), 23, dtype, 40)
    agree(Network(9, [inside, Linear(1)], SquaredError(), members=members), 23, dtype, 40)


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
def test_the_penalty_is_in_the_steps_only(dtype):
    network = Network(6, [Dense(17, "tanh"), LayerNorm(), Linear(2)], SquaredError(), l1=0.3, l2=0.7)
    agree(network, 10, dtype, 5, m=25)
    found, expected = (
        steps(engine, network, Adam(), dtype, n=25, batch=10, passes=1) for engine in (KERNELS, EQUATIONS)
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=100 * LOOSE[dtype])


@TYPES
def test_batch_norm_over_many_examples(dtype):
    agree(Network(4, [BatchNorm(), Linear(20), BatchNorm(), Linear(1)], SquaredError()), 1500, dtype, 20)


def steps(engine, network, rule, dtype, n=70, batch=16, passes=3, rate=0.01, weighted=True, seed=0, **factors):
    params, X, Y, w = case(network, n, dtype, seed, weighted)
    memory = np.zeros((len(rule.remembers), network.size), dtype)
    order = np.random.default_rng(1).permutation(n)
    costs, per_pass = [], -(-n // batch)
    for i in range(passes):
        now = {name: factor(np.arange(per_pass)) for name, factor in factors.items()}
        how = Steps(batch, rate * (1 - 0.1 * np.arange(per_pass)), seed=3, step=i * per_pass, examples=n, **now)
        costs.append(engine.train_steps(network, rule, params, memory, X, Y, w, order, how))
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
    agree(ensemble(members, l2=0.3), 400, dtype, 20, True)
    inside = [BatchNorm(), Residual([Dense(19, "gelu"), MemberScale(members)]), Dropout(0.3), LayerNorm(), Dense(16)]
    agree(ensemble(members, CategoricalLogLoss(), units=17, inside=inside), 400, dtype, 20, True)


@TYPES
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_members(loss, dtype):
    agree(ensemble(3, LOSSES[loss](), units=6), 19, dtype, 20, True)


@TYPES
def test_members_where_nothing_is_theirs(dtype):
    """All members alike, and layers that do not look at them."""
    agree(Network(5, [MemberScale(1), Dense(9), MemberChoice(1), Linear(2)], SquaredError(), members=4), 13, dtype, 5)


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


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("cuts", [(4, 8), (1, 2, 16, 48), (37,)])
@pytest.mark.parametrize("engine", [EQUATIONS, KERNELS], ids=lambda engine: engine.name)
def test_pieces_of_a_batch_add_up(engine, cuts, members):
    """Cost and gradient are sums over pieces: with draws of dropout, weights and members; the penalty is apart."""
    network = ensemble(members, inside=[Dropout(0.4), Dense(12, "tanh")], l2=3.0)
    params, X, Y, w = case(network, 50, np.float64, weighted=True)
    place = {"seed": 5, "step": 9, "m": 50, "dropout": 0.7}
    J, grads = engine.gradients(network, params, X, Y, w, **place)
    pieces = [
        engine.gradients(network, params, X[i:j], Y[i:j], w[i:j], first=i, **place)
        for i, j in itertools.pairwise((0, *cuts, 50))
    ]
    assert sum(piece[0] for piece in pieces) == pytest.approx(J, rel=1e-12)
    np.testing.assert_allclose(sum(piece[1] for piece in pieces), grads, rtol=1e-9, atol=1e-13)


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
@pytest.mark.parametrize("engine", [EQUATIONS, KERNELS], ids=lambda engine: engine.name)
@pytest.mark.parametrize("kind", [kind for kind, rule in OPTIMISERS.items() if rule.remembers])
def test_what_has_all_but_faded_from_the_memory_is_forgotten(kind, engine, dtype):
    """Without gradients: what is not yet denormal stays, and after many steps nothing is left."""
    network, rule = Network(5, [Dense(7), Linear(1)], SquaredError()), OPTIMISERS[kind]()
    nothing, tiny = np.zeros(network.size, dtype), np.finfo(dtype).tiny
    memory = np.tile(tiny * dtype(2) ** np.linspace(-20, 4, network.size, dtype=dtype), (len(rule.remembers), 1))
    for slot in network.hidden_matrices if hasattr(rule, "matrix_direction") else ():
        memory[1:, slot.place] = 0  # as it always is: only the first is kept of a matrix that is moved whole
    before, params = memory.copy(), np.ones(network.size, dtype)
    engine.update(network, rule, params, nothing, memory, 0.0, 10)
    assert (memory[before < tiny] == 0).all()
    assert (memory[before > tiny * 2] > tiny).all()
    for step in range(int(4 / (1 - getattr(rule, "beta2", getattr(rule, "beta1", 0))))):
        engine.update(network, rule, params, nothing, memory, 0.0, 11 + step)
    assert not memory.any()


@pytest.mark.parametrize("engine", [EQUATIONS, KERNELS], ids=lambda engine: engine.name)
@pytest.mark.parametrize("kind", ["rmsprop", "adam", "adamw", "muon"])
def test_gradients_that_are_tiny_beside_a_tiny_epsilon(kind, engine):
    """The mean of their squares must not be forgotten: each step then goes as far as the rate says, as in theory."""
    network = Network(1, [Linear(1)], SquaredError())
    rule = replace(OPTIMISERS[kind](), epsilon=1e-20, weight_decay=0.0)
    params, g = np.zeros(2, np.float32), np.full(2, 1e-15, np.float32)
    memory = np.zeros((len(rule.remembers), 2), np.float32)
    for step in range(300):
        engine.update(network, rule, params, g, memory, 1e-3, step)
    s = 1 - rule.beta2 ** np.arange(1, 301) if kind == "rmsprop" else 1.0  # of g^2; the others correct for it
    np.testing.assert_allclose(params, -1e-3 * (1 / np.sqrt(s) * np.ones(300)).sum(), rtol=1e-3)


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


# ---- columns as they come in tables: rows that hold numbers of categories, sizes on both sides of a panel ----


@TYPES
@pytest.mark.parametrize("size", [1, 3, 8, 17, 40])
def test_embeddings_as_the_first_layer(size, dtype):
    for n in AROUND_PANELS:
        at = tuple(sorted({0, n // 2, n - 1}))
        levels = (4, 1, 300)[: len(at)]
        X = columns(n, 37, dict(zip(at, levels, strict=True)), dtype)
        agree(
            Network(n, [Embedding(at, levels, size), Dense(9, "tanh"), Linear(2)], SquaredError()), X, dtype, 10, True
        )


@TYPES
@pytest.mark.parametrize("size", [1, 3, 8, 17, 40])
def test_embeddings_above_what_is_trained(size, dtype):
    for n in AROUND_PANELS:
        front = [Scale(), Embedding((n - 1,), (5,), size)]
        X = columns(n, 23, {n - 1: 5}, dtype) + dtype(0.25)  # far from where a number of a category changes
        network = Network(n, [*front, Dropout(0.2), Linear(7), Activation("gelu"), Linear(1)], SquaredError())
        agree(network, X, dtype, 10, True)


@TYPES
@pytest.mark.parametrize("outputs", [1, 3, 4, 5, 11])
def test_periodic_as_the_first_layer_and_above_a_scale(outputs, dtype):
    for n in AROUND_PANELS:
        X = columns(n + 2, 37, {}, dtype)
        at = tuple(range(1, n + 1))
        for front in ([], [Scale()]):
            layers = [*front, Periodic(at, 5, outputs), Dense(9, "tanh"), Linear(2)]
            agree(Network(n + 2, layers, SquaredError()), X, dtype, 10, True)


@TYPES
@pytest.mark.parametrize("m", [1, 2, 257, 1025, 2500])
def test_columns_of_many_examples(m, dtype):
    X = columns(20, m, {4: 7, 19: 3}, dtype)
    at = tuple(i for i in range(20) if i not in (4, 5, 19))  # with gaps
    layers = [Embedding((4, 19), (7, 3), 8), Scale(), Periodic(at, 16, 3), Linear(30)]
    layers += [ParametricActivation("mish"), Linear(3)]
    agree(Network(20, layers, SquaredError()), X, dtype, 10, True)


@TYPES
@pytest.mark.parametrize("members", [2, 3, 4, 7])
def test_columns_before_and_behind_what_tells_members_apart(members, dtype):
    """Before it the examples of a row are the same, and computed once."""
    end = [Dense(9, "tanh"), Linear(2 * members), MemberChoice(members)]
    front = [Embedding((3,), (4,), 2), BatchNorm(), Periodic((0, 2, 4), 4, 3)]
    behind = Periodic((1, 5), 3, 2)
    for m in (5, 37, 700):
        X = columns(6, m, {3: 4}, dtype)
        for layers in (
            [*front, MemberScale(members), *end],
            [*front, behind, MemberScale(members), behind, *end],
            [*front, Dropout(0.3), behind, MemberScale(members), *end],
            [*front, Linear(6), Residual([MemberScale(members), Linear(6)]), behind, *end],
            [behind, *end],
        ):
            agree(Network(6, layers, SquaredError(), members=members), X, dtype, 20, m > 1)


@TYPES
def test_columns_beside_batch_norm_over_many_examples(dtype):
    X = columns(10, 1500, {9: 4}, dtype)
    layers = [Embedding((9,), (4,), 5), BatchNorm(), Periodic((1, 3, 12), 4, 2), Linear(17)]
    layers += [BatchNorm(), ParametricActivation("selu"), Linear(1)]
    agree(Network(10, layers, SquaredError()), X, dtype, 20, True)


@TYPES
def test_columns_stacked_in_residuals_and_under_norms(dtype):
    inside = Residual([Embedding((2, 5), (3, 4), 1), ParametricActivation("tanh"), Embedding((0,), (2,), 1)])
    wider = Residual([Periodic((0, 4), 3, 2), Linear(9), ParametricActivation("silu", 2.0)])
    X = columns(9, 40, {2: 3, 5: 4}, dtype)
    agree(Network(9, [inside, wider, LayerNorm(), wider, Linear(2)], SquaredError()), X, dtype, 20, True)
    agree(
        Network(9, [Periodic((0,), 2, 1), Embedding((2, 5), (3, 4), 3), Linear(1)], SquaredError()), X, dtype, 20, True
    )


@TYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_parametric_activations(name, dtype):
    for units in (1, 3, 15, 16, 17, 33):
        own = ParametricActivation(name)
        layers = [Linear(units), own, own, Dense(3), own, Linear(1)]
        agree(Network(5, layers, SquaredError()), columns(5, 17, {}, dtype), dtype, 10, True)
        inside = Residual([own, Activation("relu"), Linear(units), own])
        agree(Network(units, [inside, own, Linear(2)], SquaredError()), columns(units, 33, {}, dtype), dtype, 10, True)


def test_a_number_beyond_the_levels_counts_as_the_nearest():
    network = Network(2, [Embedding((1,), (4,), 3), Linear(1)], SquaredError())
    params = np.random.default_rng(0).normal(size=network.size)
    X = np.zeros((7, 2))
    X[:, 1] = [-7, -0.5, 0.99, 3.7, 4, 1e300, -np.inf]
    nearest = X.copy()
    nearest[:, 1] = [0, 0, 0, 3, 3, 3, 0]
    expected = EQUATIONS.predict(network, params, nearest)
    np.testing.assert_allclose(KERNELS.predict(network, params, X), expected, rtol=1e-12)
    np.testing.assert_allclose(EQUATIONS.predict(network, params, X), expected, rtol=1e-12)
    Y = np.ones((7, 1))
    grads = [KERNELS.gradients(network, params, rows, Y)[1] for rows in (X, nearest)]
    np.testing.assert_array_equal(*grads)


@TYPES
def test_what_is_not_a_number_stays_within_bounds(dtype):
    layers = [Embedding((1,), (4,), 3), Periodic((0,), 3, 2), Linear(1)]
    network = Network(2, layers, SquaredError())
    params = np.ones(network.size, dtype)
    X = np.zeros((4, 2), dtype)
    X[:3, 1] = [np.nan, np.inf, -np.inf]
    assert np.isfinite(KERNELS.predict(network, params, X)).all()
    X[:3, 0] = [np.nan, np.inf, -np.inf]
    with np.errstate(invalid="ignore"):
        found = KERNELS.predict(network, params, X)
        KERNELS.gradients(network, params, X, np.ones((4, 1), dtype))
    assert np.isfinite(found[3]).all()
    assert not np.isfinite(found[:3]).any()


@TYPES
def test_large_angles(dtype):
    X = columns(5, 50, {}, dtype) * dtype(1e3 if dtype == np.float64 else 20)
    network = Network(5, [Periodic((0, 1, 2, 3, 4), 8, 3), Linear(2)], SquaredError())
    agree(network, X, dtype, 1000, True)


@TYPES
@pytest.mark.parametrize("rule", [Adam(), AdamW(weight_decay=0.3), Adam(clip_norm=0.1)], ids=str)
def test_training_with_factors_of_each_array(rule, dtype):
    groups = {"embeddings": Group(0.5, 2.0), "scales": Group(3.0, 1.0)}
    layers = [Scale(6.0), Embedding((2, 7), (5, 9), 4, 2.0), Periodic((0, 1, 5), 4, 3, 0.1), Linear(16, True)]
    layers += [ParametricActivation("selu", 0.2), Linear(16, True), ParametricActivation("mish"), Linear(3, True)]
    network = Network(8, layers, CategoricalLogLoss(), groups=groups)
    rng = np.random.default_rng(2)
    X = columns(8, 70, {2: 5, 7: 9}, dtype) + dtype(0.3)
    Y = np.eye(3)[rng.integers(3, size=70)].astype(dtype)
    start = rng.normal(size=network.size) * 0.5
    for slot in network.slots:
        if slot.role == "s":
            start[slot.offset : slot.offset + slot.size] = 1
    found = []
    for engine in (KERNELS, EQUATIONS):
        params, memory = start.astype(dtype), np.zeros((2, network.size), dtype)
        order = np.resize(np.arange(70), 20 * 16)
        how = Steps(16, np.full(20, 1e-3), examples=70)
        costs = engine.train_steps(network, replace(rule), params, memory, X, Y, None, order, how)
        found.append((costs, params, memory))
    loose = {np.float32: 2e-3, np.float64: 1e-8}[dtype]
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=loose, atol=loose)


def test_a_layer_without_columns_is_left_to_the_equations():
    network = Network(3, [Embedding((), (), 2), Linear(1)], SquaredError())
    assert native.missing_parts(network) == ["layer embedding without columns"]


def test_a_place_that_is_nan_is_the_first_in_both_engines():
    network = Network(2, [Embedding((1,), (4,), 3), Linear(1)], SquaredError())
    params = np.random.default_rng(0).normal(size=network.size)
    rows, first = np.array([[1.0, np.nan], [0.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    expected = EQUATIONS.predict(network, params, first)
    np.testing.assert_array_equal(EQUATIONS.predict(network, params, rows), expected)
    np.testing.assert_allclose(KERNELS.predict(network, params, rows), expected, rtol=1e-12)
