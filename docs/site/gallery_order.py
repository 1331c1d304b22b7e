"""The examples in the order in which their README names them, and which of them are run."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

README = Path(__file__).parents[2] / "examples" / "README.md"


NOT_HERE = {"cluster"}  # it starts a cluster, and kills its processes


def runnable(folder: Path) -> list[str]:
    """Return the names of the examples whose imports are installed; the others are shown as they are."""
    return sorted(
        file.stem
        for file in folder.glob("*.py")
        if file.stem not in NOT_HERE and all(find_spec(name) for name in imported(file))
    )


def imported(example: Path) -> set[str]:
    """Return the packages that an example imports."""
    found = set()
    for node in ast.walk(ast.parse(example.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


class OfTheReadme:
    """A key for sorting, as sphinx-gallery makes one for each folder."""

    def __init__(self, folder: str) -> None:
        self.names = re.findall(r"^\| \[(\w+\.py)\]", README.read_text(encoding="utf-8"), re.MULTILINE)

    def __call__(self, name: str) -> tuple[int, str]:
        return (self.names.index(name) if name in self.names else len(self.names), name)

    def __repr__(self) -> str:
        return "<OfTheReadme>"
