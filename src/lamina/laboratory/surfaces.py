"""Surfaces: what a network answers, or what a unit of it gives, at every node of a plane."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.data.labels import Labels
from lamina.data.number_targets import Numbers
from lamina.equations.members import for_members, mean_of_members
from lamina.equations.network import Network
from lamina.equations.walk import Passed, walk
from lamina.errors import SettingError
from lamina.laboratory.planes import Plane
from lamina.learning.vital_signs import one_thread

Predict = Callable[[Network, Any, Any], Any]  # the engine's verb


class Surface(NamedTuple):
    """A number at every node, (resolution, resolution), the lowest value of the second axis first."""

    what: str
    values: NDArray[np.float32]
    low: float  # of the scale that colours are taken from
    high: float
    classes: NDArray[np.uint8] | None = None  # of several classes, which is the likeliest


def answers_over(
    plane: Plane, network: Network, predict: Predict, params: Any, target: Labels | Numbers, name: str
) -> Surface:
    """Return the network's answers over a plane.

    Parameters
    ----------
    plane : Plane
    network : Network
    predict : callable
        The engine's verb.
    params : array, shape (network.size,)
    target : Labels or Numbers
    name : str
        Of the target.

    Returns
    -------
    Surface
        Of two classes the probability of the second, of several that of the likeliest, of numbers the prediction in the
        target's own unit.
    """
    with np.errstate(all="ignore"):
        A = np.asarray(predict(network, params, plane.grid), np.float64)  # (nodes, n_outputs)
    if isinstance(target, Labels):
        if target.task == "multiclass":
            A = A / A.sum(axis=1, keepdims=True)
            return Surface("the likeliest class", _square(plane, A.max(axis=1)), 0.0, 1.0, _classes(plane, A))
        return Surface(f"probability of {target.classes[-1]}", _square(plane, A[:, -1]), 0.0, 1.0)
    values = np.asarray(target.decode(A), np.float64).reshape(len(A), -1)[:, 0]
    return _scaled(name, plane, values)


def unit_over(plane: Plane, network: Network, params: Any, layer: int, unit: int) -> Surface:
    """Return what one unit gives over a plane: a[l] of it.

    Parameters
    ----------
    plane : Plane
    network : Network
    params : array, shape (network.size,)
    layer : int
        The lecture's number l; the last layer's is Z[L], before the output function.
    unit : int
        Counted from 1, as the lecture's subscripts.

    Raises
    ------
    SettingError
        There is no such layer or unit.
    """
    A = outputs_of_layer(network, params, plane.grid, layer)
    check_unit(layer, unit, len(A))
    last = layer == max(network.numbers.values())
    return _scaled(f"{'z' if last else 'a'}[{layer}]{unit}", plane, A[unit - 1])


def outputs_of_layer(network: Network, params: Any, A0: Any, layer: int) -> NDArray[np.float64]:
    """Return what a layer gives for rows of A[0], (units, rows): after its activation, the mean over members."""
    inputs = for_members(network.members, np.asarray(A0, np.float64).T)
    with np.errstate(all="ignore"), one_thread():
        there = walk(network, np.asarray(params, np.float64), inputs)
    found = last_part(there.layers, layer)
    if found is None:
        numbers = sorted({number for number in network.numbers.values() if number})
        raise SettingError(f"layer={layer!r}: expected a number from {numbers[0]} to {numbers[-1]}.")
    return np.asarray(mean_of_members(network.members, found.A), np.float64)


def last_part(layers: list[Passed], layer: int) -> Passed | None:
    """Return the last part of a layer: what it gives to the next."""
    parts = [at for at in layers if at.number == layer != 0]
    return parts[-1] if parts else None


def check_unit(layer: int, unit: int, units: int) -> None:
    """Raise a SettingError where a layer has no such unit."""
    if type(unit) is not int or not 1 <= unit <= units:
        raise SettingError(f"unit={unit!r}: layer {layer} has {units} units, expected a number from 1 to {units}.")


def _square(plane: Plane, values: NDArray[Any]) -> NDArray[np.float32]:
    return values.reshape(plane.resolution, plane.resolution).astype(np.float32)


def _classes(plane: Plane, A: NDArray[np.float64]) -> NDArray[np.uint8]:
    return A.argmax(axis=1).reshape(plane.resolution, plane.resolution).astype(np.uint8)


def _scaled(what: str, plane: Plane, values: NDArray[np.float64]) -> Surface:
    """Return a surface whose scale spans its finite values."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    return Surface(what, _square(plane, values), low, high)
