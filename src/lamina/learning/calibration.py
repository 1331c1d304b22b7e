"""Temperature: a number that divides Z[L] so that probabilities can be taken at their word (Guo et al. 2017)."""

from collections.abc import Callable
from dataclasses import replace
from math import exp, log
from typing import Any

import numpy as np

from lamina.data.examples import Examples, InMemory
from lamina.data.folds import LeftOut
from lamina.engine import Engine
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss, SquaredError
from lamina.equations.members import MemberChoice, MemberScale
from lamina.equations.network import Network
from lamina.equations.scales import Scale
from lamina.equations.types import Loss
from lamina.learning.evaluation import cost_of

LOWEST, HIGHEST = 0.05, 20.0  # temperatures that are tried
IMAGINED = 0.25  # rows of no class in particular
GOLDEN = (5**0.5 - 1) / 2
MOST_NUMBERS = 2**27  # of Z[L] that are kept
FEWEST_ROWS = 2**16  # that are looked at, where so many were held out
TURNS = 24  # each makes the interval 0.618 times as long: 1e-5 of it is left


def temperature(network: Network, engine: Engine, params: Any, held_out: Examples) -> float:
    """Return the number that Z[L] is best divided by, for the held-out rows.

    The cost is the log loss with smoothed labels, as if a quarter of a row had been seen besides, of no class in
    particular: where all held-out rows are right, no temperature would be low enough otherwise. Platt 1999 imagines two
    rows, which makes a small table too unsure of itself.

    Parameters
    ----------
    network : Network
        Of classes, with a linear layer as its last with weights. A loss of somebody's own is left out of account: what
        probabilities are taken at their word for is the log loss.
    engine : Engine
    params : array, shape (network.size,)
    held_out : Examples
        Rows that were not learned from.
    """
    loss = network.predicting.loss
    assert isinstance(loss, BinaryLogLoss | CategoricalLogLoss)
    logits = logits_of(network, engine, params, held_out)
    end = _end_of(network, replace(loss, label_smoothing=IMAGINED / (held_out.n + IMAGINED)))

    def cost(log_T: float) -> float:
        return cost_of(end, engine, np.full(end.size, exp(-log_T), logits.X.dtype), logits)[0]

    best = lowest_point(cost, log(LOWEST), log(HIGHEST))
    return exp(best) if cost(best) < cost(0.0) else 1.0


def logits_of(network: Network, engine: Engine, params: Any, rows: Examples) -> InMemory:
    """Return what a network's loss takes as rows, from one pass: every unit's Z[L], of every member one after another.

    Of very many rows only the first are taken: their order is random, and a temperature is a single number. Each of
    several bags has those of its own fold.
    """
    members = network.members
    first = max(FEWEST_ROWS, MOST_NUMBERS // (members * network.n_outputs))
    parts = zip(params, rows.parts, strict=True) if isinstance(rows, LeftOut) else [(params, rows)]
    found, targets, weights = [], [], []
    for own, part in parts:
        alone = [_member(network, own, j) for j in range(members)]
        for block in part.blocks(first):
            found.append(np.concatenate([engine.predict(*one, block.X) for one in alone], axis=1))
            targets.append(block.Y)
            weights.append(block.weights)
    w = None if weights[0] is None else np.concatenate(weights)
    return InMemory(np.concatenate(found), np.concatenate(targets), w)


def _member(network: Network, params: Any, j: int) -> tuple[Network, Any]:
    """Return the network of one member, whose A[L] is Z[L], and its parameters."""
    units, last = network.n_outputs, network.last_linear
    layers = [Scale() if isinstance(layer, MemberScale) else layer for layer in network.layers]
    if network.members > 1:
        layers = [layer for layer in layers if not isinstance(layer, MemberChoice)]
        layers[last[0]] = replace(layers[last[0]], units=units)  # type: ignore[type-var]
    alone = replace(network, layers=tuple(layers), loss=SquaredError(), members=1)
    own = np.empty(alone.size, params.dtype)
    arrays = {(slot.path, slot.role): params[slot.place].reshape(slot.shape) for slot in network.slots}
    for slot in alone.slots:
        if isinstance(network.layer_at(slot.path), MemberScale):
            array = arrays[slot.path, "R"][:, j : j + 1]
        else:
            array = arrays[slot.path, slot.role]
            array = array[j * units : (j + 1) * units] if slot.path == last and network.members > 1 else array
        own[slot.place] = array.reshape(-1)
    return alone, own


def _end_of(network: Network, loss: Loss) -> Network:
    """Return the network whose rows are such Z[L]: a factor on every unit, then what follows on Z[L]."""
    members, units = network.members, network.members * network.n_outputs
    return Network(units, [Scale(), *([MemberChoice(members)] if members > 1 else [])], loss, members=members)


def divided(network: Network, params: Any, T: float) -> Any:
    """Return the parameters with the last linear layer's divided by T: Z[L] / T = (W / T) A + b / T."""
    params, last = params.copy(), network.last_linear
    for slot in network.slots:
        if slot.path == last:
            params[..., slot.offset : slot.offset + slot.size] /= params.dtype.type(T)
    return params


def lowest_point(f: Callable[[float], float], low: float, high: float) -> float:
    """Return where f is lowest between low and high, by golden sections; f has one valley there."""
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_a, at_b = f(a), f(b)
    for _ in range(TURNS):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - GOLDEN * (high - low)
            at_a = f(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + GOLDEN * (high - low)
            at_b = f(b)
    return float(np.clip((low + high) / 2, low, high))
