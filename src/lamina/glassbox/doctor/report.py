"""What the doctor found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lamina.glassbox.doctor import solutions

RIGHT, WRONG, UNCHECKED, UNWRITTEN = "right", "wrong", "not checked", "not written yet"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    name : str
        For programs: "1/m-missing".
    sentence : str
        What is wrong.
    results : tuple of str
        Which results show it.
    equation : str
        The equation of the lecture, as it should be; empty where none is meant.
    place : str
        "line 12", or "cell 3, line 2"; empty where no line is known.
    line : int or None
        The number of the line, in its cell or file.
    cell : str
        The file or cell.
    code : str
        The text of the line.
    """

    name: str
    sentence: str
    results: tuple[str, ...] = ()
    equation: str = ""
    place: str = ""
    line: int | None = None
    cell: str = ""
    code: str = ""

    def told(self, hint: int | None) -> Iterator[str]:
        """Yield the lines for people: all of it, or the first rungs of the hints."""
        if hint is None:
            yield self.sentence
        elif self.results:
            yield f"Look at {' and '.join(self.results)}."
        else:
            yield "Something is wrong in this function."
        if self.equation and (hint is None or hint >= 2):
            expected = self.equation.startswith(("return", "cache"))
            yield f"{'Expected' if expected else 'The equation of the lecture'}: {self.equation}"
        if self.place and (hint is None or hint >= 3):
            yield f"{self.place[0].upper()}{self.place[1:]}{f': {self.code}' if self.code else ''}"


@dataclass(frozen=True)
class FunctionReport:
    """What was found in one function. It is true where the function is right.

    Attributes
    ----------
    function : str
    verdict : str
        "right", "wrong", "not checked" or "not written yet".
    findings : tuple of Finding
        What is wrong.
    blamed : tuple of str
        Functions that it calls and that are wrong: it goes wrong through them, and is right itself.
    notes : tuple of str
        What is worth a word, and no mistake.
    hint : int or None
        How far to tell: 1 where, 2 which equation, 3 which line; None: all.
    solution : str
        A solution, where one was asked for.
    """

    function: str
    verdict: str
    findings: tuple[Finding, ...] = ()
    blamed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hint: int | None = None
    solution: str = ""

    @property
    def passed(self) -> bool:
        """Whether it is right."""
        return self.verdict == RIGHT

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Yield the report for people."""
        yield f"{self.function}: {self.verdict}"
        if self.blamed:
            yield f"  It is right itself; it calls {_listed(self.blamed)}, which {_verb(self.blamed)} not right."
        for finding in self.findings:
            for number, line in enumerate(finding.told(self.hint)):
                yield f"  {line}" if number == 0 else f"    {line}"
        for note in self.notes:
            yield f"  Note: {note}"
        for line in self.solution.splitlines():
            yield f"    {line}"

    def as_dict(self) -> dict[str, Any]:
        """Return the report for programs."""
        return {
            "function": self.function,
            "verdict": self.verdict,
            "findings": [
                {
                    "name": one.name,
                    "sentence": one.sentence,
                    "results": list(one.results),
                    "equation": one.equation,
                    "cell": one.cell,
                    "line": one.line,
                    "code": one.code,
                }
                for one in self.findings
            ],
            "blamed": list(self.blamed),
            "notes": list(self.notes),
        }

    def told(self, hint: int | None = None, solution: bool = False) -> FunctionReport:
        """Return the report with hints only, or with a solution where something is wrong."""
        text = solution_of(self.function) if solution and not self.passed else ""
        return replace(self, hint=hint, solution=text)


@dataclass(frozen=True)
class Report:
    """What was found in a file. It is true where every function of the course in it is right.

    Attributes
    ----------
    file : str
    functions : tuple of FunctionReport
    notes : tuple of str
        What is worth a word about the file.
    """

    file: str
    functions: tuple[FunctionReport, ...]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all are right."""
        return all(one.passed for one in self.functions)

    def __bool__(self) -> bool:
        return self.passed

    def __getitem__(self, function: str) -> FunctionReport:
        return next(one for one in self.functions if one.function == function)

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Yield the report for people."""
        for note in self.notes:
            yield f"Note: {note}"
        for one in self.functions:
            yield from one.lines()
        yield self.summary

    @property
    def summary(self) -> str:
        """How many are right."""
        right = sum(one.passed for one in self.functions)
        return f"{right} of {len(self.functions)} functions right"

    def as_dict(self) -> dict[str, Any]:
        """Return the report for programs."""
        return {
            "file": self.file,
            "passed": self.passed,
            "functions": [one.as_dict() for one in self.functions],
            "notes": list(self.notes),
        }


def solution_of(function: str) -> str:
    """Return the source of a solution, without annotations."""
    import ast
    import inspect

    tree = ast.parse(inspect.getsource(getattr(solutions, function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(tree)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _verb(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
