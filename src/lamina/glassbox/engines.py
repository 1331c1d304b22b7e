"""What the engine that trains and predicts gives, beside a trace.

Two ways of computing a gradient differ by rounding, and how much depends on the network: a number that is left when two
large ones cancel has few digits. So the equations are gone through again with a little noise in every number, in
proportion to the terms that it is added up from, and what that does to an array is the measure of what two engines may
differ by.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina.engine import Engine
from lamina.equations import verbs
from lamina.equations.affine import RoundedLinear
from lamina.equations.layers import BatchNorm, Dropout
from lamina.equations.network import Network
from lamina.equations.random import Key
from lamina.glassbox.equation import Equation
from lamina.glassbox.network_equations import Setting, equations
from lamina.glassbox.sites import sites_of
from lamina.glassbox.walked import Arrays

NOISE = 4.0  # roundings that every number is moved by
TRIES = 2
SPREADS = 64.0  # of what the noise does, that two engines may differ by
OF_BFLOAT16 = 2.0**-8 / SPREADS  # so they may differ by a rounding to bfloat16: of dZ with its 1/m, or without


class Comparison(NamedTuple):
    """What the engine gave for an array, beside the trace."""

    name: str
    difference: float  # the largest
    allowed: float  # by rounding

    @property
    def agrees(self) -> bool:
        return self.difference <= self.allowed


class Rows(NamedTuple):
    """Encoded rows of a pass."""

    X: Any  # (m, n_inputs)
    Y: Any  # (m, targets), or None
    weights: Any  # (m,), or None


def comparisons(
    network: Network, engine: Engine, params: Any, rows: Rows, arrays: Arrays, setting: Setting, key: Key
) -> tuple[Comparison, ...]:
    """Return how far predictions and gradients of an engine are from those of a trace.

    An engine has gradients as in training only, and predictions without dropout: of other passes it says nothing, and
    nothing of passes that hold numbers that are not finite.
    """
    if not all(np.isfinite(array).all() for array in arrays.values()):  # two engines may overflow in different places
        return ()
    rows = Rows(*(None if one is None else np.asarray(one, params.dtype) for one in rows))
    every = [network.layer_at(path) for path in network.numbers]
    draws = any(isinstance(layer, BatchNorm | Dropout) for layer in every)
    eps = OF_BFLOAT16 if any(isinstance(layer, RoundedLinear) for layer in every) else np.finfo(params.dtype).eps
    with np.errstate(all="ignore"):
        allowed = _allowed(equations(network, setting), arrays, float(eps))
        given = dict(_given(network, engine, params, rows, setting, key, draws))
        return tuple(Comparison(name, _apart(arrays[name], one), allowed[name]) for name, one in given.items())


def apart_of(found: Sequence[Comparison]) -> dict[str, float]:
    """Return how far the derivative that an engine moves each array by may be from the traced one."""
    return {one.name: max(one.difference, one.allowed / SPREADS) for one in found}


def _given(
    network: Network, engine: Engine, params: Any, rows: Rows, setting: Setting, key: Key, draws: bool
) -> Iterator[tuple[str, Any]]:
    """Yield what an engine gives, by the names of the trace."""
    if not (setting.training and draws):
        mean = "_mean" if network.members > 1 else ""
        name = f"{sites_of(network, setting.training).A}{mean}"
        yield name, engine.predict(network, params, rows.X).T
    if rows.Y is not None and (setting.training or not draws):
        _, flat = engine.gradients(network, params, *rows, seed=key.seed, step=key.step)
        if setting.step is not None:
            flat[network.spans["weights"]] += verbs.d_penalty(network, params, setting.step.examples)
        named = network.named(flat)
        yield from ((f"d{slot.name}", named[slot.name]) for slot in sorted(network.slots) if slot.group != "statistics")


def _allowed(every: Sequence[Equation], arrays: Arrays, eps: float) -> dict[str, float]:
    """Return how far another way of computing each array may be from the trace."""
    found = {one.result: float(np.finfo(np.float32).tiny) * eps for one in every if one.part != "update"}
    draw = np.random.default_rng(0)
    for _ in range(TRIES):
        noisy = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
        for one in every:
            if one.part != "update":
                value = one.statement.compute(noisy)
                noise = NOISE * eps * value.size * draw.uniform(-1, 1, np.shape(value.value))
                noisy[one.result] = value.value + noise
                found[one.result] = max(found[one.result], SPREADS * _apart(noisy[one.result], arrays[one.result]))
    return found


def _apart(here: Any, there: Any) -> float:
    """Return the largest difference between two arrays; infinite where one of them is not finite."""
    difference = np.abs(np.asarray(here, np.float64) - np.asarray(there, np.float64))
    return float(np.max(np.where(np.isfinite(difference), difference, np.inf), initial=0.0))
