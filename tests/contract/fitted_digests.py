"""Fit small estimators in other processes and threads and print the digest of every result: a script, run by its tests.

A script, because children that are spawned must be able to import what they run.
"""

import hashlib
import multiprocessing
import sys
import threading

import numpy as np

from lamina import DeepClassifier, DeepRegressor, native

ROWS, WAIT = 400, 60
SETTINGS = {
    "preset": "sklearn",
    "hidden_layer_sizes": (128, 96),
    "batch_size": 128,
    "max_iter": 3,
    "dropout": 0.2,
    "early_stopping": True,
    "random_state": 3,
    "engine": "kernels",
}


def fitted() -> str:
    """Return the digest of weights, costs and predictions of a classifier and a regressor."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(ROWS, 30))
    y = X[:, 0] * X[:, 1] + X[:, 2]
    found = hashlib.sha256()
    for estimator, target, verb in (
        (DeepClassifier(**SETTINGS), np.digitize(y, [-0.5, 0.5]), "predict_proba"),
        (DeepRegressor(**SETTINGS), y, "predict"),
    ):
        estimator.fit(X, target)
        costs = [record["cost"] for record in estimator.history_]
        for a in (estimator.model_.params, costs, getattr(estimator, verb)(X)):
            found.update(np.asarray(a).tobytes())
    return found.hexdigest()


def in_threads(n: int = 3) -> list[str]:
    """Return the digests of fits in Python's own threads at once."""
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(fitted()), daemon=True) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert len(found) == n, "a thread is stuck"
    return found


def alone_and_in_threads() -> list[str]:
    """Return the digests of a fit in the main thread, then of fits in threads."""
    return [fitted(), *in_threads()]


def _send(pipe) -> None:
    native.set_threads(3)
    pipe.send(alone_and_in_threads())


def in_processes(method: str, n: int = 2) -> list[str]:
    """Return the digests of fits in processes at once, started while the kernels' threads of this one are asleep."""
    context = multiprocessing.get_context(method)
    children = []
    for _ in range(n):
        ours, theirs = context.Pipe()
        child = context.Process(target=_send, args=(theirs,), daemon=True)
        child.start()
        children.append((child, ours))
    found = []
    for child, ours in children:
        assert ours.poll(WAIT), f"a child by {method} is stuck"
        found += ours.recv()
        child.join(WAIT)
        assert child.exitcode == 0
    return found


def by_loky() -> list[str]:
    """Return the digests of fits in the workers of joblib."""
    from joblib import Parallel, delayed

    return Parallel(n_jobs=2, backend="loky", timeout=WAIT)(delayed(fitted)() for _ in range(2))


WAYS = {
    "threads": in_threads,
    "fork": lambda: in_processes("fork"),
    "spawn": lambda: in_processes("spawn"),
    "loky": by_loky,
}

if __name__ == "__main__":
    native.set_threads(3)
    # Before and after as well: children must not disturb their parent.
    print(*sorted({fitted(), *WAYS[sys.argv[1]](), fitted()}))
