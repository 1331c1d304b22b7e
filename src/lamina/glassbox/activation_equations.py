"""What each activation computes: g and g' in text, in LaTeX and in NumPy."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from lamina.glassbox.equation import Array

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of selu: Klambauer et al. 2017, equation 14


def sigmoid(Z: Array) -> Array:
    """1 / (1 + e^-Z), with powers of e below 1 only."""
    e = np.exp(-np.abs(Z))
    return np.where(Z >= 0, 1, e) / (1 + e)


def softplus(Z: Array) -> Array:
    return np.logaddexp(0, Z)


def density(Z: Array) -> Array:
    return np.exp(-0.5 * np.minimum(np.abs(Z), 40) ** 2) / np.sqrt(2 * np.pi)


def d_mish(Z: Array) -> Array:
    t = np.tanh(softplus(Z))
    return t + np.clip(Z, -100, 100) * (1 - t**2) * sigmoid(Z)


def hard_swish(Z: Array) -> Array:
    return Z * np.clip(Z / 6 + 0.5, 0, 1)


def d_hard_swish(Z: Array) -> Array:
    return np.where(np.abs(Z) < 3, np.clip(Z, -3, 3) / 3 + 0.5, Z > 0)


class ActivationEquations(NamedTuple):
    """One row of the table; g' is spelled with the names of Z and A, and computed from Z."""

    g: Callable[[Array], Array]
    dg: Callable[[Array], Array]
    text: Callable[[str], str]
    d_text: Callable[[str, str], str]
    latex: Callable[[str], str]
    d_latex: Callable[[str, str], str]
    kinks: tuple[float, ...] = ()  # where Z makes g' jump


def _if_positive(Z: Array, one: Array | float, other: Array | float) -> Array:
    return np.where(Z > 0, one, other)


ACTIVATION_EQUATIONS: dict[str, ActivationEquations] = {
    "identity": ActivationEquations(
        lambda Z: Z,
        np.ones_like,
        lambda z: z,
        lambda z, a: "1",
        lambda z: z,
        lambda z, a: "1",
    ),
    "sigmoid": ActivationEquations(
        sigmoid,
        lambda Z: sigmoid(Z) * sigmoid(-Z),
        lambda z: f"1 / (1 + e^-{z})",
        lambda z, a: f"{a} (1 - {a})",
        lambda z: rf"\frac{{1}}{{1 + e^{{-{z}}}}}",
        lambda z, a: rf"{a} \odot (1 - {a})",
    ),
    "tanh": ActivationEquations(
        np.tanh,
        lambda Z: 1 / np.cosh(np.clip(Z, -350, 350)) ** 2,
        lambda z: f"tanh({z})",
        lambda z, a: f"(1 - {a}²)",
        lambda z: rf"\tanh({z})",
        lambda z, a: rf"(1 - ({a})^2)",
    ),
    "relu": ActivationEquations(
        lambda Z: Z * (Z > 0),
        lambda Z: 1.0 * (Z > 0),
        lambda z: f"max(0, {z})",
        lambda z, a: f"({z} > 0)",
        lambda z: rf"\max(0, {z})",
        lambda z, a: rf"[{z} > 0]",
        (0.0,),
    ),
    "leaky_relu": ActivationEquations(
        lambda Z: Z * _if_positive(Z, 1, 0.01),
        lambda Z: _if_positive(Z, 1, 0.01),
        lambda z: f"{z} where {z} > 0, 0.01 {z} elsewhere",
        lambda z, a: f"(1 where {z} > 0, 0.01 elsewhere)",
        lambda z: rf"\max({z}, 0.01\, {z})",
        lambda z, a: rf"\left([{z} > 0] + 0.01\, [{z} \leq 0]\right)",
        (0.0,),
    ),
    "elu": ActivationEquations(
        lambda Z: _if_positive(Z, Z, np.expm1(np.minimum(Z, 0))),
        lambda Z: np.exp(np.minimum(Z, 0)),
        lambda z: f"{z} where {z} > 0, e^{z} - 1 elsewhere",
        lambda z, a: f"(1 where {z} > 0, e^{z} elsewhere)",
        lambda z: rf"\begin{{cases}} {z} & {z} > 0 \\ e^{{{z}}} - 1 & \text{{else}} \end{{cases}}",
        lambda z, a: rf"e^{{\min({z}, 0)}}",
    ),
    "selu": ActivationEquations(
        lambda Z: SCALE * _if_positive(Z, Z, ALPHA * np.expm1(np.minimum(Z, 0))),
        lambda Z: SCALE * _if_positive(Z, 1, ALPHA * np.exp(np.minimum(Z, 0))),
        lambda z: f"1.0507 ({z} where {z} > 0, 1.6733 (e^{z} - 1) elsewhere)",
        lambda z, a: f"1.0507 (1 where {z} > 0, 1.6733 e^{z} elsewhere)",
        lambda z: rf"1.0507 \begin{{cases}} {z} & {z} > 0 \\ 1.6733\, (e^{{{z}}} - 1) & \text{{else}} \end{{cases}}",
        lambda z, a: rf"1.0507 \begin{{cases}} 1 & {z} > 0 \\ 1.6733\, e^{{{z}}} & \text{{else}} \end{{cases}}",
        (0.0,),
    ),
    "gelu": ActivationEquations(
        lambda Z: Z * ndtr(Z),
        lambda Z: ndtr(Z) + Z * density(Z),
        lambda z: f"{z} Φ({z})",
        lambda z, a: f"(Φ({z}) + {z} φ({z}))",
        lambda z: rf"{z} \odot \Phi({z})",
        lambda z, a: rf"\left(\Phi({z}) + {z} \odot \varphi({z})\right)",
    ),
    "silu": ActivationEquations(
        lambda Z: Z * sigmoid(Z),
        lambda Z: sigmoid(Z) * (1 + Z * sigmoid(-Z)),
        lambda z: f"{z} σ({z})",
        lambda z, a: f"(σ({z}) + {a} (1 - σ({z})))",
        lambda z: rf"{z} \odot \sigma({z})",
        lambda z, a: rf"\left(\sigma({z}) + {a} \odot (1 - \sigma({z}))\right)",
    ),
    "mish": ActivationEquations(
        lambda Z: Z * np.tanh(softplus(Z)),
        d_mish,
        lambda z: f"{z} tanh(log(1 + e^{z}))",
        lambda z, a: f"(t + {z} (1 - t²) σ({z}), t = tanh(log(1 + e^{z})))",
        lambda z: rf"{z} \odot \tanh(\log(1 + e^{{{z}}}))",
        lambda z, a: rf"\left(t + {z} \odot (1 - t^2) \odot \sigma({z})\right),\ t = \tanh(\log(1 + e^{{{z}}}))",
    ),
    "softplus": ActivationEquations(
        softplus,
        sigmoid,
        lambda z: f"log(1 + e^{z})",
        lambda z, a: f"σ({z})",
        lambda z: rf"\log(1 + e^{{{z}}})",
        lambda z, a: rf"\sigma({z})",
    ),
    "hard_swish": ActivationEquations(
        hard_swish,
        d_hard_swish,
        lambda z: f"{z} clip({z} + 3, 0, 6) / 6",
        lambda z, a: f"(0 where {z} ≤ -3, 1 where {z} ≥ 3, {z}/3 + 1/2 between)",
        lambda z: rf"{z} \odot \frac{{1}}{{6}} \min(\max({z} + 3, 0), 6)",
        lambda z, a: rf"\begin{{cases}} 0 & {z} \leq -3 \\ 1 & {z} \geq 3 \\ {z}/3 + 1/2 & \text{{else}} \end{{cases}}",
        (-3.0, 3.0),
    ),
}
