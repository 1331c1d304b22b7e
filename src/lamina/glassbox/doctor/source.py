"""The learner's code as cells: a Python file is one cell, a notebook has those that hold code."""

from __future__ import annotations

import ast
import json
import re
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lamina.errors import DataError

SKIPPED_CELLS = ("%%bash", "%%sh", "%%html", "%%javascript", "%%js", "%%latex", "%%markdown", "%%writefile", "%%script",
                 "%%perl", "%%ruby", "%%svg", "%%cython", "%%file", "%%system", "%%sx", "%%!")  # fmt: skip
LARGEST = 50_000_000  # bytes


@dataclass(frozen=True)
class Cell:
    """Code, and where it stands.

    Attributes
    ----------
    name : str
        The file, or "cell 3".
    code : str
    """

    name: str
    code: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.code)

    def line(self, number: int) -> str:
        """Return one line, without its indentation."""
        lines = self.code.splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


@dataclass(frozen=True)
class Source:
    """What a learner wrote.

    Attributes
    ----------
    name : str
        The file's name.
    folder : str
        Where it runs.
    cells : tuple of Cell
    unreadable : tuple of str
        Sentences about cells that are not Python.
    """

    name: str
    folder: str
    cells: tuple[Cell, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def is_notebook(self) -> bool:
        return self.name.endswith(".ipynb")

    def cell(self, name: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.name == name), None)

    def place(self, cell: str, line: int) -> str:
        """Return "line 12", or "cell 3, line 2" in a notebook."""
        return f"{cell}, line {line}" if self.is_notebook else f"line {line}"


def read(path: Path) -> Source:
    """Read a Python file or a notebook.

    Raises
    ------
    DataError
        It is neither, is damaged, or its code is not Python.
    FileNotFoundError
        There is no such file.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder: expected a Python file (.py) or a notebook (.ipynb)")
    if path.suffix not in (".py", ".ipynb"):
        raise DataError(f"{path} is neither a Python file (.py) nor a notebook (.ipynb)")
    if path.stat().st_size > LARGEST:
        raise DataError(f"{path} has {path.stat().st_size:,} bytes: expected at most {LARGEST:,}")
    folder = str(path.resolve().parent)
    if path.suffix == ".py":
        return _checked(path, folder, [Cell(path.name, _text(path))])
    return _checked(path, folder, [Cell(f"cell {k}", _plain(code)) for k, code in _code_cells(path)])


def _text(path: Path) -> str:
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (SyntaxError, UnicodeDecodeError, LookupError) as problem:
        raise DataError(f"{path} is not text in the encoding that it names, or UTF-8: {problem}") from problem


def _code_cells(path: Path) -> list[tuple[int, str]]:
    """Return number and code of every code cell; cells count from 1, text cells too."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        return [(k, _joined(cell)) for k, cell in enumerate(cells, start=1) if cell.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, UnicodeDecodeError) as problem:
        raise DataError(f"{path} is not a notebook: expected JSON with a list of cells ({problem})") from problem


def _joined(cell: dict[str, Any]) -> str:
    code = cell.get("source", cell.get("input", ""))
    return code if isinstance(code, str) else "".join(code)


def _plain(code: str) -> str:
    """Return the code without magics, line for line."""
    lines = code.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith(SKIPPED_CELLS):
        return "\n" * (len(lines) - 1)
    return "\n".join(_without_magic(line) for line in lines)


def _without_magic(line: str) -> str:
    text = line.lstrip()
    if re.match(r"%|!|\?", text) or re.fullmatch(r"[\w.]+\?{1,2}\s*", text):
        return line[: len(line) - len(text)] + "pass"
    return re.sub(r"^(\s*[\w, ]+=\s*)[%!].*", r"\1None", line)


def _checked(path: Path, folder: str, cells: list[Cell]) -> Source:
    """Leave out what is not Python; a file that is not is refused."""
    good, bad = [], []
    for cell in cells:
        try:
            ast.parse(cell.code)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            bad.append(_syntax(cell, problem))
        else:
            good.append(cell)
    if not good and bad:
        raise DataError(f"{path} is not Python: {bad[0]}")
    return Source(path.name, folder, tuple(good), tuple(bad))


def _syntax(cell: Cell, problem: Exception) -> str:
    if not isinstance(problem, SyntaxError):
        return f"{cell.name}: {problem or type(problem).__name__}"
    where = f"line {problem.lineno}" if cell.name.endswith(".py") else f"{cell.name}, line {problem.lineno}"
    text = (problem.text or cell.line(problem.lineno or 0)).strip()
    kind = "wrong indentation" if isinstance(problem, IndentationError) else problem.msg
    return f"{where}: {kind}: {text}" if text else f"{where}: {kind}"
