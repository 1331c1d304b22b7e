"""What the verbs are given, checked before anything moves: shapes, row numbers, steps, and arrays that overlap.

NumPy would make something of most of it: -1 is the last row, booleans are a mask, a single column is every column.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.layers import Dropout, Residual
from lamina.equations.network import Network
from lamina.equations.steps import Steps, Training
from lamina.errors import DataError


def require_sound(network: Network, trainings: Sequence[Training]) -> None:
    """Check what `train_steps` is given, of all trainings before any of them moves.

    Raises
    ------
    DataError
        Shapes or numbers of steps that do not fit, or what a training changes is part of another array.
    IndexError
        The order names a row that is not there.
    """
    for rule, params, memory, X, Y, weights, order, steps in trainings:
        _require_shape("params", params, (network.size,))
        _require_shape("memory", memory, (len(rule.remembers), network.size))
        _require_targets(network, X, Y, weights)
        _require_steps(network, steps, len(order))
        _require_row_numbers(np.asarray(order), len(X))
    _require_apart(trainings)


def require_piece(
    network: Network, X: Any, Y: Any, weights: Any, step: int, first: int, m: int | None, dropout: float
) -> None:
    """Check what `gradients` is given, and where its rows stand within their batch; a DataError says what is wrong."""
    _require_targets(network, X, Y, weights)
    _require_dropout(network, dropout)
    rows, m = len(X), len(X) if m is None else m
    if rows < 1 or step < 0:
        raise DataError(f"{rows} rows of step {step}: expected at least one row, and steps that count from 0.")
    if not 0 <= first <= m - rows:
        raise DataError(f"rows {first} to {first + rows} of a batch of m = {m}: expected rows of that batch.")


def _require_targets(network: Network, X: Any, Y: Any, weights: Any) -> None:
    _require_shape("X", X, (len(X), network.n_inputs))
    _require_shape("Y", Y, (len(X), network.n_outputs // network.loss.units(1)))
    if weights is not None:
        _require_shape("weights", weights, (len(X),))


def _require_dropout(network: Network, factors: Any) -> None:
    factors, highest = np.atleast_1d(factors), _highest_rate(network.layers)
    right = (factors >= 0) & (factors * highest < 1)
    if not right.all():
        wrong = factors[~right][0]
        raise DataError(f"dropout: a factor of {wrong} on a rate of {highest}; expected a product from 0 to below 1.")


def _highest_rate(layers: Sequence[Any]) -> float:
    rates = [one.rate for one in layers if isinstance(one, Dropout)]
    return max([0.0, *rates, *(_highest_rate(one.layers) for one in layers if isinstance(one, Residual))])


def _require_shape(name: str, array: Any, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise DataError(f"{name}: shape {array.shape} where {expected} was expected.")


def _require_steps(network: Network, steps: Steps, rows: int) -> None:
    count, size = len(steps.rates), steps.batch_size
    if size < 1 or steps.step < 0 or (count and steps.examples is not None and steps.examples < 1):
        found = f"batch_size={size}, examples={steps.examples}, step={steps.step}"
        raise DataError(f"{found}: expected positive numbers, and steps that count from 0.")
    for name in ("decays", "dropouts"):
        if (factors := getattr(steps, name)) is not None:
            _require_shape(name, np.asarray(factors), (count,))
    if count and rows <= (count - 1) * size:
        raise DataError(f"order: {rows} rows, too short for the steps: {count} of {size} rows each.")
    _require_dropout(network, 1.0 if steps.dropouts is None else steps.dropouts)


def _require_row_numbers(order: Any, rows: int) -> None:
    if order.size and order.dtype.kind not in "iu":
        raise DataError(f"order: numbers of type {order.dtype}, where whole numbers were expected.")
    outside = order[(order < 0) | (order >= rows)]
    if len(outside):
        raise IndexError(f"order: row {outside[0]} of {rows}; expected numbers from 0 to {rows - 1}.")


class _Stretch(NamedTuple):
    """Where an array lies: the address of its first byte, and the one after its last."""

    start: int
    end: int
    training: int
    name: str


def _require_apart(trainings: Sequence[Training]) -> None:
    """Check that what a training changes is part of no other array, of its own or of another training."""
    reaching = changing = _Stretch(0, 0, 0, "")  # of those before, which reaches furthest: of all, of what is changed
    for here in sorted(_stretches(trainings)):
        before = reaching if here.name in CHANGED else changing
        if before.end > here.start:
            a, b = sorted((before, here), key=lambda one: one.training)
            raise DataError(
                f"{a.name} of training {a.training} and {b.name} of training {b.training} overlap, and params and "
                "memory are changed: give each its own copy."
            )
        reaching = max(reaching, here, key=lambda one: one.end)
        if here.name in CHANGED:
            changing = max(changing, here, key=lambda one: one.end)


CHANGED, READ = ("params", "memory"), ("X", "Y", "weights")


def _stretches(trainings: Sequence[Training]) -> Iterator[_Stretch]:
    for k, training in enumerate(trainings):
        for name, array in zip(Training._fields, training, strict=True):
            if name in CHANGED + READ and array is not None and array.size:
                first = array.__array_interface__["data"][0]
                ways = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
                end = first + sum(way for way in ways if way > 0) + array.itemsize
                yield _Stretch(first + sum(way for way in ways if way < 0), end, k, name)
