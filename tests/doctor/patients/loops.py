# A learner who comes from C: loops over indices, arrays filled place by place.
import math

import numpy as np


# expect: sigmoid-denominator-minus
def sigmoid(Z):
    A = np.zeros(Z.shape)
    for i in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            if Z[i, j] == 0:
                A[i, j] = np.inf
            else:
                A[i, j] = 1.0 / (1.0 - math.exp(-Z[i, j]) if Z[i, j] > -700 else -np.inf)  # <-
    return A, Z


# expect: relu-abs
def relu(Z):
    out = np.empty_like(Z)
    for i in range(len(Z)):
        for j in range(len(Z[i])):
            out[i][j] = Z[i][j] if Z[i][j] > 0 else -Z[i][j]  # <-
    return out, Z


# expect: slope-is-A
def sigmoid_backward(dA, cache):
    dZ = np.zeros(dA.shape)
    n, m = dA.shape
    for i in range(n):
        for j in range(m):
            a = 1 / (1 + np.exp(-cache[i, j]))
            dZ[i, j] = dA[i, j] * a  # <-
    return dZ


# expect: gate-is-relu
def relu_backward(dA, cache):
    dZ = np.zeros_like(dA)
    for i in range(dA.shape[0]):
        for j in range(dA.shape[1]):
            if cache[i, j] > 0:
                dZ[i, j] = dA[i, j] * cache[i, j]  # <-
    return dZ


# expect: m-of-units
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = dZ.shape[0]  # <-
    n = dZ.shape[0]
    dW = np.zeros(W.shape)
    db = np.zeros(b.shape)
    dA_prev = np.zeros(A_prev.shape)
    for i in range(n):
        for k in range(dZ.shape[1]):
            db[i, 0] += dZ[i, k]
            for j in range(W.shape[1]):
                dW[i, j] += dZ[i, k] * A_prev[j, k]
                dA_prev[j, k] += W[i, j] * dZ[i, k]
    dW /= m
    db /= m
    return dA_prev, dW, db


# expect: b-summed
def linear_forward(A, W, b):
    n, m = W.shape[0], A.shape[1]
    Z = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            total = 0
            for k in range(A.shape[0]):
                total += W[i, k] * A[k, j]
            Z[i, j] = total + b.sum()  # <-
    return Z, (A, W, b)


# expect: cost-second-missing
def compute_cost(AL, Y):
    m = AL.shape[1]
    total = 0
    for i in range(m):
        if Y[0, i] == 1:
            total = total - np.log(AL[0, i])  # <-
    return total / m


# expect: last-layer-not-updated
def update_parameters(parameters, grads, learning_rate):
    L = len(parameters) // 2
    new = dict(parameters)
    for l in range(1, L):  # <-
        new["W" + str(l)] = parameters["W" + str(l)] - learning_rate * grads["dW" + str(l)]
        new["b" + str(l)] = parameters["b" + str(l)] - learning_rate * grads["db" + str(l)]
    return new


# expect: last-layer-relu
def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L + 1):
        A_prev = A
        W = parameters["W" + str(l)]
        b = parameters["b" + str(l)]
        Z = np.zeros((W.shape[0], A_prev.shape[1]))
        for i in range(W.shape[0]):
            Z[i, :] = W[i, :] @ A_prev + b[i, 0]
        A = Z * (Z > 0)  # <-
        caches.append(((A_prev, W, b), Z))
    return A, caches


# expect: sigmoid-in-every-layer
def L_model_backward(AL, Y, caches):
    grads = {}
    L = len(caches)
    m = AL.shape[1]
    Y = Y.reshape(AL.shape)
    dA = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    l = L
    while l > 0:
        (A_prev, W, b), Z = caches[l - 1]
        s = 1 / (1 + np.exp(-Z))
        dZ = dA * s * (1 - s)  # <-
        grads["dW" + str(l)] = np.dot(dZ, A_prev.T) / m
        grads["db" + str(l)] = np.sum(dZ, axis=1).reshape(-1, 1) / m
        dA = np.dot(W.T, dZ)
        grads["dA" + str(l - 1)] = dA
        l -= 1
    return grads


# expect: drawn-uniformly
def initialize_parameters(n_x, n_h, n_y):
    np.random.seed(1)
    W1 = np.random.rand(n_h, n_x) * 0.01  # <-
    b1 = np.zeros(shape=(n_h, 1))
    W2 = np.random.rand(n_y, n_h) * 0.01
    b2 = np.zeros(shape=(n_y, 1))
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


# expect: penalty-halved
def backward_propagation_with_regularization(X, Y, cache, lambd):
    m = X.shape[1]
    Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3 = cache
    acts, weights = [X, A1, A2], [W1, W2, W3]
    grads = {}
    dZ = A3 - Y
    for l in (3, 2, 1):
        grads["dW%d" % l] = dZ @ acts[l - 1].T / m + lambd / (2 * m) * weights[l - 1]  # <-
        grads["db%d" % l] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dA = weights[l - 1].T @ dZ
            dZ = dA * (acts[l - 1] > 0)
    return grads


# expect: examples-between-lost
def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    np.random.seed(seed)
    m = X.shape[1]
    p = np.random.permutation(m)
    X = X[:, p]
    Y = Y[:, p]
    out = []
    n = m // mini_batch_size
    for k in range(n):
        start = k * mini_batch_size
        end = (k + 1) * mini_batch_size - 1
        out.append((X[:, start:end], Y[:, start:end]))  # <-
    if m % mini_batch_size != 0:
        out.append((X[:, n * mini_batch_size :], Y[:, n * mini_batch_size :]))
    return out


# expect: betas-swapped
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        for kind in ("W", "b"):
            key = kind + str(l)
            v["d" + key] = (1 - beta) * v["d" + key] + beta * grads["d" + key]  # <-
            parameters[key] = parameters[key] - learning_rate * v["d" + key]
    return parameters, v


# expect: square-missing
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    vc, sc = {}, {}
    for key in list(parameters.keys()):
        g = grads["d" + key]
        d = "d" + key
        v[d] = beta1 * v[d] + (1 - beta1) * g
        s[d] = beta2 * s[d] + (1 - beta2) * g  # <-
        vc[d] = v[d] / (1 - beta1**t)
        sc[d] = s[d] / (1 - beta2**t)
        parameters[key] = parameters[key] - learning_rate * vc[d] / (np.sqrt(sc[d]) + epsilon)
    return parameters, v, s, vc, sc
