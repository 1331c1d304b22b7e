"""The steps of workers that learn together: `train_steps`, as one of them takes it.

    same-bits      gradients of the leaves of a batch, added in a fixed tree: the same bits for any number of workers
    bfloat16       the same, with every sum of the tree rounded: half the bytes, and still the same bits
    plain          one gradient over all of a worker's rows, added by whatever carries the messages
    local steps    each worker moves by itself, and now and then all continue from their mean

Rows that others take need not be there: the order has -1 in their places.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engine import Engine
from lamina.equations.network import Network
from lamina.equations.rounding import round_to_bfloat16
from lamina.equations.steps import Steps
from lamina.equations.verbs import d_penalty, penalty
from lamina.learning.group import PLAIN, SAME_BITS, Apart, Group
from lamina.learning.leaves import Subtree, Sums, leaf_rows, leaves_of, rows_of
from lamina.learning.precision import BFLOAT16

BESIDE_THE_GRADIENT = 3  # numbers of a message: the cost in two parts, and how many workers ask to stop

Vector = NDArray[np.floating]
Piece = Callable[[int, slice], tuple[float, Vector]]  # (step, rows of its batch) -> their part of cost and gradient
Message = Callable[[Group, Piece, int, int, Any, int], Vector]


def train_steps_together(engine: Engine, group: Group, pass_ends: int) -> Callable[..., Any]:
    """Return the verb `train_steps` for one worker of a group.

    Parameters
    ----------
    engine : Engine
    group : Group
    pass_ends : int
        The number of the first step of the next pass: at the end of a pass all have the same bits.
    """
    return _local_steps(engine, group, pass_ends) if group.together.local_steps > 1 else _steps(engine, group)


def _steps(engine: Engine, group: Group) -> Callable[..., Any]:
    """One message a step: it brings cost and gradient of the batch, and all take the same step."""
    summed = SUMS[group.together.sums]

    def train_steps(
        network: Network, optimiser: Any, params: Any, memory: Any, X: Any, Y: Any, weights: Any, order: Any, how: Steps
    ) -> Any:
        costs, W, n = np.empty(len(how.rates)), network.spans["weights"], how.examples or len(order)
        piece = _pieces(engine, network, params, (X, Y, weights), order, how)
        for k, rate in enumerate(how.rates):
            began = time.perf_counter()
            rows, summing = len(order[k * how.batch_size : (k + 1) * how.batch_size]), group.summing
            message = summed(group, piece, k, rows, params.dtype, network.size)
            grads, (high, low, asked) = message[: network.size], message[network.size :]
            J = float(high) + float(low) + penalty(network, params, n)
            grads[W] += d_penalty(network, params, n)
            if not (np.isfinite(J) and np.isfinite(grads).all()):
                return costs[:k]
            engine.update(network, optimiser, params, grads, memory, float(rate), how.step + k, how.decay(k))
            costs[k] = J
            group.computing += time.perf_counter() - began - (group.summing - summing)
            if asked:
                group.halted = True
                return costs[: k + 1]
        return costs

    return train_steps


def _local_steps(engine: Engine, group: Group, pass_ends: int) -> Callable[..., Any]:
    """Steps of each worker with its rows of every batch; then all continue from the mean of parameters and memory.

    They meet after every `local_steps` steps, counted from the first of the run, and at the end of a pass. What a cost
    is at the meeting is the cost of all steps since the last one: those before it cost 0.
    """

    def train_steps(
        network: Network, optimiser: Any, params: Any, memory: Any, X: Any, Y: Any, weights: Any, order: Any, how: Steps
    ) -> Any:
        costs, W, n = np.zeros(len(how.rates)), network.spans["weights"], how.examples or len(order)
        piece = _pieces(engine, network, params, (X, Y, weights), order, how)
        met = 0  # so many of these steps are done by all
        for k, rate in enumerate(how.rates):
            began, step = time.perf_counter(), how.step + k
            rows = len(order[k * how.batch_size : (k + 1) * how.batch_size])
            own = rows_of(rows, group.rank, group.size)
            apart = group.apart or Apart(params.copy(), memory.copy())
            mine, J = own.stop - own.start, 0.0
            if mine:
                J, grads = piece(k, own)
                J = J * rows / mine + penalty(network, params, n)  # the mean over its own rows
                grads *= params.dtype.type(rows / mine)
                grads[W] += d_penalty(network, params, n)
                engine.update(network, optimiser, params, grads, memory, float(rate), step, how.decay(k))
            group.apart = apart.moved(rows, mine, J)
            group.computing += time.perf_counter() - began
            if (step + 1) % group.together.local_steps and step + 1 < pass_ends:
                continue
            cost, asked = _meet(group, params, memory)
            if not np.isfinite(cost):
                return costs[:met]
            costs[k], met = cost / rows, k + 1
            if asked:
                group.halted = True
                return costs[:met]
        return costs

    return train_steps


def _meet(group: Group, params: Vector, memory: Vector) -> tuple[float, bool]:
    """Take over the mean of parameters and memory, each worker's as its rows weigh.

    Returns the sum of cost times rows since the last meeting, and whether somebody asks to stop. Where a number is not
    finite, so is the cost, and parameters and memory are those of the last meeting.
    """
    began, apart = time.perf_counter(), group.apart
    assert apart is not None
    group.apart = None
    share = params.dtype.type(apart.own_rows / apart.rows)
    n = params.size
    mine = np.empty(n + memory.size + BESIDE_THE_GRADIENT, params.dtype)
    if apart.own_rows:
        np.multiply(params, share, out=mine[:n])
        np.multiply(memory.ravel(), share, out=mine[n:-BESIDE_THE_GRADIENT])
    else:  # a weight of 0, whatever there is
        mine[:] = 0
    mine[-BESIDE_THE_GRADIENT:] = _beside(apart.own_cost, group.asks, params.dtype)
    mean = group.reduced(mine)
    group.summing += time.perf_counter() - began
    if not np.isfinite(mean).all():
        params[:], memory[:] = apart.params, apart.memory
        return np.nan, False
    params[:], memory[:] = mean[:n], mean[n:-BESIDE_THE_GRADIENT].reshape(memory.shape)
    high, low, asked = mean[-BESIDE_THE_GRADIENT:].tolist()
    return high + low, asked > 0


# ---- sums of gradients ----


def _of_leaves(group: Group, piece: Piece, k: int, rows: int, dtype: Any, size: int, rounded: int = 0) -> Vector:
    own = Sums(size + BESIDE_THE_GRADIENT, dtype, rounded)
    for leaf in leaves_of(rows, group.rank, group.size):
        J, grads = piece(k, leaf_rows(rows, leaf))
        if rounded:
            round_to_bfloat16(grads)
        own.add(Subtree(leaf, 1), _message(J, grads, group.asks))
    began = time.perf_counter()
    total = group.total(own, rows)
    group.summing += time.perf_counter() - began
    return total


def _in_half_the_bytes(group: Group, piece: Piece, k: int, rows: int, dtype: Any, size: int) -> Vector:
    return _of_leaves(group, piece, k, rows, dtype, size, rounded=size)


def _plain(group: Group, piece: Piece, k: int, rows: int, dtype: Any, size: int) -> Vector:
    own = rows_of(rows, group.rank, group.size)
    J, grads = piece(k, own) if own.stop > own.start else (0.0, np.zeros(size, dtype))
    mine = _message(J, grads, group.asks)
    began = time.perf_counter()
    total = group.reduced(mine)
    group.summing += time.perf_counter() - began
    return total


def _pieces(engine: Engine, network: Network, params: Any, rows: tuple[Any, Any, Any], order: Any, how: Steps) -> Piece:
    """Return what computes the part that some rows have in cost and gradient of their batch."""
    X, Y, weights = rows

    def piece(k: int, at: slice) -> tuple[float, Vector]:
        batch = order[k * how.batch_size : (k + 1) * how.batch_size]
        mine = batch[at]
        w = None if weights is None else weights[mine]
        place = {"seed": how.seed, "step": how.step + k, "first": at.start, "m": len(batch)}
        return engine.gradients(network, params, X[mine], Y[mine], w, **place, dropout=how.dropout(k))

    return piece


def _message(J: float, grads: Vector, asks: bool) -> Vector:
    """Return what one message says: a gradient, and what is beside it."""
    message = np.empty(len(grads) + BESIDE_THE_GRADIENT, grads.dtype)
    message[: len(grads)] = grads
    message[len(grads) :] = _beside(J, asks, grads.dtype)
    return message


def _beside(J: float, asks: bool, dtype: Any) -> tuple[Any, float, bool]:
    """Return a cost in two parts, since single precision would round it, and whether this worker asks to stop."""
    with np.errstate(invalid="ignore"):
        high = dtype.type(J)
        return high, J - float(high), asks


SUMS: dict[str, Message] = {SAME_BITS: _of_leaves, BFLOAT16: _in_half_the_bytes, PLAIN: _plain}
