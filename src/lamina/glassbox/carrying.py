"""How a sum is carried from what a layer gives to what it gets, exactly, for given examples.

At every layer Z[L] of an output is a sum over the units of the array there:

    Z[L] = Σ_j (c_j A_j + e_j) + constant

with a factor c_j for each unit, and e_j where a unit counts besides in another way than in proportion to itself. One
step down, `A = M A_prev + k` with the M and k of this very example: M is W of a linear layer; of an activation the
slope of the chord from 0, (g(Z) - g(0)) / Z (Shrikumar et al. 2017, the rescale rule, from Z = 0), and k is g(0). So no
step is an approximation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.rounding import bfloat16
from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.equation import Array
from lamina.glassbox.site import Site


class Carried(NamedTuple):
    """Factors, what units count besides, and the rest; a column for each example."""

    c: Array  # (units, examples)
    e: Array  # (units, examples)
    constant: Array  # (examples,)


@dataclass(frozen=True)
class Examples:
    """The arrays of a trace in double precision, and the examples that are looked at."""

    arrays: Mapping[str, Array]
    at: Any  # columns

    def __getitem__(self, name: str) -> Array:
        """Return the columns of an array that belong to the examples."""
        return self.arrays[name][:, self.at]


Carry = Callable[[Site, Examples, Carried], Carried]


def carried(chain: Sequence[Site], a: Examples, there: Carried) -> Carried:
    """Carry a sum through all layers of a chain."""
    for site in reversed(chain):
        there = CARRY[site.layer.kind](site, a, there)
    return there


def _linear(site: Site, a: Examples, there: Carried) -> Carried:
    W, b = a.arrays[site.p["W"]], a.arrays[site.p["b"]]
    constant = there.constant + (there.c * b).sum(axis=0) + there.e.sum(axis=0)
    c = W.T @ there.c
    return Carried(c, np.zeros_like(c), constant)


def _rounded_linear(site: Site, a: Examples, there: Carried) -> Carried:
    """M is W rounded, times what rounding makes of each A_prev."""
    W, b, A = a.arrays[site.p["W"]], a.arrays[site.p["b"]], a[site.before]
    constant = there.constant + (there.c * b).sum(axis=0) + there.e.sum(axis=0)
    c = bfloat16(W).T @ there.c * np.divide(bfloat16(A), A, out=np.zeros_like(A), where=A != 0)
    return Carried(c, np.zeros_like(c), constant)


def _diagonal(there: Carried, factor: Array, shift: Array | float = 0.0) -> Carried:
    """Carry through A = factor * A_prev + shift."""
    return Carried(there.c * factor, there.e, there.constant + (there.c * shift).sum(axis=0))


def _activation(site: Site, a: Examples, there: Carried) -> Carried:
    rule = ACTIVATION_EQUATIONS[site.layer.function]
    at_0, slope_at_0 = float(rule.g(np.zeros(1))[0]), float(rule.dg(np.zeros(1))[0])
    return _diagonal(there, _chord(a[site.before], a[site.out], at_0, slope_at_0), at_0)


def _parametric(site: Site, a: Examples, there: Carried) -> Carried:
    rule, mix = ACTIVATION_EQUATIONS[site.layer.function], a.arrays[site.p["mix"]]
    at_0 = mix * rule.g(np.zeros(1))
    slope_at_0 = 1 + mix * (rule.dg(np.zeros(1)) - 1)
    return _diagonal(there, _chord(a[site.before], a[site.out], at_0, slope_at_0), at_0)


def _chord(Z: Array, A: Array, at_0: Array | float, slope_at_0: Array | float) -> Array:
    """Return (g(Z) - g(0)) / Z, and the slope where Z is 0."""
    return np.where(Z == 0, slope_at_0, (A - at_0) / np.where(Z == 0, 1, Z))


def _scale(site: Site, a: Examples, there: Carried) -> Carried:
    return _diagonal(there, a.arrays[site.p["s"]])


def _member_scale(site: Site, a: Examples, there: Carried) -> Carried:
    R = a.arrays[site.p["R"]]
    return _diagonal(there, R[:, np.asarray(a.at) % R.shape[1]])


def _dropout(site: Site, a: Examples, there: Carried) -> Carried:
    return _diagonal(there, a[site.mask] / (1 - site.layer.rate)) if site.mask else there


def _batch_norm(site: Site, a: Examples, there: Carried) -> Carried:
    if site.training:
        A = a.arrays[site.before]
        mean, var = A.mean(axis=1, keepdims=True), A.var(axis=1, keepdims=True)
    else:
        mean, var = a.arrays[site.p["mean"]], a.arrays[site.p["var"]]
    factor = a.arrays[site.p["gamma"]] / np.sqrt(var + site.layer.epsilon)
    return _diagonal(there, factor, a.arrays[site.p["beta"]] - factor * mean)


def _layer_norm(site: Site, a: Examples, there: Carried) -> Carried:
    inv_std = 1 / np.sqrt(a[site.before].var(axis=0) + site.layer.epsilon)
    c = there.c * a.arrays[site.p["gamma"]] * inv_std
    constant = there.constant + (there.c * a.arrays[site.p["beta"]]).sum(axis=0)
    return Carried(c - c.mean(axis=0), there.e, constant)


def _residual(site: Site, a: Examples, there: Carried) -> Carried:
    through = carried(site.chain, a, there._replace(e=np.zeros_like(there.e)))
    return Carried(there.c + through.c, there.e + through.e, through.constant)


def _embedding(site: Site, a: Examples, there: Carried) -> Carried:
    """The looked-up numbers of a column count for the column."""
    layer, A = site.layer, a[site.out]
    kept = [j for j in range(site.inputs) if j not in layer.columns]
    counted = (there.c * A + there.e)[len(kept) :].reshape(len(layer.columns), layer.size, -1)
    c, e = (np.zeros((site.inputs, A.shape[1])) for _ in range(2))
    c[kept], e[kept] = there.c[: len(kept)], there.e[: len(kept)]
    e[list(layer.columns)] = counted.sum(axis=1)
    return Carried(c, e, there.constant)


def _periodic(site: Site, a: Examples, there: Carried) -> Carried:
    """The waves of a number count for the number."""
    layer, A = site.layer, a[site.out]
    counted = (there.c * A + there.e)[site.inputs :].reshape(layer.outputs, len(layer.columns), -1)
    c, e = there.c[: site.inputs], there.e[: site.inputs].copy()
    e[list(layer.columns)] += counted.sum(axis=0)
    return Carried(c, e, there.constant)


def _member_choice(site: Site, a: Examples, there: Carried) -> Carried:
    examples = np.arange(there.c.shape[1])
    first = np.asarray(a.at) % site.layer.members * site.units
    c, e = (np.zeros((site.inputs, len(examples))) for _ in range(2))
    for u in range(site.units):
        c[first + u, examples], e[first + u, examples] = there.c[u], there.e[u]
    return Carried(c, e, there.constant)


CARRY: Mapping[str, Carry] = {
    "linear": _linear,
    "rounded_linear": _rounded_linear,
    "activation": _activation,
    "parametric_activation": _parametric,
    "scale": _scale,
    "dropout": _dropout,
    "layer_norm": _layer_norm,
    "batch_norm": _batch_norm,
    "residual": _residual,
    "embedding": _embedding,
    "periodic": _periodic,
    "member_scale": _member_scale,
    "member_choice": _member_choice,
}
