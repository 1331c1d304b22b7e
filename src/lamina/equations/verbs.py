"""The verbs on a network and one flat vector of parameters: this engine defines what they mean.

engine.py chooses between these and the kernels. Rows come as X (m, n) and Y (m, targets), and are transposed
here: A[0] = X.T.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.equations.arguments import require_piece, require_sound
from lamina.equations.dropout import Dropout
from lamina.equations.layers import Residual, chain_backward, chain_forward, chain_gradients, chain_predict
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.optimisers import forget_traces
from lamina.equations.random import Key
from lamina.equations.steps import Steps, Training
from lamina.equations.types import Array, Arrays, Layer, Optimiser


def predict(network: Network, params: Array, X: Array) -> Array:
    """Return A[L], one row per example; of several bags the mean of theirs.

    It is computed in double precision: products of matrices are summed in an order that depends on the size of the
    batch, and a row's prediction must not depend on the rows beside it.

    Parameters
    ----------
    params : array, shape (size,), or (bags, size)
    X : array, shape (m, n_inputs)

    Returns
    -------
    array, shape (m, n_outputs)
    """
    if params.ndim == 2:
        return mean_of_bags([predict(network, one, X) for one in params])
    A0 = for_members(network.members, X.T.astype(np.float64))
    Z = chain_predict(network.layers, network.views(params.astype(np.float64)), A0)
    A = mean_of_members(network.members, network.loss.output(Z))
    largest = np.finfo(params.dtype).max  # an e^Z may be beyond single precision
    return np.clip(A, -largest, largest).T.astype(params.dtype)


def mean_of_bags(A: Sequence[Array]) -> Array:
    """Return the mean of what several bags predict: added up in their order, in double precision."""
    total = np.zeros(A[0].shape)
    for one in A:
        total += one
    return (total / len(A)).astype(A[0].dtype)


def cost(network: Network, params: Array, X: Array, Y: Array, weights: Array | None = None) -> float:
    """Return (1/m) Σ w_i L_i without dropout, penalty or gradient: the cost that is reported and watched.

    With several members or bags it is the cost of what they predict together.
    """
    if network.members > 1 or params.ndim == 2:
        return network.cost_of_output(predict(network, params, X), Y, weights)
    Z = chain_predict(network.layers, network.views(params), X.T)
    L = network.loss.losses(Z, Y.T)  # (m,)
    return float(np.mean(L if weights is None else weights * L))


def weighted_loss(network: Network, Z: Array, Y: Array, weights: Array | None) -> tuple[Array, Array]:
    """Return w L (m,) and w dZ[L] (units, m) of rows Y (m, targets), each once for each member."""
    Y_ = for_members(network.members, Y.T)
    L, dZ = network.loss.losses(Z, Y_), network.loss.dZ(Z, Y_)
    if weights is None:
        return L, dZ
    w = for_members(network.members, weights[None])[0]
    return w * L, w * dZ


def gradients(
    network: Network,
    params: Array,
    X: Array,
    Y: Array,
    weights: Array | None = None,
    *,
    seed: int = 0,
    step: int = 0,
    first: int = 0,
    m: int | None = None,
    dropout: float = 1.0,
) -> tuple[float, Array]:
    """Return (1/m) Σ w_i L_i over these rows and its gradient by the flat vector, without the penalty.

    Pieces of a batch add up: given the m of the whole batch and the place of their first row in it, their costs and
    gradients sum to those of the batch. (A batch normalisation normalises each piece by itself.) An objective has the
    penalty besides: `penalty` and `d_penalty`.

    Parameters
    ----------
    X : array, shape (rows, n_inputs)
    Y : array, shape (rows, targets)
    weights : array, shape (rows,), optional
        Of mean 1 over the whole training set.
    seed, step : int
        Place the random numbers of dropout.
    first : int
        Number, within the batch, of the first of these rows.
    m : int, optional
        Examples of the whole batch; these rows where it is not given.
    dropout : float
        What the rates of dropout are multiplied by.

    Returns
    -------
    J : float
    grads : array, shape (size,)
        In the places of the statistics: what the update takes off them.

    Raises
    ------
    DataError
        Rows, targets and weights of shapes that do not fit, no rows of a batch of m, or a rate of dropout above 1.
    """
    require_piece(network, X, Y, weights, step, first, m, dropout)
    layers, p = with_dropout(network.layers, dropout), network.views(params)
    A0 = for_members(network.members, X.T)
    A, caches = chain_forward(layers, p, A0, Key(seed, step, first=first * network.members))
    L, dZ = weighted_loss(network, A[-1], Y, weights)
    dA = chain_backward(layers[1:], p[1:], dZ, caches[1:])  # nobody asks for dA[0]
    grads = np.zeros_like(params)
    _gather(chain_gradients(layers, p, dA, caches), network.views(grads))
    share = len(X) / (m or len(X))
    grads *= share
    return share * float(np.mean(L)), grads


def with_dropout(layers: Sequence[Layer], factor: float) -> Sequence[Layer]:
    """Return the layers with the rates of dropout multiplied by a schedule's factor."""

    def changed(layer: Layer) -> Layer:
        if isinstance(layer, Dropout):
            return replace(layer, rate=layer.rate * factor)
        return Residual(with_dropout(layer.layers, factor)) if isinstance(layer, Residual) else layer

    return layers if factor == 1 else [changed(layer) for layer in layers]


def _gather(grads: Sequence[Arrays], into: Sequence[Arrays]) -> None:
    for found, views in zip(grads, into, strict=True):
        for role, view in views.items():
            if role == "chain":
                _gather(found[role], view)
            else:
                view[:] = found[role]


def penalty(network: Network, params: Array, examples: int) -> float:
    """(l2 / 2m) Σ W² + (l1 / m) Σ |W|, with the m of the whole training set: every batch pulls towards one cost."""
    W = params[network.spans["weights"]]
    return float(network.l2 / (2 * examples) * np.sum(W * W) + network.l1 / examples * np.sum(np.abs(W)))


def d_penalty(network: Network, params: Array, examples: int) -> Array:
    """(l2 / m) W + (l1 / m) sign(W), of the span of the weights."""
    W = params[network.spans["weights"]]
    return network.l2 / examples * W + network.l1 / examples * np.sign(W)


def update(
    network: Network,
    optimiser: Optimiser,
    params: Array,
    grads: Array,
    memory: Array,
    rate: float,
    step: int,
    decay: float = 1.0,
) -> None:
    """Move the parameters and the optimiser's memory by one step, in place.

    Parameters
    ----------
    params, grads : array, shape (size,)
        The gradient is that of the objective: of the penalty too.
    memory : array, shape (len(optimiser.remembers), size)
        Zeros at the start.
    rate : float
        The learning rate of this step.
    step : int
        Counts the steps from 0.
    decay : float
        What the optimiser's weight_decay is multiplied by.
    """
    trained = network.trained
    g, p = grads[trained], params[trained]
    if optimiser.clip_norm is not None:
        norm = float(np.linalg.norm(g))
        g = g * (optimiser.clip_norm / max(norm, optimiser.clip_norm))
    d = _direction(network, optimiser, memory[:, trained], g, step + 1)
    for slot in network.slots:
        shrink = optimiser.weight_decay * decay * slot.decay
        if slot.group == "statistics":
            params[slot.place] -= grads[slot.place]
        elif shrink == 0:
            p[slot.place] -= rate * slot.rate * d[slot.place]
        else:
            p[slot.place] -= rate * slot.rate * (d[slot.place] + shrink * p[slot.place])
    forget_traces(memory[:, trained])


def _direction(network: Network, optimiser: Optimiser, memory: Array, g: Array, t: int) -> Array:
    """Return the direction of everything that is trained; hidden matrices whole where the rule asks for that."""
    whole = getattr(optimiser, "matrix_direction", None)
    if whole is None:
        return optimiser.direction(memory, g, t)
    d = np.empty_like(g)
    for slot in network.slots:
        if slot.group == "statistics":
            continue
        m, part = memory[:, slot.place], g[slot.place]
        if slot in network.hidden_matrices:
            d[slot.place] = whole(m.reshape(-1, *slot.shape), part.reshape(slot.shape), t).ravel()
        else:
            d[slot.place] = optimiser.direction(m, part, t)
    return d


def train_steps(
    network: Network,
    optimiser: Optimiser,
    params: Array,
    memory: Array,
    X: Array,
    Y: Array,
    weights: Array | None,
    order: Any,
    steps: Steps,
) -> Any:
    """Take one step after another, and return the cost of each, with the penalty.

    Parameters
    ----------
    params, memory
        Changed in place.
    X : array, shape (rows, n_inputs)
    Y : array, shape (rows, targets)
    weights : array, shape (rows,), or None
    order : array of int
        Row numbers; step k takes `order[k * batch_size : (k + 1) * batch_size]`.
    steps : Steps

    Returns
    -------
    costs : array of float64, shape (steps done,)
        Shorter than `steps.rates` where a cost or gradient was not finite: the parameters are then those before that
        step.

    Raises
    ------
    DataError
        Shapes or numbers of steps that do not fit, or the parameters or the memory overlap with another array.
    IndexError
        The order names a row that is not there.
    """
    require_sound(network, [Training(optimiser, params, memory, X, Y, weights, order, steps)])
    size, span = steps.batch_size, network.spans["weights"]
    examples = len(order) if steps.examples is None else steps.examples
    costs = np.empty(len(steps.rates))
    for k, rate in enumerate(steps.rates):
        rows = order[k * size : (k + 1) * size]
        w, step = None if weights is None else weights[rows], steps.step + k
        part = network, params, X[rows], Y[rows], w
        with np.errstate(over="ignore", invalid="ignore"):  # said by the costs that are missing
            J, grads = gradients(*part, seed=steps.seed, step=step, dropout=steps.dropout(k))
            J += penalty(network, params, examples)
            grads[span] += d_penalty(network, params, examples)
        if not (np.isfinite(J) and np.isfinite(grads).all()):
            return costs[:k]
        update(network, optimiser, params, grads, memory, float(rate), step, steps.decay(k))
        costs[k] = J
    return costs


def train_steps_many(network: Network, trainings: Iterable[Training]) -> list[Any]:
    """Train several networks of the same layers, each with parameters, memory, rows, rates and steps of its own.

    What each becomes is what `train_steps` makes of it: no training knows of the others, and one that stops, because a
    cost or gradient is not finite, stops alone.

    Parameters
    ----------
    trainings : iterable of Training
        Their parameters and memories are changed in place. Rows may be shared.

    Returns
    -------
    list of arrays
        The costs of each, as `train_steps` returns them.

    Raises
    ------
    DataError, IndexError
        As of `train_steps`, or the parameters or the memory of one overlap with another's; none of them has moved.
    """
    trainings = list(trainings)
    require_sound(network, trainings)
    return [train_steps(network, *training) for training in trainings]
