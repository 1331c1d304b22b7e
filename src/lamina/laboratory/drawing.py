"""An equation as a picture: LaTeX with the shape under each symbol, and the row of arrays and signs to be drawn."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lamina.glassbox.entries.spelling import NAME
from lamina.glassbox.equation import Equation, latex_of, transposed

Shapes = Mapping[str, tuple[int, ...]]

COMMAND = re.compile(r"\\[A-Za-z]+")
A_NUMBER = re.compile(r"\d[\d.]*(?:e[-+]?\d+)?")
LONGEST = 10  # signs between two arrays, a number counted as one
MEAN = r"\frac{1}{m}"
GREY = "#76808c"  # legible on light and on dark paper


def with_shapes(equation: Equation, shapes: Shapes) -> str:
    """Return an equation in LaTeX with the shape under each array; within fractions and powers they are left out."""
    marks: dict[str, str] = {}
    for name, shape in shapes.items():
        if shape:
            marks[latex_of(name)] = _below(latex_of(name), shape)
            if transposed(name) != latex_of(name):
                marks[transposed(name)] = _below(transposed(name), shape[::-1])
    return "".join(_marked(equation.latex, sorted(marks, key=len, reverse=True), marks))


def _below(symbol: str, shape: tuple[int, ...]) -> str:
    sides = r" \times ".join(map(str, shape))
    return rf"\underset{{\color{{{GREY}}}{{{sides}}}}}{{{symbol}}}"


def _marked(latex: str, symbols: Sequence[str], marks: Mapping[str, str], *, within: bool = False) -> Iterator[str]:
    """Yield LaTeX with marks in place of symbols; those within braces too where that is wanted."""
    at, depth = 0, 0
    while at < len(latex):
        found = next((one for one in symbols if latex.startswith(one, at)), None) if within or depth == 0 else None
        command = COMMAND.match(latex, at)
        if found:
            yield marks[found]
            at += len(found)
        elif command:
            yield command[0]
            at = command.end()
        else:
            depth += {"{": 1, "}": -1}.get(latex[at], 0)
            yield latex[at]
            at += 1


def pieces(equation: Equation, shapes: Shapes) -> list[dict[str, Any]]:
    """Return the right-hand side as a row to be drawn: `{"array": name, "turned": bool}` and `{"text": sign}`.

    An array that stands there twice is drawn once. Where the text names none, the arrays that are read stand in a row.
    """
    found: list[dict[str, Any]] = []
    text, drawn, at = equation.statement.text, set[str](), 0
    for name in NAME.finditer(text):
        if name[0] in shapes and shapes[name[0]] and name[0] not in drawn:
            turned = text.startswith("ᵀ", name.end())
            found += [{"text": text[at : name.start()]}, {"array": name[0], "turned": turned}]
            drawn.add(name[0])
            at = name.end() + turned
    if not drawn:
        read = [{"array": name, "turned": False} for name in equation.statement.inputs if shapes[name]]
        return [{"text": text}, *read] if read else [{"text": text}]
    row = [one for one in (*found, {"text": text[at:]}) if one.get("text", " ") != ""]
    if any(
        len(A_NUMBER.sub("0", one.get("text", ""))) > LONGEST for one in row
    ):  # it stands above, typeset; here are what it reads
        return [{"text": "from"}, *(one for one in row if "array" in one)]
    return row


def of_one_example(equation: Equation, axes: Mapping[str, tuple[str, ...]], adds_up: bool) -> str:
    """Return an equation in LaTeX for example e: what has a column for each example becomes small, with (e) above.

    Parameters
    ----------
    equation : Equation
    axes : mapping of str to tuple of str
        What the axes of the arrays mean.
    adds_up : bool
        Whether it is a sum over the examples.
    """
    columns = [name for name, of in axes.items() if of[-1].startswith("examples")]
    marks = {latex_of(name): _small(latex_of(name)) for name in columns}
    marks |= {transposed(name): _small(transposed(name)) for name in columns if transposed(name) != latex_of(name)}
    latex = "".join(_marked(equation.latex, sorted(marks, key=len, reverse=True), marks, within=True))
    if not adds_up:
        return latex
    return latex.replace(r"\sum_i", r"\sum_e") if r"\sum_i" in latex else latex.replace(MEAN, rf"{MEAN} \sum_e ", 1)


def _small(symbol: str) -> str:
    head, bracket, rest = symbol.partition("^{[")
    letter = re.sub(r"[A-Z]$", lambda one: one[0].lower(), head) if not head.startswith("\\") else head
    return f"{letter}^{{[{rest.replace(']', '](e)', 1)}" if bracket else f"{letter}^{{(e)}}"
