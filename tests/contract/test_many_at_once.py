"""Many trainings at once: what each becomes alone, in every engine, at any number of threads, whoever stops."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from lamina import native
from lamina.engine import EQUATIONS, KERNELS
from lamina.equations.layers import BatchNorm, Dense, Dropout, LayerNorm, Linear, Residual
from lamina.equations.losses import CategoricalLogLoss
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam, GradientDescent
from lamina.equations.steps import Steps, Training
from lamina.errors import DataError

built = pytest.mark.skipif(not native.present(), reason="the kernels are not built")
ENGINES = [pytest.param(KERNELS, marks=built), EQUATIONS]
NAMES = ["kernels", "equations"]

NETWORKS = {
    "small": Network(5, [Dense(9), Dropout(0.3), Linear(3)], CategoricalLogLoss(), l2=0.1),
    "every layer": Network(
        33,
        [Dropout(0.1), Dense(129), BatchNorm(), Residual([Dense(129, "silu"), LayerNorm(), Dropout(0.3)]), Linear(3)],
        CategoricalLogLoss(0.1),
    ),
    "members": Network(
        21,
        [MemberScale(3), Dense(40), Dropout(0.2), Dense(33, "tanh"), Linear(9), MemberChoice(3)],
        CategoricalLogLoss(),
        members=3,
    ),
}


@pytest.fixture(autouse=True)
def _threads():
    if not native.present():
        yield
        return
    before = native.threads()
    yield
    native.set_threads(before)


def trainings(network, k, dtype=np.float32, most=40, rows=300):
    """Trainings that share their rows and nothing else: steps, rates, batch sizes and seeds differ."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, network.n_inputs)).astype(dtype)
    Y = np.eye(3, dtype=dtype)[rng.integers(3, size=rows)]
    w = rng.exponential(size=rows).astype(dtype)
    found = []
    for i in range(k):
        params = (rng.normal(size=network.size) * 0.2).astype(dtype)
        params[network.spans["statistics"]] = 1
        rule = GradientDescent() if i == 3 else Adam(clip_norm=1)
        memory = np.zeros((len(rule.remembers), network.size), dtype)
        steps, batch = int(rng.integers(0 if i == 2 else 1, most)), int(rng.integers(1, 70))
        how = Steps(batch, np.full(steps, 1e-2 / (1 + i)), seed=i, step=3 * i, examples=rows)
        order = rng.integers(rows, size=batch * steps)
        found.append(Training(rule, params, memory, X, Y, None if i % 2 else w, order, how))
    return found


def bits(trained, costs):
    return [
        tuple(a.tobytes() for a in (one.params, one.memory, cost))
        for one, cost in zip(trained, costs, strict=True)
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])
@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_each_has_the_bits_of_train_steps_alone(k, dtype, engine):
    network = NETWORKS["small"]
    alone, together = trainings(network, k, dtype), trainings(network, k, dtype)
    expected = bits(alone, [engine.train_steps(network, *one) for one in alone])
    assert bits(together, engine.train_steps_many(network, together)) == expected


@built
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_same_bits_at_any_number_of_threads(name, k):
    """More threads than trainings go together on each: 16 on 2, and 3 do not divide them evenly."""
    network = NETWORKS[name]
    alone = trainings(network, k)
    expected = bits(alone, [KERNELS.train_steps(network, *one) for one in alone])
    for n in (1, 2, 3, 4, 16):
        native.set_threads(n)
        together = trainings(network, k)
        assert bits(together, KERNELS.train_steps_many(network, together)) == expected, n


@built
def test_a_long_one_among_short_ones_goes_on_in_pieces_at_any_number_of_threads():
    network = NETWORKS["small"]

    def uneven():
        first, *others = trainings(network, 3, most=10)
        rates = np.full(2000, 1e-3)
        order = np.resize(np.arange(300), 2000 * 20)
        return [first._replace(order=order, steps=Steps(20, rates, seed=1, examples=300)), *others]

    alone, native_threads = uneven(), (2, 3)
    expected = bits(alone, [KERNELS.train_steps(network, *one) for one in alone])
    for n in native_threads:
        native.set_threads(n)
        together = uneven()
        assert bits(together, KERNELS.train_steps_many(network, together)) == expected


@built
def test_engines_agree():
    network, found = NETWORKS["small"], []
    for engine in (KERNELS, EQUATIONS):
        trained = trainings(network, 4, np.float64)
        found.append((engine.train_steps_many(network, trained), [one.params for one in trained]))
    for one, other in zip(*found, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
def test_one_that_is_not_finite_stops_alone(engine):
    network = NETWORKS["small"]
    if engine is KERNELS:
        native.set_threads(2)
    three = trainings(network, 3)
    X = three[1].X.copy()
    X[17] = np.nan
    how = Steps(10, np.full(20, 1e-3), examples=300)
    order = np.resize(np.arange(300), 200)
    three = [one._replace(order=order, steps=how) for one in three]
    three[1] = three[1]._replace(X=X)
    with np.errstate(all="ignore"):
        costs = engine.train_steps_many(network, three)
    assert [len(cost) for cost in costs] == [20, 1, 20]
    assert all(np.isfinite(one.params).all() for one in three)


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
def test_none_are_nothing(engine):
    assert engine.train_steps_many(NETWORKS["small"], []) == []


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
def test_they_may_come_from_a_generator(engine):
    network = NETWORKS["small"]
    alone, together = trainings(network, 3), trainings(network, 3)
    expected = bits(alone, [engine.train_steps(network, *one) for one in alone])
    assert bits(together, engine.train_steps_many(network, (one for one in together))) == expected


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
def test_no_rows_and_no_steps(engine):
    network = NETWORKS["small"]
    first, other = trainings(network, 2)
    steps = len(other.steps.rates)
    for how in (Steps(5, np.array([])), Steps(5, np.array([]), examples=0)):
        none = first._replace(order=np.arange(0), steps=how)
        assert engine.train_steps(network, *none).tolist() == []
        assert [len(costs) for costs in engine.train_steps_many(network, [none, other])] == [0, steps]


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
@pytest.mark.parametrize("shared", ["params", "memory", "part"])
def test_shared_parameters_are_refused(shared, engine):
    network = NETWORKS["small"]
    a, b, c = trainings(network, 3)
    what, before = "memory" if shared == "memory" else "params", a.params.copy()
    if shared == "part":
        both = np.zeros(network.size + 1, np.float32)
        a, c = a._replace(params=both[1:]), c._replace(params=both[:-1])
        before = a.params.copy()
    else:
        c = c._replace(**{shared: getattr(a, shared)})
    with pytest.raises(ValueError, match=f"{what} of training 0 and {what} of training 2 overlap"):
        engine.train_steps_many(network, [a, b, c])
    np.testing.assert_array_equal(a.params, before)


def overlapping(network, case):
    """Trainings with an array that lies in one that is changed, and what an error calls the two."""
    a, b, c = trainings(network, 3, rows=200)
    room, size = np.zeros(1000, np.float32), network.size
    memory, params = room[: 2 * size].reshape(2, -1), room[500 : 500 + size]
    match case:
        case "rows":
            return [a._replace(X=room.reshape(200, 5)), b, c._replace(params=params)], ("X", 0, "params", 2)
        case "rows, and others between":
            a, b = a._replace(X=room.reshape(200, 5)), b._replace(weights=room[:200])
            return [a, b, c._replace(params=params)], ("X", 0, "params", 2)
        case "weights":
            return [a._replace(memory=memory), b, c._replace(weights=room[100:300])], ("memory", 0, "weights", 2)
        case "its own":
            return [a, b._replace(memory=memory, params=room[5 : 5 + size])], ("memory", 1, "params", 1)


@pytest.mark.parametrize("engine", ENGINES, ids=NAMES)
@pytest.mark.parametrize("case", ["rows", "rows, and others between", "weights", "its own"])
def test_what_is_changed_is_part_of_no_other_array(case, engine):
    network = NETWORKS["small"]
    found, (one, k, other, n) = overlapping(network, case)
    before = [training.params.copy() for training in found]
    with pytest.raises(ValueError, match=f"{one} of training {k} and {other} of training {n} overlap, and params"):
        engine.train_steps_many(network, found)
    for training, kept in zip(found, before, strict=True):
        np.testing.assert_array_equal(training.params, kept)
    if case == "its own":
        with pytest.raises(ValueError, match="memory of training 0 and params of training 0 overlap"):
            engine.train_steps(network, *found[1])


@built
def test_one_type_of_number_for_all():
    network = NETWORKS["small"]
    two = [trainings(network, 1)[0], trainings(network, 1, np.float64)[0]]
    with pytest.raises(DataError, match="float32 and float64: expected one type"):
        KERNELS.train_steps_many(network, two)


@built
def test_a_wrong_one_is_refused_before_any_moves():
    network = NETWORKS["small"]
    two = trainings(network, 2)
    two[1] = two[1]._replace(order=two[1].order + 300)
    before = two[0].params.copy()
    with pytest.raises(IndexError, match="of 300"):
        KERNELS.train_steps_many(network, two)
    np.testing.assert_array_equal(two[0].params, before)


# Batch size and steps of each: many seconds for both threads; and over at once on the thread that called, which
# takes the one with most examples and then has nothing to do but wait for the other.
@built
@pytest.mark.parametrize("sizes", [[(1, 10), (1, 6_000_000), (1, 6_000_000)], [(1000, 6000), (1, 5_990_000)]])
def test_ctrl_c_stops_all_of_them(sizes):
    code = f"""
        import os, signal, threading, time, numpy as np
        from lamina import native
        from lamina.engine import KERNELS
        from lamina.equations.layers import Dense, Linear
        from lamina.equations.losses import SquaredError
        from lamina.equations.network import Network
        from lamina.equations.optimisers import Adam
        from lamina.equations.steps import Steps, Training
        signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
        native.set_threads(2)
        network = Network(20, [Dense(64), Dense(32), Linear(1)], SquaredError())
        X = np.random.default_rng(0).normal(size=(1000, 20)).astype(np.float32)
        trainings = []
        for batch, steps in {sizes}:
            order, rates = np.resize(np.arange(1000), batch * steps), np.full(steps, 1e-3)
            params, memory = np.full(network.size, 0.01, np.float32), np.zeros((2, network.size), np.float32)
            how = Steps(batch, rates, examples=1000)
            trainings.append(Training(Adam(), params, memory, X, X[:, :1].copy(), None, order, how))
        threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        begin = time.monotonic()
        try:
            KERNELS.train_steps_many(network, trainings)
        except KeyboardInterrupt:
            print("stopped", time.monotonic() - begin < 4, all(np.isfinite(one.params).all() for one in trainings))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.stdout == "stopped True True\n", done.stderr


def test_the_torch_engine_trains_them_one_after_the_other():
    pytest.importorskip("torch")
    from lamina.tensors.verbs import on

    network, engine = NETWORKS["small"], on("cpu")
    alone, together = trainings(network, 3), trainings(network, 3)
    for some in (alone, together):
        some.append(some[0]._replace(order=np.arange(0), steps=Steps(5, np.array([]))))
        some[-1] = some[-1]._replace(params=some[0].params.copy(), memory=some[0].memory.copy())
    expected = bits(alone, [engine.train_steps(network, *one) for one in alone])
    assert bits(together, engine.train_steps_many(network, (one for one in together))) == expected


def test_a_training_is_the_arguments_of_train_steps():
    """So that `train_steps(network, *training)` is one of them alone."""
    import inspect

    from lamina.equations import verbs

    assert list(inspect.signature(verbs.train_steps).parameters) == ["network", *Training._fields]
