"""What each kind of layer computes, as lines of NumPy with the lecture's names; and the table of all layers.

A line says what it makes: so those whose result nobody reads are left out of a script. The layers that columns of
tables need are in column_code.py.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from lamina.equations.random import Key
from lamina.glassbox.site import Site
from lamina.laboratory.writing import column_code as columns
from lamina.laboratory.writing.line import Line, mean_column

Operand = Callable[[str], str]  # an array's name, as a product takes it


class LayerCode(NamedTuple):
    """The lines of one layer."""

    forward: Callable[[Site, Any], list[Line]]  # the site, and its path in the network
    backward: Callable[[Site], list[Line]]  # d of what went in
    gradients: Callable[[Site], list[Line]]


def none(at: Site) -> list[Line]:
    return []


# ---- linear, activations ----


def as_it_is(array: str) -> str:
    return array


def rounded(array: str) -> str:
    return f"bfloat16({array})"


def linear(at: Site, path: Any, taken: Operand = as_it_is) -> list[Line]:
    return [Line(at.out, f"{taken(at.p['W'])} @ {taken(at.before)} + {at.p['b']}", f"({at.units}, m)")]


def linear_back(at: Site, taken: Operand = as_it_is) -> list[Line]:
    return [Line(f"d{at.before}", f"{taken(at.p['W'])}.T @ {taken(f'd{at.out}')}", f"({at.inputs}, m)")]


def linear_gradients(at: Site, taken: Operand = as_it_is) -> list[Line]:
    dZ = f"d{at.out}"
    return [
        Line(f"d{at.p['W']}", f"{taken(dZ)} @ {taken(at.before)}.T / m", f"({at.units}, {at.inputs})"),
        Line(f"d{at.p['b']}", mean_column(dZ), f"({at.units}, 1)"),
    ]


def activation(at: Site, path: Any) -> list[Line]:
    return [Line(at.out, f"{at.layer.function}({at.before})", f"({at.units}, m)")]


def activation_back(at: Site) -> list[Line]:
    slope = f"d_{at.layer.function}({at.before}, {at.out})"
    return [Line(f"d{at.before}", f"d{at.out} * {slope}", f"({at.units}, m)")]


def parametric(at: Site, path: Any) -> list[Line]:
    Z, mix, G = at.before, at.p["mix"], f"G_{at.out}"
    return [
        Line(G, f"{at.layer.function}({Z})", f"({at.units}, m)"),
        Line(at.out, f"{Z} + {mix} * ({G} - {Z})", "a mix of Z and g(Z), learned for each unit"),
    ]


def parametric_back(at: Site) -> list[Line]:
    slope = f"d_{at.layer.function}({at.before}, G_{at.out})"
    return [Line(f"d{at.before}", f"d{at.out} * (1 + {at.p['mix']} * ({slope} - 1))", f"({at.units}, m)")]


def parametric_gradients(at: Site) -> list[Line]:
    return [Line(f"d{at.p['mix']}", mean_column(f"d{at.out} * (G_{at.out} - {at.before})"), f"({at.units}, 1)")]


# ---- scale, dropout ----


def scale(at: Site, path: Any) -> list[Line]:
    return [Line(at.out, f"{at.p['s']} * {at.before}", f"({at.units}, m)")]


def scale_back(at: Site) -> list[Line]:
    return [Line(f"d{at.before}", f"{at.p['s']} * d{at.out}", f"({at.units}, m)")]


def scale_gradients(at: Site) -> list[Line]:
    return [Line(f"d{at.p['s']}", mean_column(f"d{at.out} * {at.before}"), f"({at.units}, 1)")]


def dropout(at: Site, path: Any) -> list[Line]:
    rate, D, key = f"{at.layer.rate!r} * dropout", at.mask, Key(0, 0)
    for i in path:
        key = key.inside(i)
    return [
        Line(f"rate_{D}", rate, "dropout: the share of units that is left out"),
        Line(D, f"kept({at.units}, m, rate_{D}, layer={key.layer}, step=step)", f"({at.units}, m): which units stay"),
        Line(at.out, _dropped(at.before, D), f"({at.units}, m)"),
    ]


def dropout_back(at: Site) -> list[Line]:
    return [Line(f"d{at.before}", _dropped(f"d{at.out}", at.mask), f"({at.units}, m)")]


def _dropped(name: str, D: str) -> str:
    return f"np.where({D}, {name} * (1 / (1 - rate_{D})), 0)"


# ---- normalisation ----


def layer_norm(at: Site, path: Any) -> list[Line]:
    A, hat, inv = at.before, f"hat_{at.out}", f"inv_std_{at.out}"
    return [
        Line(f"centred_{at.out}", f"{A} - {A}.mean(axis=0)", "over the units of each example"),
        Line(
            inv,
            f"1 / np.sqrt(np.mean(centred_{at.out} * centred_{at.out}, axis=0) + {at.layer.epsilon!r})",
            "(m,)",
        ),
        Line(hat, f"centred_{at.out} * {inv}", f"({at.units}, m)"),
        Line(at.out, f"{at.p['gamma']} * {hat} + {at.p['beta']}", f"({at.units}, m)"),
    ]


def layer_norm_back(at: Site) -> list[Line]:
    hat, inv, d = f"hat_{at.out}", f"inv_std_{at.out}", f"d_hat_{at.out}"
    mean = f"{d} - {d}.mean(axis=0) - {hat} * np.mean({d} * {hat}, axis=0)"
    return [
        Line(d, f"d{at.out} * {at.p['gamma']}", f"({at.units}, m)"),
        Line(f"d{at.before}", f"{inv} * ({mean})", f"({at.units}, m)"),
    ]


def batch_norm(at: Site, path: Any) -> list[Line]:
    A, out = at.before, at.out
    return [
        Line(f"mean_{out}", f"{A}.mean(axis=1, keepdims=True)", "over the examples of the batch"),
        Line(f"var_{out}", f"np.mean(({A} - mean_{out}) ** 2, axis=1, keepdims=True)", f"({at.units}, 1)"),
        Line(f"inv_std_{out}", f"1 / np.sqrt(var_{out} + {at.layer.epsilon!r})", f"({at.units}, 1)"),
        Line(f"hat_{out}", f"({A} - mean_{out}) * inv_std_{out}", f"({at.units}, m)"),
        Line(out, f"{at.p['gamma']} * hat_{out} + {at.p['beta']}", f"({at.units}, m)"),
    ]


def batch_norm_back(at: Site) -> list[Line]:
    out, gamma, beta = at.out, at.p["gamma"], at.p["beta"]
    inside = f"d{out} - d{beta} - hat_{out} * d{gamma}"
    return [Line(f"d{at.before}", f"{gamma} * inv_std_{out} * ({inside})", f"({at.units}, m)")]


def scale_and_shift(at: Site) -> list[Line]:
    return [
        Line(f"d{at.p['gamma']}", mean_column(f"d{at.out} * hat_{at.out}"), f"({at.units}, 1)"),
        Line(f"d{at.p['beta']}", mean_column(f"d{at.out}"), f"({at.units}, 1)"),
    ]


def batch_norm_gradients(at: Site) -> list[Line]:
    out, share = at.out, f"{at.layer.momentum!r}"
    mean, var = at.p["mean"], at.p["var"]
    return [
        *scale_and_shift(at),
        Line(f"d{mean}", f"{share} * ({mean} - mean_{out})", "not a slope: the step of a running mean"),
        Line(f"d{var}", f"{share} * ({var} - var_{out} * (m / max(m - 1, 1)))", "and of a running variance"),
    ]


LAYER_CODE: Mapping[str, LayerCode] = {  # a residual's are those of its chain, in network_code.py
    "linear": LayerCode(linear, linear_back, linear_gradients),
    "rounded_linear": LayerCode(*(partial(one, taken=rounded) for one in (linear, linear_back, linear_gradients))),
    "activation": LayerCode(activation, activation_back, none),
    "parametric_activation": LayerCode(parametric, parametric_back, parametric_gradients),
    "scale": LayerCode(scale, scale_back, scale_gradients),
    "dropout": LayerCode(dropout, dropout_back, none),
    "layer_norm": LayerCode(layer_norm, layer_norm_back, scale_and_shift),
    "batch_norm": LayerCode(batch_norm, batch_norm_back, batch_norm_gradients),
    "embedding": LayerCode(columns.embedding, columns.embedding_back, columns.embedding_gradients),
    "periodic": LayerCode(columns.periodic, columns.periodic_back, columns.periodic_gradients),
    "member_scale": LayerCode(columns.member_scale, columns.member_scale_back, columns.member_scale_gradients),
    "member_choice": LayerCode(columns.member_choice, columns.member_choice_back, none),
}
