"""A line of a script: what it makes, from what, and what is said beside it."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
INDENT = "    "
WIDTH = 100  # of a line
FARTHEST = 58  # column at which what is said beside the lines begins, at most


class Line(NamedTuple):
    """`target = code  # beside`."""

    target: str
    code: str
    beside: str = ""

    @property
    def reads(self) -> set[str]:
        """The names that it reads; a target like `own[e]` is changed in place."""
        return set(NAME.findall(self.code + self.target.partition("[")[2]))


def text_of(lines: Sequence[Line], indent: str) -> list[str]:
    """Return lines as text, what is said beside them in a column."""
    found = [f"{indent}{line.target} = {line.code}" for line in lines]
    column = max((len(one) for one in found if len(one) <= FARTHEST), default=0)
    return [
        f"{one.ljust(column)}  # {line.beside}" if line.beside else one for one, line in zip(found, lines, strict=True)
    ]


def needed(lines: Sequence[Line], wanted: Iterable[str]) -> list[Line]:
    """Return the lines that lead to some names; the others are dead."""
    wanted, found = set(wanted), list[Line]()
    for line in reversed(lines):
        if line.target.partition("[")[0] in wanted:
            wanted |= line.reads
            found.append(line)
    return found[::-1]


def mean_column(code: str) -> str:
    """Return the mean over the examples, kept as a column."""
    return f"np.sum({code}, axis=1, keepdims=True) / m"


def unpacked(names: Sequence[str], source: str, indent: str = INDENT) -> str:
    """Return the line that takes a tuple apart, wrapped where it is long."""
    line = f"{indent}{', '.join(names)}{',' if len(names) == 1 else ''} = {source}"
    if len(line) <= WIDTH:
        return line
    return f"{indent}(\n{wrapped(names, indent + INDENT)},\n{indent}) = {source}"


def wrapped(names: Sequence[str], indent: str) -> str:
    """Return names in lines that are not too long."""
    return textwrap.fill(
        ", ".join(names), WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )


def packed(names: Sequence[str], indent: str = INDENT) -> str:
    """Return a tuple of names as an expression."""
    line = f"({', '.join(names)}{',' if len(names) == 1 else ''})"
    return line if len(line) < WIDTH - 24 else f"(\n{wrapped(names, indent + INDENT)},\n{indent})"
