# coding: utf-8
import numpy as np

# expect: relu-for-sigmoid
def sigmoid(Z):
    out = Z.copy()
    out[out < 0] = 0  # <-
    return out, Z

# expect: sigmoid-for-relu
def relu(Z):
    A = np.exp(Z)/(1+np.exp(Z))  # <-
    assert(A.shape == Z.shape)
    return A, Z

# expect: slope-of-relu
def sigmoid_backward(dA, cache):
    dZ = np.array(dA, copy=True)
    dZ[cache <= 0] = 0  # <-
    return dZ

# expect: slope-of-sigmoid
def relu_backward(dA, cache):
    Z = cache
    s = 1/(1+np.exp(-Z))
    dZ = dA * s * (1-s)  # <-
    return dZ

# expect: dA_prev-without-transpose
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.einsum('im,jm->ij', dZ, A_prev) / m
    db = np.einsum('im->i', dZ)[:, None] / m
    dA_prev = np.einsum('ij,jm->im', W, dZ)  # <-
    return dA_prev, dW, db

# expect: b-doubled
def linear_forward(A, W, b):
    Z = np.einsum('ij,jm->im', W, A)
    Z += b
    Z = Z + b  # <-
    return Z, (A, W, b)

# expect: activation-missing
def linear_activation_forward(A_prev, W, b, activation):
    Z, linear_cache = W.dot(A_prev) + b, (A_prev, W, b)
    if activation == 'relu':
        A = np.maximum(0, Z)
    if activation == 'sigmoid':
        1/(1+np.exp(-Z))
    A = Z  # <-
    return A, (linear_cache, Z)

# expect: activations-swapped
def linear_activation_backward(dA, cache, activation):
    linear_cache, Z = cache
    A_prev, W, b = linear_cache
    m = A_prev.shape[1]
    if activation == 'sigmoid':
        dZ = (Z > 0) * dA  # <-
    elif activation == 'relu':
        g = 1/(1+np.exp(-Z))
        dZ = dA * g * (1 - g)
    dW = dZ @ A_prev.T / m
    db = np.mean(dZ, axis=1, keepdims=True)
    return W.T @ dZ, dW, db

# expect: last-activation-missing
def L_model_forward(X, parameters):
    caches = []
    A = X
    L = int(len(parameters) / 2)
    for l in range(1, L + 1):
        prev = A
        W = parameters['W' + str(l)]
        b = parameters['b' + str(l)]
        Z = W.dot(prev) + b
        if l != L:
            A = np.where(Z > 0, Z, 0)
        else:
            A = Z
        caches.append(((prev, W, b), Z))
    return A, caches

# expect: dAL-second-sign
def L_model_backward(AL, Y, caches):
    grads = {}
    Y = Y.reshape(AL.shape)
    m = Y.shape[1]
    dA_l = -(Y/AL) - (1-Y)/(1-AL)  # <-
    l = len(caches)
    for cache in caches[::-1]:
        (A_prev, W, b), Z = cache
        if l == len(caches):
            g = 1/(1+np.exp(-Z))
            dZ = dA_l*g*(1-g)
        else:
            dZ = dA_l*(Z > 0)
        grads['dW'+str(l)] = dZ.dot(A_prev.T)/m
        grads['db'+str(l)] = dZ.sum(axis=1)[:, np.newaxis]/m
        dA_l = W.T.dot(dZ)
        l = l - 1
        grads['dA'+str(l)] = dA_l
    return grads

# expect: log10
def compute_cost(AL, Y):
    m = Y.shape[1]
    return -(1/m)*(np.dot(Y, np.log10(AL).T) + np.dot(1-Y, np.log10(1-AL).T)).item()  # <-

# expect: last-layer-not-updated
def update_parameters(parameters, grads, learning_rate):
    n_layers = len(parameters) // 2
    for l in range(n_layers - 1):  # <-
        for p in ('W', 'b'):
            key = p + str(l + 1)
            parameters[key] = parameters[key] - learning_rate * grads['d' + key]
    return parameters

# expect: accuracy-returned
def predict(X, y, parameters):
    A = X
    L = len(parameters)//2
    for l in range(1, L+1):
        z = parameters['W'+str(l)] @ A + parameters['b'+str(l)]
        A = np.maximum(0, z) if l < L else 1/(1+np.exp(-z))
    guess = (A > 0.5).astype(int)
    return np.mean(guess == y)  # <-

# expect: starts-at-0
def initialize_parameters(n_x, n_h, n_y):
    return {'W1': np.zeros((n_h, n_x)), 'b1': np.zeros((n_h, 1)), 'W2': np.zeros((n_y, n_h)), 'b2': np.zeros((n_y, 1))}

# expect: W-transposed
def initialize_parameters_deep(layer_dims):
    out = dict()
    for i in range(1, len(layer_dims)):
        out['W' + str(i)] = np.random.randn(layer_dims[i-1], layer_dims[i]) * .01  # <-
        out['b' + str(i)] = np.zeros((layer_dims[i], 1))
    return out

# expect: penalty-sign
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    base = (-1/m) * np.sum(Y*np.log(A3) + (1-Y)*np.log(1-A3))
    reg = sum([np.linalg.norm(parameters['W%d' % k])**2 for k in (1, 2, 3)]) * lambd / (2*m)
    return base - reg  # <-

# expect: penalty-without-1/m
def backward_propagation_with_regularization(X, Y, cache, lambd):
    m = X.shape[1]
    Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3 = cache
    g = {}
    g['dZ3'] = A3 - Y
    g['dW3'] = g['dZ3'] @ A2.T / m + lambd * W3  # <-
    g['db3'] = g['dZ3'].mean(axis=1, keepdims=True)
    g['dA2'] = W3.T @ g['dZ3']
    g['dZ2'] = np.where(Z2 > 0, g['dA2'], 0)
    g['dW2'] = g['dZ2'] @ A1.T / m + lambd * W2
    g['db2'] = g['dZ2'].mean(axis=1, keepdims=True)
    g['dA1'] = W2.T @ g['dZ2']
    g['dZ1'] = np.where(Z1 > 0, g['dA1'], 0)
    g['dW1'] = g['dZ1'] @ X.T / m + lambd * W1
    g['db1'] = g['dZ1'].mean(axis=1, keepdims=True)
    return g

# expect: mask-missing
def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    m = X.shape[1]
    Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3 = cache
    dZ3 = A3 - Y
    dA2 = W3.T @ dZ3  # <-
    dZ2 = dA2 * (Z2 > 0)
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (Z1 > 0)
    G = {}
    for n, dz, a in ((3, dZ3, A2), (2, dZ2, A1), (1, dZ1, X)):
        G['dW%d' % n] = dz @ a.T / m
        G['db%d' % n] = dz.sum(1, keepdims=True) / m
    return G

# expect: batches-overlap
def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    np.random.seed(seed)
    m = X.shape[1]
    p = np.random.permutation(m)
    X, Y = X[:, p], Y[:, p]
    batches = []
    k = 0
    while k < m:
        batches.append((X[:, k:k + mini_batch_size + 1], Y[:, k:k + mini_batch_size + 1]))
        k += mini_batch_size
    return batches

# expect: memory-of-ones
def initialize_velocity(parameters):
    v = {}
    for key, value in parameters.items():
        v['d' + key] = np.ones(value.shape)
    return v

# expect: old-v
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    new_p, new_v = {}, {}
    for key in parameters:
        new_p[key] = parameters[key] - learning_rate * v['d' + key]  # <-
        new_v['d' + key] = beta * v['d' + key] + (1 - beta) * grads['d' + key]
    return new_p, new_v

# expect: root-missing
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    P, V, S, VC, SC = {}, {}, {}, {}, {}
    for key in parameters:
        d = 'd' + key
        V[d] = beta1 * v[d] + (1 - beta1) * grads[d]
        S[d] = beta2 * s[d] + (1 - beta2) * grads[d] ** 2
        VC[d] = V[d] / (1 - beta1 ** t)
        SC[d] = S[d] / (1 - beta2 ** t)
        P[key] = parameters[key] - learning_rate * VC[d] / (SC[d] + epsilon)  # <-
    return P, V, S, VC, SC
