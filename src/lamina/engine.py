"""The contract: four verbs over a network and one flat vector of parameters, and the choice of who performs them.

    predict(network, params, X)                              -> A[L], one row per example
    gradients(network, params, X, Y, weights, ...)           -> cost, gradient by the flat vector, of a piece of a batch
    update(network, optimiser, params, grads, memory, ...)   one step, in place
    train_steps(network, optimiser, params, memory, ...)     many minibatches in one call -> their costs

and `cost`, which evaluates without a gradient. `equations.verbs` defines what they mean; any other engine gives the
same numbers, faster. Examples are rows here, X (m, n) and Y (m, k); an engine transposes them, A[0] = X.T.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

from lamina import native
from lamina.equations import verbs
from lamina.equations.network import Network
from lamina.equations.own_loss import FunctionLoss
from lamina.equations.types import Optimiser
from lamina.errors import EngineError, EngineWarning, SettingError, nearest

PRICE = "2 to 5 times"  # docs/own-losses.md measures it
EngineName = Literal["auto", "equations", "kernels"]


class Engine(NamedTuple):
    """The verbs of one engine; `equations.verbs` documents their arguments."""

    name: str
    predict: Callable[..., Any]
    gradients: Callable[..., Any]
    update: Callable[..., Any]
    train_steps: Callable[..., Any]
    cost: Callable[..., float]


EQUATIONS = Engine("equations", verbs.predict, verbs.gradients, verbs.update, verbs.train_steps, verbs.cost)
KERNELS = Engine("kernels", native.predict, native.gradients, native.update, native.train_steps, native.cost)


def choose(network: Network, engine: EngineName = "auto", optimiser: Optimiser | None = None) -> Engine:
    """Return the engine to use for this network.

    Parameters
    ----------
    network : Network
    engine : {"auto", "equations", "kernels"}
        "auto" uses the kernels where they are built and have every part of the network and the optimiser, and the
        equations otherwise.
    optimiser : Optimiser, optional
        The optimiser of the training steps; leave it out for an engine that does not train.

    Raises
    ------
    SettingError
        `engine` is not the name of an engine.
    EngineError
        "kernels" was requested, but is not available or lacks a part.

    Warns
    -----
    EngineWarning
        The kernels are available but lack a part, so the slower equations are used.
    """
    if engine not in get_args(EngineName):
        names = get_args(EngineName)
        raise SettingError(f"engine={engine!r}: expected one of {', '.join(names)}.{nearest(engine, names)}")
    if engine == "equations":
        return EQUATIONS
    missing = native.missing_parts(network, optimiser)
    if not missing:
        return KERNELS
    if isinstance(network.loss, FunctionLoss):
        return _for_own_loss(network.loss, engine)
    lacks = f"the kernels cannot run this network: {', '.join(missing)}."
    if engine == "kernels":
        raise EngineError(f"engine='kernels': {lacks} Use engine='auto' or 'equations'.")
    if native.present():
        warnings.warn(f"{lacks} The slower equations are used instead.", EngineWarning, stacklevel=2)
    return EQUATIONS


def _for_own_loss(loss: FunctionLoss, engine: EngineName) -> Engine:
    """Return the equations: the kernels cannot call a function of Python."""
    if engine == "kernels":
        raise EngineError(
            f"engine='kernels': they cannot call the loss {loss.called}, a function of Python. Use engine='auto' or "
            "'equations'."
        )
    if native.present():
        warnings.warn(
            f"the loss {loss.called} is a function of Python, so the equations in NumPy train, {PRICE} as slow as the "
            "kernels (predictions are as fast as ever). engine='equations' says that you know; a loss of the table, "
            "like 'huber' or 'quantile', trains in the kernels.",
            EngineWarning,
            stacklevel=3,
        )
    return EQUATIONS


def prepared(network: Network, params: Any, engine: EngineName = "auto") -> Callable[[Any], Any]:
    """Return the verb predict made ready for a network and parameters that no longer change: rows X to A[L].

    Raises
    ------
    SettingError, EngineError
        See `choose`.
    """
    network = network.predicting
    if choose(network, engine) is KERNELS:
        return native.Predictor(network, params)
    return partial(verbs.predict, network, params)
