"""What a linear layer computes whose products take operands rounded to bfloat16, forward and back: `bf16(W1)`.

The arrays of a trace are those before rounding, so every equation rounds what it multiplies.
"""

from typing import Any

import numpy as np

from lamina.equations.rounding import bfloat16
from lamina.glassbox.entries.rules import matrix_product
from lamina.glassbox.entries.terms import Factor, Index, Named, Sum, Term, TermsOf, spelled
from lamina.glassbox.equation import Array, Statement, Value, latex_of, product
from lamina.glassbox.site import LayerEquations, Site, mean_over_examples, per_example


def _forward(at: Site) -> Statement:
    W, b, A = at.p["W"], at.p["b"], at.before
    return Statement(
        f"{_text(W)} {_text(A)} + {b}",
        f"{_latex(W)} {_latex(A)} + {latex_of(b)}",
        (W, A, b),
        lambda a: _plus(_product(a[W], a[A]), a[b]),
        rounded(matrix_product(W, A, "units", plus=b), W, A),
        (b,),
    )


def _backward(at: Site) -> Statement:
    W, dZ = at.p["W"], f"d{at.out}"
    return Statement(
        f"{_text(W)}ᵀ {_text(dZ)}",
        rf"{_latex(W)}^\top {_latex(dZ)}",
        (W, dZ),
        lambda a: _product(a[W].T, a[dZ]),
        rounded(matrix_product(W, dZ, "units", turned=W), W, dZ),
    )


def _gradients(at: Site) -> dict[str, Statement]:
    dZ, A = f"d{at.out}", at.before
    dW = Statement(
        f"(1/m) {_text(dZ)} {_text(A)}ᵀ",
        rf"\frac{{1}}{{m}} {_latex(dZ)} {_latex(A)}^\top",
        (dZ, A),
        lambda a: per_example(_product(a[dZ], a[A].T), a[dZ]),
        rounded(matrix_product(dZ, A, "examples", turned=A, mean=True), dZ, A),
    )
    return {"W": dW, "b": mean_over_examples(dZ)}


def _product(left: Array, right: Array) -> Value:
    return product(bfloat16(left), bfloat16(right))


def _plus(sums: Value, b: Array) -> Value:
    return Value(sums.value + b, sums.size + abs(b))


def rounded(terms: TermsOf, *names: str) -> TermsOf:
    """The same sums with the entries of some arrays rounded."""

    def one(factor: Factor) -> Factor:
        if not (factor.reads and factor.reads[0].name in names):
            return factor
        value = float(bfloat16(np.array([factor.value]))[0])
        return factor._replace(text=_text(factor.text), numbers=spelled(value), value=value)

    def found(a: Named, index: Index) -> tuple[Sum, ...]:
        sums = terms(a, index)
        return tuple(s._replace(terms=tuple(Term(tuple(map(one, t.factors))) for t in s.terms)) for s in sums)

    return found


def _text(name: str) -> str:
    return f"bf16({name})"


def _latex(name: Any) -> str:
    return rf"\mathrm{{bf16}}({latex_of(name)})"


rounded_linear = LayerEquations(_forward, _backward, _gradients)
