"""The examples in the order in which their README names them."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "examples" / "README.md"


class OfTheReadme:
    """A key for sorting, as sphinx-gallery makes one for each folder."""

    def __init__(self, folder: str) -> None:
        self.names = re.findall(r"^\| \[(\w+\.py)\]", README.read_text(encoding="utf-8"), re.MULTILINE)

    def __call__(self, name: str) -> tuple[int, str]:
        return (self.names.index(name) if name in self.names else len(self.names), name)

    def __repr__(self) -> str:
        return "<OfTheReadme>"
