"""The models: initialise, then go there and back and step, many times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina.course.arguments import (
    Arrays,
    Named,
    check_finite,
    floats,
    predictions_and_labels,
    rate,
    warn,
    warn_of_labels,
    whole,
)
from lamina.course.backward import backward
from lamina.course.forward import L_model_forward, cost, forward
from lamina.course.initialisation import drawn, initialize_parameters, sizes_of
from lamina.course.optimisation import step
from lamina.equations.optimisers import GradientDescent
from lamina.equations.types import Array
from lamina.errors import DataError, DivergenceWarning, SettingError

ENOUGH_TO_LEARN = 500  # iterations
ALL_ALIKE = 1e-3  # probabilities that differ by less


def two_layer_model(
    X: ArrayLike,
    Y: ArrayLike,
    layers_dims: Sequence[int],
    learning_rate: float = 0.0075,
    num_iterations: int = 3000,
    print_cost: bool = False,
    *,
    seed: int | None = 1,
) -> tuple[Arrays, list[np.floating[Any]]]:
    """Train a relu and a sigmoid layer by gradient descent.

    `layers_dims` is (n_x, n_h, n_y); X is (n_x, m), Y is (n_y, m).

    Returns
    -------
    parameters : dict
        W1, b1, W2, b2; they start from `initialize_parameters`.
    costs : list
        At iterations 0, 100, 200, ...; `print_cost` prints them.
    """
    sizes = sizes_of(layers_dims)
    if len(sizes) != 3:
        raise SettingError(f"layers_dims is {tuple(sizes)}: expected (n_x, n_h, n_y), or call L_layer_model")
    return _descend(initialize_parameters(*sizes, seed=seed), X, Y, sizes, learning_rate, num_iterations, print_cost)


def L_layer_model(
    X: ArrayLike,
    Y: ArrayLike,
    layers_dims: Sequence[int],
    learning_rate: float = 0.0075,
    num_iterations: int = 3000,
    print_cost: bool = False,
    *,
    seed: int | None = 1,
) -> tuple[Arrays, list[np.floating[Any]]]:
    """Train L-1 relu layers and a sigmoid layer by gradient descent.

    Arguments and results are those of `two_layer_model`. The start is, as in
    the course's application, W = N(0, 1) / sqrt(n_prev): from 0.01 a deep
    network hardly learns.
    """
    start = drawn(layers_dims, lambda W, n_prev: W / np.sqrt(n_prev), seed)
    return _descend(start, X, Y, sizes_of(layers_dims), learning_rate, num_iterations, print_cost)


def predict(X: ArrayLike, y: ArrayLike | None, parameters: Named, *, print_accuracy: bool = False) -> Array:
    """Return 1.0 where A[L] > 0.5, else 0.0, of shape (n_L, m).

    `y` serves only to print the accuracy; it may be None.
    """
    AL, _ = L_model_forward(X, parameters)
    p = (AL > 0.5).astype(AL.dtype)
    if print_accuracy:
        if y is None:
            raise DataError("y is None: expected labels, of which print_accuracy prints the share that is right")
        y = predictions_and_labels(AL, y, from_caches=True)[1]
        warn_of_labels(y)
        print(f"Accuracy: {np.mean(p == y)}")
    return p


def _descend(
    start: Arrays, X: Any, Y: Any, sizes: list[int], learning_rate: Any, num_iterations: Any, print_cost: bool
) -> tuple[Arrays, list[np.floating[Any]]]:
    learning_rate, num_iterations = rate(learning_rate), whole("num_iterations", num_iterations, 0)
    X, Y = _data(X, Y, sizes)
    parameters: Arrays = {name: array.astype(X.dtype, copy=False) for name, array in start.items()}
    costs: list[np.floating[Any]] = []
    for i in range(num_iterations):
        with np.errstate(over="ignore", invalid="ignore"):  # said below
            AL, caches = forward(X, parameters)
            moved, _ = step(GradientDescent(), parameters, backward(AL, Y, caches), {}, learning_rate)
        if not all(np.isfinite(array).all() for array in (AL, *moved.values())):
            _warn_of_divergence(i, learning_rate)
            break
        parameters = moved
        if i % 100 == 0:
            costs.append(cost(AL, Y))
        if print_cost and (i % 100 == 0 or i == num_iterations - 1):
            print(f"Cost after iteration {i}: {cost(AL, Y)}")
    else:
        if num_iterations >= ENOUGH_TO_LEARN:
            _warn_of_nothing_learned(AL, Y, num_iterations)
    return parameters, costs


def _data(X: Any, Y: Any, sizes: list[int]) -> tuple[Array, Array]:
    """Return X, and Y of X's type, that fit a network of these sizes."""
    (X,), (n_x, n_L) = floats(X=X), (sizes[0], sizes[-1])
    dims = f"layers_dims is {tuple(sizes)}"
    if X.ndim != 2 or len(X) != n_x:
        hint = "; features go down, examples across: is it X.T?" if X.ndim == 2 and X.shape[1] == n_x else ""
        raise DataError(f"X is {X.shape}, {dims}: expected X of shape ({n_x}, m){hint}")
    if X.shape[1] == 0:
        raise DataError(f"X is {X.shape}: expected at least one example")
    (Y,), m = floats(Y=Y), X.shape[1]
    if n_L == 1 and Y.size == m:
        Y = Y.reshape(1, m)
    if Y.shape != (n_L, m):
        hint = "; is it Y.T?" if Y.T.shape == (n_L, m) else ""
        raise DataError(f"Y is {Y.shape}, {dims}, X has {m} examples: expected Y of shape ({n_L}, {m}){hint}")
    check_finite("X", X)
    check_finite("Y", Y)
    warn_of_labels(Y)
    return X, Y.astype(X.dtype, copy=False)


def _warn_of_divergence(i: int, learning_rate: float) -> None:
    warn(
        f"Training left the finite numbers in iteration {i} and ended; the parameters are those before it. The "
        f"learning rate {learning_rate:g} is too high, or X too large: lower the rate, or scale X to about -1 to 1.",
        DivergenceWarning,
    )


def _warn_of_nothing_learned(AL: Array, Y: Array, num_iterations: int) -> None:
    """Warn where every example still gets the same probability, and their labels differ."""
    if np.max(np.ptp(AL, axis=1)) < ALL_ALIKE and np.ptp(Y) > 0:
        warn(
            f"After {num_iterations} iterations every example gets the same probability, {AL.mean():.4f}: nothing was "
            "learned. Weights that start at 0 or too small do that, a learning rate that is too low, or units that are "
            "all off."
        )
