"""The same bits: at any number of threads, on every instruction set, alone or among others, before and after a fork."""

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from lamina import native
from lamina.engine import KERNELS
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import (
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
from lamina.equations.losses import CategoricalLogLoss, SquaredError
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam, Muon
from lamina.equations.steps import Steps
from lamina.learning.precision import rounding

pytestmark = pytest.mark.skipif(not native.present(), reason="the kernels are not built")

THREADS = (1, 2, 3, 4, 5, 8, 16)
NETWORKS = {
    "plain": Network(40, [Dense(200), Dense(130, "tanh"), Linear(3)], CategoricalLogLoss(), l2=0.1),
    "narrow": Network(7, [Dense(300, "gelu"), Linear(1)], SquaredError()),
    "every layer": Network(
        33,
        [Dropout(0.1), Dense(129), BatchNorm(), Residual([Dense(129, "silu"), LayerNorm(), Dropout(0.3)]), Linear(3)],
        CategoricalLogLoss(0.1),
    ),
    "members": Network(
        21,
        [MemberScale(7), Dense(40), Dropout(0.2), MemberScale(7), Dense(33, "tanh"), Linear(21), MemberChoice(7)],
        CategoricalLogLoss(),
        members=7,
    ),
    "members and batch": Network(
        21,
        [MemberScale(3), Dense(40), BatchNorm(), MemberScale(3), Dense(33, "tanh"), Linear(3), MemberChoice(3)],
        SquaredError(),
        members=3,
    ),
    "columns": Network(
        40,
        [
            *(Scale(6.0), Embedding((0, 7, 39), (3000, 4, 2), 9), Periodic(tuple(range(1, 36)), 16, 3)),
            *(Linear(130, True), ParametricActivation("mish", 0.1), Linear(3, True)),
        ],
        CategoricalLogLoss(),
    ),
    "columns of members": Network(
        40,
        [
            *(Embedding((0, 7), (30, 4), 9), Periodic(tuple(range(1, 36)), 16, 3), MemberScale(3)),
            *(Linear(130, True), Activation("relu"), Dropout(0.15), Linear(9, True), MemberChoice(3)),
        ],
        CategoricalLogLoss(),
        members=3,
    ),
}
ROUNDED = {  # products of bfloat16, of single precision only
    f"{name} in bfloat16": Network(n.n_inputs, rounding(n.layers), n.loss, n.l1, n.l2, members=n.members)
    for name, n in NETWORKS.items()
}


@pytest.fixture(autouse=True)
def _threads():
    before = native.threads()
    yield
    native.set_threads(before)


def learned(network, dtype=np.float32, batch=200, rows=1100, steps=8, rule=None):
    """What the kernels make of some rows: bytes of parameters, memory, costs, gradient, predictions, watched cost."""
    rng = np.random.default_rng(1)
    params = (rng.normal(size=network.size) * 0.2).astype(dtype)
    params[network.spans["statistics"]] = 1
    X = rng.normal(size=(rows, network.n_inputs)).astype(dtype)
    k = network.n_outputs
    Y = np.eye(k, dtype=dtype)[rng.integers(k, size=rows)] if k > 1 else rng.normal(size=(rows, 1)).astype(dtype)
    w = rng.exponential(size=rows).astype(dtype)
    memory = np.zeros((2, network.size), dtype)
    order = np.resize(rng.permutation(rows), batch * steps)
    costs = KERNELS.train_steps(
        network, rule or Adam(clip_norm=1), params, memory, X, Y, w, order,
        Steps(batch, np.full(steps, 1e-2), seed=7, examples=rows),
    )  # fmt: skip
    J, grads = KERNELS.gradients(network, params, X, Y, w)
    A = KERNELS.predict(network, params, X)
    watched = KERNELS.cost(network, params, X, Y, w)
    return b"".join(np.asarray(a).tobytes() for a in (params, memory, costs, J, grads, A, watched))


def of_all_networks():
    """The bytes of all networks, by a rule for each number and one that moves matrices whole: for other processes."""
    networks = (NETWORKS | ROUNDED).values()
    return b"".join(learned(n, batch=64, rows=200, rule=rule) for n in networks for rule in (None, Muon()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])
@pytest.mark.parametrize("name", NETWORKS)
def test_at_any_number_of_threads(name, dtype):
    found = []
    for n in THREADS:
        native.set_threads(n)
        found.append(learned(NETWORKS[name], dtype))
    assert len(set(found)) == 1


@pytest.mark.parametrize("name", ROUNDED)
def test_at_any_number_of_threads_in_bfloat16(name):
    found = []
    for n in THREADS:
        native.set_threads(n)
        found.append(learned(ROUNDED[name], batch=199))  # an odd one: its last pair is half empty
    assert len(set(found)) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])
@pytest.mark.parametrize("name", ["plain", "narrow", "members"])
def test_matrices_that_are_moved_whole_are_shared_by_the_threads(name, dtype):
    """Wide, tall and square ones; in a step, and from a gradient that is given."""
    network, found = NETWORKS[name], []
    for n in (1, 2, 3, 5, 16):
        native.set_threads(n)
        params, memory = np.linspace(-1, 1, network.size, dtype=dtype), np.zeros((2, network.size), dtype)
        KERNELS.update(network, Muon(), params, np.sin(1e3 * params), memory, 0.1, 3)
        found.append(learned(network, dtype, steps=3, rule=Muon(clip_norm=1)) + params.tobytes() + memory.tobytes())
    assert len(set(found)) == 1


def test_an_update_is_the_step_of_the_training():
    """Of a rule that moves matrices whole: with clipping and decay, of wide, tall and square ones."""
    network = Network(21, [Dense(40), Dense(40), Dense(17, "tanh"), Linear(2)], SquaredError())
    rng, rule = np.random.default_rng(0), Muon(clip_norm=0.5, weight_decay=0.1)
    X, Y = rng.normal(size=(50, 21)), rng.normal(size=(50, 2))
    params, memory = rng.normal(size=network.size) * 0.1, np.zeros((2, network.size))
    alone, its_memory = params.copy(), memory.copy()
    for step in range(3):
        _, grads = KERNELS.gradients(network, alone, X, Y, step=step)
        KERNELS.update(network, rule, alone, grads, its_memory, 0.01, step)
    KERNELS.train_steps(
        network,
        rule,
        params,
        memory,
        X,
        Y,
        None,
        np.resize(np.arange(50), 150),
        Steps(50, np.full(3, 0.01), examples=50),
    )
    assert alone.tobytes() + its_memory.tobytes() == params.tobytes() + memory.tobytes()


def test_a_batch_large_enough_for_threads_is_shared(monkeypatch):
    """The test above means nothing if one thread does it all."""
    native.set_threads(16)
    before = threading.active_count(), len(os.listdir("/proc/self/task"))
    learned(NETWORKS["plain"])
    assert len(os.listdir("/proc/self/task")) >= max(16, before[1])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_last_batch_of_fewer_rows_than_threads(name):
    """All threads come to it, and most of them find no example."""
    network, found = NETWORKS[name], []
    rng = np.random.default_rng(1)
    X, w = rng.normal(size=(201, network.n_inputs)).astype(np.float32), np.ones(201, np.float32)
    Y = np.eye(network.n_outputs, dtype=np.float32)[rng.integers(network.n_outputs, size=201)]
    start = (rng.normal(size=network.size) * 0.2).astype(np.float32)
    start[network.spans["statistics"]] = 1
    for n in (1, 16):
        native.set_threads(n)
        params, memory = start.copy(), np.zeros((2, network.size), np.float32)
        how = Steps(200, np.full(2, 1e-2), seed=7, examples=201)
        KERNELS.train_steps(network, Adam(), params, memory, X, Y, w, np.arange(201), how)
        found.append(params.tobytes())
    assert found[0] == found[1]


def test_in_memory_that_another_network_has_used():
    """A large arena is kept for the next call: what the last one left there must not matter."""
    networks = [Network(300, [Dense(units), Dense(600), Linear(3)], CategoricalLogLoss()) for units in (600, 601)]
    first = [learned(network, batch=700, steps=2) for network in networks]
    assert [learned(network, batch=700, steps=2) for network in networks] == first


@pytest.mark.parametrize("rows", [1, 2, 5, 16, 95, 96, 97, 500])
@pytest.mark.parametrize("name", [*NETWORKS, *ROUNDED])
def test_a_row_is_predicted_alike_in_any_company(name, rows):
    network = (NETWORKS | ROUNDED)[name]
    rng = np.random.default_rng(0)
    params = rng.normal(size=network.size).astype(np.float32) * np.float32(0.1)
    params[network.spans["statistics"]] = 1
    X = rng.normal(size=(500, network.n_inputs)).astype(np.float32)
    together = KERNELS.predict(network, params, X)
    for start in (0, 3, 500 - rows):
        some = KERNELS.predict(network, params, X[start : start + rows])
        assert some.tobytes() == together[start : start + rows].tobytes()


def test_steps_in_one_call_or_in_many():
    network = NETWORKS["every layer"]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, network.n_inputs)).astype(np.float32)
    Y = np.eye(3, dtype=np.float32)[rng.integers(3, size=64)]
    start = (rng.normal(size=network.size) * 0.1).astype(np.float32)
    order, rates = np.resize(np.arange(64), 320), np.full(20, 1e-3)

    def go(pieces):
        params, memory = start.copy(), np.zeros((2, network.size), np.float32)
        for i in range(0, 20, pieces):
            KERNELS.train_steps(
                network, Adam(), params, memory, X, Y, None, order[i * 16 : (i + pieces) * 16],
                Steps(16, rates[i : i + pieces], seed=1, step=i, examples=64),
            )  # fmt: skip
        return params.tobytes() + memory.tobytes()

    assert go(20) == go(1) == go(7)


CODE = """
import sys, hashlib
sys.path[:0] = {path!r}
from test_same_bits import of_all_networks
print(hashlib.sha256(of_all_networks()).hexdigest())
"""


def in_a_process(**environment):
    """The digest of what another process learns under these environment variables."""
    code = CODE.format(path=[os.path.dirname(__file__), *sys.path])
    everything = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], env=everything, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_on_every_instruction_set_and_in_every_process():
    from lamina import _kernels

    found = {in_a_process(LAMINA_ISA=name, LAMINA_NUM_THREADS="2") for name in _kernels.paths()}
    assert len(found | {in_a_process(LAMINA_NUM_THREADS="1"), in_a_process(OMP_NUM_THREADS="3")}) == 1


def _child(pipe):
    pipe.send_bytes(learned(NETWORKS["plain"]))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_after_a_fork():
    native.set_threads(3)
    expected = learned(NETWORKS["plain"])
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        ours, theirs = context.Pipe()
        child = context.Process(target=_child, args=(theirs,))
        child.start()
        assert ours.poll(30), "the forked child is stuck"
        assert ours.recv_bytes() == expected
        child.join(30)
        assert child.exitcode == 0


def test_in_threads_at_once():
    native.set_threads(3)
    expected, found = learned(NETWORKS["plain"]), []
    threads = [threading.Thread(target=lambda: found.append(learned(NETWORKS["plain"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [expected] * 4


def test_under_joblib():
    from joblib import Parallel, delayed

    expected = learned(NETWORKS["narrow"])
    found = Parallel(n_jobs=2, backend="threading")(delayed(learned)(NETWORKS["narrow"]) for _ in range(4))
    assert found == [expected] * 4
