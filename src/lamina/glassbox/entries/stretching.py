"""How arrays meet in an equation: which are named in it, and which are repeated to the shape of the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamina.glassbox.entries.spelling import arrays_in
from lamina.glassbox.equation import Equation


@dataclass(frozen=True)
class Stretch:
    """An array that is repeated along an axis, to the shape of the result.

    Attributes
    ----------
    name : str
    axis : int
        Along which it is repeated: 0, every row is the same; 1, every column is the same.
    before, after : tuple of int
        Its own shape, and that of the result.
    """

    name: str
    axis: int
    before: tuple[int, ...]
    after: tuple[int, ...]

    def __str__(self) -> str:
        what = "column" if self.axis == 1 else "row"
        return f"{self.name} {self.before} -> {self.after}: its {what} stands {self.after[self.axis]} times"


def stretches(equation: Equation, shapes: Mapping[str, tuple[int, ...]]) -> tuple[Stretch, ...]:
    """Return which inputs of an equation are broadcast, and along which axis.

    Parameters
    ----------
    equation : Equation
    shapes : mapping of str to tuple
    """
    after = shapes[equation.result]
    return tuple(
        Stretch(name, axis, shapes[name], after)
        for name in equation.statement.stretched
        for axis, (own, wanted) in enumerate(zip(shapes[name], after, strict=True))
        if own == 1 and wanted != 1
    )


def told_from(equation: Equation, known: Sequence[str]) -> tuple[str, ...]:
    """Return the arrays that stand in an equation's text, in its order; where none does, those that it reads."""
    return arrays_in(equation.statement.text, known) or equation.statement.inputs
