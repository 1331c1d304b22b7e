"""Temperature: a number that divides Z[L] so that probabilities can be taken at their word (Guo et al. 2017)."""

from collections.abc import Callable
from dataclasses import replace
from math import exp, log
from typing import Any

import numpy as np

from lamina.data.examples import Examples
from lamina.engine import Engine
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss
from lamina.equations.network import Network
from lamina.learning.evaluation import cost_of

LOWEST, HIGHEST = 0.05, 20.0  # temperatures that are tried
IMAGINED = 0.25  # rows of no class in particular
GOLDEN = (5**0.5 - 1) / 2
TURNS = 24  # each makes the interval 0.618 times as long: 1e-5 of it is left


def temperature(network: Network, engine: Engine, params: Any, held_out: Examples) -> float:
    """Return the number that Z[L] is best divided by, for the held-out rows.

    The cost is the log loss with smoothed labels, as if a quarter of a row had been seen besides, of no class in
    particular: where all held-out rows are right, no temperature would be low enough otherwise. Platt 1999 imagines two
    rows, which makes a small table too unsure of itself.

    Parameters
    ----------
    network : Network
        With a log loss, and a linear layer as its last with weights.
    engine : Engine
    params : array, shape (network.size,)
    held_out : Examples
        Rows that were not learned from.
    """
    loss = network.loss
    assert isinstance(loss, BinaryLogLoss | CategoricalLogLoss)
    careful = replace(network, loss=replace(loss, label_smoothing=IMAGINED / (held_out.n + IMAGINED)))

    def cost(log_T: float) -> float:
        return cost_of(careful, engine, divided(network, params, exp(log_T)), held_out)[0]

    best = lowest_point(cost, log(LOWEST), log(HIGHEST))
    return exp(best) if cost(best) < cost(0.0) else 1.0


def divided(network: Network, params: Any, T: float) -> Any:
    """Return the parameters with the last linear layer's divided by T: Z[L] / T = (W / T) A + b / T."""
    params, last = params.copy(), network.last_linear
    for slot in network.slots:
        if slot.path == last:
            params[slot.offset : slot.offset + slot.size] /= params.dtype.type(T)
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
