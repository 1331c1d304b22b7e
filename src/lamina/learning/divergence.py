"""When numbers stop being finite: which layer, in which epoch and batch, and what to try."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.equations.network import Network, backward, to_the_loss
from lamina.equations.random import Key
from lamina.equations.types import Arrays
from lamina.errors import DivergenceError

WHAT_TO_TRY = (
    "Try a smaller learning_rate_init, gradient clipping (optimizer='adam(clip_norm=1)'), a schedule with warm-up, or "
    "dtype='float64'; check that numbers are scaled and targets have no extreme values."
)


def diverged(
    network: Network,
    params: Any,
    X: Any,
    Y: Any,
    weights: Any,
    seed: int,
    step: int,
    examples: int,
    at: tuple[int, int, int],
    recipe: Any,
) -> DivergenceError:
    """Return the error that tells where the first number that is not finite arose.

    Parameters
    ----------
    X, Y, weights
        The batch that could not be learned from.
    at : (epoch, batch, batches)
        Counted from 1.
    recipe : Recipe
        For the learning rate in the message.
    """
    epoch, batch, batches = at
    with np.errstate(all="ignore"):
        where = first_not_finite(network, params, X, Y, weights, Key(seed, step))
    return DivergenceError(
        f"training diverged in epoch {epoch}, batch {batch} of {batches}: {where} "
        f"(learning_rate_init={recipe.learning_rate:g}, optimizer={recipe.optimiser.kind!r}). {WHAT_TO_TRY}"
    )


def first_not_finite(network: Network, params: Any, X: Any, Y: Any, weights: Any, key: Key) -> str:
    """Say which quantity of which layer is the first that is not finite, on the way forward or back."""
    if not np.isfinite(X).all():
        return "A[0], the encoded rows, is not finite"
    Z, caches, L, dZ = to_the_loss(network, params, X, Y, weights, key)
    for i, cache in enumerate(caches):
        for name, array in _leaves(cache):
            if name not in ("A_prev", "D") and not np.isfinite(array).all():
                return f"{name} of {_place(network, i)} is not finite"
    if not np.isfinite(L).all():
        return f"the cost ({network.loss.kind}) is not finite, with |Z[L]| up to {np.max(np.abs(Z)):.3g}"
    grads = backward(network, params, dZ, caches)[1]
    for i in reversed(range(len(grads))):
        for name, array in _leaves(grads[i]):
            if not np.isfinite(array).all():
                return f"d{name} of {_place(network, i)} is not finite"
    return "the sum of cost and penalty is not finite"


def _leaves(arrays: Arrays) -> Sequence[tuple[str, Any]]:
    """Return the named arrays, those of a chain inside included."""
    inner = [leaf for link in arrays.get("chain", ()) for leaf in _leaves(link)]
    return inner + [(name, array) for name, array in arrays.items() if name != "chain"]


def _place(network: Network, i: int) -> str:
    number = 1 + sum(layer.kind == "linear" for layer in network.layers[:i])
    layer = network.layers[i]
    number -= layer.kind in ("activation", "layer_norm", "batch_norm", "dropout") and number > 1
    return f"layer {number} ({getattr(layer, 'function', layer.kind)})"
