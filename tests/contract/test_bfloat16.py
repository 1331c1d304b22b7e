"""Products of bfloat16: one definition of rounding, in the equations, in the kernels, in what estimators make of it.

Where a batch is a power of two, rounding dZ with or without its 1/m is the same, and the engines agree but for numbers
of which the last bit of float32 decides how they are rounded: such a number differs by one part in 256.
"""

import warnings
from itertools import permutations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import cross_val_score

from lamina import DeepClassifier, DeepRegressor, load, native
from lamina.engine import EQUATIONS, KERNELS
from lamina.equations.layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    LayerNorm,
    Linear,
    Residual,
    RoundedLinear,
)
from lamina.equations.losses import CategoricalLogLoss, SquaredError
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.rounding import bfloat16
from lamina.equations.steps import Steps
from lamina.errors import DataError, SettingError
from lamina.learning.precision import exact, rounding

built = pytest.mark.skipif(not native.present(), reason="the kernels are not built")


def rounded(n, layers, loss, **more):
    """A network whose linear layers round."""
    plain = Network(n, layers, loss, **more)
    return Network(n, rounding(plain.layers), loss, **more)


NETWORKS = {
    "one layer": rounded(9, [Linear(5)], SquaredError()),
    "odd": rounded(33, [Dense(17), Dense(35, "tanh"), Linear(3)], CategoricalLogLoss()),
    "wide": rounded(300, [Dense(130), Dense(257), Linear(1)], SquaredError(), l2=0.1),
    "every way": rounded(
        21,
        [Dropout(0.1), Dense(31), BatchNorm(), Residual([Dense(31, "silu"), LayerNorm(), Linear(31)]), Linear(4)],
        CategoricalLogLoss(0.1),
    ),
    "members": rounded(
        21, [MemberScale(4), Dense(40), Dense(33, "relu"), Linear(12), MemberChoice(4)], SquaredError(), members=4
    ),
}


def case(network, m, seed=0):
    """Parameters, X, Y in single precision."""
    rng = np.random.default_rng(seed)
    params = rng.normal(size=network.size) * 0.3
    params[network.spans["statistics"]] = 1
    X, Y = rng.normal(size=(m, network.n_inputs)), network.loss.sample_targets(rng, m, network.n_outputs)
    return tuple(a.astype(np.float32) for a in (params, X, Y))


# ---- the rounding ----


def test_rounding_is_to_the_nearest_and_of_two_to_the_even_one():
    """Among all the numbers of bfloat16, found by their distance."""
    rng = np.random.default_rng(0)
    every = (np.arange(0x0080, 0x7F80, dtype=np.uint32) << 16).view(np.float32).astype(np.float64)  # normal ones
    x = np.exp(rng.uniform(-80, 80, 20_000)).astype(np.float32)
    x[:5_000] = (every[rng.integers(0, len(every) - 1, 5_000)] * (1 + 2.0**-8)).astype(np.float32)  # some half-way
    right = np.clip(np.searchsorted(every, x), 1, len(every) - 1)
    below, above = every[right - 1], every[right]
    nearer = np.where(x - below < above - x, below, above)
    tie = x - below == above - x
    assert tie.any()
    even = np.where((right - 1) % 2 == 0, below, above)
    np.testing.assert_array_equal(bfloat16(x), np.where(tie, even, nearer))
    np.testing.assert_array_equal(bfloat16(-x), -bfloat16(x))


def test_rounding_of_what_is_special():
    given = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-39, -1e-39, 3.4e38, 1], np.float32)
    np.testing.assert_array_equal(bfloat16(given), [0, 0, np.inf, -np.inf, np.nan, 0, 0, np.inf, 1])
    assert bfloat16(given.astype(np.float64)).dtype == np.float64
    assert given[5] != 0  # as it was


def test_a_rounded_number_stays():
    x = bfloat16(np.random.default_rng(0).normal(size=1000))
    np.testing.assert_array_equal(bfloat16(x), x)


# ---- the engines ----


def apart(found, expected):
    """The root of the mean square of the differences, in parts of that of the numbers."""
    return float(np.linalg.norm(found.astype(np.float64) - expected) / np.linalg.norm(expected))


@built
@pytest.mark.parametrize("m", [2, 16, 64, 2048])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_engines_agree(name, m):
    network = NETWORKS[name]
    params, X, Y = case(network, m)
    J, grads = KERNELS.gradients(network, params, X, Y, seed=5, step=2)
    J_, grads_ = EQUATIONS.gradients(network, params, X, Y, seed=5, step=2)
    one_product = name == "one layer"
    assert pytest.approx(J_, rel=1e-6 if one_product else 1e-4) == J
    for slot in network.slots:
        if slot.role == "b" and np.linalg.norm(grads_[slot.place]) < 1e-3 * np.linalg.norm(grads_):
            continue  # before a normalisation: 0 but for rounding
        assert apart(grads[slot.place], grads_[slot.place]) < (1e-6 if one_product else 2e-3), slot.name
    A, A_ = KERNELS.predict(network, params, X), EQUATIONS.predict(network, params, X)
    assert apart(A, A_) < (1e-6 if one_product else 1e-3)
    assert pytest.approx(EQUATIONS.cost(network, params, X, Y), rel=1e-4) == KERNELS.cost(network, params, X, Y)


@built
@pytest.mark.parametrize("name", NETWORKS)
def test_rounding_is_seen(name):
    """The tests above mean nothing if nobody rounds."""
    network = NETWORKS[name]
    plain = Network(network.n_inputs, exact(network.layers), network.loss, l2=network.l2, members=network.members)
    params, X, Y = case(network, 64)
    for engine in (KERNELS, EQUATIONS):
        difference = apart(engine.gradients(network, params, X, Y)[1], engine.gradients(plain, params, X, Y)[1])
        assert 1e-3 < difference < 1e-1


@built
def test_batches_of_any_size_agree_but_for_where_they_round():
    network = NETWORKS["odd"]
    for m in (3, 33, 1025):
        params, X, Y = case(network, m)
        grads, grads_ = (engine.gradients(network, params, X, Y)[1] for engine in (KERNELS, EQUATIONS))
        assert apart(grads, grads_) < 5e-3


@built
def test_a_product_is_the_chain_that_it_is_said_to_be():
    """c + a b takes pairs of inputs: the upper one first, each added with one rounding, denormal numbers as 0."""
    rng = np.random.default_rng(3)
    for n in (1, 2, 9, 64, 301):
        network = Network(n, [RoundedLinear(19)], SquaredError())
        params = (rng.normal(size=network.size) * 0.3).astype(np.float32)
        X = rng.normal(size=(50, n)).astype(np.float32)
        X[:5] *= np.float32(1e-37)  # products below the normal numbers
        W, b = network.named(params)["W1"], network.named(params)["b1"]
        b[:9] = 0
        Wr, A = bfloat16(W).astype(np.float64), bfloat16(X.T).astype(np.float64)
        Z = np.repeat(b, 50, axis=1)
        for i in range(0, n, 2):
            for k in (i + 1, i):
                if k < n:
                    Z = (Wr[:, k : k + 1] * A[k] + Z).astype(np.float32)
                    Z[np.abs(Z) < np.finfo(np.float32).tiny] *= 0  # keeps its sign
        assert KERNELS.predict(network, params, X).tobytes() == np.ascontiguousarray(Z.T).tobytes()


@built
@pytest.mark.parametrize("layer", [Linear(2), RoundedLinear(2)], ids=lambda layer: layer.kind)
def test_relu_lets_denormal_numbers_pass_on_every_instruction_set(layer):
    """Its derivative there is 1, although products of bfloat16 are made while denormal numbers count as 0."""
    from lamina import _kernels

    network = Network(3, [LayerNorm(), Activation("relu"), layer], SquaredError())
    params = np.ones(network.size, np.float32)
    params[network.spans["weights"]] = [1, 2, 4, 8, 16, 32]
    named = network.named(params)
    named["gamma0"][:] = 0
    named["beta0"][:, 0] = [1e-40, -1e-40, 0]
    X, Y = np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((2, 2), np.float32)
    expected = EQUATIONS.gradients(network, params, X, Y)[1]
    assert network.named(expected)["beta0"].ravel().astype(bool).tolist() == [True, False, False]
    for name in reversed(_kernels.paths()):
        _kernels.use_path(name)
        found = KERNELS.gradients(network, params, X, Y)[1]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-44, err_msg=name)
    assert name == _kernels.paths()[0]  # the one that was in use


@built
def test_steps_lower_the_cost_as_those_of_float32_do():
    network = NETWORKS["wide"]
    plain = Network(network.n_inputs, exact(network.layers), network.loss, l2=network.l2)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(512, 300)).astype(np.float32)
    Y = (X[:, :1] * X[:, 1:2]).astype(np.float32)
    last = {}
    for name, net, engine in (
        ("float32", plain, KERNELS), ("kernels", network, KERNELS), ("equations", network, EQUATIONS)
    ):  # fmt: skip
        params = (np.random.default_rng(1).normal(size=net.size) * 0.05).astype(np.float32)
        memory, steps = np.zeros((2, net.size), np.float32), Steps(64, np.full(80, 1e-3), examples=512)
        order = np.resize(np.random.default_rng(2).permutation(512), 80 * 64)
        costs = engine.train_steps(net, Adam(), params, memory, X, Y, None, order, steps)
        assert len(costs) == 80
        assert params.dtype == np.float32
        assert (bfloat16(params) != params).mean() > 0.9  # the weights that learn keep all their digits
        last[name] = costs[-8:].mean()
        assert last[name] < 0.6 * costs[:8].mean()
    assert last["kernels"] == pytest.approx(last["float32"], rel=0.1)
    assert last["kernels"] == pytest.approx(last["equations"], rel=0.1)


@built
def test_numbers_that_are_not_finite_end_the_steps():
    network = NETWORKS["odd"]
    params, X, Y = case(network, 16)
    X[3, 5] = np.nan
    done = KERNELS.train_steps(
        network, Adam(), params, np.zeros((2, network.size), np.float32), X, Y, None, np.arange(16), Steps(16, [0.1])
    )
    assert len(done) == 0


@built
def test_the_kernels_refuse_double_precision():
    network = NETWORKS["odd"]
    params, X, Y = (a.astype(np.float64) for a in case(network, 4))
    with pytest.raises(DataError, match=r"network and float64: .* rounds float32 to bfloat16"):
        KERNELS.gradients(network, params, X, Y)


# ---- the estimators ----

TABLES = {
    "digits": (DeepClassifier, load_digits),
    "breast_cancer": (DeepClassifier, load_breast_cancer),
    "diabetes": (DeepRegressor, load_diabetes),
}


@pytest.mark.parametrize("name", TABLES)
def test_scores_are_those_of_float32_within_noise(name):
    estimator, rows = TABLES[name]
    X, y = rows(return_X_y=True)
    settings = {"hidden_layer_sizes": (64, 32), "max_iter": 20, "random_state": 0, "preset": "sklearn"}
    scores = {
        dtype: cross_val_score(estimator(**settings, dtype=dtype), X, y, cv=3) for dtype in ("float32", "bfloat16")
    }
    other = cross_val_score(estimator(**settings | {"random_state": 1}), X, y, cv=3)  # what another seed does
    noise = max(0.02, 2 * abs(float(np.mean(other - scores["float32"]))))
    assert abs(float(np.mean(scores["bfloat16"] - scores["float32"]))) < noise


@pytest.fixture(scope="module")
def fitted():
    X, y = load_digits(return_X_y=True)
    model = DeepClassifier((30, 20), max_iter=3, random_state=0, preset="sklearn", dtype="bfloat16")
    return model.fit(X, y), X


def test_parameters_stay_single_precision(fitted):
    model, _ = fitted
    assert model.model_.params.dtype == np.float32
    kinds = [layer.kind for layer in model.model_.network.layers]
    assert kinds == ["rounded_linear", "activation", "rounded_linear", "activation", "rounded_linear"]


def test_a_file_keeps_the_rounding(fitted, tmp_path):
    model, X = fitted
    model.save(tmp_path / "digits.lamina")
    assert load(tmp_path / "digits.lamina").predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


def test_layers_of_ones_own_round_too():
    X, y = load_diabetes(return_X_y=True)
    layers = [Linear(8), Residual([Dense(8), Linear(8)]), 4]
    model = DeepRegressor(layers, max_iter=2, dtype="bfloat16", preset="sklearn", random_state=0).fit(X, y)
    network = model.model_.network
    assert all(isinstance(network.layer_at(slot.path), RoundedLinear) for slot in network.slots if slot.role == "W")


def test_what_does_not_go_together_says_so():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(SettingError, match="optimizer='lbfgs' with dtype='bfloat16'"):
        DeepRegressor(optimizer="lbfgs", dtype="bfloat16").fit(X, y)
    with pytest.raises(SettingError, match="RoundedLinear, which multiplies in bfloat16, and dtype='float64'"):
        DeepRegressor([RoundedLinear(4)], dtype="float64").fit(X, y)


@pytest.mark.parametrize("engine", [pytest.param("kernels", marks=built), "equations"])
@pytest.mark.parametrize("layers", [[RoundedLinear(4)], [Linear(4), Residual([Linear(4), RoundedLinear(4)])]])
def test_a_line_search_refuses_a_rounded_layer_of_ones_own(layers, engine):
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(SettingError, match=r"'lbfgs' with a RoundedLinear in hidden_layer_sizes: .* Choose Linear in"):
        DeepRegressor(layers, optimizer="lbfgs", engine=engine).fit(X, y)


def test_a_fit_goes_on_in_another_type():
    X, y = load_diabetes(return_X_y=True)
    model = DeepRegressor((8,), max_iter=2, warm_start=True, random_state=0, preset="sklearn").fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(dtype="bfloat16").fit(X, y)
    assert len(model.history_) == 4
    assert model.model_.network.layers[0].kind == "rounded_linear"


PAIRS = list(permutations(["float32", "float64", "bfloat16"], 2))


@pytest.mark.filterwarnings("ignore::lamina.errors.DiagnosisWarning")  # of the absurd rate
@pytest.mark.parametrize("engine", [pytest.param("kernels", marks=built), "equations"])
@pytest.mark.parametrize(
    ("before", "after", "optimizer"),
    [*((*pair, "adam") for pair in PAIRS), *((*pair, "lbfgs") for pair in PAIRS if "bfloat16" not in pair)],
)
def test_all_that_is_kept_goes_on_in_the_other_type(before, after, optimizer, engine, tmp_path):
    """The weights of the best epoch too, which with Adam is one of the first fit: the second has an absurd rate."""
    X, y = load_diabetes(return_X_y=True)
    settings = {"max_iter": 3, "warm_start": True, "random_state": 0, "engine": engine, "optimizer": optimizer}
    settings |= {"averaging": 0.5} if optimizer == "adam" else {}
    model = DeepRegressor((8,), preset="sklearn", dtype=before, **settings).fit(X, y)
    kept = np.float64 if after == "float64" else np.float32
    first = model.model_.params.astype(kept)
    model.set_params(dtype=after, learning_rate_init=10.0).fit(X, y)
    assert model.model_.params.dtype == kept
    if optimizer == "adam":
        np.testing.assert_array_equal(model.model_.params, first)
    model.save(tmp_path / "gone_on.lamina")
    np.testing.assert_allclose(load(tmp_path / "gone_on.lamina").predict(X), model.predict(X), rtol=1e-2)
