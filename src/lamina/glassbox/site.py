"""A place in a network: one layer, and the names of the arrays around it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lamina.glassbox.entries.rules import mean_of_examples
from lamina.glassbox.equation import Array, Statement, Value, latex_of


class Site(NamedTuple):
    """One layer and the arrays around it, by name."""

    layer: Any
    number: int  # the lecture's l
    before: str  # what goes in: "A0"
    out: str  # what comes out: "Z1"
    p: Mapping[str, str]  # its own arrays: role -> name
    mask: str  # of dropout; empty as when predicting
    inputs: int  # units that go in
    units: int  # units that come out
    training: bool  # whether batch normalisation looks at the batch
    chain: "tuple[Site, ...]" = ()  # of a residual


class LayerEquations(NamedTuple):
    """What a kind of layer computes."""

    forward: Callable[[Site], Statement]
    backward: Callable[[Site], Statement]  # dA_prev
    gradients: Callable[[Site], dict[str, Statement]]  # of its arrays, by role


def per_example(sums: Value, dA: Array) -> Value:
    """Return sums over the examples divided by their number."""
    return Value(sums.value / dA.shape[1], sums.size / dA.shape[1])


def mean_over_examples(*factors: str) -> Statement:
    """Return (1/m) Σ over the examples of a product, number by number, kept as a column."""
    latex = r" \odot ".join(map(latex_of, factors))
    return Statement(
        f"(1/m) Σ {' * '.join(factors)}",
        rf"\frac{{1}}{{m}} \sum_i {latex}",
        factors,
        lambda a: column_mean(np.prod([a[one] for one in factors], axis=0)),
        mean_of_examples(*factors),
    )


def column_mean(values: Array) -> Value:
    """Return the mean over the examples as a column, and that of the sizes."""
    return Value(values.mean(axis=1, keepdims=True), np.abs(values).mean(axis=1, keepdims=True))
