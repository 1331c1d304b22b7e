"""What a linear layer computes, forward and back; its products take operands as they are, or rounded: `bf16(W1)`.

The arrays of a trace are those before rounding, so an equation that rounds does so to all that it multiplies.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from lamina.equations.rounding import bfloat16
from lamina.glassbox.entries.rules import matrix_product
from lamina.glassbox.entries.terms import Factor, Index, Named, Sum, Term, TermsOf, spelled
from lamina.glassbox.equation import Array, Statement, Value, latex_of, plain, plus, product, transposed
from lamina.glassbox.site import LayerEquations, Site, mean_over_examples, per_example


class Taken(NamedTuple):
    """How a product takes its operands, by name."""

    text: Callable[[str], str]
    latex: Callable[[str], str]
    turned: Callable[[str], str]  # the transpose in LaTeX
    product: Callable[[Array, Array], Value]
    terms: Callable[..., TermsOf]  # of a product of the operands that are named behind it


def _forward(at: Site, taken: Taken) -> Statement:
    W, b, A = at.p["W"], at.p["b"], at.before
    return Statement(
        f"{taken.text(W)} {taken.text(A)} + {b}",
        f"{taken.latex(W)} {taken.latex(A)} + {latex_of(b)}",
        (W, A, b),
        lambda a: plus(taken.product(a[W], a[A]), plain(a[b])),
        taken.terms(matrix_product(W, A, "units", plus=b), W, A),
        (b,),
    )


def _backward(at: Site, taken: Taken) -> Statement:
    W, dZ = at.p["W"], f"d{at.out}"
    return Statement(
        f"{taken.text(W)}ᵀ {taken.text(dZ)}",
        f"{taken.turned(W)} {taken.latex(dZ)}",
        (W, dZ),
        lambda a: taken.product(a[W].T, a[dZ]),
        taken.terms(matrix_product(W, dZ, "units", turned=W), W, dZ),
    )


def _gradients(at: Site, taken: Taken) -> dict[str, Statement]:
    dZ, A = f"d{at.out}", at.before
    dW = Statement(
        f"(1/m) {taken.text(dZ)} {taken.text(A)}ᵀ",
        rf"\frac{{1}}{{m}} {taken.latex(dZ)} {taken.turned(A)}",
        (dZ, A),
        lambda a: per_example(taken.product(a[dZ], a[A].T), a[dZ]),
        taken.terms(matrix_product(dZ, A, "examples", turned=A, mean=True), dZ, A),
    )
    return {"W": dW, "b": mean_over_examples(dZ)}


def _rounded_product(left: Array, right: Array) -> Value:
    return product(bfloat16(left), bfloat16(right))


def _rounded_terms(terms: TermsOf, *names: str) -> TermsOf:
    """The same sums with the entries of some arrays rounded."""

    def one(factor: Factor) -> Factor:
        if not (factor.reads and factor.reads[0].name in names):
            return factor
        value = float(bfloat16(np.array([factor.value]))[0])
        return factor._replace(text=_rounded_text(factor.text), numbers=spelled(value), value=value)

    def found(a: Named, index: Index) -> tuple[Sum, ...]:
        sums = terms(a, index)
        return tuple(s._replace(terms=tuple(Term(tuple(map(one, t.factors))) for t in s.terms)) for s in sums)

    return found


def _rounded_text(name: str) -> str:
    return f"bf16({name})"


def _rounded_latex(name: str) -> str:
    return rf"\mathrm{{bf16}}({latex_of(name)})"


AS_THEY_ARE = Taken(str, latex_of, transposed, product, lambda terms, *names: terms)
ROUNDED = Taken(
    _rounded_text, _rounded_latex, lambda name: rf"{_rounded_latex(name)}^\top", _rounded_product, _rounded_terms
)

linear, rounded_linear = (
    LayerEquations(partial(_forward, taken=one), partial(_backward, taken=one), partial(_gradients, taken=one))
    for one in (AS_THEY_ARE, ROUNDED)
)
