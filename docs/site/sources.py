"""The folder that Sphinx reads: pages as they stand in docs/, and those that are made from tables and docstrings.

A file is written only where it differs from what is there, so that a second build is quick.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import commands
import recorded_lab
import reference
import settings

import equations

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = Path(__file__).parent / "pages"
LINK = re.compile(r"(\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)]*)?\)")
EXAMPLE = re.compile(r"examples/(\w+)\.py")
FROM_README = re.compile(r"<!-- the code of the README, (.+) -->")
CODE = re.compile(r"^```python\n.*?^```", re.MULTILINE | re.DOTALL)
OWN = ("gallery", "files")  # folders that Sphinx or `elsewhere` fill


def lay_out(place: Path) -> None:
    """Write everything that the site is made of; remove what is left of an earlier time."""
    texts: dict[str, str] = {}
    for file in (*sorted(DOCS.glob("*.md")), *sorted(PAGES.glob("*.md"))):
        texts[file.name] = page(file, place)
    texts["changelog.md"] = page(ROOT / "CHANGELOG.md", place)
    texts["examples/GALLERY_HEADER.rst"] = GALLERY
    for made in PAGES_MADE:
        texts |= made()
    for name, text in texts.items():
        write(place / name, text.encode())
    for picture in (DOCS / "pictures").iterdir():
        write(place / "pictures" / picture.name, picture.read_bytes())
    for example in (ROOT / "examples").glob("*.py"):
        write(place / "examples" / example.name, example.read_bytes())
    recorded_lab.write(place.parent / "lab" / "recorded-lab.html")
    clean(place, set(texts))


def page(file: Path, place: Path) -> str:
    """Return a page with links that hold where it is laid: to pages, to the gallery, to copies of other files."""

    def moved(match: re.Match[str]) -> str:
        start, link, anchor = match.groups()
        target = (file.parent / link).resolve()
        return f"{start}{address(target, place)}{anchor or ''})" if target.exists() else match[0]

    text = FROM_README.sub(first_code, file.read_text(encoding="utf-8"))
    return LINK.sub(moved, text.replace(LAB_HERE, LAB))


def first_code(match: re.Match[str]) -> str:
    """Return the first block of code below a heading of the README, where a page asks for it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return CODE.search(text, text.index(f"\n## {match[1]}\n"))[0]


def address(target: Path, place: Path) -> str:
    """Return the address of a file of the repository within the site."""
    name = target.relative_to(ROOT).as_posix()
    if example := EXAMPLE.fullmatch(name):
        return f"gallery/{example[1]}.rst"
    if name.startswith("docs/site/pages/"):
        return target.name
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    if name in PLACES:
        return PLACES[name]
    if target.is_file():
        name += ".txt" if target.suffix == ".md" else ""  # to be looked at as it is, not a page
        write(place / "files" / name, target.read_bytes())
    return f"files/{name}"


def write(file: Path, content: bytes) -> None:
    """Write a file unless it holds this already."""
    if not file.is_file() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def clean(place: Path, wanted: set[str]) -> None:
    """Remove pages of an earlier time, so that Sphinx does not build them on."""
    for file in leftover(place, wanted):
        file.unlink()
    examples = {file.stem for file in (ROOT / "examples").glob("*.py")}
    for file in (place / "examples").glob("*.py"):
        if file.stem not in examples:
            file.unlink()
            shutil.rmtree(place / "gallery", ignore_errors=True)


def leftover(place: Path, wanted: set[str]) -> Iterator[Path]:
    """Yield the pages that nothing made this time."""
    for file in place.rglob("*"):
        name = file.relative_to(place).as_posix()
        if file.suffix in {".md", ".rst"} and name.partition("/")[0] not in OWN and name not in wanted:
            yield file


LAB_HERE = "<!-- on the site: the recorded lab -->"
LAB = """:::{tip}
Every line of this step with its matrices, to be touched: [the lecture's network, recorded](lecture.md).
:::"""

GALLERY = """Examples
========

Short scripts on data that ship in the package. Each takes a few seconds, prints what it finds, and can be had as a
script or notebook at its end. They use few rows and few epochs to be quick; remove ``max_iter`` for real work.
"""

# Files that are pages of another name here.
PLACES: Mapping[str, str] = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "src/lamina/equations/activations.py": "reference/equations.md",
    "examples/README.md": "gallery/index.rst",
}

# What makes pages: name within the site -> text.
PAGES_MADE: tuple[Callable[[], dict[str, str]], ...] = (
    reference.pages,
    settings.pages,
    commands.pages,
    equations.pages,
)
