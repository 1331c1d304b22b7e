"""The torch engine against the equations: every row of every table, on the CPU, and on a GPU where there is one.

In double precision both agree to 1e-11 of the largest gradient. Single precision is held against the equations in
double precision, so the tolerance measures single precision and not two roundings of it.
"""

import gc
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lamina.engine import EQUATIONS, choose
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.layers import (
    LAYERS,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Linear,
    MemberChoice,
    MemberScale,
    ParametricActivation,
    Periodic,
    Residual,
)
from lamina.equations.losses import LOSSES, BinaryLogLoss, CategoricalLogLoss, Huber, Quantile, SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import OPTIMISERS, Adam, GradientDescent
from lamina.equations.random import Key, kept
from lamina.equations.slots import Group
from lamina.equations.steps import Steps
from lamina.errors import DataError, EngineError, EngineWarning
from lamina.tensors import rows as rows_there
from lamina.tensors.devices import check_type, memory_of
from lamina.tensors.layers import Place
from lamina.tensors.plan import Plan
from lamina.tensors.random import dropped, smallest_kept
from lamina.tensors.rows import Rows
from lamina.tensors.stepping import Same, Stepper
from wrong_steps import NETWORK as WITH_DROPOUT
from wrong_steps import WRONG, arguments, named, train

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
DEVICES = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=with_cuda)])
TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])
LOOSE = {np.float32: 3e-5, np.float64: 1e-11}  # of the largest number

EXAMPLES = [layer for kind in LAYERS.values() for layer in kind.examples(9)]
VARIANTS = [BinaryLogLoss(0.1), CategoricalLogLoss(0.2), Huber(0.3), Quantile((0.05, 0.5, 0.9))]


def case(network, m=24, seed=0):
    """Parameters, X, Y and weights in double precision."""
    rng = np.random.default_rng(seed)
    params = rng.normal(size=network.size) * 0.5
    statistics = network.spans["statistics"]
    params[statistics] = np.abs(params[statistics]) + 0.5
    X = rng.normal(size=(m, network.n_inputs))
    X[:, 0] = rng.integers(0, 3, m)  # for layers that look categories up
    Y = network.loss.sample_targets(rng, m, network.n_outputs // network.loss.units(1))
    return params, X, Y, rng.gamma(2, 0.5, m)


def narrow(dtype, *arrays):
    return [np.asarray(a, dtype) for a in arrays]


def close(found, expected, dtype, loose=1.0):
    assert found.shape == expected.shape
    scale = np.max(np.abs(expected), initial=1e-30)
    assert np.max(np.abs(found - expected), initial=0) <= loose * LOOSE[dtype] * scale


def assert_agree(network, device, dtype, rows=24, loose=1.0, **settings):
    """Hold cost, gradient, prediction and watched cost against the equations, on the rounded numbers."""
    engine = choose(network, "torch", device=device)
    rounded = narrow(dtype, *case(network, rows))
    exact = narrow(np.float64, *rounded)
    J, grads = engine.gradients(network, *rounded, seed=5, step=2, **settings)
    J_, grads_ = EQUATIONS.gradients(network, *exact, seed=5, step=2, **settings)
    assert grads.dtype == dtype
    assert pytest.approx(J_, rel=loose * LOOSE[dtype], abs=LOOSE[dtype]) == J
    for slot in network.slots:
        part, whole = grads[slot.place], grads_[slot.place]
        scale = max(np.max(np.abs(whole)), 1e-2 * np.max(np.abs(grads_)))
        assert np.max(np.abs(part - whole)) <= loose * LOOSE[dtype] * scale, slot.name
    close(engine.predict(network, *rounded[:2]), EQUATIONS.predict(network, *exact[:2]), dtype, loose)
    watched = EQUATIONS.cost(network, *exact)
    assert engine.cost(network, *rounded) == pytest.approx(watched, rel=loose * LOOSE[dtype], abs=LOOSE[dtype])


def network_of(layer, loss):
    layers = [layer, Dense(6, "tanh"), Linear(loss.units(2))]
    return Network(9, layers, loss, l1=0.03, l2=0.2, members=getattr(layer, "members", 1))


@DEVICES
@TYPES
@pytest.mark.parametrize("layer", EXAMPLES, ids=str)
def test_every_layer(layer, device, dtype):
    for loss in (BinaryLogLoss(), SquaredError()):
        assert_agree(network_of(layer, loss), device, dtype, first=3, m=40, dropout=0.7)


@DEVICES
@TYPES
@pytest.mark.parametrize("loss", [*(loss() for loss in LOSSES.values()), *VARIANTS], ids=str)
def test_every_loss(loss, device, dtype):
    assert_agree(network_of(Dense(5, "silu"), loss), device, dtype)


@DEVICES
@TYPES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name, device, dtype):
    layers = [Dense(7, name), ParametricActivation(name), Linear(2)]
    assert_agree(Network(9, layers, SquaredError(), l2=0.1), device, dtype)


@DEVICES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_over_the_whole_range(name, device):
    network = Network(1, [Dense(1, name)], SquaredError())
    largest = float(np.finfo(np.float32).max)
    X = np.array([0, 3, -3, 0.5, -1e-8, 40, -40, 700, -700, 1e30, -1e30, largest, -largest], np.float32)[:, None]
    params = np.array([1, 0], np.float32)
    found = choose(network, "torch", device=device).predict(network, params, X)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:-2], EQUATIONS.predict(network, params, X[:-2]), rtol=1e-5, atol=1e-6)


LAYERS_OF_ALL_KINDS = [
    Embedding(columns=(0,), levels=(3,), size=2),
    Periodic(columns=(0, 4), frequencies=3, outputs=2),
    Dropout(0.2),
    Dense(8, "silu"),
    BatchNorm(),
    Residual([Dense(8, "mish"), Dropout(0.1)]),
    Linear(3),
]
NETWORKS = {
    "all kinds": Network(9, LAYERS_OF_ALL_KINDS, CategoricalLogLoss(0.1), l1=0.01, l2=0.1),
    "members": Network(
        9, [MemberScale(3), Dense(6), Dropout(0.3), Linear(9), MemberChoice(3)], CategoricalLogLoss(), members=3
    ),
    "rates": Network(
        9,
        [Linear(5, ntk=True), Dense(5, "tanh"), Linear(3)],
        SquaredError(),
        groups={"biases": Group(0.1, 0.5), "scales": Group(3.0, 0.0)},
    ),
}


def trained(engine, network, rule, rows, order, how, dtype=np.float64):
    """Costs, parameters and memory of some steps, taken in two calls."""
    params, *rows = (np.array(one, dtype) for one in rows)
    memory = np.zeros((len(rule.remembers), network.size), dtype)
    for one in rows:
        one.flags.writeable = False
    half = len(how.rates) // 2
    at, first, second = half * how.batch_size, slice(None, half), slice(half, None)
    parts = [
        (order[:at], how._replace(**{name: getattr(how, name)[first] for name in ("rates", "decays", "dropouts")})),
        (order[at:], how._replace(**{name: getattr(how, name)[second] for name in ("rates", "decays", "dropouts")})),
    ]
    costs = []
    for piece, steps in parts:
        steps = steps._replace(step=how.step + len(costs))
        costs += engine.train_steps(network, rule, params, memory, *rows, piece, steps).tolist()
    return np.array(costs), params, memory


@DEVICES
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("rule", OPTIMISERS)
def test_steps_of_every_rule(rule, name, device):
    """Seventy-seven rows three times in batches of eight: graphs, single steps and short batches, with schedules."""
    network, rule = NETWORKS[name], OPTIMISERS[rule](weight_decay=0.1, clip_norm=0.5)
    rows = case(network, 77)
    order = np.concatenate([np.random.default_rng(epoch).permutation(77) for epoch in range(3)])
    n, step = -(-len(order) // 8), 2**32 - 5 if name == "members" else 3
    how = Steps(8, np.geomspace(0.01, 0.001, n), np.linspace(1, 0, n), np.linspace(1, 0.2, n), 7**20, step, 77)
    expected = trained(EQUATIONS, network, rule, rows, order, how)
    found = trained(choose(network, "torch", rule, device), network, rule, rows, order, how)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


@DEVICES
def test_an_update_alone(device):
    network, rule = NETWORKS["all kinds"], Adam(weight_decay=0.1, clip_norm=0.1)
    params, memory = case(network)[0], np.abs(np.random.default_rng(1).normal(size=(2, network.size)))
    grads = np.random.default_rng(2).normal(size=network.size)
    grads[::7], memory[:, ::7] = 0, 1e-305  # has all but faded
    moved = []
    for engine in (EQUATIONS, choose(network, "torch", rule, device)):
        p, remembered = params.copy(), memory.copy()
        engine.update(network, rule, p, grads, remembered, 0.05, 6, 0.3)
        moved.append((p, remembered))
    np.testing.assert_allclose(moved[1][0], moved[0][0], rtol=1e-11)
    np.testing.assert_allclose(moved[1][1], moved[0][1], rtol=1e-11)


@DEVICES
def test_rows_that_are_written_to_are_read_again(device):
    """A copy on the device would be stale: only rows that nobody can write to stay there."""
    network, rule = NETWORKS["rates"], Adam()
    params, X, Y, w = case(network, 32)
    how = Steps(8, np.full(4, 0.01), np.ones(4), np.ones(4))
    engine = choose(network, "torch", rule, device)
    for rows in (X, X * 3):
        X[:] = rows
        results = []
        for one in (EQUATIONS, engine):
            p, memory = params.copy(), np.zeros((2, network.size))
            results.append(one.train_steps(network, rule, p, memory, X, Y, w, np.arange(32), how))
        np.testing.assert_allclose(results[1], results[0], rtol=1e-10)


@pytest.mark.parametrize("wrong", WRONG, ids=named)
def test_wrong_arguments_are_refused(wrong):
    given = arguments(**wrong)
    before = given["params"].copy()
    with pytest.raises((ValueError, TypeError, IndexError)):
        train(choose(WITH_DROPOUT, "torch", device="cpu"), **given)
    np.testing.assert_array_equal(given["params"], before)


def test_a_row_outside_of_the_batch_is_refused():
    engine, params = choose(WITH_DROPOUT, "torch", device="cpu"), np.zeros(WITH_DROPOUT.size)
    for wrong in ({"first": 5, "m": 10}, {"m": 0}, {"dropout": 2.5}, {"step": -1}):
        with pytest.raises(DataError, match=r"of a batch of|on a rate of|at least one row"):
            engine.gradients(WITH_DROPOUT, params, np.zeros((6, 3)), np.zeros((6, 2)), **wrong)


@DEVICES
@pytest.mark.parametrize("sealed", [True, False])
def test_a_step_that_is_not_finite_is_not_taken(sealed, device):
    network, rule = NETWORKS["rates"], Adam()
    params, X, Y, w = case(network, 64)
    X[41] = np.nan
    X.flags.writeable = Y.flags.writeable = w.flags.writeable = not sealed
    how, results = Steps(8, np.full(8, 0.01), None, None, examples=64), []
    for engine in (EQUATIONS, choose(network, "torch", rule, device)):
        p, memory = params.copy(), np.zeros((2, network.size))
        costs = engine.train_steps(network, rule, p, memory, X, Y, w, np.arange(64), how)
        results.append((costs, p, memory))
    assert len(results[1][0]) == 5  # row 41 is in the sixth batch
    for found, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@DEVICES
def test_dropout_draws_the_same_bits(device):
    place = Place(torch.device(device), torch.float64, 3, 0)
    for units, m, rate, first in ((1, 5, 0.5, 0), (8, 3, 0.1, 7), (21, 40, 0.999999, 2)):
        steps = [0, 17, 2**32 - 1]
        least = torch.full((3,), smallest_kept(rate), device=device, dtype=torch.int64)
        numbers = torch.tensor(steps, device=device)
        found = dropped(units, m, least, numbers, place, 2**63 + 12345, first)
        for k, step in enumerate(steps):
            expected = kept(units, m, rate, Key(2**63 + 12345, step, 3, first))
            np.testing.assert_array_equal(~found[k].cpu().numpy(), expected)


# ---- nothing is asked of the host ----

ASKING = {"_local_scalar_dense", "item", "is_nonzero", "nonzero", "masked_select", "unique"}
ASKING |= {"scalar_tensor", "lift_fresh"}  # a number of the host on its way to the device


class Watched(TorchDispatchMode):
    """Notes what a step asks of the host: a number, or a tensor from there."""

    def __init__(self):
        super().__init__()
        self.ops, self.asked = set(), set()

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        name = op.overloadpacket.__name__
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        if name in ASKING or any(one.device.type == "cpu" for one in tensors):
            self.asked.add(name)
        self.ops.add(name)
        return op(*args, **(kwargs or {}))


WATCHED = [
    *((network_of(layer, SquaredError()), Adam()) for layer in EXAMPLES),
    *((network_of(Dense(4), loss), Adam()) for loss in (*(one() for one in LOSSES.values()), *VARIANTS)),
    *((Network(9, [Dense(4, name), Linear(2)], SquaredError()), Adam()) for name in ACTIVATIONS),
    *((NETWORKS["all kinds"], rule(weight_decay=0.1, clip_norm=1.0)) for rule in OPTIMISERS.values()),
]


@pytest.mark.parametrize(("network", "rule"), WATCHED, ids=lambda one: getattr(one, "kind", ""))
def test_a_step_asks_nothing_of_the_host(network, rule):
    """On the meta device, which has no numbers: whoever asks for one, or brings one along, is seen."""
    device = torch.device("meta")
    plan, same = Plan(network, device, torch.float32), Same(rule, 8, 3, 40)
    rows = Rows(
        *(torch.zeros(shape, device=device, dtype=torch.float32) for shape in ((40, 9), (40, network.n_outputs), (40,)))
    )
    rows = rows._replace(Y=rows.Y[:, : network.n_outputs // network.loss.units(1)])
    stepper = Stepper(plan, same, rows)
    params, memory = np.zeros(network.size, np.float32), np.zeros((len(rule.remembers), network.size), np.float32)
    stepper._get_ready(params, memory, np.arange(40), Steps(8, np.ones(5)))
    with Watched() as watched:
        stepper._take(2, 8)
    assert watched.asked == set()
    assert "index_select" in watched.ops


def test_asking_is_seen():
    one = torch.zeros(3, device="meta")
    with Watched() as watched:
        torch.where(one > 0, one, 1.0)
        one + torch.zeros(3)[0]
    assert watched.asked == {"scalar_tensor", "select", "add"}


# ---- choosing ----


def test_every_row_of_every_table_is_there():
    for layer, loss in itertools.product(EXAMPLES, LOSSES.values()):
        network = Network(9, [layer, Linear(2)], loss(), members=getattr(layer, "members", 1))
        for rule in OPTIMISERS.values():
            assert choose(network, "torch", rule(), "cpu").name == "torch on cpu"


@dataclass(frozen=True, kw_only=True)
class SignDescent(GradientDescent):
    """An optimiser that only Python knows."""

    kind: ClassVar[str] = "sign_descent"


def test_a_part_that_is_missing_is_named_and_the_cpu_computes():
    network = Network(2, [Linear(1)], SquaredError())
    with pytest.warns(EngineWarning) as said:
        assert choose(network, "torch", SignDescent(), "cpu").name == "equations"
    assert "the torch engine cannot run this network: optimiser sign_descent. The CPU computes" in str(said[0].message)


def test_no_gpu_is_said_with_what_to_do(monkeypatch):
    network = Network(2, [Linear(1)], SquaredError())
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    with pytest.raises(
        EngineError, match=r"device='cuda:61': this torch .* is built without CUDA. Install a build for"
    ):
        choose(network, device="cuda:61")
    monkeypatch.setattr(torch.version, "cuda", "12.9")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match=r"device='cuda:62': .*CUDA 12.9\) finds no GPU.*nvidia-smi.*device='cpu'"):
        choose(network, device="cuda:62")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(EngineError, match=r"device='cuda:63': torch finds 2 of them: cuda:0, cuda:1\."):
        choose(network, device="cuda:63")


def test_a_device_without_double_precision_says_so():
    with pytest.raises(EngineError, match=r"device='mps' has no double precision: choose dtype='float32'"):
        check_type(torch.device("mps"), torch.float64)


def test_a_full_device_is_a_memory_error():
    with pytest.raises(MemoryError, match="the device cpu is full"), memory_of(torch.device("cpu")):
        torch.empty(2**48)
    with pytest.raises(MemoryError, match="the device cpu is full"), memory_of(torch.device("cpu")):
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(RuntimeError, match="shapes do not fit"), memory_of(torch.device("cpu")):
        raise RuntimeError("shapes do not fit")


def ten_steps(engine, network, rule):
    """Ten steps on 77 rows, and a short one."""
    order, how = np.random.default_rng(0).permutation(77), Steps(8, *(np.full(10, one) for one in (0.01, 1, 1)))
    return trained(engine, network, rule, case(network, 77), order, how)


@DEVICES
def test_rows_for_which_the_device_has_no_room_travel(device, monkeypatch):
    network, rule = NETWORKS["rates"], Adam()

    def full(*rows):
        raise torch.OutOfMemoryError

    monkeypatch.setattr("lamina.tensors.verbs.sent", full)
    found = ten_steps(choose(network, "torch", rule, device), network, rule)
    for ours, theirs in zip(found, ten_steps(EQUATIONS, network, rule), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@DEVICES
def test_a_copy_on_the_device_goes_with_the_rows(device):
    network = NETWORKS["rates"]
    params, X, Y, w = case(network, 64)
    engine, before = choose(network, "torch", device=device), len(rows_there._there)
    for one in (X, Y, w):
        one.flags.writeable = False
    first = engine.cost(network, params, X, Y, w)
    assert len(rows_there._there) == before + 3
    assert engine.cost(network, params, X, Y, w) == first
    assert len(rows_there._there) == before + 3
    del X, Y, w, one
    gc.collect()
    assert len(rows_there._there) == before


@DEVICES
def test_threads_train_apart(device):
    """The same network in several threads: each has tensors of its own."""
    network, rule = NETWORKS["all kinds"], Adam()
    engine = choose(network, "torch", rule, device)
    alone = ten_steps(engine, network, rule)[1]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ten_steps(engine, network, rule)[1], range(16)))
    for params in found:
        np.testing.assert_allclose(params, alone, rtol=1e-9, atol=1e-12)
