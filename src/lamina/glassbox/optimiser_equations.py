"""How each optimiser moves an array: the direction d of W := W - rate * (d + decay * W), and the tables of optimisers.

The memory (v, s) is that before the step, t counts the steps from 1, and g is the gradient, shortened where there is a
longest norm.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lamina.equations.orthogonal import LENGTH_OF_ADAM, NEWTON_SCHULZ
from lamina.glassbox.equation import Array, power_of_ten

Memory = tuple[Array, ...]


class RuleEquations(NamedTuple):
    """One row of the table; text and LaTeX take the rule, the names of g and of its memory, and t."""

    direction: Callable[[Any, Array, Memory, int], Array]
    text: Callable[[Any, str, tuple[str, ...], int], str]
    latex: Callable[[Any, str, tuple[str, ...], int], str]
    remembers: tuple[str, ...] | None = None  # what it reads of the rule's memory; None: all
    spread: Callable[[Any, Array, Memory, Array, float], float] | None = (
        None  # of a matrix that is moved whole: how far
    )
    # d may be off where g is off by so much and numbers are rounded by this share of themselves


def _momentum(rule: Any, g: Array, memory: Memory, t: int) -> Array:
    return rule.beta1 * memory[0] + (1 - rule.dampening) * g


def _nesterov(rule: Any, g: Array, memory: Memory, t: int) -> Array:
    return g + rule.beta1 * (rule.beta1 * memory[0] + g)


def _rmsprop(rule: Any, g: Array, memory: Memory, t: int) -> Array:
    return g / (np.sqrt(rule.beta2 * memory[0] + (1 - rule.beta2) * g**2) + rule.epsilon)


def _adam(rule: Any, g: Array, memory: Memory, t: int) -> Array:
    v = (rule.beta1 * memory[0] + (1 - rule.beta1) * g) / (1 - rule.beta1**t)
    s = (rule.beta2 * memory[1] + (1 - rule.beta2) * g**2) / (1 - rule.beta2**t)
    return v / (np.sqrt(s) + rule.epsilon)


def _lion(rule: Any, g: Array, memory: Memory, t: int) -> Array:
    return np.sign(rule.beta1 * memory[0] + (1 - rule.beta1) * g)


def _factor(value: float) -> str:
    return "" if value == 1 else f"{value:g} "


def _momentum_text(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    return f"({rule.beta1:g} {memory[0]} + {_factor(1 - rule.dampening)}{g})"


def _nesterov_text(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    return f"({g} + {rule.beta1:g} ({rule.beta1:g} {memory[0]} + {g}))"


def _rmsprop_text(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    return f"{g} / (sqrt({rule.beta2:g} {memory[0]} + {1 - rule.beta2:g} {g}²) + {rule.epsilon:g})"


def _rmsprop_latex(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    s = f"{rule.beta2:g} {memory[0]} + {1 - rule.beta2:g} ({g})^2"
    return rf"\frac{{{g}}}{{\sqrt{{{s}}} + {power_of_ten(rule.epsilon)}}}"


def _adam_text(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    v = f"({rule.beta1:g} {memory[0]} + {1 - rule.beta1:g} {g}) / (1 - {rule.beta1:g}^{t})"
    s = f"({rule.beta2:g} {memory[1]} + {1 - rule.beta2:g} {g}²) / (1 - {rule.beta2:g}^{t})"
    return f"[{v}] / (sqrt({s}) + {rule.epsilon:g})"


def _adam_latex(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    v = rf"({rule.beta1:g} {memory[0]} + {1 - rule.beta1:g} {g}) / (1 - {rule.beta1:g}^{{{t}}})"
    s = rf"({rule.beta2:g} {memory[1]} + {1 - rule.beta2:g} ({g})^2) / (1 - {rule.beta2:g}^{{{t}}})"
    return rf"\frac{{{v}}}{{\sqrt{{{s}}} + {power_of_ten(rule.epsilon)}}}"


def _lion_text(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    return f"sign({rule.beta1:g} {memory[0]} + {1 - rule.beta1:g} {g})"


def _lion_latex(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    return rf"\mathrm{{sign}}({rule.beta1:g} {memory[0]} + {1 - rule.beta1:g} {g})"


def _look_ahead(rule: Any, g: Array, memory: Memory) -> Array:
    return g + rule.momentum * (rule.momentum * memory[0] + g)


def _muon(rule: Any, g: Array, memory: Memory, t: int) -> Array:
    """By the singular values s, each of which every iteration turns into a s + b s^3 + c s^5."""
    u = _look_ahead(rule, g, memory)
    if not np.isfinite(u).all():
        return np.full_like(u, np.nan)
    P, s, Q = np.linalg.svd(u, full_matrices=False)
    s = s / max(np.sqrt(np.sum(s**2)), rule.epsilon)
    a, b, c = NEWTON_SCHULZ
    for _ in range(rule.iterations):
        s = a * s + b * s**3 + c * s**5
    return np.asarray(LENGTH_OF_ADAM * np.sqrt(max(u.shape)) * (P * s) @ Q)


def _muon_spread(rule: Any, g: Array, memory: Memory, off: Array, rounding: float) -> float:
    """A small singular value, and what it is off by, grows by the factor a in every iteration."""
    length = max(float(np.linalg.norm(_look_ahead(rule, g, memory))), rule.epsilon)
    share = (1 + rule.momentum) * float(np.linalg.norm(off)) / length + rounding
    return float(LENGTH_OF_ADAM * np.sqrt(max(g.shape)) * NEWTON_SCHULZ[0] ** rule.iterations * share)


def _muon_text(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    u = f"{g} + {rule.momentum:g} ({rule.momentum:g} {memory[0]} + {g})"
    return f"{LENGTH_OF_ADAM:g} sqrt(max(rows, columns)) orthogonalised({u})"


def _muon_latex(rule: Any, g: str, memory: tuple[str, ...], t: int) -> str:
    u = rf"{g} + {rule.momentum:g} ({rule.momentum:g} {memory[0]} + {g})"
    scale = rf"{LENGTH_OF_ADAM:g} \sqrt{{\max(\mathrm{{rows}}, \mathrm{{columns}})}}"
    return rf"{scale} \, \mathrm{{NS}}_{{{rule.iterations}}}\left({u}\right)"


ADAM = RuleEquations(_adam, _adam_text, _adam_latex)

RULE_EQUATIONS: Mapping[str, RuleEquations] = {
    "gradient_descent": RuleEquations(
        lambda rule, g, memory, t: g, lambda rule, g, memory, t: g, lambda rule, g, memory, t: g
    ),
    "momentum": RuleEquations(_momentum, _momentum_text, _momentum_text),
    "nesterov": RuleEquations(_nesterov, _nesterov_text, _nesterov_text),
    "rmsprop": RuleEquations(_rmsprop, _rmsprop_text, _rmsprop_latex),
    "adam": ADAM,
    "adamw": ADAM,
    "lion": RuleEquations(_lion, _lion_text, _lion_latex),
    "muon": ADAM,
}

MATRIX_EQUATIONS: Mapping[str, RuleEquations] = {  # of hidden matrices, where they are moved whole
    "muon": RuleEquations(_muon, _muon_text, _muon_latex, remembers=("v",), spread=_muon_spread),
}
