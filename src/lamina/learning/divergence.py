"""Divergence: which layer has the first non-finite number, in which epoch and batch, and what to try."""

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.equations.members import for_members
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.verbs import weighted_loss, with_dropout
from lamina.equations.walk import Passed, walk
from lamina.errors import DivergenceError

WHAT_TO_TRY = (
    "Try a smaller learning_rate_init, gradient clipping (optimizer='adam(clip_norm=1)'), a schedule with warm-up, or "
    "dtype='float64'; check that numbers are scaled and targets have no extreme values."
)

PENALTY = "the sum of cost and penalty is not finite"
WEAKER_PENALTY = "Try a smaller alpha or l1: it is what the squares or sizes of all weights are multiplied by."


def divergence_error(
    network: Network,
    params: Any,
    X: Any,
    Y: Any,
    weights: Any,
    seed: int,
    step: int,
    at: tuple[int, int, int],
    recipe: Any,
    dropout: float = 1.0,
) -> DivergenceError:
    """Return the error that says where the first non-finite number arose.

    Parameters
    ----------
    X, Y, weights
        The batch whose step failed.
    at : (epoch, batch, batches)
        Counted from 1.
    recipe : Recipe
        For the learning rate in the message.
    dropout : float
        The schedule's factor on the dropout rates.
    """
    epoch, batch, batches = at
    network = replace(network, layers=tuple(with_dropout(network.layers, dropout)))
    with np.errstate(all="ignore"):
        where = first_not_finite(network, params, X, Y, weights, Key(seed, step))
    try_this = WEAKER_PENALTY if where == PENALTY else WHAT_TO_TRY
    return DivergenceError(
        f"training diverged in epoch {epoch}, batch {batch} of {batches}: {where} "
        f"(learning_rate_init={recipe.learning_rate:g}, optimizer={recipe.optimiser.kind!r}). {try_this}"
    )


def first_not_finite(network: Network, params: Any, X: Any, Y: Any, weights: Any, key: Key) -> str:
    """Say which quantity of which layer is the first non-finite one, forward or backward."""
    if not np.isfinite(X).all():
        return "A[0], the encoded rows, is not finite"
    A0 = for_members(network.members, X.T)
    there = walk(network, params, A0, lambda Z: weighted_loss(network, Z, Y, weights)[1], key)
    for at in there.layers:
        if not np.isfinite(at.A).all():
            return f"{at.name[0]} of {_place(at)} is not finite"
    L, dZ = weighted_loss(network, there.Z, Y, weights)
    if not np.isfinite(L).all():
        return f"the cost ({network.loss.kind}) is not finite, with |Z[L]| up to {np.max(np.abs(there.Z)):.3g}"
    if not np.isfinite(dZ).all():
        return f"dZ[L], the derivative of the loss ({network.loss.kind}), is not finite"
    for at in reversed(there.layers):
        for role, grad in {at.name[0]: at.dA, **at.grads}.items():
            if not np.isfinite(grad).all():
                return f"d{role} of {_place(at)} is not finite"
    return PENALTY


def _place(at: Passed) -> str:
    return f"layer {at.number} ({getattr(at.layer, 'function', at.layer.kind)})"
