"""L-BFGS for full batches, through SciPy (Liu and Nocedal 1989), as a generator of the same Epoch records.

SciPy calls back after every iteration; the loop of training is a generator that its caller may leave. A thread between
the two turns one into the other: it waits after every iteration until the caller asks for the next.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Queue
from typing import Any, ClassVar

import numpy as np

from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.equations.verbs import d_penalty, penalty

ROUNDING = 64 * np.finfo(np.float64).eps  # a smaller fall of the cost, relative to it, is none


@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """Limited-memory BFGS with a line search: whole passes, in double precision; for small data.

    `history` is how many pairs of steps and gradient changes it remembers.
    """

    kind: ClassVar[str] = "lbfgs"
    remembers: ClassVar[tuple[str, ...]] = ()
    history: int = 10


def iterations(
    network: Network,
    engine: Engine,
    optimiser: LBFGS,
    params: Any,
    X: Any,
    Y: Any,
    weights: Any,
    *,
    limit: int,
    tolerance: float,
    seed: int,
) -> Iterator[float]:
    """Move `params` in place by one iteration at a time and yield the cost after it.

    Dropout keeps one draw throughout: a line search needs a function that stays the same.
    """
    from scipy.optimize import minimize

    X, Y = X.astype(np.float64), Y.astype(np.float64)
    weights = None if weights is None else weights.astype(np.float64)
    trained = network.trained
    theta = params.astype(np.float64)
    results: Queue[Any] = Queue()
    go_on = threading.Semaphore(0)
    left = threading.Event()

    def J(part: Any) -> tuple[float, Any]:
        theta[trained] = part
        cost, grads = engine.gradients(network, theta, X, Y, weights, seed=seed, step=0)
        grads[network.spans["weights"]] += d_penalty(network, theta, len(X))
        return cost + penalty(network, theta, len(X)), grads[trained]

    def after(intermediate_result: Any) -> None:
        theta[trained] = intermediate_result.x
        if trained.stop < network.size:  # running statistics follow, once per iteration
            grads = engine.gradients(network, theta, X, Y, weights, seed=seed, step=0)[1]
            theta[trained.stop :] -= grads[trained.stop :]
        results.put((float(intermediate_result.fun), theta.copy()))
        go_on.acquire()
        if left.is_set():
            raise StopIteration

    def work() -> None:
        try:
            options: dict[str, Any] = {"maxiter": limit, "maxcor": optimiser.history, "maxfun": 20 * limit}
            options |= {"gtol": tolerance, "ftol": ROUNDING}
            with np.errstate(over="ignore", invalid="ignore"):
                minimize(J, theta[trained].copy(), jac=True, method="L-BFGS-B", callback=after, options=options)
            results.put(None)
        except BaseException as problem:
            results.put(problem)

    worker = threading.Thread(target=work, name="lamina-lbfgs", daemon=True)
    worker.start()
    try:
        while (result := results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            cost, moved = result
            params[:] = moved
            yield cost
            go_on.release()
    finally:
        left.set()
        go_on.release()
        worker.join()
