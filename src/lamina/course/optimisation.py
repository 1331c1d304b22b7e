"""How the parameters move: gradient descent, momentum, Adam, mini-batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.course.arguments import (
    Arrays,
    Named,
    arrays_of,
    beside,
    legacy_generator,
    numbers,
    positive,
    rate,
    share,
    warn,
    whole,
)
from lamina.equations.optimisers import Adam, GradientDescent, Momentum
from lamina.equations.types import Optimiser
from lamina.errors import DataError


def update_parameters(params: Named, grads: Named, learning_rate: float) -> Arrays:
    """Return new parameters W - learning_rate dW, b - learning_rate db.

    Parameters
    ----------
    params : dict
        W1, b1, ..., WL, bL.
    grads : dict
        dW1, db1, ..., dWL, dbL, of the same shapes; what else it holds does
        not count.
    learning_rate : float
    """
    return _moved(GradientDescent(), params, grads, {}, learning_rate)[0]


def update_parameters_with_gd(parameters: Named, grads: Named, learning_rate: float) -> Arrays:
    """Return new parameters W - learning_rate dW, b - learning_rate db.

    As `update_parameters`.
    """
    return update_parameters(parameters, grads, learning_rate)


def random_mini_batches(
    X: ArrayLike, Y: ArrayLike, mini_batch_size: int = 64, seed: int | None = 0
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Shuffle the examples of X and Y alike, and cut them into batches.

    Parameters
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (1, m)
    mini_batch_size : int
    seed : int, optional

    Returns
    -------
    list of (mini_batch_X, mini_batch_Y)
        The last one holds what is left.
    """
    X, Y = numbers("X", X), np.atleast_2d(numbers("Y", Y))
    if X.ndim != 2 or Y.shape[1] != X.shape[1]:
        hint = "; is it Y.T?" if X.ndim == 2 and len(Y) == X.shape[1] else ""
        hint = "; is it X.T?" if X.ndim == 2 and len(X) == Y.shape[1] else hint
        raise DataError(f"X is {X.shape}, Y is {Y.shape}: expected one column per example in both{hint}")
    size = whole("mini_batch_size", mini_batch_size, 1)
    order = legacy_generator(seed).permutation(X.shape[1])
    cuts = (order[k : k + size] for k in range(0, len(order), size))
    return [(X[:, cut], Y[:, cut]) for cut in cuts]


def initialize_velocity(parameters: Named) -> Arrays:
    """Return v with dW1, db1, ..., dWL, dbL, all zero.

    Of the shapes of W1, b1, ..., WL, bL.
    """
    return {f"d{name}": np.zeros_like(array) for name, array in arrays_of(parameters).items()}


def update_parameters_with_momentum(
    parameters: Named, grads: Named, v: Named, beta: float, learning_rate: float
) -> tuple[Arrays, Arrays]:
    """v = beta v + (1 - beta) dW, W = W - learning_rate v; so for b.

    Return new parameters and a new v, which starts from
    `initialize_velocity`.
    """
    beta = share("beta", beta)
    moved, memory = _moved(Momentum(beta1=beta, dampening=beta), parameters, grads, {"v": v}, learning_rate)
    return moved, memory["v"]


def initialize_adam(parameters: Named) -> tuple[Arrays, Arrays]:
    """Return v and s, each as from `initialize_velocity`."""
    return initialize_velocity(parameters), initialize_velocity(parameters)


def update_parameters_with_adam(
    parameters: Named,
    grads: Named,
    v: Named,
    s: Named,
    t: int,
    learning_rate: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Arrays, Arrays, Arrays, Arrays, Arrays]:
    """Take the t-th step of Adam, counted from 1 (Kingma, Ba 2015).

    v = beta1 v + (1 - beta1) dW     v_corrected = v / (1 - beta1^t)
    s = beta2 s + (1 - beta2) dW²    s_corrected = s / (1 - beta2^t)
    W = W - learning_rate v_corrected / (sqrt(s_corrected) + epsilon)

    Return new parameters, v, s, v_corrected, s_corrected (the course's
    first version returned three of them).
    """
    t = whole("t", t, 1, "the number of this step, counted from 1")
    beta1, beta2 = share("beta1", beta1), share("beta2", beta2)
    optimiser = Adam(beta1=beta1, beta2=beta2, epsilon=positive("epsilon", epsilon))
    moved, memory = _moved(optimiser, parameters, grads, {"v": v, "s": s}, learning_rate, t)
    v_corrected = {name: array / (1 - beta1**t) for name, array in memory["v"].items()}
    s_corrected = {name: array / (1 - beta2**t) for name, array in memory["s"].items()}
    return moved, memory["v"], memory["s"], v_corrected, s_corrected


def _moved(
    optimiser: Optimiser, parameters: Any, grads: Any, memory: Mapping[str, Any], learning_rate: Any, t: int = 1
) -> tuple[Arrays, dict[str, Arrays]]:
    """Take a step with what a caller gave."""
    parameters, learning_rate = arrays_of(parameters), rate(learning_rate)
    grads = beside(parameters, grads, "grads")
    for name, grad in grads.items():
        if not np.isfinite(grad).all():
            warn(f"{name} of grads holds NaN or infinity, and so will {name[1:]}: expected finite numbers.")
    memory = {what: beside(parameters, arrays, what) for what, arrays in memory.items()}
    return step(optimiser, parameters, grads, memory, learning_rate, t)


def step(
    optimiser: Optimiser,
    parameters: Arrays,
    grads: Arrays,
    memory: Mapping[str, Arrays],
    learning_rate: float,
    t: int = 1,
) -> tuple[Arrays, dict[str, Arrays]]:
    """Return new parameters and a new memory: an optimiser moves its memory in place, so it gets a copy."""
    moved, moved_memory = Arrays(), {what: Arrays() for what in memory}
    for name, parameter in parameters.items():
        copies = np.array([memory[what][f"d{name}"] for what in optimiser.remembers])
        step = learning_rate * optimiser.direction(copies, grads[f"d{name}"], t)
        moved[name] = (parameter - step).astype(parameter.dtype, copy=False)
        for what, copy in zip(optimiser.remembers, copies, strict=True):
            moved_memory[what][f"d{name}"] = copy
    return moved, moved_memory
