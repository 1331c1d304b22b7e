from typing import Dict, Tuple
import numpy as np

Array = np.ndarray

def _sig(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))

# expect: tanh-for-sigmoid
def sigmoid(Z: Array) -> Tuple[Array, Array]:
    e, f = np.exp(Z), np.exp(-Z)
    return (e - f) / (e + f), Z  # <-

# expect: relu-missing
def relu(Z: Array):
    A = np.maximum(Z, Z)  # <-
    return A, Z

# expect: slope-of-tanh
def sigmoid_backward(dA: Array, cache: Array) -> Array:
    a = _sig(cache)
    return np.multiply(dA, 1 - np.square(a))  # <-

# expect: gate-inverted
def relu_backward(dA: Array, cache: Array) -> Array:
    out = dA.copy()
    out[cache > 0] = 0.0  # <-
    return out


# expect: dA_prev-over-m
def linear_backward(dZ: Array, cache) -> Tuple[Array, Array, Array]:
    A_prev, W, _ = cache
    m = A_prev.shape[-1]
    g = dZ / m
    dW = np.matmul(g, A_prev.transpose())
    db = np.add.reduce(g, axis=1, keepdims=True)
    dA_prev = np.matmul(W.transpose(), g)  # <-
    return dA_prev, dW, db

# expect: elementwise-for-product
def linear_forward(A: Array, W: Array, b: Array):
    Z = W * A + b  # <-
    return Z, (A, W, b)

# expect: cache-order
def linear_activation_forward(A_prev: Array, W: Array, b: Array, activation: str):
    Z = np.tensordot(W, A_prev, axes=1) + b
    A = {"sigmoid": _sig, "relu": lambda z: z * (z > 0)}[activation](Z)
    return A, (Z, (A_prev, W, b))  # <-

# expect: last-hidden-layer-missing
def L_model_forward(X: Array, parameters: Dict[str, Array]):
    L = len(parameters) // 2
    caches, A = [], X
    for l in range(1, L - 1):  # <-
        Z = parameters[f"W{l}"] @ A + parameters[f"b{l}"]
        caches.append(((A, parameters[f"W{l}"], parameters[f"b{l}"]), Z))
        A = np.maximum(0, Z)
    Z = parameters[f"W{L}"] @ A + parameters[f"b{L}"]
    caches.append(((A, parameters[f"W{L}"], parameters[f"b{L}"]), Z))
    return _sig(Z), caches

# expect: labels-broadcast
def compute_cost(AL: Array, Y: Array) -> float:
    y = Y.reshape(-1, 1)  # <-
    m = Y.shape[1]
    return -(y * np.log(AL) + (1 - y) * np.log(1 - AL)).sum() / m

# expect: W-for-Z
def linear_activation_backward(dA: Array, cache, activation: str):
    (A_prev, W, b), Z = cache
    m = A_prev.shape[1]
    if activation == "relu":
        dZ = dA * (W > 0)
    else:
        dZ = dA * _sig(W) * (1 - _sig(W))  # <-
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(1, keepdims=True) / m

# expect: last-slope-missing
def L_model_backward(AL: Array, Y: Array, caches):
    L, grads = len(caches), {}
    dZ = -(Y / AL) + (1 - Y) / (1 - AL)  # <-
    for l in range(L, 0, -1):
        (A_prev, W, b), Z = caches[l - 1]
        m = A_prev.shape[1]
        grads[f"dW{l}"], grads[f"db{l}"] = dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m
        grads[f"dA{l-1}"] = W.T @ dZ
        if l > 1:
            dZ = grads[f"dA{l-1}"] * (caches[l - 2][1] > 0)
    return grads

# expect: rate-squared
def update_parameters(params, grads, learning_rate):
    scaled = {k: g * learning_rate for k, g in grads.items()}
    return {k: params[k] - learning_rate * scaled["d" + k] for k in params}  # <-

# expect: penalty-square-of-sum
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = A3.shape[1]
    J = np.mean(-(Y * np.log(A3) + (1 - Y) * np.log1p(-A3)))
    R = 0.0
    for name in parameters:
        if name.startswith("W"):
            R += np.sum(parameters[name]) ** 2  # <-
    return J + lambd * R / (2 * m)

# expect: penalty-on-b
def backward_propagation_with_regularization(X, Y, cache, lambd):
    m = X.shape[1]
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    def lin(dZ, A, W, b):
        return dZ @ A.T / m + lambd / m * W, dZ.sum(axis=1, keepdims=True) / m + lambd / m * b  # <-
    dZ3 = A3 - Y
    dW3, db3 = lin(dZ3, A2, W3, b3)
    dA2 = W3.T @ dZ3
    dZ2 = dA2 * (Z2 > 0)
    dW2, db2 = lin(dZ2, A1, W2, b2)
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (Z1 > 0)
    dW1, db1 = lin(dZ1, X, W1, b1)
    return dict(dZ3=dZ3, dW3=dW3, db3=db3, dA2=dA2, dZ2=dZ2, dW2=dW2, db2=db2, dA1=dA1, dZ1=dZ1, dW1=dW1, db1=db1)

# expect: draws-anew
def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    m = X.shape[1]
    (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dW3 = dZ3 @ A2.T / m
    db3 = dZ3.sum(axis=1, keepdims=True) / m
    dA2 = W3.T @ dZ3
    D2 = np.random.rand(*dA2.shape) < keep_prob  # <-
    dA2 = dA2 * D2 / keep_prob
    dZ2 = dA2 * (A2 > 0)
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    dA1 = W2.T @ dZ2
    D1 = np.random.rand(*dA1.shape) < keep_prob
    dA1 = dA1 * D1 / keep_prob
    dZ1 = dA1 * (A1 > 0)
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return dict(dZ3=dZ3, dW3=dW3, db3=db3, dA2=dA2, dZ2=dZ2, dW2=dW2, db2=db2, dA1=dA1, dZ1=dZ1, dW1=dW1, db1=db1)

# expect: drops-the-rest
def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    rng = np.random.default_rng(0)
    W1, b1, W2, b2, W3, b3 = [parameters[k] for k in ("W1", "b1", "W2", "b2", "W3", "b3")]
    Z1 = W1 @ X + b1
    A1 = np.maximum(0, Z1)
    D1 = rng.random(A1.shape) > keep_prob  # <-
    A1 = A1 * D1 / keep_prob
    Z2 = W2 @ A1 + b2
    A2 = np.maximum(0, Z2)
    D2 = rng.random(A2.shape) > keep_prob
    A2 = A2 * D2 / keep_prob
    Z3 = W3 @ A2 + b3
    A3 = _sig(Z3)
    return A3, (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3)

# expect: empty-batch
def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    np.random.seed(seed)
    m = X.shape[1]
    idx = np.arange(m)
    np.random.shuffle(idx)
    n = m // mini_batch_size
    res = []
    for k in range(n + 1):
        take = idx[k * mini_batch_size:(k + 1) * mini_batch_size]
        res.append((X[:, take], Y[:, take]))
    return res

# expect: softmax-over-all
def softmax(Z):
    ex = np.exp(Z - Z.max())
    return ex / ex.sum()  # <-

# expect: start-of-the-wrong-layer
def initialize_parameters_he(layers_dims):
    params = {}
    for l in range(1, len(layers_dims)):
        n, n_prev = layers_dims[l], layers_dims[l - 1]
        params["W" + str(l)] = np.random.randn(n, n_prev) * np.sqrt(2 / n)  # <-
        params["b" + str(l)] = np.zeros((n, 1))
    return params

# expect: beta1-in-s_corrected
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    vc, sc = {}, {}
    for i in range(len(parameters) // 2):
        for kind in ("W", "b"):
            n = "d" + kind + str(i + 1)
            v[n] = beta1 * v[n] + (1 - beta1) * grads[n]
            s[n] = beta2 * s[n] + (1 - beta2) * grads[n] ** 2
            vc[n] = v[n] / (1 - beta1 ** t)
            sc[n] = s[n] / (1 - beta1 ** t)  # <-
            parameters[n[1:]] = parameters[n[1:]] - learning_rate * vc[n] / (np.sqrt(sc[n]) + epsilon)
    return parameters, v, s, vc, sc
