"""How many threads the kernels may use: whoever limits threads elsewhere limits them here."""

import os
import subprocess
import sys

import numpy as np
import pytest
import threadpoolctl

from lamina import native
from lamina.equations.layers import BatchNorm, Dense, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.steps import Steps

pytestmark = pytest.mark.skipif(not native.present(), reason="the kernels are not built")


def threads_in_a_process(code="", **environment):
    everything = {name: value for name, value in os.environ.items() if not name.endswith("NUM_THREADS")}
    code = f"import os; {code}\nfrom lamina import native; print(native.threads())"
    done = subprocess.run([sys.executable, "-c", code], env=everything | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_environment_variables():
    assert threads_in_a_process(OMP_NUM_THREADS="3") == 3
    assert threads_in_a_process(OMP_NUM_THREADS="3,2") == 3
    assert threads_in_a_process(OMP_NUM_THREADS="3", LAMINA_NUM_THREADS="5") == 5
    cores = len(os.sched_getaffinity(0))
    assert threads_in_a_process(OMP_NUM_THREADS="", LAMINA_NUM_THREADS="many") == min(cores, native._quota())


@pytest.mark.parametrize("text", ["99999999999", "1000", "9" * 18])
def test_more_threads_than_help_are_as_many_as_help(text):
    assert threads_in_a_process(LAMINA_NUM_THREADS=text) == native.MOST_THREADS
    assert threads_in_a_process(OMP_NUM_THREADS=text) == native.MOST_THREADS


@pytest.mark.parametrize("text", ["²", "9" * 5000, "-1", "1e3", "0x4", "0", " ", "½", "1_0", "④"])
def test_what_is_no_number_of_threads_is_passed_over(text):
    """An import must not fail over a variable that belongs to others."""
    assert threads_in_a_process(LAMINA_NUM_THREADS=text, OMP_NUM_THREADS="3") == 3


def test_affinity():
    core = min(os.sched_getaffinity(0))
    assert threads_in_a_process(f"os.sched_setaffinity(0, {{{core}}})") == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [("max 100000", native.UNLIMITED_CORES), ("150000 100000", 2), ("5000 100000", 1), ("odd", native.UNLIMITED_CORES)],
)
def test_quota_of_the_control_group(content, expected, tmp_path):
    (tmp_path / "cpu.max").write_text(content)
    assert native._quota(str(tmp_path)) == expected


@pytest.mark.parametrize(
    ("quota", "period", "expected"),
    [
        ("-1\n", "100000\n", native.UNLIMITED_CORES),
        ("250000\n", "100000\n", 3),
        ("100000\n", "100000\n", 1),
        ("7\n", "0\n", native.UNLIMITED_CORES),
    ],
)
def test_quota_of_a_control_group_of_version_1(quota, period, expected, tmp_path):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text(period)
    assert native._quota(str(tmp_path)) == expected


def test_without_a_control_group(tmp_path):
    assert native._quota(str(tmp_path)) == native.UNLIMITED_CORES


def test_threadpoolctl():
    before = native.threads()
    native.set_threads(7)
    try:
        assert [lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "lamina"] == [7]
        with threadpoolctl.threadpool_limits(2):
            assert native.threads() == 2
        with threadpoolctl.threadpool_limits(2, user_api="blas"):
            assert native.threads() == 7
        assert native.threads() == 7
    finally:
        native.set_threads(before)


def test_at_least_one():
    before = native.threads()
    native.set_threads(-3)
    assert native.threads() == 1
    native.set_threads(before)


def test_in_loky_workers():
    from joblib import Parallel, delayed, parallel_config

    with parallel_config("loky", inner_max_num_threads=1):
        assert Parallel(n_jobs=2)(delayed(native.threads)() for _ in range(2)) == [1, 1]


WHILE_A_THREAD_TRAINS = """
import os, threading, time, numpy as np
from lamina import native
from lamina.equations.layers import Dense, Linear
from lamina.equations.losses import SquaredError
from lamina.equations.network import Network
from lamina.equations.optimisers import Adam
from lamina.equations.steps import Steps
native.set_threads(2)
network = Network(64, [Dense(256), Dense(256), Linear(1)], SquaredError())  # a step is large enough to be shared
X = np.zeros((512, 64), np.float32)
def train(steps):
    params, memory = np.zeros(network.size, np.float32), np.zeros((2, network.size), np.float32)
    order, rates = np.resize(np.arange(512), 512 * steps), np.zeros(steps)
    native.train_steps(network, Adam(), params, memory, X, X[:, :1], None, order, Steps(512, rates, examples=512))
    return len(os.listdir("/proc/self/task"))
train(1)
thread = threading.Thread(target=train, args=(300,))
thread.start()
time.sleep(0.1)
child = os.fork()
if not child:
    os._exit(train(2))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), thread.is_alive())
thread.join()
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads in /proc")
def test_a_child_that_was_forked_during_a_call_has_all_threads():
    done = subprocess.run([sys.executable, "-c", WHILE_A_THREAD_TRAINS], capture_output=True, text=True)
    assert done.stdout == "2 True\n", done.stderr


def test_threads_without_examples_wait_for_those_that_have_some():
    """A batch normalisation looks at all examples at once, and the last batch of a pass has fewer than threads."""
    network = Network(256, [Dense(512), BatchNorm(), Linear(1)], SquaredError())
    rng, found = np.random.default_rng(0), []
    X, Y = rng.normal(size=(129, 256)), rng.normal(size=(129, 1))
    starting = rng.normal(0, 0.05, network.size)
    before = native.threads()
    try:
        for threads in (1, 2, 3):
            native.set_threads(threads)
            params, memory = starting.copy(), np.zeros((2, network.size))
            steps = Steps(128, np.full(2, 0.01))  # of 128 rows and of one
            costs = native.train_steps(network, Adam(), params, memory, X, Y, None, np.arange(129), steps)
            found.append((params.tobytes(), costs.tobytes()))
    finally:
        native.set_threads(before)
    assert len(costs) == 2
    assert found[0] == found[1] == found[2]
