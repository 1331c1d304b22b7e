"""The equations of one step of training: how every array moves, from its gradient and the optimiser's memory."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.network import Network
from lamina.equations.slots import Slot
from lamina.glassbox.entries.rules import function, function_of_all, moved
from lamina.glassbox.equation import Array, Equation, Statement, Value, latex_of, plain, short_latex
from lamina.glassbox.optimiser_equations import MATRIX_EQUATIONS, RULE_EQUATIONS, RuleEquations
from lamina.glassbox.sites import Sites

ROUNDINGS = 32  # of the size of its terms that a number may be off by, in units of its type's rounding


class Step(NamedTuple):
    """What a step of training is made with.

    The engine moves an array by its own gradient, which rounding keeps a little apart from the traced one. Adam and its
    like magnify that where a gradient is small, so the equation of a step allows for it.
    """

    optimiser: Any
    rate: float  # the learning rate of this step
    number: int  # of the step, from 0
    examples: int  # of the whole training set: the m of the penalty
    decay: float = 1.0  # what the optimiser's weight_decay is multiplied by
    rounding: float = float(np.finfo(np.float32).eps)  # of the numbers that move
    apart: Mapping[str, float] = {}  # by array: how far the engine's derivative is from the traced one


def update_equations(
    network: Network, sites: Sites, step: Step, gradients: Mapping[str, Statement]
) -> Iterator[Equation]:
    """Yield the equation of every array that a step moves; none where a line search found the step (L-BFGS)."""
    if step.optimiser.kind not in RULE_EQUATIONS:
        return
    slots = [slot for slot in sorted(network.slots) if slot.group != "statistics"]
    if step.optimiser.clip_norm is not None:
        yield Equation("clip", _clip(slots, step), "update", "longest norm")
    kind = step.optimiser.kind
    for slot in slots:
        rule = MATRIX_EQUATIONS.get(kind) if slot in network.hidden_matrices else None
        moved_by = _moved(slot, rule or RULE_EQUATIONS[kind], step, gradients[f"d{slot.name}"])
        yield Equation(f"{slot.name}_new", moved_by, "update", kind)
    for site in sites.every:
        if "mean" in site.p:
            yield Equation(f"{site.p['mean']}_new", _running_mean(site), "update", "running statistics")
            yield Equation(f"{site.p['var']}_new", _running_variance(site), "update", "running statistics")


def _clip(slots: list[Slot], step: Step) -> Statement:
    names, longest = tuple(f"d{slot.name}" for slot in slots), step.optimiser.clip_norm

    def compute(a: Any) -> Value:
        norm = np.sqrt(sum((a[name] ** 2).sum() for name in names))
        return plain(np.array(min(1.0, longest / norm) if norm else 1.0))

    return Statement(
        f"min(1, {longest:g} / ‖all gradients‖)", rf"\min(1, {longest:g} / \lVert \nabla J \rVert)", names, compute
    )


def _moved(slot: Slot, rule: RuleEquations, step: Step, gradient: Statement) -> Statement:
    optimiser, t = step.optimiser, step.number + 1
    W, rate = slot.name, step.rate * slot.rate
    memory = tuple(f"{name}_{W}" for name in rule.remembers or optimiser.remembers)
    shrink = optimiser.weight_decay * step.decay * slot.decay
    clipped = ("clip",) if optimiser.clip_norm is not None else ()

    def direction(a: Any, g: Array) -> Array:
        g = g * a["clip"] if clipped else g
        return rule.direction(optimiser, g, tuple(a[name] for name in memory), t)

    def spread_of(a: Any, g: Array, off: Array, d: Array) -> Array | float:
        if rule.spread is None:
            return np.maximum(np.abs(direction(a, g + off) - d), np.abs(direction(a, g - off) - d))
        clip = a["clip"] if clipped else 1.0
        remembered = tuple(a[name] for name in memory)
        return rule.spread(optimiser, g * clip, remembered, off * clip, ROUNDINGS * step.rounding)

    def compute(a: Any) -> Value:
        g = a[f"d{W}"]
        d, off = direction(a, g), ROUNDINGS * step.rounding * gradient.compute(a).size + step.apart.get(f"d{W}", 0.0)
        value = a[W] - rate * (d + shrink * a[W])
        return Value(value, np.abs(a[W]) + rate * np.abs(d), rate * spread_of(a, g, off, d))

    g = "clip * " * bool(clipped) + f"d{W}"
    text = rule.text(optimiser, f"({g})" if clipped else g, memory, t)
    read = (f"d{W}", *memory, *clipped)
    of_entry = function if rule.spread is None else function_of_all
    terms = moved(W, rate, shrink, partial(of_entry, text, read, lambda a: plain(direction(a, a[f"d{W}"]))))
    clip = r"\mathrm{clip} \cdot " if clipped else ""
    latex = rule.latex(optimiser, f"{clip}{latex_of('d' + W)}", tuple(map(latex_of, memory)), t)
    if shrink:
        text, latex = f"({text} + {shrink:.4g} {W})", rf"\left({latex} + {short_latex(shrink)} {latex_of(W)}\right)"
    return Statement(
        f"{W} - {rate:.4g} {text}",
        f"{latex_of(W)} - {short_latex(rate)} {latex}",
        (W, *read),
        compute,
        terms,
    )


def _running_mean(site: Any) -> Statement:
    mean, A, share = site.p["mean"], site.before, site.layer.momentum

    def compute(a: Any) -> Value:
        batch = a[A].mean(axis=1, keepdims=True)
        return Value(a[mean] + share * (batch - a[mean]), np.abs(a[mean]) + np.abs(a[A]).mean(axis=1, keepdims=True))

    return Statement(
        f"{mean} + {share:g} (mean({A}) - {mean})",
        rf"{latex_of(mean)} + {share:g} (\mathrm{{mean}}({latex_of(A)}) - {latex_of(mean)})",
        (mean, A),
        compute,
    )


def _running_variance(site: Any) -> Statement:
    var, A, share = site.p["var"], site.before, site.layer.momentum

    def compute(a: Any) -> Value:
        m = a[A].shape[1]
        batch = ((a[A] - a[A].mean(axis=1, keepdims=True)) ** 2).sum(axis=1, keepdims=True) / max(m - 1, 1)
        size = (a[A] ** 2).sum(axis=1, keepdims=True) / max(m - 1, 1)
        return Value(a[var] + share * (batch - a[var]), np.abs(a[var]) + size)

    return Statement(
        f"{var} + {share:g} (m/(m-1) var({A}) - {var})",
        rf"{latex_of(var)} + {share:g} (\frac{{m}}{{m-1}} \mathrm{{var}}({latex_of(A)}) - {latex_of(var)})",
        (var, A),
        compute,
    )
