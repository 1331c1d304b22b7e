import numpy as np

# expect: slope-is-1-A
def sigmoid_backward(dA, cache):
    Z = cache
    # e^-z/(1+e^-z)
    deriv = np.exp(-Z) / (1 + np.exp(-Z))
    dZ = dA * deriv  # <-
    return dZ

# expect: slope-times-Z
def relu_backward(dA, cache):
    res = []
    for r in range(dA.shape[0]):
        row = []
        for c in range(dA.shape[1]):
            row.append(dA[r][c] * cache[r][c])
        res.append(row)
    return np.array(res)  # <-

# expect: db-sums-all
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    _, m = A_prev.shape
    dW = (dZ @ A_prev.T) / m
    db = np.sum(dZ) / m  # <-
    dA_prev = W.T @ dZ
    return dA_prev, dW, db

# expect: W-transposed
def linear_forward(A, W, b):
    Z = W.T @ A + b  # <-
    cache = (A, W, b)
    return Z, cache

# expect: hidden-layers-sigmoid
def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L + 1):
        A_prev = A
        Z = np.dot(parameters['W' + str(l)], A_prev) + parameters['b' + str(l)]
        A = 1 / (1 + np.exp(-Z))  # <-
        caches.append(((A_prev, parameters['W' + str(l)], parameters['b' + str(l)]), Z))
    return A, caches

# expect: squared-error
def compute_cost(AL, Y):
    m = Y.shape[1]
    err = AL - Y
    return np.dot(err, err.T).item() / (2 * m)  # <-

# expect: dAL-is-A-Y
def L_model_backward(AL, Y, caches):
    grads = {}
    L = len(caches)
    m = AL.shape[1]
    dA = (AL - Y)  # <-
    for l in range(L, 0, -1):
        lin, Z = caches[l-1]
        A_prev, W, b = lin
        if l == L:
            sig = 1/(1+np.exp(-Z))
            dZ = dA * sig * (1-sig)
        else:
            dZ = np.array(dA, copy=True)
            dZ[Z <= 0] = 0
        dW = 1/m * np.dot(dZ, A_prev.T)
        db = 1/m * np.sum(dZ, axis=1, keepdims=True)
        dA = np.dot(W.T, dZ)
        grads['dW' + str(l)] = dW
        grads['db' + str(l)] = db
        grads['dA' + str(l-1)] = dA
    return grads

# expect: rate-ignored
def update_parameters(parameters, grads, learning_rate):
    lr = 0.01
    out = {}
    for key in parameters.keys():
        out[key] = parameters[key] - lr * grads['d' + key]  # <-
    return out

# expect: global-for-argument
def linear_activation_backward(dA, cache, activation):
    linear_cache, Z = cache
    A_prev, W, b = linear_cache
    m = X_train.shape[1]  # <-
    dZ = dA * (Z > 0) if activation == 'relu' else dA * (1/(1+np.exp(-Z))) * (1 - 1/(1+np.exp(-Z)))
    return np.dot(W.T, dZ), np.dot(dZ, A_prev.T)/m, np.sum(dZ, axis=1, keepdims=True)/m

X_train = np.random.randn(3, 9)
W = np.ones((2, 3)); b = np.zeros((2, 1))

# expect: sigmoid-twice
def linear_activation_forward(A_prev, W, b, activation):
    Z = np.dot(W, A_prev) + b
    if activation == 'sigmoid':
        A = 1/(1+np.exp(-Z))
        A = 1/(1+np.exp(-A))  # <-
    elif activation == 'relu':
        A = Z * (Z > 0)
    return A, ((A_prev, W, b), Z)

# expect: b-drawn
def initialize_parameters(n_x, n_h, n_y):
    np.random.seed(3)
    W1 = np.random.randn(n_h, n_x)*0.01
    b1 = np.random.randn(n_h, 1)  # <-
    W2 = np.random.randn(n_y, n_h)*0.01
    b2 = np.random.randn(n_y, 1)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

# expect: start-without-root
def initialize_parameters_he(layers_dims):
    parameters = {}
    for l in range(1, len(layers_dims)):
        parameters['W' + str(l)] = np.random.randn(layers_dims[l], layers_dims[l-1]) * (2/layers_dims[l-1])  # <-
        parameters['b' + str(l)] = np.zeros((layers_dims[l], 1))
    return parameters

# expect: v-not-stored
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    L = len(parameters)//2
    new = {}
    for l in range(1, L+1):
        for p in ['W', 'b']:
            step = beta*v['d'+p+str(l)] + (1-beta)*grads['d'+p+str(l)]
            new[p+str(l)] = parameters[p+str(l)] - learning_rate*step
    return new, v

# expect: v-and-s-swapped
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    vc, sc = {}, {}
    for p in parameters:
        k = 'd'+p
        v[k] = beta1*v[k] + (1-beta1)*grads[k]
        s[k] = beta2*s[k] + (1-beta2)*np.power(grads[k], 2)
        vc[k] = v[k]/(1-beta1**t)
        sc[k] = s[k]/(1-beta2**t)
        parameters[p] = parameters[p] - learning_rate*sc[k]/(np.sqrt(vc[k])+epsilon)  # <-
    return parameters, v, s, vc, sc

# expect: penalty-without-1/2
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    ce = -np.sum(Y*np.log(A3)+(1-Y)*np.log(1-A3))/m
    l2 = lambd/m*(np.sum(parameters["W1"]**2)+np.sum(parameters["W2"]**2)+np.sum(parameters["W3"]**2))  # <-
    return ce+l2

# expect: Y-not-shuffled
def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    np.random.seed(seed)
    m = X.shape[1]
    perm = np.random.permutation(m)
    sx = X[:, perm]
    sy = Y
    batches = []
    for i in range(0, m, mini_batch_size):
        batches.append((sx[:, i:i+mini_batch_size], sy[:, i:i+mini_batch_size]))
    return batches

# expect: never-updated
def L_layer_model(X, Y, layers_dims, learning_rate=0.0075, num_iterations=3000, print_cost=False):
    parameters = initialize_parameters_deep(layers_dims)
    costs = []
    for i in range(num_iterations):
        AL, caches = forward(X, parameters)
        new_parameters = dict(parameters)
        costs.append(0)
    return parameters, costs

def forward(X, parameters):
    return X, []

# expect: dAL-sign
def two_layer_model(X, Y, layers_dims, learning_rate=0.0075, num_iterations=3000, print_cost=False):
    n_x, n_h, n_y = layers_dims
    p = initialize_parameters(n_x, n_h, n_y)
    m = X.shape[1]
    for i in range(num_iterations):
        Z1 = p['W1']@X + p['b1']; A1 = np.maximum(0, Z1)
        Z2 = p['W2']@A1 + p['b2']; A2 = 1/(1+np.exp(-Z2))
        dA2 = np.divide(Y, A2) - np.divide(1-Y, 1-A2)  # <-
        dZ2 = dA2*A2*(1-A2)
        dW2 = dZ2@A1.T/m; db2 = dZ2.sum(axis=1, keepdims=True)/m
        dZ1 = (p['W2'].T@dZ2)*(Z1 > 0)
        dW1 = dZ1@X.T/m; db1 = dZ1.sum(axis=1, keepdims=True)/m
        p = {'W1': p['W1']-learning_rate*dW1, 'b1': p['b1']-learning_rate*db1, 'W2': p['W2']-learning_rate*dW2, 'b2': p['b2']-learning_rate*db2}
    return p
