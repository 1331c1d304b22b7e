"""My week 4 homework, all in one file"""
import numpy as np
import math

np.random.seed(1)
learning_rate = 0.0075

# expect: slope-for-sigmoid
def sigmoid(Z):
    # sigmoid function
    s = 1.0 / (1.0 + np.exp(-Z))
    ds = s * (1.0 - s)  # <-
    cache = Z
    return ds, cache

# expect: changes-its-argument
def relu(Z):
    Z[Z < 0] = 0  # <-
    A = Z
    return A, Z

# expect: dA-missing
def sigmoid_backward(dA, cache):
    Z = cache
    s = 1/(1+np.exp(-Z))
    dZ = s - s**2  # <-
    return dZ

# expect: changes-its-argument
def relu_backward(dA, cache):
    Z = cache
    dZ = dA
    dZ[Z <= 0] = 0  # <-
    return dZ

# expect: m-of-inputs
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = len(A_prev)  # <-
    dW = 1./m * dZ.dot(A_prev.T)
    db = 1./m * dZ.sum(axis=1, keepdims=True)
    dA_prev = W.T.dot(dZ)
    return dA_prev, dW, db

# expect: b-transposed
def linear_forward(A, W, b):
    Z = W.dot(A) + b.T  # <-
    return Z, (A, W, b)

# expect: A-for-A_prev
def linear_activation_forward(A_prev, W, b, activation):
    Z = np.matmul(W, A_prev) + b
    if activation == "sigmoid":
        A = 1/(1+np.exp(-Z))
    else:
        A = np.maximum(0, Z)
    linear_cache = (A, W, b)  # <-
    return A, (linear_cache, Z)

# expect: last-cache-missing
def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        W = parameters['W' + str(l)]; b = parameters['b' + str(l)]
        Z = W @ A + b
        caches.append(((A, W, b), Z))
        A = np.maximum(0, Z)
    Z = parameters['W' + str(L)] @ A + parameters['b' + str(L)]
    AL = 1/(1+np.exp(-Z))
    return AL, caches

# expect: 1/m-missing
def compute_cost(AL, Y):
    logprobs = np.multiply(np.log(AL), Y) + np.multiply(np.log(1-AL), 1-Y)
    cost = -np.sum(logprobs)  # <-
    return float(np.squeeze(cost))

# expect: slope-missing
def linear_activation_backward(dA, cache, activation):
    linear_cache, activation_cache = cache
    A_prev, W, b = linear_cache
    m = A_prev.shape[1]
    dZ = dA.copy()  # <-
    dA_prev = np.dot(W.T, dZ)
    dW = np.dot(dZ, A_prev.T)/m
    db = np.sum(dZ, axis=1, keepdims=True)/m
    return dA_prev, dW, db

# expect: caches-off-by-one
def L_model_backward(AL, Y, caches):
    grads = {}
    L = len(caches)
    Y = Y.reshape(AL.shape)
    dAL = -(np.divide(Y, AL) - np.divide(1-Y, 1-AL))
    def back(dA, cache, act):
        (A_prev, W, b), Z = cache
        if act == 'relu':
            dZ = np.where(Z > 0, dA, 0)
        else:
            s = 1/(1+np.exp(-Z))
            dZ = dA*s*(1-s)
        m = A_prev.shape[1]
        return W.T@dZ, dZ@A_prev.T/m, dZ.sum(axis=1, keepdims=True)/m
    grads["dA"+str(L-1)], grads["dW"+str(L)], grads["db"+str(L)] = back(dAL, caches[L-1], 'sigmoid')
    for l in range(L-1, 0, -1):
        current_cache = caches[l-2]  # <-
        grads["dA"+str(l-1)], grads["dW"+str(l)], grads["db"+str(l)] = back(grads["dA"+str(l)], current_cache, 'relu')
    return grads

# expect: b-not-updated
def update_parameters(parameters, grads, learning_rate):
    L = len(parameters)//2
    for i in range(1, L+1):
        parameters["W%i" % i] = parameters["W%i" % i] - learning_rate*grads["dW%i" % i]
    return parameters

# expect: not-thresholded
def predict(X, y, parameters):
    L = len(parameters)//2
    A = X
    for l in range(1, L+1):
        Z = parameters["W%d"%l].dot(A) + parameters["b%d"%l]
        A = 1/(1+np.exp(-Z)) if l == L else np.maximum(Z, 0)
    return A  # <-

# expect: starts-too-large
def initialize_parameters(n_x, n_h, n_y):
    W1 = np.random.randn(n_h, n_x)  # <-
    b1 = np.zeros((n_h, 1))
    W2 = np.random.randn(n_y, n_h)
    b2 = np.zeros((n_y, 1))
    parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    return parameters

# expect: last-layer-missing
def initialize_parameters_deep(layer_dims):
    parameters = {}
    for l in range(1, len(layer_dims) - 1):  # <-
        parameters['W' + str(l)] = np.random.randn(layer_dims[l], layer_dims[l-1]) * 0.01
        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters

# expect: no-correction
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    for k in parameters:
        d = 'd' + k
        v[d] = beta1*v[d] + (1-beta1)*grads[d]
        s[d] = beta2*s[d] + (1-beta2)*grads[d]**2
        parameters[k] = parameters[k] - learning_rate*v[d]/(np.sqrt(s[d])+epsilon)  # <-
    return parameters, v, s

# expect: beta-for-1-beta
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    for k in parameters:
        d = 'd' + k
        v[d] = beta*(v[d] + grads[d])  # <-
        parameters[k] = parameters[k] - learning_rate*v[d]
    return parameters, v
