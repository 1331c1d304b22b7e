"""Vital signs: what a few looks at a network, while it learns, say of each layer.

A look is taken before the passes 1, 2, 3, 5, 9, 17, 33, ..., so that a long run costs few of them. It takes some 256
training rows forward and a batch of them back, lets the optimiser take a step on copies, keeps a handful of numbers per
layer, and changes nothing.

    weight      root mean square of W
    update      |change of W in one step| / |W|; None where W is 0
    gradient    root mean square of dW
    spread      of Z over the rows: root mean square, over the units, of its standard deviation
    dead        share of the units whose g'(Z) is 0 in every row: they learn nothing, and nothing below learns from them
    saturated   share of g'(Z), over units and rows, below a twentieth of its largest value (sigmoid and tanh)
    same        share of the units whose Z is that of another unit, in every row

One number for each linear layer, in the lecture's order. Nothing is dropped out in a look; a batch normalisation
normalises its rows.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.activations import ACTIVATIONS
from lamina.equations.affine import Affine
from lamina.equations.dropout import Dropout
from lamina.equations.layers import Activation, Residual
from lamina.equations.members import for_members
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.equations.slots import Slot
from lamina.equations.types import Array, Layer
from lamina.equations.verbs import d_penalty, weighted_loss
from lamina.equations.walk import Passed, walk
from lamina.learning.run import Run
from lamina.learning.state import State

EXAMPLES_OF_A_LOOK = 256  # rows times members
FLAT = 1e-4  # a slope g'(Z) below this moves nothing
NEARLY_FLAT = 0.05  # of the largest slope
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}  # g'(0) of the activations that saturate on both sides
SAME = 1e-5  # relative to the largest mixture of values

Look = dict[str, Any]


class Rates(NamedTuple):
    """Of a step."""

    rate: float  # the learning rate
    decay: float  # the factor on weight_decay


def is_due(state: State) -> bool:
    """Return whether a look is to be taken now: before a pass, after 0, 1, 2, 4, 8, 16, ... others."""
    looked_already = bool(state.looks) and state.looks[-1]["epoch"] >= state.epoch
    return state.rows == 0 and state.epoch & (state.epoch - 1) == 0 and not looked_already


def look_at(run: Run, state: State, params: Array, rates: Rates | None = None) -> Look:
    """Return what a look at the network with these parameters shows; nothing changes.

    Parameters
    ----------
    run : Run
    state : State
        Whose optimiser takes the step that is measured, on copies.
    params : array, shape (network.size,)
    rates : Rates, optional
        Of that step; without them none is taken.
    """
    network, size = run.network, max(32, EXAMPLES_OF_A_LOOK // run.network.members)
    X, Y, weights = next(iter(run.examples.blocks(size)))
    with np.errstate(all="ignore"), one_thread():
        batch = (None if array is None else array[: run.recipe.batch_size] for array in (X, Y, weights))
        grads = run.engine.gradients(network, params, *batch, seed=run.recipe.seed, dropout=0.0)[1]
        bare = replace(network, layers=tuple(_without_dropout(network.layers)))
        there = walk(bare, params, for_members(network.members, X.T), None, Key(run.recipe.seed, 0))
        linear, slots = list(_with_activation(there.layers)), _weights(network)
        look = {
            "epoch": state.epoch,
            "step": state.step,
            "cost": _short(float(np.mean(weighted_loss(network, there.Z, Y, weights)[0]))),
            "weight": [_short(_rms(params[slot.place])) for slot in slots],
            "gradient": [_short(_rms(grads[slot.place])) for slot in slots],
            "spread": [_short(_spread(at.A)) for at, _ in linear],
            "dead": [_short(_share_of_dead(g)) for _, g in linear],
            "saturated": [_short(_share_of_saturated(g)) for _, g in linear],
            "same": [_short(_share_of_copies(at.A)) for at, _ in linear],
        }
        if rates is not None and hasattr(run.recipe.optimiser, "direction"):
            moved = _moved(run, state, params, grads, rates)
            look["update"] = [_ratio(params[slot.place], moved[slot.place]) for slot in slots]
    return look


def _moved(run: Run, state: State, params: Array, grads: Array, rates: Rates) -> Array:
    """Return the parameters after one step of the optimiser, on copies."""
    network, moved, memory = run.network, np.array(params), np.array(state.memory)
    grads[network.spans["weights"]] += d_penalty(network, params, run.examples.n)
    run.engine.update(network, run.recipe.optimiser, moved, grads, memory, rates.rate, state.step, rates.decay)
    return moved


def _ratio(before: Array, after: Array) -> float | None:
    """Return |change| / |before|; None where that is 0."""
    size = float(np.linalg.norm(before.astype(np.float64)))
    return _short(float(np.linalg.norm((after - before).astype(np.float64))) / size) if size else None


def _weights(network: Network) -> list[Slot]:
    """Return the places of W1, W2, ..., WL."""
    return sorted(slot for slot in network.slots if slot.role == "W")


@lru_cache(maxsize=1)
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> Any:
    """Return a context in which NumPy's products use one thread: for so few rows more of them cost time."""
    try:
        return _blas().limit(limits=1, user_api="blas")
    except ImportError:
        return nullcontext()


def _without_dropout(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Yield the other layers: dropout has no parameters, so all arrays keep their places."""
    for layer in layers:
        if not isinstance(layer, Dropout):
            yield Residual(tuple(_without_dropout(layer.layers))) if isinstance(layer, Residual) else layer


def _with_activation(layers: Sequence[Passed]) -> Iterator[tuple[Passed, Passed | None]]:
    """Yield every linear layer with the activation of its number."""
    by_number = {at.number: at for at in layers if isinstance(at.layer, Activation)}
    for at in layers:
        if isinstance(at.layer, Affine):
            yield at, by_number.get(at.number)


def _slopes(at: Passed) -> tuple[str, Array]:
    """Return the activation's name and |g'(Z)|, (units, m)."""
    function: str = at.layer.function  # type: ignore[attr-defined]
    return function, np.abs(ACTIVATIONS[function].dg(at.cache["Z"], at.cache["A"]))


def _share_of_dead(at: Passed | None) -> float:
    if at is None or at.layer.function in STEEPEST:  # type: ignore[attr-defined]
        return 0.0
    return float(np.mean((_slopes(at)[1] < FLAT).all(axis=1)))


def _share_of_saturated(at: Passed | None) -> float:
    if at is None or at.layer.function not in STEEPEST:  # type: ignore[attr-defined]
        return 0.0
    function, slopes = _slopes(at)
    return float(np.mean(slopes < NEARLY_FLAT * STEEPEST[function]))


def _share_of_copies(Z: Array) -> float:
    """Return the share of the units whose row equals another's: where two mixtures of its values are the same."""
    if len(Z) < 2:
        return 0.0
    m = np.arange(1, Z.shape[1] + 1)
    mixed = Z.astype(np.float64) @ np.stack([np.cos(m), np.sin(np.sqrt(2) * m)], axis=1)  # (units, 2)
    near = SAME * (np.abs(mixed).max(axis=0) + np.finfo(np.float64).tiny)
    mixed = mixed[np.argsort(mixed[:, 0], kind="stable")]
    next_to = (np.abs(np.diff(mixed, axis=0)) <= near).all(axis=1)
    return float(np.mean(np.append(next_to, False) | np.insert(next_to, 0, False)))


def _spread(Z: Array) -> float:
    return float(np.sqrt(np.mean(np.var(Z, axis=1, dtype=np.float64))))


def _rms(array: Array) -> float:
    return float(np.sqrt(np.mean(np.square(array, dtype=np.float64))))


def _short(value: float) -> float | None:
    """Return a number with three digits; None where it is not finite."""
    return float(f"{value:.3g}") if math.isfinite(value) else None
