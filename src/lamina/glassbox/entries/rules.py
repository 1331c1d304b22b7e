"""The rules by which an entry follows from others, for the tables of equations to choose from.

A rule is a function (arrays by name, index of the entry) -> the sums that add up to it. An equation without a rule is
looked through mechanically (reading.py).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.glassbox.entries.spelling import arrays_in, with_entries, with_numbers
from lamina.glassbox.entries.terms import (
    Array,
    Block,
    Factor,
    Index,
    Named,
    Sum,
    Term,
    TermsOf,
    block,
    column,
    entry,
    number,
    place,
    spelled,
    whole,
)

Compute = Callable[[Named], Any]  # a Value


def matrix_product(
    left: str, right: str, over: str, *, turned: str = "", mean: bool = False, plus: str = ""
) -> TermsOf:
    """A row times a column: `left @ right`, one of them transposed, divided by m, or with a column added.

    Parameters
    ----------
    left, right : str
    over : str
        What is summed over.
    turned : str
        Which of the two is transposed; empty for neither.
    mean : bool
        Whether the sum is divided by the number of examples.
    plus : str
        The column that is added to every column.
    """

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        i, j = index
        n = a[left].shape[0 if turned == left else 1]
        found = tuple(
            Term(
                (
                    entry(a, left, (k, i) if turned == left else (i, k)),
                    entry(a, right, (j, k) if turned == right else (k, j)),
                )
            )
            for k in range(n)
        )
        product = Sum(found, 1 / n, "1/m", over) if mean else Sum(found, over=over)
        return (product, Sum((Term((entry(a, plus, index),)),))) if plus else (product,)

    return terms


def mean_of_examples(*factors: str) -> TermsOf:
    """The mean over the examples of a product, number by number, of one row."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        row = index[0] if index else 0
        m = a[factors[0]].shape[1]
        found = tuple(Term(tuple(entry(a, name, (row, e)) for name in factors)) for e in range(m))
        return (Sum(found, 1 / m, "1/m", "examples"),)

    return terms


def mean_of_members(name: str, members: int) -> TermsOf:
    """The mean over the members of an ensemble: example e stands in columns e * members and following."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        row, e = index
        found = tuple(Term((entry(a, name, (row, e * members + k)),)) for k in range(members))
        return (Sum(found, 1 / members, f"1/{members}", "members"),)

    return terms


def product_at(*names: str, divided_by: float = 1.0) -> TermsOf:
    """The product of the entries at the same place."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        factors = tuple(entry(a, name, index) for name in names)
        share = (number(f"1/{divided_by:g}", 1 / divided_by),) if divided_by != 1 else ()
        return (Sum((Term((*factors, *share)),)),)

    return terms


def function_at(text: str, inputs: tuple[str, ...], compute: Compute, whole_column: tuple[str, ...] = ()) -> TermsOf:
    """A function, number by number, of the entries at the same place.

    Parameters
    ----------
    text : str
        The function in the names of the arrays.
    inputs : tuple of str
    compute : function
        From the arrays of one example.
    whole_column : tuple of str
        The arrays of which it reads everything that belongs to the example.
    """

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        return (Sum((Term((function(text, inputs, compute, a, index, whole_column),)),)),)

    return terms


def function(
    text: str, inputs: tuple[str, ...], compute: Compute, a: Named, index: Index, whole_column: tuple[str, ...] = ()
) -> Factor:
    """Return the factor that is a function of entries; the arguments are those of `function_at`."""
    row, e = index
    found = compute({name: column(a[name], e) for name in inputs})
    value = float(found.value[row, 0])
    narrow = {name: array for name, array in a.items() if name not in whole_column}
    named = dict.fromkeys((*inputs, *arrays_in(text, a)))
    reads = [_column(name, a[name], e) for name in named if name in whole_column]
    places = {name: place(a[name].shape, index) for name in named if name not in whole_column}
    reads += [block(name, at) for name, at in places.items() if at is not None]
    numbers = spelled(value) if whole_column else with_numbers(text, a, index)
    return Factor(with_entries(text, narrow, index), numbers, value, tuple(reads))


def function_of_all(text: str, inputs: tuple[str, ...], compute: Compute, a: Named, index: Index) -> Factor:
    """Return the factor that is an entry of a function of whole arrays."""
    value = float(compute(a).value[index])
    at = ", ".join(map(str, index))
    return Factor(f"({text})[{at}]", spelled(value), value, tuple(whole(name, a[name]) for name in inputs))


def _column(name: str, array: Array, e: int) -> Block:
    return Block(name, ((0, array.shape[0]), (e, e + 1)))


def softmax_at(text: str, Z: str, compute: Compute) -> TermsOf:
    """`e^Z / Σ e^Z` over the rows, as two factors; where e^Z overflows, as a function of the column."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        row, e = index
        column_of_Z = a[Z][:, e]
        with np.errstate(over="ignore"):
            powers = np.exp(column_of_Z)
        total = float(powers.sum())
        if not np.isfinite(total) or total == 0:
            return function_at(text, (Z,), compute, (Z,))(a, index)
        z, whole_column = entry(a, Z, index), _column(Z, a[Z], e)
        power = Factor(f"e^{z.text}", f"e^{_bracketed(z.value)}", float(powers[row]), z.reads)
        share = Factor(f"1 / Σ e^{whole_column}", f"1 / {spelled(total)}", 1 / total, (whole_column,))
        return (Sum((Term((power, share)),)),)

    return terms


def _bracketed(value: float) -> str:
    return f"({spelled(value)})" if value < 0 else spelled(value)


def sum_over_rows(text: str, inputs: tuple[str, ...], compute: Compute, share: int, over: str) -> TermsOf:
    """The sum, divided by `share`, of a function of the entries of each row; `compute` gives a row for each."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        rows = len(a[inputs[0]])
        found = tuple(Term((function(text, inputs, compute, a, (k, index[1])),)) for k in range(rows))
        front = f"1/{share}" if share > 1 else ""
        return (Sum(found, 1 / share, front, over if rows > 1 else ""),)

    return terms


def times_slope(dA: str, slope: str, inputs: tuple[str, ...], compute: Compute) -> TermsOf:
    """`dA * g'(Z)`, the slope as a factor of its own."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        factor = number("1", 1.0) if slope == "1" else function(slope, inputs, compute, a, index)
        return (Sum((Term((entry(a, dA, index), factor)),)),)

    return terms


def moved(W: str, rate: float, shrink: float, direction: Callable[[Named, Index], Factor]) -> TermsOf:
    """`W - rate * (direction + shrink * W)`, with the direction of an entry as a factor."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        steps = [Term((direction(a, index),))]
        if shrink:
            steps.append(Term((number(f"{shrink:.4g}", shrink), entry(a, W, index))))
        return Sum((Term((entry(a, W, index),)),)), Sum(tuple(steps), -rate, f"-{rate:.4g}")

    return terms


def of_all(factor: float, text: str, names: tuple[str, ...], of: Callable[[Array], Any]) -> TermsOf:
    """A factor times the sum of a function of all entries of some arrays; `text` has the name in place of {}."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        values = [(name, float(of(a[name]).sum())) for name in names]
        found = tuple(
            Term((Factor(text.format(name), spelled(value), value, (whole(name, a[name]),)),)) for name, value in values
        )
        return (Sum(found, factor, f"{factor:.4g}", "arrays of weights"),)

    return terms


def scaled(factor: float, text: str, name: str, of: Callable[[Array], Any]) -> TermsOf:
    """A factor times a function of the entry at the same place."""

    def terms(a: Named, index: Index) -> tuple[Sum, ...]:
        at = entry(a, name, index)
        value = float(of(np.asarray(at.value)))
        found = at._replace(text=with_entries(text, a, index), numbers=with_numbers(text, a, index), value=value)
        return (Sum((Term((found,)),), factor, f"{factor:.4g}"),)

    return terms


def both(first: TermsOf | None, second: TermsOf | None) -> TermsOf | None:
    """The sums of two rules; None where one of them is missing."""
    if first is None or second is None:
        return None
    return lambda a, index: (*first(a, index), *second(a, index))
