import numpy as np
import scipy.special as sp
def sigmoid(z):
    z = np.asarray(z, dtype=float)
    return sp.expit(z), z
def relu(z):
    a = z.copy(); a[a < 0] *= 0
    return [a, z]
def sigmoid_backward(dA, cache):
    dz = []
    for da, z in zip(dA.flat, cache.flat):
        s = 1/(1+np.exp(-z)); dz.append(da*(s - s*s))
    return np.array(dz).reshape(dA.shape)
def relu_backward(dA, cache):
    return np.heaviside(cache, 0)*dA
def linear_forward(A, W, b):
    n = W.shape[0]
    Wb = np.hstack([W, b]); A1 = np.vstack([A, np.ones((1, A.shape[1]))])
    return Wb @ A1, (A, W, b)
def linear_activation_forward(A_prev, W, b, activation="relu"):
    Z = np.inner(W, A_prev.T) + b
    if activation not in ("relu", "sigmoid"):
        raise ValueError(activation)
    A = (Z + abs(Z))/2 if activation == "relu" else .5*(1+np.tanh(.5*Z))
    return A, ((A_prev, W, b), Z)
def L_model_forward(X, parameters):
    def go(A, l, caches):
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        last = f"W{l+1}" not in parameters
        A, c = linear_activation_forward(A, W, b, "sigmoid" if last else "relu")
        return (A, caches + [c]) if last else go(A, l+1, caches + [c])
    return go(X, 1, [])
def compute_cost(AL, Y):
    p = np.where(Y == 1, AL, 1 - AL)
    return -np.log(p + 1e-12).mean()
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = dZ.shape[1]
    dW = sum(np.outer(dZ[:, k], A_prev[:, k]) for k in range(m))/m
    db = np.mean(dZ, axis=1).reshape(b.shape)
    dA_prev = np.stack([W.T @ dZ[:, k] for k in range(m)], axis=1)
    return dA_prev, dW, db
def linear_activation_backward(dA, cache, activation):
    lin, Z = cache
    if activation == "relu": dZ = relu_backward(dA, Z)
    if activation == "sigmoid": dZ = sigmoid_backward(dA, Z)
    return linear_backward(dZ, lin)
def L_model_backward(AL, Y, caches):
    grads = {}
    L = len(caches); m = AL.shape[1]
    Y = Y.reshape(AL.shape)
    dAL = (AL - Y)/(AL*(1-AL))
    current = dAL
    for i, cache in enumerate(reversed(caches)):
        l = L - i
        current, dW, db = linear_activation_backward(current, cache, "sigmoid" if i == 0 else "relu")
        grads.update({f"dW{l}": dW, f"db{l}": db, f"dA{l-1}": current, f"extra{l}": 1})
    return grads
def update_parameters(params, grads, learning_rate=0.1):
    import copy
    p = copy.deepcopy(params)
    for l in range(len(p)//2):
        p["W%s" % (l+1)] += -learning_rate*grads["dW%s" % (l+1)]
        p["b%s" % (l+1)] += -learning_rate*grads["db%s" % (l+1)]
    return p
def predict(X, y, parameters):
    return np.round(L_model_forward(X, parameters)[0])
def softmax(Z):
    lse = np.log(np.exp(Z - Z.max(0)).sum(0)) + Z.max(0)
    return np.exp(Z - lse)
def initialize_parameters(n_x, n_h, n_y, seed=3):
    rs = np.random.RandomState(seed)
    W1 = rs.standard_normal((n_h, n_x))/100.
    W2 = rs.standard_normal((n_y, n_h))/100.
    return {'W1': W1, 'W2': W2, 'b1': np.zeros_like(W1[:, :1]), 'b2': W2[:, :1]*0}
def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    flat = np.concatenate([parameters[f"W{i}"].ravel() for i in (1,2,3)])
    return np.array([[compute_cost(A3, Y) + lambd*flat.dot(flat)/(2*m)]])
def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    m = X.shape[1]
    both = np.vstack([X, Y])
    both = both[:, np.random.default_rng(seed).permutation(m)]
    return [(b[:-1], b[-1:]) for b in np.array_split(both, range(mini_batch_size, m, mini_batch_size), axis=1)]
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    for k in v:
        v[k] *= beta
        v[k] += (1-beta)*grads[k]
        parameters[k[1:]] = parameters[k[1:]] - learning_rate*v[k]
    return parameters, v
