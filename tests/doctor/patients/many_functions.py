# A learner who writes a helper for everything, with names of their own.
import numpy as np


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


def n_examples(arr):
    return arr.shape[1]


def times_transposed(p, q):
    return np.einsum("ij,kj->ik", p, q)


def apply_weights(weights, inp):
    return np.einsum("ij,jk->ik", weights, inp)


def mean_rows(arr):
    return np.mean(arr, axis=1, keepdims=True)


def mean_columns(arr):
    return np.sum(arr, axis=0, keepdims=True) / arr.shape[1]  # <- linear_backward


def gate(z):
    return (z >= 0).astype(float)  # <- linear_activation_backward


def slope(z):
    a = logistic(z)
    return a * (1 - a)


def squared_slope(z):
    return slope(z) * slope(z)  # <- sigmoid_backward


# expect: slope-for-sigmoid
def sigmoid(Z):
    value = slope(Z)  # <-
    return value, Z


# expect: relu-is-a-step
def relu(Z):
    return (Z > 0).astype(float), Z  # <-


# expect: slope-twice
def sigmoid_backward(dA, cache):
    dZ = dA * squared_slope(cache)
    return dZ


# expect: db-axis
def linear_backward(dZ, cache):
    inp, weights, bias = cache
    m = n_examples(inp)
    grad_w = times_transposed(dZ, inp) / m
    grad_b = mean_columns(dZ)
    grad_in = apply_weights(weights.T, dZ)
    return grad_in, grad_w, grad_b


# expect: gate-at-0
def linear_activation_backward(dA, cache, activation):
    (inp, weights, bias), z = cache
    if activation == "relu":
        delta = dA * gate(z)
    else:
        delta = dA * slope(z)
    return apply_weights(weights.T, delta), times_transposed(delta, inp) / n_examples(inp), mean_rows(delta)


# expect: sigmoid-too-early
def linear_forward(A, W, b):
    pre = apply_weights(W, A) + b
    Z = logistic(pre)  # <-
    return Z, (A, W, b)


# expect: activations-swapped
def linear_activation_forward(A_prev, W, b, activation):
    Z = apply_weights(W, A_prev) + b
    table = {"relu": logistic, "sigmoid": lambda z: np.maximum(z, 0)}
    out = table[activation](Z)  # <-
    return out, ((A_prev, W, b), Z)


def cross_entropy(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


# expect: 1/m-missing
def compute_cost(AL, Y):
    losses = cross_entropy(AL, Y)
    J = losses.sum()  # <-
    return J


def step(old, grad, rate):
    return old - rate * old  # <- update_parameters


# expect: step-is-parameter
def update_parameters(params, grads, learning_rate):
    new = {}
    for key in params:
        new[key] = step(params[key], grads["d" + key], learning_rate)
    return new


def make_layer(n_in, n_out, scale):
    return np.random.normal(0, scale, size=(n_out, n_in)), np.zeros(n_out)


# expect: b-flat
def initialize_parameters_deep(layer_dims):
    out = {}
    for k in range(1, len(layer_dims)):
        w, b = make_layer(layer_dims[k - 1], layer_dims[k], 0.01)  # <- initialize_parameters_deep
        out["W%d" % k] = w
        out["b%d" % k] = b
    return out


def norm2(w):
    return np.sqrt((w**2).sum())


# expect: penalty-root
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = n_examples(Y)
    weights = [parameters[k] for k in parameters if k[0] == "W"]
    penalty = lambd / (2 * m) * sum(norm2(w) for w in weights)  # <-
    return cross_entropy(A3, Y).mean() + penalty


def block(X, Wb, activation):
    W, b = Wb
    Z = apply_weights(W, X) + b
    return activation(Z), ((X, W, b), Z)  # <- L_model_forward


# expect: hidden-layers-sigmoid
def L_model_forward(X, parameters):
    count = sum(1 for k in parameters if k.startswith("W"))
    out, saved = X, []
    for k in range(1, count + 1):
        out, kept = block(out, (parameters["W%d" % k], parameters["b%d" % k]), logistic)
        saved.append(kept)
    return out, saved


def output_delta(p, y):
    return p - y  # <- L_model_backward


# expect: dAL-is-A-Y
def L_model_backward(AL, Y, caches):
    grads = {}
    flow = output_delta(AL, Y)
    for k in range(len(caches), 0, -1):
        (inp, weights, bias), z = caches[k - 1]
        delta = flow * (slope(z) if k == len(caches) else (z > 0))
        grads["dW%d" % k] = times_transposed(delta, inp) / n_examples(inp)
        grads["db%d" % k] = mean_rows(delta)
        flow = apply_weights(weights.T, delta)
    return grads


def corrected(value, beta, t):
    return value / (1 - beta)  # <- update_parameters_with_adam


# expect: t-missing
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    out, v2, s2 = {}, {}, {}
    for key, value in parameters.items():
        g = grads["d" + key]
        v2["d" + key] = beta1 * v["d" + key] + (1 - beta1) * g
        s2["d" + key] = beta2 * s["d" + key] + (1 - beta2) * g * g
        top = corrected(v2["d" + key], beta1, t)
        bottom = np.sqrt(corrected(s2["d" + key], beta2, t)) + epsilon
        out[key] = value - learning_rate * top / bottom
    return out, v2, s2
