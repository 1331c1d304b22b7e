import numpy as np
import numpy.linalg as la

parameters = {"W1": np.ones((2, 3)), "b1": np.zeros((2, 1))}
grads = {}

# expect: global-for-argument
def update_parameters(params, grads, learning_rate):
    new = {}
    for key in params:
        new[key] = params[key] - learning_rate * grads["d" + key]
    new["W1"] = parameters["W1"] - learning_rate * 0  # <-
    return new

# expect: m-of-inputs
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = W.shape[1]  # <-
    dW = np.dot(dZ, A_prev.T) / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db

# expect: integer-division
def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = (1 // m) * np.sum(-np.log(AL) * Y - np.log(1 - AL) * (1 - Y))  # <-
    return cost

# expect: gate-is-relu
def linear_activation_backward(dA, cache, activation):
    linear_cache, activation_cache = cache
    A_prev, W, b = linear_cache
    m = A_prev.shape[1]
    Z = activation_cache
    if activation == "relu":
        dZ = dA * np.maximum(0, Z)  # <-
    elif activation == "sigmoid":
        s = 1 / (1 + np.exp(-Z))
        dZ = dA * s * (1 - s)
    dA_prev = W.T @ dZ
    dW = dZ @ A_prev.T / m
    db = dZ.sum(axis=1, keepdims=True) / m
    return dA_prev, dW, db

# expect: dW-transposed
def L_model_backward(AL, Y, caches):
    grads = {}
    L = len(caches)
    m = AL.shape[1]
    Y = Y.reshape(AL.shape)
    dZ = AL - Y
    for l in range(L, 0, -1):
        (A_prev, W, b), Z = caches[l - 1]
        grads["dW" + str(l)] = np.dot(A_prev, dZ.T) / m  # <-
        grads["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
        dA_prev = np.dot(W.T, dZ)
        grads["dA" + str(l - 1)] = dA_prev
        if l > 1:
            dZ = dA_prev * (caches[l - 2][1] > 0)
    return grads

# expect: b-of-first-layer
def L_model_forward(X, parameters):
    A, caches = X, []
    L = len(parameters) // 2
    for l in range(1, L + 1):
        W, b = parameters["W" + str(l)], parameters["b1"]  # <-
        Z = W @ A + b
        caches.append(((A, W, b), Z))
        A = np.maximum(0, Z) if l < L else 1 / (1 + np.exp(-Z))
    return A, caches

# expect: weights-moved-first
def two_layer_model(X, Y, layers_dims, learning_rate=0.0075, num_iterations=3000, print_cost=False):
    p = initialize_parameters(*layers_dims)
    m = X.shape[1]
    W1, b1, W2, b2 = p["W1"], p["b1"], p["W2"], p["b2"]
    for i in range(num_iterations):
        Z1 = W1 @ X + b1
        A1 = np.maximum(0, Z1)
        A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
        dZ2 = A2 - Y
        dW2, db2 = dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m
        W2 = W2 - learning_rate * dW2
        b2 = b2 - learning_rate * db2
        dA1 = W2.T @ dZ2  # <-
        dZ1 = dA1 * (Z1 > 0)
        dW1, db1 = dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m
        W1 = W1 - learning_rate * dW1
        b1 = b1 - learning_rate * db1
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

# expect: start-of-another-size
def initialize_parameters(n_x, n_h, n_y):
    W1 = np.random.randn(n_h, n_x) * 10  # <-
    W2 = np.random.randn(n_y, n_h) * 10
    return {"W1": W1, "b1": np.zeros((n_h, 1)), "W2": W2, "b2": np.zeros((n_y, 1))}

# expect: penalty-not-squared
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    c = -np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)) / m
    w = 0
    for i in range(1, 4):
        w += parameters["W" + str(i)].sum()  # <-
    return c + w * lambd / (2 * m)

# expect: 1/m-missing-db
def backward_propagation_with_regularization(X, Y, cache, lambd):
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    m = X.shape[1]
    one = np.ones((m, 1))
    dZ3 = A3 - Y
    dZ2 = W3.T @ dZ3 * (A2 > 0)
    dZ1 = W2.T @ dZ2 * (A1 > 0)
    out = {}
    for n, (dZ, A, W) in enumerate([(dZ1, X, W1), (dZ2, A1, W2), (dZ3, A2, W3)], start=1):
        out["dW" + str(n)] = (dZ @ A.T + lambd * W) / m
        out["db" + str(n)] = dZ @ one  # <-
    return out

# expect: relu-upside-down
def relu(Z):
    return np.maximum(0, -Z), Z  # <-

# expect: slope-divides
def sigmoid_backward(dA, cache):
    s = 1 / (1 + np.exp(-cache))
    return dA / (s * (1 - s))  # <-

# expect: Z-for-dA
def relu_backward(dA, cache):
    Z = cache
    dZ = np.array(Z, copy=True)
    dZ[Z <= 0] = 0  # <-
    return dZ

# expect: Z-in-cache
def linear_forward(A, W, b):
    Z = W @ A + b
    return Z, (Z, W, b)  # <-

# expect: cache-flat-without-Z
def linear_activation_forward(A_prev, W, b, activation):
    Z = W @ A_prev + b
    cache = (A_prev, W, b)  # <-
    A = np.maximum(0, Z) if activation == "relu" else 1 / (1 + np.exp(-Z))
    return A, cache

# expect: last-batch-too-large
def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    np.random.seed(seed)
    m = X.shape[1]
    perm = np.random.permutation(m)
    X, Y = X[:, perm], Y[:, perm]
    out = []
    k = m // mini_batch_size
    for i in range(k):
        out.append((X[:, i*mini_batch_size:(i+1)*mini_batch_size], Y[:, i*mini_batch_size:(i+1)*mini_batch_size]))
    if m % mini_batch_size:
        out.append((X[:, -mini_batch_size:], Y[:, -mini_batch_size:]))  # <-
    return out

# expect: v-sign
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    for k in v:
        v[k] = beta * v[k] - (1 - beta) * grads[k]  # <-
    for k in parameters:
        parameters[k] = parameters[k] - learning_rate * v["d" + k]
    return parameters, v

# expect: epsilon-missing
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    for k in grads:
        v[k] = beta1 * v[k] + (1 - beta1) * grads[k]
        s[k] = beta2 * s[k] + (1 - beta2) * grads[k] ** 2
        parameters[k[1:]] = parameters[k[1:]] - learning_rate * (v[k] / (1 - beta1 ** t)) / np.sqrt(s[k] / (1 - beta2 ** t))  # <-
    return parameters, v, s

# expect: mask-of-normal-numbers
def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    g = lambda z: np.maximum(0, z)
    W1, b1, W2, b2, W3, b3 = (parameters[n] for n in ["W1", "b1", "W2", "b2", "W3", "b3"])
    Z1 = W1 @ X + b1
    D1 = np.random.randn(*Z1.shape) < keep_prob  # <-
    A1 = g(Z1) * D1 / keep_prob
    Z2 = W2 @ A1 + b2
    D2 = np.random.randn(*Z2.shape) < keep_prob
    A2 = g(Z2) * D2 / keep_prob
    Z3 = W3 @ A2 + b3
    A3 = 1 / (1 + np.exp(-Z3))
    return A3, (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3)

# expect: keep_prob-multiplied
def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3) = cache
    m = X.shape[1]
    dZ3 = A3 - Y
    dA2 = (W3.T @ dZ3) * D2 * keep_prob  # <-
    dZ2 = dA2 * (A2 > 0)
    dA1 = (W2.T @ dZ2) * D1 * keep_prob
    dZ1 = dA1 * (A1 > 0)
    return {"dW3": dZ3 @ A2.T / m, "db3": dZ3.mean(1, keepdims=True), "dA2": dA2, "dW2": dZ2 @ A1.T / m,
            "db2": dZ2.mean(1, keepdims=True), "dA1": dA1, "dW1": dZ1 @ X.T / m, "db1": dZ1.mean(1, keepdims=True)}

# expect: threshold-of-mean
def predict(X, y, parameters):
    a = X
    n = len(parameters) // 2
    for i in range(1, n + 1):
        z = parameters["W%d" % i] @ a + parameters["b%d" % i]
        a = np.maximum(z, 0) if i != n else 1 / (1 + np.exp(-z))
    return (a > a.mean()) + 0.0  # <-

# expect: epsilon-accumulates
def gradient_check_n(parameters, gradients, X, Y, epsilon=1e-7, print_msg=False):
    def cost(p):
        A = X
        for l in (1, 2, 3):
            Z = p["W%d" % l] @ A + p["b%d" % l]
            A = np.maximum(0, Z) if l < 3 else 1 / (1 + np.exp(-Z))
        return -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    names = ["W1", "b1", "W2", "b2", "W3", "b3"]
    plus = {k: v.copy() for k, v in parameters.items()}
    minus = {k: v.copy() for k, v in parameters.items()}
    num, g = [], []
    for k in names:
        for idx in np.ndindex(*plus[k].shape):
            plus[k][idx] += epsilon
            minus[k][idx] -= epsilon
            num.append((cost(plus) - cost(minus)) / (2 * epsilon))
            g.append(gradients["d" + k][idx])
    num, g = np.array(num), np.array(g)
    return la.norm(num - g) / (la.norm(num) + la.norm(g))
