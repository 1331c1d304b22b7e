"""A solution of every exercise, in the NumPy of the course's notebooks.

`lamina doctor --solution` prints them, and the doctor puts them in the place of functions that a learner's function
calls. They hold the lecture's equations and nothing else: no checks, as in a notebook.
"""

# ruff: noqa: NPY002, RUF059, SIM108  the course draws from the legacy generator, and names all parts of a cache

from __future__ import annotations

from typing import Any

import numpy as np


def sigmoid(Z: Any) -> Any:
    A = 1 / (1 + np.exp(-Z))
    return A, Z


def relu(Z: Any) -> Any:
    A = np.maximum(0, Z)
    return A, Z


def softmax(Z: Any) -> Any:
    E = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return E / np.sum(E, axis=0, keepdims=True)


def sigmoid_backward(dA: Any, cache: Any) -> Any:
    Z = cache
    A = 1 / (1 + np.exp(-Z))
    return dA * A * (1 - A)


def relu_backward(dA: Any, cache: Any) -> Any:
    Z = cache
    return dA * (Z > 0)


def initialize_parameters(n_x: Any, n_h: Any, n_y: Any) -> Any:
    return {
        "W1": np.random.randn(n_h, n_x) * 0.01,
        "b1": np.zeros((n_h, 1)),
        "W2": np.random.randn(n_y, n_h) * 0.01,
        "b2": np.zeros((n_y, 1)),
    }


def initialize_parameters_deep(layer_dims: Any) -> Any:
    parameters = {}
    for l in range(1, len(layer_dims)):  # noqa: E741
        parameters[f"W{l}"] = np.random.randn(layer_dims[l], layer_dims[l - 1]) * 0.01
        parameters[f"b{l}"] = np.zeros((layer_dims[l], 1))
    return parameters


def initialize_parameters_zeros(layers_dims: Any) -> Any:
    parameters = {}
    for l in range(1, len(layers_dims)):  # noqa: E741
        parameters[f"W{l}"] = np.zeros((layers_dims[l], layers_dims[l - 1]))
        parameters[f"b{l}"] = np.zeros((layers_dims[l], 1))
    return parameters


def initialize_parameters_random(layers_dims: Any) -> Any:
    parameters = {}
    for l in range(1, len(layers_dims)):  # noqa: E741
        parameters[f"W{l}"] = np.random.randn(layers_dims[l], layers_dims[l - 1]) * 10
        parameters[f"b{l}"] = np.zeros((layers_dims[l], 1))
    return parameters


def initialize_parameters_he(layers_dims: Any) -> Any:
    parameters = {}
    for l in range(1, len(layers_dims)):  # noqa: E741
        parameters[f"W{l}"] = np.random.randn(layers_dims[l], layers_dims[l - 1]) * np.sqrt(2 / layers_dims[l - 1])
        parameters[f"b{l}"] = np.zeros((layers_dims[l], 1))
    return parameters


def linear_forward(A: Any, W: Any, b: Any) -> Any:
    Z = W @ A + b
    return Z, (A, W, b)


def linear_activation_forward(A_prev: Any, W: Any, b: Any, activation: Any) -> Any:
    Z, linear_cache = linear_forward(A_prev, W, b)
    A, activation_cache = sigmoid(Z) if activation == "sigmoid" else relu(Z)
    return A, (linear_cache, activation_cache)


def L_model_forward(X: Any, parameters: Any) -> Any:
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):  # noqa: E741
        A, cache = linear_activation_forward(A, parameters[f"W{l}"], parameters[f"b{l}"], "relu")
        caches.append(cache)
    AL, cache = linear_activation_forward(A, parameters[f"W{L}"], parameters[f"b{L}"], "sigmoid")
    caches.append(cache)
    return AL, caches


def compute_cost(AL: Any, Y: Any) -> Any:
    m = Y.shape[1]
    return -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m


def linear_backward(dZ: Any, cache: Any) -> Any:
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = dZ @ A_prev.T / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = W.T @ dZ
    return dA_prev, dW, db


def linear_activation_backward(dA: Any, cache: Any, activation: Any) -> Any:
    linear_cache, activation_cache = cache
    if activation == "relu":
        dZ = relu_backward(dA, activation_cache)
    else:
        dZ = sigmoid_backward(dA, activation_cache)
    return linear_backward(dZ, linear_cache)


def L_model_backward(AL: Any, Y: Any, caches: Any) -> Any:
    grads = {}
    L = len(caches)
    Y = Y.reshape(AL.shape)
    dA = -(Y / AL) + (1 - Y) / (1 - AL)
    for l in range(L, 0, -1):  # noqa: E741
        activation = "sigmoid" if l == L else "relu"
        dA, grads[f"dW{l}"], grads[f"db{l}"] = linear_activation_backward(dA, caches[l - 1], activation)
        grads[f"dA{l - 1}"] = dA
    return grads


def update_parameters(params: Any, grads: Any, learning_rate: Any) -> Any:
    return {name: array - learning_rate * grads[f"d{name}"] for name, array in params.items()}


def two_layer_model(
    X: Any,
    Y: Any,
    layers_dims: Any,
    learning_rate: Any = 0.0075,
    num_iterations: Any = 3000,
    print_cost: Any = False,
) -> Any:
    parameters = initialize_parameters(*layers_dims)
    costs = []
    for i in range(num_iterations):
        A1, cache1 = linear_activation_forward(X, parameters["W1"], parameters["b1"], "relu")
        A2, cache2 = linear_activation_forward(A1, parameters["W2"], parameters["b2"], "sigmoid")
        if i % 100 == 0:
            costs.append(compute_cost(A2, Y))
        dA2 = -(Y / A2) + (1 - Y) / (1 - A2)
        dA1, dW2, db2 = linear_activation_backward(dA2, cache2, "sigmoid")
        _, dW1, db1 = linear_activation_backward(dA1, cache1, "relu")
        grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
        parameters = update_parameters(parameters, grads, learning_rate)
    return parameters, costs


def L_layer_model(
    X: Any,
    Y: Any,
    layers_dims: Any,
    learning_rate: Any = 0.0075,
    num_iterations: Any = 3000,
    print_cost: Any = False,
) -> Any:
    parameters = initialize_parameters_deep(layers_dims)
    costs = []
    for i in range(num_iterations):
        AL, caches = L_model_forward(X, parameters)
        if i % 100 == 0:
            costs.append(compute_cost(AL, Y))
        grads = L_model_backward(AL, Y, caches)
        parameters = update_parameters(parameters, grads, learning_rate)
    return parameters, costs


def predict(X: Any, y: Any, parameters: Any) -> Any:
    AL, _ = L_model_forward(X, parameters)
    return (AL > 0.5).astype(float)


def compute_cost_with_regularization(A3: Any, Y: Any, parameters: Any, lambd: Any) -> Any:
    m = Y.shape[1]
    squares = sum(np.sum(np.square(array)) for name, array in parameters.items() if name.startswith("W"))
    return compute_cost(A3, Y) + lambd / (2 * m) * squares


def backward_propagation_with_regularization(X: Any, Y: Any, cache: Any, lambd: Any) -> Any:
    m = X.shape[1]
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dW3 = dZ3 @ A2.T / m + lambd / m * W3
    db3 = np.sum(dZ3, axis=1, keepdims=True) / m
    dA2 = W3.T @ dZ3
    dZ2 = dA2 * (A2 > 0)
    dW2 = dZ2 @ A1.T / m + lambd / m * W2
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (A1 > 0)
    dW1 = dZ1 @ X.T / m + lambd / m * W1
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dZ3": dZ3, "dW3": dW3, "db3": db3, "dA2": dA2, "dZ2": dZ2, "dW2": dW2, "db2": db2,
            "dA1": dA1, "dZ1": dZ1, "dW1": dW1, "db1": db1}  # fmt: skip


def forward_propagation_with_dropout(X: Any, parameters: Any, keep_prob: Any = 0.5) -> Any:
    W1, b1, W2, b2, W3, b3 = (parameters[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))
    Z1 = W1 @ X + b1
    A1 = np.maximum(0, Z1)
    D1 = np.random.rand(*A1.shape) < keep_prob
    A1 = A1 * D1 / keep_prob
    Z2 = W2 @ A1 + b2
    A2 = np.maximum(0, Z2)
    D2 = np.random.rand(*A2.shape) < keep_prob
    A2 = A2 * D2 / keep_prob
    Z3 = W3 @ A2 + b3
    A3 = 1 / (1 + np.exp(-Z3))
    return A3, (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3)


def backward_propagation_with_dropout(X: Any, Y: Any, cache: Any, keep_prob: Any) -> Any:
    m = X.shape[1]
    (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dW3 = dZ3 @ A2.T / m
    db3 = np.sum(dZ3, axis=1, keepdims=True) / m
    dA2 = W3.T @ dZ3 * D2 / keep_prob
    dZ2 = dA2 * (A2 > 0)
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dA1 = W2.T @ dZ2 * D1 / keep_prob
    dZ1 = dA1 * (A1 > 0)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dZ3": dZ3, "dW3": dW3, "db3": db3, "dA2": dA2, "dZ2": dZ2, "dW2": dW2, "db2": db2,
            "dA1": dA1, "dZ1": dZ1, "dW1": dW1, "db1": db1}  # fmt: skip


def gradient_check_n(
    parameters: Any, gradients: Any, X: Any, Y: Any, epsilon: Any = 1e-7, print_msg: Any = False
) -> Any:
    def J(parameters: Any) -> Any:
        return compute_cost(L_model_forward(X, parameters)[0], Y)

    grad, gradapprox = [], []
    for name, array in parameters.items():
        for place in np.ndindex(array.shape):
            step = np.zeros(array.shape)
            step[place] = epsilon
            J_plus = J({**parameters, name: array + step})
            J_minus = J({**parameters, name: array - step})
            gradapprox.append((J_plus - J_minus) / (2 * epsilon))
            grad.append(gradients[f"d{name}"][place])
    numerator = np.linalg.norm(np.subtract(grad, gradapprox))
    denominator = np.linalg.norm(grad) + np.linalg.norm(gradapprox)
    return numerator / denominator


def update_parameters_with_gd(parameters: Any, grads: Any, learning_rate: Any) -> Any:
    return {name: array - learning_rate * grads[f"d{name}"] for name, array in parameters.items()}


def random_mini_batches(X: Any, Y: Any, mini_batch_size: Any = 64, seed: Any = 0) -> Any:
    np.random.seed(seed)
    m = X.shape[1]
    order = np.random.permutation(m)
    X, Y = X[:, order], Y[:, order].reshape((1, m))
    return [(X[:, k : k + mini_batch_size], Y[:, k : k + mini_batch_size]) for k in range(0, m, mini_batch_size)]


def initialize_velocity(parameters: Any) -> Any:
    return {f"d{name}": np.zeros(array.shape) for name, array in parameters.items()}


def update_parameters_with_momentum(parameters: Any, grads: Any, v: Any, beta: Any, learning_rate: Any) -> Any:
    v = {name: beta * v[name] + (1 - beta) * grads[name] for name in v}
    parameters = {name: array - learning_rate * v[f"d{name}"] for name, array in parameters.items()}
    return parameters, v


def initialize_adam(parameters: Any) -> Any:
    v = {f"d{name}": np.zeros(array.shape) for name, array in parameters.items()}
    s = {f"d{name}": np.zeros(array.shape) for name, array in parameters.items()}
    return v, s


def update_parameters_with_adam(
    parameters: Any,
    grads: Any,
    v: Any,
    s: Any,
    t: Any,
    learning_rate: Any = 0.01,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    epsilon: Any = 1e-8,
) -> Any:
    new = {}
    v_new, s_new, v_corrected, s_corrected = {}, {}, {}, {}
    for name, array in parameters.items():
        d = f"d{name}"
        v_new[d] = beta1 * v[d] + (1 - beta1) * grads[d]
        s_new[d] = beta2 * s[d] + (1 - beta2) * grads[d] ** 2
        v_corrected[d] = v_new[d] / (1 - beta1**t)
        s_corrected[d] = s_new[d] / (1 - beta2**t)
        new[name] = array - learning_rate * v_corrected[d] / (np.sqrt(s_corrected[d]) + epsilon)
    return new, v_new, s_new, v_corrected, s_corrected


# ---- what notebooks are given ----


def _forward_propagation(X: Any, parameters: Any) -> Any:
    _, cache = forward_propagation_with_dropout(X, parameters, 1.0)
    Z1, _, A1, W1, b1, Z2, _, A2, W2, b2, Z3, A3, W3, b3 = cache
    return A3, (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)


START: Any = None  # the parameters that the initializations give while a model is checked


def given_start(*_: Any, **__: Any) -> Any:
    """Stands for every initialization while a model is checked."""
    return {name: np.array(array) for name, array in START.items()}


def _forward_propagation_n(X: Any, Y: Any, parameters: Any) -> Any:
    A3, cache = _forward_propagation(X, parameters)
    return compute_cost(A3, Y), cache


def _dictionary_to_vector(parameters: Any) -> Any:
    keys = [name for name in ("W1", "b1", "W2", "b2", "W3", "b3") for _ in range(parameters[name].size)]
    return np.concatenate([parameters[name].reshape(-1, 1) for name in dict.fromkeys(keys)]), keys


def _vector_to_dictionary(theta: Any) -> Any:
    shapes = {"W1": (5, 4), "b1": (5, 1), "W2": (3, 5), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}
    parameters, start = {}, 0
    for name, shape in shapes.items():
        size = shape[0] * shape[1]
        parameters[name] = theta[start : start + size].reshape(shape)
        start += size
    return parameters


def _gradients_to_vector(gradients: Any) -> Any:
    return np.concatenate([gradients[name].reshape(-1, 1) for name in ("dW1", "db1", "dW2", "db2", "dW3", "db3")])


GIVEN = {
    "forward_propagation": _forward_propagation,
    "forward_propagation_n": _forward_propagation_n,
    "dictionary_to_vector": _dictionary_to_vector,
    "vector_to_dictionary": _vector_to_dictionary,
    "gradients_to_vector": _gradients_to_vector,
}

NAMES = (
    "sigmoid",
    "relu",
    "softmax",
    "sigmoid_backward",
    "relu_backward",
    "initialize_parameters",
    "initialize_parameters_deep",
    "initialize_parameters_zeros",
    "initialize_parameters_random",
    "initialize_parameters_he",
    "linear_forward",
    "linear_activation_forward",
    "L_model_forward",
    "compute_cost",
    "linear_backward",
    "linear_activation_backward",
    "L_model_backward",
    "update_parameters",
    "two_layer_model",
    "L_layer_model",
    "predict",
    "compute_cost_with_regularization",
    "backward_propagation_with_regularization",
    "forward_propagation_with_dropout",
    "backward_propagation_with_dropout",
    "gradient_check_n",
    "update_parameters_with_gd",
    "random_mini_batches",
    "initialize_velocity",
    "update_parameters_with_momentum",
    "initialize_adam",
    "update_parameters_with_adam",
)
