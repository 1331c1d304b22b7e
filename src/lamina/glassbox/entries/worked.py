"""One entry of a trace, worked out: `print(trace.entry("dW2", 0, 3))`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.errors import SettingError
from lamina.glassbox.cells import as_html, lined
from lamina.glassbox.entries.reading import blocks_read, joined
from lamina.glassbox.entries.terms import Block, Factor, Index, Named, Sum, Term, added, block, spelled
from lamina.glassbox.equation import Equation
from lamina.glassbox.replay import compared

SHOWN = 12  # terms of a sum that are printed


@dataclass(frozen=True)
class WorkedEntry:
    """How one entry of an array comes about; `print` it.

    Attributes
    ----------
    name : str
        Of the array.
    index : tuple of int
    value : float
        In the trace.
    equation : Equation
        The one that gives the array.
    sums : tuple of Sum
        They add up to the entry; each is a factor in front of a sum of products.
    allowed : float
        By how much rounding may move the entry.
    by_rule : bool
        Whether the terms are known. Otherwise there is a single one, the equation's own result, and what it reads was
        found by putting other numbers into the inputs.
    exact : bool
        Whether it reads all of what `reads` lists, and not only some of it: arrays that are too large to look at
        everywhere are listed in larger blocks.
    """

    name: str
    index: Index
    value: float
    equation: Equation
    sums: tuple[Sum, ...]
    allowed: float
    by_rule: bool = True
    exact: bool = True

    @property
    def total(self) -> float:
        """What the terms add up to."""
        return added([one.value for one in self.sums])

    @property
    def difference(self) -> float:
        """How far that is from the number in the trace."""
        both_odd = not np.isfinite(self.total) and not np.isfinite(self.value)
        return 0.0 if both_odd or self.total == self.value else abs(self.total - self.value)

    @property
    def agrees(self) -> bool:
        """Whether the terms add up to the number in the trace, within rounding."""
        return self.difference == 0 or self.difference <= self.allowed

    @property
    def reads(self) -> dict[str, tuple[Block, ...]]:
        """What is read, by the name of the array, in few blocks."""
        found: dict[str, list[Block]] = {}
        for one in self.sums:
            for term in one.terms:
                for factor in term.factors:
                    for read in factor.reads:
                        found.setdefault(read.name, []).append(read)
        return {name: joined(blocks) for name, blocks in found.items()}

    @property
    def place(self) -> str:
        """The entry by name: "dW2[0, 3]"."""
        return str(block(self.name, self.index))

    def cells(self, most: int = SHOWN) -> list[tuple[str, str, str]]:
        """Return heading and rows as strings; of a long sum the first and last terms, and the others together."""
        return [("term", "in numbers", "value"), *self._cells(most)]

    def _cells(self, most: int) -> Iterator[tuple[str, str, str]]:
        for one in self.sums:
            for term in _some(one.terms, most):
                yield _row(one, term)
            if one.front_text and len(one.terms) > 1:
                of_terms = f"the sum of {len(one.terms):,} {one.over or 'terms'}"
                inner = spelled(added([term.value for term in one.terms]))
                yield f"{one.front_text} * {of_terms}", f"{spelled(one.front)} * {inner}", spelled(one.value)
        yield self.place, "", spelled(self.total)

    @property
    def verdict(self) -> str:
        """Whether the terms add up, in a sentence."""
        if self.agrees:
            return f"the trace has {self.value:.8g}: they agree"
        return f"the trace has {self.value:.8g}, off by {self.difference:.2g}; rounding explains {self.allowed:.1g}"

    def __str__(self) -> str:
        return "\n".join([f"{self.place} of {self.equation.text}", *lined(self.cells(), left=(0, 1)), self.verdict])

    def _repr_html_(self) -> str:
        return as_html(f"{self.place} of {self.equation.text}", self.cells())


def _some(terms: Sequence[Term], most: int) -> Iterator[Term | Sequence[Term]]:
    """Yield terms; of too many those in the middle as one sequence."""
    if len(terms) <= most:
        yield from terms
        return
    head = most - 2
    yield from terms[:head]
    yield terms[head:-1]
    yield terms[-1]


def _row(of: Sum, term: Term | Sequence[Term]) -> tuple[str, str, str]:
    if not isinstance(term, Term):
        return f"... {len(term):,} more", "", spelled(added([one.value for one in term]))
    texts, numbers = [one.text for one in term.factors], [one.numbers for one in term.factors]
    value = term.value
    if of.front_text and len(of.terms) == 1:
        texts, numbers, value = [of.front_text, *texts], [spelled(of.front), *numbers], of.value
    return " * ".join(texts), " * ".join(numbers), spelled(value)


def worked_entry(trace: Any, name: str, index: Sequence[int]) -> WorkedEntry:
    """Return how an entry of a trace comes about.

    Raises
    ------
    SettingError
        There is no such array or entry, or the array is given and not computed.
    """
    name = trace.name_of(name)
    array, equation = trace.arrays[name], _equation_of(trace, name)
    at = _checked(name, array.shape, index)
    a = {known: np.asarray(one, np.float64) for known, one in trace.arrays.items()}
    with np.errstate(all="ignore"):  # what is not finite is shown
        off = compared(equation, a[name], a, array.dtype)
        allowed = float(off.allowed[at])
        rule = equation.statement.terms
        if rule is not None:
            return WorkedEntry(name, at, float(a[name][at]), equation, rule(a, at), allowed)
        factor, exact = _looked_through(equation, a, at)
    return WorkedEntry(name, at, float(a[name][at]), equation, (Sum((Term((factor,)),)),), allowed, False, exact)


def _looked_through(equation: Equation, a: Named, at: Index) -> tuple[Factor, bool]:
    statement = equation.statement
    reads, exact = blocks_read(statement.inputs, lambda one: np.asarray(statement.compute(one).value), a, at)
    value = float(np.asarray(statement.compute(a).value)[at])
    return Factor(statement.text, spelled(value), value, reads), exact


def _equation_of(trace: Any, name: str) -> Equation:
    found: Equation | None = next((one for one in trace.equations() if one.result == name), None)
    if found is None:
        raise SettingError(
            f"entry({name!r}): {name} is given, and not computed from other arrays. An entry can be worked out of "
            f"{', '.join(one.result for one in trace.equations())}."
        )
    return found


def _checked(name: str, shape: tuple[int, ...], index: Sequence[int]) -> Index:
    """Return an index from 0; a negative one counts from the end."""
    whole = all(isinstance(k, int | np.integer) and not isinstance(k, bool) for k in index)
    if not whole or len(index) != len(shape):
        numbers = {0: "no index: it is one number"}.get(len(shape), f"{len(shape)} whole numbers")
        raise SettingError(
            f"entry({name!r}, {', '.join(map(repr, index))}): {name} has shape {shape}, expected {numbers}."
        )
    if any(not -side <= k < side for k, side in zip(index, shape, strict=True)):
        raise SettingError(
            f"entry({name!r}, {', '.join(map(str, index))}): {name} has shape {shape}, the last entry is "
            f"{name}[{', '.join(str(side - 1) for side in shape)}]."
        )
    return tuple(int(k) % side for k, side in zip(index, shape, strict=True))
