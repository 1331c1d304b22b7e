"""The cases on which functions are called: many shapes, exact zeros, one example, one unit, one layer and four."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.glassbox.doctor.mini_batch_mistakes import numbered
from lamina.glassbox.doctor.model_forward_mistakes import L_MODEL_FORWARD
from lamina.glassbox.doctor.steps import run

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """One call.

    Attributes
    ----------
    label : str
        The shapes, for people.
    arguments : tuple
    kind : str
        "" is judged; "extra" only tells mistakes apart (right code may refuse it); "extreme" brings notes alone.
    around : dict
        What else the program sees: the start of a model.
    """

    label: str
    arguments: Arguments
    kind: str = ""
    around: dict[str, Any] = field(default_factory=dict)


# (n, n_prev, m): distinct first, so that most mistakes show at once; then those where mistakes run instead of raising.
SHAPES = (
    (4, 3, 5),
    (3, 3, 3),
    (1, 4, 6),
    (3, 1, 4),
    (2, 3, 1),
    (2, 3, 7),
    (4, 2, 4),
    (2, 4, 4),
    (3, 3, 5),
    (1, 1, 1),
    (1, 1, 3),
)
NETWORKS = (((5, 4, 3, 1), 7), ((3, 3, 3, 1), 3), ((4, 1), 5), ((3, 2, 1), 1), ((2, 3, 2, 4, 1), 6), ((1, 1, 1, 1), 4))


def _rng(*seed: int) -> np.random.RandomState:
    return np.random.RandomState([7, *seed])


def _label(n: int, n_prev: int, m: int) -> str:
    return f"n = {n}, n_prev = {n_prev}, m = {m}"


def _net_label(sizes: Sequence[int], m: int) -> str:
    return f"layers {'-'.join(map(str, sizes))}, m = {m}"


def some_Z(n: int, m: int, seed: int) -> Any:
    """Numbers of both signs, large and small, with exact zeros among them."""
    Z = _rng(n, m, seed).standard_normal((n, m)) * 1.5
    Z[:, ::3] += 0.3
    if Z.size > 3:
        Z[0, min(1, m - 1)] = 0.0
        Z[-1, 0] = 0.0
    return Z


def of_Z() -> Iterator[Case]:
    """For functions of Z."""
    for n, _, m in SHAPES:
        yield Case(f"Z of shape ({n}, {m})", (some_Z(n, m, 0),))
    yield Case("Z from -1000 to 1000", (np.array([[-1000.0, -30.0, 0.0, 30.0, 1000.0]]),), "extreme")


def of_softmax() -> Iterator[Case]:
    """For softmax: Z of about 1000 too."""
    for n, m in ((4, 5), (3, 3), (2, 1), (5, 2), (3, 6)):
        yield Case(f"Z of shape ({n}, {m})", (some_Z(n, m, 1),))
    yield Case("Z of about 1000", (some_Z(3, 4, 2) * 300 + 1000,))


def of_dA() -> Iterator[Case]:
    """For functions of dA and Z."""
    for n, _, m in SHAPES:
        dA = _rng(n, m, 2).standard_normal((n, m)) + 0.2
        yield Case(f"dA and Z of shape ({n}, {m})", (dA, some_Z(n, m, 0)))


def _layer(n: int, n_prev: int, m: int) -> tuple[Any, Any, Any]:
    rng = _rng(n, n_prev, m)
    A_prev = np.maximum(0, rng.standard_normal((n_prev, m)) + 0.5) + 0.01 * rng.standard_normal((n_prev, m))
    return A_prev, rng.standard_normal((n, n_prev)), rng.standard_normal((n, 1)) + 0.3


def of_A_W_b() -> Iterator[Case]:
    """For linear_forward."""
    for shape in SHAPES:
        yield Case(_label(*shape), _layer(*shape))


def of_activation() -> Iterator[Case]:
    """For linear_activation_forward: with both activations, with a row of exact zeros."""
    for shape in SHAPES:
        for activation in ("sigmoid", "relu"):
            A_prev, W, b = _layer(*shape)
            if shape[0] > 2:
                W[1], b[1] = 0, 0
            yield Case(f'{_label(*shape)}, "{activation}"', (A_prev, W, b, activation))


def of_dZ() -> Iterator[Case]:
    """For linear_backward."""
    for n, n_prev, m in SHAPES:
        dZ = _rng(n, n_prev, m, 1).standard_normal((n, m)) + 0.2
        yield Case(_label(n, n_prev, m), (dZ, _layer(n, n_prev, m)))


def of_dA_and_cache() -> Iterator[Case]:
    """For linear_activation_backward."""
    for n, n_prev, m in SHAPES:
        for activation in ("sigmoid", "relu"):
            A_prev, W, b = _layer(n, n_prev, m)
            if n > 2:
                W[1], b[1] = 0, 0
            dA = _rng(n, n_prev, m, 3).standard_normal((n, m)) + 0.2
            label = f'{_label(n, n_prev, m)}, "{activation}"'
            yield Case(label, (dA, ((A_prev, W, b), W @ A_prev + b), activation))


def parameters_of(sizes: Sequence[int], seed: int = 0) -> dict[str, Any]:
    """Weights of a network whose units are on for some examples and off for others."""
    rng, parameters = _rng(*sizes, seed), {}
    for layer in range(1, len(sizes)):
        n, n_prev = sizes[layer], sizes[layer - 1]
        parameters[f"W{layer}"] = rng.standard_normal((n, n_prev)) * 1.2 / np.sqrt(n_prev)
        parameters[f"b{layer}"] = rng.standard_normal((n, 1)) * 0.4 + (0.3 if layer < len(sizes) - 1 else 0.0)
    if max(sizes) == 1:
        parameters |= {name: np.abs(array) + 0.2 for name, array in parameters.items()}
        parameters["W1"] = -parameters["W1"]
    return parameters


def _X(sizes: Sequence[int], m: int) -> Any:
    return _rng(*sizes, m, 4).standard_normal((sizes[0], m)) + 0.1


def _Y(m: int, rows: int = 1) -> Any:
    Y = (_rng(m, rows, 5).standard_normal((rows, m)) > 0).astype(int)
    Y[:, 0], Y[:, -1] = 1, int(m == 1)
    return Y


def of_X_and_parameters() -> Iterator[Case]:
    """For L_model_forward."""
    for sizes, m in NETWORKS:
        yield Case(_net_label(sizes, m), (_X(sizes, m), parameters_of(sizes)))
    yield Case(_net_label((3, 3, 3, 3), 3), (_X((3, 3, 3, 3), 3), parameters_of((3, 3, 3, 3))), "extra")


def of_prediction() -> Iterator[Case]:
    """For predict."""
    for case in of_X_and_parameters():
        X, parameters = case.arguments
        yield Case(case.label, (X, _Y(X.shape[1]), parameters), case.kind)


def of_AL_and_Y() -> Iterator[Case]:
    """For compute_cost."""
    for m in (5, 1, 2, 8, 3):
        AL = 1 / (1 + np.exp(-_rng(m, 6).standard_normal((1, m)) * 1.5))
        yield Case(f"AL and Y of shape (1, {m})", (AL, _Y(m)))
    yield Case("only the label 0", (np.array([[0.3, 0.6, 0.2]]), np.array([[0, 0, 0]])))
    yield Case("only the label 1", (np.array([[0.3, 0.6]]), np.array([[1, 1]])))
    AL = 1 / (1 + np.exp(-_rng(2, 4).standard_normal((2, 4))))
    yield Case("AL and Y of shape (2, 4)", (AL, _Y(4, 2)), "extra")
    yield Case("AL of exactly 0 and 1", (np.array([[1.0, 0.0, 0.7]]), np.array([[1, 0, 1]])), "extreme")


def of_caches() -> Iterator[Case]:
    """For L_model_backward: AL and the caches of a forward pass."""
    for sizes, m in (*NETWORKS, ((3, 3, 3, 3), 3)):
        forward = run(L_MODEL_FORWARD, _X(sizes, m), parameters_of(sizes))
        kind = "extra" if sizes[-1] > 1 else ""
        yield Case(_net_label(sizes, m), (forward.AL, _Y(m, sizes[-1]), forward.caches), kind)
    parameters = parameters_of((2, 3, 1))
    parameters["W2"] = parameters["W2"] * 1000
    forward = run(L_MODEL_FORWARD, _X((2, 3, 1), 4), parameters)
    AL = np.where(forward.AL > 0.5, 1.0, 0.0)
    yield Case("AL of exactly 0 and 1", (AL, AL.astype(int), forward.caches), "extreme")


def gradients_of(parameters: dict[str, Any], seed: int = 0) -> dict[str, Any]:
    """One gradient for every parameter."""
    rng = _rng(len(parameters), seed, 8)
    return {f"d{name}": rng.standard_normal(array.shape) + 0.3 for name, array in parameters.items()}


UPDATED = (((3, 4, 2), 0.2), ((3, 3, 3), 0.7), ((2, 1), 0.03), ((2, 3, 4, 2, 1), 0.11))


def of_grads() -> Iterator[Case]:
    """For update_parameters."""
    for sizes, rate in UPDATED:
        parameters = parameters_of(sizes)
        yield Case(f"layers {'-'.join(map(str, sizes))}, α = {rate}", (parameters, gradients_of(parameters), rate))


def of_parameters() -> Iterator[Case]:
    """For the memories of momentum and Adam."""
    for sizes, _ in UPDATED:
        yield Case(f"layers {'-'.join(map(str, sizes))}", (parameters_of(sizes),))


def of_momentum() -> Iterator[Case]:
    """For update_parameters_with_momentum: with a memory and without."""
    for k, (sizes, rate) in enumerate(UPDATED):
        parameters = parameters_of(sizes)
        grads, v, beta = gradients_of(parameters), gradients_of(parameters, 1), (0.8, 0.9, 0.7, 0.6)[k]
        label = f"layers {'-'.join(map(str, sizes))}, β = {beta}, α = {rate}"
        yield Case(label, (parameters, grads, v, beta, rate))
    none = {name: 0 * array for name, array in grads.items()}
    yield Case(f"v = 0, β = 0.9, α = {rate}", (parameters, grads, none, 0.9, rate))


def of_adam() -> Iterator[Case]:
    """For update_parameters_with_adam: first step and later ones, small and large epsilon."""
    settings = (
        (3, 0.01, 0.8, 0.95, 0.05),
        (2, 0.02, 0.9, 0.999, 1e-8),
        (1, 0.3, 0.7, 0.9, 0.01),
        (9, 0.05, 0.9, 0.99, 0.2),
    )
    for (sizes, _), (t, rate, beta1, beta2, epsilon) in zip(UPDATED, settings, strict=True):
        parameters = parameters_of(sizes)
        grads, v = gradients_of(parameters), gradients_of(parameters, 1)
        s = {name: array**2 + 0.01 for name, array in gradients_of(parameters, 2).items()}
        grads["dW1"][0, 0] = 0.0
        label = f"layers {'-'.join(map(str, sizes))}, t = {t}, β₁ = {beta1}, β₂ = {beta2}, ε = {epsilon}"
        yield Case(label, (parameters, grads, v, s, t, rate, beta1, beta2, epsilon))
    none = {name: 0 * array for name, array in grads.items()}
    yield Case("v = s = 0, t = 1", (parameters, grads, none, none, 1, 0.1, 0.9, 0.999, 1e-3))


def _three(sizes: tuple[int, ...], m: int, masked: bool, keep_prob: float) -> tuple[Any, Any, Any]:
    parameters, X = parameters_of(sizes), _X(sizes, m)
    rng, A, cache = _rng(m, 9), X, []
    for layer in (1, 2, 3):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = W @ A + b
        A = np.maximum(0, Z) if layer < 3 else 1 / (1 + np.exp(-Z))
        D = []
        if masked and layer < 3:
            D = [rng.random_sample(A.shape) < keep_prob]
            A = A * D[0] / keep_prob
        cache += [Z, *D, A, W, b]
    return X, _Y(m), tuple(cache)


THREE = (((5, 4, 3, 1), 7), ((3, 3, 3, 1), 3), ((2, 3, 2, 1), 1), ((2, 5, 5, 1), 6))


def of_regularized_cost() -> Iterator[Case]:
    """For compute_cost_with_regularization."""
    for (sizes, m), lambd in zip(THREE, (0.7, 0.1, 2.0, 0.3), strict=True):
        _, Y, cache = _three(sizes, m, False, 1.0)
        yield Case(f"{_net_label(sizes, m)}, λ = {lambd}", (cache[9], Y, parameters_of(sizes), lambd))
    AL = 1 / (1 + np.exp(-_rng(2, 4).standard_normal((2, 4))))
    yield Case("A3 of shape (2, 4)", (AL, _Y(4, 2), parameters_of((2, 3, 2, 2)), 0.5), "extra")


def of_regularized_backward() -> Iterator[Case]:
    """For backward_propagation_with_regularization."""
    for (sizes, m), lambd in zip(THREE, (0.7, 0.4, 2.0, 0.0), strict=True):
        yield Case(f"{_net_label(sizes, m)}, λ = {lambd}", (*_three(sizes, m, False, 1.0), lambd))


def of_dropout_backward() -> Iterator[Case]:
    """For backward_propagation_with_dropout: the masks are in the cache."""
    for (sizes, m), keep_prob in zip(THREE, (0.8, 0.7, 0.6, 1.0), strict=True):
        yield Case(f"{_net_label(sizes, m)}, keep_prob = {keep_prob}", (*_three(sizes, m, True, keep_prob), keep_prob))


def of_dropout_forward() -> Iterator[Case]:
    """For forward_propagation_with_dropout: enough units for the share that is kept to show."""
    for sizes, m, keep_prob in (((3, 25, 30, 1), 40, 0.8), ((25, 25, 25, 1), 50, 0.6), ((2, 30, 20, 1), 60, 0.9)):
        yield Case(f"{_net_label(sizes, m)}, keep_prob = {keep_prob}", (_X(sizes, m), parameters_of(sizes), keep_prob))


def of_gradient_check() -> Iterator[Case]:
    """For gradient_check_n: gradients that are off, with steps so large that a one-sided difference shows."""
    sizes = (4, 5, 3, 1)  # those of the course's own vector_to_dictionary
    for m, epsilon in ((3, 0.002), (5, 0.001)):
        X, Y, parameters = _X(sizes, m), _Y(m), parameters_of(sizes, m)
        yield Case(f"{_net_label(sizes, m)}, ε = {epsilon}", (parameters, gradients_of(parameters, m), X, Y, epsilon))


def of_three_sizes() -> Iterator[Case]:
    """For initialize_parameters."""
    for sizes in ((40, 90, 30), (3, 2, 1), (4, 5, 2)):
        yield Case(f"n_x = {sizes[0]}, n_h = {sizes[1]}, n_y = {sizes[2]}", sizes)


def of_sizes() -> Iterator[Case]:
    """For the other initializations."""
    for sizes in ([40, 90, 30, 60], [3, 2, 1], [40, 60], [4, 5, 2, 3, 1]):
        yield Case(f"layers {'-'.join(map(str, sizes))}", (sizes,))


def of_examples() -> Iterator[Case]:
    """For random_mini_batches."""
    for m, size in ((10, 4), (12, 4), (3, 64), (130, 64), (128, 64), (1, 2)):
        yield Case(f"m = {m}, mini_batch_size = {size}", (*numbered(3, m), size))


def of_training(sizes_of: Sequence[Sequence[int]]) -> Iterator[Case]:
    """For the models: a few iterations."""
    for sizes, rate, iterations in zip(sizes_of, (0.3, 0.1), (3, 2), strict=True):
        start = parameters_of(sizes)
        label = f"layers {'-'.join(map(str, sizes))}, m = 6, {iterations} iterations"
        yield Case(label, (_X(sizes, 6), _Y(6), list(sizes), rate, iterations), around={"start": start})
