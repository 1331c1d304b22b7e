"""The same bits of fits whatever BLAS does: at any number of its threads, on any processor; and in forked children."""

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from lamina import native
from lamina.computed_once import cached_property

LIMIT_SECONDS = 240
with_kernels = pytest.mark.skipif(not native.present() or bool(native.REASON), reason="the kernels do not run here")

# 20,000 rows: beyond that BLAS takes threads for a sum. What cannot be seen in single precision can in double.
FITS = """
    import hashlib
    import numpy as np
    from lamina import DeepClassifier, DeepRegressor
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 3))
    X[::9, 1] = np.round(X[::9, 1], 1)
    y, w = 3 + X[:, 0] * X[:, 1], rng.gamma(2, 0.5, 20_000)
    few = {"max_iter": 1, "random_state": 0, "dtype": "float64"}
    plain = few | {"preset": "sklearn", "hidden_layer_sizes": (96,), "early_stopping": True}
    fits = {
        "default": lambda: DeepRegressor(**few, hidden_layer_sizes=(96, 96)).fit(X, y),
        "of several": lambda: DeepRegressor(**few, hidden_layer_sizes=(64,)).fit(X, np.c_[y, y * X[:, 2]], w),
        "one column": lambda: DeepRegressor(**plain).fit(X[:, :1], y, w),
        "classes": lambda: DeepClassifier(**few, hidden_layer_sizes=(64,)).fit(X, np.digitize(y, [2, 4]), w),
        "orthogonal": lambda: DeepClassifier(**plain, initializer="orthogonal").fit(X, y > 3),
        "scored": lambda: DeepRegressor(**plain, scoring="neg_mean_squared_error", normalization="batch").fit(X, y),
        "lbfgs": lambda: DeepRegressor(**plain, optimizer="lbfgs").fit(X, y),
        "partial": lambda: DeepRegressor(**plain).partial_fit(X, y).partial_fit(X, y),
    }
    for name, fit in fits.items():
        model = fit()
        found = hashlib.sha256(model.model_.params.tobytes() + model.predict(X[:, : model.n_features_in_]).tobytes())
        found.update(repr([{**record, "seconds": 0} for record in model.history_]).encode())
        print(name, found.hexdigest())
"""
# The threads of BLAS, and the processor that OpenBLAS takes itself to be on.
WAYS = [(1, None), (2, None), (2, "Haswell"), (1, "Nehalem")]


@with_kernels
def test_fits_do_not_see_blas():
    running = []
    for threads, processor in WAYS:
        names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, str(threads)), "LAMINA_NUM_THREADS": "1"}
        environment |= {} if processor is None else {"OPENBLAS_CORETYPE": processor}
        command = [sys.executable, "-c", textwrap.dedent(FITS)]
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        if len(running) % 2 == 0:
            running[-2].wait(LIMIT_SECONDS)
    digests = [one.communicate(timeout=LIMIT_SECONDS)[0].splitlines() for one in running]
    assert len(digests[0]) == 8
    for way, found in zip(WAYS[1:], digests[1:], strict=True):
        assert found == digests[0], way


def test_blas_would_be_seen():
    """The test above means something where a sum of BLAS is another on another processor."""
    code = "import numpy as np; x = np.random.default_rng(0).normal(size=(99, 99)); print((x @ x).tobytes().hex())"
    found = set()
    for processor in ("Haswell", "Nehalem"):
        environment = {**os.environ, "OPENBLAS_CORETYPE": processor, "OPENBLAS_NUM_THREADS": "1"}
        found.add(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True).stdout)
    if len(found) == 1:
        pytest.skip("this BLAS knows one processor")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_that_is_forked_while_a_property_is_computed_does_not_wait_for_it():
    computing, forked = threading.Event(), threading.Event()

    class Slow:
        @cached_property
        def number(self):
            if threading.current_thread() is not threading.main_thread():
                computing.set()
                forked.wait(LIMIT_SECONDS)
            return 7

    slow = Slow()
    other = threading.Thread(target=lambda: slow.number)
    other.start()
    computing.wait(LIMIT_SECONDS)
    child = os.fork()
    if child == 0:
        os._exit(slow.number)
    forked.set()
    other.join(LIMIT_SECONDS)
    for _ in range(500):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        threading.Event().wait(0.02)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
        pytest.fail("the child waits for ever")
    assert os.waitstatus_to_exitcode(status) == 7


def test_the_property_is_computed_once():
    class Counted:
        def __init__(self):
            self.times = 0

        @cached_property
        def number(self):
            """Said here."""
            self.times += 1
            return np.float64(0.5)

    one = Counted()
    assert one.number is one.number
    assert one.times == 1
    assert Counted.number.__doc__ == "Said here."
