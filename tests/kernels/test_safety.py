"""No caller can crash the process: shapes, types, sizes and row numbers are checked before anything is touched."""

import gc
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from lamina import native
from lamina.engine import KERNELS, choose
from lamina.equations.activations import ACTIVATIONS, Pair, d_identity, identity
from lamina.equations.embeddings import Embedding, Periodic
from lamina.equations.layers import Dense, Linear, ParametricActivation, Residual
from lamina.equations.losses import SquaredError
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.errors import EngineError, EngineWarning
from wrong_steps import NETWORK, arguments, train

_kernels = pytest.importorskip("lamina._kernels")


# Of another type than the plan's, which the equations take: see tests/contract/test_wrong_arguments.py for the rest.
@pytest.mark.parametrize("name", ["params", "memory"])
def test_another_type_of_number_is_refused(name):
    given = arguments()
    given[name] = given[name].astype(np.float32)
    with pytest.raises((ValueError, TypeError)):
        train(KERNELS, **given)


def test_read_only_parameters_are_refused():
    given = arguments()
    given["params"].flags.writeable = False
    with pytest.raises(TypeError):
        train(KERNELS, **given)


def test_wrong_rows_to_predict_are_refused():
    params = np.zeros(NETWORK.size)
    for X in (np.zeros((5, 2)), np.zeros((5, 3, 1))):
        with pytest.raises((ValueError, TypeError)):
            KERNELS.predict(NETWORK, params, X)
    assert KERNELS.predict(NETWORK, params, np.zeros((0, 3))).shape == (0, 2)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (0, {"columns": (1, 0)}),
        (0, {"columns": (0, 0)}),
        (0, {"columns": (-1, 1)}),
        (0, {"columns": (0, 3)}),
        (0, {"columns": (0,)}),
        (0, {"columns": ()}),
        (0, {"levels": (4, 0)}),
        (0, {"levels": (4, 5)}),
        (0, {"levels": (9,)}),
        (0, {"levels": (1 << 62, 1 << 62)}),
        (0, {"size": 0}),
        (0, {"size": 3}),
        (0, {"size": 1 << 62}),
        (1, {"columns": (2, 1)}),
        (1, {"columns": (0, 5)}),
        (1, {"frequencies": 0}),
        (1, {"frequencies": 1 << 62}),
        (1, {"outputs": 4}),
        (1, {"outputs": 1 << 62}),
        (2, {"function": "swash"}),
        (2, {"units": 8}),
    ],
    ids=str,
)
def test_columns_that_do_not_fit_are_refused(kind, change):
    layers = [Embedding((0, 2), (4, 6), 2), Periodic((1, 2), 3, 2), ParametricActivation("selu"), Linear(1)]
    blueprint = Network(3, layers, SquaredError()).blueprint()
    _kernels.Plan(blueprint, 8)
    blueprint[kind] |= change
    with pytest.raises(ValueError, match="blueprint"):
        _kernels.Plan(blueprint, 8)


def test_a_broken_blueprint_is_refused():
    for change in ({"units": 5}, {"inputs": 2}, {"kind": "linier"}):
        blueprint = NETWORK.blueprint()
        blueprint[1] |= change
        with pytest.raises(ValueError, match="blueprint"):
            _kernels.Plan(blueprint, 4)
    for name, value in (("offset", 1), ("rows", 3), ("columns", 1 << 40)):
        blueprint = NETWORK.blueprint()
        blueprint[1]["arrays"][0][name] = value
        with pytest.raises(ValueError, match="blueprint"):
            _kernels.Plan(blueprint, 8)
    blueprint = NETWORK.blueprint()
    del blueprint[0]["rate"]
    with pytest.raises(ValueError, match="dropout has no setting rate"):
        _kernels.Plan(blueprint, 4)
    for rate in (-0.1, 1.0, 1.1, np.nan):
        blueprint = NETWORK.blueprint()
        blueprint[0]["rate"] = rate
        with pytest.raises(ValueError, match="rate of dropout"):
            _kernels.Plan(blueprint, 4)


@pytest.mark.parametrize("layer", [0, 2, 3])
@pytest.mark.parametrize("members", [-1, 0, 2, 3, 1 << 40])
def test_members_that_do_not_fit_are_refused(layer, members):
    network = Network(3, [MemberScale(6), Linear(6), MemberChoice(6)], SquaredError(), members=6)
    blueprint = network.blueprint()
    _kernels.Plan(blueprint, 4)
    blueprint[layer]["members"] = members
    with pytest.raises(ValueError, match=r"members|shape of R|width of member_choice"):
        _kernels.Plan(blueprint, 4)


def test_more_members_than_memory_holds_are_refused():
    """Their number is multiplied by that of the rows only once the product is known to be small enough."""
    blueprint = Network(1, [Linear(1)], SquaredError()).blueprint()
    X, params, grads = np.zeros((8, 1)), np.zeros(2), np.zeros(2)
    for members in (1 << 52, 1 << 61, (1 << 63) - 1):
        blueprint[-1]["members"] = members
        plan = _kernels.Plan(blueprint, 8)
        with pytest.raises(ValueError, match="bytes"):
            _kernels.gradients(plan, params, grads, X, X, None, 0, 0, 0, 8, 1.0)
        with pytest.raises(ValueError, match="bytes"):
            _kernels.Packed64(plan, params).predict(X, np.zeros((8, 1)))


def test_the_cost_of_members_is_not_that_of_their_rows():
    network = Network(3, [MemberScale(2), Linear(2), MemberChoice(2)], SquaredError(), members=2)
    packed = _kernels.Packed64(_kernels.Plan(network.blueprint(), 8), np.zeros(network.size))
    with pytest.raises(ValueError, match="together"):
        packed.cost(np.zeros((4, 3)), np.zeros((4, 1)), None)


def test_a_size_that_overflows_is_refused():
    n = 1 << 62
    blueprint = Network(3, [Linear(1)], SquaredError()).blueprint()
    blueprint[0] |= {"inputs": n, "units": 16}
    blueprint[0]["arrays"][0] |= {"rows": 16, "columns": n}
    with pytest.raises(ValueError, match="bytes"):
        _kernels.Plan(blueprint, 4)


def test_a_failed_allocation_is_a_memory_error():
    code = """
        import resource, numpy as np
        from lamina.engine import KERNELS
        from lamina.equations.layers import Linear, BatchNorm
        from lamina.equations.losses import SquaredError
        from lamina.equations.network import Network
        network = Network(1, [Linear(5000), BatchNorm(), Linear(1)], SquaredError())
        X = np.zeros((20000, 1), np.float32)
        params = np.zeros(network.size, np.float32)
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)
        try:
            KERNELS.gradients(network, params, X, X)
        except MemoryError:
            print("refused")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "refused\n", done.stderr


@pytest.mark.parametrize(
    ("spare", "said"),
    [
        (20, "make 6,000,001 parameters (23 MiB) ready to predict"),
        (400, "predict 500 rows at once: the 6,000,001 parameters take 23 MiB, and the layers of all rows up to 7,629"),
    ],
)
def test_a_prediction_too_large_says_what_it_needs(spare, said):
    code = f"""
        import resource, numpy as np
        from lamina.engine import KERNELS
        from lamina.equations.layers import Dense, Linear
        from lamina.equations.losses import SquaredError
        from lamina.equations.network import Network
        network = Network(1, [Dense(2_000_000), Linear(1)], SquaredError())
        X, params = np.zeros((500, 1), np.float32), np.zeros(network.size, np.float32)
        KERNELS.predict(network, params, X[:1])
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + ({spare} << 20),) * 2)
        try:
            KERNELS.predict(network, params, X)
        except MemoryError as problem:
            print(problem)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60)
    assert said in done.stdout, done.stdout + done.stderr


def test_ctrl_c_stops_within_a_call():
    code = """
        import os, signal, threading, time, numpy as np
        from lamina.engine import KERNELS
        from lamina.equations.layers import Dense, Linear
        from lamina.equations.losses import SquaredError
        from lamina.equations.network import Network
        from lamina.equations.optimisers import Adam
        from lamina.equations.steps import Steps
        signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
        network = Network(20, [Dense(64), Dense(32), Linear(1)], SquaredError())
        X = np.random.default_rng(0).normal(size=(1000, 20)).astype(np.float32)
        params = np.full(network.size, 0.01, np.float32)
        steps = 10_000_000
        order, rates = np.resize(np.arange(1000), steps), np.full(steps, 1e-3)
        Y, memory = X[:, :1].copy(), np.zeros((2, network.size), np.float32)
        threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        begin = time.monotonic()
        try:
            KERNELS.train_steps(network, Adam(), params, memory, X, Y, None, order, Steps(1, rates, examples=1000))
        except KeyboardInterrupt:
            moved = bool(np.isfinite(params).all() and (params != np.float32(0.01)).any())
            print("stopped", time.monotonic() - begin < 10, moved)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.stdout == "stopped True True\n", done.stderr


def test_an_unknown_part_goes_to_the_equations_with_a_warning(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "new", Pair(identity, d_identity))
    network = Network(3, [Dense(4, "new"), Residual([Dense(4, "new")]), Linear(2)], SquaredError())
    with pytest.warns(EngineWarning, match="activation new"):
        assert choose(network).name == "equations"
    with pytest.raises(EngineError, match="activation new"):
        choose(network, "kernels")


def test_a_forced_path_that_the_processor_lacks():
    code = "from lamina import native; print(native.missing_parts(None))"
    environment = {**os.environ, "LAMINA_ISA": "x86_64_v9"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert "LAMINA_ISA='x86_64_v9': expected one of" in done.stdout


def test_plans_go_with_their_networks():
    network = Network(3, [Linear(1)], SquaredError())
    KERNELS.predict(network, np.zeros(network.size), np.zeros((1, 3)))
    key = id(network), 8
    assert key in native._plans
    del network
    gc.collect()
    assert key not in native._plans


def test_a_call_leaves_the_signal_handlers_alone():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    train(KERNELS, **arguments())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
