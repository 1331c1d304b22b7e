import numpy as np
from functools import reduce
def sigmoid(Z):
    A = np.where(Z >= 0, 1/(1+np.exp(-np.abs(Z))), np.exp(-np.abs(Z))/(1+np.exp(-np.abs(Z))))
    return A, Z
def relu(Z):
    return (np.abs(Z)+Z)/2, Z
def sigmoid_backward(dA, cache):
    t = np.tanh(cache/2)
    return 0.25*dA*(1-t**2)
def relu_backward(dA, cache):
    dZ = np.array(dA, copy=True)
    dZ[cache <= 0] = 0
    return dZ
def linear_forward(A, W, b):
    Z = np.array([[sum(w*a for w, a in zip(row, col)) + bb[0] for col in A.T] for row, bb in zip(W, b)])
    return Z, (A, W, b)
def linear_activation_forward(A_prev, W, b, activation):
    Z, lc = linear_forward(A_prev, W, b)
    f = {"sigmoid": sigmoid, "relu": relu}[activation]
    A, ac = f(Z)
    return A, (lc, ac)
def L_model_forward(X, parameters):
    L = len(parameters)//2
    caches = []
    A = X
    for l in range(1, L):
        A_prev = A
        A, cache = linear_activation_forward(A_prev, parameters['W'+str(l)], parameters['b'+str(l)], "relu")
        caches.append(cache)
    AL, cache = linear_activation_forward(A, parameters['W'+str(L)], parameters['b'+str(L)], "sigmoid")
    caches.append(cache)
    assert AL.shape == (1, X.shape[1])
    return AL, caches
def compute_cost(AL, Y):
    m = Y.shape[1]
    eps = 1e-15
    AL = np.clip(AL, eps, 1-eps)
    cost = (-np.dot(Y, np.log(AL).T) - np.dot(1-Y, np.log(1-AL).T))/m
    return np.squeeze(cost)
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.einsum('ik,jk->ij', dZ, A_prev)/m
    db = np.dot(dZ, np.ones((m,1)))/m
    dA_prev = (dZ.T @ W).T
    return dA_prev, dW, db
def linear_activation_backward(dA, cache, activation):
    linear_cache, activation_cache = cache
    if activation == "relu":
        dZ = relu_backward(dA, activation_cache)
    elif activation == "sigmoid":
        dZ = sigmoid_backward(dA, activation_cache)
    return linear_backward(dZ, linear_cache)
def L_model_backward(AL, Y, caches):
    grads = {}
    L = len(caches)
    m = AL.shape[1]
    Y = Y.reshape(AL.shape)
    dZ = AL - Y
    (A_prev, W, b), Z = caches[-1]
    grads["dA"+str(L)], grads["dW"+str(L)], grads["db"+str(L)] = linear_backward(dZ, (A_prev, W, b))
    for l in reversed(range(L-1)):
        grads["dA"+str(l+1)], grads["dW"+str(l+1)], grads["db"+str(l+1)] = linear_activation_backward(grads["dA"+str(l+2)], caches[l], "relu")
    return grads
def update_parameters(parameters, grads, learning_rate):
    for k in parameters:
        parameters[k] -= learning_rate*grads['d'+k]
    return parameters
def initialize_parameters(n_x, n_h, n_y):
    rng = np.random.default_rng()
    return dict(W1=rng.normal(scale=.01, size=(n_h,n_x)), b1=np.zeros([n_h,1]), W2=.01*rng.standard_normal((n_y,n_h)), b2=np.zeros([n_y,1]))
def initialize_parameters_deep(layer_dims):
    np.random.seed(1)
    parameters = {}
    L = len(layer_dims)
    for l in range(1, L):
        parameters['W' + str(l)] = np.random.randn(layer_dims[l], layer_dims[l-1]) / np.sqrt(layer_dims[l-1])
        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters
def initialize_parameters_he(layers_dims):
    p = {}
    for i,(a,b) in enumerate(zip(layers_dims, layers_dims[1:])):
        p[f"W{i+1}"] = np.random.normal(0, np.sqrt(2./a), (b,a)); p[f"b{i+1}"] = np.zeros((b,1))
    return p
def predict(X, y, parameters):
    m = X.shape[1]
    p = np.zeros((1,m))
    probas, caches = L_model_forward(X, parameters)
    for i in range(0, probas.shape[1]):
        if probas[0,i] > 0.5:
            p[0,i] = 1
        else:
            p[0,i] = 0
    print("Accuracy: "  + str(np.sum((p == y)/m)))
    return p
def two_layer_model(X, Y, layers_dims, learning_rate = 0.0075, num_iterations = 3000, print_cost=False):
    np.random.seed(1)
    grads = {}
    costs = []
    m = X.shape[1]
    (n_x, n_h, n_y) = layers_dims
    parameters = initialize_parameters(n_x, n_h, n_y)
    W1 = parameters["W1"]; b1 = parameters["b1"]; W2 = parameters["W2"]; b2 = parameters["b2"]
    for i in range(0, num_iterations):
        A1, cache1 = linear_activation_forward(X, W1, b1, "relu")
        A2, cache2 = linear_activation_forward(A1, W2, b2, "sigmoid")
        cost = compute_cost(A2, Y)
        dA2 = - (np.divide(Y, A2) - np.divide(1 - Y, 1 - A2))
        dA1, dW2, db2 = linear_activation_backward(dA2, cache2, "sigmoid")
        dA0, dW1, db1 = linear_activation_backward(dA1, cache1, "relu")
        grads['dW1'] = dW1; grads['db1'] = db1; grads['dW2'] = dW2; grads['db2'] = db2
        parameters = update_parameters(parameters, grads, learning_rate)
        W1 = parameters["W1"]; b1 = parameters["b1"]; W2 = parameters["W2"]; b2 = parameters["b2"]
        if print_cost and i % 100 == 0:
            print("Cost after iteration {}: {}".format(i, np.squeeze(cost)))
            costs.append(cost)
    return parameters
def L_layer_model(X, Y, layers_dims, learning_rate = 0.0075, num_iterations = 3000, print_cost=False):
    np.random.seed(1)
    costs = []
    parameters = initialize_parameters_deep(layers_dims)
    for i in range(0, num_iterations):
        AL, caches = L_model_forward(X, parameters)
        cost = compute_cost(AL, Y)
        grads = L_model_backward(AL, Y, caches)
        parameters = update_parameters(parameters, grads, learning_rate)
    return parameters, costs
def random_mini_batches(X, Y, mini_batch_size = 64, seed = 0):
    np.random.seed(seed)
    m = X.shape[1]
    mini_batches = []
    permutation = list(np.random.permutation(m))
    shuffled_X = X[:, permutation]
    shuffled_Y = Y[:, permutation].reshape((1,m))
    import math
    num_complete_minibatches = math.floor(m/mini_batch_size)
    for k in range(0, num_complete_minibatches):
        mini_batches.append((shuffled_X[:, k*mini_batch_size : (k+1)*mini_batch_size], shuffled_Y[:, k*mini_batch_size : (k+1)*mini_batch_size]))
    if m % mini_batch_size != 0:
        mini_batches.append((shuffled_X[:, num_complete_minibatches*mini_batch_size : m], shuffled_Y[:, num_complete_minibatches*mini_batch_size : m]))
    return mini_batches
def initialize_velocity(parameters):
    L = len(parameters) // 2
    v = {}
    for l in range(L):
        v["dW" + str(l+1)] = np.zeros((parameters["W"+str(l+1)].shape[0], parameters["W"+str(l+1)].shape[1]))
        v["db" + str(l+1)] = np.zeros((parameters["b"+str(l+1)].shape[0], parameters["b"+str(l+1)].shape[1]))
    return v
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    L = len(parameters) // 2
    for l in range(L):
        for q in "Wb":
            n = q+str(l+1)
            v["d"+n] = beta*v["d"+n]+(1-beta)*grads["d"+n]
            parameters[n] = parameters[n]-learning_rate*v["d"+n]
    return parameters, v
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate = 0.01, beta1 = 0.9, beta2 = 0.999,  epsilon = 1e-8):
    L = len(parameters) // 2
    v_corrected = {}; s_corrected = {}
    for l in range(L):
        for q in "Wb":
            n = "d"+q+str(l+1)
            v[n] = beta1*v[n]+(1-beta1)*grads[n]
            v_corrected[n] = v[n]/(1-beta1**t)
            s[n] = beta2*s[n]+(1-beta2)*np.square(grads[n])
            s_corrected[n] = s[n]/(1-np.power(beta2,t))
            parameters[n[1:]] = parameters[n[1:]]-learning_rate*np.divide(v_corrected[n], np.sqrt(s_corrected[n])+epsilon)
    return parameters, v, s
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum(axis=0)
