"""What each kind of layer computes, forward and back, in text, in LaTeX and in NumPy; and the table of all layers.

The equations name the arrays of one place in a network, a `Site`: what goes in, what comes out, the layer's own arrays.
`dA` is per example, as in the lecture; the 1/m stands where an array gets its gradient. The layers that columns of
tables need are in column_equations.py.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.glassbox import column_equations as columns
from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.entries.rules import function_at, product_at, times_slope
from lamina.glassbox.equation import Statement, Value, copied, latex_of, plain
from lamina.glassbox.linear_equations import linear, rounded_linear
from lamina.glassbox.normalisation_equations import batch_norm, layer_norm
from lamina.glassbox.site import LayerEquations, Site, column_mean, mean_over_examples

# ---- activations ----


def activation(at: Site) -> Statement:
    rule, Z = ACTIVATION_EQUATIONS[at.layer.function], at.before

    def compute(a: Any) -> Value:
        return Value(rule.g(a[Z]), np.abs(rule.g(a[Z])) + np.abs(a[Z]))

    return Statement(rule.text(Z), rule.latex(latex_of(Z)), (Z,), compute, function_at(rule.text(Z), (Z,), compute))


def activation_back(at: Site) -> Statement:
    rule, Z, dA = ACTIVATION_EQUATIONS[at.layer.function], at.before, f"d{at.out}"
    return Statement(
        f"{dA} * {rule.d_text(Z, at.out)}",
        rf"{latex_of(dA)} \odot {rule.d_latex(latex_of(Z), latex_of(at.out))}",
        (dA, Z),
        lambda a: Value(a[dA] * rule.dg(a[Z]), np.abs(a[dA]) * (1 + np.abs(a[Z]))),
        times_slope(dA, rule.d_text(Z, at.out), (Z,), lambda a: plain(rule.dg(a[Z]))),
    )


def parametric(at: Site) -> Statement:
    rule, Z, mix = ACTIVATION_EQUATIONS[at.layer.function], at.before, at.p["mix"]
    z, s = latex_of(Z), latex_of(mix)
    text = f"{Z} + {mix} * ({rule.text(Z)} - {Z})"

    def compute(a: Any) -> Value:
        return Value(a[Z] + a[mix] * (rule.g(a[Z]) - a[Z]), (1 + np.abs(a[mix])) * (np.abs(a[Z]) + 1))

    latex = rf"{z} + {s} \odot \left({rule.latex(z)} - {z}\right)"
    return Statement(text, latex, (Z, mix), compute, function_at(text, (Z, mix), compute), (mix,))


def parametric_back(at: Site) -> Statement:
    rule, Z, mix, dA = ACTIVATION_EQUATIONS[at.layer.function], at.before, at.p["mix"], f"d{at.out}"
    slope, slope_latex = rule.d_text(Z, f"g({Z})"), rule.d_latex(latex_of(Z), rf"g({latex_of(Z)})")
    text = f"(1 + {mix} * ({slope} - 1))"
    return Statement(
        f"{dA} * {text}",
        rf"{latex_of(dA)} \odot \left(1 + {latex_of(mix)} \odot ({slope_latex} - 1)\right)",
        (dA, mix, Z),
        lambda a: Value(
            a[dA] * (1 + a[mix] * (rule.dg(a[Z]) - 1)), np.abs(a[dA]) * (1 + np.abs(a[mix]) * (2 + np.abs(a[Z])))
        ),
        times_slope(dA, text, (mix, Z), lambda a: plain(1 + a[mix] * (rule.dg(a[Z]) - 1))),
        (mix,),
    )


def parametric_gradients(at: Site) -> dict[str, Statement]:
    rule, Z, dA = ACTIVATION_EQUATIONS[at.layer.function], at.before, f"d{at.out}"
    z = latex_of(Z)

    def d_mix(a: Any) -> Value:
        size = np.abs(a[dA]) * (1 + np.abs(a[Z]))
        return Value(column_mean(a[dA] * (rule.g(a[Z]) - a[Z])).value, column_mean(size).value)

    text = f"(1/m) Σ {dA} * ({rule.text(Z)} - {Z})"
    latex = rf"\frac{{1}}{{m}} \sum_i {latex_of(dA)} \odot \left({rule.latex(z)} - {z}\right)"
    return {"mix": Statement(text, latex, (dA, Z), d_mix)}


# ---- scale, dropout ----


def scale(at: Site) -> Statement:
    s, A = at.p["s"], at.before
    return _at_each_place(s, A)


def scale_back(at: Site) -> Statement:
    s, dA = at.p["s"], f"d{at.out}"
    return _at_each_place(s, dA)


def _at_each_place(s: str, A: str) -> Statement:
    return Statement(
        f"{s} * {A}",
        rf"{latex_of(s)} \odot {latex_of(A)}",
        (s, A),
        lambda a: plain(a[s] * a[A]),
        product_at(s, A),
        (s,),
    )


def scale_gradients(at: Site) -> dict[str, Statement]:
    return {"s": mean_over_examples(f"d{at.out}", at.before)}


def dropout(at: Site) -> Statement:
    return _dropped(at, at.before)


def dropout_back(at: Site) -> Statement:
    return _dropped(at, f"d{at.out}")


def _dropped(at: Site, name: str) -> Statement:
    D, keep = at.mask, 1 - at.layer.rate
    if not D:
        return copied(name)
    return Statement(
        f"{name} * {D} / {keep:g}",
        rf"{latex_of(name)} \odot {latex_of(D)} / {keep:g}",
        (name, D),
        lambda a: plain(np.where(a[D] > 0, a[name] / keep, 0)),
        product_at(name, D, divided_by=keep),
    )


def none(at: Site) -> dict[str, Statement]:
    return {}


LAYER_EQUATIONS: Mapping[str, LayerEquations] = {  # a residual's are those of its chain, in network_equations.py
    "linear": linear,
    "rounded_linear": rounded_linear,
    "activation": LayerEquations(activation, activation_back, none),
    "parametric_activation": LayerEquations(parametric, parametric_back, parametric_gradients),
    "scale": LayerEquations(scale, scale_back, scale_gradients),
    "dropout": LayerEquations(dropout, dropout_back, none),
    "layer_norm": layer_norm,
    "batch_norm": batch_norm,
    "embedding": LayerEquations(columns.embedding, columns.embedding_back, columns.embedding_gradients),
    "periodic": LayerEquations(columns.periodic, columns.periodic_back, columns.periodic_gradients),
    "member_scale": LayerEquations(columns.member_scale, columns.member_scale_back, columns.member_scale_gradients),
    "member_choice": LayerEquations(columns.member_choice, columns.member_choice_back, none),
}
