"""An equation: what it says in text and in LaTeX, and a few lines of NumPy that compute it from named arrays.

The tables of equations (layer_equations.py, column_equations.py, activation_equations.py, loss_equations.py,
optimiser_equations.py) say what every part of a network computes. They are written anew from the formulas and do not
call `lamina.equations`, so a replay of a trace compares two ways of computing the same number.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.glassbox.entries.rules import both, product_at
from lamina.glassbox.entries.terms import TermsOf

Array = NDArray[Any]
Named = Mapping[str, Array]  # arrays by the lecture's name, in double precision

GREEK = {"gamma", "beta", "phi"}
PARTS = re.compile(r"(?:(?P<memory>[a-z]+)_)?(?P<d>d?)(?P<role>[A-Za-z]+?)(?P<number>\d+)(?P<rest>(?:_\w+)?)")


class Value(NamedTuple):
    """A result, and how large the terms are that were added up to it: rounding is proportional to them."""

    value: Array
    size: Array
    slack: Array | float = 0.0  # what it may differ by besides


class Statement(NamedTuple):
    """The right-hand side of an equation."""

    text: str
    latex: str
    inputs: tuple[str, ...]  # the arrays that it reads
    compute: Callable[[Named], Value]
    terms: TermsOf | None = None  # of one entry; where there is no rule, what it reads is found by looking
    stretched: tuple[str, ...] = ()  # the inputs that are repeated along an axis to the shape of the result


class Equation(NamedTuple):
    """One equation of a network: `result = statement`."""

    result: str  # "Z1"
    statement: Statement
    part: str  # one of PARTS_OF_A_PASS
    what: str  # what computes it: "linear", "relu", "loss", ...

    @property
    def text(self) -> str:
        return f"{self.result} = {self.statement.text}"

    @property
    def latex(self) -> str:
        return f"{latex_of(self.result)} = {self.statement.latex}"


PARTS_OF_A_PASS = ("forward", "cost", "backward", "update")


def latex_of(name: str) -> str:
    r"""Return a name in LaTeX: "dW1" -> "dW^{[1]}", "A1_2" -> "A^{[1]}_{2}", "v_W1" -> "v_{W^{[1]}}"."""
    found = PARTS.fullmatch(name)
    if found is None:
        return {"loss": r"\mathcal{L}", "cost": "J", "Y": "Y", "w": "w"}.get(name, rf"\mathrm{{{name}}}")
    role = found["role"]
    letter = rf"\{role}" if role in GREEK else role if len(role) == 1 else rf"\mathrm{{{role}}}"
    rest = found["rest"].lstrip("_").replace("_", ",")
    below = rf"_{{\mathrm{{{rest}}}}}" if rest.strip("0123456789") else f"_{{{rest}}}" if rest else ""
    symbol = f"{found['d']}{letter}^{{[{found['number']}]}}{below}"
    return f"{found['memory']}_{{{symbol}}}" if found["memory"] else symbol


def transposed(name: str) -> str:
    r"""Return the transpose of an array in LaTeX: "W1" -> "W^{[1]\top}"."""
    return latex_of(name).replace("]}", r"]\top}", 1)


def power_of_ten(value: float) -> str:
    r"""Return a small number in LaTeX: 1e-08 -> "10^{-8}"."""
    digits, _, power = f"{value:g}".partition("e")
    if not power:
        return digits
    times = "" if digits == "1" else rf"{digits} \cdot "
    return f"{times}10^{{{int(power)}}}"


def short_latex(value: float) -> str:
    r"""Return a number in four digits: 5.5556e-08 -> "5.556 \cdot 10^{-8}"."""
    return power_of_ten(float(f"{value:.4g}"))


def number_of(name: str) -> int | None:
    """Return the lecture's layer number in a name: 2 of "dW2", "Z2_2", "v_W2" and "W2_new"; None of "cost"."""
    found = PARTS.fullmatch(name)
    return None if found is None else int(found["number"])


def product(left: Array, right: Array) -> Value:
    """Return a matrix product and the size of its terms."""
    return Value(left @ right, np.abs(left) @ np.abs(right))


def plain(value: Array) -> Value:
    """Return a value that rounding moves by no more than in proportion to itself."""
    return Value(value, np.abs(value))


def plus(first: Value, second: Value) -> Value:
    """Return the sum of two values."""
    return Value(first.value + second.value, first.size + second.size)


def summed(first: Statement, second: Statement) -> Statement:
    """Return the statement that adds two."""
    inputs = tuple(dict.fromkeys([*first.inputs, *second.inputs]))
    return Statement(
        f"{first.text} + {second.text}",
        f"{first.latex} + {second.latex}",
        inputs,
        lambda a: plus(first.compute(a), second.compute(a)),
        both(first.terms, second.terms),
        tuple(dict.fromkeys([*first.stretched, *second.stretched])),
    )


def copied(name: str) -> Statement:
    """Return the statement that takes an array as it is."""
    return Statement(name, latex_of(name), (name,), lambda a: plain(a[name]), product_at(name))
