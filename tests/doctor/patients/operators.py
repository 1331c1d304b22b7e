# A learner who likes short lines: @, one-letter names, everything in the return.
import numpy as np


# expect: exponent-sign
def sigmoid(Z):
    return 1 / (1 + np.exp(Z)), Z  # <-


# expect: relu-leaks
def relu(Z):
    return np.where(Z > 0, Z, 0.01 * Z), Z  # <-


# expect: sigmoid-twice
def sigmoid_backward(dA, cache):
    s = 1 / (1 + np.exp(-cache))
    s = 1 / (1 + np.exp(-s))  # <-
    return dA * s * (1 - s)


# expect: gate-on-dA
def relu_backward(dA, cache):
    return dA * (dA > 0)  # <-


# expect: keepdims-missing
def linear_backward(dZ, cache):
    A, W, b = cache
    m = A.shape[1]
    return W.T @ dZ, dZ @ A.T / m, dZ.sum(axis=1) / m  # <-


# expect: product-turned-round
def linear_forward(A, W, b):
    return A @ W + b, (A, W, b)  # <-


# expect: activation-ignored
def linear_activation_forward(A_prev, W, b, activation):
    Z = W @ A_prev + b
    A = np.maximum(Z, 0)  # <-
    return A, ((A_prev, W, b), Z)


# expect: slope-missing
def linear_activation_backward(dA, cache, activation):
    (A_prev, W, b), Z = cache
    m = A_prev.shape[1]
    dZ = dA  # <-
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(1, keepdims=True) / m


# expect: X-in-every-layer
def L_model_forward(X, parameters):
    L = len(parameters) // 2
    caches = []
    for l in range(1, L + 1):
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        Z = W @ X + b  # <-
        A = np.maximum(0, Z) if l < L else 1 / (1 + np.exp(-Z))
        caches.append(((X, W, b), Z))
    return A, caches


# expect: dAL-sign
def L_model_backward(AL, Y, caches):
    grads, L = {}, len(caches)
    dA = Y / AL - (1 - Y) / (1 - AL)  # <-
    for l in reversed(range(L)):
        (A_prev, W, b), Z = caches[l]
        s = 1 / (1 + np.exp(-Z))
        dZ = dA * s * (1 - s) if l == L - 1 else dA * (Z > 0)
        m = A_prev.shape[1]
        grads[f"dW{l + 1}"] = dZ @ A_prev.T / m
        grads[f"db{l + 1}"] = dZ.sum(1, keepdims=True) / m
        dA = grads[f"dA{l}"] = W.T @ dZ
    return grads


# expect: log2
def compute_cost(AL, Y):
    return float(-(Y * np.log2(AL) + (1 - Y) * np.log2(1 - AL)).mean())  # <-


# expect: rate-missing
def update_parameters(params, grads, learning_rate):
    return {k: v - grads["d" + k] for k, v in params.items()}  # <-


# expect: threshold-inverted
def predict(X, y, parameters):
    A, L = X, len(parameters) // 2
    for l in range(1, L):
        A = np.maximum(0, parameters[f"W{l}"] @ A + parameters[f"b{l}"])
    A = 1 / (1 + np.exp(-(parameters[f"W{L}"] @ A + parameters[f"b{L}"])))
    return (A < 0.5) * 1.0  # <-


# expect: penalty-on-b
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    J = -(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)).sum() / m
    return J + lambd / (2 * m) * sum((p**2).sum() for p in parameters.values())  # <-


# expect: seeded-in-every-layer
def initialize_parameters(n_x, n_h, n_y):
    p = {}
    for l, (a, b) in enumerate([(n_x, n_h), (n_h, n_y)], 1):
        np.random.seed(1)  # <-
        p[f"W{l}"], p[f"b{l}"] = np.random.randn(b, a) * 0.01, np.zeros((b, 1))
    return p


# expect: memory-keys
def initialize_velocity(parameters):
    return {k: np.zeros_like(p) for k, p in parameters.items()}  # <-


# expect: gradient-for-v
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    v = {k: beta * v[k] + (1 - beta) * grads[k] for k in v}
    return {k: p - learning_rate * grads["d" + k] for k, p in parameters.items()}, v  # <-


# expect: t-from-0
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    v = {k: beta1 * v[k] + (1 - beta1) * g for k, g in grads.items()}
    s = {k: beta2 * s[k] + (1 - beta2) * g**2 for k, g in grads.items()}
    vc = {k: a / (1 - beta1 ** (t - 1)) for k, a in v.items()}  # <-
    sc = {k: a / (1 - beta2 ** (t - 1)) for k, a in s.items()}
    p = {k: a - learning_rate * vc["d" + k] / (np.sqrt(sc["d" + k]) + epsilon) for k, a in parameters.items()}
    return p, v, s


# expect: softmax-axis
def softmax(Z):
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)  # <-


# expect: shuffled-apart
def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    rng = np.random.RandomState(seed)
    X, Y = X[:, rng.permutation(X.shape[1])], Y[:, rng.permutation(X.shape[1])]  # <-
    return [(X[:, k : k + mini_batch_size], Y[:, k : k + mini_batch_size]) for k in range(0, X.shape[1], mini_batch_size)]
