import numpy as np
from numpy import dot, exp, log, maximum, multiply, sum as npsum, zeros

# expect: sigmoid-parentheses
def sigmoid(Z):
    A = 1 / 1 + exp(-Z)  # <-
    return A, Z

# expect: relu-minimum
def relu(Z):
    return np.minimum(0, Z), Z  # <-

# expect: slope-plus
def sigmoid_backward(dA, cache):
    s = 1/(1+exp(-cache))
    ds = s*(1+s)
    return multiply(dA, ds)  # <-

# expect: dZ-sign
def relu_backward(dA, cache):
    mask = (cache > 0)
    return multiply(-dA, mask)  # <-

# expect: dW-for-W
def linear_backward(dZ, cache):
    (A_prev, W, b) = cache
    m = A_prev.shape[1]
    dW = dot(dZ, A_prev.T)/m
    db = npsum(dZ, axis=1, keepdims=True)/m
    dA_prev = dot(dW.T, dZ)  # <-
    return dA_prev, dW, db

# expect: cache-order
def linear_forward(A, W, b):
    Z = dot(W, A) + b
    return Z, (W, A, b)  # <-

# expect: A-for-A_prev + b-missing
def linear_activation_forward(A_prev, W, b, activation):
    Z = dot(W, A_prev)
    A = maximum(0, Z) if activation == "relu" else 1/(1+exp(-Z))
    return A, ((A, W, b), Z)

# expect: g-for-slope
def linear_activation_backward(dA, cache, activation):
    (A_prev, W, b), Z = cache
    m = A_prev.shape[1]
    if activation == "relu":
        dZ = dA * maximum(0, Z)
    else:
        dZ = dA / (1+exp(-Z))  # <-
    return dot(W.T, dZ), dot(dZ, A_prev.T)/m, npsum(dZ, axis=1, keepdims=True)/m

# expect: caches-reversed
def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters)//2
    for l in range(L):
        W, b = parameters["W%d" % (l+1)], parameters["b%d" % (l+1)]
        Z = dot(W, A) + b
        caches.insert(0, ((A, W, b), Z))  # <-
        A = 1/(1+exp(-Z)) if l == L-1 else maximum(0, Z)
    return A, caches

# expect: relu-in-every-layer
def L_model_backward(AL, Y, caches):
    L = len(caches)
    m = Y.shape[1]
    grads = {}
    dA = - (np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    for l in reversed(range(1, L+1)):
        (A_prev, W, b), Z = caches[l-1]
        dZ = np.array(dA, copy=True)
        dZ[Z <= 0] = 0  # <-
        grads["dW" + str(l)] = dot(dZ, A_prev.T)/m
        grads["db" + str(l)] = npsum(dZ, axis=1, keepdims=True)/m
        dA = dot(W.T, dZ)
        grads["dA" + str(l-1)] = dA
    return grads

# expect: cost-second-sign
def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = -1/m*npsum(Y*log(AL)) + 1/m*npsum((1-Y)*log(1-AL))  # <-
    return cost

# expect: step-alone
def update_parameters(parameters, grads, learning_rate):
    for k in list(parameters):
        parameters[k] = -learning_rate * grads["d"+k] * -1  # <-
    return parameters

# expect: threshold-at-0
def predict(X, y, parameters):
    L = len(parameters)//2
    A = X
    for l in range(1, L+1):
        Z = dot(parameters["W"+str(l)], A) + parameters["b"+str(l)]
        A = maximum(0, Z) if l < L else 1/(1+exp(-Z))
    p = zeros((1, X.shape[1]))
    p[A > 0] = 1  # <-
    return p

# expect: W-not-updated
def update_parameters_with_gd(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(L):
        parameters["b" + str(l+1)] = parameters["b" + str(l+1)] - learning_rate * grads["db" + str(l+1)]
    return parameters

# expect: start-of-another-size
def initialize_parameters(n_x, n_h, n_y):
    W1 = np.random.randn(n_h, n_x) * 0.1  # <-
    b1 = zeros((n_h, 1))
    W2 = np.random.randn(n_y, n_h) * 0.1
    b2 = zeros((n_y, 1))
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

# expect: keys-off-by-one
def initialize_parameters_deep(layer_dims):
    parameters = {}
    for l in range(len(layer_dims) - 1):
        parameters["W" + str(l)] = np.random.randn(layer_dims[l+1], layer_dims[l]) * 0.01
        parameters["b" + str(l)] = zeros((layer_dims[l+1], 1))
    return parameters

# expect: start-of-first-layer
def initialize_parameters_he(layers_dims):
    parameters = {}
    for l in range(1, len(layers_dims)):
        parameters["W" + str(l)] = np.random.randn(layers_dims[l], layers_dims[l-1]) * np.sqrt(2/layers_dims[0])  # <-
        parameters["b" + str(l)] = zeros((layers_dims[l], 1))
    return parameters

# expect: penalty-layer-missing
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    W1, W2, W3 = parameters["W1"], parameters["W2"], parameters["W3"]
    cost = compute_ce(A3, Y)
    L2 = lambd/(2*m)*(npsum(W1**2) + npsum(W2**2))  # <-
    return cost + L2

def compute_ce(A, Y):
    return -npsum(Y*log(A)+(1-Y)*log(1-A))/Y.shape[1]

# expect: penalty-doubled
def backward_propagation_with_regularization(X, Y, cache, lambd):
    m = X.shape[1]
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dW3 = (dot(dZ3, A2.T) + 2*lambd*W3)/m  # <-
    db3 = npsum(dZ3, axis=1, keepdims=True)/m
    dZ2 = dot(W3.T, dZ3)*(A2 > 0)
    dW2 = (dot(dZ2, A1.T) + 2*lambd*W2)/m
    db2 = npsum(dZ2, axis=1, keepdims=True)/m
    dZ1 = dot(W2.T, dZ2)*(A1 > 0)
    dW1 = (dot(dZ1, X.T) + 2*lambd*W1)/m
    db1 = npsum(dZ1, axis=1, keepdims=True)/m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2, "dW3": dW3, "db3": db3}

# expect: keep_prob-missing
def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    m = X.shape[1]
    (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dW3 = dot(dZ3, A2.T)/m
    db3 = npsum(dZ3, axis=1, keepdims=True)/m
    dA2 = dot(W3.T, dZ3)*D2  # <-
    dZ2 = dA2*(A2 > 0)
    dW2 = dot(dZ2, A1.T)/m
    db2 = npsum(dZ2, axis=1, keepdims=True)/m
    dA1 = dot(W2.T, dZ2)*D1
    dZ1 = dA1*(A1 > 0)
    dW1 = dot(dZ1, X.T)/m
    db1 = npsum(dZ1, axis=1, keepdims=True)/m
    return {"dZ3": dZ3, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2, "dW3": dW3, "db3": db3, "dA1": dA1, "dA2": dA2, "dZ1": dZ1, "dZ2": dZ2}

# expect: mask-missing
def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    np.random.seed(1)
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    W3, b3 = parameters["W3"], parameters["b3"]
    Z1 = dot(W1, X) + b1
    A1 = maximum(0, Z1)  # <-
    D1 = np.random.rand(*A1.shape) < keep_prob
    Z2 = dot(W2, A1) + b2
    A2 = maximum(0, Z2)
    D2 = np.random.rand(*A2.shape) < keep_prob
    Z3 = dot(W3, A2) + b3
    A3 = 1/(1+exp(-Z3))
    return A3, (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3)

# expect: softmax-unstable
def softmax(Z):
    return exp(Z) / npsum(exp(Z), axis=0, keepdims=True)  # <-

# expect: s-of-ones
def initialize_adam(parameters):
    v = {}; s = {}
    for k, p in parameters.items():
        v["d"+k] = zeros(p.shape)
        s["d"+k] = zeros(p.shape) + 1  # <-
    return v, s

# expect: beta1-in-s
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    vc, sc = {}, {}
    for k in parameters:
        d = "d"+k
        v[d] = beta1*v[d] + (1-beta1)*grads[d]
        s[d] = beta1*s[d] + (1-beta1)*grads[d]**2  # <-
        vc[d] = v[d]/(1-beta1**t)
        sc[d] = s[d]/(1-beta2**t)
        parameters[k] = parameters[k] - learning_rate*vc[d]/(np.sqrt(sc[d])+epsilon)
    return parameters, v, s, vc, sc

# expect: hidden-layers-sigmoid
def L_layer_model(X, Y, layers_dims, learning_rate=0.0075, num_iterations=3000, print_cost=False):
    p = initialize_parameters_deep(layers_dims)
    L = len(layers_dims) - 1
    m = X.shape[1]
    for i in range(num_iterations):
        A = {0: X}
        for l in range(1, L+1):
            A[l] = 1/(1+exp(-(dot(p["W"+str(l)], A[l-1]) + p["b"+str(l)])))  # <-
        dZ = A[L] - Y
        new = {}
        for l in range(L, 0, -1):
            new["W"+str(l)] = p["W"+str(l)] - learning_rate*dot(dZ, A[l-1].T)/m
            new["b"+str(l)] = p["b"+str(l)] - learning_rate*npsum(dZ, axis=1, keepdims=True)/m
            if l > 1:
                dZ = dot(p["W"+str(l)].T, dZ)*A[l-1]*(1-A[l-1])
        p = new
    return p, []
