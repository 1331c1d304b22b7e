"""The functions that the course's assignments ask learners to write, under their own names, over `equations/`.

They are those of deeplearning.ai's "Neural Networks and Deep Learning" (week 4) and "Improving Deep Neural Networks"
(weeks 1 and 2). Features go down and examples across: X is (n_x, m), Y is (1, m), W{l} is (n_l, n_{l-1}), b{l} is
(n_l, 1). dA and dZ are per example, m times the derivative of the cost; the 1/m stands in dW and db.

No argument is ever changed: what moves is returned anew. `seed=` gives the numbers that NumPy's legacy generator gives
after `np.random.seed(seed)`, and leaves that generator alone. Shapes that do not fit raise `DataError`.
"""

from __future__ import annotations  # so that help() shows ArrayLike, and not the screenful that it stands for

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py, xlogy

from lamina.equations.activations import ACTIVATIONS, Pair
from lamina.equations.differences import central_differences, compare
from lamina.equations.layers import Dropout, Linear
from lamina.equations.optimisers import Adam, GradientDescent, Momentum
from lamina.equations.types import Array, Optimiser
from lamina.errors import DataError, DataWarning, DivergenceWarning, SettingError, nearest

Arrays = dict[str, Array]
Named = Mapping[str, Any]  # W1, b1, ..., WL, bL; or dW1, db1, ..., dWL, dbL
LinearCache = tuple[Array, Array, Array]  # A_prev, W, b
LayerCache = tuple[LinearCache, Array]  # linear cache, Z

CACHE = "Z1 A1 W1 b1 Z2 A2 W2 b2 Z3 A3 W3 b3"
DROPOUT_CACHE = "Z1 D1 A1 W1 b1 Z2 D2 A2 W2 b2 Z3 A3 W3 b3"
GRADIENT_CHECK_LIMIT = 2e-7  # the course's line between right and wrong


def check(name: str, function: Callable[..., Any], **how: Any) -> Any:
    """Call your own function of the course on many cases, and name its mistake: `lamina.glassbox.doctor.check`."""
    from lamina.glassbox.doctor import check

    return check(name, function, **how)


# ---- week 4: activations ----


def sigmoid(Z: ArrayLike) -> tuple[Array, Array]:
    """A = 1 / (1 + e^-Z). Return A and the cache Z, both of Z's shape."""
    return _activate("sigmoid", Z)


def relu(Z: ArrayLike) -> tuple[Array, Array]:
    """A = max(0, Z). Return A and the cache Z, both of Z's shape."""
    return _activate("relu", Z)


def sigmoid_backward(dA: ArrayLike, cache: ArrayLike) -> Array:
    """Return dZ = dA * A (1 - A), with A = sigmoid(Z) and the cache Z; all of one shape."""
    return _deactivate("sigmoid", dA, cache)


def relu_backward(dA: ArrayLike, cache: ArrayLike) -> Array:
    """Return dZ = dA where Z > 0, else 0, with the cache Z; all of one shape."""
    return _deactivate("relu", dA, cache)


# ---- parameters (the last three: improving networks, initialization) ----


def initialize_parameters(n_x: int, n_h: int, n_y: int, *, seed: int | None = 1) -> Arrays:
    """Return W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1): W = 0.01 N(0, 1), b = 0."""
    return initialize_parameters_deep((n_x, n_h, n_y), seed=seed)


def initialize_parameters_deep(layer_dims: Sequence[int], *, seed: int | None = 3) -> Arrays:
    """Return W1, b1, ..., WL, bL for L = len(layer_dims) - 1 layers: W = 0.01 N(0, 1), b = 0."""
    return _drawn(layer_dims, lambda W, n_prev: W * 0.01, seed)


def initialize_parameters_zeros(layers_dims: Sequence[int]) -> Arrays:
    """Return W1, b1, ..., WL, bL, all zero: every unit of a layer then learns the same."""
    return _drawn(layers_dims, lambda W, n_prev: np.zeros_like(W), 0)


def initialize_parameters_random(layers_dims: Sequence[int], *, seed: int | None = 3) -> Arrays:
    """Return W1, b1, ..., WL, bL: W = 10 N(0, 1), too large on purpose, b = 0."""
    return _drawn(layers_dims, lambda W, n_prev: W * 10, seed)


def initialize_parameters_he(layers_dims: Sequence[int], *, seed: int | None = 3) -> Arrays:
    """Return W1, b1, ..., WL, bL: W = sqrt(2 / n_prev) N(0, 1) (He et al. 2015), b = 0."""
    return _drawn(layers_dims, lambda W, n_prev: W * np.sqrt(2 / n_prev), seed)


# ---- week 4: forward ----


def linear_forward(A: ArrayLike, W: ArrayLike, b: ArrayLike) -> tuple[Array, LinearCache]:
    """Return Z = W A + b, of shape (n, m), and the cache (A, W, b), of shapes (n_prev, m), (n, n_prev), (n, 1)."""
    A, W, b = _float(A), _float(W), _float(b)
    _check_layer(A, W, b)
    return Linear(len(W)).forward({"W": W, "b": b}, A, None)[0], (A, W, b)


def linear_activation_forward(
    A_prev: ArrayLike, W: ArrayLike, b: ArrayLike, activation: str
) -> tuple[Array, LayerCache]:
    """Return A = g(W A_prev + b), of shape (n, m), and the cache ((A_prev, W, b), Z).

    `activation` is "sigmoid", "relu" or any other name of `ACTIVATIONS`.
    """
    Z, linear_cache = linear_forward(A_prev, W, b)
    A, activation_cache = _activate(activation, Z)
    return A, (linear_cache, activation_cache)


def L_model_forward(X: ArrayLike, parameters: Named) -> tuple[Array, list[LayerCache]]:
    """Relu layers 1 to L-1, then a sigmoid layer: return A[L], of shape (n_L, m), and the cache of every layer."""
    L = len(_names(parameters)) // 2
    A, caches = _float(X), []
    for layer in range(1, L + 1):
        W, b = _float(parameters[f"W{layer}"]), _float(parameters[f"b{layer}"])
        _check_layer(A, W, b, "X" if layer == 1 else f"A{layer - 1}", str(layer))
        A, cache = linear_activation_forward(A, W, b, "relu" if layer < L else "sigmoid")
        caches.append(cache)
    return A, caches


def compute_cost(AL: ArrayLike, Y: ArrayLike) -> np.float64:
    """J = -(1/m) Σ Y log(AL) + (1 - Y) log(1 - AL), with 0 log 0 = 0.

    Parameters
    ----------
    AL, Y : array, shape (1, m)
        Y may be real numbers. With several rows, their costs are added.

    Warns
    -----
    DataWarning
        Where J is infinite (AL is 0 or 1 against its label) or not a number (AL outside 0 to 1, or NaN); where labels
        are neither 0 nor 1; where AL and Y stand upright, as (m, 1).
    """
    AL, Y = _pair(AL, Y)
    _warn_of_labels(Y)
    J = _cost(AL, Y)
    if not np.isfinite(J):
        why = "AL is exactly 0 or 1 where Y says otherwise" if np.isinf(J) else "AL leaves 0 to 1, or there is a NaN"
        warnings.warn(f"the cost is {J}: {why}; expected 0 < AL < 1", DataWarning, stacklevel=2)
    return J


def _cost(AL: Array, Y: Array) -> np.float64:
    loss = -(xlogy(Y, AL) + xlog1py(1 - Y, -AL))  # (1, m)
    return np.float64(np.sum(np.where((AL < 0) | (AL > 1), np.nan, loss)) / AL.shape[1])


# ---- week 4: backward ----


def linear_backward(dZ: ArrayLike, cache: LinearCache) -> tuple[Array, Array, Array]:
    """dW = (1/m) dZ A_prevᵀ, db = (1/m) Σ dZ, dA_prev = Wᵀ dZ.

    Parameters
    ----------
    dZ : array, shape (n, m)
    cache : (A_prev, W, b)

    Returns
    -------
    dA_prev, dW, db : array
        Of the shapes of A_prev, W and b.
    """
    dZ, (A_prev, W, b) = _float(dZ), (_float(part) for part in _linear_cache(cache))
    _check_layer(A_prev, W, b)
    _check_same("dZ", dZ, "W A_prev + b", (len(W), A_prev.shape[1]))
    layer, p, kept = Linear(len(W)), {"W": W, "b": b}, {"A_prev": A_prev}
    grads = layer.gradients(p, dZ, kept)
    return layer.backward(p, dZ, kept), grads["W"], grads["b"]


def linear_activation_backward(dA: ArrayLike, cache: LayerCache, activation: str) -> tuple[Array, Array, Array]:
    """dZ = dA * g'(Z), then `linear_backward`: return dA_prev, dW, db. The cache is ((A_prev, W, b), Z)."""
    linear_cache, Z = _layer_cache(cache)
    return linear_backward(_deactivate(activation, dA, Z), linear_cache)


def L_model_backward(AL: ArrayLike, Y: ArrayLike, caches: Sequence[LayerCache]) -> Arrays:
    """dA[L] = -(Y/AL) + (1-Y)/(1-AL), then back through the sigmoid layer and the relu layers.

    AL need not be the output of a forward pass: the sigmoid's derivative is taken at the Z of the last cache.

    Parameters
    ----------
    AL, Y : array, shape (n_L, m)
    caches : sequence of ((A_prev, W, b), Z)
        As from `L_model_forward`.

    Returns
    -------
    grads : dict
        dA0 .. dA{L-1}, dW1 .. dW{L}, db1 .. db{L}. dA{l} is the derivative by A[l]: dA0 is that by X.
    """
    if len(caches) == 0:
        raise DataError("caches is empty: expected one cache per layer, as L_model_forward returns them")
    AL, Y = _pair(AL, Y)
    _warn_of_labels(Y)
    return _backward(AL, Y, caches)


def _backward(AL: Array, Y: Array, caches: Sequence[LayerCache]) -> Arrays:
    L, (linear_cache, Z) = len(caches), _layer_cache(caches[-1])
    back, grads = linear_backward(_d_log_loss_sigmoid(AL, Y, _float(Z)), linear_cache), Arrays()
    for layer in range(L, 0, -1):
        if layer < L:
            back = linear_activation_backward(grads[f"dA{layer}"], caches[layer - 1], "relu")
        grads[f"dA{layer - 1}"], grads[f"dW{layer}"], grads[f"db{layer}"] = back
    return grads


def update_parameters(params: Named, grads: Named, learning_rate: float) -> Arrays:
    """Return new parameters W - learning_rate dW, b - learning_rate db."""
    return _step(GradientDescent(), params, grads, {}, learning_rate)[0]


# ---- week 4: models ----


def two_layer_model(
    X: ArrayLike,
    Y: ArrayLike,
    layers_dims: Sequence[int],
    learning_rate: float = 0.0075,
    num_iterations: int = 3000,
    print_cost: bool = False,
    *,
    seed: int | None = 1,
) -> tuple[Arrays, list[np.float64]]:
    """Train a relu layer and a sigmoid layer by gradient descent; `layers_dims` is (n_x, n_h, n_y).

    Returns
    -------
    parameters : dict
        W1, b1, W2, b2; they start from `initialize_parameters`.
    costs : list
        The cost at iterations 0, 100, 200, ...; `print_cost` prints these and the last one.
    """
    if len(layers_dims) != 3:
        raise SettingError(f"layers_dims is {tuple(layers_dims)}: expected (n_x, n_h, n_y), or call L_layer_model")
    return _descend(initialize_parameters(*layers_dims, seed=seed), X, Y, learning_rate, num_iterations, print_cost)


def L_layer_model(
    X: ArrayLike,
    Y: ArrayLike,
    layers_dims: Sequence[int],
    learning_rate: float = 0.0075,
    num_iterations: int = 3000,
    print_cost: bool = False,
    *,
    seed: int | None = 1,
) -> tuple[Arrays, list[np.float64]]:
    """Train L-1 relu layers and a sigmoid layer by gradient descent; return parameters and costs as `two_layer_model`.

    They start, as in the course's application, from W = N(0, 1) / sqrt(n_prev): from 0.01 a deep network hardly learns.
    """
    start = _drawn(layers_dims, lambda W, n_prev: W / np.sqrt(n_prev), seed)
    return _descend(start, X, Y, learning_rate, num_iterations, print_cost)


def predict(X: ArrayLike, y: ArrayLike | None, parameters: Named, *, print_accuracy: bool = False) -> Array:
    """Return 1.0 where A[L] > 0.5, else 0.0, of shape (n_L, m); `y` serves only to print the accuracy."""
    AL, _ = L_model_forward(X, parameters)
    p = (AL > 0.5).astype(np.float64)
    if print_accuracy:
        print(f"Accuracy: {np.mean(p == _pair(AL, [] if y is None else y)[1])}")
    return p


# ---- improving networks: regularization, for three layers (relu, relu, sigmoid) ----


def compute_cost_with_regularization(A3: ArrayLike, Y: ArrayLike, parameters: Named, lambd: float) -> np.float64:
    """J = compute_cost(A3, Y) + (lambd / 2m) Σ W², over all the matrices of `parameters`."""
    J, m = compute_cost(A3, Y), _float(A3).shape[1]
    squares = sum(np.sum(_float(parameters[name]) ** 2) for name in _names(parameters) if name.startswith("W"))
    return np.float64(J + lambd / (2 * m) * squares)


def backward_propagation_with_regularization(
    X: ArrayLike, Y: ArrayLike, cache: Sequence[ArrayLike], lambd: float
) -> Arrays:
    """Return dZ3, dW3, db3, dA2, dZ2, ..., db1, with dZ3 = A3 - Y and (lambd / m) W added to every dW.

    The cache is (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3).
    """
    return _three_back(X, Y, _unpack(cache, CACHE), lambd=lambd)


def forward_propagation_with_dropout(
    X: ArrayLike, parameters: Named, keep_prob: float = 0.5, *, seed: int | None = 1
) -> tuple[Array, tuple[Any, ...]]:
    """Forward, where each relu is followed by A{l} = A{l} D{l} / keep_prob, with D{l} True with probability keep_prob.

    Return A3, of shape (1, m), and the cache (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, Z3, A3, W3, b3).
    """
    if len(_names(parameters)) != 6:
        raise DataError(f"parameters has {', '.join(parameters)}: expected W1, b1, W2, b2, W3, b3")
    rng, A, cache = np.random.RandomState(seed), _float(X), list[Any]()
    for layer in (1, 2):
        A, ((_, W, b), Z) = linear_activation_forward(A, parameters[f"W{layer}"], parameters[f"b{layer}"], "relu")
        D = rng.rand(*A.shape) < keep_prob
        A = _dropped(A, D, keep_prob)
        cache += [Z, D, A, W, b]
    A3, ((_, W3, b3), Z3) = linear_activation_forward(A, parameters["W3"], parameters["b3"], "sigmoid")
    return A3, (*cache, Z3, A3, W3, b3)


def backward_propagation_with_dropout(
    X: ArrayLike, Y: ArrayLike, cache: Sequence[ArrayLike], keep_prob: float
) -> Arrays:
    """Return dZ3, dW3, db3, dA2, dZ2, ..., db1, with dZ3 = A3 - Y and dA{l} = Wᵀ dZ D{l} / keep_prob.

    The cache is that of `forward_propagation_with_dropout`.
    """
    return _three_back(X, Y, _unpack(cache, DROPOUT_CACHE), keep_prob=keep_prob)


# ---- improving networks: gradient checking ----


def gradient_check_n(
    parameters: Named,
    gradients: Named,
    X: ArrayLike,
    Y: ArrayLike,
    epsilon: float = 1e-7,
    print_msg: bool = False,
    *,
    leave_out: bool = True,
) -> np.float64:
    """Return ||grad - approx|| / (||grad|| + ||approx||), with approx = (J(θ + ε) - J(θ - ε)) / 2ε for every parameter.

    J is `compute_cost` after `L_model_forward`; grad is dW1, db1, ... of `gradients`. Below 2e-7 they are right.

    What no difference can judge is left out: parameters at a kink of J, where relu stands at its 0, and derivatives
    that are lost in the rounding of J; a smaller or larger ε is taken where that helps. `print_msg` says how many, and
    `leave_out=False` gives the number as the course computes it.

    Raises
    ------
    DataError
        J or the gradients are not finite.
    """
    theta = {name: np.asarray(parameters[name], np.float64) for name in _names(parameters)}
    grad = np.concatenate([_matching(gradients, "gradients", name, theta[name]).ravel() for name in theta])
    ends = np.cumsum([array.size for array in theta.values()])[:-1]
    _, Y = _pair(L_model_forward(X, theta)[0], Y)

    def forward(flat: Array) -> tuple[Array, Array]:
        """Return Z[L] and A[L]."""
        parts = zip(theta.items(), np.split(flat, ends), strict=True)
        AL, caches = L_model_forward(X, {name: part.reshape(was.shape) for (name, was), part in parts})
        return caches[-1][1], AL

    def J(flat: Array) -> float:
        return float(_cost(forward(flat)[1], Y))

    def J_of_Z(flat: Array) -> float:
        """The same cost, without the rounding of an A[L] near 0 or 1."""
        Z = forward(flat)[0]
        return float(np.sum(np.logaddexp(0, Z) - Y * Z) / Z.shape[1])

    def of(grad: Array, approx: Array) -> np.float64:
        scale = np.linalg.norm(grad) + np.linalg.norm(approx)
        return np.float64(np.linalg.norm(grad - approx) / scale if scale != 0 else 0)

    flat, left_out = np.concatenate([array.ravel() for array in theta.values()]), []
    with np.errstate(all="ignore"):
        _check_finite(f"J is {J(flat)}", J(flat), "parameters at which the cost is finite: AL above 0 and below 1")
        _check_finite("gradients hold NaN or infinity", grad, "finite numbers")
        difference = of(grad, central_differences(J, flat, epsilon))
        if leave_out and not difference <= GRADIENT_CHECK_LIMIT:
            seen = compare(J_of_Z, flat, grad.astype(np.float64), epsilon, GRADIENT_CHECK_LIMIT)
            difference = of(grad[seen.compared], seen.approx[seen.compared])
            left_out = [("at a kink of J", seen.kink.sum()), ("below the rounding of J", seen.rounding.sum())]
    if print_msg:
        verdict = "right" if difference <= GRADIENT_CHECK_LIMIT else "wrong"
        print(f"The gradients are {verdict}: difference = {difference}")
        for where, n in left_out:
            if n:
                print(f"Left out {n} of {flat.size} parameters {where}, where differences say nothing.")
    return difference


# ---- improving networks: optimization ----


def update_parameters_with_gd(parameters: Named, grads: Named, learning_rate: float) -> Arrays:
    """Return new parameters W - learning_rate dW, b - learning_rate db."""
    return update_parameters(parameters, grads, learning_rate)


def random_mini_batches(
    X: ArrayLike, Y: ArrayLike, mini_batch_size: int = 64, seed: int | None = 0
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Shuffle the examples of X (n_x, m) and Y (1, m) alike; return a list of pairs (mini_batch_X, mini_batch_Y)."""
    X, Y = np.asarray(X), np.atleast_2d(Y)
    if X.ndim != 2 or Y.shape[1] != X.shape[1]:
        raise DataError(f"X is {X.shape}, Y is {Y.shape}: expected one column per example in both")
    if mini_batch_size < 1:
        raise SettingError(f"mini_batch_size is {mini_batch_size}: expected at least 1")
    order = np.random.RandomState(seed).permutation(X.shape[1])
    cuts = (order[k : k + mini_batch_size] for k in range(0, len(order), mini_batch_size))
    return [(X[:, cut], Y[:, cut]) for cut in cuts]


def initialize_velocity(parameters: Named) -> Arrays:
    """Return v with dW1, db1, ..., dWL, dbL: zeros of the shapes of W1, b1, ..., WL, bL."""
    return {f"d{name}": np.zeros_like(_float(parameters[name])) for name in _names(parameters)}


def update_parameters_with_momentum(
    parameters: Named, grads: Named, v: Named, beta: float, learning_rate: float
) -> tuple[Arrays, Arrays]:
    """v = beta v + (1 - beta) dW, W = W - learning_rate v, and so for b: return new parameters and a new v."""
    optimiser = Momentum(beta1=float(beta), dampening=float(beta))
    moved, memory = _step(optimiser, parameters, grads, {"v": v}, learning_rate)
    return moved, memory["v"]


def initialize_adam(parameters: Named) -> tuple[Arrays, Arrays]:
    """Return v and s, each as from `initialize_velocity`."""
    return initialize_velocity(parameters), initialize_velocity(parameters)


def update_parameters_with_adam(
    parameters: Named,
    grads: Named,
    v: Named,
    s: Named,
    t: int,
    learning_rate: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Arrays, Arrays, Arrays, Arrays, Arrays]:
    """Take the t-th step of Adam, counted from 1 (Kingma and Ba 2015).

    v = beta1 v + (1 - beta1) dW        v_corrected = v / (1 - beta1^t)
    s = beta2 s + (1 - beta2) dW²       s_corrected = s / (1 - beta2^t)
    W = W - learning_rate v_corrected / (sqrt(s_corrected) + epsilon)

    Return new parameters, v, s, v_corrected, s_corrected (the course's first version returned three of them).
    """
    if t < 1:
        raise SettingError(f"t is {t}: expected the number of this step, counted from 1")
    beta1, beta2 = float(beta1), float(beta2)
    optimiser = Adam(beta1=beta1, beta2=beta2, epsilon=float(epsilon))
    moved, memory = _step(optimiser, parameters, grads, {"v": v, "s": s}, learning_rate, t)
    v_corrected = {name: array / (1 - beta1**t) for name, array in memory["v"].items()}
    s_corrected = {name: array / (1 - beta2**t) for name, array in memory["s"].items()}
    return moved, memory["v"], memory["s"], v_corrected, s_corrected


# ---- what they share ----


def _float(values: ArrayLike) -> Array:
    array = np.asarray(values)
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float64)


def _row(activation: str) -> Pair:
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise SettingError(f"activation is {activation!r}: expected one of {known}.{nearest(activation, ACTIVATIONS)}")
    return ACTIVATIONS[activation]


def _activate(activation: str, Z: ArrayLike) -> tuple[Array, Array]:
    Z = _float(Z)
    return _row(activation).g(Z), Z


def _deactivate(activation: str, dA: ArrayLike, Z: ArrayLike) -> Array:
    """dA * g'(Z)."""
    if isinstance(Z, tuple):
        raise DataError(f"the cache has the shapes {_shown(Z)}: expected Z alone, as {activation} returns it beside A")
    dA, (A, Z) = _float(dA), _activate(activation, Z)
    _check_same("dA", dA, "Z", Z.shape)
    with np.errstate(invalid="ignore"):
        dZ = dA * _row(activation).dg(Z, A)
    if np.isnan(dZ).any() and not np.isnan(dA).any() and not np.isnan(Z).any():
        warnings.warn(
            f"dZ is NaN: dA is infinite where the slope of {activation} is 0. There A is exactly 0 or 1, and dA[L] "
            "divides by it. The limit of the product is dZ[L] = A[L] - Y, which L_model_backward takes.",
            DataWarning,
            stacklevel=3,
        )
    return dZ


def _d_log_loss_sigmoid(AL: Array, Y: Array, Z: Array) -> Array:
    """(-(Y/AL) + (1-Y)/(1-AL)) * g'(Z), where 0/0 is 0.

    Where the sigmoid rounds to 0 or 1 and AL is that sigmoid, this would be infinity times 0: its limit is AL - Y.
    """
    _check_same("AL", AL, "Z of the last cache", Z.shape)
    A, _ = sigmoid(Z)
    with np.errstate(divide="ignore", invalid="ignore"):
        dAL = np.where(Y == 1, 0, (1 - Y) / (1 - AL)) - np.where(Y == 0, 0, Y / AL)
        dZ = dAL * _row("sigmoid").dg(Z, A)
    return np.where((AL == A) & ((A == 0) | (A == 1)), AL - Y, dZ)


def _drawn(layers_dims: Sequence[int], scaled: Callable[[Array, int], Array], seed: int | None) -> Arrays:
    sizes = [int(n) for n in layers_dims]
    if len(sizes) < 2 or min(sizes) < 1:
        raise SettingError(f"layers_dims is {tuple(layers_dims)}: expected sizes n_x, ..., n_y, at least two, all >= 1")
    rng, parameters = np.random.RandomState(seed), Arrays()
    for layer, (n_prev, n) in enumerate(itertools.pairwise(sizes), start=1):
        parameters[f"W{layer}"] = scaled(rng.randn(n, n_prev), n_prev)
        parameters[f"b{layer}"] = np.zeros((n, 1))
    return parameters


def _descend(
    parameters: Arrays, X: ArrayLike, Y: ArrayLike, learning_rate: float, num_iterations: int, print_cost: bool
) -> tuple[Arrays, list[np.float64]]:
    costs, (X, Y) = [], (_float(X), _float(Y))
    _warn_of_labels(Y)
    for i in range(num_iterations):
        with np.errstate(over="ignore", invalid="ignore"):  # said below
            AL, caches = L_model_forward(X, parameters)
            AL, Y = _pair(AL, Y)
            moved = update_parameters(parameters, _backward(AL, Y, caches), learning_rate)
        if not all(np.isfinite(array).all() for array in (AL, *moved.values())):
            _warn_of_divergence(i, learning_rate)
            break
        parameters = moved
        if i % 100 == 0:
            costs.append(_cost(AL, Y))
        if print_cost and (i % 100 == 0 or i == num_iterations - 1):
            print(f"Cost after iteration {i}: {_cost(AL, Y)}")
    else:
        if num_iterations >= ENOUGH_TO_LEARN:
            _warn_of_nothing_learned(AL, Y, num_iterations)
    return parameters, costs


def _warn_of_divergence(i: int, learning_rate: float) -> None:
    warnings.warn(
        f"Training left the finite numbers in iteration {i} and ended; the parameters are those before it. The "
        f"learning rate {learning_rate:g} is too high, or X too large: lower the rate, or scale X to about -1 to 1.",
        DivergenceWarning,
        stacklevel=4,
    )


ENOUGH_TO_LEARN = 500  # iterations
ALL_ALIKE = 1e-3  # probabilities that differ by less


def _warn_of_nothing_learned(AL: Array, Y: Array, num_iterations: int) -> None:
    """Warn where every example still gets the same probability, and their labels differ."""
    if np.max(np.ptp(AL, axis=1)) < ALL_ALIKE and np.ptp(Y) > 0:
        warnings.warn(
            f"After {num_iterations} iterations every example gets the same probability, {AL.mean():.4f}: nothing was "
            "learned. Weights that start at 0 or too small do that, a learning rate that is too low, or units that are "
            "all off.",
            DataWarning,
            stacklevel=4,
        )


def _step(
    optimiser: Optimiser, parameters: Named, grads: Named, memory: Mapping[str, Named], learning_rate: float, t: int = 1
) -> tuple[Arrays, dict[str, Arrays]]:
    """Return new parameters and a new memory: an optimiser moves its memory in place, so it gets a copy."""
    moved, moved_memory = Arrays(), {what: Arrays() for what in memory}
    for name in _names(parameters):
        parameter = _float(parameters[name])
        grad = _matching(grads, "grads", name, parameter)
        copies = np.array([_matching(memory[what], what, name, parameter) for what in optimiser.remembers])
        moved[name] = parameter - float(learning_rate) * optimiser.direction(copies, grad, t)
        for what, copy in zip(optimiser.remembers, copies, strict=True):
            moved_memory[what][f"d{name}"] = copy
    return moved, moved_memory


def _dropped(A: Array, D: Any, keep_prob: float) -> Array:
    """A D / keep_prob: the same product on the way forward and on the way back."""
    if not 0 < keep_prob <= 1:
        raise SettingError(f"keep_prob is {keep_prob}: expected a probability above 0, at most 1")
    return Dropout(1 - keep_prob).backward({}, A, {"D": D, "scale": 1 / float(keep_prob)})


def _three_back(X: ArrayLike, Y: ArrayLike, cache: Arrays, *, lambd: float = 0.0, keep_prob: float = 1.0) -> Arrays:
    A3, Y = _pair(cache["A3"], Y)
    A, m, grads = {0: _float(X), 1: cache["A1"], 2: cache["A2"]}, A3.shape[1], Arrays()
    dZ: Array = A3 - Y  # dA[3] * g'(Z[3]), as the assignment writes it
    for layer in (3, 2, 1):
        W = cache[f"W{layer}"]
        dA, dW, db = linear_backward(dZ, (A[layer - 1], W, cache[f"b{layer}"]))
        grads |= {f"dZ{layer}": dZ, f"dW{layer}": dW + float(lambd) / m * W, f"db{layer}": db}
        if layer > 1:
            D = cache.get(f"D{layer - 1}")
            grads[f"dA{layer - 1}"] = dA = dA if D is None else _dropped(dA, D, keep_prob)
            dZ = relu_backward(dA, A[layer - 1])  # A > 0 just where Z > 0
    return grads


# ---- checks at the door ----


def _shown(cache: Any) -> str:
    """Return what a cache is, by the shapes of its arrays."""
    if isinstance(cache, tuple | list):
        parts = [_shown(part) for part in cache[:6]] + ["..."] * (len(cache) > 6)
        return f"({', '.join(parts)})"
    return str(np.shape(cache)) if isinstance(cache, np.ndarray) else type(cache).__name__


def _linear_cache(cache: Any) -> Any:
    """Return (A_prev, W, b), or say what was found."""
    if not isinstance(cache, tuple | list) or len(cache) != 3 or any(isinstance(part, tuple) for part in cache):
        layer = isinstance(cache, tuple | list) and len(cache) == 2 and isinstance(cache[0], tuple | list)
        hint = "; this is a cache of linear_activation_forward: take its first part" if layer else ""
        raise DataError(f"the cache has the shapes {_shown(cache)}: expected (A_prev, W, b), of linear_forward{hint}")
    return cache


def _layer_cache(cache: Any) -> Any:
    """Return ((A_prev, W, b), Z), or say what was found."""
    if not isinstance(cache, tuple | list) or len(cache) != 2 or not isinstance(cache[0], tuple | list):
        raise DataError(
            f"the cache has the shapes {_shown(cache)}: expected ((A_prev, W, b), Z), of linear_activation_forward"
        )
    return cache


def _check_finite(found: str, values: Any, expected: str) -> None:
    if not np.isfinite(values).all():
        raise DataError(f"{found}: expected {expected}")


def _warn_of_labels(Y: Array) -> None:
    """Warn of labels that are neither 0 nor 1, since the cost reads them as probabilities."""
    strange = np.unique(Y[~np.isin(Y, (0, 1)) & ~np.isnan(Y)])
    if strange.size:
        some = ", ".join(f"{value:g}" for value in strange[:3]) + (", ..." if strange.size > 3 else "")
        beyond = strange.min() < 0 or strange.max() > 1
        cure = "the cost can then fall below 0. Take Y = (Y == the positive label)" if beyond else "1 is yes, 0 is no"
        warnings.warn(f"Y holds {some}: expected labels of 0 and 1; {cure}.", DataWarning, stacklevel=3)


def _check_layer(A: Array, W: Array, b: Array, below: str = "A_prev", layer: str = "") -> None:
    if A.ndim != 2 or W.ndim != 2:
        raise DataError(f"{below} is {A.shape}, W{layer} is {W.shape}: expected (n_prev, m) and (n, n_prev)")
    if W.shape[1] != len(A):
        hint = "; features go down, examples across" if W.shape[1] == A.shape[1] else ""
        raise DataError(f"W{layer} is {W.shape}, {below} has {len(A)} rows: expected {W.shape[1]}{hint}")
    if b.shape != (len(W), 1):
        raise DataError(f"b{layer} is {b.shape}, W{layer} is {W.shape}: expected a column b{layer}, {(len(W), 1)}")


def _check_same(name: str, array: Array, other: str, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise DataError(f"{name} is {array.shape}, {other} is {shape}: expected the same shape")


def _pair(AL: ArrayLike, Y: ArrayLike) -> tuple[Array, Array]:
    """Return both as floats; the labels of a single unit may be a flat vector."""
    AL, Y = _float(AL), _float(Y)
    if AL.ndim == 2 and len(AL) == 1 and Y.size == AL.size:
        Y = Y.reshape(AL.shape)
    if AL.ndim != 2 or AL.shape != Y.shape or AL.size == 0:
        raise DataError(f"AL is {AL.shape}, Y is {Y.shape}: expected both to be (1, m), one column per example")
    if AL.shape[1] == 1 and len(AL) > 1:
        warnings.warn(
            f"AL is {AL.shape}: taken as {len(AL)} output units and one example. For {len(AL)} examples of one unit, "
            f"expected (1, {len(AL)}): AL.T.",
            DataWarning,
            stacklevel=3,
        )
    return AL, Y


def _names(parameters: Named) -> list[str]:
    """Return W1, b1, ..., WL, bL."""
    L = max(1, sum(str(name).startswith("W") for name in parameters))
    names = [f"{kind}{layer}" for layer in range(1, L + 1) for kind in "Wb"]
    if set(names) != set(parameters):
        raise DataError(f"parameters has {', '.join(map(str, parameters)) or 'nothing'}: expected {', '.join(names)}")
    return names


def _matching(arrays: Named, what: str, parameter_name: str, parameter: Array) -> Array:
    name = f"d{parameter_name}"
    if name not in arrays:
        spelled = [other for other in arrays if str(other).lower().replace("_", "").endswith(parameter_name.lower())]
        hint = f" Is it {spelled[0]!r}?" if spelled else ""
        raise DataError(f"{what} has no {name!r}: expected one array for every parameter.{hint}")
    array = _float(arrays[name])
    _check_same(f"{name} of {what}", array, parameter_name, parameter.shape)
    return array


def _unpack(cache: Sequence[ArrayLike], names: str) -> Arrays:
    expected = names.split()
    if len(cache) != len(expected):
        raise DataError(f"cache has {len(cache)} arrays: expected {len(expected)}: {', '.join(expected)}")
    return {name: _float(array) for name, array in zip(expected, cache, strict=True)}
