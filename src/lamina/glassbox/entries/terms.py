"""What an entry is made of: `front * Σ terms`, each term a product of factors, each factor read from arrays.

dW2[0, 3] = 1/m * (dZ2[0, 0] * A1[3, 0] + dZ2[0, 1] * A1[3, 1] + ...)
"""

from collections.abc import Callable, Mapping
from math import fsum, inf, isfinite, nan, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Named = Mapping[str, Array]
Index = tuple[int, ...]


class Block(NamedTuple):
    """A rectangle of an array.

    Attributes
    ----------
    name : str
    spans : tuple of (int, int)
        For each axis the first index and the one after the last; empty of an array that is one number.
    """

    name: str
    spans: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        inside = [str(first) if end == first + 1 else f"{first}:{end}" for first, end in self.spans]
        return f"{self.name}[{', '.join(inside)}]" if inside else self.name

    @property
    def size(self) -> int:
        """How many entries it has."""
        return prod(end - first for first, end in self.spans)


class Factor(NamedTuple):
    """One factor of a term.

    Attributes
    ----------
    text : str
        "W1[0, 2]", or a function of entries: "(1 - A1[0, 2]²)".
    numbers : str
        The same with its numbers: "0.35", "(1 - 0.7616²)".
    value : float
    reads : tuple of Block
        Where it is read from.
    """

    text: str
    numbers: str
    value: float
    reads: tuple[Block, ...]


class Term(NamedTuple):
    """A product."""

    factors: tuple[Factor, ...]

    @property
    def value(self) -> float:
        """The product of the factors."""
        return prod(factor.value for factor in self.factors)


class Sum(NamedTuple):
    """Terms that are added up, and a factor in front of them.

    Attributes
    ----------
    terms : tuple of Term
    front : float
    front_text : str
        "1/m"; empty where nothing stands in front.
    over : str
        What the terms are numbered by: "examples", "units"; empty where they are not.
    """

    terms: tuple[Term, ...]
    front: float = 1.0
    front_text: str = ""
    over: str = ""

    @property
    def value(self) -> float:
        """The factor in front times the sum of the terms."""
        return self.front * added([term.value for term in self.terms])


TermsOf = Callable[[Named, Index], tuple[Sum, ...]]  # the sums that add up to the entry at an index


def added(values: list[float]) -> float:
    """Return a sum, rounded once where it is finite."""
    if all(map(isfinite, values)):
        return fsum(values)
    return nan if any(value != value for value in values) or {inf, -inf} <= set(values) else sum(values)


def place(shape: tuple[int, ...], index: Index) -> Index | None:
    """Return the index from which an array of this shape is read where it is stretched to that of a result.

    None where it cannot be.
    """
    if not shape:
        return ()
    if len(shape) != len(index) or any(side not in (1,) and side <= k for side, k in zip(shape, index, strict=True)):
        return None
    return tuple(0 if side == 1 else k for side, k in zip(shape, index, strict=True))


def block(name: str, index: Index) -> Block:
    """Return the block of a single entry."""
    return Block(name, tuple((k, k + 1) for k in index))


def whole(name: str, array: Array) -> Block:
    """Return the block of all entries of an array."""
    return Block(name, tuple((0, side) for side in array.shape))


def spelled(value: float) -> str:
    """Return a number in four digits."""
    return f"{value + 0.0:.4g}"  # -0.0 is 0


def entry(a: Named, name: str, index: Index) -> Factor:
    """Return the factor that is an entry of an array, stretched to the result where it is a row or a column."""
    at = place(a[name].shape, index)
    assert at is not None
    value = float(a[name][at])
    where = block(name, at)
    return Factor(str(where), spelled(value), value, (where,))


def number(text: str, value: float) -> Factor:
    """Return a factor that is read from no array."""
    return Factor(text, spelled(value), value, ())


def column(array: Array, k: int) -> Array:
    """Return one column as an array of two axes; an array with a single column, or a single number, as it is."""
    return array if array.ndim == 0 or array.shape[1] == 1 else np.asarray(array[:, k : k + 1])
