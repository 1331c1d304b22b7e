"""The contract: five verbs over a network and one flat vector of parameters, and the choice of who performs them.

    predict(network, params, X)                              -> A[L], one row per example; of bags the mean
    gradients(network, params, X, Y, weights, ...)           -> cost, gradient by the flat vector, of a piece of a batch
    update(network, optimiser, params, grads, memory, ...)   one step, in place
    train_steps(network, optimiser, params, memory, ...)     many minibatches in one call -> their costs
    train_steps_many(network, trainings)                     the same for many networks of these layers, all at once

and `cost`, which evaluates without a gradient. `equations.verbs` defines what they mean; any other engine gives the
same numbers, faster. Examples are rows here, X (m, n) and Y (m, k); an engine transposes them, A[0] = X.T.
"""

import re
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Literal, NamedTuple, get_args

from lamina import native
from lamina.equations import verbs
from lamina.equations.network import Network
from lamina.equations.own_loss import FunctionLoss
from lamina.equations.types import Optimiser
from lamina.errors import EngineError, EngineWarning, MissingExtraError, SettingError, nearest

PRICE = "2 to 5 times"  # docs/own-losses.md measures it
EngineName = Literal["auto", "equations", "kernels", "torch"]

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")
DEVICES_TEXT = "'auto', 'cpu', 'cuda', 'cuda:1' (or another number), or 'mps'"


class Engine(NamedTuple):
    """The verbs of one engine; `equations.verbs` documents their arguments."""

    name: str
    predict: Callable[..., Any]
    gradients: Callable[..., Any]
    update: Callable[..., Any]
    train_steps: Callable[..., Any]
    train_steps_many: Callable[..., list[Any]]
    cost: Callable[..., float]


def _engine(name: str, holder: Any) -> Engine:
    return Engine(name, **{verb: getattr(holder, verb) for verb in Engine._fields[1:]})


EQUATIONS = _engine("equations", verbs)
KERNELS = _engine("kernels", native)


def choose(
    network: Network, engine: EngineName = "auto", optimiser: Optimiser | None = None, device: str = "auto"
) -> Engine:
    """Return the engine to use for this network.

    Parameters
    ----------
    network : Network
    engine : {"auto", "equations", "kernels", "torch"}
        "auto" uses torch where a GPU is asked for by `device`; else the kernels where they are built and have every
        part of the network and the optimiser, and the equations otherwise.
    optimiser : Optimiser, optional
        The optimiser of the training steps; leave it out for an engine that does not train.
    device : str
        Where torch computes: "cpu", "cuda", "cuda:1", "mps"; "auto" is the first CUDA device, else the CPU. The other
        engines compute on the CPU.

    Raises
    ------
    SettingError
        `engine` is not the name of an engine, or `device` none of a device that it computes on.
    EngineError
        "kernels" was requested, but is not available or lacks a part; or the device is not there.
    MissingExtraError
        Torch is asked for, and not installed.

    Warns
    -----
    EngineWarning
        A faster engine is available but lacks a part, so a slower one is used.
    """
    if engine not in get_args(EngineName):
        names = get_args(EngineName)
        raise SettingError(f"engine={engine!r}: expected one of {', '.join(names)}.{nearest(engine, names)}")
    on_a_gpu = check_device(device) not in ("auto", "cpu")
    if on_a_gpu and engine in ("equations", "kernels"):
        raise SettingError(f"engine={engine!r} computes on the CPU only: for device={device!r} choose engine='torch'.")
    if engine == "torch" or on_a_gpu:
        found = _torch(network, optimiser, device)
        if found is not None:
            return found
        engine = "auto"
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


def check_device(device: Any) -> str:
    """Return the name of a device, whether or not it is there.

    Raises
    ------
    SettingError
        It is no such name.
    """
    if not (isinstance(device, str) and DEVICES.fullmatch(device)):
        raise SettingError(f"device={device!r}: expected {DEVICES_TEXT}.{nearest(device, ('auto', 'cuda', 'mps'))}")
    return device


def _torch(network: Network, optimiser: Optimiser | None, device: str) -> Engine | None:
    """Return the engine on a device; None, with a warning, where torch's lacks a part of the network."""
    try:
        from lamina.tensors import plan
    except ModuleNotFoundError as problem:
        if problem.name != "torch":
            raise
        text = "engine='torch' and device='cuda' compute with PyTorch: pip install 'lamina[gpu]' (docs/gpu.md)"
        raise MissingExtraError(text) from None
    found = _on(device)
    missing = plan.missing_parts(network, optimiser)
    if not missing:
        return found
    text = f"the torch engine cannot run this network: {', '.join(missing)}. The CPU computes instead."
    warnings.warn(text, EngineWarning, stacklevel=3)
    return None


@cache
def _on(device: str) -> Engine:
    from lamina.tensors.verbs import on

    verbs = on(device)
    return _engine(f"torch on {verbs.device}", verbs)


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


def prepared(network: Network, params: Any, engine: EngineName = "auto", device: str = "auto") -> Callable[[Any], Any]:
    """Return the verb predict made ready for a network and parameters that no longer change: rows X to A[L].

    Raises
    ------
    SettingError, EngineError
        See `choose`.

    Warns
    -----
    EngineWarning
        The device is not there any more, or torch: a model was trained elsewhere. The CPU computes.
    """
    network = network.predicting
    try:
        chosen = choose(network, engine, device=device)
    except (EngineError, MissingExtraError) as problem:
        if engine in ("equations", "kernels"):
            raise
        warnings.warn(f"{str(problem).rstrip('.')}. Predictions are computed on the CPU.", EngineWarning, stacklevel=2)
        chosen = choose(network)
    if chosen is KERNELS:
        return native.Predictor(network, params)
    if chosen is EQUATIONS:
        return partial(verbs.predict, network, params)
    from lamina.tensors.verbs import Predictor, on

    return Predictor(on(device), network, params)
